"""Outer forms of ufuncs, their reductions, padding, grids, parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types
from numpy.lib.stride_tricks import sliding_window_view

from ..ir import Const
from ..spellings import UNKNOWN, constant, is_array, is_number, spells
from .axes import one_axis

UFUNCS = (
    *(np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.power, np.maximum, np.minimum),
    *(np.hypot, np.arctan2, np.logaddexp, np.remainder, np.fmod, np.copysign),
)


def outer_of(ufunc: Any) -> Any:
    def chooser(a: Any, b: Any) -> Any:
        if not all(is_array(x) or is_number(x) for x in (a, b)):
            return None
        last = tuple(range(a.ndim, a.ndim + b.ndim)) if is_array(a) and is_array(b) else ()
        return (lambda a, b: ufunc(np.expand_dims(a, last), b)) if last else (lambda a, b: ufunc(a, b))

    return chooser


for _u in UFUNCS:
    spells(_u.outer)(outer_of(_u))


def reduce_of(fn: Any) -> Any:
    """`ufunc.reduce(a, axis=0, keepdims=False)`, which `fn` is with another default."""

    def chooser(a: Any, axis: Any = 0, keepdims: Any = False) -> Any:
        axes, keep = constant(axis), constant(keepdims)
        if not is_array(a) or UNKNOWN in (axes, keep):
            return None
        if a.ndim == 1 and not keep:
            return lambda a, axis, keepdims: fn(a)
        return lambda a, axis, keepdims: fn(a, axis=axes, keepdims=keep)

    return chooser


REDUCTIONS: tuple[tuple[Any, Any], ...] = (
    (np.add, np.sum),
    (np.multiply, np.prod),
    (np.maximum, np.max),
    (np.minimum, np.min),
    (np.logical_and, np.all),
    (np.logical_or, np.any),
)
for _of, _fn in REDUCTIONS:
    spells(_of.reduce)(reduce_of(_fn))


@spells(np.logaddexp.reduce)
def logaddexp_reduce(a: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    """The logarithm of a sum of exponentials, around the largest of them."""
    axes, keep = constant(axis), constant(keepdims)
    if not is_array(a) or UNKNOWN in (axes, keep):
        return None
    if axes is None or a.ndim == 1 and not keep:

        def everything(a, axis, keepdims):
            m = np.max(a)
            return m if np.isinf(m) else m + np.log(np.sum(np.exp(a - m)))

        return None if keep else everything

    def along(a, axis, keepdims):
        m = np.max(a, axis=axes, keepdims=True)
        m = np.where(np.isinf(m), 0.0, m)
        s = np.log(np.sum(np.exp(a - m), axis=axes, keepdims=True)) + m
        return s if keep else np.squeeze(s, axis=axes)

    return along


def accumulate_of(fn: Any) -> Any:
    def chooser(a: Any, axis: Any = 0) -> Any:
        k = one_axis(a, axis)
        return None if k is None else (lambda a, axis: fn(a, axis=k)) if a.ndim > 1 else (lambda a, axis: fn(a))

    return chooser


spells(np.add.accumulate)(accumulate_of(np.cumsum))
spells(np.multiply.accumulate)(accumulate_of(np.cumprod))


def running_extreme(ufunc: Any) -> Any:
    def chooser(a: Any, axis: Any = 0) -> Any:
        k = one_axis(a, axis)
        if k is None:
            return None

        def running(a, axis):
            y = np.moveaxis(a, k, 0).copy()
            for i in range(1, len(y)):
                y[i] = ufunc(y[i - 1], y[i])
            return np.moveaxis(y, 0, k)

        return running

    return chooser


spells(np.maximum.accumulate)(running_extreme(np.maximum))
spells(np.minimum.accumulate)(running_extreme(np.minimum))


# ---- padding ---------------------------------------------------------------------------------------------


@spells(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Any:
    kind = constant(mode)
    if not is_array(array) or kind not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        return None
    n = array.ndim

    def places(length, before, after):
        at = np.arange(-before, length + after)
        if kind == "wrap":
            return at % length
        if kind == "reflect":
            at = np.abs(at) % max(2 * (length - 1), 1)
            return np.where(at < length, at, 2 * (length - 1) - at)
        if kind == "symmetric":
            at = at % (2 * length)
            return np.where(at < length, at, 2 * length - 1 - at)
        return np.minimum(np.maximum(at, 0), length - 1)

    def along(a, k, before, after, value):
        if kind != "constant":
            return np.take(a, places(a.shape[k], before, after), k)
        head = np.full_like(np.take(a, np.zeros(before, np.intp), k), value)
        tail = np.full_like(np.take(a, np.zeros(after, np.intp), k), value)
        return np.concatenate((head, a, tail), axis=k)

    def one_width(array, pad_width, mode, constant_values):
        for k in range(n):
            array = along(array, unrolled[k], pad_width, pad_width, constant_values)
        return array

    def one_pair(array, pad_width, mode, constant_values):
        for k in range(n):
            array = along(array, unrolled[k], pad_width[0], pad_width[1], constant_values)
        return array

    def pairs(array, pad_width, mode, constant_values):
        for k in range(n):
            array = along(array, k, pad_width[k][0], pad_width[k][1], constant_values)
        return array

    unrolled = tuple(range(n))
    if isinstance(pad_width, types.Integer):
        return one_width
    if not isinstance(pad_width, types.BaseTuple):
        return None
    if isinstance(pad_width[0], types.BaseTuple):
        return pairs if len(pad_width) == n else None
    return one_pair if len(pad_width) == 2 else None


# ---- grids -----------------------------------------------------------------------------------------------


def of_operands(base: str) -> Any:
    """Names for as many results as there are arguments by position."""
    return lambda *args, **kwargs: tuple(f"{base}{k}" for k in range(len(args)))


@spells(np.meshgrid, results=of_operands("grid"))
def meshgrid(x: Any, y: Any, indexing: Any = "xy") -> Any:
    order = constant(indexing)
    if not (is_array(x, 1) and is_array(y, 1)) or order not in ("xy", "ij"):
        return None

    def rows(x, y, indexing):
        return np.repeat(np.expand_dims(x, 0), len(y), axis=0), np.repeat(np.expand_dims(y, 1), len(x), axis=1)

    def columns(x, y, indexing):
        return np.repeat(np.expand_dims(x, 1), len(y), axis=1), np.repeat(np.expand_dims(y, 0), len(x), axis=0)

    return rows if order == "xy" else columns


@spells(np.ix_, results=of_operands("places"))
def ix_(*args: Any) -> Any:
    """Two or three vectors of integers, each along an axis of its own."""
    if not all(is_array(a, 1) and isinstance(a.dtype, types.Integer) for a in args):
        return None
    by_count = {
        2: lambda i, j: (np.expand_dims(i, 1), np.expand_dims(j, 0)),
        3: lambda i, j, k: (np.expand_dims(i, (1, 2)), np.expand_dims(j, (0, 2)), np.expand_dims(k, (0, 1))),
    }
    return by_count.get(len(args))


def sections(ary: Any, indices_or_sections: Any, axis: Any = None) -> tuple[str, ...]:
    """Names for the parts; none when their number is not known while parsing."""
    given = indices_or_sections
    if isinstance(given, Const) and isinstance(given.value, int):
        return tuple(f"part{k}" for k in range(given.value))
    items = getattr(given, "items", None)
    return tuple(f"part{k}" for k in range(len(items) + 1)) if items is not None else ()


def splitting(k: int | None, even: bool) -> Any:
    """Into equal parts, or at given places."""

    def chooser(ary: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
        at = one_axis(ary, axis if k is None else k if is_array(ary) and ary.ndim > k else 0)
        if at is None:
            return None
        several = isinstance(indices_or_sections, types.BaseTuple)
        parts = len(indices_or_sections) + 1 if several else constant(indices_or_sections)
        numbers = tuple(range(parts)) if isinstance(parts, int) else ()

        def part(a, first, last):
            return np.moveaxis(np.moveaxis(a, at, 0)[first:last], 0, at)

        def equal(ary, indices_or_sections, axis):
            n = ary.shape[at]
            if even and n % parts != 0:
                raise ValueError("array split does not result in an equal division")
            size, more = n // parts, n % parts
            return tuple([part(ary, j * size + min(j, more), (j + 1) * size + min(j + 1, more)) for j in numbers])

        def places(ary, indices_or_sections, axis):
            ends = (0, *indices_or_sections, ary.shape[at])
            return tuple([part(ary, ends[j], ends[j + 1]) for j in numbers])

        return None if not numbers else places if several else equal

    return chooser


spells(np.split, results=sections)(splitting(None, True))
spells(np.array_split, results=sections)(splitting(None, False))
spells(np.vsplit, results=sections)(splitting(0, True))
spells(np.hsplit, results=sections)(splitting(1, True))
spells(np.dsplit, results=sections)(splitting(2, True))


@spells(np.block)
def block(arrays: Any) -> Any:
    """Of rows of matrices, or of one row."""
    if not isinstance(arrays, types.BaseTuple):
        return None
    if all(isinstance(row, types.BaseTuple) for row in arrays):
        return lambda arrays: np.concatenate([np.concatenate(row, axis=1) for row in arrays], axis=0)
    return (lambda arrays: np.hstack(arrays)) if all(map(is_array, arrays)) else None


@spells(sliding_window_view)
def windows(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """The windows along these axes, as further axes at the end; a copy."""
    several = isinstance(window_shape, types.BaseTuple)
    where = constant(axis)
    if not is_array(x) or where is UNKNOWN:
        return None
    axes = tuple(range(x.ndim)) if where is None else where if isinstance(where, tuple) else (where,)
    axes = tuple(k % x.ndim for k in axes)
    if len(axes) != (len(window_shape) if several else 1):
        return None

    def along(x, k, width):
        if width > x.shape[k]:
            raise ValueError("window shape cannot be larger than input array shape")
        first = np.arange(x.shape[k] - width + 1)
        return np.moveaxis(np.take(x, np.expand_dims(first, 1) + np.arange(width), k), k + 1, -1)

    def one(x, window_shape, axis):
        return along(x, axes[0], window_shape)

    def each(x, window_shape, axis):
        for j in range(len(axes)):
            x = along(x, axes[j], window_shape[j])
        return x

    return each if several else one
