#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How close a flow comes to the best map on rows it has not seen, by dimension, rows and settings.

    python3 bench/generalise.py [--case D,ROWS ...] [--set NAME ...] [--train '{rate: 3.0e-3}' ...]
        [--flow 'hidden: [50, 50, 50]'] [--file PAIRS.npz,TRUTH.npz] [--seeds 3] [--json]

Each case has pairs whose best map is known: z ~ N(0, I), x = grad psi(z) with a convex psi, so that z is the
best partner of x, and y = R(z), where R keeps N(0, I). --file takes such pairs from files instead
(x_train, y_train, x_test, y_test, and z_test). For each set of settings, named or given, the table holds
means over the seeds: the cost of the test rows above the optimum's, in percent, of the weights that the
trainer keeps; the training rows' cost at the end, likewise below 0 where pairs are learnt by heart; the step
of the best weights, of all steps; the processor's seconds of one thread.

GPFC in the environment names the compiler, else it is looked for in PATH. Needs numpy.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as missing:
    print(f"{missing.name} is missing: skipped")
    sys.exit(77)

SETS = {  # of train:, and of other sections after a bar
    "defaults": "{}",
}
TEST_ROWS = 4000
STRENGTHS = {2: 1.0, 5: 0.35, 8: 0.3, 10: 0.25}  # of the twists: near the limit of what a flow can undo


def gradient_of_planes(rng, d):
    """grad psi of psi(z) = |z|^2/8 + log(sum_j exp(2 (p_j.z - c_j)))/2, a smooth maximum of 4 d planes."""
    planes = rng.standard_normal((4 * d, d))
    planes *= 2.5 * np.sqrt(d / 2) / np.linalg.norm(planes, axis=1, keepdims=True)
    planes *= rng.uniform(0.5, 1, (4 * d, 1))
    shifts = 0.3 * rng.standard_normal(4 * d)

    def gradient(z):
        heights = 2 * (z @ planes.T - shifts)
        shares = np.exp(heights - heights.max(1, keepdims=True))
        return z / 4 + shares / shares.sum(1, keepdims=True) @ planes

    return gradient


def twisting(rng, d, strength):
    """A rotation, then turns of planes by angles that do not change along the circles of the turn."""
    axes, _ = np.linalg.qr(rng.standard_normal((d, d)))
    axes[:, 0] *= np.sign(np.linalg.det(axes))
    twists = [(*rng.choice(d, 2, replace=False), strength * rng.standard_normal(),
               0.6 * strength * rng.standard_normal(d), rng.uniform(0, 6)) for _ in range(2 * d)]

    def twist(z):
        y = z @ axes.T
        for i, j, height, along, phase in twists:
            others = along.copy()
            others[[i, j]] = 0
            angle = height * np.exp(-(y[:, i] ** 2 + y[:, j] ** 2) / 4)
            angle += strength * np.sin(y @ others + phase)
            c, s = np.cos(angle), np.sin(angle)
            y[:, i], y[:, j] = c * y[:, i] - s * y[:, j], s * y[:, i] + c * y[:, j]
        return y

    return twist


def cost_of(x, z):
    return float(np.mean(np.sum((x - z) ** 2, axis=1)))


def write_pairs(path, d, rows):
    """The optimum of the test rows."""
    rng = np.random.default_rng(d)
    gradient, twist = gradient_of_planes(rng, d), twisting(rng, d, STRENGTHS.get(d, 0.25))
    z = rng.standard_normal((rows + TEST_ROWS, d))
    x, y = gradient(z), twist(z)
    x -= x.mean(0)
    parts = {"x_train": x[:rows], "y_train": y[:rows], "x_test": x[rows:], "y_test": y[rows:]}
    np.savez(path, **{name: part.astype(np.float32) for name, part in parts.items()})
    return cost_of(x[rows:], z[rows:])


def optimum_of(pairs, truth):
    with np.load(pairs) as given, np.load(truth) as best:
        return cost_of(given["x_test"], best["z_test"]), given["x_train"].shape


def compiled(folder, settings, d, flow):
    train, _, rest = settings.partition("|")
    trainer = folder / f"trainer{len(list(folder.iterdir()))}"
    spec = trainer.with_suffix(".yaml")
    lines = [f"name: flow\ndimension: {d}\ndata: {{pairs: none.npz}}", f"flow: {{{flow}}}", f"train: {train}"]
    spec.write_text("\n".join(lines + rest.split("|")) + "\n")
    subprocess.run([os.environ.get("GPFC", "gpfc"), "-q", spec, "-o", trainer], check=True)
    return trainer


def run(trainer, pairs, seed, optimum):
    out = trainer.parent / f"{trainer.name}-{seed}"
    words = [trainer, "train", "--out", out, "--seed", str(seed), "--threads", "1", "--json", "--quiet"]
    words += ["--data", pairs]
    result = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    above = lambda cost: 100 * (cost / optimum - 1)
    return {"test": above(result["evaluation"]["cost_after"]), "train": above(lines[-1]["train_cost"]),
            "last": above(lines[-1]["cost"]), "best_step": result["best_step"], "steps": lines[-1]["step"],
            "seconds": lines[-1]["cpu_seconds"]}


def row(case, settings, runs):
    mean = {key: round(float(np.mean([one[key] for one in runs])), 2) for key in runs[0]}
    return {"case": case, "set": settings, **mean,
            "spread": round(float(np.ptp([one["test"] for one in runs])), 2)}


def options_of(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", metavar="D,ROWS", action="append", default=[])
    parser.add_argument("--file", metavar="PAIRS,TRUTH", action="append", default=[])
    parser.add_argument("--set", choices=SETS, action="append", dest="sets")
    parser.add_argument("--train", metavar="SETTINGS", action="append", dest="sets")
    parser.add_argument("--flow", default="hidden: [50, 50, 50], steps: auto")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)


def cases_of(options, folder):
    """Name, file, dimension and optimum of each."""
    for case in options.case:
        d, rows = map(int, case.split(","))
        pairs = folder / f"pairs-{d}-{rows}.npz"
        yield f"d = {d}, {rows} rows", pairs, d, write_pairs(pairs, d, rows)
    for case in options.file:
        pairs, truth = map(os.path.abspath, case.split(","))
        optimum, (rows, d) = optimum_of(pairs, truth)
        yield f"{os.path.basename(pairs)}, d = {d}, {rows} rows", pairs, d, optimum


def main():
    options = options_of(sys.argv[1:])
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for case, pairs, d, optimum in cases_of(options, folder):
            for name in options.sets or SETS:
                trainer = compiled(folder, SETS.get(name, name), d, options.flow)
                runs = [run(trainer, pairs, seed, optimum) for seed in range(1, options.seeds + 1)]
                found = row(case, name, runs)
                print(json.dumps(found) if options.json else found, flush=True)


if __name__ == "__main__":
    main()
