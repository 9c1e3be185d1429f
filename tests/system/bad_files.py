#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes into FOLDER the files, good and bad, that tests/system/trainer.sh gives to a trainer of dimension 2.

    python3 tests/system/bad_files.py FOLDER
"""
import os
import struct
import sys
import zipfile

try:
    import numpy as np
except ImportError:
    print("numpy is missing")
    sys.exit(77)


def header(shape, dtype="<f8"):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (dtype, shape)
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def zipped(name, **arrays):
    with zipfile.ZipFile(name, "w") as file:
        for key, value in arrays.items():
            file.writestr(key + ".npy", value)


def safetensors(name, tensors):
    """A plain file: names, shapes, float32, no metadata."""
    text, offset = [], 0
    for key, array in tensors.items():
        text.append('"%s":{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}' % (
            key, list(array.shape), offset, offset + array.nbytes))
        offset += array.nbytes
    head = ("{" + ",".join(text) + "}").encode()
    with open(name, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + b"".join(a.tobytes() for a in tensors.values()))


def pairs(rng):
    x = rng.normal(size=(300, 2))
    y = x[:, ::-1].copy()
    bad = x.copy()
    np.savez("good.npz", x=x, y=y)
    np.savez_compressed("compressed.npz", x=x, y=y)
    many = rng.normal(size=(1000000, 2)).astype(np.float32)
    np.savez("large.npz", x_train=many, y_train=many[:, ::-1].copy(), x_test=many[:100], y_test=many[:100])
    np.savez("one.npz", x=x[:1], y=y[:1])
    np.savez("none.npz", x=x[:0], y=y[:0])
    np.savez("complex.npz", x=x.astype("c8"), y=y)
    np.savez("long_double.npz", x=x.astype("f16"), y=y)
    np.savez("wide.npz", x=rng.normal(size=(9, 3)), y=rng.normal(size=(9, 3)))
    np.savez("flat.npz", x=x[:, 0], y=y[:, 0])
    np.savez("uneven.npz", x=x, y=y[:10])
    np.savez("without_y.npz", x=x)
    np.savez("other_names.npz", a=x, b=y)
    np.savez("too_large.npz", x=x * 1e300, y=y)
    np.savez("far.npz", x=np.sign(x) * 1.5e19, y=y)  # squares fit into a float, but not the sum of two
    bad[7, 1] = np.nan
    np.savez("nan.npz", x=bad, y=y)
    bad[7, 1] = np.inf
    np.savez("infinite.npz", x=x, y=bad)
    return x, y


def broken():
    whole = open("good.npz", "rb").read()
    open("truncated.npz", "wb").write(whole[: len(whole) // 2])
    open("no_bytes.npz", "wb").close()
    spoilt = bytearray(whole)
    spoilt[400] ^= 0xFF
    open("spoilt.npz", "wb").write(spoilt)
    zipped("no_arrays.npz")
    few = bytes(160)
    zipped("promises.npz", x=header("(1000000000, 2)") + few, y=header("(1000000000, 2)") + few)
    zipped("negative.npz", x=header("(-5, 2)") + few, y=header("(10, 2)") + few)
    zipped("uncountable.npz", x=header("(9223372036854775807, 2)") + few, y=header("(10, 2)") + few)


def rows(y):
    np.save("y.npy", y)
    np.save("y32.npy", y.astype("f4"))
    np.save("one.npy", y[:1])
    np.save("none.npy", y[:0])
    np.save("wide.npy", np.zeros((5, 3)))
    np.save("complex.npy", np.zeros((5, 2), dtype="c16"))
    np.save("nan.npy", y * np.nan)
    open("truncated.npy", "wb").write(open("y.npy", "rb").read()[:-8])
    open("no_bytes.npy", "wb").close()


def models(rng):
    """Of a flow 3 -> 6 -> 1."""
    shapes = {"flow.layer0.weight": (6, 3), "flow.layer0.bias": (6,), "flow.layer1.weight": (1, 6),
              "flow.layer1.bias": (1,)}
    good = {name: rng.normal(size=shape).astype("f4") / 4 for name, shape in shapes.items()}
    safetensors("plain.safetensors", good)
    safetensors("shape.safetensors", {**good, "flow.layer0.weight": np.zeros((6, 4), "f4")})
    safetensors("missing.safetensors", {k: v for k, v in good.items() if k != "flow.layer1.bias"})
    safetensors("more.safetensors", {**good, "flow.layer2.weight": np.zeros((1, 1), "f4")})
    safetensors("nan.safetensors", {**good, "flow.layer0.bias": np.full(6, np.nan, "f4")})
    whole = open("plain.safetensors", "rb").read()
    open("truncated.safetensors", "wb").write(whole[:-4])
    open("no_bytes.safetensors", "wb").close()


def main(folder):
    os.chdir(folder)
    rng = np.random.default_rng(3)
    x, y = pairs(rng)
    broken()
    rows(y)
    models(rng)


main(sys.argv[1])
