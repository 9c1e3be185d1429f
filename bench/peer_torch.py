#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A training step of a flow in PyTorch on one thread, for gpfc-bench to time beside its own.

    bench/gpfc-bench --peer 'torch=python3 bench/peer_torch.py --d {d} --hidden {hidden} --steps {steps}
        --batch {batch} --field {field} --penalty {penalty} --mode {mode} --precision {precision}
        --seconds {seconds} --numbers {numbers}'

The way that published code goes about it: d - 1 blocks of d potentials, of all of which the Jacobian is
formed layer by layer, masks in place of what does not count, automatic differentiation through all stages.
The penalty is not there.

The weights are those of the folded potential, from which the blocks' are made at the beginning of a step; so
the same numbers (--numbers, from gpfc-bench) give the same cost and gradient, which are printed and compared
there.
"""
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
import argparse
import json
import sys
import time

import numpy as np
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--d", type=int, required=True)
parser.add_argument("--hidden", required=True)
parser.add_argument("--steps", type=int, default=15)
parser.add_argument("--batch", type=int, default=1024)
parser.add_argument("--field", choices=("cube", "gaussian"), required=True)
parser.add_argument("--penalty", choices=("none", "exact"), default="none")
parser.add_argument("--mode", choices=("train", "apply"), default="train")
parser.add_argument("--precision", choices=("single", "double"), default="single")
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--numbers")
o = parser.parse_args()
if o.penalty != "none":
    sys.exit("no penalty here")
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64 if o.precision == "double" else torch.float32)

d, dt, n_blocks = o.d, 1 / o.steps, o.d - 1
widths = [d + 1] + [int(h) for h in o.hidden.split(",")] + [d * (d - 1) // 2]
shapes = [shape for i, n in zip(widths, widths[1:]) for shape in ((n, i), (n,))]
epsilon = torch.finfo(torch.get_default_dtype()).eps
counts = torch.tril(torch.ones(d, n_blocks))  # [i, n]: component i counts in the blocks n <= i


def lift():
    """[d * blocks, pairs]: blocks u with sum over n <= min(i,j) of (u_i^n - u_j^n) = U_ij, and u_n^n = 0."""
    u = np.zeros((d, n_blocks, d * (d - 1) // 2))
    pair = {ij: p for p, ij in enumerate(zip(*np.triu_indices(d, 1)))}
    for n in range(n_blocks):
        for j in range(n + 1, d):
            u[j, n] = (u[n, :n] - u[j, :n]).sum(0)
            u[j, n, pair[n, j]] -= 1
    return torch.tensor(u.reshape(d * n_blocks, -1)).to(torch.get_default_dtype())


lifting = lift()


def layers_of(theta):
    layers, at = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        layers.append(theta[at : at + size].reshape(shape))
        at += size
    return layers[:-2] + [lifting @ layers[-2], lifting @ layers[-1]]


def network(layers, q):
    """Outputs [samples, d, blocks], and their derivatives by x [samples, d, blocks, d]."""
    J = None
    for k in range(0, len(layers) - 2, 2):
        q = torch.tanh(q @ layers[k].T + layers[k + 1])
        own = (1 - q * q)[:, :, None] * layers[k]
        J = own[:, :, :d] if J is None else own @ J
    u = (q @ layers[-2].T + layers[-1]).reshape(-1, d, n_blocks)
    return u, (layers[-2] @ J).reshape(-1, d, n_blocks, d)


def velocity(layers, x, t):
    u, J = network(layers, torch.cat([x, x.new_full((x.shape[0], 1), t)], 1))
    J = J * counts[:, :, None] * counts.T  # both components of a pair are in the block
    both = counts[:, None] * counts
    U = ((u[:, :, None] - u[:, None]) * both).sum(-1)
    p = x * x - (1 - epsilon) if o.field == "cube" else torch.ones_like(x)
    own = torch.einsum("bjnj->bjn", J) * p[:, :, None]
    divergence = (J.sum(2) @ p[:, :, None])[:, :, 0] - (own.sum(1, keepdim=True) * counts).sum(-1)
    turned = (U @ x[:, :, None])[:, :, 0]
    return p * (2 * turned + divergence) if o.field == "cube" else divergence - turned


def transported(theta, y):
    layers = layers_of(theta)
    x = torch.erf(y / 2**0.5) if o.field == "cube" else y
    for k in range(o.steps):
        t = k * dt
        k1 = velocity(layers, x, t)
        k2 = velocity(layers, x + dt / 2 * k1, t + dt / 2)
        k3 = velocity(layers, x + dt / 2 * k2, t + dt / 2)
        k4 = velocity(layers, x + dt * k3, t + dt)
        x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return 2**0.5 * torch.erfinv(x.clamp(-1 + epsilon, 1 - epsilon)) if o.field == "cube" else x


def cost(theta, x, y):
    return ((x - transported(theta, y)) ** 2).sum(1).mean()


def check(path):
    numbers = torch.tensor(np.load(path).ravel()).to(torch.get_default_dtype())
    n_theta = sum(int(np.prod(shape)) for shape in shapes)
    n = (len(numbers) - n_theta) // (2 * d)
    theta, x, y = numbers.split([n_theta, n * d, n * d])
    theta.requires_grad_()
    value = cost(theta, x.reshape(n, d), y.reshape(n, d))
    (slope,) = torch.autograd.grad(value, theta)
    return {"cost": value.item(), "gradient": slope.norm().item()}


def main():
    said = check(o.numbers) if o.numbers and o.mode == "train" else {}
    torch.manual_seed(0)
    theta = torch.nn.Parameter(0.1 * torch.randn(sum(int(np.prod(shape)) for shape in shapes)))
    y = torch.randn(o.batch, d)
    x = y + 0.3 * torch.randn(o.batch, d)
    adam = torch.optim.Adam([theta], lr=5e-4)

    def train():
        adam.zero_grad()
        cost(theta, x, y).backward()
        adam.step()

    def apply():
        with torch.no_grad():
            transported(theta, y)

    seconds, end = [], None
    while end is None or len(seconds) < 3 or time.monotonic() < end:
        begin = time.process_time()
        train() if o.mode == "train" else apply()
        seconds.append(time.process_time() - begin)
        if end is None:
            seconds, end = [], time.monotonic() + o.seconds
    print(json.dumps({"peer": f"torch {torch.__version__}", "least_s": min(seconds),
                      "steps_timed": len(seconds), **said}))


main()
