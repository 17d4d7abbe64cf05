"""Polynomials by their coefficients, lowest power first, and sets of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types
from numpy.polynomial import polynomial as poly
from numpy.polynomial import polyutils

from ..spellings import constant, is_array, is_number, spells


def both(c1: Any, c2: Any, body: Any) -> Any:
    return body if is_array(c1, 1) and is_array(c2, 1) else None


@spells(poly.polyval)
def polyval(x: Any, c: Any) -> Any:
    def at(x, c):
        y = c[len(c) - 1] + x * 0.0
        for k in range(len(c) - 2, -1, -1):
            y = c[k] + y * x
        return y

    return at if is_array(c, 1) and (is_number(x) or is_array(x)) else None


@spells(poly.polyadd)
def polyadd(c1: Any, c2: Any) -> Any:
    def added(c1, c2):
        y = np.zeros(max(len(c1), len(c2)), (c1[:1] + c2[:1]).dtype)
        y[: len(c1)] += c1
        y[: len(c2)] += c2
        return y

    return both(c1, c2, added)


@spells(poly.polysub)
def polysub(c1: Any, c2: Any) -> Any:
    def subtracted(c1, c2):
        return poly.polyadd(c1, -c2)

    return both(c1, c2, subtracted)


@spells(poly.polymul)
def polymul(c1: Any, c2: Any) -> Any:
    def multiplied(c1, c2):
        return np.convolve(c1, c2)

    return both(c1, c2, multiplied)


@spells(poly.polyint)
def polyint(c: Any, m: Any = 1) -> Any:
    def integral(c, m):
        y = c * 1.0
        for _ in range(m):
            z = np.zeros(len(y) + 1)
            for k in range(len(y)):
                z[k + 1] = y[k] / (k + 1)
            y = z
        return y

    return integral if is_array(c, 1) else None


@spells(polyutils.trimseq)
def trimseq(seq: Any) -> Any:
    """Without zeros at the end; one number is left."""

    def trimmed(seq):
        last = len(seq)
        while last > 1 and seq[last - 1] == 0:
            last -= 1
        return seq[:last]

    return trimmed if is_array(seq, 1) else None


def each_item(alist: Any, trim: Any = True) -> tuple[str, ...]:
    return tuple(f"c{k}" for k in range(len(getattr(alist, "items", ()))))


@spells(polyutils.as_series, results=each_item)
def as_series(alist: Any, trim: Any = True) -> Any:
    """Of a list or tuple of vectors: copies of them, without zeros at the end."""
    cut = constant(trim)

    def series(alist, trim):
        return tuple([polyutils.trimseq(a).copy() if cut else a.copy() for a in alist])

    vectors = isinstance(alist, types.BaseTuple) and all(is_array(a, 1) for a in alist)
    return series if vectors and isinstance(cut, bool) else None


@spells(poly.polydiv, results=("quotient", "remainder"))
def polydiv(c1: Any, c2: Any) -> Any:
    """By long division."""

    def divided(c1, c2):
        a, b = polyutils.trimseq(c1), polyutils.trimseq(c2)
        n = len(b)
        left = a / 1.0
        q = np.zeros(max(len(a) - n + 1, 1), left.dtype)
        for k in range(len(a) - n, -1, -1):
            q[k] = left[k + n - 1] / b[n - 1]
            left[k + n - 1] = 0.0
            for j in range(n - 1):
                left[k + j] -= q[k] * b[j]
        return q, polyutils.trimseq(left[: max(n - 1, 1)]).copy()

    return both(c1, c2, divided)


@spells(np.roots)
def roots(p: Any) -> Any:
    """The eigenvalues of the companion matrix. The highest power is first; of real coefficients, real roots."""

    def found(p):
        first, last = 0, len(p) - 1
        while first < last and p[first] == 0:
            first += 1
        while last > first and p[last] == 0:
            last -= 1
        n = last - first
        start = -p[first + 1 : last + 1] / p[first]
        y = np.zeros(len(p) - 1 - first, start.dtype)
        if n > 0:
            companion = np.zeros((n, n), start.dtype)
            companion[0] = start
            for i in range(1, n):
                companion[i, i - 1] = 1.0
            y[:n] = np.linalg.eigvals(companion)
        return y

    return found if is_array(p, 1) else None


# ---- sets ------------------------------------------------------------------------------------------


@spells(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    def union(ar1, ar2):
        return np.unique(np.concatenate((ar1.ravel(), ar2.ravel())))

    return union if is_array(ar1) and is_array(ar2) else None


def selection(inside: bool) -> Any:
    def chooser(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
        def chosen(ar1, ar2, assume_unique):
            a, b = np.unique(ar1.ravel()), np.sort(ar2.ravel())
            keep = np.zeros(len(a), np.bool_)
            for i in range(len(a)):
                k = np.searchsorted(b, a[i])
                found = k < len(b) and b[min(k, len(b) - 1)] == a[i]
                keep[i] = found == inside
            return a[keep]

        return chosen if is_array(ar1) and is_array(ar2) else None

    return chooser


spells(np.intersect1d)(selection(True))
spells(np.setdiff1d)(selection(False))


@spells(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    def exclusive(ar1, ar2, assume_unique):
        return np.sort(np.concatenate((np.setdiff1d(ar1, ar2), np.setdiff1d(ar2, ar1))))

    return exclusive if is_array(ar1) and is_array(ar2) else None
