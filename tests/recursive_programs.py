"""Functions that call themselves, or each other."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from program_table import program

X = np.array([0.4, 1.1, 0.7, 1.6, 0.9, 1.3])


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    return half * half * (x if n % 2 else 1.0)


@program(0.9)
def integer_power(x):
    return power(x, 11) - 2.0 * power(x * x, 3)


@program(0.7, 0.3, 6)
def fibonacci_like(a, b, n):
    if n < 2:
        return a * n + b
    return np.sin(a) * fibonacci_like(a, b, n - 1) + b * fibonacci_like(a, b, n - 2)


def product_tree(x, lo, hi):
    if hi - lo == 1:
        return x[lo] * x[lo]
    mid = (lo + hi) // 2
    return np.sin(product_tree(x, lo, mid)) * product_tree(x, mid, hi) + x[mid]


@program(X)
def tree_over_an_array(x):
    return product_tree(x, 0, x.shape[0]) * x[0]


@njit
def horner(c, x, k):
    if k == c.shape[0]:
        return 0.0
    return c[k] + x * horner(c, x, k + 1)


@program(X, 0.8)
def recursive_horner(c, x):
    total = 0.0
    for k in range(3):
        total += horner(c, x + k, k) ** 2
        c = c * 1.1
    return total


def even_part(x, n):
    if n == 0:
        return x
    return np.cos(x) + 0.5 * odd_part(x, n - 1)


def odd_part(x, n):
    if n == 0:
        return 1.0
    return x * even_part(x * 0.9, n - 1)


@program(0.6)
def one_another(x):
    return even_part(x, 5) * odd_part(x, 4)


def shrink(v, depth):
    if depth == 0 or v.shape[0] < 2:
        return np.sum(v * v)
    return shrink(v[1:] * v[:-1], depth - 1) + v[0]


@program(X)
def recursion_on_slices(x):
    return shrink(x, 3)


def descend(a, b, tolerance):
    """Simpson-like refinement: how deep depends on the values."""
    mid = 0.5 * (a + b)
    coarse = (b - a) * math.exp(-mid * mid)
    fine = 0.5 * (b - a) * (math.exp(-((0.5 * (a + mid)) ** 2)) + math.exp(-((0.5 * (mid + b)) ** 2)))
    if abs(fine - coarse) < tolerance:
        return fine
    return descend(a, mid, 0.5 * tolerance) + descend(mid, b, 0.5 * tolerance)


@program(0.1, 1.7)
def adaptive_quadrature(a, b):
    return descend(a, b, 1e-3)


def weighted(w, x, n):
    s = 0.0
    for i in range(x.shape[0]):
        y = w[i] * x[i]
        if y > 0.5:
            s += y * y
        else:
            s -= y
    if n == 0:
        return s
    return s * weighted(x, w, n - 1) + weighted(w, w, n - 1)


@program(X[:3], X[2:5])
def exchanged_arguments(w, x):
    return weighted(w, x, 2)
