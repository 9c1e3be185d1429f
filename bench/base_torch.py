#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Training steps of base flows: PyTorch on one thread beside a gpfc trainer on one thread.

    python3 bench/base_torch.py [--seconds 5] [--case NAME ...] [--no-gpfc] [--compile] [--json]

A step is the mean negative log likelihood of a batch of 1024, its gradient, and Adam; single precision. The
flows are written here anew from their papers' formulas, in the way that the published PyTorch code takes:

    bnaf      block neural autoregressive flow (De Cao et al. 2019), log-derivatives by log-sum-exp
    ffjord    free-form continuous flow (Grathwohl et al. 2019) with concat-squash layers, in several ways:
      rk4             as gpfc trains: 8 equal steps of RK4 a block, differentiated as they stand; "exact": the
                      divergence from the Jacobian, carried through the layers; "hutchinson": by one tangent.
                      Both by hand, without a second automatic differentiation, as nobody has published it
      rk4-autograd    the same steps; the divergence by automatic differentiation, as published
      dopri5          as published: adaptive steps of torchdiffeq with tolerance 1e-5, gradient by the adjoint
    cp_flow   convex potential flow (Huang et al. 2021); "exact": the Hessian row by row; "estimate": the
              log-determinant's gradient by conjugate gradients

Where a flow's log-determinant is exact, it is compared with that of its Jacobian before anything is timed.
gpfc's column is `TRAINER bench --stage base`. Each case is measured alternately, PyTorch and gpfc, in three
rounds; reported are the minimum and the median of all steps, and the ratio of the medians and of the minima
(less disturbed where others use the machine). GPFC in the environment names the compiler, else it is looked
for in PATH.

Needs numpy and torch; torchdiffeq for dopri5. Take a machine that does nothing else.
"""
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    print(f"{missing.name} is missing: skipped")
    sys.exit(77)
try:
    from torchdiffeq import odeint_adjoint
except ImportError:
    odeint_adjoint = None

BATCH, STEPS, ROUNDS, WARM = 1024, 8, 3, 3
LOG_2 = math.log(2)


# ---- BNAF -------------------------------------------------------------------------------------------------


class MaskedLayer(torch.nn.Module):
    """W = exp(s) U / |U| by rows, U = exp(V) on the diagonal blocks, V below; h W^T + b."""

    def __init__(self, d, inner, outer):
        super().__init__()
        self.d = d
        row, column = torch.arange(outer) * d // outer, torch.arange(inner) * d // inner
        self.register_buffer("diagonal", (row[:, None] == column).float())
        self.register_buffer("below", (row[:, None] > column).float())
        self.V = torch.nn.Parameter(torch.randn(outer, inner) / inner**0.5)
        self.s = torch.nn.Parameter(torch.rand(outer, 1).log())
        self.b = torch.nn.Parameter((2 * torch.rand(outer) - 1) / outer**0.5)
        own = torch.arange(inner).reshape(d, -1).repeat_interleave(outer // d, 0)
        self.register_buffer("own", own)  # [outer, inner/d]: columns of each row's own block

    def forward(self, h, A):
        U = self.V.exp() * self.diagonal + self.V * self.below
        log_q = 0.5 * (U * U).sum(1, keepdim=True).log()
        W = (self.s - log_q).exp() * U
        M = (self.s + self.V - log_q).gather(1, self.own).reshape(self.d, -1, self.own.shape[1])
        if A is None:  # [B, d, outer/d]
            A = M[None, :, :, 0].expand(h.shape[0], -1, -1)
        else:
            A = torch.logsumexp(M[None] + A[:, :, None, :], -1)
        return h @ W.T + self.b, A


class BNAF(torch.nn.Module):
    def __init__(self, d, width, layers, blocks):
        super().__init__()
        sizes = [d] + [width] * layers + [d]
        self.blocks = torch.nn.ModuleList(
            torch.nn.ModuleList(MaskedLayer(d, *pair) for pair in zip(sizes, sizes[1:]))
            for _ in range(blocks))
        self.gates = torch.nn.ParameterList(torch.nn.Parameter(torch.randn(1)) for _ in range(blocks - 1))

    def block(self, layers, x):
        h, A = x, None
        for k, layer in enumerate(layers):
            if k > 0:
                A = A + (2 * LOG_2 - 2 * h - 2 * F.softplus(-2 * h)).reshape(A.shape)
                h = torch.tanh(h)
            h, A = layer(h, A)
        return h, A.squeeze(-1)

    def forward(self, x):
        logdet = 0
        for layers, gate in zip(self.blocks, self.gates):
            y, A = self.block(layers, x)
            share = torch.sigmoid(gate)
            logdet = logdet + (F.softplus(A + gate) - F.softplus(gate)).sum(1)
            x = (share * y + (1 - share) * x).flip(1)
        y, A = self.block(self.blocks[-1], x)
        return y, logdet + A.sum(1)


# ---- FFJORD -----------------------------------------------------------------------------------------------


class Velocity(torch.nn.Module):
    """Layers (h W^T + b) sigmoid(u t + c) + p t, tanh between them; with the divergence, or its estimate."""

    def __init__(self, d, hidden, way):
        super().__init__()
        sizes = [d, *hidden, d]
        self.layers = torch.nn.ModuleList(torch.nn.Linear(*pair) for pair in zip(sizes, sizes[1:]))
        self.gates = torch.nn.ModuleList(torch.nn.Linear(1, size) for size in sizes[1:])
        self.shifts = torch.nn.ModuleList(torch.nn.Linear(1, size, bias=False) for size in sizes[1:])
        self.way, self.e = way, None

    def plain(self, t, x):
        t = t.reshape(1)
        for k, (layer, gate, shift) in enumerate(zip(self.layers, self.gates, self.shifts)):
            x = torch.tanh(x) if k > 0 else x
            x = layer(x) * torch.sigmoid(gate(t)) + shift(t)
        return x

    def by_autograd(self, t, x):
        with torch.enable_grad():
            x = x.requires_grad_(True)
            v = self.plain(t, x)
            if self.way.endswith("exact"):
                columns = range(x.shape[1])
                rows = [torch.autograd.grad(v[:, i].sum(), x, create_graph=True)[0] for i in columns]
                return v, sum(rows[i][:, i] for i in columns)
            return v, (torch.autograd.grad(v, x, self.e, create_graph=True)[0] * self.e).sum(1)

    def by_hand(self, t, x):
        """dx: [B, tangents, width]; the exact divergence takes the d unit vectors."""
        exact, t = self.way.endswith("exact"), t.reshape(1)
        dx = None if exact else self.e[:, None, :]
        for k, (layer, gate, shift) in enumerate(zip(self.layers, self.gates, self.shifts)):
            if k > 0:
                x = torch.tanh(x)
                dx = dx * (1 - x * x)[:, None, :]
            g = torch.sigmoid(gate(t))
            x = layer(x) * g + shift(t)
            W = layer.weight * g[:, None]
            dx = W.T[None].expand(x.shape[0], -1, -1) if dx is None else dx @ W.T
        if exact:
            return x, torch.diagonal(dx, dim1=1, dim2=2).sum(1)
        return x, (dx[:, 0] * self.e).sum(1)

    def forward(self, t, state):  # torchdiffeq's
        v, divergence = self.by_autograd(t, state[0])
        return v, divergence


class FFJORD(torch.nn.Module):
    def __init__(self, d, hidden, blocks, way):
        super().__init__()
        self.fields = torch.nn.ModuleList(Velocity(d, hidden, way) for _ in range(blocks))
        self.way = way

    def rk4(self, field, x, logdet):
        h = 1.0 / STEPS
        rate = field.by_autograd if "autograd" in self.way else field.by_hand
        for step in range(STEPS):
            t = x.new_tensor(step * h)
            k1, l1 = rate(t, x)
            k2, l2 = rate(t + h / 2, x + h / 2 * k1)
            k3, l3 = rate(t + h / 2, x + h / 2 * k2)
            k4, l4 = rate(t + h, x + h * k3)
            x = x + h / 6 * (k1 + 2 * (k2 + k3) + k4)
            logdet = logdet + h / 6 * (l1 + 2 * (l2 + l3) + l4)
        return x, logdet

    def forward(self, x):
        logdet = x.new_zeros(len(x))
        for field in self.fields:
            field.e = torch.randn_like(x)
            if self.way.startswith("dopri5"):
                states = odeint_adjoint(field, (x, logdet), torch.tensor([0.0, 1.0]), atol=1e-5, rtol=1e-5,
                                        method="dopri5")
                x, logdet = states[0][1], states[1][1]
            else:
                x, logdet = self.rk4(field, x, logdet)
        return x, logdet


# ---- CP-Flow ----------------------------------------------------------------------------------------------


def gaussian_softplus(z):
    """z Phi(z) + phi(z) - phi(0)"""
    half, root = 0.5 * z, 2**-0.5
    return half + half * torch.erf(z * root) + ((-0.5 * z * z).exp() - 1) / math.sqrt(2 * math.pi)


class ActNorm(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.b, self.log_s = torch.nn.Parameter(torch.zeros(size)), torch.nn.Parameter(torch.zeros(size))

    def forward(self, x):
        return (x + self.b) * (self.log_s.exp() + 1e-3)

    def logdet(self):
        return (self.log_s.exp() + 1e-3).log().sum()


class Potential(torch.nn.Module):
    """sp(w1) u(x) + sp(w0) |x|^2 / 2 with an input-convex network u of `layers` layers."""

    def __init__(self, d, width, layers):
        super().__init__()
        outs = [width // 2] * (layers - 1) + [1]
        linear, self.width = torch.nn.Linear, width
        self.first = linear(d, width)
        self.z = torch.nn.ModuleList(linear(width, out, bias=out > 1) for out in outs)
        self.x = torch.nn.ModuleList(linear(d, out, bias=out > 1) for out in outs)
        self.a = torch.nn.ModuleList(linear(d, width // 2) for _ in outs[1:])
        self.norms = torch.nn.ModuleList(ActNorm(out) for out in outs)
        self.w0 = torch.nn.Parameter(torch.tensor(math.log(math.e - 1)))
        self.w1 = torch.nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        z = self.first(x)
        z = gaussian_softplus(z) - 0.5 * z
        for k, (wz, wx, norm) in enumerate(zip(self.z, self.x, self.norms)):
            h = norm(F.linear(z, F.softplus(wz.weight), wz.bias) / self.width + wx(x))
            if k == len(self.a):
                return F.softplus(self.w1) * h[:, 0] + F.softplus(self.w0) * 0.5 * (x * x).sum(1)
            a = self.a[k](x)
            z = torch.cat([gaussian_softplus(h), gaussian_softplus(a) - 0.5 * a], 1)


class CPFlow(torch.nn.Module):
    def __init__(self, d, width, layers, blocks, way):
        super().__init__()
        self.potentials = torch.nn.ModuleList(Potential(d, width, layers) for _ in range(blocks))
        self.norms = torch.nn.ModuleList(ActNorm(d) for _ in range(blocks + (blocks > 1)))
        self.way = way

    def exact(self, y, x):
        rows = [torch.autograd.grad(y[:, i].sum(), x, create_graph=True)[0] for i in range(x.shape[1])]
        return torch.slogdet(torch.stack(rows, 1)).logabsdet

    def estimate(self, y, x):
        """r^T H s with s = H^-1 r held: its gradient estimates that of log det H."""

        def times(v):
            return torch.autograd.grad(y, x, v, create_graph=True)[0]

        r = torch.randint(0, 2, x.shape) * 2.0 - 1
        s = r.clone()
        residual = r - times(s).detach()
        p, rr = residual, (residual * residual).sum(1, keepdim=True)
        for _ in range(x.shape[1]):
            if residual.abs().max() < 1e-3:
                break
            Hp = times(p).detach()
            length = rr / ((p * Hp).sum(1, keepdim=True) + 1e-8)
            s, residual = s + length * p, residual - length * Hp
            new = (residual * residual).sum(1, keepdim=True)
            p, rr = residual + new / (rr + 1e-8) * p, new
        return (times(r) * s).sum(1)

    def forward(self, x):
        logdet = 0
        for norm, potential in zip(self.norms, self.potentials):
            x = norm(x)
            x = x.requires_grad_(True) if x.is_leaf else x
            y = torch.autograd.grad(potential(x).sum(), x, create_graph=True)[0]
            logdet = logdet + norm.logdet() + (self.exact if self.way == "exact" else self.estimate)(y, x)
            x = y
        if len(self.norms) > len(self.potentials):
            logdet = logdet + self.norms[-1].logdet()
            x = self.norms[-1](x)
        return x, logdet


# ---- cases ------------------------------------------------------------------------------------------------
# name: dimension, the flow, the spec's base. Sizes are those of the published experiments.

TOY, LATENT = "hidden: [32, 32], blocks: 3", "hidden: [64, 64], blocks: 3"
CASES = {
    "bnaf-d2": (2, lambda: BNAF(2, 32, 3, 1), "kind: bnaf, hidden: [32, 32, 32], blocks: 1, tail: bounded"),
    "bnaf-d10": (10, lambda: BNAF(10, 60, 3, 3),
                 "kind: bnaf, hidden: [60, 60, 60], blocks: 3, tail: bounded"),
    "cp_flow-d2-exact": (2, lambda: CPFlow(2, 32, 3, 5, "exact"),
                         "kind: cp_flow, hidden: [32, 32, 32], blocks: 5, logdet: exact"),
    "cp_flow-d10-exact": (10, lambda: CPFlow(10, 64, 3, 1, "exact"),
                          "kind: cp_flow, hidden: [64, 64, 64], blocks: 1, logdet: exact"),
    "cp_flow-d10-estimate": (10, lambda: CPFlow(10, 64, 3, 1, "estimate"),
                             "kind: cp_flow, hidden: [64, 64, 64], blocks: 1, logdet: estimate"),
}
for d, hidden, sizes in ((2, (32, 32), TOY), (10, (64, 64), LATENT)):
    for way in ("rk4-exact", "rk4-hutchinson", "rk4-autograd-exact", "rk4-autograd-hutchinson",
                "dopri5-hutchinson"):
        divergence = way.split("-")[-1]
        CASES[f"ffjord-d{d}-{way}"] = (d, lambda d=d, hidden=hidden, way=way: FFJORD(d, hidden, 3, way),
                                       f"kind: ffjord, {sizes}, divergence: {divergence}, steps: {STEPS}")


# ---- measuring --------------------------------------------------------------------------------------------


def check(case):
    """log|det| against the Jacobian's, in double precision. RK4 integrates both to its order."""
    d, make, _ = CASES[case]
    if not case.endswith("exact") and "bnaf" not in case:
        return
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    flow, x = make(), torch.randn(3, d)
    logdet = flow(x.clone())[1]
    torch.set_default_dtype(torch.float32)
    for row, own in zip(x, logdet):
        J = torch.autograd.functional.jacobian(lambda q: flow(q[None].expand(2, -1) * 1)[0][0], row)
        gap = abs((torch.linalg.slogdet(J).logabsdet - own).item())
        assert gap < (1e-4 if "rk4" in case else 1e-9), f"{case}: the log-determinant is wrong by {gap:.1e}"


class Peer:
    """PyTorch's half of a case."""

    def __init__(self, case, compiled):
        torch.manual_seed(0)
        self.d, make, _ = CASES[case]
        flow = make()
        self.optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3, weight_decay=1e-4)
        self.x = torch.randn(BATCH, self.d)
        self.flow = torch.compile(flow) if compiled else flow

    def step(self):
        y, logdet = self.flow(self.x)
        loss = (0.5 * (y * y).sum(1) - logdet).mean() + 0.5 * self.d * math.log(2 * math.pi)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def times(self, seconds):
        for _ in range(WARM):
            loss = self.step()
        assert math.isfinite(loss.item()), "the peer's loss is not finite"
        found, end = [], time.perf_counter() + seconds
        while not found or time.perf_counter() < end:
            before = time.perf_counter()
            self.step()
            found.append(time.perf_counter() - before)
        return found


def make_trainer(folder, case):
    d, _, base = CASES[case]
    name = case.replace("-", "_")
    np.save(os.path.join(folder, f"rows{d}.npy"), np.random.default_rng(0).normal(size=(64, d)))
    with open(os.path.join(folder, name + ".yaml"), "w") as spec:
        spec.write(f"name: {name}\ndimension: {d}\ndata: {{samples: rows{d}.npy}}\nbase: {{{base}}}\n"
                   "flow: {hidden: [4], steps: 1}\n")
    command = [os.environ.get("GPFC", "gpfc"), name + ".yaml", "-o", name, "--json"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, name)


def trainer_times(trainer, seconds):
    command = [trainer, "bench", "--stage", "base", "--json", "--threads", "1", "--batch", str(BATCH)]
    command += ["--seconds", str(seconds)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(case, seconds, trainer, compiled):
    """Seconds a step: [median, least] of PyTorch and of the trainer, in turns."""
    peer, theirs, ours = Peer(case, compiled), [], []
    for _ in range(ROUNDS):
        theirs += peer.times(seconds / ROUNDS)
        if trainer:
            ours.append(trainer_times(trainer, seconds / ROUNDS))
    row = {"case": case, "torch_s": statistics.median(theirs), "torch_s_min": min(theirs),
           "torch_steps": len(theirs)}
    if ours:
        row["gpfc_s"] = statistics.median(r["step_s"] for r in ours)
        row["gpfc_s_min"] = min(r["step_s_min"] for r in ours)
        row["ratio"] = row["torch_s"] / row["gpfc_s"]
        row["ratio_min"] = row["torch_s_min"] / row["gpfc_s_min"]
    return row


def print_row(row, as_json):
    if as_json:
        print(json.dumps(row), flush=True)
        return
    text = f"{row['case']:32} PyTorch {1e3 * row['torch_s']:9.2f} ms (least {1e3 * row['torch_s_min']:9.2f})"
    if "gpfc_s" in row:
        text += (f"   gpfc {1e3 * row['gpfc_s']:8.3f} ms (least {1e3 * row['gpfc_s_min']:8.3f})"
                 f"   {row['ratio']:6.1f} times (least {row['ratio_min']:6.1f})")
    print(text, flush=True)


def main():
    as_it_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_it_is)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement, in all rounds (5)")
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="one; may be given again")
    parser.add_argument("--no-gpfc", action="store_true", help="only PyTorch")
    parser.add_argument("--compile", action="store_true", help="PyTorch's flow through torch.compile")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.json:
        print(f"torch {torch.__version__}, one thread, batch {BATCH}, single precision")
    with tempfile.TemporaryDirectory(prefix="gpfc-bench-") as folder:
        for case in arguments.case or CASES:
            if "dopri5" in case and odeint_adjoint is None:
                print(f"{case:32} torchdiffeq is missing: left out")
                continue
            check(case)
            trainer = None if arguments.no_gpfc else make_trainer(folder, case)
            print_row(measure(case, arguments.seconds, trainer, arguments.compile), arguments.json)


if __name__ == "__main__":
    main()
