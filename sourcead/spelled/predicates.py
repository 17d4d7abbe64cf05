"""What holds of numbers and arrays: results are bools, integers and places, through which nothing flows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.core import types

from ..spellings import constant, is_array, is_number, real, spells
from .grids import of_operands


def is_complex(t: Any) -> bool:
    return isinstance(t.dtype if is_array(t) else t, types.Complex)


def of_value(t: Any, body: Any) -> Any:
    return body if is_array(t) or is_number(t) else None


spells(np.isneginf)(lambda x: of_value(x, lambda x: x == -np.inf))
spells(np.isposinf)(lambda x: of_value(x, lambda x: x == np.inf))
spells(np.isreal)(lambda x: of_value(x, (lambda x: x.imag == 0.0) if is_complex(x) else (lambda x: x == x)))
spells(np.iscomplex)(lambda x: of_value(x, (lambda x: x.imag != 0.0) if is_complex(x) else (lambda x: x != x)))
spells(np.iscomplexobj)(lambda x: of_value(x, (lambda x: True) if is_complex(x) else (lambda x: False)))
spells(np.isrealobj)(lambda x: of_value(x, (lambda x: False) if is_complex(x) else (lambda x: True)))


@spells(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    def near(a, b, rtol, atol, equal_nan):
        return (a == b) | (np.isfinite(b) & (np.abs(a - b) <= atol + rtol * np.abs(b)))

    def near_or_nan(a, b, rtol, atol, equal_nan):
        return near(a, b, rtol, atol, equal_nan) | (np.isnan(a) & np.isnan(b))

    return near_or_nan if constant(equal_nan) else near


@spells(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    nan_too = bool(constant(equal_nan))
    return lambda a, b, rtol, atol, equal_nan: bool(np.all(np.isclose(a, b, rtol, atol, nan_too)))


@spells(np.array_equal)
def array_equal(a1: Any, a2: Any) -> Any:
    def equal(a1, a2):
        for k in axes:
            if a1.shape[k] != a2.shape[k]:
                return False
        return bool(np.all(a1 == a2))

    if not (is_array(a1) and is_array(a2)):
        return None
    axes = tuple(range(a1.ndim))
    return equal if a1.ndim == a2.ndim else lambda a1, a2: False


@spells(np.isin)
def isin(element: Any, test_elements: Any, assume_unique: Any = False, invert: Any = False) -> Any:
    other = bool(constant(invert))

    def found(element, test_elements, assume_unique, invert):
        flat, among = element.ravel(), np.sort(test_elements.ravel())
        y = np.empty(len(flat), np.bool_)
        for i in range(len(flat)):
            k = np.searchsorted(among, flat[i])
            y[i] = (k < len(among) and among[min(k, len(among) - 1)] == flat[i]) != other
        return y.reshape(element.shape)

    return found if is_array(element) and is_array(test_elements) else None


def first_place(better: Any) -> Any:
    """Of what is not nan; if there is nothing else, ValueError, as in NumPy."""

    def chooser(a: Any) -> Any:
        def place(a):
            flat = a.ravel()
            at = -1
            for i in range(len(flat)):
                if not np.isnan(flat[i]) and (at < 0 or better(flat[i], flat[at])):
                    at = i
            if at < 0:
                raise ValueError("All-NaN slice encountered")
            return at

        return place if is_array(a) and real(a) else None

    return chooser


spells(np.nanargmax)(first_place(lambda a, b: a > b))
spells(np.nanargmin)(first_place(lambda a, b: a < b))


def single(a: Any) -> bool:
    return is_array(a) and a.dtype in (types.float32, types.complex64)


@spells(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None) -> Any:
    """How many singular values are not small; of a vector, whether it is not zero."""
    by_size, eps = constant(tol) is None, np.finfo(np.float32 if single(A) else np.float64).eps

    def rank(A, tol):
        s = np.linalg.svd(A, False)[1]
        least = s[0] * max(A.shape[0], A.shape[1]) * eps if by_size else tol
        return np.sum(s > least)

    return rank if is_array(A, 2) else (lambda A, tol: int(np.any(A != 0))) if is_array(A, 1) else None


# ---- shapes and places -------------------------------------------------------------------------------------


def longest(*shapes: Any) -> tuple[str, ...]:
    """Names for the extents of the common shape of tuples."""
    return tuple(f"n{k}" for k in range(max((len(getattr(s, "items", ())) for s in shapes), default=0)))


@spells(np.broadcast_shapes, results=longest)
def broadcast_shapes(*shapes: Any) -> Any:
    """Of two or three tuples of integers."""
    if not all(isinstance(s, types.BaseTuple) for s in shapes):
        return None
    axes, one = tuple(range(max(map(len, shapes)))), (1,)
    ones = tuple(one * (len(axes) - len(s)) for s in shapes)

    def common(n, m):
        if n != m and n != 1 and m != 1:
            raise ValueError("shape mismatch: objects cannot be broadcast to a single shape")
        return m if n == 1 else n

    def two(a, b):
        p, q = ones[0] + a, ones[1] + b
        return tuple([common(p[k], q[k]) for k in axes])

    def three(a, b, c):
        p, q, r = ones[0] + a, ones[1] + b, ones[2] + c
        return tuple([common(common(p[k], q[k]), r[k]) for k in axes])

    return {1: lambda a: a, 2: two, 3: three}.get(len(shapes))


@spells(np.broadcast_arrays, results=of_operands("array"))
def broadcast_arrays(*args: Any) -> Any:
    """Two or three arrays, repeated to their common shape."""

    def two(a, b):
        shape = (a * b).shape
        return np.broadcast_to(a, shape), np.broadcast_to(b, shape)

    def three(a, b, c):
        shape = (a * b * c).shape
        return np.broadcast_to(a, shape), np.broadcast_to(b, shape), np.broadcast_to(c, shape)

    return {2: two, 3: three}.get(len(args)) if all(map(is_array, args)) else None


def triangle_of(places: Any) -> Any:
    return lambda arr, k=0: (lambda arr, k: places(arr.shape[0], k, arr.shape[1])) if is_array(arr, 2) else None


spells(np.triu_indices_from, results=("rows", "columns"))(triangle_of(np.triu_indices))
spells(np.tril_indices_from, results=("rows", "columns"))(triangle_of(np.tril_indices))


@spells(np.indices)
def indices(dimensions: Any) -> Any:
    """For each axis an array of the indices along it."""
    if not isinstance(dimensions, types.BaseTuple):
        return None
    n = len(dimensions)
    axes, head = tuple(range(n)), (n,)
    others = tuple(tuple(j for j in axes if j != k) for k in axes)

    def places(dimensions):
        y = np.empty(head + dimensions, np.intp)
        for k in axes:
            y[k] = np.expand_dims(np.arange(dimensions[k]), others[k])
        return y

    def line(dimensions):
        return np.expand_dims(np.arange(dimensions[0]), 0)

    return places if n > 1 else line


# ---- whole numbers, which Numba leaves to the reader -----------------------------------------------------


@spells(math.isclose)
def close(a: Any, b: Any, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    def near(a, b, rel_tol, abs_tol):
        finite = math.isfinite(a) and math.isfinite(b)
        return a == b or (finite and abs(a - b) <= max(rel_tol * max(abs(a), abs(b)), abs_tol))

    return near if real(a, b) else None


def falling(n, k):
    """`n (n - 1) ... (n - k + 1)`"""
    y = 1
    for i in range(k):
        y *= n - i
    return y


def chosen(n, k):
    y = 1
    for i in range(k):
        y = y * (n - i) // (i + 1)
    return y


def whole(*given: Any) -> bool:
    return all(isinstance(t, types.Integer) for t in given)


spells(math.factorial)(lambda n: (lambda n: falling(n, n)) if whole(n) else None)
spells(math.perm)(lambda n, k: (lambda n, k: falling(n, k)) if whole(n, k) else None)
spells(math.comb)(lambda n, k: (lambda n, k: chosen(n, k)) if whole(n, k) else None)


@spells(math.isqrt)
def isqrt(n: Any) -> Any:
    def root(n):
        y = int(math.sqrt(n))
        while y * y > n:
            y -= 1
        while (y + 1) * (y + 1) <= n:
            y += 1
        return y

    return root if whole(n) else None
