#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A base flow that was trained with PyTorch, as the file that `train --base` takes.

    python3 base_from_torch.py WEIGHTS OUT.safetensors [--precision single|double] [--code FOLDER]

WEIGHTS is a state_dict of the classes BNAF, FFJORD or CPFlow of the GPFlow code (github.com/morel-g/GPFlow),
as torch.save(model.state_dict(), WEIGHTS) writes it, or numpy.savez(WEIGHTS, **arrays) with the same names;
which of the three it is shows in the names. A checkpoint with a "state_dict" in it will do, and so do names
with something in front ("nf.flow.0.0._weight"). A file with the pickled model itself needs --code, the folder
of the code it was made by: reading it runs that code, so trust both.

The weights must be those of the map data -> N(0, I): every class's `forward`. Of FFJORD the end time T need
not be 1; gpfc's velocity is T v(T s, x) on 0 <= s <= 1, which these weights become exactly. CPFlow must have
been made with softplus_type="gaussian_softplus", and have seen data, so that its ActNorms are initialised;
neither shows in its weights.

Prints the lines that a spec needs for it. Then, with such a spec, one says

    gpfc SPEC -o trainer
    ./trainer train --base OUT.safetensors --out run

Needs numpy, and torch unless WEIGHTS is an .npz.
"""
import argparse
import json
import re
import struct
import sys
import zipfile

try:
    import numpy as np
except ImportError:
    print("numpy is missing: skipped")
    sys.exit(77)


class Refused(Exception):
    """What a user can do something about."""


# ---- reading --------------------------------------------------------------------------------------------


def state_of(found):
    """The state_dict in what torch.load has found: itself, in a checkpoint, or of a model."""
    if hasattr(found, "state_dict"):
        found = found.state_dict()
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict):
        raise Refused("it holds neither a state_dict nor a model")
    return found


def load_torch(path, code):
    try:
        import torch
    except ImportError:
        raise Refused("torch is needed to read it (an .npz of the same arrays is not)")
    if code:
        sys.path.insert(0, code)
    try:
        found = torch.load(path, map_location="cpu", weights_only=not code)
    except OSError as error:
        raise Refused(error.strerror or str(error))
    except Exception as error:  # pickle raises anything
        hint = "" if code else "; is it a pickled model? Then give the folder of its code by --code"
        raise Refused(f"torch cannot read it: {str(error).splitlines()[0]}{hint}")
    state = state_of(found)
    return {name: tensor.detach().numpy() for name, tensor in state.items() if torch.is_tensor(tensor)}


def load(path, code):
    """Arrays by their names."""
    if not path.endswith(".npz"):
        return load_torch(path, code)
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except OSError as error:
        raise Refused(error.strerror or str(error))
    except (ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile):
        raise Refused("it is not an .npz of plain arrays")


# ---- names ----------------------------------------------------------------------------------------------
# Each function gives {name of gpfc: array} and what the spec says of the base flow.


def rank(numbers):
    """{number: its place among them}"""
    return {number: place for place, number in enumerate(sorted(set(numbers)))}


def find(state, pattern):
    """[(numbers and words in the pattern, array)] of the names that end so; digits become numbers."""
    found = []
    for name, array in state.items():
        match = re.search(r"(?:^|\.)" + pattern + "$", name)
        if match:
            found.append((*(int(g) if g.isdigit() else g for g in match.groups()), array))
    return found


def bnaf(state):
    """flow.I.J._weight: block I, a permutation stands between two; layer J, a tanh stands between two."""
    layers = find(state, r"(\d+)\.(\d+)\.(_weight|_diag_weight|bias)")
    called = {"_weight": "weight", "_diag_weight": "log_scale", "bias": "bias"}
    block_of, out = rank(block for block, *_ in layers), {}
    layer_of = {block: rank(layer for b, layer, *_ in layers if b == block) for block in block_of}
    for block, layer, what, array in layers:
        prefix = f"base.block{block_of[block]}.layer{layer_of[block][layer]}."
        out[prefix + called[what]] = array if what == "_weight" else array.reshape(-1)
    for block, array in find(state, r"(\d+)\.gate"):
        if block not in block_of:
            raise Refused(f"a gate of block {block}, which has no layers")
        out[f"base.block{block_of[block]}.gate"] = array.reshape(-1)
    return out, {"kind": "bnaf", "blocks": len(block_of), "layer": "base.block0.layer{}.weight"}


def ffjord(state):
    """model.chain.C.odefunc.diffeq.layers.K: a linear layer, gated by a function of the time."""
    if any(re.search(r"chain\.\d+\.(running_mean|step)$", name) for name in state):
        raise Refused("there are batch normalisations between its CNFs, which gpfc has not")
    called = {"_layer.weight": "weight", "_layer.bias": "bias", "_hyper_gate.weight": "gate_weight",
              "_hyper_gate.bias": "gate_bias", "_hyper_bias.weight": "time_weight"}
    layers = find(state, r"chain\.(\d+)\.(?:odefunc\.)+diffeq\.layers\.(\d+)\.(.+)")
    cnf_of, out = rank(cnf for cnf, *_ in layers), {}
    ends = {cnf_of[cnf]: float(root) ** 2 for cnf, root in find(state, r"chain\.(\d+)\.sqrt_end_time")
            if cnf in cnf_of}
    last = max((layer for _, layer, *_ in layers), default=0)
    for cnf, layer, what, array in layers:
        if what not in called:
            raise Refused(f"a layer of it has a {what}; layers of the type concatsquash have none")
        end, name = ends.get(cnf_of[cnf], 1.0), called[what]
        # t = T s: in the gate and the shift p t, and before v of the last layer, whose shift has it twice.
        power = (name in ("gate_weight", "time_weight")) + (layer == last and not name.startswith("gate"))
        array = (array if name == "weight" else array.reshape(-1)).astype(np.float64) * end**power
        out[f"base.cnf{cnf_of[cnf]}.layer{layer}.{name}"] = array
    return out, {"kind": "ffjord", "blocks": len(cnf_of), "layer": "base.cnf0.layer{}.weight"}


def cp_flow(state):
    """flow.flows.I: an ActNorm where I is even, else a convex flow."""
    norms = {"b": "shift", "logs": "log_scale"}
    out = {}
    for i, what, array in find(state, r"flows\.(\d+)\.(b|logs)"):
        out[f"base.norm{i // 2}.{norms[what]}"] = array.reshape(-1)
    for i, what, array in find(state, r"flows\.(\d+)\.(w0|w1)"):
        out[f"base.convex{i // 2}.{'quadratic' if what == 'w0' else 'amount'}"] = array.reshape(-1)
    for i, what, k, part, array in find(state, r"flows\.(\d+)\.icnn\.(Wzs|Wxs|Wx2s)\.(\d+)\.(weight|bias)"):
        letter = {"Wzs": "z", "Wxs": "x", "Wx2s": "a"}[what]
        out[f"base.convex{i // 2}.{letter}{k}.{part}"] = array
    for i, k, what, array in find(state, r"flows\.(\d+)\.icnn\.actnorms\.(\d+)\.(b|logs)"):
        out[f"base.convex{i // 2}.norm{k}.{norms[what]}"] = array.reshape(-1)
    blocks = 1 + max((i // 2 for i, *_ in find(state, r"flows\.(\d+)\.(w0)")), default=0)
    return out, {"kind": "cp_flow", "blocks": blocks, "layer": "base.convex0.z{}.weight"}


def convert(state):
    marks = {"_diag_weight": bnaf, "_hyper_gate.weight": ffjord, "icnn.Wzs.0.weight": cp_flow}
    for mark, function in marks.items():
        if any(name.endswith(mark) for name in state):
            out, base = function(state)
            check(out, base)
            return out, base
    names = ", ".join(list(state)[:3]) or "nothing"
    raise Refused(f"no BNAF, FFJORD or CPFlow: it holds {names}, ...")


# ---- shapes ---------------------------------------------------------------------------------------------


def widths(out, pattern):
    """Widths of what leaves the first layers, by their weights."""
    sizes = []
    while pattern.format(len(sizes)) in out:
        sizes.append(out[pattern.format(len(sizes))].shape[0])
    return sizes


def wanted_cp_flow(base):
    d, n, depth = base["d"], base["hidden"][0], len(base["hidden"])
    for m in range(base["blocks"] + (base["blocks"] > 1)):
        yield from ((f"norm{m}.{what}", (d,)) for what in ("shift", "log_scale"))
    for c in range(base["blocks"]):
        yield from ((f"convex{c}.{what}", (1,)) for what in ("quadratic", "amount"))
        yield from ((f"convex{c}.z0.weight", (n, d)), (f"convex{c}.z0.bias", (n,)))
        for k in range(1, depth + 1):
            out = n // 2 if k < depth else 1
            yield f"convex{c}.z{k}.weight", (out, n)
            yield f"convex{c}.x{k - 1}.weight", (out, d)
            yield from ((f"convex{c}.norm{k - 1}.{what}", (out,)) for what in ("shift", "log_scale"))
            if k < depth:
                yield f"convex{c}.z{k}.bias", (out,)
                yield f"convex{c}.x{k - 1}.bias", (out,)
                yield from ((f"convex{c}.a{k - 1}.weight", (out, d)), (f"convex{c}.a{k - 1}.bias", (out,)))


def wanted(base):
    """(name, shape) of every array that gpfc asks for."""
    if base["kind"] == "cp_flow":
        yield from wanted_cp_flow(base)
        return
    part, vectors = {"bnaf": ("block", ("log_scale", "bias")),
                     "ffjord": ("cnf", ("bias", "gate_weight", "gate_bias", "time_weight"))}[base["kind"]]
    sizes = [base["d"], *base["hidden"], base["d"]]
    for block in range(base["blocks"]):
        for k, (inner, outer) in enumerate(zip(sizes, sizes[1:])):
            yield f"{part}{block}.layer{k}.weight", (outer, inner)
            yield from ((f"{part}{block}.layer{k}.{what}", (outer,)) for what in vectors)
        if base["kind"] == "bnaf" and block + 1 < base["blocks"]:
            yield f"block{block}.gate", (1,)


def check(out, base):
    """Every array is there, of the right shape, finite, and no other."""
    for name, array in out.items():
        if array.dtype.kind not in "fiu":
            raise Refused(f"{name} contains {array.dtype}, not numbers")
    first = base["layer"].format(0)
    if first not in out:
        raise Refused("its first layer is missing")
    for name, array in out.items():
        if name.endswith(".weight") and array.ndim != 2:
            raise Refused(f"{name} has shape {array.shape}, not (out, in)")
    sizes = widths(out, base["layer"])
    base["d"], base["hidden"] = out[first].shape[1], sizes[:-1]
    if base["kind"] == "cp_flow":  # the convex layers are half as wide; the widths are those of z
        base["hidden"] = [sizes[0]] * (len(sizes) - 1)
    shapes = {f"base.{name}": shape for name, shape in wanted(base)}
    for name in sorted(set(shapes) | set(out)):
        if name not in out:
            raise Refused(f"what would be {name} is missing")
        if name not in shapes:
            raise Refused(f"{name}, of shape {out[name].shape}, has no place in a flow of this kind and size")
        if out[name].shape != shapes[name]:
            raise Refused(f"{name} has shape {out[name].shape}, not {shapes[name]}: blocks must be as wide")
        if not np.isfinite(out[name]).all():
            raise Refused(f"{name} is not finite")


# ---- writing --------------------------------------------------------------------------------------------


def write_safetensors(path, arrays, dtype):
    """Eight bytes of header length, a header in JSON, then the numbers; all little endian."""
    header, offset, chunks = {}, 0, []
    for name, array in arrays.items():
        chunk = np.ascontiguousarray(array, dtype=dtype).tobytes()
        header[name] = {"dtype": "F32" if dtype == "<f4" else "F64", "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(chunk)]}
        offset += len(chunk)
        chunks.append(chunk)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def precision_of(state):
    """double where any array of numbers is"""
    double = any(array.dtype == np.float64 for array in state.values() if array.size > 1)
    return "double" if double else "single"


def spec_lines(base, precision):
    hidden = ", ".join(str(width) for width in base["hidden"])
    tail = ", tail: bounded" if base["kind"] in ("bnaf", "cp_flow") else ""
    return (f"dimension: {base['d']}\nprecision: {precision}\n"
            f"base: {{kind: {base['kind']}, hidden: [{hidden}], blocks: {base['blocks']}{tail}}}")


def main():
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_it_is)
    parser.add_argument("weights", metavar="WEIGHTS", help="a state_dict (.pt), a checkpoint, or an .npz")
    parser.add_argument("out", metavar="OUT.safetensors")
    parser.add_argument("--precision", choices=("single", "double"), help="of the spec; the weights' own")
    parser.add_argument("--code", metavar="FOLDER", help="of the code that pickled the model; it is run")
    arguments = parser.parse_args()
    try:
        state = load(arguments.weights, arguments.code)
        out, base = convert(state)
    except Refused as reason:
        sys.exit(f"{arguments.weights}: {reason}")
    precision = arguments.precision or precision_of(state)
    try:
        write_safetensors(arguments.out, out, "<f4" if precision == "single" else "<f8")
    except OSError as error:
        sys.exit(f"{arguments.out}: {error.strerror or error}")
    print(spec_lines(base, precision))


if __name__ == "__main__":
    main()
