"""Reductions that leave out what is nan: of all elements, and along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..spellings import UNKNOWN, constant, is_array, real, spells


def skipping(fn: Callable[..., Any], make: Callable[[Any, Any], Callable[..., Any]]) -> None:
    """`fn(a, axis, keepdims)` is what `make` makes for these axes."""

    def chooser(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
        axes, keep = constant(axis), constant(keepdims)
        return make(axes, keep) if is_array(a) and real(a) and UNKNOWN not in (axes, keep) else None

    spells(fn)(chooser)


def instead(reduction: Callable[..., Any], value: float) -> Any:
    """`reduction`, with a value in the places of nan that does not count."""

    def make(axes: Any, keep: Any) -> Any:
        return lambda a, axis, keepdims: reduction(np.where(np.isnan(a), value, a), axis=axes, keepdims=keep)

    return make


def extreme(reduction: Callable[..., Any], value: float) -> Any:
    """The same, nan where there is nothing else."""

    def make(axes: Any, keep: Any) -> Any:
        def found(a, axis, keepdims):
            y = reduction(np.where(np.isnan(a), value, a), axis=axes, keepdims=keep)
            return np.where(np.all(np.isnan(a), axis=axes, keepdims=keep), np.nan, y)

        return found

    return make


def nanmean(axes: Any, keep: Any) -> Any:
    def mean(a, axis, keepdims):
        n = np.sum(np.where(np.isnan(a), 0.0, 1.0), axis=axes, keepdims=keep)
        return np.sum(np.where(np.isnan(a), 0.0, a), axis=axes, keepdims=keep) / n

    return mean


skipping(np.nansum, instead(np.sum, 0.0))
skipping(np.nanprod, instead(np.prod, 1.0))
skipping(np.nanmax, extreme(np.max, -np.inf))
skipping(np.nanmin, extreme(np.min, np.inf))
skipping(np.nanmean, nanmean)


@spells(np.nanvar)
def nanvar(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    axes, keep = constant(axis), constant(keepdims)
    if not (is_array(a) and real(a)) or UNKNOWN in (axes, keep):
        return None

    def everything(a, axis, ddof, keepdims):
        d = np.where(np.isnan(a), 0.0, a - np.nanmean(a))
        return np.sum(d * d) / (np.sum(np.where(np.isnan(a), 0.0, 1.0)) - ddof)

    def along(a, axis, ddof, keepdims):
        d = np.where(np.isnan(a), 0.0, a - np.nanmean(a, axis=axes, keepdims=True))
        n = np.sum(np.where(np.isnan(a), 0.0, 1.0), axis=axes, keepdims=keep)
        return np.sum(d * d, axis=axes, keepdims=keep) / (n - ddof)

    return everything if axes is None and not keep else along


@spells(np.nanstd)
def nanstd(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    axes, keep = constant(axis), constant(keepdims)
    if UNKNOWN in (axes, keep):
        return None
    return lambda a, axis, ddof, keepdims: np.sqrt(np.nanvar(a, axis=axes, ddof=ddof, keepdims=keep))


# ---- of all elements ---------------------------------------------------------------------------------------


def kept(a):
    flat = a.ravel()
    return flat[~np.isnan(flat)]


def nanmedian(a):
    flat = kept(a)
    return np.nan if len(flat) == 0 else np.median(flat)


def nancumsum(a):
    flat = a.ravel()
    return np.cumsum(np.where(np.isnan(flat), 0.0, flat))


def nancumprod(a):
    flat = a.ravel()
    return np.cumprod(np.where(np.isnan(flat), 1.0, flat))


def of_all(fn: Callable[..., Any], body: Callable[..., Any]) -> None:
    spells(fn)(lambda a: body if is_array(a) and real(a) else None)


def of_kept(fn: Callable[..., Any], quantile: Callable[..., Any]) -> None:
    def found(a, q):
        return quantile(kept(a), q)

    spells(fn)(lambda a, q: found if is_array(a) and real(a) else None)


of_all(np.nanmedian, nanmedian)
of_all(np.nancumsum, nancumsum)
of_all(np.nancumprod, nancumprod)
of_kept(np.nanpercentile, np.percentile)
of_kept(np.nanquantile, np.quantile)
