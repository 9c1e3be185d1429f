#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws what a trained flow does to the eight Gaussians: the data x, the latents f(x), and s(f(x)).

    python3 examples/picture_of_a_map.py TRAINER MODEL OUT.svg

Each point keeps the color of the Gaussian that it was drawn from. After `./bootstrap demo`, TRAINER is
build/demo/eight_gaussians and MODEL is build/demo/run/model.safetensors. Exit 77: no numpy.
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

COLORS = ("#e6194b", "#f58231", "#d4b106", "#3cb44b", "#1fa3a3", "#4363d8", "#911eb4", "#e05fb0")
POINTS, SIDE, REACH = 250, 250, 4.2         # points of each Gaussian; pixels of a panel; largest |coordinate|


def eight_gaussians(rng):
    """[8, POINTS, 2], distributed as the built-in generator's samples."""
    angle = np.arange(8) * np.pi / 4
    center = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (center[:, None, :] + 0.5 * rng.normal(size=(8, POINTS, 2))) / 1.414


def mapped(trainer, model, part, x):
    """The trainer's `part` of the map, of rows x [n, 2]."""
    with tempfile.TemporaryDirectory() as folder:
        source, result = os.path.join(folder, "in.npy"), os.path.join(folder, "out.npy")
        np.save(source, x)
        try:
            subprocess.run([trainer, "apply", f"--part={part}", model, source, result], check=True)
        except OSError as error:
            sys.exit(f"{trainer} cannot be run: {error.strerror}")
        except subprocess.CalledProcessError as error:
            sys.exit(f"{trainer} apply: exit status {error.returncode}")
        return np.load(result)


def panel(left, title, points):
    """SVG text of points [8, POINTS, 2]."""
    out = [f'<text x="{left + SIDE / 2}" y="20" text-anchor="middle">{title}</text>',
           f'<rect x="{left}" y="30" width="{SIDE}" height="{SIDE}" fill="none" stroke="#bbb"/>']
    place = (points * (1, -1) / REACH + 1) * SIDE / 2 + (left, 30)
    for color, group in zip(COLORS, place):
        inside = group[(abs(group - (left + SIDE / 2, 30 + SIDE / 2)) < SIDE / 2).all(axis=1)]
        dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in inside)
        out.append(f'<path d="{dots}" stroke="{color}" stroke-width="2.4" stroke-linecap="round"/>')
    return "\n".join(out)


def main(trainer, model, path):
    x = eight_gaussians(np.random.default_rng(1))
    rows = x.reshape(-1, 2)
    maps = {part: mapped(trainer, model, part, rows).reshape(x.shape) for part in ("base", "both")}
    shown = (("data x", x), ("latents f(x)", maps["base"]), ("s(f(x))", maps["both"]))
    width = 3 * (SIDE + 20) + 20
    with open(path, "w", encoding="utf-8") as out:
        print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{SIDE + 50}" '
              'font-family="sans-serif" font-size="14">', file=out)
        print(f'<rect width="{width}" height="{SIDE + 50}" fill="white"/>', file=out)
        for number, (title, points) in enumerate(shown):
            print(panel(20 + number * (SIDE + 20), title, points), file=out)
        print("</svg>", file=out)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(str(error))
