# SPDX-License-Identifier: MIT
"""docs/mathematics.md in numpy, and nothing else: what gpfc's kernels are compared with. Arrays of samples
are [n, d]; weights are a dictionary by the names of docs/trainer.md.
"""
import math

import numpy as np

import duals as D

ACTIVATIONS = {"tanh": D.tanh, "softplus": D.softplus, "sin": D.sin, "silu": D.silu}
EPSILON = {"double": np.finfo(np.float64).eps, "single": float(np.finfo(np.float32).eps)}


# ---- the flow s -------------------------------------------------------------------------------------------

class Flow:
    def __init__(self, spec, weights):
        flow = spec["flow"]
        self.d, self.weights = spec["dimension"], weights
        self.field, self.potential = flow["field"], flow["potential"]
        self.activation = ACTIVATIONS[flow["activation"]]
        self.layers = len(flow["hidden"]) + 1
        self.integrator, self.steps = flow["integrator"], flow["steps"]
        self.epsilon = EPSILON[spec["precision"]]
        self.cost_kind, self.smoothing = spec["cost"]["kind"], spec["cost"].get("smoothing", 1e-3)
        self.derivative = spec["penalty"].get("derivative", "exact")

    def outputs(self, x, t):
        """The network at x and time t, which is a number for all samples, or [n]."""
        h = D.stack([D.column(x, i) for i in range(self.d)] + [t + 0.0 * D.column(x, 0)])
        for k in range(self.layers):
            h = D.layer(self.weights["flow.layer%d.weight" % k], h) + self.weights["flow.layer%d.bias" % k]
            if k < self.layers - 1:
                h = self.activation(h)
        return h

    def potentials(self, x, t):
        """U_ij, antisymmetric: a function of (i, j) that gives [n]."""
        out, d = self.outputs(x, t), self.d
        if self.potential == "folded":
            pairs = [(i, j) for i in range(d) for j in range(i + 1, d)]
            upper = {pair: D.column(out, k) for k, pair in enumerate(pairs)}
            return D.stack([upper[i, j] if i < j else -upper[j, i] if i > j else 0.0 * D.column(out, 0)
                            for i in range(d) for j in range(d)])
        block = {(i, n): D.column(out, i * (d - 1) + n) for i in range(d) for n in range(d - 1)}
        def entry(i, j):
            sum_of = 0.0 * D.column(out, 0)
            for n in range(min(i, j, d - 2) + 1):
                sum_of = sum_of + (block[i, n] - block[j, n])
            return sum_of
        return D.stack([entry(i, j) for i in range(d) for j in range(d)])

    def velocity(self, x, t):
        d = self.d
        u, by = D.jacobian(lambda at: self.potentials(at, t), x)
        coordinate = [D.column(x, i) for i in range(d)]
        value = lambda i, j: D.column(u, i * d + j)
        slope = lambda i, j: D.column(by[j], i * d + j)  # of U_ij by x_j
        if self.field == "gaussian":
            return D.stack([sum((slope(i, j) - coordinate[j] * value(i, j) for j in range(d)), 0.0)
                            for i in range(d)])
        p = [c * c - (1 - self.epsilon) for c in coordinate]
        return D.stack([p[i] * sum((2.0 * coordinate[j] * value(i, j) + p[j] * slope(i, j)
                                    for j in range(d)), 0.0) for i in range(d)])

    def step(self, x, t, dt):
        v = self.velocity
        if self.integrator == "euler":
            return x + dt * v(x, t)
        if self.integrator == "midpoint":
            return x + dt * v(x + dt / 2 * v(x, t), t + dt / 2)
        k1 = v(x, t)
        k2 = v(x + dt / 2 * k1, t + dt / 2)
        k3 = v(x + dt / 2 * k2, t + dt / 2)
        k4 = v(x + dt * k3, t + dt)
        return x + dt / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    def begin(self, y):
        return D.erf(y * math.sqrt(0.5)) if self.field == "cube" else y

    def end(self, x):
        if self.field != "cube":
            return x
        return math.sqrt(2) * D.erfinv(D.clip(x, self.epsilon - 1, 1 - self.epsilon))

    def path(self, y):
        """Positions at the starts of the time steps, and at the end."""
        dt, t, x = 1 / self.steps, 0.0, self.begin(y)
        positions = [x]
        for _ in range(self.steps):
            x = self.step(x, t, dt)
            t += dt
            positions.append(x)
        return positions

    def apply(self, y):
        return self.end(self.path(y)[-1])

    def invert(self, s):
        dt, t, x = 1 / self.steps, 1.0, self.begin(s)
        for _ in range(self.steps):
            x = self.step(x, t, -dt)
            t -= dt
        return self.end(x)

    # ---- what is trained on -------------------------------------------------------------------------------

    def cost(self, x, s):
        e = x - s
        if self.cost_kind == "squared":
            return D.total(e * e)
        return D.total(D.sqrt(e * e + self.smoothing ** 2) - self.smoothing)

    def acceleration(self, x, t):
        v = self.velocity(x, t)
        if self.derivative == "difference":
            delta = 2 * math.sqrt(self.epsilon)
            return (self.velocity(x + delta * v, t + delta) - v) / delta
        in_time = D.along(lambda at: self.velocity(x, at), t * np.ones(1), np.ones(1))[1]
        return D.along(lambda at: self.velocity(at, t), x, v)[1] + in_time

    def measures(self, x, y, noise=None):
        """Cost, energy and penalty of each sample; noise [n, K, 2, d]."""
        positions, dt, t = self.path(y), 1 / self.steps, 0.0
        energy, penalty = 0.0, 0.0
        for k in range(self.steps):
            v = self.velocity(positions[k], t)
            energy = energy + dt / 2 * D.total(v * v)
            if noise is not None:
                penalty = penalty + self.skewness(positions[k], t, noise[:, k, 0], noise[:, k, 1])
            t += dt
        return self.cost(x, self.end(positions[-1])), energy, penalty

    def skewness(self, x, t, y, z):
        """(y^T (grad a) z - z^T (grad a) y)^2, from derivatives of a along z and y."""
        along_z = D.along(lambda at: self.acceleration(at, t), x, z)[1]
        along_y = D.along(lambda at: self.acceleration(at, t), x, y)[1]
        difference = D.total(y * along_z) - D.total(z * along_y)
        return difference * difference


# ---- base flows -------------------------------------------------------------------------------------------

def block_of(i, width, d):
    return i * d // width


def arms_of(weights, name, x, d):
    """What goes on outside the data: r(u)/2 above less r(u)/2 below."""
    both = D.stack([-1.0 * D.column(x, i) for i in range(d)] + [D.column(x, i) for i in range(d)])
    u = 2.0 * D.exp(weights[name + ".log_scale"]) * (both - weights[name + ".edge"])
    r = D.clip(u, 0, 1e30)
    r = 0.5 * (r * r) / (1.0 + r)
    return D.stack([D.column(r, d + i) - D.column(r, i) for i in range(d)])


class Bnaf:
    def __init__(self, spec, weights):
        base = spec["base"]
        self.d, self.weights = spec["dimension"], weights
        self.layers, self.blocks = len(base["hidden"]) + 1, base["blocks"]
        self.tail = base["tail"]
        self.slope = max(1e-3, 10 ** (-12 / len(base["hidden"]))) if base["hidden"] else 1e-3

    def matrix(self, name):
        v, scale, d = self.weights[name + ".weight"], self.weights[name + ".log_scale"], self.d
        out, into = D.plain(v).shape
        of_row = np.array([block_of(i, out, d) for i in range(out)])
        of_column = np.array([block_of(j, into, d) for j in range(into)])
        same, below = of_row[:, None] == of_column[None], of_row[:, None] > of_column[None]
        u = D.exp(v) * (same * 1.0) + v * (below * 1.0)
        return u * D.last(D.exp(scale) / D.sqrt(D.total(u * u)))

    def network(self, x, f):
        """A block without its gate."""
        h = x
        for k in range(self.layers):
            name = "base.block%d.layer%d" % (f, k)
            h = D.layer(self.matrix(name), h) + self.weights[name + ".bias"]
            if k < self.layers - 1:
                h = D.tanh(h) + self.slope * h if self.tail == "linear" else D.tanh(h)
        if self.tail == "linear" and f == self.blocks - 1:
            h = h + arms_of(self.weights, "base.block%d.tail" % f, x, self.d)
        return h

    def apply(self, x):
        """y and log |det dy/dx|."""
        logdet = 0.0
        for f in range(self.blocks):
            y, by = D.jacobian(lambda at, f=f: self.network(at, f), x)
            diagonal = D.stack([D.column(by[i], i) for i in range(self.d)])
            if f < self.blocks - 1:
                gate = D.sigmoid(self.weights["base.block%d.gate" % f])
                y, diagonal = gate * y + (1.0 - gate) * x, gate * diagonal + (1.0 - gate)
                y = D.columns(y, np.arange(self.d)[::-1])
            logdet = logdet + D.total(D.log(diagonal))
            x = y
        return x, logdet


class Ffjord:
    def __init__(self, spec, weights):
        base = spec["base"]
        self.d, self.weights = spec["dimension"], weights
        self.layers, self.flows = len(base["hidden"]) + 1, base["blocks"]
        self.activation = ACTIVATIONS[base["activation"]]
        self.integrator, self.steps = base["integrator"], base["steps"]
        self.kinetic, self.jacobian = base["kinetic"], base["jacobian"]

    def velocity(self, x, t, c):
        h = x
        for k in range(self.layers):
            of = lambda what: self.weights["base.cnf%d.layer%d.%s" % (c, k, what)]
            gate = D.sigmoid(of("gate_weight") * t + of("gate_bias"))
            h = (D.layer(of("weight"), h) + of("bias")) * gate + of("time_weight") * t
            if k < self.layers - 1:
                h = self.activation(h)
        return h

    def rates(self, state, t, c, noise):
        """Of x, of its log-determinant, and of the penalty. noise [n, d], or None: exactly."""
        x = state[0]
        if noise is None:
            v, by = D.jacobian(lambda at: self.velocity(at, t, c), x)
            divergence = sum((D.column(by[i], i) for i in range(self.d)), 0.0)
            squares = sum((D.total(by[i] * by[i]) for i in range(self.d)), 0.0)
        else:
            v, tangent = D.along(lambda at: self.velocity(at, t, c), x, noise)
            divergence, squares = D.total(noise * tangent), D.total(tangent * tangent)
        return v, divergence, self.kinetic * D.total(v * v) + self.jacobian * squares

    def step(self, state, t, dt, rates):
        def moved(by, rate):
            return tuple(a + by * b for a, b in zip(state, rate))
        if self.integrator == "euler":
            return moved(dt, rates(state, t))
        if self.integrator == "midpoint":
            return moved(dt, rates(moved(dt / 2, rates(state, t)), t + dt / 2))
        k1 = rates(state, t)
        k2 = rates(moved(dt / 2, k1), t + dt / 2)
        k3 = rates(moved(dt / 2, k2), t + dt / 2)
        k4 = rates(moved(dt, k3), t + dt)
        return moved(dt / 6, [a + 2.0 * b + 2.0 * c + e for a, b, c, e in zip(k1, k2, k3, k4)])

    def apply(self, x, noise=None):
        """noise [n, flows, d]. y, the log-determinant, and the penalty."""
        state = (x, 0.0 * D.column(x, 0), 0.0 * D.column(x, 0))
        for c in range(self.flows):
            of_flow = None if noise is None else noise[:, c]
            t = 0.0
            for _ in range(self.steps):
                state = self.step(state, t, 1 / self.steps, lambda s, at: self.rates(s, at, c, of_flow))
                t += 1 / self.steps
        return state


class CpFlow:
    def __init__(self, spec, weights):
        base = spec["base"]
        self.d, self.weights = spec["dimension"], weights
        self.levels, self.blocks, self.width = len(base["hidden"]), base["blocks"], base["hidden"][0]
        self.tail = base["tail"]

    def actnorm(self, name):
        return D.exp(self.weights[name + ".log_scale"]) + 0.001, self.weights[name + ".shift"]

    @staticmethod
    def convex(p):
        """G(p) = p Phi(p) + phi(p) - phi(0)"""
        phi = D.exp(-0.5 * (p * p)) / math.sqrt(2 * math.pi)
        return p * (0.5 + 0.5 * D.erf(p * math.sqrt(0.5))) + phi - 1 / math.sqrt(2 * math.pi)

    def potential(self, x, c):
        of = lambda what: self.weights["base.convex%d.%s" % (c, what)]
        n = self.width
        q = D.layer(of("z0.weight"), x) + of("z0.bias")
        z = self.convex(q) - 0.5 * q
        for k in range(1, self.levels):
            scale, shift = self.actnorm("base.convex%d.norm%d" % (c, k - 1))
            p = (D.layer(D.softplus(of("z%d.weight" % k)), z) + of("z%d.bias" % k)) / n
            p = (p + D.layer(of("x%d.weight" % (k - 1)), x) + of("x%d.bias" % (k - 1)) + shift) * scale
            q = D.layer(of("a%d.weight" % (k - 1)), x) + of("a%d.bias" % (k - 1))
            convex, even = self.convex(p), self.convex(q) - 0.5 * q
            z = D.stack([D.column(convex, i) for i in range(n // 2)] +
                        [D.column(even, i) for i in range(n - n // 2)])
        scale, shift = self.actnorm("base.convex%d.norm%d" % (c, self.levels - 1))
        u = D.layer(D.softplus(of("z%d.weight" % self.levels)), z) / n
        u = (u + D.layer(of("x%d.weight" % (self.levels - 1)), x) + shift) * scale
        return D.softplus(of("amount")) * u + 0.5 * D.softplus(of("quadratic")) * D.last(D.total(x * x))

    def gradient(self, x, c):
        by = D.jacobian(lambda at: self.potential(at, c), x)[1]
        return D.stack([D.column(by[i], 0) for i in range(self.d)])

    def block(self, x, c, arms):
        y = self.gradient(x, c)
        return y + arms_of(self.weights, "base.convex%d.tail" % c, x, self.d) if arms else y

    def apply(self, x, arms=True):
        """The training's map has no arms."""
        logdet, arms = 0.0, arms and self.tail == "linear"
        for c in range(self.blocks):
            x, logdet = self.normed(x, logdet, c)
            x, by = D.jacobian(lambda at: self.block(at, c, arms), x)
            logdet = logdet + log_determinant([[D.column(by[j], i) for j in range(self.d)]
                                               for i in range(self.d)])
        return self.normed(x, logdet, self.blocks) if self.blocks > 1 else (x, logdet)

    def normed(self, x, logdet, m):
        scale, shift = self.actnorm("base.norm%d" % m)
        return (x + shift) * scale, logdet + D.total(D.log(scale))


def log_determinant(rows):
    """Of a positive definite matrix, its entries [n] in lists, by elimination."""
    rows, sum_of = [list(row) for row in rows], 0.0
    for k in range(len(rows)):
        sum_of = sum_of + D.log(rows[k][k])
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            for j in range(k + 1, len(rows)):
                rows[i][j] = rows[i][j] - factor * rows[k][j]
    return sum_of


BASES = {"bnaf": Bnaf, "ffjord": Ffjord, "cp_flow": CpFlow}


def normal_density(y):
    """log of the density of N(0, I)."""
    return -0.5 * D.total(y * y) - 0.5 * D.plain(y).shape[-1] * math.log(2 * math.pi)
