"""Sampled curves: interpolation, integrals, convolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives import exponent
from ..rules.scalar import math_has
from ..spellings import constant, is_array, is_number, real, spells


@spells(np.interp)
def interp(x: Any, xp: Any, fp: Any) -> Any:
    """Straight lines between the points, constant outside."""

    def at(x, xp, fp):
        n = len(xp)
        if len(fp) != n:
            raise ValueError("fp and xp are not of the same size.")
        if x <= xp[0]:
            return fp[0] * 1.0
        if x >= xp[n - 1]:
            return fp[n - 1] * 1.0
        k = np.searchsorted(xp, x, side="right") - 1
        return fp[k] + (fp[k + 1] - fp[k]) * ((x - xp[k]) / (xp[k + 1] - xp[k]))

    def each(x, xp, fp):
        flat = x.ravel()
        y = np.empty(len(flat))
        for i in range(len(flat)):
            y[i] = at(flat[i], xp, fp)
        return y.reshape(x.shape)

    if not (is_array(xp, 1) and is_array(fp, 1) and real(x, xp, fp)):
        return None
    return each if is_array(x) else at


@spells(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0) -> Any:
    """Along the last axis."""

    def even(y, x, dx):
        s = 0.0
        for i in range(1, len(y)):
            s += 0.5 * (y[i] + y[i - 1])
        return s * dx

    def uneven(y, x, dx):
        s = 0.0
        for i in range(1, len(y)):
            s += 0.5 * (x[i] - x[i - 1]) * (y[i] + y[i - 1])
        return s

    line = even if constant(x) is None else uneven

    def rows(y, x, dx):
        out = np.empty(len(y))
        for i in range(len(y)):
            out[i] = line(y[i], x, dx)
        return out

    if not real(y) or not (constant(x) is None and is_number(dx) or is_array(x, 1)):
        return None
    return line if is_array(y, 1) else rows if is_array(y, 2) else None


@spells(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """Sums of the products, the second operand reversed."""
    middle = constant(mode)

    def full(a, v):
        if len(a) == 0 or len(v) == 0:
            raise ValueError("a and v cannot be empty")
        y = np.zeros(len(a) + len(v) - 1, (a[:1] * v[:1]).dtype)
        for i in range(len(a)):
            for j in range(len(v)):
                y[i + j] += a[i] * v[j]
        return y

    def convolved(a, v, mode):
        n, m = len(a), len(v)
        first = 0
        length = n + m - 1
        if middle == "same":
            length = max(n, m)
            first = (min(n, m) - 1) // 2
        elif middle == "valid":
            length = max(n, m) - min(n, m) + 1
            first = min(n, m) - 1
        y = full(a, v)
        return y[first : first + length].copy()

    if middle not in ("full", "same", "valid") or not (is_array(a, 1) and is_array(v, 1)):
        return None
    return convolved


@spells(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """Sums of the products of shifted operands."""
    kind = constant(mode)

    def correlated(a, v, mode):
        if len(v) > len(a):
            return np.convolve(np.conj(v), a[::-1], kind)[::-1]
        return np.convolve(a, np.conj(v)[::-1], kind)

    if kind not in ("full", "same", "valid") or not (is_array(a, 1) and is_array(v, 1)):
        return None
    return correlated


@spells(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: Any = -1, period: Any = 2.0 * np.pi) -> Any:
    """Jumps of more than half a period taken out, along a vector."""
    given = constant(discont)

    def unwrapped(p, discont, axis, period):
        jump = period / 2.0 if given is None else max(discont, period / 2.0)
        y = p * 1.0
        turns = 0.0
        for i in range(1, len(p)):
            d = p[i] - p[i - 1]
            folded = (d + period / 2.0) % period - period / 2.0
            if folded == -period / 2.0 and d > 0.0:
                folded = period / 2.0
            if abs(d) >= jump:
                turns += np.rint((folded - d) / period)
            y[i] = p[i] + turns * period
        return y

    return unwrapped if is_array(p, 1) and real(p) and constant(axis) in (-1, 0) else None


@spells(np.sinc)
def sinc(x: Any) -> Any:
    """`sin(pi x) / (pi x)`; near 0 by its series, so that the derivatives are right there too."""

    def at(x):
        t = np.pi * x
        if abs(t) < 1e-2:
            s = t * t
            return 1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0 * (1.0 - s / 72.0)))
        return np.sin(t) / t

    def each(x):
        flat = x.ravel()
        y = np.empty(len(flat))
        for i in range(len(flat)):
            y[i] = at(flat[i])
        return y.reshape(x.shape)

    return None if not real(x) else each if is_array(x) else at


@spells(np.kaiser)
def kaiser(M: Any, beta: Any) -> Any:
    """`i0(beta * sqrt(1 - r * r)) / i0(beta)` for `r` from -1 to 1, with the series 9.6.12 of Abramowitz and Stegun."""

    def i0(quarter):  # of 2 * sqrt(quarter)
        s = term = 1.0
        k = 1
        while term > 1e-17 * s:
            term *= quarter / (k * k)
            s += term
            k += 1
        return s

    def window(M, beta):
        y = np.ones(M)
        for i in range(M):
            if M > 1:
                r = 2.0 * i / (M - 1) - 1.0
                y[i] = i0(0.25 * beta * beta * (1.0 - r * r)) / i0(0.25 * beta * beta)
        return y

    return window if is_number(beta) else None


# ---- parts of numbers ------------------------------------------------------------------------------------


@spells(np.modf, math.modf, results=("fraction", "whole"))
def modf(x: Any) -> Any:
    def parts(x):
        whole = np.trunc(x)
        return np.where(np.isinf(x), 0.0, x - whole), whole

    return parts if real(x) else None


@spells(np.frexp, math.frexp, results=("mantissa", "exponent"))
def frexp(x: Any) -> Any:
    def parts(x):
        e = exponent(x)
        return math.ldexp(x, -e), e

    def each(x):
        flat = x.ravel()
        m, e = np.empty(len(flat), x.dtype), np.empty(len(flat), np.intc)
        for i in range(len(flat)):
            m[i], e[i] = parts(flat[i])
        return m.reshape(x.shape), e.reshape(x.shape)

    return None if not real(x) else each if is_array(x) else parts


# ---- functions that Numba lacks --------------------------------------------------------------------------


@spells(np.heaviside)
def heaviside(x1: Any, x2: Any) -> Any:
    def step(x1, x2):
        return np.where(x1 < 0, 0.0, np.where(x1 > 0, 1.0, np.where(x1 == 0, x2, x1)))

    return step if real(x1, x2) else None


@spells(math.fmod)
def fmod(x: Any, y: Any) -> Any:
    return (lambda x, y: np.fmod(x, y)) if is_number(x) and is_number(y) else None


spells(*math_has("cbrt"))(lambda x: (lambda x: np.cbrt(x)) if is_number(x) else None)
spells(np.fix)(lambda x: lambda x: np.trunc(x))
