#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python examples with missing files, missing modules, wrong programs and wrong shapes: each ends with
one line that names the cause, and no traceback. Exit 77: numpy is missing.
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

EXAMPLES = os.path.join(os.path.abspath(os.environ.get("srcdir") or "."), "examples")
STUB = """
import contextlib
float32, float64, no_grad = "float32", "float64", contextlib.nullcontext
class nn:
    class Module:
        pass
class Tensor(list):
    pass
def is_tensor(thing):
    return isinstance(thing, Tensor)
def load(path, **options):
    open(path).close()
    raise RuntimeError("Invalid magic number\\nand more lines")
"""


def write_inputs(folder):
    os.mkdir(os.path.join(folder, "stub"))
    texts = {"stub/torch.py": STUB, "text.npz": "no zip", "empty.npz": "", "model.pt": "no pickle",
             "needs.py": "import a_module_that_is_not_there\n", "wrong.py": "def flow(:\n",
             "fails.py": "def flow():\n    raise ValueError('two words\\nand a line')\n"}
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    with open(os.path.join(folder, "array.npz"), "wb") as file:
        np.save(file, np.zeros((3, 2)))  # an .npy under another name
    weights = {"flow.0.0._weight": np.zeros((4, 2)), "flow.0.0._diag_weight": np.zeros((4, 1))}
    np.savez(os.path.join(folder, "flat.npz"), **dict(weights, **{"flow.0.0._weight": np.zeros(4)}))
    np.savez(os.path.join(folder, "words.npz"), **dict(weights, **{"flow.0.0._weight": np.array([["a"]])}))
    np.save(os.path.join(folder, "x.npy"), np.zeros((5, 2)))


def cases(trainer):
    base, pairs, numpy, picture = ("base_from_torch.py", "pairs_from_flow.py", "pairs_from_numpy.py",
                                   "picture_of_a_map.py")
    yield from (((base, name, "out.safetensors"), said) for name, said in (
        ("none.npz", "none.npz: No such file"), ("text.npz", "not an .npz"), ("empty.npz", "not an .npz"),
        ("array.npz", "not an .npz"), ("flat.npz", "has shape (4,), not (out, in)"),
        ("words.npz", "not numbers"), ("none.pt", "none.pt: No such file"),
        ("model.pt", "torch cannot read it: Invalid magic number;")))
    yield from (((pairs, flow, "x.npy", "out.npz"), said) for flow, said in (
        ("none.py:flow", "none.py: no Python file"), ("needs.py:flow", "No module named 'a_module"),
        ("wrong.py:flow", "SyntaxError"), ("fails.py:flow", "ValueError: two words"),
        ("model.pt", "model.pt: RuntimeError: Invalid magic number"), ("none.pt", "No such file")))
    yield (numpy, "x.npy/folder"), "Not a directory"
    yield (numpy, "new"), "absent/gpfc cannot be run (No such file or directory)"
    yield (picture, "./absent", "m.safetensors", "map.svg"), "./absent cannot be run: No such file"
    yield (picture, trainer, "m.safetensors", "map.svg"), f"{trainer} apply: exit status 1"
    yield (picture,), "TRAINER MODEL OUT.svg"


def check(folder, arguments, said):
    environment = dict(os.environ, PYTHONPATH="stub", GPFC="absent/gpfc")
    command = [sys.executable, os.path.join(EXAMPLES, arguments[0]), *arguments[1:]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    lines = done.stderr.strip().splitlines()
    is_usage = len(arguments) == 1
    good = done.returncode not in (0, 77) and said in done.stderr and (len(lines) == 1 or is_usage)
    if not good:
        print(f"{' '.join(arguments)}: exit status {done.returncode}, no one line with '{said}':\n"
              f"{done.stderr}")
    return good


def check_missing_modules(folder):
    """Without numpy or torch: a line on standard output, and the exit status of a skipped test."""
    good = True
    for name in sorted(os.listdir(EXAMPLES)):
        if name.endswith(".py"):
            done = subprocess.run([sys.executable, "-I", "-S", os.path.join(EXAMPLES, name)], cwd=folder,
                                  capture_output=True, text=True)
            if done.returncode != 77 or " is missing: skipped" not in done.stdout or done.stderr:
                print(f"{name} without modules: exit status {done.returncode}: {done.stdout}{done.stderr}")
                good = False
    return good


def main():
    with tempfile.TemporaryDirectory(prefix="gpfc-messages-") as folder:
        write_inputs(folder)
        results = [check(folder, arguments, said) for arguments, said in cases("/bin/false")]
        results.append(check_missing_modules(folder))
    print(f"{len(results)} checks, {results.count(False)} faults")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
