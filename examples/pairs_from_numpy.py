#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From pairs in numpy to a trained flow and back.

The data are normal with covariance C, and the flow f whitens them, but turned by a rotation Q:
y = f(x) = Q C^(-1/2) (x - m). Its likelihood is perfect, its map is not: the one that moves least is
z = C^(-1/2) (x - m), without the rotation. So the Gaussian-preserving flow s must find s(y) = Q' y, and here
we can look whether it does.

    python3 examples/pairs_from_numpy.py [FOLDER]      keeps its files in FOLDER; else they go when it is done

GPFC in the environment names the compiler, else it is looked for in PATH. Exit 77: no numpy.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("numpy is missing: skipped")
    sys.exit(77)

SPEC = """
name: own
dimension: 3
precision: double
data: {pairs: pairs.npz}
flow: {hidden: [12], steps: 8}
train: {epochs: 40, batch: 256, rate: 1.0e-2, seed: 1}
"""


def make_pairs(rng, n):
    """x, y = f(x), and z, what s(y) should be; each [n, 3]."""
    mean = np.array([1.0, -2.0, 0.5])
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    scale = np.array([2.0, 1.0, 0.4])           # standard deviations along the axes
    z = rng.normal(size=(n, 3))
    x = mean + z @ (axes * scale) @ axes.T      # C^(1/2) is symmetric
    c, s = np.cos(0.9), np.sin(0.9)
    rotation = axes @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ axes.T
    return x, z @ rotation.T, z


def cost(x, y):
    return np.mean(np.sum((x - y) ** 2, axis=1))


def main(folder):
    x, y, z = make_pairs(np.random.default_rng(7), 8192)
    np.savez(os.path.join(folder, "pairs.npz"), x=x, y=y)
    np.save(os.path.join(folder, "y.npy"), y)
    with open(os.path.join(folder, "own.yaml"), "w") as spec:
        spec.write(SPEC)

    def run(*command):
        print("$", *command, flush=True)
        try:
            subprocess.run(command, cwd=folder, check=True)
        except OSError as error:
            sys.exit(f"{command[0]} cannot be run ({error.strerror}); GPFC can name the compiler")
        except subprocess.CalledProcessError as error:
            sys.exit(f"{' '.join(command)}: exit status {error.returncode}")

    run(os.environ.get("GPFC", "gpfc"), "own.yaml", "-o", "own")
    run("./own", "train", "--out", "run", "--quiet")
    run("./own", "apply", "run/model.safetensors", "y.npy", "s.npy")
    run("./own", "invert", "run/model.safetensors", "s.npy", "back.npy")

    s = np.load(os.path.join(folder, "s.npy"))
    back = np.load(os.path.join(folder, "back.npy"))
    before, after, best = cost(x, y), cost(x, s), cost(x, z)
    print(f"cost {before:.4f} before, {after:.4f} after, {best:.4f} at best")
    print(f"largest |s(y) - Q'y| {np.abs(s - z).max():.2e}")
    print(f"largest |invert(s(y)) - y| {np.abs(back - y).max():.2e}")
    if s.shape != y.shape or s.dtype != y.dtype:
        sys.exit(f"s.npy: {s.dtype} {s.shape} instead of {y.dtype} {y.shape}")
    if not abs(after - best) < 0.01 * (before - best):
        sys.exit("the flow did not find the rotation")
    if not np.abs(back - y).max() < 1e-3:
        sys.exit("invert does not undo apply")


if __name__ == "__main__":
    try:
        if len(sys.argv) > 1:
            os.makedirs(sys.argv[1], exist_ok=True)
            main(sys.argv[1])
        else:
            with tempfile.TemporaryDirectory(prefix="gpfc-example-") as scratch:
                main(scratch)
    except OSError as error:
        sys.exit(str(error))
