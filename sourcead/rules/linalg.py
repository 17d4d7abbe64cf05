"""The rule table, linear algebra: solutions, inverses and factorisations.

`y_bar` comes from the result, `y` is the result that the forward sweep computed, matrices are named as in the books.
Formulas: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008) for `solve`, `inv`, `det`, `eigh`; I. Murray, "Differentiation of the Cholesky decomposition" (2016);
S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
experimental design" (2010) for `qr`; J. Townsend, "Differentiating the singular value decomposition" (2016);
C. Boeddeker et al., "On the computation of complex-valued gradients with application to statistically optimum
beamforming" (2017) for `eig`; G. Golub and V. Pereyra, "The differentiation of pseudo-inverses" (1973) for `pinv` and
`lstsq`.

What reads one triangle of a symmetric matrix, as `cholesky` and `eigh` do, has its derivative on that triangle.
"""

from __future__ import annotations

import operator as op
from typing import Any

import numpy as np

from sourcead import ir, primitives

from .kinds import Fixed, Shares, apply, atom, total, where

vec, square, tall, wide = (3,), (3, 3), (4, 3), (3, 4)


def definite(rng: np.random.Generator) -> np.ndarray:
    """A sample for `cholesky`."""
    a = rng.normal(size=square)
    return a @ a.T + np.eye(3)


def real_spectrum(rng: np.random.Generator) -> np.ndarray:
    """A sample for `eig`: no complex eigenvalues."""
    return np.diag([1.0, 2.0, 4.0]) + 0.2 * rng.uniform(-1.0, 1.0, square)


# ---- words for numbers (stacks of matrices too) and expressions ------------------------------------------


def is_expr(x: Any) -> bool:
    return isinstance(x, ir.Expr)


def t(x: Any) -> Any:
    """The transpose."""
    if isinstance(x, ir.Call) and x.fn is np.transpose:
        return x.args[0]
    return ir.Call(np.transpose, (x,)) if is_expr(x) else np.swapaxes(x, -1, -2)


def product(*factors: Any) -> Any:
    """The product of matrices, from the left."""
    y = factors[0]
    for x in factors[1:]:
        y = ir.Call(np.dot, (y, x)) if is_expr(y) else y @ x
    return y


def indices(x: Any) -> tuple[Any, Any]:
    """Row and column of the elements of a square matrix with the last extent of `x`."""
    n = ir.Call(primitives.shape, (x, ir.Const(0))) if is_expr(x) else x.shape[-1]
    k = apply(np.arange, n)
    return column(k), row(k)


def equal(i: Any, j: Any) -> Any:
    return apply(op.eq, i, j)


def row(x: Any) -> Any:
    """A vector as a row: it scales columns."""
    return np.expand_dims(x, -2)


def column(x: Any) -> Any:
    return np.expand_dims(x, -1)


def inverse_gaps(x: Any) -> Any:
    """`1 / (x[j] - x[i])`, 0 on the diagonal; equal elements give infinity."""
    i, j = indices(x)
    return where(equal(i, j), 0.0, 1.0 / (row(x) - column(x)))


def diagonal(x: Any) -> Any:
    i, j = indices(x)
    return where(equal(i, j), row(x), 0.0)


def halved(x: Any) -> Any:
    """The lower triangle with half of the diagonal (Murray's Phi)."""
    i, j = indices(x)
    return where(i > j, x, where(equal(i, j), 0.5 * x, 0.0))


def mirrored(x: Any) -> Any:
    """The symmetric matrix with this lower triangle."""
    i, j = indices(x)
    return where(i < j, t(x), x)


def by_lower(s: Any) -> Any:
    """The derivative by the lower triangle of a symmetric matrix, from that by all of its elements."""
    return halved(s + t(s))


# ---- solutions and inverses ----------------------------------------------------------------------------


def solve_bars(y_bar: Any, y: Any, a: Any, b: Any, rank: Any) -> Shares:
    b_bar = np.linalg.solve(t(a), y_bar)
    return -(np.outer(b_bar, y) if rank(b) == 1 else product(b_bar, t(y))), b_bar


def inv_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    return (-product(t(y), y_bar, t(y)),)


def det_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    return (y_bar * y * t(np.linalg.inv(a)),)


def slogdet_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    """The sign is piecewise constant."""
    return (None if y_bar[1] is None else y_bar[1] * t(np.linalg.inv(a)),)


def pinv_bars(y_bar: Any, y: Any, a: Any, *rcond: Any, rank: Any) -> Shares:
    """For constant rank."""
    g, p = y_bar, t(y)
    left, right = product(t(g), y, p), product(p, y, t(g))
    return (left - product(a, y, left) + (right - product(right, y, a)) - product(p, g, p),)


def lstsq_bars(y_bar: Any, y: Any, a: Any, b: Any, *rcond: Any, rank: Any) -> Shares:
    """Of the solution, for full rank; that of `pinv` applied to `x = pinv(a) @ b`."""
    if any(bar is not None for bar in y_bar[1:]):
        raise TypeError("only the solution of np.linalg.lstsq is differentiated: compute the residuals from it")
    if y_bar[0] is None:
        return None, None
    x, g, p = y[0], y_bar[0], np.linalg.pinv(a)
    outer = np.outer if rank(b) == 1 else lambda u, v: product(u, t(v))
    z = product(t(p), g)
    return outer(b - product(a, x), product(p, z)) + outer(product(t(p), x), g - product(t(a), z)) - outer(z, x), z


atom(np.linalg.solve, solve_bars, (square, vec), extents=lambda a, b: (b,))
atom(np.linalg.inv, inv_bars, (square,), extents=lambda a: (a,))
atom(np.linalg.det, det_bars, (square,))
atom(np.linalg.slogdet, slogdet_bars, (square,), results=("sign", "logdet"))
atom(np.linalg.pinv, pinv_bars, (tall,), extents=lambda a, *_: (a[::-1],))
atom(np.linalg.lstsq, lstsq_bars, (tall, (4,)), results=("x", "residuals", "rank", "s"))

# ---- factorisations --------------------------------------------------------------------------------------


def cholesky_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    half = np.linalg.solve(t(y), halved(product(t(y), y_bar)))
    return (by_lower(t(np.linalg.solve(t(y), t(half)))),)


def eigh_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    w_bar, v_bar = y_bar
    w, v = y
    left = []
    if w_bar is not None:
        left.append(v * row(w_bar))
    if v_bar is not None:
        left.append(product(v, product(t(v), v_bar) * inverse_gaps(w)))
    return (by_lower(product(total(left), t(v))) if left else None,)


def eigvalsh_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    return eigh_bars((y_bar, None), np.linalg.eigh(a), a, rank)


def eig_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    """For real eigenvalues; the vectors have unit length."""
    w_bar, v_bar = y_bar
    w, v = y
    core = [] if w_bar is None else [diagonal(w_bar)]
    if v_bar is not None:
        m = product(t(v), v_bar)
        i, j = indices(m)
        m = m - product(t(v), v, where(equal(i, j), m, 0.0))
        core.append(m * inverse_gaps(w))
    return (np.linalg.solve(t(v), product(total(core), t(v))) if core else None,)


def eigvals_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    return eig_bars((y_bar, None), np.linalg.eig(a), a, rank)


def qr_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    """For at least as many rows as columns, and full rank."""
    q_bar, r_bar = y_bar
    q, r = y
    terms = ([] if r_bar is None else [product(r, t(r_bar))]) + ([] if q_bar is None else [-product(t(q_bar), q)])
    if not terms:
        return (None,)
    m = total(terms)
    left = product(q, mirrored(m))
    return (t(np.linalg.solve(r, t(left if q_bar is None else q_bar + left))),)


def svd_bars(y_bar: Any, y: Any, a: Any, *full: Any, rank: Any) -> Shares:
    u_bar, s_bar, v_bar = y_bar
    u, s, v = y  # v: the right vectors are its rows
    core, extra = ([] if s_bar is None else [diagonal(s_bar)]), []
    f = inverse_gaps(s * s)
    if u_bar is not None:
        p = product(t(u), u_bar)
        core.append(f * (p - t(p)) * row(s))
        extra.append(product((u_bar - product(u, p)) / row(s), v))
    if v_bar is not None:
        p = product(v_bar, t(v))
        core.append(column(s) * (f * (t(p) - p)))
        extra.append(product(u, (v_bar - product(p, v)) / column(s)))
    if not core:
        return (None,)
    if core and not extra:  # singular values alone
        return (product(u * row(s_bar), v),)
    return (total([product(u, total(core), v), *extra]),)


atom(np.linalg.cholesky, cholesky_bars, (definite,), extents=lambda a: (a,))
atom(np.linalg.eigh, eigh_bars, (square,), results=("w", "v"), extents=lambda a: (a[:1], a))
atom(np.linalg.eigvalsh, eigvalsh_bars, (square,))
atom(np.linalg.eig, eig_bars, (real_spectrum,), results=("w", "v"), extents=lambda a: (a[:1], a))
atom(np.linalg.eigvals, eigvals_bars, (real_spectrum,))
atom(np.linalg.qr, qr_bars, (tall,), results=("q", "r"))
atom(np.linalg.svd, svd_bars, (wide, Fixed(False)), results=("u", "s", "vt"))
