#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/pairs_from_flow.py on small flows of zuko, nflows and normflows and on functions, and a trainer on
the pairs. Exit 77: torch is missing.
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as missing:
    print(f"{missing.name} is missing: skipped")
    sys.exit(77)

ROOT = os.path.abspath(os.environ.get("srcdir") or ".")
SCRIPT = os.path.join(ROOT, "examples", "pairs_from_flow.py")

CODE = """
import math
import torch

def zuko_flow():
    import zuko
    return zuko.flows.MAF(features=2, transforms=2, hidden_features=(8,))

def nflows_flow():
    from nflows import distributions, flows, transforms
    made = transforms.CompositeTransform([
        transforms.ReversePermutation(features=2),
        transforms.MaskedAffineAutoregressiveTransform(features=2, hidden_features=8)])
    return flows.Flow(made, distributions.DiagonalNormal((2,)))

def normflows_flow():
    import normflows
    layers = []
    for _ in range(2):
        layers.append(normflows.flows.AffineCouplingBlock(normflows.nets.MLP([1, 8, 2], init_zeros=False)))
        layers.append(normflows.flows.Permute(2, mode="swap"))
    return normflows.NormalizingFlow(normflows.distributions.DiagGaussian(2), layers)

def whitened(x):
    return (x - 1) / 2, torch.full((len(x),), -2 * math.log(2.0))

def without_logdet(x):
    return 3 * x

def wide(x):
    return torch.cat([x, x], 1)

def odd_flow():
    return Odd()

def uniform_flow():
    base = torch.distributions.Independent(torch.distributions.Uniform(torch.zeros(2), torch.ones(2)), 1)
    flow = Odd()
    flow.base, flow.transform = base, None
    flow.forward = lambda: flow
    return flow

class Odd(torch.nn.Module):
    def sample(self, n):
        return n
"""


def run(folder, *arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], cwd=folder, capture_output=True, text=True)


def make_state(folder, name):
    """A state_dict with numbers that are not the initial ones, and the flow with them."""
    spec = importlib.util.spec_from_file_location("own_code", os.path.join(folder, "own.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(5)
    flow = getattr(module, name)()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    torch.save(flow.state_dict(), os.path.join(folder, "state.pt"))
    return flow.double().eval()


def check_library(folder, x, name):
    flow = make_state(folder, name)
    done = run(folder, "own.py:" + name, "x.npy", "pairs.npz", "--state", "state.pt", "--double", "--batch=7")
    assert done.returncode == 0, done.stderr
    with np.load(os.path.join(folder, "pairs.npz")) as pairs:
        assert sorted(pairs.files) == ["logdet", "x", "y"] and pairs["y"].dtype == np.float64
        z, logdet = torch.tensor(pairs["y"]), torch.tensor(pairs["logdet"])
        assert np.array_equal(pairs["x"], x)
    rows = torch.tensor(x)
    distribution = flow() if name == "zuko_flow" else flow
    own = distribution.log_prob(rows).reshape(-1)
    normal = -0.5 * (z * z).sum(1) - np.log(2 * np.pi)
    assert torch.allclose(normal + logdet, own, atol=1e-8), "the density is another"
    if name == "normflows_flow":
        back = flow.forward(z * flow.q0.log_scale.exp() + flow.q0.loc)
    elif name == "nflows_flow":
        back = flow._transform.inverse(z * flow._distribution.log_std_.exp() + flow._distribution.mean_)[0]
    else:
        back = distribution.transform.inv(z)
    assert torch.allclose(back, rows, atol=1e-6), "the flow's inverse does not lead back"
    print(name, done.stdout.strip())


def check_pickled(folder, x):
    """The flow itself in a file; a name that is a flow, not a function."""
    torch.save(torch.nn.Identity(), os.path.join(folder, "model.pt"))
    done = run(folder, "model.pt", "x.npy", "pairs.npz")
    assert done.returncode == 0, done.stderr
    with np.load(os.path.join(folder, "pairs.npz")) as pairs:
        assert sorted(pairs.files) == ["x", "y"] and np.array_equal(pairs["x"], pairs["y"])


def check_function(folder, x):
    np.savez(os.path.join(folder, "test.npz"), x=x[:9])
    done = run(folder, "own.py:whitened", "x.npy", "pairs.npz", "--test", "test.npz")
    assert done.returncode == 0, done.stderr
    with np.load(os.path.join(folder, "pairs.npz")) as pairs:
        assert sorted(pairs.files) == [a + b for a in ("logdet", "x", "y") for b in ("_test", "_train")]
        assert pairs["y_train"].dtype == np.float32 and len(pairs["y_test"]) == 9
        assert np.allclose(pairs["y_train"], (x - 1) / 2, atol=1e-6)
        assert np.allclose(pairs["logdet_test"], -2 * np.log(2))
    done = run(folder, "own.py:without_logdet", "x.npy", "alone.npz")
    assert done.returncode == 0 and sorted(np.load(os.path.join(folder, "alone.npz")).files) == ["x", "y"]


def check_refusals(folder):
    np.save(os.path.join(folder, "list.npy"), np.zeros(5))
    np.save(os.path.join(folder, "nan.npy"), np.full((5, 2), np.nan))
    for arguments, said in ((("own.py:nothing", "x.npy"), "there is no nothing"),
                            (("none.py:flow", "x.npy"), "no Python file"),
                            (("own.py:wide", "x.npy"), "it made"),
                            (("own.py:odd_flow", "x.npy"), "none of the libraries"),
                            (("own.py:uniform_flow", "x.npy"), "is Uniform, not normal"),
                            (("own.py:whitened", "none.npy"), "none.npy"),
                            (("own.py:whitened", "list.npy"), "shape (n, d)"),
                            (("own.py:whitened", "nan.npy"), "finite"),
                            (("none.pt", "x.npy"), "none.pt")):
        done = run(folder, *arguments, "refused.npz")
        assert done.returncode != 0 and said in done.stderr, (arguments, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
    assert not os.path.exists(os.path.join(folder, "refused.npz"))


def check_training(folder):
    """A trainer takes the pairs: one epoch."""
    with open(os.path.join(folder, "own.yaml"), "w") as spec:
        spec.write("name: own\ndimension: 2\ndata: {pairs: pairs.npz}\nflow: {hidden: [5], steps: 2}\n"
                   "train: {epochs: 1, batch: 32}\n")
    for command in ("%s own.yaml -o own" % os.environ.get("GPFC", "gpfc"), "./own train --out run --quiet",
                    "./own evaluate run/model.safetensors"):
        subprocess.run(command.split(), cwd=folder, check=True)


def main(folder):
    with open(os.path.join(folder, "own.py"), "w") as code:
        code.write(CODE)
    x = np.random.default_rng(3).normal(size=(100, 2)) * [2.0, 0.5]
    np.save(os.path.join(folder, "x.npy"), x)
    for library in ("zuko", "nflows", "normflows"):
        if importlib.util.find_spec(library):
            check_library(folder, x, library + "_flow")
        else:
            print(library, "is missing: left out")
    check_function(folder, x)
    check_training(folder)
    check_pickled(folder, x)
    check_refusals(folder)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gpfc-pairs-") as scratch:
        main(scratch)
