#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random specs, compiled by gpfc and computed once more in numpy from docs/mathematics.md: values, inverses,
log-determinants, costs, penalties and gradients of flows and base flows must agree.

    differential.py [--runs N] [--seed N] [--first N]

A spec that does not agree is reduced to a simpler one that does not, and printed with what differs.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("needs numpy")
    sys.exit(77)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import duals  # noqa: E402
import kernels  # noqa: E402
import mathematics  # noqa: E402
import specs  # noqa: E402
import trainers  # noqa: E402

GPFC = os.path.abspath(os.environ.get("GPFC") or "gpfc")
ROWS = 21
# Relative to the largest number of an array. Of the cube's ends: erf^-1 makes errors larger; a difference
# quotient has half the digits.
TOLERANCE = {"double": 1e-9, "single": 2e-4}


# ---- weights and samples ----------------------------------------------------------------------------------

def random_weights(shapes, generator, real):
    """Of a size at which every part of a flow matters; as exact in the kernel's precision as here."""
    weights = {}
    for name, shape in shapes.items():
        size = 0.3 if name.endswith((".log_scale", ".shift", ".bias", ".edge")) else 0.7
        values = generator.normal(size=shape) * size / np.sqrt(shape[-1] if len(shape) == 2 else 1)
        weights[name] = values.astype(np.float64 if real == 8 else np.float32).astype(np.float64)
    return weights


def random_rows(generator, real, *shape):
    values = generator.normal(size=shape)
    return values.astype(np.float64 if real == 8 else np.float32).astype(np.float64)


# ---- comparing --------------------------------------------------------------------------------------------

class Comparison:
    def __init__(self, spec):
        self.tolerance, self.faults, self.worst = TOLERANCE[spec["precision"]], [], 0.0

    def compare(self, what, got, wanted, times=1.0):
        got, wanted = np.asarray(got, float), np.asarray(duals.plain(wanted), float)
        # Derivatives around leave axes of length 1.
        wanted = wanted.reshape(got.shape) if wanted.size == got.size else np.broadcast_to(wanted, got.shape)
        if not np.all(np.isfinite(wanted)):  # beyond the cube's faces: there is no density
            if np.any(np.isfinite(got[~np.isfinite(wanted)])):
                self.faults.append("%s: finite" % what)
            return
        size = max(1.0, np.max(np.abs(wanted)))
        gap = np.max(np.abs(got - wanted)) / size
        self.worst = max(self.worst, gap / times)
        if not gap <= times * self.tolerance:
            self.faults.append("%s: off by %.2g of %.3g" % (what, gap * size, size))


def compare_gradient(comparison, results, weights, value, generator, times=1.0):
    """Along a few directions: the sum of gradient times direction is the derivative of the value."""
    for trial in range(2):
        direction = {name: generator.normal(size=array.shape) for name, array in weights.items()}
        wanted = duals.along(value, weights, direction)[1]
        got = sum(np.sum(results["grad." + name] * direction[name]) for name in weights)
        size = sum(np.sum(np.abs(results["grad." + name] * direction[name])) for name in weights)
        comparison.compare("gradient", got / max(size, 1e-300), wanted / max(size, 1e-300), times)


# ---- the flow ---------------------------------------------------------------------------------------------

def compare_flow(spec, bundle, generator, comparison):
    weights = random_weights(bundle.shapes, generator, bundle.real)
    d, lam = spec["dimension"], 0.125
    x, y = (random_rows(generator, bundle.real, ROWS, d) for _ in range(2))
    flow = mathematics.Flow(spec, weights)
    looser = 1000.0 if spec["flow"]["field"] == "cube" else 1.0
    if not all(np.all(np.isfinite(positions)) for positions in flow.path(y)):
        return  # too few steps for these weights: numbers overflow, and their derivatives mean nothing

    s, by = duals.jacobian(flow.apply, y)
    got = bundle.run("jacobian", {**weights, "y": y})
    comparison.compare("s", got["s"], s, looser)
    comparison.compare("jacobian", got["jacobian"], np.moveaxis(np.broadcast_to(by, (d, ROWS, d)), 0, -1),
                       looser)
    comparison.compare("apply", bundle.run("apply", {**weights, "y": y})["s"], s, looser)
    comparison.compare("invert", bundle.run("invert", {**weights, "s": y})["y"], flow.invert(y), looser)

    shape = bundle.noise_shape("train")
    noise, given = None, None
    if shape:
        sizes, of_samples = shape
        given = random_rows(generator, bundle.real, *((ROWS,) + sizes if of_samples else sizes))
        noise = given if of_samples else np.broadcast_to(given, (ROWS,) + sizes)
    rough = looser * (1e5 if spec["penalty"].get("derivative") == "difference" else 1.0)
    inputs = {**weights, "x": x, "y": y, "lambda": lam, "noise": given}
    cost, energy, penalty = flow.measures(x, y, noise)
    compare_measures(spec, bundle, inputs, noise, (s, cost, energy, penalty), comparison, looser, rough)

    def trained(theta):
        cost, _, penalty = mathematics.Flow(spec, theta).measures(x, y, noise)
        return duals.total(cost + lam * penalty) * (1 / ROWS)

    got = bundle.run("train", inputs)
    comparison.compare("cost", got["cost"], np.mean(cost), looser)
    if shape:
        comparison.compare("penalty", got["penalty"], np.mean(penalty), rough)
    compare_gradient(comparison, got, weights, trained, generator, rough)


def compare_measures(spec, bundle, inputs, noise, wanted, comparison, looser, rough):
    shape = bundle.noise_shape("measure")
    got = bundle.run("measure", {**inputs, "noise": noise if shape and shape[1] else inputs["noise"]})
    s, cost, energy, penalty = wanted
    comparison.compare("measure s", got["s"], s, looser)
    comparison.compare("measure cost", got["cost"], cost, looser)
    comparison.compare("measure energy", got["energy"], energy, looser)
    if shape:
        comparison.compare("measure penalty", got["penalty"], penalty, rough)


# ---- the base flow ----------------------------------------------------------------------------------------

def compare_base(spec, bundle, generator, comparison):
    weights = random_weights(bundle.shapes, generator, bundle.real)
    d, lam, kind = spec["dimension"], 0.5, spec["base"]["kind"]
    x = random_rows(generator, bundle.real, ROWS, d)
    base = mathematics.BASES[kind](spec, weights)
    y, logdet = base.apply(x)[:2]
    got = bundle.run("apply", {**weights, "x": x})
    comparison.compare("base y", got["y"], y)
    comparison.compare("base logdet", got["logdet"], logdet)
    nll = -(mathematics.normal_density(y) + logdet)
    comparison.compare("base measure", bundle.run("measure", {**weights, "x": x})["cost"], nll)

    shape = bundle.noise_shape("train")
    noise = None
    if shape:
        noise = random_rows(generator, bundle.real, ROWS, *shape[0])
    vectors = noise
    if shape and spec["base"].get("noise") == "rademacher":
        vectors = np.where(noise < 0, -1.0, 1.0)

    def apply(flow):
        return {"ffjord": lambda: flow.apply(x, vectors), "cp_flow": lambda: flow.apply(x, arms=False),
                "bnaf": lambda: flow.apply(x)}[kind]()

    def trained(theta):
        flow = mathematics.BASES[kind](spec, theta)
        y, logdet, *penalty = apply(flow)
        value = -1.0 * (mathematics.normal_density(y) + logdet)
        for one in penalty:
            value = value + lam * one
        return duals.total(value) * (1 / ROWS)

    got = bundle.run("train", {**weights, "x": x, "lambda": lam, "noise": noise})
    compare_gradient(comparison, got, weights, trained, generator)


# ---- the trainer ------------------------------------------------------------------------------------------

def random_rotation(generator, d):
    q = np.linalg.qr(generator.normal(size=(d, d)))[0]
    q[0] *= np.linalg.det(q)
    return q


def base_map(spec, weights):
    """FFJORD's steps are adaptive in a trainer, as good as many of these."""
    fine = {**spec, "base": {**spec["base"], "integrator": "rk4", "steps": 40}}
    return mathematics.BASES[spec["base"]["kind"]](fine, weights)


class Data:
    """Rows of the test set: as they are given, standardised, and as f(x) with its log-determinant."""

    def __init__(self, spec, trainer, weights, doubles, generator):
        d, real = spec["dimension"], trainer.real
        if "base" in spec:
            scale, mean = np.exp(generator.normal(size=d)), generator.normal(size=d)
            self.given = generator.normal(size=(ROWS, d)) * scale + mean
            doubles.update({"data.scale": scale, "data.mean": mean})
            trainer.give(weights, doubles, x_train=self.given, x_test=self.given)
            self.x = (self.given - mean) / scale
            self.y, logdet = base_map(spec, weights).apply(self.x)[:2]
            self.y = np.reshape(self.y, (ROWS, d))
            self.nll = -(mathematics.normal_density(self.y) + logdet) + np.sum(np.log(scale))
        else:
            self.x, self.given = (generator.normal(size=(ROWS, d)).astype(real) for _ in range(2))
            self.y, self.nll = self.given.astype(float), None
            trainer.give(weights, doubles, x_train=self.x, y_train=self.given, x_test=self.x,
                         y_test=self.given)


def expected(flow, data, start):
    """What evaluate prints, and s."""
    shape = data.y.shape
    s, by = duals.jacobian(flow.apply, start)
    s, by = s.reshape(shape), np.moveaxis(by.reshape(shape[1:] + shape), 0, -1)
    delta = np.linalg.slogdet(by)[1] - 0.5 * (np.sum(s * s, 1) - np.sum(start * start, 1))
    off = s - s.mean(0)
    wanted = {"cost_before": np.mean(flow.cost(data.x, data.y)), "cost_after": np.mean(flow.cost(data.x, s)),
              "energy": np.mean(flow.measures(data.x, start)[1]),
              "density_error_mean": np.mean(np.abs(delta)), "density_error_max": np.max(np.abs(delta)),
              "mean_max": np.max(np.abs(s.mean(0))),
              "covariance_error_max": np.max(np.abs(off.T @ off / len(s) - np.eye(shape[1])))}
    if data.nll is not None:
        wanted.update(nll_before=np.mean(data.nll), nll_after=np.mean(data.nll) - np.mean(delta))
    return wanted, s


def compare_trainer(spec, folder, path, flow, base, generator, comparison):
    """Standardisation, base flow, rotation, flow: what evaluate and apply say of given weights."""
    trainer = trainers.Trainer(GPFC, folder, path, flow.real)
    weights = random_weights({**flow.shapes, **(base.shapes if base else {})}, generator, flow.real)
    rotation = random_rotation(generator, spec["dimension"])
    data = Data(spec, trainer, weights, {"flow.rotation": rotation}, generator)
    wanted, s = expected(mathematics.Flow(spec, weights), data, data.y @ rotation.T)
    looser = 1000.0 if spec["flow"]["field"] == "cube" else 10.0
    if base and spec["base"]["kind"] == "ffjord":
        looser *= 1e4
    got, part = trainer.evaluate(), "both" if base else "flow"
    for key, value in wanted.items():
        comparison.compare("evaluate " + key, np.nan if got[key] is None else got[key], value, looser)
    comparison.compare("apply", trainer.map("apply", part, data.given), s, looser)


# ---- one spec ---------------------------------------------------------------------------------------------

def compare(spec, seed):
    """What does not agree."""
    comparison = Comparison(spec)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flow.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(specs.text(spec))
        done = subprocess.run([GPFC, "--quiet", "--no-wisdom", "--emit=object", path, "-o",
                               os.path.join(folder, "flow.o")], capture_output=True, text=True)
        if done.returncode != 0:
            return ["gpfc: " + done.stderr.strip()], 0.0
        flow, base = kernels.load(os.path.join(folder, "flow.o"))
        generator = np.random.default_rng(seed)
        if spec["dimension"] > 1:
            compare_flow(spec, flow, generator, comparison)
        if base:
            compare_base(spec, base, generator, comparison)
        if spec["dimension"] > 1 and seed % 4 == 0:
            compare_trainer(spec, folder, path, flow, base, generator, comparison)
    return comparison.faults, comparison.worst


def reduced(spec, seed):
    for simpler in specs.smaller(spec):
        if compare(simpler, seed)[0]:
            return reduced(simpler, seed)
    return spec


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--runs", type=int, default=12, help="specs that are compared (12)")
    options.add_argument("--seed", type=int, default=1, help="of the specs (1)")
    options.add_argument("--first", type=int, default=0, help="number of the first spec (0)")
    given = options.parse_args()
    if os.environ.get("GPFC_SANITIZE_FLAGS"):
        print("kernels are the same in a build with sanitizers")
        return 77
    np.seterr(all="ignore")  # numbers may overflow; what does is looked at
    faulty, worst = 0, {"single": 0.0, "double": 0.0}
    for run in range(given.first, given.first + given.runs):
        spec = specs.random_spec(random.Random("%d %d" % (given.seed, run)))
        faults, gap = compare(spec, run)
        worst[spec["precision"]] = max(worst[spec["precision"]], gap)
        if not faults:
            continue
        faulty += 1
        print("run %d of seed %d: %s" % (run, given.seed, "; ".join(faults)))
        simple = reduced(spec, run)
        print("  reduced to %s\n  %s" % (specs.text(simple), "; ".join(compare(simple, run)[0])))
    print("%d specs, %d of which do not agree; the largest differences: %.1e in double, %.1e in single "
          "precision" % (given.runs, faulty, worst["double"], worst["single"]))
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
