"""The rule table, linear algebra: tangents of solutions, inverses and factorisations.

`a_dot` comes with the argument `a`, None where that does not vary; `y` is the result. The formulas are those that the
adjoints in `linalg` are the transposes of: M. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), and the sources named there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sourcead import ir

from .kinds import RULES, Fn, total, where
from .linalg import (
    column,
    diagonal,
    halved,
    indices,
    inverse_gaps,
    is_expr,
    mirrored,
    product,
    row,
    t,
)


def along(fn: Fn, dots: Any) -> None:
    """`along(fn, dots)`: `dots(args_dot, y, *args, rank)` gives the tangent of the result, or of each result."""

    def pushforward(args: Any, args_dot: Any, y: Any, rank: Any = np.ndim) -> Any:
        return dots(args_dot, y, *args, rank=rank)

    RULES[fn] = replace(RULES[fn], pushforward=pushforward)


def sums(*terms: Any) -> Any:
    """The sum of the terms that are there."""
    return total(e for e in terms if e is not None)


def diagonal_of(x: Any) -> Any:
    """The diagonal of a square matrix as a vector."""
    return ir.Call(np.diag, (x,)) if is_expr(x) else np.diagonal(x, axis1=-2, axis2=-1)


def inner(x: Any, y: Any) -> Any:
    """The sum of the products of the elements of two matrices."""
    return np.sum(x * y)


def lower(x: Any) -> Any:
    """The strict lower triangle."""
    i, j = indices(x)
    return where(i > j, x, 0.0)


# ---- solutions and inverses ----------------------------------------------------------------------------


def solve_dot(dots: Any, y: Any, a: Any, b: Any, rank: Any) -> Any:
    a_dot, b_dot = dots
    change = None if a_dot is None else product(a_dot, y)
    right = b_dot if change is None else -change if b_dot is None else b_dot - change
    return np.linalg.solve(a, right)


def inv_dot(dots: Any, y: Any, a: Any, rank: Any) -> Any:
    return -product(y, dots[0], y)


def det_dot(dots: Any, y: Any, a: Any, rank: Any) -> Any:
    return y * inner(t(np.linalg.inv(a)), dots[0])


def slogdet_dot(dots: Any, y: Any, a: Any, rank: Any) -> Any:
    return None, inner(t(np.linalg.inv(a)), dots[0])


def pinv_dot(dots: Any, y: Any, a: Any, *rcond: Any, rank: Any) -> Any:
    """For constant rank."""
    d, p = dots[0], y
    left, right = product(t(d), t(p), p), product(p, t(p), t(d))
    return (left - product(p, a, left)) + (right - product(right, a, p)) - product(p, d, p)


def lstsq_dot(dots: Any, y: Any, a: Any, b: Any, *rcond: Any, rank: Any) -> Any:
    """Of the solution, for full rank."""
    a_dot, b_dot = dots[:2]
    x, p = y[0], np.linalg.pinv(a)
    terms = [None if b_dot is None else product(p, b_dot)]
    if a_dot is not None:
        z = product(t(a_dot), t(p), x)
        terms.append(product(p, t(p), t(a_dot), b - product(a, x)))
        terms.append(z - product(p, a, z))
        terms.append(-product(p, a_dot, x))
    return sums(*terms), None, None, None


along(np.linalg.solve, solve_dot)
along(np.linalg.inv, inv_dot)
along(np.linalg.det, det_dot)
along(np.linalg.slogdet, slogdet_dot)
along(np.linalg.pinv, pinv_dot)
along(np.linalg.lstsq, lstsq_dot)

# ---- factorisations --------------------------------------------------------------------------------------


def cholesky_dot(dots: Any, y: Any, a: Any, rank: Any) -> Any:
    half = np.linalg.solve(y, mirrored(dots[0]))
    return product(y, halved(t(np.linalg.solve(y, t(half)))))


def eigh_dot(dots: Any, y: Any, a: Any, rank: Any) -> Any:
    w, v = y
    m = product(t(v), mirrored(dots[0]), v)
    return diagonal_of(m), product(v, inverse_gaps(w) * m)


def eig_dot(dots: Any, y: Any, a: Any, rank: Any) -> Any:
    """For real eigenvalues; the vectors have unit length."""
    w, v = y
    m = np.linalg.solve(v, product(dots[0], v))
    turn = inverse_gaps(w) * m
    return diagonal_of(m), product(v, turn - diagonal(diagonal_of(product(t(v), v, turn))))


def qr_dot(dots: Any, y: Any, a: Any, rank: Any) -> Any:
    """For at least as many rows as columns, and full rank."""
    q, r = y
    change = t(np.linalg.solve(t(r), t(dots[0])))
    c = product(t(q), change)
    turn = lower(c) - t(lower(c))
    return product(q, turn) + (change - product(q, c)), product(c - turn, r)


def svd_dot(dots: Any, y: Any, a: Any, *full: Any, rank: Any) -> Any:
    u, s, v = y  # v: the right vectors are its rows
    d = dots[0]
    p = product(t(u), d, t(v))
    f = inverse_gaps(s * s)
    u_dot = product(u, f * (p * row(s) + column(s) * t(p))) + (product(d, t(v)) - product(u, p)) / row(s)
    inside = product(f * (column(s) * p + t(p) * row(s)), v)  # minus, since the product is antisymmetric
    v_dot = (product(t(u), d) - product(p, v)) / column(s) - inside
    return u_dot, diagonal_of(p), v_dot


along(np.linalg.cholesky, cholesky_dot)
along(np.linalg.eigh, eigh_dot)
along(np.linalg.eig, eig_dot)
along(np.linalg.qr, qr_dot)
along(np.linalg.svd, svd_dot)
