#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far samples of a trained base flow are from the law of its data.

    python3 bench/sampling.py [--base bnaf ...] [--data ring ...] [--seeds 3] [--rows 50000] [--draws 1000000]
        [--keep DIR] [--json]

--base is a kind, or all that belongs into the braces: 'kind: bnaf, blocks: 2'. Each base flow is trained on
--rows rows of each law, drawn anew for each seed, and draws --draws samples. A line holds, for one training:

  nll         negative log-likelihood of the test rows, in nats
  energy      energy distance to fresh rows, times 10^4, in deviations; after it that of the training set, the
              least that a sample of its size can be expected to have
  mean, cov   the largest error of a mean and of a covariance, in standard errors of the rows that the flow
              learnt from: it cannot know more than these; after them the training set's own. Of asinh x where
              the law has no fourth moment
  farthest    largest |x - mean| / deviation of all coordinates; after it the largest among 20 sets of as many
              rows of the law
  beyond      samples farther than that
  marked      rows that the trainer reports as failed
  seconds     of training, of sampling: the processor's, of one thread

Energy distances are averages over directions of those of projections, which are exact for any number of rows.
GPFC in the environment names the compiler, else it is looked for in PATH. Needs numpy.
"""
import argparse
import json
import math
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as missing:
    print(f"{missing.name} is missing: skipped")
    sys.exit(77)

LEARNT = 0.8 * 0.9  # of the rows: the others test and validate
BASES = ["bnaf", "ffjord", "cp_flow", "mixture"]


def ring(rng, n):
    angle, radius = rng.uniform(0, 2 * math.pi, n), rng.normal(1, 0.1, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def eight(rng, n):
    angle = rng.integers(0, 8, n) * math.pi / 4
    return 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 0.5, (n, 2))


def mixture(rng, n, d, components=5):
    fixed = np.random.default_rng(d)
    means, widths = fixed.normal(0, 2, (components, d)), fixed.uniform(0.3, 1, (components, d, 1))
    shapes = widths * np.linalg.qr(fixed.standard_normal((components, d, d)))[0]
    which = rng.integers(0, components, n)
    return means[which] + np.einsum("nij,ni->nj", shapes[which], rng.standard_normal((n, d)))


def beside(*parts):
    return np.concatenate(parts, axis=1)


LAWS = {  # name: dimension, rows
    "normal": (2, lambda rng, n: rng.normal(0, 25, (n, 2))),
    "ring": (2, ring),
    "t3": (2, lambda rng, n: rng.standard_t(3, (n, 2)) @ np.array([[1, -0.36], [0.9, 0.4]])),
    "eight": (2, eight),
    "mixture5": (5, lambda rng, n: mixture(rng, n, 5)),
    "mixture10": (10, lambda rng, n: mixture(rng, n, 10)),
    "eight3": (3, lambda rng, n: beside(eight(rng, n), rng.normal(0, 1, (n, 1)))),
    "eight5": (5, lambda rng, n: beside(eight(rng, n), rng.normal(0, 1, (n, 3)))),
    "product5": (5, lambda rng, n: beside(eight(rng, n), ring(rng, n), rng.normal(0, 25, (n, 1)))),
}
USUAL = ["normal", "ring", "t3", "eight", "mixture5"]


# ---- distances ---------------------------------------------------------------------------------------------


def energy_of_line(a, b):
    """2 times the integral of the squared difference of both distribution functions."""
    both = np.concatenate([a, b])
    order = np.argsort(both)
    difference = np.cumsum(np.where(order < len(a), 1 / len(a), -1 / len(b)))
    return 2 * float(np.sum(difference[:-1] ** 2 * np.diff(both[order])))


def directions(d, n):
    if d == 2:
        angle = (np.arange(n) + 0.5) * math.pi / n
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    u = np.random.default_rng(1).standard_normal((n, d))
    return u / np.linalg.norm(u, axis=1)[:, None]


def energy_distance(a, b):
    d = a.shape[1]
    ratio = math.sqrt(math.pi) * math.gamma((d + 1) / 2) / math.gamma(d / 2)  # of |x| to the mean of |x.u|
    return ratio * np.mean([energy_of_line(a @ u, b @ u) for u in directions(d, 8 * d)])


def errors_of_moments(x, law, n):
    """The largest of means, and of covariances, in standard errors of n rows."""
    i, j = np.triu_indices(x.shape[1])
    centre = law.mean(0)
    products = lambda rows: (rows - centre)[:, i] * (rows - centre)[:, j]
    errors = lambda a, b: float(np.max(np.abs(a.mean(0) - b.mean(0)) / (b.std(0) / math.sqrt(n))))
    return errors(x, law), errors(products(x), products(law))


class Law:
    """What samples are compared with."""

    def __init__(self, name, draws):
        self.name, (self.d, self.draw) = name, LAWS[name]
        rng = np.random.default_rng(1000)
        self.fresh = self.draw(rng, draws)
        self.mean, self.scale = self.fresh.mean(0), self.fresh.std(0)
        self.own = {}  # of the training set, by seed
        self.farthest = max(self.distances(self.draw(rng, draws)).max() for _ in range(20))

    def distances(self, x):
        return np.max(np.abs(x - self.mean) / self.scale, axis=1)

    def compare_own(self, rows, n, seed):
        if seed not in self.own:
            self.own[seed] = {f"{key}_own": value for key, value in self.compare(rows, n).items()}
        return self.own[seed]

    def compare(self, x, n):
        tame = np.arcsinh if self.name == "t3" else lambda rows: rows
        mean, cov = errors_of_moments(tame(x), tame(self.fresh), n)
        return {"energy": 1e4 * energy_distance(x / self.scale, self.fresh / self.scale), "mean": mean,
                "cov": cov, "farthest": float(self.distances(x).max())}


# ---- trainings ---------------------------------------------------------------------------------------------


def timed(words, **options):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: status {done.returncode}")
    return done.stdout, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def compiled(folder, base, law, number):
    trainer = folder / f"{law.name}{number}"
    base = base if ":" in base else f"kind: {base}"
    trainer.with_suffix(".yaml").write_text(
        f"name: flow\ndimension: {law.d}\ndata: {{samples: none.npy}}\nbase: {{{base}}}\n"
        "flow: {hidden: [4], steps: 2}\ntrain: {epochs: 1}\n")
    timed([os.environ.get("GPFC", "gpfc"), "-q", trainer.with_suffix(".yaml"), "-o", trainer])
    return trainer


def marked_rows(report):
    return sum(1 for _ in open(report)) - 1


def run(trainer, law, seed, options):
    folder = trainer.parent / f"{trainer.name}-{seed}"
    rows = law.draw(np.random.default_rng(seed), options.rows)
    data, out, report = folder.with_suffix(".npy"), folder.with_suffix(".x.npy"), folder.with_suffix(".csv")
    np.save(data, rows)
    words = ["--threads", "1", "--json"]
    result, training = timed([trainer, "train", "--data", data, "--out", folder, "--seed", seed, "--quiet",
                              *words], stderr=subprocess.DEVNULL)
    _, sampling = timed([trainer, "sample", folder, options.draws, out, "--part=base", "--seed", seed,
                            "--report", report, "--threads", "1"], stderr=subprocess.PIPE)
    x = np.load(out).astype(float)
    learnt = int(LEARNT * options.rows)
    return {**law.compare(x, learnt), **law.compare_own(rows, learnt, seed),
            "nll": json.loads(result)["evaluation"]["nll_before"],
            "law_farthest": float(law.farthest), "beyond": int(np.sum(law.distances(x) > law.farthest)),
            "marked": marked_rows(report), "train_s": training, "sample_s": sampling}


# ---- the table ---------------------------------------------------------------------------------------------

HEAD = ("| base | law | seed | nll | energy (own) | mean (own) | cov (own) | farthest (law) | beyond "
        "| marked | s |")


def line(base, law, seed, r):
    return (f"| {base} | {law.name} | {seed} | {r['nll']:.4f} | {r['energy']:.2f} ({r['energy_own']:.2f}) "
            f"| {r['mean']:.1f} ({r['mean_own']:.1f}) | {r['cov']:.1f} ({r['cov_own']:.1f}) "
            f"| {r['farthest']:.1f} ({r['law_farthest']:.1f}) | {r['beyond']} | {r['marked']} "
            f"| {r['train_s']:.1f}, {r['sample_s']:.1f} |")


def options_of():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", action="append")
    parser.add_argument("--data", action="append", choices=LAWS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--draws", type=int, default=1000000)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main():
    options = options_of()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not options.json:
            print(HEAD + "\n|" + " --- |" * (HEAD.count("|") - 1), flush=True)
        for name in options.data or USUAL:
            law = Law(name, options.draws)
            for number, base in enumerate(options.base or BASES):
                trainer = compiled(folder, base, law, number)
                for seed in range(1, options.seeds + 1):
                    r = run(trainer, law, seed, options)
                    print(json.dumps({"base": base, "law": name, "seed": seed, **r}) if options.json
                          else line(base, law, seed, r), flush=True)


if __name__ == "__main__":
    main()
