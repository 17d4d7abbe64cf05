"""What NumPy does along axes, and Numba does not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numba.core import types

from ..spellings import UNKNOWN, along_axes, constant, is_array, is_number, real, spells


def one_axis(a: Any, axis: Any) -> int | None:
    """The axis, counted from the front; None when it is not one of them."""
    k = constant(axis)
    if not is_array(a) or isinstance(k, bool) or not isinstance(k, int) or not -a.ndim <= k < a.ndim:
        return None
    return k % a.ndim


def several_axes(a: Any, axis: Any) -> tuple[int, ...] | None:
    """The axes, counted from the front."""
    given = constant(axis)
    found = given if isinstance(given, tuple) else (given,)
    if not is_array(a) or not all(isinstance(k, int) and -a.ndim <= k < a.ndim for k in found):
        return None
    return tuple(k % a.ndim for k in found)


def with_axis(arguments: int, keywords: Collection[str]) -> bool:
    return arguments > 1 or "axis" in keywords


# ---- order ------------------------------------------------------------------------------------------


@spells(np.sort, when=with_axis)
def sort(a: Any, axis: Any = -1) -> Any:
    k = one_axis(a, axis)
    if k is None:
        return None
    if k == a.ndim - 1:
        return lambda a, axis: np.sort(a)
    return lambda a, axis: np.moveaxis(np.sort(np.moveaxis(a, k, -1)), -1, k)


@spells(np.argsort, when=with_axis)
def argsort(a: Any, axis: Any = -1) -> Any:
    k = one_axis(a, axis)
    if k is None:
        return None

    def places(a, axis):
        lines = np.ascontiguousarray(np.moveaxis(a, k, -1))
        rows = lines.reshape((-1, lines.shape[-1]))
        at = np.empty(rows.shape, np.intp)
        for i in range(len(rows)):
            at[i] = np.argsort(rows[i])
        return np.moveaxis(at.reshape(lines.shape), -1, k)

    return places


@spells(np.median, when=along_axes)
def median(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    k, keep = one_axis(a, axis), constant(keepdims)
    if k is None or not real(a) or keep is UNKNOWN:
        return None

    def middle(a, axis, keepdims):
        s = np.sort(np.moveaxis(a, k, -1))
        n = s.shape[-1]
        m = 0.5 * (s[..., (n - 1) // 2] + s[..., n // 2])
        return np.expand_dims(m, k) if keep else m

    return middle


def quantile_along(scale: float) -> Any:
    def chooser(a: Any, q: Any, axis: Any = None, keepdims: Any = False) -> Any:
        k, keep = one_axis(a, axis), constant(keepdims)
        if k is None or not real(a) or not is_number(q) or keep is UNKNOWN:
            return None

        def between(a, q, axis, keepdims):
            s = np.sort(np.moveaxis(a, k, -1))
            n = s.shape[-1]
            at = q / scale * (n - 1)
            low = min(int(np.floor(at)), n - 2) if n > 1 else 0
            y = s[..., low] + (at - low) * (s[..., min(low + 1, n - 1)] - s[..., low])
            return np.expand_dims(y, k) if keep else y

        return between

    return chooser


def of_quantiles(arguments: int, keywords: Collection[str]) -> bool:
    return arguments > 2 or "axis" in keywords or "keepdims" in keywords


spells(np.percentile, when=of_quantiles)(quantile_along(100.0))
spells(np.quantile, when=of_quantiles)(quantile_along(1.0))


# ---- neighbours ----------------------------------------------------------------------------------------


@spells(np.diff, when=lambda arguments, keywords: "axis" in keywords or arguments > 2)
def diff(a: Any, n: Any = 1, axis: Any = -1) -> Any:
    k, times = one_axis(a, axis), constant(n)
    if k is None or not isinstance(times, int):
        return None

    def differences(a, n, axis):
        d = np.moveaxis(a, k, -1)
        for _ in range(times):
            d = d[..., 1:] - d[..., :-1]
        return np.moveaxis(d, -1, k)

    def once(a, n, axis):
        d = np.moveaxis(a, k, -1)
        return np.moveaxis(d[..., 1:] - d[..., :-1], -1, k)

    return once if times == 1 else differences


@spells(np.roll, when=lambda arguments, keywords: "axis" in keywords or arguments > 2)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    axes = several_axes(a, axis)
    if axes is None:
        return None

    def one(a, shift, axis):
        n = a.shape[axes[0]]
        return np.take(a, (np.arange(n) - shift) % n, axes[0])

    def each(a, shift, axis):
        for j in range(len(axes)):
            n = a.shape[axes[j]]
            a = np.take(a, (np.arange(n) - shift[j]) % n, axes[j])
        return a

    return each if isinstance(shift, types.BaseTuple) else one if len(axes) == 1 else None


@spells(np.repeat, when=lambda arguments, keywords: "axis" in keywords or arguments > 2)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    k = one_axis(a, axis)
    if k is None:
        return None

    def evenly(a, repeats, axis):
        return np.take(a, np.arange(a.shape[k] * repeats) // repeats, k)

    def each(a, repeats, axis):
        return np.take(a, np.repeat(np.arange(a.shape[k]), repeats), k)

    return evenly if isinstance(repeats, types.Integer) else each


@spells(np.tile)
def tile(A: Any, reps: Any) -> Any:
    if not is_array(A):
        return None
    times = len(reps) if isinstance(reps, types.BaseTuple) else 1
    added, first = tuple(range(times - A.ndim)), max(A.ndim - times, 0)

    def last(A, reps):
        n = A.shape[-1]
        return np.take(A, np.arange(n * reps) % n, -1)

    def each(A, reps):
        for j in range(times):
            n = A.shape[first + j]
            A = np.take(A, np.arange(n * reps[j]) % n, first + j)
        return A

    def more_axes(A, reps):
        return np.tile(np.expand_dims(A, added), reps)

    if not isinstance(reps, types.BaseTuple):
        return last
    return more_axes if added else each


# ---- axes ------------------------------------------------------------------------------------------------


@spells(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Several at once; one is a view that lowering knows."""
    given = constant(source), constant(destination)
    if not is_array(a) or not all(isinstance(g, tuple) for g in given):
        return None
    old, new = (tuple(k % a.ndim for k in g) for g in given)
    order = [k for k in range(a.ndim) if k not in old]
    for to, axis in sorted(zip(new, old, strict=True)):
        order.insert(to, axis)
    axes = tuple(order)
    return lambda a, source, destination: np.transpose(a, axes)


@spells(np.diagonal)
def diagonal(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    """Of two axes of several, as the last axis; that of a matrix is a view that lowering knows."""
    i, j, k = one_axis(a, axis1), one_axis(a, axis2), constant(offset)
    if i is None or j is None or i == j or not isinstance(k, int):
        return None
    order = (*(n for n in range(a.ndim) if n not in (i, j)), i, j)
    down, right, minus_one = max(-k, 0), max(k, 0), (-1,)

    def along(a, offset, axis1, axis2):
        t = np.ascontiguousarray(np.transpose(a, order))
        n = max(min(t.shape[-2] - down, t.shape[-1] - right), 0)
        places = (np.arange(n) + down) * t.shape[-1] + np.arange(n) + right
        return np.take(t.reshape(t.shape[:-2] + minus_one), places, -1)

    return along if (a.ndim, i, j) != (2, 0, 1) else None


@spells(np.rollaxis)
def rollaxis(a: Any, axis: Any, start: Any = 0) -> Any:
    k, to = one_axis(a, axis), constant(start)
    if k is None or not isinstance(to, int):
        return None
    to = to % (a.ndim + 1)
    place = to - 1 if k < to else to
    return lambda a, axis, start: np.moveaxis(a, k, place)


@spells(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    axes = constant(axis)
    if not is_array(a) or not isinstance(axes, tuple):
        return None
    first, *rest = sorted(k % (a.ndim + len(axes)) for k in axes)
    others = tuple(rest)
    if not others:
        return lambda a, axis: np.expand_dims(a, first)
    return lambda a, axis: np.expand_dims(np.expand_dims(a, first), others)


@spells(np.average, when=along_axes)
def average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    k = one_axis(a, axis)
    if k is None:
        return None

    def plain(a, axis, weights):
        return np.mean(a, axis=k)

    def weighted(a, axis, weights):
        return np.sum(np.moveaxis(a, k, -1) * weights, axis=-1) / np.sum(weights)

    return weighted if is_array(weights, 1) else plain if constant(weights) is None else None


@spells(np.ptp, when=along_axes)
def ptp(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
    axes, keep = constant(axis), constant(keepdims)
    if not is_array(a) or UNKNOWN in (axes, keep):
        return None
    return lambda a, axis, keepdims: np.max(a, axis=axes, keepdims=keep) - np.min(a, axis=axes, keepdims=keep)


# ---- norms -----------------------------------------------------------------------------------------------


@spells(np.linalg.norm, when=lambda arguments, keywords: arguments > 2 or bool({"axis", "keepdims"} & {*keywords}))
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """Of the vectors along an axis, of the matrices in two (Frobenius); 0 has derivative 0."""
    axes, keep, order = constant(axis), constant(keepdims), constant(ord)
    if not is_array(x) or not real(x) or UNKNOWN in (axes, keep, order):
        return None

    def euclidean(x, ord, axis, keepdims):
        s = np.sum(x * x, axis=axes, keepdims=keep)
        return np.where(s > 0.0, np.sqrt(s), 0.0)

    def one(x, ord, axis, keepdims):
        return np.sum(np.abs(x), axis=axes, keepdims=keep)

    def largest(x, ord, axis, keepdims):
        return np.max(np.abs(x), axis=axes, keepdims=keep)

    def smallest(x, ord, axis, keepdims):
        return np.min(np.abs(x), axis=axes, keepdims=keep)

    def power(x, ord, axis, keepdims):
        return np.sum(np.abs(x) ** order, axis=axes, keepdims=keep) ** (1.0 / order)

    if order is None or order == "fro" or order == 2 and isinstance(axes, int):
        return euclidean
    if not isinstance(axes, int) or order == 0 or isinstance(order, str):
        return None
    return {1: one, np.inf: largest, -np.inf: smallest}.get(order, power)
