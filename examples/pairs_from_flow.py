#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pairs x, z = f(x) of a flow trained elsewhere, for gpfc to train a Gaussian-preserving flow after it.

    python3 pairs_from_flow.py FLOW DATA OUT.npz [--test DATA] [--double] [--batch ROWS] [--state STATE.pt]

FLOW is a trained normalizing flow of zuko, nflows or normflows, or a function, given as

    my_code.py:name     what `name` is in that file: a flow, or a function without arguments that makes one;
                        --state reads its state_dict
    model.pt            the flow itself, as torch.save(flow, "model.pt") writes it. Reading it runs code of
                        the file: trust it

A function takes x [n, d] and returns z and log|det dz/dx| [n], or only z. Of a flow it is asked which way
leads to the base distribution. That has to be normal, with independent coordinates; where it is not the
standard normal its mean and deviation are taken into f. Whether all this was understood is checked: on some
rows the density by z and log|det| must be what the flow itself says (log_prob).

DATA are the flow's data, [n, d]: an .npy, or an .npz with an array x.
OUT.npz gets x, y (that is z) and logdet; with --test x_train, y_train, logdet_train and x_test, ... Then

    data: {pairs: OUT.npz}

in a spec of that dimension is all that gpfc needs: `./trainer train` finds the flow that keeps the Gaussian
and moves f's output closest to the data, and x -> s(f(x)) has the likelihood of f.

Needs numpy and torch. Example, with zuko:

    # own.py
    import zuko
    def flow():
        return zuko.flows.NSF(features=2, transforms=3)

    python3 pairs_from_flow.py own.py:flow data.npy pairs.npz --state trained.pt
"""
import argparse
import contextlib
import importlib.util
import math
import os
import sys

try:
    import numpy as np
    import torch
except ImportError as missing:
    print(f"{missing.name} is missing: skipped")
    sys.exit(77)

CHECKED_ROWS = 64


class Refused(Exception):
    """What a user can do something about."""


@contextlib.contextmanager
def refusing(what):
    """Code and files of the user may raise anything: its first line, after what it is about."""
    try:
        yield
    except (Refused, OSError):
        raise
    except Exception as error:
        raise Refused(f"{what}: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}")


# ---- the flow ---------------------------------------------------------------------------------------------


def from_code(place):
    """FILE.py:NAME"""
    path, name = place.rsplit(":", 1)
    spec = importlib.util.spec_from_file_location("flow_code", path)
    if spec is None or not os.path.exists(path):
        raise Refused(f"{path}: no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["flow_code"] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    with refusing(path):
        spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise Refused(f"{path}: there is no {name} in it")
    return getattr(module, name)


def is_flow(thing):
    return isinstance(thing, torch.nn.Module) or hasattr(thing, "call_and_ladj")


def takes_nothing(function):
    code = getattr(function, "__code__", None)
    return isinstance(function, type) or (code is not None and code.co_argcount == 0)


def load_flow(place, state):
    if ".py:" in place:
        flow = from_code(place)
        if not is_flow(flow) and takes_nothing(flow):
            with refusing(place):
                flow = flow()
    else:
        sys.path.insert(0, os.getcwd())
        with refusing(place):
            flow = torch.load(place, map_location="cpu", weights_only=False)
    if state:
        with refusing(state):
            flow.load_state_dict(torch.load(state, map_location="cpu", weights_only=True))
    if not callable(flow) and not is_flow(flow):
        raise Refused(f"{place}: neither a flow nor a function")
    return flow


# ---- which way leads to the base distribution -----------------------------------------------------------
# Each function gives f: x -> z, log|det dz/dx|; mean and deviation of z; and log_prob, or None.


def of_zuko(flow):
    distribution = flow() if isinstance(flow, torch.nn.Module) else flow
    base = distribution.base
    while hasattr(base, "base_dist"):  # Independent
        base = base.base_dist
    if not isinstance(base, torch.distributions.Normal):
        raise Refused(f"its base distribution is {type(base).__name__}, not normal")
    return distribution.transform.call_and_ladj, base.loc, base.scale, distribution.log_prob


def of_nflows(flow):
    base = flow._distribution
    if type(base).__name__ == "StandardNormal":
        return flow._transform, torch.zeros(()), torch.ones(()), flow.log_prob
    if type(base).__name__ == "DiagonalNormal":
        return flow._transform, base.mean_, base.log_std_.exp(), flow.log_prob
    raise Refused(f"its base distribution is {type(base).__name__}, not normal")


def of_normflows(flow):
    base = flow.q0
    if type(base).__name__ != "DiagGaussian":
        raise Refused(f"its base distribution is {type(base).__name__}, not normal")
    return flow.inverse_and_log_det, base.loc, base.log_scale.exp(), flow.log_prob


def of_function(function):
    def map_rows(x):
        out = function(x)
        return out if isinstance(out, tuple) else (out, None)

    return map_rows, torch.zeros(()), torch.ones(()), None


def understand(flow):
    if hasattr(flow, "q0") and hasattr(flow, "inverse_and_log_det"):
        return of_normflows(flow)
    if hasattr(flow, "_transform") and hasattr(flow, "_distribution"):
        return of_nflows(flow)
    if hasattr(flow, "base") and (hasattr(flow, "transform") or hasattr(flow, "transforms")):
        return of_zuko(flow)
    if isinstance(flow, torch.nn.Module) and hasattr(flow, "sample"):
        raise Refused("a flow of none of the libraries zuko, nflows and normflows: give a function of x")
    return of_function(flow)


# ---- pairs ------------------------------------------------------------------------------------------------


def map_block(parts, x):
    map_rows, mean, deviation, _ = parts
    with refusing(f"f(x) of x, {tuple(x.shape)}"):
        z, logdet = map_rows(x)
    if z.shape != x.shape:
        raise Refused(f"of x, {tuple(x.shape)}, it made {tuple(z.shape)}")
    z = (z - mean) / deviation
    if logdet is not None:
        logdet = logdet.reshape(-1) - torch.log(deviation.reshape(-1)).expand(x.shape[1]).sum()
    return z, logdet


def make_pairs(parts, x, batch):
    blocks = [map_block(parts, block) for block in x.split(batch)]
    z = torch.cat([block[0] for block in blocks])
    logdet = torch.cat([block[1] for block in blocks]) if blocks[0][1] is not None else None
    if not torch.isfinite(z).all() or (logdet is not None and not torch.isfinite(logdet).all()):
        raise Refused("what it makes of the data is not finite everywhere")
    return z, logdet


def check_density(parts, x):
    """log N(z; 0, I) + log|det dz/dx| is the flow's own log_prob."""
    log_prob = parts[3]
    if log_prob is None:
        return
    z, logdet = map_block(parts, x)
    own = logdet - 0.5 * (z * z).sum(1) - 0.5 * x.shape[1] * math.log(2 * math.pi)
    gap = (own - log_prob(x).reshape(-1)).abs().max().item()
    size = 1 + own.abs().max().item()
    if not gap < 1e-3 * size:
        raise Refused(f"z and log|det| give densities that differ from its log_prob by {gap:.2g}")


def read_rows(path, dtype):
    try:
        rows = np.load(path)
        rows = rows["x"] if path.endswith(".npz") else rows
    except OSError:
        raise
    except Exception as error:  # numpy and zipfile have many
        raise Refused(f"{path}: {error}")
    if rows.dtype.kind not in "fiu":
        raise Refused(f"{path}: numbers are needed, not {rows.dtype}")
    if rows.ndim != 2 or len(rows) == 0 or not np.isfinite(rows).all():
        raise Refused(f"{path}: rows of finite numbers are needed, shape (n, d), not {rows.shape}")
    return torch.tensor(rows, dtype=dtype)


def write(path, halves):
    """{suffix: (x, z, logdet)}"""
    arrays = {}
    for suffix, (x, z, logdet) in halves.items():
        arrays["x" + suffix], arrays["y" + suffix] = x.numpy(), z.numpy()
        if logdet is not None:
            arrays["logdet" + suffix] = logdet.numpy()
    np.savez(path, **arrays)
    for suffix, (x, z, logdet) in halves.items():
        nll = ""
        if logdet is not None:
            d = x.shape[1]
            per_row = 0.5 * (z * z).sum(1) + 0.5 * d * math.log(2 * math.pi) - logdet
            nll = f", nll {per_row.mean().item():.4f}"
        cost = ((x - z) ** 2).sum(1).mean().item()
        print(f"x{suffix}: {len(x)} rows of {x.shape[1]}, cost {cost:.4f}{nll}")


def run(arguments):
    dtype = torch.float64 if arguments.double else torch.float32
    flow = load_flow(arguments.flow, arguments.state)
    if isinstance(flow, torch.nn.Module):
        flow = flow.to(dtype).eval()
    x = read_rows(arguments.data, dtype)
    with torch.no_grad():
        parts = understand(flow)
        check_density(parts, x[:CHECKED_ROWS])
        halves = {"_train" if arguments.test else "": (x, *make_pairs(parts, x, arguments.batch))}
        if arguments.test:
            x = read_rows(arguments.test, dtype)
            halves["_test"] = (x, *make_pairs(parts, x, arguments.batch))
    write(arguments.out, halves)


def main():
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_it_is)
    parser.add_argument("flow", metavar="FLOW", help="FILE.py:NAME or MODEL.pt")
    parser.add_argument("data", metavar="DATA", help="rows x that the flow was trained on")
    parser.add_argument("out", metavar="OUT.npz")
    parser.add_argument("--test", metavar="DATA", help="other rows, for the test")
    parser.add_argument("--state", metavar="STATE.pt", help="a state_dict of the flow")
    parser.add_argument("--double", action="store_true", help="compute and write float64")
    parser.add_argument("--batch", type=int, default=4096, metavar="ROWS", help="at a time (4096)")
    arguments = parser.parse_args()
    try:
        run(arguments)
    except (Refused, OSError) as reason:
        sys.exit(f"{arguments.flow}: {reason}")


if __name__ == "__main__":
    main()
