#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A training step of a flow in JAX on one thread, for gpfc-bench to time beside its own.

    bench/gpfc-bench --peer 'jax=python3 bench/peer_jax.py --d {d} --hidden {hidden} --steps {steps}
        --batch {batch} --field {field} --penalty {penalty} --mode {mode} --precision {precision}
        --seconds {seconds} --numbers {numbers}'

What a framework gives to somebody who knows what gpfc knows: the folded potential, the layers' values and
their d tangents in one matrix product, samples in chunks that fit the caches, each time step computed again
in the backward pass. Chunks of 64 to 256 samples are alike, without chunks or with everything kept it is
slower.

--numbers is an array that gpfc-bench writes: weights, then x and y, then the noise of a penalty. The cost and
the length of its gradient there go into the JSON line that is printed, where gpfc-bench compares them with
its own.
"""
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--d", type=int, required=True)
parser.add_argument("--hidden", required=True)
parser.add_argument("--steps", type=int, default=15)
parser.add_argument("--batch", type=int, default=1024)
parser.add_argument("--chunk", type=int, default=128)
parser.add_argument("--field", choices=("cube", "gaussian"), required=True)
parser.add_argument("--penalty", choices=("none", "exact"), default="none")
parser.add_argument("--mode", choices=("train", "apply"), default="train")
parser.add_argument("--precision", choices=("single", "double"), default="single")
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--numbers")
o = parser.parse_args()
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
os.environ.update(OMP_NUM_THREADS="1", JAX_PLATFORMS="cpu", JAX_ENABLE_X64=str(int(o.precision == "double")))
import json
import time

import jax
import jax.numpy as jnp
import numpy as np

real = np.float64 if o.precision == "double" else np.float32
d, dt = o.d, 1 / o.steps
widths = [d + 1] + [int(h) for h in o.hidden.split(",")] + [d * (d - 1) // 2]
shapes = [shape for i, n in zip(widths, widths[1:]) for shape in ((n, i), (n,))]
epsilon = float(np.finfo(real).eps)
above, below = np.triu_indices(d, 1)


def arrays(theta):
    """Weight and bias of each layer, one after another in theta."""
    out = []
    for shape in shapes:
        size = int(np.prod(shape))
        out.append(theta[:size].reshape(shape))
        theta = theta[size:]
    return out


def antisymmetric(rows):
    """rows[p] of the p-th pair i < j -> [d,d,...]"""
    square = jnp.zeros((d, d) + rows.shape[1:], rows.dtype)
    return square.at[above, below].set(rows).at[below, above].set(-rows)


def prepared(theta):
    *hidden, weight, bias = arrays(theta)
    # [d, H * d]: one product sums over units and directions
    return hidden, antisymmetric(weight).swapaxes(1, 2).reshape(d, -1), antisymmetric(bias)


def velocity(flow, x, t):
    """[d, samples], as docs/mathematics.md has it."""
    hidden, W, b = flow
    first = hidden[0][:, :d]
    h = jnp.tanh(first @ x + (hidden[1] + t * hidden[0][:, d])[:, None])
    T = first[:, :, None] * (1 - h * h)[:, None]
    for weight, bias in zip(hidden[2::2], hidden[3::2]):
        both = weight @ jnp.concatenate((h[:, None], T), 1).reshape(h.shape[0], -1)
        both = both.reshape(weight.shape[0], 1 + d, -1)
        h = jnp.tanh(both[:, 0] + bias[:, None])
        T = both[:, 1:] * (1 - h * h)[:, None]
    if o.field == "gaussian":
        return W @ (T - x * h[:, None]).reshape(-1, x.shape[1]) - b @ x
    p = x * x - (1 - epsilon)
    return p * (W @ (p * T + 2 * x * h[:, None]).reshape(-1, x.shape[1]) + 2 * b @ x)


def step(flow, x, t):
    k1 = velocity(flow, x, t)
    k2 = velocity(flow, x + dt / 2 * k1, t + dt / 2)
    k3 = velocity(flow, x + dt / 2 * k2, t + dt / 2)
    k4 = velocity(flow, x + dt * k3, t + dt)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def euler(flow, x, t, noise):
    """Of each sample; noise [2, d, samples]."""

    def acceleration(x):
        along = (velocity(flow, x, t), jnp.ones_like(t))
        return jax.jvp(lambda x, t: velocity(flow, x, t), (x, t), along)[1]

    push = jax.linearize(acceleration, x)[1]
    return ((noise[0] * push(noise[1])).sum(0) - (noise[1] * push(noise[0])).sum(0)) ** 2


def transported(theta, y, noise):
    """y [samples, d] -> s(y), and the penalty of each sample; noise [steps, 2, d, samples] or None."""
    flow = prepared(theta)
    x = jax.scipy.special.erf(y.T / 2**0.5) if o.field == "cube" else y.T

    @jax.checkpoint
    def advance(state, now):
        x, penalty = state
        if noise is not None:
            penalty = penalty + euler(flow, x, now[0], now[1])
        return (step(flow, x, now[0]), penalty), None

    times = jnp.asarray(np.arange(o.steps) * dt, real)
    (x, penalty), _ = jax.lax.scan(advance, (x, jnp.zeros(y.shape[0], real)), (times, noise))
    if o.field == "cube":
        x = 2**0.5 * jax.scipy.special.erfinv(jnp.clip(x, -1 + epsilon, 1 - epsilon))
    return x.T, penalty


def cost(theta, x, y, noise, weight):
    s, penalty = transported(theta, y, noise)
    costs = ((x - s) ** 2).sum(1)
    return (costs + weight * penalty).mean(), costs.mean()


def gradient(theta, x, y, noise, weight):
    """Chunk by chunk: means over all samples."""
    n = max(1, x.shape[0] // o.chunk)
    rows = [q.reshape(n, -1, d) for q in (x, y)]
    noise = None if noise is None else noise.reshape(o.steps, 2, d, n, -1).transpose(3, 0, 1, 2, 4)

    def add(sums, chunk):
        (_, value), slope = jax.value_and_grad(cost, has_aux=True)(theta, *chunk, weight)
        return (sums[0] + value / n, sums[1] + slope / n), None

    return jax.lax.scan(add, (jnp.zeros((), real), jnp.zeros_like(theta)), (*rows, noise))[0]


@jax.jit
def train(state, x, y):
    theta, m, v, k, key = state
    key, own = jax.random.split(key)
    noise = None if o.penalty == "none" else jax.random.normal(own, (o.steps, 2, d, x.shape[0]), real)
    slope = gradient(theta, x, y, noise, 5e-5)[1]
    m, v, k = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope * slope, k + 1
    change = m / (1 - 0.9**k) / (jnp.sqrt(v / (1 - 0.999**k)) + 1e-8)
    return theta - 5e-4 * change, m, v, k, key


@jax.jit
def apply(theta, y):
    chunks = y.reshape(-1, min(o.chunk, y.shape[0]), d)
    return jax.lax.map(lambda rows: transported(theta, rows, None)[0], chunks)


def check(path):
    numbers = np.load(path).ravel()
    n_theta = sum(int(np.prod(shape)) for shape in shapes)
    each = 2 * d + (2 * d * o.steps if o.penalty == "exact" else 0)
    n = (numbers.size - n_theta) // each
    theta, x, y, noise = np.split(numbers.astype(real), np.cumsum([n_theta, n * d, n * d]))
    noise = noise.reshape(n, o.steps, 2, d).transpose(1, 2, 3, 0) if o.penalty == "exact" else None
    value, slope = gradient(jnp.asarray(theta), x.reshape(n, d), y.reshape(n, d), noise, 0.1)
    return {"cost": float(value), "gradient": float(np.linalg.norm(np.asarray(slope, np.float64)))}


def main():
    said = check(o.numbers) if o.numbers and o.mode == "train" else {}
    draw = np.random.default_rng(0)
    theta = jnp.asarray(np.concatenate([(0.1 * draw.normal(size=shape)).ravel() for shape in shapes]), real)
    y = jnp.asarray(draw.normal(size=(o.batch, d)), real)
    x = y + jnp.asarray(0.3 * draw.normal(size=(o.batch, d)), real)
    state = (theta, jnp.zeros_like(theta), jnp.zeros_like(theta), jnp.zeros((), real), jax.random.PRNGKey(0))
    seconds, end = [], None
    while end is None or len(seconds) < 5 or time.monotonic() < end:
        begin = time.process_time()
        if o.mode == "train":
            state = jax.block_until_ready(train(state, x, y))
        else:
            apply(theta, y).block_until_ready()
        seconds.append(time.process_time() - begin)
        if end is None:  # the first compiled it
            seconds, end = [], time.monotonic() + o.seconds
    print(json.dumps({"peer": f"jax {jax.__version__}", "least_s": min(seconds), "steps_timed": len(seconds),
                      **said}))


main()
