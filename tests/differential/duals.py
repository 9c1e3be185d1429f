# SPDX-License-Identifier: MIT
"""Forward derivatives of numpy code, of any order and exact: a Dual is a value with its tangents.

Arrays have their samples on the last axis but the one of coordinates: [..., n, d]. jacobian() puts the
direction of its derivative on a new first axis. Derivatives may be taken of code that takes derivatives; each
has a level of its own, and a Dual of a lower level is a constant to it.
"""
import math

import numpy as np

_levels = [0]  # the level of the newest derivative
_axes = [0]    # first axes that are in use by derivatives around


class Dual:
    __array_ufunc__ = None  # numpy leaves operators to these

    def __init__(self, level, value, tangent):
        self.level, self.value, self.tangent = level, value, tangent

    def __add__(self, other):
        return _apply(add, self, other)

    def __mul__(self, other):
        return _apply(multiply, self, other)

    def __getitem__(self, index):
        return Dual(self.level, self.value[index], self.tangent[index])

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -other if isinstance(other, Dual) else self + -np.asarray(other)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * reciprocal(other)

    def __rtruediv__(self, other):
        return reciprocal(self) * other

    __radd__, __rmul__ = __add__, __mul__


def _level(x):
    return x.level if isinstance(x, Dual) else 0


def _parts(x, level):
    return (x.value, x.tangent) if _level(x) == level else (x, None)


def _apply(rule, a, b):
    """rule gives value and tangent of a bilinear operation or a sum."""
    level = max(_level(a), _level(b))
    (a, da), (b, db) = _parts(a, level), _parts(b, level)
    return Dual(level, *rule(a, da, b, db))


def _sum(a, b):
    return b if a is None else a if b is None else a + b


def add(a, da, b, db):
    return a + b, _sum(da, db)


def multiply(a, da, b, db):
    return a * b, _sum(None if da is None else da * b, None if db is None else a * db)


# ---- functions of one number ------------------------------------------------------------------------------

def _function(value, slope):
    """A function of numbers, from itself and its derivative, which is written with functions of this file."""
    def of(x):
        if not isinstance(x, Dual):
            return value(np.asarray(x))
        return Dual(x.level, of(x.value), slope(x.value) * x.tangent)
    return of


_erf = np.vectorize(math.erf, otypes=[float])
_erfc = np.vectorize(math.erfc, otypes=[float])


def _erfinv(y):
    """Newton's method on erfc, which keeps its digits near 1."""
    rest = 1 - np.abs(y)
    x = np.sqrt(np.maximum(-np.log(np.maximum(rest * (2 - rest), 1e-300)), 0)) * 0.9
    for _ in range(60):
        error = _erfc(x) - rest
        x = x + error * (math.sqrt(math.pi) / 2) * np.exp(np.minimum(x * x, 300)) / (
            1 - x * error * (math.sqrt(math.pi) / 2) * np.exp(np.minimum(x * x, 300)))
    return np.copysign(x, y)


exp = _function(np.exp, lambda x: exp(x))
log = _function(np.log, lambda x: reciprocal(x))
reciprocal = _function(lambda x: 1.0 / x, lambda x: -(reciprocal(x) * reciprocal(x)))
sqrt = _function(np.sqrt, lambda x: 0.5 * reciprocal(sqrt(x)))
tanh = _function(np.tanh, lambda x: 1.0 - tanh(x) * tanh(x))
sin = _function(np.sin, lambda x: cos(x))
cos = _function(np.cos, lambda x: -sin(x))
sigmoid = _function(lambda x: np.exp(-np.logaddexp(0, -x)), lambda x: sigmoid(x) * (1.0 - sigmoid(x)))
softplus = _function(lambda x: np.logaddexp(0, x), lambda x: sigmoid(x))
erf = _function(_erf, lambda x: 2 / math.sqrt(math.pi) * exp(-(x * x)))
erfinv = _function(_erfinv, lambda y: math.sqrt(math.pi) / 2 * exp(erfinv(y) * erfinv(y)))


def silu(x):
    return x * sigmoid(x)


def clip(x, low, high):
    """0 is the derivative outside."""
    if not isinstance(x, Dual):
        return np.clip(x, low, high)
    inside = (plain(x) >= low) & (plain(x) <= high)
    return Dual(x.level, clip(x.value, low, high), x.tangent * (inside * 1.0))


# ---- arrays -----------------------------------------------------------------------------------------------

def plain(x):
    """The number itself."""
    while isinstance(x, Dual):
        x = x.value
    return x


def layer(matrix, x):
    """matrix [out, in], x [..., in] -> [..., out]; either may be a Dual."""
    def product(a, b):
        return layer(a, b)

    level = max(_level(matrix), _level(x))
    if level == 0:
        return np.asarray(x) @ np.asarray(matrix).T
    (m, dm), (v, dv) = _parts(matrix, level), _parts(x, level)
    return Dual(level, product(m, v),
                _sum(None if dm is None else product(dm, v), None if dv is None else product(m, dv)))


def _linear(operation):
    """Of an operation that acts on trailing axes, however many come before."""
    def of(x, *arguments):
        if not isinstance(x, Dual):
            return operation(np.asarray(x), *arguments)
        return Dual(x.level, of(x.value, *arguments), of(x.tangent, *arguments))
    return of


column = _linear(lambda x, i: x[..., i])          # [..., n, d] -> [..., n]
total = _linear(lambda x: x.sum(-1))              # [..., n, d] -> [..., n]
last = _linear(lambda x: x[..., None])            # [..., n] -> [..., n, 1]
square = _linear(lambda x, d: x.reshape(x.shape[:-1] + (d, d)))
columns = _linear(lambda x, chosen: x[..., chosen])


def stack(parts):
    """Numbers [..., n], as many as coordinates -> [..., n, d]."""
    level = max(_level(part) for part in parts)
    if level == 0:
        return np.stack(np.broadcast_arrays(*parts), -1)
    values = stack([_parts(part, level)[0] for part in parts])
    tangents = [_parts(part, level)[1] for part in parts]
    zero = next(t for t in tangents if t is not None) * 0.0
    return Dual(level, values, stack([zero if t is None else t for t in tangents]))


# ---- derivatives ------------------------------------------------------------------------------------------

def along(f, x, direction):
    """f(x) and its derivative along a direction of the shape of x; x may be a dictionary of arrays."""
    _levels[0] += 1
    level = _levels[0]
    if isinstance(x, dict):
        seeded = {key: Dual(level, x[key], direction[key]) for key in x}
    else:
        seeded = Dual(level, x, direction)
    y = f(seeded)
    _levels[0] -= 1
    return _taken(y, level)


def jacobian(f, x):
    """f(x) [..., n, m], and [d, ..., n, m]: its derivatives by the coordinates of x [..., n, d]."""
    d = plain(x).shape[-1]
    _levels[0] += 1
    level = _levels[0]
    seed = np.eye(d).reshape((d,) + (1,) * _axes[0] + (1, d))
    _axes[0] += 1
    y = f(Dual(level, x, seed))
    _axes[0] -= 1
    _levels[0] -= 1
    value, tangent = _taken(y, level)
    return value, tangent if tangent is not None else np.zeros((d,) + plain(value).shape)


def _taken(y, level):
    if isinstance(y, tuple):
        pairs = [_taken(one, level) for one in y]
        return tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
    return (y.value, y.tangent) if _level(y) == level else (y, None)
