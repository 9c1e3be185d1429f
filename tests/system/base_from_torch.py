#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/base_from_torch.py: reference models of the public code, under its names, must give that code's
numbers through a compiled trainer. Exit 77: numpy is missing; what needs torch is left out without it.
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("numpy is missing: skipped")
    sys.exit(77)
try:
    import torch
except ImportError:
    torch = None

ROOT = os.path.abspath(os.environ.get("srcdir") or ".")
SCRIPT = os.path.join(ROOT, "examples", "base_from_torch.py")
GPFC = os.environ.get("GPFC", "gpfc")


def read_oracle(name):
    """Arrays of tests/oracle/data/NAME.oracle, as convert.py wrote them; gradients are left out."""
    arrays = {}
    with open(os.path.join(ROOT, "tests", "oracle", "data", name + ".oracle"), "rb") as file:
        magic, version, count = struct.unpack("<8sII", file.read(16))
        assert magic == b"gpfcnums" and version == 1
        for _ in range(count):
            called, rank, *shape, stride, stored = struct.unpack("<24s7i", file.read(52))
            values = np.frombuffer(file.read(8 * stored))
            if stride == 1:
                arrays[called.rstrip(b"\0").decode()] = values.reshape(shape[:rank])
    return arrays


# A parameter in the oracle, what the public code's state_dict calls it ({a}: twice the first number, {b}:
# twice the second, {c}: {a} + 1), and its shape there where it is another.
COLUMN, AXIS = (-1, 1), (1, -1, 1)
CNF, ICNN = "model.chain.{0}.odefunc.diffeq.layers.{1}.", "flow.flows.{c}.icnn."
PUBLIC = (
    (r"block(\d)\.(\d)\.weight", "flow.{a}.{b}._weight", None),
    (r"block(\d)\.(\d)\.log_scale", "flow.{a}.{b}._diag_weight", COLUMN),
    (r"block(\d)\.(\d)\.bias", "flow.{a}.{b}.bias", None),
    (r"block(\d)\.gate", "flow.{a}.gate", None),
    (r"cnf(\d)\.(\d)\.(weight|bias)", CNF + "_layer.{2}", None),
    (r"cnf(\d)\.(\d)\.gate_weight", CNF + "_hyper_gate.weight", COLUMN),
    (r"cnf(\d)\.(\d)\.gate_bias", CNF + "_hyper_gate.bias", None),
    (r"cnf(\d)\.(\d)\.time_weight", CNF + "_hyper_bias.weight", COLUMN),
    (r"norm(\d)\.shift", "flow.flows.{a}.b", AXIS),
    (r"norm(\d)\.log_scale", "flow.flows.{a}.logs", AXIS),
    (r"cv(\d)\.quadratic", "flow.flows.{c}.w0", None),
    (r"cv(\d)\.amount", "flow.flows.{c}.w1", None),
    (r"cv(\d)\.z(\d)\.(weight|bias)", ICNN + "Wzs.{1}.{2}", None),
    (r"cv(\d)\.x(\d)\.(weight|bias)", ICNN + "Wxs.{1}.{2}", None),
    (r"cv(\d)\.a(\d)\.(weight|bias)", ICNN + "Wx2s.{1}.{2}", None),
    (r"cv(\d)\.norm(\d)\.shift", ICNN + "actnorms.{1}.b", AXIS),
    (r"cv(\d)\.norm(\d)\.log_scale", ICNN + "actnorms.{1}.logs", AXIS),
)


def public_state(arrays):
    state = {}
    for name, array in arrays.items():
        for pattern, public, shape in PUBLIC:
            found = re.fullmatch(pattern, name)
            if found:
                twice = [2 * int(number) for number in found.groups() if number.isdigit()] + [0]
                called = public.format(*found.groups(), a=twice[0], b=twice[1], c=twice[0] + 1)
                state[called] = array.reshape(shape) if shape else array
    for cnf in {name.split(".")[2] for name in state if name.startswith("model.chain.")}:
        state[f"model.chain.{cnf}.sqrt_end_time"] = np.float64(1)
        state[f"model.chain.{cnf}.odefunc._num_evals"] = np.float64(8)
    return state


def with_end_time(state, root):
    """The same flow on 0 <= t <= T = root^2: v(t) = v_1(t / T) / T."""
    end, out = root**2, {}
    last = max(int(name.split(".")[6]) for name in state if ".layers." in name)
    for name, array in state.items():
        power = name.endswith(("_hyper_gate.weight", "_hyper_bias.weight"))
        power += f".layers.{last}." in name and "_hyper_gate" not in name and "layers" in name
        out[name] = np.float64(root) if name.endswith("sqrt_end_time") else array / end**power
    return out


def convert(folder, state, *options, where="state.npz"):
    path = os.path.join(folder, where)
    if where.endswith(".npz"):
        np.savez(path, **state)
    command = [sys.executable, SCRIPT, path, os.path.join(folder, "base.safetensors"), *options]
    return subprocess.run(command, capture_output=True, text=True)


def read_safetensors(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(length)), file.read()
    arrays = {}
    for name, entry in header.items():
        dtype = {"F32": "<f4", "F64": "<f8"}.get(entry.get("dtype"))
        if dtype:
            arrays[name] = np.frombuffer(data[slice(*entry["data_offsets"])], dtype).reshape(entry["shape"])
    return arrays


def run(folder, *command):
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def compile_trainer(folder, lines, x):
    """A trainer for the lines that the script printed, with data of its dimension."""
    np.savez(os.path.join(folder, "data.npz"), x_train=x, x_test=x)
    with open(os.path.join(folder, "own.yaml"), "w") as spec:
        spec.write("name: own\n" + lines + "data: {samples: data.npz, standardise: no}\n"
                   "flow: {hidden: [5], steps: 2}\ntrain: {epochs: 1}\n")
    run(folder, GPFC, "own.yaml", "-o", "own", "--json")


def check_map(folder, arrays, y_name, logdet_name, limit):
    """y and the mean likelihood, by the trainer."""
    x, y = arrays["x"], arrays[y_name]
    np.save(os.path.join(folder, "x.npy"), x)
    run(folder, "./own", "apply", "--part", "base", "base.safetensors", "x.npy", "y.npy")
    gap = np.abs(np.load(os.path.join(folder, "y.npy")) - y).max()
    assert gap < limit, f"y differs by {gap:.2e}"
    run(folder, "./own", "train", "--base", "base.safetensors", "--out", "run", "--quiet")
    trained = read_safetensors(os.path.join(folder, "run", "model.safetensors"))
    for name, array in read_safetensors(os.path.join(folder, "base.safetensors")).items():
        assert np.array_equal(trained[name], array), f"{name} was changed by the training of the flow"
    wanted = np.mean(0.5 * (y * y).sum(1) - arrays[logdet_name]) + 0.5 * y.shape[1] * np.log(2 * np.pi)
    told = subprocess.run(["./own", "evaluate", "--json", "run/model.safetensors"], cwd=folder, check=True,
                          capture_output=True, text=True).stdout
    nll = json.loads(told)["nll_before"]
    assert abs(nll - wanted) < 1e-8 * (1 + abs(wanted)) + 10 * limit, f"nll {nll}, not {wanted}"  # 9 digits
    return gap, abs(nll - wanted)


MODELS = (  # name, y and log-determinant, limit: of the solver for FFJORD, else of rounding
    ("bnaf_moons", "y", "logdet", 1e-10),
    ("bnaf_random_d5", "y", "logdet", 1e-10),
    ("ffjord_random_d2", "y_tol13", "logdet_tol13", 1e-7),
    ("ffjord_random_d5", "y_tol13", "logdet_tol13", 1e-7),
    ("cpflow_random_d2", "y", "logdet", 1e-10),
    ("cpflow_random_d5", "y", "logdet", 1e-10),
)


def check_models(folder):
    for name, y, logdet, limit in MODELS:
        arrays = read_oracle(name)
        done = convert(folder, public_state(arrays))
        assert done.returncode == 0, done.stderr
        compile_trainer(folder, done.stdout, arrays["x"])
        print(name, "y %.1e, nll %.1e" % check_map(folder, arrays, y, logdet, limit), flush=True)


def check_end_time(folder):
    """T = 2.25: the same weights of gpfc come out."""
    state = public_state(read_oracle("ffjord_random_d5"))
    assert convert(folder, state).returncode == 0
    usual = read_safetensors(os.path.join(folder, "base.safetensors"))
    assert convert(folder, with_end_time(state, 1.5)).returncode == 0
    for name, array in read_safetensors(os.path.join(folder, "base.safetensors")).items():
        assert np.allclose(array, usual[name], rtol=1e-14, atol=0), name


def check_forms(folder):
    """Single precision, something before the names, a checkpoint, a state_dict and a model of torch."""
    state = public_state(read_oracle("bnaf_random_d5"))
    assert convert(folder, state).returncode == 0
    usual = read_safetensors(os.path.join(folder, "base.safetensors"))
    more = {"nf.net." + name: array for name, array in state.items()}
    done = convert(folder, more, "--precision", "single")
    assert "precision: single" in done.stdout, done.stdout
    assert "hidden: [20, 20, 20], blocks: 2" in done.stdout, done.stdout
    for name, array in read_safetensors(os.path.join(folder, "base.safetensors")).items():
        assert array.dtype == np.float32 and np.array_equal(array, usual[name].astype("f4")), name
    if torch is None:
        print("torch is missing: its files are left out")
        return
    tensors = {name: torch.tensor(array) for name, array in state.items()}
    for found in (tensors, {"epoch": 3, "state_dict": tensors}):
        torch.save(found, os.path.join(folder, "state.pt"))
        done = convert(folder, None, where="state.pt")
        assert done.returncode == 0, done.stderr
        for name, array in read_safetensors(os.path.join(folder, "base.safetensors")).items():
            assert np.array_equal(array, usual[name]), name


def check_refusals(folder):
    state = public_state(read_oracle("bnaf_random_d5"))
    missing = {name: array for name, array in state.items() if name != "flow.2.4.bias"}
    normed = public_state(read_oracle("ffjord_random_d2"))
    normed["model.chain.1.running_mean"] = np.zeros(2)
    for wrong, said in ((missing, "base.block1.layer2.bias is missing"),
                        (dict(state, **{"flow.2.4.bias": np.zeros(7)}), "layer2.bias has shape (7,)"),
                        (dict(state, **{"flow.2.4.bias": np.full(20, np.nan)}), "is not finite"),
                        (dict(state, **{"flow.2.gate": np.zeros(1)}), "base.block1.gate"),
                        (normed, "batch normalisations"), ({"a": np.zeros(3)}, "no BNAF, FFJORD or CPFlow")):
        done = convert(folder, wrong)
        assert done.returncode != 0 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    done = convert(folder, None, where="none.pt")
    assert done.returncode != 0 and "Traceback" not in done.stderr, done.stderr


def main(folder):
    check_end_time(folder)
    check_forms(folder)
    check_refusals(folder)
    check_models(folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gpfc-base-") as scratch:
        main(scratch)
