"""Logistic regression: one tall matrix, read twice."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import njit

from sourcead import value_and_grad

from .case import Arguments, Case


def loss(w, b, X, y):
    """Mean of log(1 + exp(z)) - y z, with no exponential that overflows."""
    z = X @ w + b
    return np.mean(np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))) - y * z)


@njit(error_model="numpy")
def by_hand(z, gw, w, b, X, y):
    n = X.shape[0]
    np.dot(X, w, z)
    total, gb = 0.0, 0.0
    for i in range(n):
        a = z[i] + b
        e = math.exp(-abs(a))
        total += max(a, 0.0) + math.log1p(e) - y[i] * a
        z[i] = ((1.0 if a >= 0.0 else e) / (1.0 + e) - y[i]) / n
        gb += z[i]
    np.dot(X.T, z, gw)
    return total / n, (gw, gb)


def arguments(n: int, d: int) -> Arguments:
    rng = np.random.default_rng(6)
    X = rng.standard_normal((n, d))
    w = 0.3 * rng.standard_normal(d)
    y = (rng.random(n) < 1.0 / (1.0 + np.exp(-X @ w))).astype(float)
    return 0.1 * rng.standard_normal(d), 0.05, X, y


def case(n: int = 20_000, d: int = 50) -> Case:
    primal = njit(error_model="numpy")(loss)
    hand = partial(by_hand, np.empty(n), np.empty(d))
    return Case(f"logistic {n} x {d}", primal, value_and_grad(loss, argnums=(0, 1)), hand, partial(arguments, n, d))
