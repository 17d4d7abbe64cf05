"""Derivatives of functions of one number without differentiation: extrapolated differences, the complex step."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

STEPS = (2e-2, 1e-3, 3e-5)
SHRINK = 1.4
ROWS = 9
TINY = 1e-30  # the complex step, of which no difference is formed


def derivative(phi: Callable[[float], float], good: float = 1e-9) -> tuple[float, float]:
    """The derivative at 0, and an estimate of its error, which is infinite where the function has no values.

    Extrapolated central differences (Ridders, Advances in Engineering Software 4 (1982) 75), begun again with smaller
    steps until the error is `good` relative to the value: near kinks and at the ends of domains.
    """
    best, error = math.nan, math.inf
    for h in STEPS:
        found, estimate = extrapolated(phi, h)
        if estimate < error:
            best, error = found, estimate
        if error <= good * abs(best):
            break
    return best, error


def extrapolated(phi: Callable[[float], float], h: float) -> tuple[float, float]:
    best, error = math.nan, math.inf
    above: list[float] = []
    for _ in range(ROWS):
        row = [(phi(h) - phi(-h)) / (2.0 * h)]
        for k, old in enumerate(above):
            factor = SHRINK ** (2 * (k + 1))
            row.append((factor * row[k] - old) / (factor - 1.0))
            estimate = max(abs(row[k + 1] - row[k]), abs(row[k + 1] - old))
            if estimate <= error:  # never with nan
                best, error = row[k + 1], estimate
        if above and abs(row[-1] - above[-1]) >= 2.0 * error:
            break
        above, h = row, h / SHRINK
    return best, error


def by_complex_step(phi: Callable[[complex], complex], value: float, near: float, error: float) -> float | None:
    """The derivative at 0 to machine precision, if the function is one of complex numbers too (Squire and Trapp,
    SIAM Review 40 (1998) 110): it has the same value there, and a derivative that agrees with differences; else None.
    """
    try:
        with np.errstate(all="ignore"):
            y = phi(1j * TINY)
    except Exception:  # whatever a function does with numbers that it was not made for
        return None
    found = y.imag / TINY
    same = abs(y.real - value) <= 1e-12 * abs(value) + 1e-300
    return found if same and abs(found - near) <= 10.0 * error + 1e-7 * abs(near) else None
