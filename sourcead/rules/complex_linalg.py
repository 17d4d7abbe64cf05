"""The rule table, linear algebra of complex matrices: what is no holomorphic function of its argument.

Adjoints are `dL/dx + i dL/dy`, so the transposes in the formulas of `linalg` become conjugate transposes, and what is
real by definition (eigenvalues, a diagonal) takes the real part. For `eig`: C. Boeddeker et al., "On the computation of
complex-valued gradients with application to statistically optimum beamforming" (2017); for the phases in `svd`: Z. Wan
and S. Zhang, "Automatic differentiation for complex valued SVD" (2019).

The phase of a vector of `eigh`, `eig` and `svd` is LAPACK's choice. What does not depend on it has a derivative; where
the adjoints of the vectors ask for that of the phase, it is nan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .kinds import RULES, Shares, apply, conj, total, where
from .linalg import column, diagonal, equal, indices, inverse_gaps, product, row, t


def h(x: Any) -> Any:
    """The conjugate transpose."""
    return t(conj(x))


def lower_half(x: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    i, j = indices(x)
    return where(i > j, x, where(equal(i, j), 0.5 * x, 0.0))


def by_lower(s: Any) -> Any:
    """The derivative by the lower triangle of a Hermitian matrix, from that by all of its elements."""
    return lower_half(s + h(s))


def hermitian(x: Any) -> Any:
    """The Hermitian matrix with this lower triangle."""
    i, j = indices(x)
    return where(i < j, h(x), where(equal(i, j), 0.5 * (x + h(x)), x))


def phases(turn: Any, m: Any, size: Any) -> Any:
    """nan on the diagonal where the adjoints of vectors, of square length `size`, ask for the phase: their product
    with the vectors has the imaginary part `turn`. `m` is a matrix of this shape."""
    i, j = indices(m)
    matters = where(turn * turn > 1e-10 * apply(np.real, size), np.nan, 0.0)
    return where(equal(i, j), matters, 0.0)


def phases_of(v_bar: Any, m: Any) -> Any:
    """The same of vectors `v` alone, with `m = v^H v_bar`."""
    return phases(apply(np.imag, m), m, product(h(v_bar), v_bar))


# ---- solutions and inverses ----------------------------------------------------------------------------


def slogdet_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    sign_bar, log_bar = y_bar
    terms = [] if log_bar is None else [log_bar]
    if sign_bar is not None:
        terms.append(1j * apply(np.imag, sign_bar * conj(y[0])))
    return (total(terms) * h(np.linalg.inv(a)) if terms else None,)


def pinv_bars(y_bar: Any, y: Any, a: Any, *rcond: Any, rank: Any) -> Shares:
    """For constant rank."""
    g, p = y_bar, h(y)
    left, right = product(h(g), y, p), product(p, y, h(g))
    return (left - product(a, y, left) + (right - product(right, y, a)) - product(p, g, p),)


def lstsq_bars(y_bar: Any, y: Any, a: Any, b: Any, *rcond: Any, rank: Any) -> Shares:
    """Of the solution, for full rank."""
    if any(bar is not None for bar in y_bar[1:]):
        raise TypeError("only the solution of np.linalg.lstsq is differentiated: compute the residuals from it")
    if y_bar[0] is None:
        return None, None
    x, g, p = y[0], y_bar[0], np.linalg.pinv(a)

    def outer(u: Any, v: Any) -> Any:
        return np.outer(u, conj(v)) if rank(b) == 1 else product(u, h(v))

    z = product(h(p), g)
    return outer(b - product(a, x), product(p, z)) + outer(product(h(p), x), g - product(h(a), z)) - outer(z, x), z


# ---- factorisations ------------------------------------------------------------------------------------


def cholesky_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    half = np.linalg.solve(h(y), lower_half(product(h(y), y_bar)))
    return (by_lower(h(np.linalg.solve(h(y), h(half)))),)


def eigh_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    w_bar, v_bar = y_bar
    w, v = y
    left = []
    if w_bar is not None:
        left.append(v * row(w_bar))
    if v_bar is not None:
        m = product(h(v), v_bar)
        left.append(product(v, m * inverse_gaps(w) + phases_of(v_bar, m)))
    return (by_lower(product(total(left), h(v))) if left else None,)


def eig_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    w_bar, v_bar = y_bar
    w, v = y
    core = [] if w_bar is None else [diagonal(w_bar)]
    if v_bar is not None:
        m = product(h(v), v_bar)
        i, j = indices(m)
        across = m - product(h(v), v, where(equal(i, j), m, 0.0))
        core.append(across * conj(inverse_gaps(w)) + phases_of(v_bar, m))
    return (np.linalg.solve(h(v), product(total(core), h(v))) if core else None,)


def qr_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    """For at least as many rows as columns, and full rank; the diagonal of `r` is real."""
    q_bar, r_bar = y_bar
    q, r = y
    terms = ([] if r_bar is None else [product(r, h(r_bar))]) + ([] if q_bar is None else [-product(h(q_bar), q)])
    if not terms:
        return (None,)
    left = product(q, hermitian(total(terms)))
    return (h(np.linalg.solve(r, h(left if q_bar is None else q_bar + left))),)


def svd_bars(y_bar: Any, y: Any, a: Any, *full: Any, rank: Any) -> Shares:
    """A pair of singular vectors has one phase; what turns the left one alone turns the singular value's."""
    u_bar, s_bar, v_bar = y_bar
    u, s, v = y  # v: the conjugated right vectors are its rows
    core, extra = ([] if s_bar is None else [diagonal(s_bar)]), []
    f = inverse_gaps(s * s)
    turns, sizes = [], []
    if u_bar is not None:
        p = product(h(u), u_bar)
        i, j = indices(p)
        turns.append(apply(np.imag, p))
        sizes.append(product(h(u_bar), u_bar))
        core.append(f * (p - h(p)) * row(s) + where(equal(i, j), 1j * apply(np.imag, p) / row(s), 0.0))
        extra.append(product((u_bar - product(u, p)) / row(s), v))
    if v_bar is not None:
        p = product(v_bar, h(v))
        turns.append(-apply(np.imag, p))
        sizes.append(product(v_bar, h(v_bar)))
        core.append(column(s) * (f * (h(p) - p)))
        extra.append(product(u, (v_bar - product(p, v)) / column(s)))
    if not core:
        return (None,)
    if not extra:  # singular values alone
        return (product(u * row(s_bar), v),)
    core.append(phases(total(turns), turns[0], total(sizes)))
    return (total([product(u, total(core), v), *extra]),)


def of_complex(fn: Any, bars: Callable[..., Shares]) -> None:
    """`bars(y_bar, y, *args, rank)` gives what the first arguments receive where they are complex."""

    def shares(y_bar: Any, y: Any, *args: Any, rank: Any = np.ndim) -> Shares:
        found = bars(y_bar, y, *args, rank=rank)
        return (*found, *(None for _ in args[len(found) :]))

    RULES[fn] = replace(RULES[fn], of_complex=shares)


of_complex(np.linalg.slogdet, slogdet_bars)
of_complex(np.linalg.pinv, pinv_bars)
of_complex(np.linalg.lstsq, lstsq_bars)
of_complex(np.linalg.cholesky, cholesky_bars)
of_complex(np.linalg.eigh, eigh_bars)
of_complex(np.linalg.eig, eig_bars)
of_complex(np.linalg.qr, qr_bars)
of_complex(np.linalg.svd, svd_bars)
