# SPDX-License-Identifier: MIT
"""Random specs: small ones, of every kind. A spec is a dictionary as in YAML, with what the mathematics needs
written out."""
import json

LANES = [0, 0, 0, 2, 4, 8, 16, 32]


def random_spec(draw):
    """draw: a random.Random."""
    kind = draw.choice(["none", "none", "none", "bnaf", "ffjord", "cp_flow"])
    d = draw.choice([2, 2, 3, 3, 4, 5, 6, 8]) if kind == "none" else draw.choice([1, 2, 2, 3, 4])
    spec = {"name": "flow", "dimension": d,
            "precision": draw.choice(["double", "double", "double", "single"]),
            "data": {"pairs": "none.npz"} if kind == "none" else {"samples": "none.npy"},
            "flow": random_flow(draw, d), "cost": {"kind": "squared"}, "penalty": {"kind": "none"},
            "target": random_target(draw)}
    if draw.random() < 0.3:
        spec["cost"] = {"kind": "l1", "smoothing": draw.choice([1e-3, 0.1, 1.0])}
    if kind == "none" and d <= 4 and draw.random() < 0.5:
        spec["penalty"] = {"kind": "euler", "weight": 1e-3,
                           "derivative": draw.choice(["exact", "difference"]),
                           "noise": draw.choice(["sample", "step"])}
    if kind != "none":
        spec["base"] = {"kind": kind, **random_base(draw, kind, d)}
    return spec


def random_flow(draw, d):
    widths = [draw.choice([1, 2, 3, 5, 7, 8, 12]) for _ in range(draw.choice([1, 1, 2, 2, 3]))]
    return {"field": draw.choice(["gaussian", "cube"]), "potential": draw.choice(["folded", "blocks"]),
            "hidden": widths, "activation": draw.choice(["tanh", "softplus", "sin", "silu"]),
            "integrator": draw.choice(["euler", "midpoint", "rk4"]), "steps": draw.choice([1, 2, 3, 5])}


def random_base(draw, kind, d):
    if kind == "bnaf":
        return {"hidden": [d * draw.choice([1, 2, 3]) for _ in range(draw.choice([1, 2, 3]))],
                "blocks": draw.choice([1, 2, 3]), "tail": draw.choice(["linear", "bounded"])}
    if kind == "ffjord":
        base = {"hidden": [draw.choice([1, 3, 6, 8]) for _ in range(draw.choice([1, 2]))],
                "blocks": draw.choice([1, 2]), "activation": draw.choice(["tanh", "softplus"]),
                "integrator": draw.choice(["euler", "midpoint", "rk4"]), "steps": draw.choice([1, 2, 4]),
                "divergence": draw.choice(["exact", "hutchinson"]),
                "kinetic": draw.choice([0, 0.1]), "jacobian": draw.choice([0, 0.2])}
        if base["divergence"] == "hutchinson":
            base["noise"] = draw.choice(["gaussian", "rademacher"])
        return base
    width = draw.choice([2, 4, 6])
    return {"hidden": [width] * draw.choice([1, 2, 3]), "blocks": draw.choice([1, 2, 3]), "logdet": "exact",
            "tail": draw.choice(["linear", "bounded"])}


def random_target(draw):
    target = {"lanes": draw.choice(LANES), "keep": draw.choice(["automatic", "automatic", "state", "all"])}
    if draw.random() < 0.3:
        target["cpu"] = draw.choice(["x86-64", "haswell"])
    return {key: value for key, value in target.items() if value}


def text(spec):
    """JSON is YAML."""
    return json.dumps(spec)


def smaller(spec):
    """Specs that are a step simpler: what a failing one is reduced to."""
    flow, simple = spec["flow"], {"activation": "tanh", "integrator": "euler", "potential": "folded",
                                  "field": "gaussian", "steps": 1}
    for key, value in simple.items():
        if flow[key] != value:
            yield {**spec, "flow": {**flow, key: value}}
    if len(flow["hidden"]) > 1:
        yield {**spec, "flow": {**flow, "hidden": flow["hidden"][:-1]}}
    if spec["cost"]["kind"] != "squared":
        yield {**spec, "cost": {"kind": "squared"}}
    if spec["penalty"]["kind"] != "none":
        yield {**spec, "penalty": {"kind": "none"}}
    if spec["target"]:
        yield {**spec, "target": {}}
    if spec["precision"] != "double":
        yield {**spec, "precision": "double"}
    if "base" in spec and spec["base"]["blocks"] > 1:
        yield {**spec, "base": {**spec["base"], "blocks": 1}}
    if "base" in spec and len(spec["base"]["hidden"]) > 1:
        yield {**spec, "base": {**spec["base"], "hidden": spec["base"]["hidden"][:-1]}}
