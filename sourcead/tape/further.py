"""Functions that the compiler lowers to loops, written down for values of the tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sourcead.primitives import stop_gradient


def atleast_1d(x: Any) -> Any:
    return np.reshape(x, 1) if np.ndim(x) == 0 else x


def atleast_2d(x: Any) -> Any:
    return np.reshape(x, (1, -1)) if np.ndim(x) < 2 else x


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    return np.concatenate((arr, values), axis) if axis is not None else np.hstack((np.ravel(arr), np.ravel(values)))


def column_stack(tup: Any) -> Any:
    return np.hstack([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in tup])


def block(arrays: Any) -> Any:
    if not isinstance(arrays[0], (list, tuple)):
        return np.hstack(arrays)
    return np.vstack([np.hstack(row) for row in arrays])


def cumprod(a: Any, axis: Any = None) -> Any:
    a, k = (np.ravel(a), 0) if axis is None else (a, axis)
    rows = [np.moveaxis(a, k, 0)[0]]
    for row in range(1, a.shape[k]):
        rows.append(rows[-1] * np.moveaxis(a, k, 0)[row])
    return np.stack(rows, k)


def quantile(a: Any, q: Any) -> Any:
    """Of all elements, at one or several places."""
    q = np.stack(q) if isinstance(q, (tuple, list)) else q
    s = np.sort(np.ravel(a))
    at = q * (len(s) - 1)
    low = np.minimum(np.floor(at).astype(int) if np.ndim(at) else int(np.floor(at)), max(len(s) - 2, 0))
    return s[low] + (at - low) * (s[np.minimum(low + 1, len(s) - 1)] - s[low])


def percentile(a: Any, q: Any) -> Any:
    return quantile(a, (np.stack(q) if isinstance(q, (tuple, list)) else q) / 100.0)


def median(a: Any) -> Any:
    s, n = np.sort(np.ravel(a)), np.size(a)
    return 0.5 * (s[(n - 1) // 2] + s[n // 2])


def unique(ar: Any) -> Any:
    flat = np.ravel(ar)
    return flat[np.unique(stop_gradient(flat), return_index=True)[1]]


def take_along_axis(arr: Any, indices: Any, axis: int = -1) -> Any:
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    return arr[tuple(places)]


def linspace(start: Any, stop: Any, num: int = 50) -> Any:
    return start + (stop - start) * (np.arange(num) / max(num - 1, 1))


FURTHER: dict[Any, Callable[..., Any]] = {
    np.atleast_1d: atleast_1d,
    np.atleast_2d: atleast_2d,
    np.append: append,
    np.column_stack: column_stack,
    np.block: block,
    np.cumprod: cumprod,
    np.quantile: quantile,
    np.percentile: percentile,
    np.median: median,
    np.unique: unique,
    np.take_along_axis: take_along_axis,
    np.linspace: linspace,
}
