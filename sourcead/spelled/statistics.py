"""Means, moments and histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types

from ..spellings import constant, is_array, real, spells


@spells(np.average)
def average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    def plain(a, axis, weights):
        return np.mean(a)

    def weighted(a, axis, weights):
        if a.size != weights.size:
            raise ValueError("a and weights must have the same shape")
        return np.sum(a * weights) / np.sum(weights)

    if not is_array(a) or constant(axis) is not None:
        return None
    return weighted if is_array(weights) else plain if constant(weights) is None else None


@spells(np.ptp)
def ptp(a: Any) -> Any:
    def span(a):
        return np.max(a) - np.min(a)

    return span if is_array(a) else None


# ---- covariances ---------------------------------------------------------------------------------


@spells(np.cov)
def cov(m: Any, y: Any = None, rowvar: Any = True, bias: Any = False, ddof: Any = None) -> Any:
    """Of the rows of a matrix, or its columns with `rowvar=False`, those of a second one after them."""
    by_rows, less = constant(rowvar), constant(ddof)
    less = (0 if constant(bias) else 1) if less is None else less

    def of(x):
        k, n = x.shape
        means = np.empty(k)
        for i in range(k):
            means[i] = np.mean(x[i])
        c = np.empty((k, k))
        for i in range(k):
            for j in range(k):
                s = 0.0
                for t in range(n):
                    s += (x[i, t] - means[i]) * (x[j, t] - means[j])
                c[i, j] = s / max(n - less, 0.0)
        return c

    def vector(m, y, rowvar, bias, ddof):
        return of(m.reshape((1, -1)))[0, 0]

    def vectors(m, y, rowvar, bias, ddof):
        return of(np.vstack((m, y)))

    def matrix(m, y, rowvar, bias, ddof):
        return of(m if by_rows else m.T)

    def matrices(m, y, rowvar, bias, ddof):
        return of(np.vstack((m, y)) if by_rows else np.vstack((m.T, y.T)))

    if not (real(m) and isinstance(by_rows, bool) and isinstance(less, (int, float))):
        return None
    if constant(y) is None:
        return vector if is_array(m, 1) else matrix if is_array(m, 2) else None
    if not real(y) or not is_array(y):
        return None
    return vectors if m.ndim == y.ndim == 1 else matrices if m.ndim == y.ndim == 2 else None


@spells(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: Any = True) -> Any:
    by_rows, alone = constant(rowvar), constant(y) is None

    def matrix(x, y, rowvar):
        c = np.cov(x, y, by_rows)
        out = np.empty(c.shape)
        for i in range(len(c)):
            for j in range(len(c)):
                out[i, j] = c[i, j] / np.sqrt(c[i, i] * c[j, j])
        return out

    def alone_vector(x, y, rowvar):
        c = np.cov(x)
        return c / c

    if not (is_array(x) and isinstance(by_rows, bool)):
        return None
    return alone_vector if alone and x.ndim == 1 else matrix


# ---- histograms --------------------------------------------------------------------------------------------


@spells(np.histogram, results=("hist", "bin_edges"))
def histogram(a: Any, bins: Any = 10, range: Any = None) -> Any:
    """How many numbers are in each bin, and the edges of the bins; the last edge belongs to its bin."""
    ends = constant(range) is None

    def even(a, bins, range):
        flat = a.ravel()
        low, high = (np.min(flat), np.max(flat)) if ends else (range[0], range[1])
        edges = np.linspace(low, high, bins + 1)
        hist = np.zeros(bins, np.intp)
        for k in np.arange(len(flat)):
            if low <= flat[k] <= high:
                hist[min(int(bins * (flat[k] - low) / (high - low)), bins - 1)] += 1
        return hist, edges

    def between(a, bins, range):
        hist = np.zeros(len(bins) - 1, np.intp)
        flat = a.ravel()
        for k in np.arange(len(flat)):
            if bins[0] <= flat[k] <= bins[-1]:
                hist[min(np.searchsorted(bins, flat[k], "right"), len(bins) - 1) - 1] += 1
        return hist, bins * 1

    if not is_array(a) or not real(a):
        return None
    return between if is_array(bins, 1) else even if isinstance(bins, types.Integer) or constant(bins) == 10 else None
