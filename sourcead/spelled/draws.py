"""Distributions of several numbers, drawn one by one in the order in which NumPy and Numba do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types

from ..spellings import constant, is_array, is_number, spells


def rows_of(one: Any, dtype: Any) -> Any:
    """`one(row, x, y)` fills a vector as long as `y`, for one or a shape of them."""

    def single(x, y, size):
        row = np.zeros(len(y), dtype)
        one(row, x, y)
        return row

    def vector(x, y, size):
        rows = np.zeros((size, len(y)), dtype)
        for i in range(size):
            one(rows[i], x, y)
        return rows

    def array(x, y, size):
        rows = np.zeros((*size, len(y)), dtype)
        lines = rows.reshape((-1, len(y)))
        for i in range(len(lines)):
            one(lines[i], x, y)
        return rows

    def choose(size: Any) -> Any:
        if constant(size) is None:
            return single
        return array if isinstance(size, types.BaseTuple) else vector if isinstance(size, types.Integer) else None

    return choose


def counts(row, n, pvals):
    left, p = n, 1.0
    for j in range(len(pvals) - 1):
        if left > 0:
            row[j] = np.random.binomial(left, pvals[j] / p)
            left -= row[j]
            p -= pvals[j]
    row[len(pvals) - 1] = left


def shares(row, x, alpha):
    total = 0.0
    for j in range(len(alpha)):
        row[j] = np.random.standard_gamma(alpha[j])
        total += row[j]
    for j in range(len(alpha)):
        row[j] /= total


def numbers(t: Any) -> bool:
    return is_array(t, 1) or isinstance(t, types.BaseTuple) and all(map(is_number, t))


@spells(np.random.multinomial)
def multinomial(n: Any, pvals: Any, size: Any = None) -> Any:
    return rows_of(counts, np.intp)(size) if numbers(pvals) else None


@spells(np.random.dirichlet)
def dirichlet(alpha: Any, size: Any = None) -> Any:
    made = rows_of(shares, np.float64)(size)
    if made is None or not numbers(alpha):
        return None
    return lambda alpha, size: made(0, alpha, size)
