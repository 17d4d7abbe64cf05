"""Elementary functions for compiled loops: straight-line code that LLVM vectorises.

    @njit(error_model="numpy")
    def losses(z, y):
        for i in range(len(z)):
            y[i] = vecmath.softplus(z[i])

Each function takes a number or an array, in `@njit` code; `float32` gives `float32`, integers and Booleans `float64`.
Results are within 2 units in the last place, also at subnormal, infinite and very large arguments (docs/vecmath.md).
Called from plain Python they are NumPy's, and as such are differentiated. On a processor without fused multiply-add
they are the C library's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compiled import make_public, plain_sigmoid, plain_softplus

__all__ = [
    "cos",
    "erf",
    "exp",
    "expm1",
    "log",
    "log1p",
    "pow",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
]


def exp(x: Any) -> Any:
    """The exponential of `x`."""
    return np.exp(x)


def expm1(x: Any) -> Any:
    """`exp(x) - 1`, accurate next to 0."""
    return np.expm1(x)


def log(x: Any) -> Any:
    """The natural logarithm of `x`: -inf at 0, nan below."""
    return np.log(x)


def log1p(x: Any) -> Any:
    """`log(1 + x)`, accurate next to 0: -inf at -1, nan below."""
    return np.log1p(x)


def sin(x: Any) -> Any:
    """The sine of `x` in radians."""
    return np.sin(x)


def cos(x: Any) -> Any:
    """The cosine of `x` in radians."""
    return np.cos(x)


def tan(x: Any) -> Any:
    """The tangent of `x` in radians."""
    return np.tan(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent of `x`."""
    return np.tanh(x)


def sigmoid(x: Any) -> Any:
    """`1 / (1 + exp(-x))`, accurate on both sides."""
    q = np.exp(-np.where(x < 0.0, -x, x))  # not abs: the derivative at 0 is that of one of the sides
    return np.where(x < 0.0, q, 1.0) / (1.0 + q)


def softplus(x: Any) -> Any:
    """`log(1 + exp(x))`."""
    return np.logaddexp(x, 0.0)


def sqrt(x: Any) -> Any:
    """The square root of `x`: nan below 0."""
    return np.sqrt(x)


def pow(x: Any, y: Any) -> Any:
    """`x ** y` in floating-point numbers: nan for negative `x`, unless `y` is whole."""
    return np.power(x, y)


def erf(x: Any) -> Any:
    """The error function; in plain Python of numbers only."""
    return math.erf(x)


for _fn in (exp, expm1, log, log1p, sin, cos, tan, tanh, sqrt):
    make_public(_fn, getattr(np, _fn.__name__))
make_public(sigmoid, plain_sigmoid)
make_public(softplus, plain_softplus)
make_public(erf, math.erf)
make_public(pow, np.power, 2)
