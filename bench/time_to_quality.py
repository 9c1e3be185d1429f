#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How soon a flow reaches a given cost of the test set: training steps and seconds, by seed and settings.

    python3 bench/time_to_quality.py PAIRS.npz --target 2.82 [--target 2.795 ...] [--set NAME ...]
        [--train '{rate: 3.0e-3}' ...] [--flow 'steps: 15'] [--seeds 3] [--samples 400000] [--every 10]
        [--json]

PAIRS.npz holds x_train, y_train, x_test, y_test; `--make-pairs FILE.npz --dimension D` writes some whose best
cost is known. Each set of settings, named or given, is compiled (not timed) and trained on as many samples as
--samples says, in whole epochs; the test set is measured every so many steps of 256 samples (larger batches:
as many samples). Seconds are the processor's, of one thread, from the process's start, with the reading of
pairs, first model and all measures, to the measure that is at most the target.

    python3 bench/time_to_quality.py --base SPEC.yaml --target 2.85 [--train '{optimizer: adam, epochs: 15}'
        ...]

does the same for the negative log-likelihood of the test set under a spec's base flow, measured every epoch;
each set of settings takes the place of those in the spec's base:.

GPFC in the environment names the compiler, else it is looked for in PATH. Needs numpy.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as missing:
    print(f"{missing.name} is missing: skipped")
    sys.exit(77)

SETS = {  # of train:, beside epochs and evaluate_steps
    "defaults": "{}",
    "wide": "{init_hidden: 1}",
    "adam": "{optimizer: adam, batch: 1024, rate: 5.0e-3}",
    "adam-small": "{optimizer: adam, batch: 256, rate: 1.0e-2}",
    "published": "{optimizer: adam, batch: 1000, rate: 1.0e-2, schedule: constant, weight_decay: 1.0e-4, "
    "weight_decay_kind: gradient, init_hidden: 1.0e-3, init_last: 1.0e-3}",
    "published-d10": "{optimizer: adam, batch: 1024, rate: 5.0e-4, schedule: constant, weight_decay: 1.0e-4, "
    "weight_decay_kind: gradient, init_hidden: 1.0e-3, init_last: 1.0e-3}",
}
DEFAULT_BATCH = 256


def turned_pairs(d, samples=25000):
    """Pairs whose best map is known: x = grad phi(w), phi convex and w normal, so that w is the best partner
    of x; y = g^-1(w), where g turns planes by angles that keep the normal distribution."""
    rng = np.random.default_rng(5)
    w = rng.standard_normal((samples, d))
    axes, _ = np.linalg.qr(rng.standard_normal((d, d)))
    x = w @ (axes @ np.diag(np.linspace(0.3, 0.8, d)) @ axes.T)
    ridges = rng.standard_normal((6, d))
    ridges /= np.linalg.norm(ridges, axis=1)[:, None]
    for ridge, shift, height in zip(ridges, 0.5 * rng.standard_normal(6), (1.6, 1.4, 1.2, 1, 0.9, 0.8)):
        x += height * np.tanh(3 * (w @ ridge + shift))[:, None] * ridge
    y = w.copy()
    for _ in range(3):
        basis, _ = np.linalg.qr(rng.standard_normal((d, d)))
        z = y @ basis
        for i in range(0, d - 1, 2):
            others = [k for k in range(d) if k not in (i, i + 1)]
            radius = z[:, i] ** 2 + z[:, i + 1] ** 2
            turn = 0.9 * np.tanh(radius / 2 - 1) + 0.3
            turn += 0.5 * np.sin(z[:, others] @ (0.4 * rng.standard_normal(d - 2)))
            c, s = np.cos(turn), np.sin(turn)
            z[:, i], z[:, i + 1] = c * z[:, i] - s * z[:, i + 1], s * z[:, i] + c * z[:, i + 1]
        y = z @ basis.T
    return w, x, y


def write_pairs(path, d):
    w, x, y = turned_pairs(d)
    cut = 20000
    parts = {"x_train": x[:cut], "y_train": y[:cut], "x_test": x[cut:], "y_test": y[cut:]}
    np.savez(path, **{name: part.astype(np.float32) for name, part in parts.items()})
    cost = [np.mean(np.sum((x[cut:] - other[cut:]) ** 2, axis=1)) for other in (y, w)]
    print(f"{path}: test cost {cost[0]:.3f} before, {cost[1]:.3f} at best")


def compiled(folder, name, options, d):
    settings = SETS.get(name, name)
    batch = re.search(r"batch: *(\d+)", settings)
    every = max(1, options.every * DEFAULT_BATCH // (int(batch[1]) if batch else DEFAULT_BATCH))
    train = settings[:-1] + (", " if len(settings) > 2 else "") + f"evaluate_steps: {every}}}"
    trainer = folder / f"trainer{len(list(folder.iterdir()))}"
    spec = trainer.with_suffix(".yaml")
    flow = f"flow: {{{options.flow}}}\n" if options.flow else ""
    spec.write_text(f"name: flow\ndimension: {d}\ndata: {{pairs: none.npz}}\n{flow}train: {train}\n")
    subprocess.run([os.environ.get("GPFC", "gpfc"), "-q", spec, "-o", trainer], check=True)
    return trainer


def compiled_base(folder, name, options):
    settings = "{}" if name == "defaults" else name
    given = dict(re.findall(r"(\w+): *([^,}]+)", settings))
    text = pathlib.Path(options.base).read_text()
    block = re.search(r"^base:.*\n(?:[ #].*\n|\n)*", text, re.M)[0]
    kept = [line for line in block.splitlines() if line.split(":")[0].strip() not in given]
    kept[1:1] = [f"  {key}: {value}" for key, value in given.items()]
    trainer = folder / f"trainer{len(list(folder.iterdir()))}"
    spec = trainer.with_suffix(".yaml")
    spec.write_text(text.replace(block, "\n".join(kept) + "\n"))
    subprocess.run([os.environ.get("GPFC", "gpfc"), "-q", spec, "-o", trainer], check=True)
    return trainer


def run(trainer, options, seed, rows):
    """Step, cost (of a base flow: its likelihood) and the processor's seconds so far, of each measure."""
    out = trainer.parent / f"{trainer.name}-{seed}"
    words = [trainer, "train", "--out", out, "--seed", str(seed), "--threads", "1", "--quiet"]
    epochs = max(1, round(options.samples / rows)) if rows else 1
    words += ["--epochs", str(epochs)] + (["--data", os.path.abspath(options.pairs)] if rows else [])
    subprocess.run(words, check=True)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    stage, key = ("flow", "cost") if rows else ("base", "nll")
    return [(line["step"], line[key], line["cpu_seconds"]) for line in lines if line["stage"] == stage]


def reached(lines, target):
    return next(((step, seconds) for step, cost, seconds in lines if cost <= target), None)


def row(name, runs, target):
    hits = [reached(lines, target) for lines in runs]
    best = [min(cost for _, cost, _ in lines) for lines in runs]
    return {
        "set": name,
        "target": target,
        "steps": [hit and hit[0] for hit in hits],
        "seconds": [hit and round(hit[1], 3) for hit in hits],
        "best": [round(cost, 4) for cost in best],
        "ms_a_step": round(min(1e3 * lines[-1][2] / lines[-1][0] for lines in runs), 3),
    }


def options_of(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="?")
    parser.add_argument("--make-pairs", metavar="FILE")
    parser.add_argument("--dimension", type=int, default=10)
    parser.add_argument("--target", type=float, action="append", default=[])
    parser.add_argument("--set", choices=SETS, action="append", dest="sets")
    parser.add_argument("--train", metavar="SETTINGS", action="append", dest="sets")
    parser.add_argument("--base", metavar="SPEC")
    parser.add_argument("--flow", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=400000)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(words)
    if not options.make_pairs and not ((options.base or options.pairs) and options.target):
        parser.error("give PAIRS.npz, or --base SPEC.yaml, and --target COST")
    return options


def main():
    options = options_of(sys.argv[1:])
    if options.make_pairs:
        write_pairs(options.make_pairs, options.dimension)
        return
    rows = d = 0
    if not options.base:
        with np.load(options.pairs) as pairs:
            rows, d = pairs["x_train"].shape
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name in options.sets or (["defaults"] if options.base else SETS):
            trainer = (compiled_base(folder, name, options) if options.base
                       else compiled(folder, name, options, d))
            runs = [run(trainer, options, seed, rows) for seed in range(1, options.seeds + 1)]
            for target in options.target:
                found = row(name, runs, target)
                print(json.dumps(found) if options.json else found, flush=True)


if __name__ == "__main__":
    main()
