"""A sum over elementary functions: no state at all, the limit is the functions themselves."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import njit

from sourcead import value_and_grad

from .case import Arguments, Case


def sin_exp(x):
    total = 0.0
    for i in range(x.shape[0]):
        total += math.sin(x[i]) * math.exp(x[i])
    return total


@njit(error_model="numpy")
def by_hand(g, x):
    total = 0.0
    for i in range(x.shape[0]):
        e = math.exp(x[i])
        s = math.sin(x[i])
        total += s * e
        g[i] = (math.cos(x[i]) + s) * e
    return total, g


def arguments(n: int) -> Arguments:
    return (np.random.default_rng(4).uniform(-2.0, 2.0, n),)


def case(n: int = 1_000_000) -> Case:
    primal = njit(error_model="numpy")(sin_exp)
    return Case(
        f"sum sin exp, {n:.0e}", primal, value_and_grad(sin_exp), partial(by_hand, np.empty(n)), partial(arguments, n)
    )
