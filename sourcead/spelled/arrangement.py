"""Arrays put together from parts of others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types

from ..spellings import UNKNOWN, constant, is_array, is_number, spells


@spells(np.cross)
def cross(a: Any, b: Any) -> Any:
    """Of vectors in space, or of the rows of matrices."""

    def vectors(a, b):
        if len(a) != 3 or len(b) != 3:
            raise ValueError("np.cross takes vectors in space: the last axis must have length 3")
        return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])

    def rows(a, b):
        u, v = np.atleast_2d(a), np.atleast_2d(b)
        x = u[:, 1] * v[:, 2] - u[:, 2] * v[:, 1]
        y = u[:, 2] * v[:, 0] - u[:, 0] * v[:, 2]
        z = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        return np.column_stack((x, y, z))

    if not (is_array(a) and is_array(b) and max(a.ndim, b.ndim) < 3):
        return None
    return vectors if a.ndim == b.ndim == 1 else rows


@spells(np.rot90)
def rot90(m: Any, k: Any = 1) -> Any:
    turns = constant(k)
    if not is_array(m, 2) or not isinstance(turns, int):
        return None
    return (
        lambda m, k: m,
        lambda m, k: m.T[::-1],
        lambda m, k: m[::-1, ::-1],
        lambda m, k: m[::-1].T,
    )[turns % 4]


@spells(np.dstack)
def dstack(tup: Any) -> Any:
    def stacked(tup):
        return np.concatenate([np.atleast_3d(a) for a in tup], axis=2)

    return stacked if isinstance(tup, types.BaseTuple) else None


spells(*(f for n, f in vars(np).items() if n == "row_stack"))(lambda tup: lambda tup: np.vstack(tup))


@spells(np.asarray_chkfinite)
def asarray_chkfinite(a: Any, dtype: Any = None) -> Any:
    def checked(a, dtype):
        if not np.all(np.isfinite(a)):
            raise ValueError("array must not contain infs or NaNs")
        return a

    return checked if is_array(a) and constant(dtype) is None else None


@spells(np.asfortranarray)
def asfortranarray(a: Any) -> Any:
    """A copy, unless the type says that the elements stand in this order already."""
    if not is_array(a):
        return None
    ordered = a.layout == "F" or a.ndim == 1 and a.layout == "C"
    return (lambda a: a) if ordered else (lambda a: a.T.copy().T)


def triangle(fn: Any) -> Any:
    """Of a vector: that of the matrix in which it is every row."""
    return lambda m, k=0: (lambda m, k: fn(np.broadcast_to(m, (len(m), len(m))), k)) if is_array(m, 1) else None


spells(np.tril)(triangle(np.tril))
spells(np.triu)(triangle(np.triu))


@spells(np.atleast_3d)
def atleast_3d(ary: Any) -> Any:
    by_rank = (None, lambda ary: ary.reshape((1, -1, 1)), lambda ary: np.expand_dims(ary, 2))
    if not is_array(ary):
        return None
    return by_rank[ary.ndim] if 0 < ary.ndim < 3 else (lambda ary: ary)


@spells(np.diagflat)
def diagflat(v: Any, k: Any = 0) -> Any:
    def around(v, k):
        return np.diag(v.ravel(), k)

    return around if is_array(v) else None


@spells(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    head, tail = constant(to_begin) is not None, constant(to_end) is not None

    def differences(ary, to_end, to_begin):
        flat = ary.ravel()
        d = flat[1:] - flat[:-1]
        if head:
            d = np.append(to_begin, d)
        if tail:
            d = np.append(d, to_end)
        return d

    return differences if is_array(ary) else None


@spells(np.vander)
def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    upwards, square = constant(increasing), constant(N) is None

    def powers(x, N, increasing):
        n = len(x) if square else N
        v = np.empty((len(x), n), (x[:1] * 1).dtype)
        for i in range(len(x)):
            p = x[i] ** 0
            for j in range(n):
                v[i, j if upwards else n - 1 - j] = p
                p = p * x[i]
        return v

    return powers if is_array(x, 1) and isinstance(upwards, bool) else None


@spells(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """The elements again and again, until the new shape is full."""

    def vector(a, new_shape):
        flat = a.ravel()
        return flat[np.arange(new_shape) % len(flat)]

    def array(a, new_shape):
        flat = a.ravel()
        n = 1
        for m in new_shape:
            n *= m
        return flat[np.arange(n) % len(flat)].reshape(new_shape)

    return None if not is_array(a) else vector if isinstance(new_shape, types.Integer) else array


@spells(np.delete)
def delete(arr: Any, obj: Any) -> Any:
    """Of a vector, or of the elements of an array in order."""

    def left(arr, obj):
        flat = arr.ravel()
        keep = np.ones(len(flat), np.bool_)
        keep[obj] = False
        return flat[keep]

    return left if is_array(arr) else None


@spells(np.insert)
def insert(arr: Any, obj: Any, values: Any) -> Any:
    """Into a vector, one number or several in one place."""

    def inserted(arr, obj, values):
        flat = arr.ravel()
        at = obj if obj >= 0 else obj + len(flat)
        return np.concatenate((flat[:at], np.atleast_1d(np.asarray(values)), flat[at:]))

    def number(arr, obj, values):
        flat = arr.ravel()
        at = obj if obj >= 0 else obj + len(flat)
        return np.concatenate((flat[:at], np.array([values]), flat[at:]))

    if not is_array(arr) or not isinstance(obj, types.Integer):
        return None
    return number if is_number(values) else inserted if is_array(values, 1) else None


@spells(np.trim_zeros)
def trim_zeros(filt: Any, trim: Any = "fb") -> Any:
    ends = constant(trim)

    def trimmed(filt, trim):
        first, last = 0, len(filt)
        if front:
            while first < last and filt[first] == 0:
                first += 1
        if back:
            while last > first and filt[last - 1] == 0:
                last -= 1
        return filt[first:last]

    if not is_array(filt, 1) or ends is UNKNOWN:
        return None
    front, back = "f" in ends.lower(), "b" in ends.lower()
    return trimmed


@spells(np.tri)
def tri(N: Any, M: Any = None, k: Any = 0) -> Any:
    square = constant(M) is None

    def ones(N, M, k):
        return np.tril(np.ones((N, N if square else M)), k)

    return ones


@spells(np.geomspace)
def geomspace(start: Any, stop: Any, num: Any = 50) -> Any:
    def points(start, stop, num):
        y = np.empty(num)
        for i in range(num):
            y[i] = start * (stop / start) ** (i / (num - 1)) if num > 1 else start
        return y

    return points if is_number(start) and is_number(stop) else None


@spells(np.logspace)
def logspace(start: Any, stop: Any, num: Any = 50) -> Any:
    def points(start, stop, num):
        return 10.0 ** np.linspace(start, stop, num)

    return points if is_number(start) and is_number(stop) else None


@spells(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    def selected(condlist, choicelist, default):
        y = np.full(choicelist[0].shape, default * 1.0)
        for k in range(len(condlist) - 1, -1, -1):
            y = np.where(condlist[k], choicelist[k], y)
        return y

    return selected if isinstance(condlist, types.BaseTuple) and isinstance(choicelist, types.BaseTuple) else None


@spells(np.nan_to_num)
def nan_to_num(x: Any, copy: Any = True, nan: Any = 0.0) -> Any:
    """As in Numba, infinities become the largest numbers."""

    def at(x, copy, nan):
        if np.isnan(x):
            return nan
        if x == np.inf:
            return np.finfo(np.float64).max
        if x == -np.inf:
            return -np.finfo(np.float64).max
        return x

    def each(x, copy, nan):
        flat = x.ravel()
        y = np.empty(len(flat), x.dtype)
        for i in range(len(flat)):
            y[i] = at(flat[i], copy, nan)
        return y.reshape(x.shape)

    if constant(copy) is not True:
        return None
    return each if is_array(x) else at


def triangle_places(inside: Any) -> Any:
    """Rows and columns of the elements on one side of a diagonal."""

    def chooser(n: Any, k: Any = 0, m: Any = None) -> Any:
        square = constant(m) is None

        def places(n, k, m):
            width = n if square else m
            rows = np.empty(n * width, np.intp)
            columns = np.empty(n * width, np.intp)
            count = 0
            for i in range(n):
                for j in range(width):
                    if inside(i, j, k):
                        rows[count], columns[count] = i, j
                        count += 1
            return rows[:count].copy(), columns[:count].copy()

        return places

    return chooser


spells(np.triu_indices, results=("rows", "columns"))(triangle_places(lambda i, j, k: j - i >= k))
spells(np.tril_indices, results=("rows", "columns"))(triangle_places(lambda i, j, k: j - i <= k))
