#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weighted rows in training: weights in the loss, or rows drawn by them. An affine flow y = A x + b is
trained by Adam on weighted rows of a normal distribution; its best A and b are known. Prints how much the
likelihood lacks at the end, and the variance of a step's gradient in the second half
(docs/experiments.md)."""
import numpy as np

ROWS, D, BATCH, STEPS, RATE = 2000, 3, 128, 3000, 0.02
LOWER = np.tril_indices(D)
DIAGONAL = LOWER[0] == LOWER[1]


def systematic(weights, shift):
    """Row i about n w_i / sum w times."""
    ends = np.cumsum(weights / weights.mean())
    return np.minimum(np.searchsorted(ends, np.arange(ROWS) + shift, side="right"), ROWS - 1)


def epoch_order(how, weights, rng, once):
    drawn = {
        "loss": lambda: np.arange(ROWS),
        "systematic": lambda: systematic(weights, rng.random()),
        "independent": lambda: rng.choice(ROWS, ROWS, p=weights / weights.sum()),
        "once": lambda: once,
    }[how]()
    return drawn[rng.permutation(ROWS)]


def matrix(theta):
    values = theta[:-D].copy()
    values[DIAGONAL] = np.exp(values[DIAGONAL])
    a = np.zeros((D, D))
    a[LOWER] = values
    return a


def gradient(theta, x, weights):
    a = matrix(theta)
    y = x @ a.T + theta[-D:]
    of_a = np.einsum("n,ni,nj->ij", weights, y, x)[LOWER]
    of_a[DIAGONAL] = of_a[DIAGONAL] * np.diag(a) - weights.sum()
    return np.concatenate([of_a, weights @ y])


def train(x, weights, how, seed):
    rng = np.random.default_rng(seed)
    theta = np.zeros(len(LOWER[0]) + D)
    mean, square, order, at, late = theta * 0, theta * 0, [], 0, []
    once = systematic(weights, rng.random())
    for t in range(1, STEPS + 1):
        if at + BATCH > len(order):
            order, at = epoch_order(how, weights, rng, once), 0
        rows, at = order[at : at + BATCH], at + BATCH
        in_loss = weights[rows] / weights.mean() if how == "loss" else np.ones(BATCH)
        g = gradient(theta, x[rows], in_loss / BATCH)
        mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
        rate = RATE / 2 * (1 + np.cos(np.pi * t / STEPS))
        theta = theta - rate * mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
        if t > STEPS // 2:
            late.append(g)
    return theta, np.var(np.array(late), axis=0).sum()


def nll(theta, x, shares):
    a = matrix(theta)
    return shares @ (0.5 * ((x @ a.T + theta[-D:]) ** 2).sum(1)) - np.log(np.diag(a)).sum()


def measure(spread, how, seed):
    rng = np.random.default_rng(100 + seed)
    x = rng.normal(size=(ROWS, D)) @ (np.eye(D) + 0.25 * rng.normal(size=(D, D))) + 0.3 * rng.normal(size=D)
    weights = np.exp(spread * rng.normal(size=ROWS))
    shares = weights / weights.sum()
    off = x - shares @ x
    best = D / 2 + np.linalg.slogdet((off * shares[:, None]).T @ off)[1] / 2
    theta, variance = train(x, weights, how, seed)
    return nll(theta, x, shares) - best, variance, 1 / (shares @ shares) / ROWS


for spread in (0.3, 0.83, 1.5, 2.0):
    for how in ("loss", "systematic", "independent", "once"):
        lacking, variance, effective = np.mean([measure(spread, how, seed) for seed in range(8)], axis=0)
        print(f"{effective:5.0%} effective, {how:11}: lacks {lacking:.1e} nats, "
              f"gradient's variance {variance:.2f}")
