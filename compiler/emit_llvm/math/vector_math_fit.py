#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the tables of numbers in ir/function_tables.h, and prints them as they stand there.

    vector_math_fit.py              all tables (minutes: fifty digits, no hurry)
    vector_math_fit.py erf_float    tables whose names hold one of the words
    vector_math_fit.py --check ...  says which tables differ from those that stand there

Each table is a minimax fit by Remez' algorithm in the error that counts, the relative error of the function
that is built from it: a fit f of a part g enters the result with a factor w, and |w (f - g)| is what is
levelled. Coefficients are listed from the constant term up, rounded one by one to the type they are used in.
What a table approximates, on which interval, stands at its function below, how it is used in vector_math_*.c.
Rationals are scaled so that the constant term of the denominator is 1, unless a scale is given.
"""
import os
import re
import struct
import sys

import mpmath as mp

mp.mp.dps = 50
ONE = mp.mpf(1)
LOG2 = mp.log(2)


# ---- Remez ------------------------------------------------------------------------------------------------

def horner(coefficients, x):
    return mp.polyval(coefficients[::-1], x)


def levelled(f, w, points, n, m, denominator):
    """The P/Q of degrees n/m whose error is (-1)^i e/w at the given n+m+2 points; Q enters the condition of
    equal errors through its last estimate, until it stays the same."""
    size = n + m + 2
    last = None
    for _ in range(60):
        matrix, right = mp.matrix(size, size), mp.matrix(size, 1)
        for i, x in enumerate(points):
            value = f(x)
            for j in range(n + 1):
                matrix[i, j] = x**j
            for j in range(1, m + 1):
                matrix[i, n + j] = -value * x**j
            matrix[i, size - 1] = -(-1) ** i * horner(denominator, x) / w(x)
            right[i] = value
        solution = mp.lu_solve(matrix, right)
        denominator = [ONE] + [solution[n + j] for j in range(1, m + 1)]
        error = solution[size - 1]
        if last is not None and abs(error - last) <= abs(error) * mp.mpf(10) ** -10 or m == 0:
            break
        last = error
    return [solution[j] for j in range(n + 1)], denominator


def sharpen(error, low, high, best):
    """The place of the greatest |error| between a grid point's neighbours: a parabola's vertex, twice."""
    for _ in range(2):
        if not low < best < high:
            return best
        slope = lambda x: (error(x) - error(best)) / (x - best)
        left, right = slope(low), slope(high)
        curvature = (right - left) / (high - low)
        if curvature == 0:
            return best
        vertex = best - (right - curvature * (high - best)) / (2 * curvature)
        if not low < vertex < high or abs(error(vertex)) <= abs(error(best)):
            return best
        low, best, high = (best, vertex, high) if vertex > best else (low, vertex, best)
    return best


def extrema(error, a, b, count, points):
    """`count` places where the error is extreme, with alternating signs."""
    angles = [mp.pi * (2 * i + 1) / (80 * count) for i in range(40 * count)]
    dense = [(a + b) / 2 - (b - a) / 2 * mp.cos(angle) for angle in angles]
    grid = sorted(set(list(points) + dense + [a, b]))
    runs = []
    for i, x in enumerate(grid):
        value = error(x)
        if not runs or (value > 0) != runs[-1][0]:
            runs.append([value > 0, i, abs(value)])
        elif abs(value) > runs[-1][2]:
            runs[-1][1:] = [i, abs(value)]
    last = len(grid) - 1
    places = [sharpen(error, grid[max(i - 1, 0)], grid[min(i + 1, last)], grid[i]) for _, i, _ in runs]
    while len(places) > count:
        sizes = [abs(error(x)) for x in places]
        pairs = [max(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)]
        weakest = pairs.index(min(pairs))
        if len(places) == count + 1 or min(sizes[0], sizes[-1]) < pairs[weakest]:
            places.pop(0 if sizes[0] < sizes[-1] else -1)
        else:
            del places[weakest:weakest + 2]
    return places


def remez(f, w, a, b, n, m=0, points=None):
    """Numerator, denominator, the greatest |w (P/Q - f)| on [a, b], and where it is. Starts from `points`."""
    a, b, count = mp.mpf(a), mp.mpf(b), n + m + 2
    known = {}

    def value(x):
        if x not in known:
            known[x] = f(x)
        return known[x]

    points = points or [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * i / (count - 1)) for i in range(count)]
    q = [ONE] + [mp.mpf(0)] * m
    for _ in range(40):
        p, q = levelled(value, w, points, n, m, q)

        def error(x, p=p, q=q):
            return (horner(p, x) / horner(q, x) - value(x)) * w(x)

        points = extrema(error, a, b, count, points)
        if len(points) < count:
            raise ValueError("the error does not alternate")
        sizes = [abs(error(x)) for x in points]
        if max(sizes) < min(sizes) * mp.mpf("1.001"):
            break
    return p, q, max(sizes), points


def stretched(points, count):
    """`count` points spread as the given ones are: where a fit of higher degree may start."""
    places = [mp.mpf(i) * (len(points) - 1) / (count - 1) for i in range(count)]
    lower = [min(int(place), len(points) - 2) for place in places]
    return [points[k] + (points[k + 1] - points[k]) * (place - k) for place, k in zip(places, lower)]


# ---- what is fitted ---------------------------------------------------------------------------------------

def fit_exp(degree):
    """e^r = 1 + r + r^2 f(r), |r| <= log(2)/2, in the relative error of e^r - 1."""
    half = LOG2 / 2 * mp.mpf("1.0001")
    return remez(lambda r: (mp.expm1(r) - r) / r**2 if abs(r) > mp.mpf("1e-12") else ONE / 2 + r / 6,
                 lambda r: abs(r**2 / mp.expm1(r)) if r else mp.mpf(0), -half, half * mp.mpf("1.002"), degree)


def fit_log(degree):
    """log(1+f) = f - f^2/2 + f^3 g(f), 1+f from sqrt(1/2) to sqrt(2)."""
    def g(f):
        return (mp.log1p(f) - f + f**2 / 2) / f**3 if abs(f) > mp.mpf("1e-9") else ONE / 3 - f / 4

    return remez(g, lambda f: f**3 / mp.log1p(f) if f else mp.mpf(0),
                 mp.sqrt(ONE / 2) - 1, mp.sqrt(2) - 1, degree)


def fit_atanh(largest, degree):
    """2 atanh(s) = 2 s + s z f(z), z = s^2, s from 0 to `largest`."""
    top = mp.mpf(largest) ** 2 * mp.mpf("1.0001")
    return remez(lambda z: 2 * (mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
                 lambda z: z * mp.sqrt(z) / (2 * mp.atanh(mp.sqrt(z))), top / 1000, top, degree)


def fit_sin(degree):
    """sin(r) = r + r z f(z), z = r^2, |r| <= 1.5715: pi/2 and a little, since the multiple of pi is found by
    rounding; and this little, not another, makes cos(0) come out as 1."""
    return remez(lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
                 lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)), mp.mpf("1e-3"), mp.mpf("1.5715") ** 2, degree)


def fit_erf(largest, degree):
    """erf(x) = 1 - exp(-x (1 + f(x))), 0 <= x <= largest: f = -log(erfc(x))/x - 1. The 1 stands apart because
    the constant term, 2/sqrt(pi) with it, would lose half an ulp by being rounded."""
    return remez(lambda x: -mp.log(mp.erfc(x)) / x - 1 if x else 2 / mp.sqrt(mp.pi) - 1,
                 lambda x: x * mp.erfc(x) / mp.erf(x) if x else mp.sqrt(mp.pi) / 2, 0, largest, degree)


def erfinv_part(w):
    """erfinv(x)/x where w = -log(1 - x^2), by Newton on log erfc, which keeps its digits next to 1."""
    if w <= mp.mpf("1e-40"):
        return mp.sqrt(mp.pi) / 2
    x = mp.sqrt(-mp.expm1(-w))
    target = -w - mp.log1p(x)
    y = mp.sqrt(w) if w > 2 else x * mp.sqrt(mp.pi) / 2
    for _ in range(100):
        tail = mp.erfc(y)
        step = (mp.log(tail) - target) / (-2 / mp.sqrt(mp.pi) * mp.exp(-y * y) / tail)
        y -= step
        if abs(step) < mp.mpf(10) ** -45 * y:
            break
    return mp.re(y / x)


def fit_erfinv(largest, degrees):
    """erfinv(x) = x P(w)/Q(w), w = -log(1 - x^2) from 0 to `largest`: 2^-p (2 - 2^-p) is the least 1 - x^2
    > 0 with p = 24 or 53 bits. One rational serves the whole interval, with positive coefficients, so nothing
    cancels. The last of the degrees (of P and Q alike) counts; the others lead there, since the fit does not
    start from afar."""
    known, points = {}, None

    def f(w):
        if w not in known:
            known[w] = erfinv_part(w)
        return known[w]

    for degree in degrees:
        points = points and stretched(points, 2 * degree + 2)
        p, q, error, points = remez(f, lambda w: 1 / f(w), 0, largest, degree, degree, points)
    return p, q, error


def fit_tanh(clamp, scale):
    """tanh(x) = 2 u/(1 + u^2), u = tanh(x/2) = x P(z)/Q(z), z = x^2, 0 <= x <= clamp. A relative error e of u
    changes tanh by e/cosh(x) + e^2/2; the weight allows the e that makes this 1e-8. The scale (P and Q times
    it: no value changes) is one of those in steps of 0.01 whose roundings suit: no result above 1, 1 at the
    clamp."""
    clamp, allowed, count = mp.mpf(clamp), mp.mpf("1e-8"), 7

    def f(z):
        x = mp.sqrt(z)
        return mp.tanh(x / 2) / x if x else ONE / 2

    def w(z):
        c = 1 / mp.cosh(mp.sqrt(z))
        return allowed / (mp.sqrt(c * c + 2 * allowed) - c) / f(z)

    points = [(clamp * (1 - mp.cos(mp.pi * i / (2 * (count - 1))))) ** 2 for i in range(count)]
    p, q, error, _ = remez(f, w, 0, clamp**2, 2, 3, points)
    return [c * scale for c in p], [c * scale for c in q], error


def parts(value, bits, count, last):
    """value as a sum of `count` numbers of `bits` bits and a last one of `last` bits."""
    out, rest = [], value
    for i in range(count + 1):
        width = bits if i < count else last
        unit = mp.mpf(2) ** (mp.floor(mp.log(abs(rest), 2)) - width + 1)
        out.append(mp.nint(rest / unit) * unit)
        rest -= out[-1]
    return out


# name of the table -> how to make it; the ending says which type it is rounded to
TABLES = {
    "exp_float": lambda: fit_exp(4)[0],
    "exp_double": lambda: fit_exp(9)[0],
    "log_float": lambda: fit_log(7)[0],
    "log_double": lambda: fit_atanh((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1), 6)[0],
    "softplus_float": lambda: fit_atanh(ONE / 3, 4)[0],
    "softplus_double": lambda: fit_atanh(ONE / 3, 9)[0],
    "sin_float": lambda: fit_sin(3)[0],
    "sin_double": lambda: fit_sin(7)[0],
    "erf_float": lambda: fit_erf(4, 8)[0],
    "erf_double": lambda: fit_erf(6, 24)[0],
    "erfinv_numerator_float": lambda: fit_erfinv(16, [5])[0],
    "erfinv_denominator_float": lambda: fit_erfinv(16, [5])[1],
    "erfinv_numerator_double": lambda: fit_erfinv("36.1", [10, 12, 14])[0],
    "erfinv_denominator_double": lambda: fit_erfinv("36.1", [10, 12, 14])[1],
    "tanh_numerator_float": lambda: fit_tanh("9.02", mp.mpf("1.86"))[0],
    "tanh_denominator_float": lambda: fit_tanh("9.02", mp.mpf("1.86"))[1],
    # Cody and Waite: x - k c is exact where the first parts of c have so few bits that k times them is; or by
    # fma
    "log2_split_float": lambda: parts(LOG2, 10, 1, 24),
    "log2_split_double": lambda: parts(LOG2, 33, 1, 53),
    "half_pi_fused_float": lambda: parts(mp.pi / 2, 24, 2, 24),
    "half_pi_fused_double": lambda: parts(mp.pi / 2, 53, 2, 53),
    "half_pi_split_float": lambda: parts(mp.pi / 2, 10, 4, 24),
    "half_pi_split_double": lambda: parts(mp.pi / 2, 31, 3, 53),
}


# ---- printing ---------------------------------------------------------------------------------------------

def spell(value, name):
    if name.endswith("_float"):
        return "%.9g" % struct.unpack("f", struct.pack("f", float(value)))[0]
    return "%.17g" % float(value)


def table_text(name):
    numbers = [spell(value, name) for value in TABLES[name]()]
    lines = [", ".join(numbers[i:i + 4]) for i in range(0, len(numbers), 4)]
    return "static const double %s[] = {\n    %s,\n};" % (name, ",\n    ".join(lines))


def sources():
    """The header without its blanks: how lines are broken does not count."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "..", "ir", "function_tables.h")) as header:
        return "".join(header.read().split())


def main(words):
    check = "--check" in words
    words = [word for word in words if word != "--check"]
    text, differs = sources() if check else "", 0
    for name in TABLES:
        if words and not any(word in name for word in words):
            continue
        table = table_text(name)
        if not check:
            print(table + "\n", flush=True)
        elif "".join(table.split()) not in text:
            differs += 1
            print("%s differs:\n%s\n" % (name, table), flush=True)
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
