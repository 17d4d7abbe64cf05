"""A call from Python of next to nothing: what entering compiled code costs."""

from __future__ import annotations

import numpy as np
from numba import njit

from sourcead import grad

from .case import Arguments, Case


def scaled(w, x, b):
    return w * x[0] + b


@njit(error_model="numpy")
def by_hand(w, x, b):
    return x[0]


def arguments() -> Arguments:
    return 0.7, np.ones(3), 1.5


def case() -> Case:
    return Case("a call from Python", njit(error_model="numpy")(scaled), grad(scaled), by_hand, arguments)
