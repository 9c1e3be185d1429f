#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the reference numbers that the oracle tests read.

usage: convert.py [--all] OUT_DIR FILE.npz ...

The .npz files hold float64 numbers of the published PyTorch code (gpflow_oracle_d*, the cube field) and of
an independent implementation of the gaussian field by automatic differentiation (gaussian_oracle_d*). Each
becomes a file OUT_DIR/NAME.oracle:

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
"""
import re
import struct
import sys
from pathlib import Path

import numpy as np

STRIDE, LARGE = 7, 640
GRADIENT = re.compile(r"(g|pg|sg|tg)[Wb]\d+$")
# Of the public code's own conventions: states of the steps' ends with times of their starts.
LEFT_OUT = re.compile(r"(lagrangian|dt|pen_x|pen_dt|bound|tot_exact|tot_reg_exact|tot_fd|tot_reg_fd)$")


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
