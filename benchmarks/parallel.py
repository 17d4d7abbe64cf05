"""`prange` loops in parallel against the same gradient in order, which takes the place of the adjoint by hand.

`ours / hand` is what remains of the time with all threads. `primal` runs in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import njit, prange

from sourcead import value_and_grad

from .case import Arguments, Case


def option(spot, rate, volatility, strike, z):
    """A call option by Monte Carlo: scalar mathematics, shared parameters."""
    drift = rate - 0.5 * volatility * volatility
    total = 0.0
    for i in prange(z.shape[0]):
        total += max(spot * math.exp(drift + volatility * z[i]) - strike, 0.0)
    return math.exp(-rate) * total / z.shape[0]


def logistic(w, b, X, y):
    """Mean logistic loss, row by row: a shared vector."""
    total = 0.0
    for i in prange(X.shape[0]):
        z = b
        for j in range(X.shape[1]):
            z += X[i, j] * w[j]
        total += max(z, 0.0) + math.log1p(math.exp(-abs(z))) - y[i] * z
    return total / X.shape[0]


def stencil(u, kappa):
    """One step of the heat equation and the energy behind it: neighbouring rows."""
    v = u.copy()
    for i in prange(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            v[i, j] = u[i, j] + kappa * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
    total = 0.0
    for i in prange(v.shape[0]):
        for j in range(v.shape[1]):
            total += math.sin(v[i, j])
    return total


def bodies(x, mass):
    """The sum of squared accelerations of bodies that attract one another: all positions are shared."""
    n = x.shape[0]
    total = 0.0
    for i in prange(n):
        ax, ay, az = 0.0, 0.0, 0.0
        for j in range(n):
            dx, dy, dz = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1], x[j, 2] - x[i, 2]
            r2 = dx * dx + dy * dy + dz * dz + 0.01
            share = mass[j] / (r2 * math.sqrt(r2))
            ax += share * dx
            ay += share * dy
            az += share * dz
        total += ax * ax + ay * ay + az * az
    return total


def arguments(name: str, n: int) -> Arguments:
    rng = np.random.default_rng(7)
    match name:
        case "option":
            return 100.0, 0.03, 0.2, 105.0, rng.standard_normal(n)
        case "logistic":
            return 0.3 * rng.standard_normal(50), 0.1, rng.standard_normal((n, 50)), rng.integers(0, 2, n) * 1.0
        case "stencil":
            return rng.random((n, n)), 0.2
    return rng.random((n, 3)), rng.random(n)


PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[int, ...], int, str]] = {
    "option": (option, (0, 1, 2, 3), 1_000_000, "option, {} paths"),
    "logistic": (logistic, (0, 1), 100_000, "logistic, {} rows"),
    "stencil": (stencil, (0, 1), 1000, "stencil, {} rows"),
    "bodies": (bodies, (0, 1), 2000, "{} bodies"),
}


def case(name: str, n: int | None = None) -> Case:
    f, wrt, usual, title = PROGRAMS[name]
    n = n or usual
    gradients = (value_and_grad(f, wrt, parallel=parallel) for parallel in (True, False))
    return Case(f"prange: {title.format(n)}", njit(error_model="numpy")(f), *gradients, partial(arguments, name, n))
