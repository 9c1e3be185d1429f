#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the reference numbers that the oracle tests read.

usage: convert.py [--all] OUT_DIR FILE.npz ...

The .npz files hold float64 numbers of the published PyTorch code (gpflow_oracle_d*, the cube field; bnaf_*,
ffjord_*, cpflow_*, the base flows) and of an independent implementation of the gaussian field by automatic
differentiation (gaussian_oracle_d*). Each becomes a file OUT_DIR/NAME.oracle:

    8 bytes  "gpfcnums"
    uint32   version, 1
    uint32   number of arrays
    then each array:  char name[24], NUL padded
                      int32 rank, shape[4], stride, stored
                      float64[stored]: elements 0, stride, 2 stride, ... of the array in row-major order

all little-endian. To keep the files small, arrays that no test reads are left out, and of large gradients
every 7th element is kept (7 divides no width there, so every row and column is met). --all keeps every
element; tests read such files as well, from the folder that GPFC_ORACLE_DATA names.

W*, b*                     layers
x, t                       points and times
u, v, div                  network, velocity and its divergence at (x, t)
traj, traj_inv             states of 15 rk4 steps forward from x, and back
z, s_z, s_inv, s_logdet    the whole map and log|det|
pair_x, pair_y, loss       mean squared distance of x and s(y); gW*, gb* its gradient
energy_start (energy)      kinetic energy at step starts
pen_t, pen_z, pen_w        Euler penalty at (x, pen_t): acc_*, pen_*; pgW*, pgb* the gradient of pen_exact
tot_lambda, tot_zw         its sum over step starts, start_* (reg, tot); sg* (tg*) the whole loss's gradient
w, gdiv                    the gaussian field and div w - z.w

Base flows. Parameters have gpfc's names without "base." and "layer", and cv for convex ("block0.1.weight",
"cnf0.2.gate_bias", "cv0.norm1.shift"); g.NAME is the gradient of the mean negative log likelihood.
x, y, logdet, nll_mean     points, the map, log|det|, the mean; jac (BNAF) dy/dx
t, v0.., div0..            (FFJORD) times, velocity and divergence of each flow at (t, x)
e, rk4_*, rk4h_*           (FFJORD) probes; 20 rk4 steps a flow with the exact divergence, and e^T (dv/dx) e;
                           gh.NAME the gradient of rk4h_nll_mean
y_tol13, logdet_tol13      (FFJORD) by an adaptive solver, of relative tolerance 1e-13
st_v, st_logdet, st_nll_mean    (CP-Flow) probes, estimates by conjugate gradients, their mean; gst.NAME
st_cg_iters                how many iterations those took
init_x                     (CP-Flow) the points from which all ActNorms are initialised
cv0.in, .out, .hess, .F, .icnn  (CP-Flow) a convex flow's argument, gradient, Hessian, potential and network
"""
import re
import struct
import sys
from pathlib import Path

import numpy as np

STRIDE, LARGE = 7, 640
GRADIENT = re.compile(r"(g|pg|sg|tg)[Wb]\d+$|(g|gh|gst)\.")
# Of the public code's own conventions: states of the steps' ends with times of their starts.
LEFT_OUT = re.compile(r"(lagrangian|dt|pen_x|pen_dt|bound|tot_exact|tot_reg_exact|tot_fd|tot_reg_fd)$")


# Base flows: pattern of a raw name, what it becomes; other names are left out.
BASE_RENAMED = {
    "bnaf": [
        (r"weight(\d+)", "block{f}.{k}.weight"),
        (r"diag_weight(\d+)", "block{f}.{k}.log_scale"),
        (r"bias(\d+)", "block{f}.{k}.bias"),
        (r"gate(\d+)", "block{0}.gate"),
    ],
    "ffjord": [
        (r"cnf(\d+)_layer(\d+)_(weight|bias)", "cnf{0}.{1}.{2}"),
        (r"cnf(\d+)_hyper_gate(\d+)_(weight|bias)", "cnf{0}.{1}.gate_{2}"),
        (r"cnf(\d+)_hyper_bias(\d+)_weight", "cnf{0}.{1}.time_weight"),
    ],
    "cpflow": [
        (r"f(\d+)_b", "norm{c}.shift"),
        (r"f(\d+)_logs", "norm{c}.log_scale"),
        (r"f(\d+)_w0", "cv{c}.quadratic"),
        (r"f(\d+)_w1", "cv{c}.amount"),
        (r"f(\d+)_W([zxa])(\d+)_(weight|bias)", "cv{c}.{1}{2}.{3}"),
        (r"f(\d+)_an(\d+)_b", "cv{c}.norm{1}.shift"),
        (r"f(\d+)_an(\d+)_logs", "cv{c}.norm{1}.log_scale"),
    ],
}
BASE_KEPT = re.compile(r"x$|y$|logdet$|nll_mean$|jac$|t$|e$|v\d$|div\d$|rk4h?_(y|logdet|nll_mean)$"
                       r"|(y|logdet)_tol13$"
                       r"|init_x$|st_(v|logdet|cg_iters|nll_mean)$")
CONVEX = re.compile(r"f(\d+)_(in|out|hess|F|icnn)$")


def base_name(name, arrays, renamed):
    """What an array of a base flow is called; None: it is left out."""
    prefix, raw = re.match(r"(g_|gh_|gst_)?(.*)", name).groups()
    for pattern, text in renamed:
        found = re.fullmatch(pattern, raw)
        if found:
            number = int(found[1])
            layers = int(arrays.get("layers_per_block", 1))
            place = {"f": number // layers, "k": number % layers, "c": number // 2}
            return (prefix or "").replace("_", ".") + text.format(*found.groups(), **place)
    found = CONVEX.match(name)
    if found:
        return "cv%d.%s" % (int(found[1]) // 2, found[2]) if "f%s_w0" % found[1] in arrays else None
    return name if BASE_KEPT.match(name) else None


def base_arrays(arrays, renamed):
    """Vectors that are stored as matrices of one column are vectors here."""
    out = {}
    for name, array in arrays.items():
        new = base_name(name, arrays, renamed)
        if new:
            flat = "." in new and array.ndim == 2 and array.shape[1] == 1 and not new.endswith(".in")
            out[new] = array[:, 0] if flat else array
    return out


def wanted(name, arrays):
    if LEFT_OUT.match(name):
        return False
    return not (name.startswith("tg") and "start_exact" in arrays)


def write_array(out, name, array, everything):
    array = np.asarray(array, dtype="<f8")
    stride = STRIDE if GRADIENT.match(name) and array.size > LARGE and not everything else 1
    stored = array.reshape(-1)[::stride]
    shape = list(array.shape) + [0] * (4 - array.ndim)
    out.write(struct.pack("<24s7i", name.encode(), array.ndim, *shape, stride, stored.size))
    out.write(stored.tobytes())


def convert(path, folder, everything):
    arrays = dict(np.load(path))
    kind = Path(path).stem.split("_")[0]
    if kind in BASE_RENAMED:
        arrays = base_arrays(arrays, BASE_RENAMED[kind])
    names = sorted(name for name in arrays if wanted(name, arrays))
    with open(Path(folder) / (Path(path).stem + ".oracle"), "wb") as out:
        out.write(b"gpfcnums" + struct.pack("<II", 1, len(names)))
        for name in names:
            write_array(out, name, arrays[name], everything)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--all"]
    if len(arguments) < 2:
        sys.exit(__doc__)
    for path in arguments[1:]:
        convert(path, arguments[0], "--all" in sys.argv)


main()
