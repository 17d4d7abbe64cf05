"""Types of what NumPy has and Numba lacks: reductions along axes, and the like.

Type inference asks here for calls that Numba would refuse; lowering makes loops of them.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype, from_dtype

from .spellings import along_axes
from .stand_ins import is_array, stands_for


def axes_of(axis: Any) -> int | None:
    """How many axes are meant; None: all."""
    if axis is None or isinstance(axis, types.NoneType):
        return None
    return len(axis) if isinstance(axis, types.BaseTuple) else 1


def flag(t: Any) -> bool | None:
    """The value of a constant; None when it is not known."""
    if isinstance(t, bool):
        return t
    return bool(t.literal_value) if isinstance(t, types.Literal) else None


def result(a: Any, dtype: Any, axis: Any, keepdims: Any = False) -> Any:
    """The type of a reduction of `a`, of elements of a type, along these axes."""
    keep, reduced = flag(keepdims), axes_of(axis)
    if not is_array(a) or keep is None or (reduced or 0) > a.ndim:
        return None
    left = a.ndim if keep else 0 if reduced is None else a.ndim - reduced
    return types.Array(dtype, left, "C") if left else dtype


def wide(t: Any) -> Any:
    """Of sums: integers and bools become machine integers."""
    if isinstance(t, types.Boolean):
        return types.intp
    if isinstance(t, types.Integer):
        return types.intp if t.signed else types.uintp
    return t


def inexact(t: Any) -> Any:
    return t if isinstance(t, (types.Float, types.Complex)) else types.float64


def real(t: Any) -> Any:
    return t.underlying_float if isinstance(t, types.Complex) else t


def reduction(fns: tuple[Callable[..., Any], ...], of: Callable[[Any], Any]) -> None:
    """`fn(a, axis, keepdims)`, with elements of type `of(dtype)`."""

    def typer(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return result(a, of(a.dtype), axis, keepdims) if is_array(a) else None

    stands_for(*fns, when=along_axes)(typer)


reduction((np.prod,), wide)
reduction((np.mean,), inexact)
reduction((np.max, np.min, np.amax, np.amin, np.ptp), lambda t: t)
reduction((np.any, np.all), lambda t: types.boolean)
reduction((np.argmax, np.argmin), lambda t: types.intp)


@stands_for(np.sum, when=along_axes)
def sum_(a: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None) -> Any:
    kind = getattr(dtype, "dtype", None) or (wide(a.dtype) if is_array(a) else None)
    return result(a, kind, axis, keepdims)


def spread(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    return result(a, real(inexact(a.dtype)), axis, keepdims) if is_array(a) else None


stands_for(np.var, np.std, when=along_axes)(spread)


@stands_for(np.cumprod, np.cumsum, when=along_axes)
def running(a: Any, axis: Any = None) -> Any:
    return types.Array(wide(a.dtype), 1 if axes_of(axis) is None else a.ndim, "C") if is_array(a) else None


@stands_for(op.matmul, np.matmul)
def matmul(a: Any, b: Any) -> Any:
    """Of matrices and vectors."""
    if not (is_array(a, b) and min(a.ndim, b.ndim) > 0 and max(a.ndim, b.ndim) < 3):
        return None
    if not all(isinstance(x.dtype, (types.Float, types.Complex)) for x in (a, b)):
        return None
    kind = from_dtype(np.result_type(as_dtype(a.dtype), as_dtype(b.dtype)))
    ndim = a.ndim + b.ndim - 2
    return types.Array(kind, ndim, "C") if ndim else kind


@stands_for(np.take)
def take(a: Any, indices: Any, axis: Any = None) -> Any:
    if not is_array(a) or not isinstance(getattr(indices, "dtype", indices), types.Integer):
        return None
    ndim = (indices.ndim if is_array(indices) else 0) + (0 if axes_of(axis) is None else a.ndim - 1)
    return types.Array(a.dtype, ndim, "C") if ndim else a.dtype


@stands_for(np.repeat)
def repeat(a: Any, repeats: Any) -> Any:
    return types.Array(a.dtype if is_array(a) else types.unliteral(a), 1, "C")


# ---- views ------------------------------------------------------------------------------------------


def view(a: Any, ndim: int) -> Any:
    return types.Array(a.dtype, ndim, "A") if is_array(a) and ndim >= 0 else None


@stands_for(np.flip, when=along_axes)
def flip(m: Any, axis: Any = None) -> Any:
    return view(m, m.ndim) if is_array(m) else None


@stands_for(np.squeeze)
def squeeze(a: Any, axis: Any) -> Any:
    return view(a, a.ndim - (axes_of(axis) or 0)) if is_array(a) else None


@stands_for(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    return view(a, a.ndim + (axes_of(axis) or 0)) if is_array(a) else None


@stands_for(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    return view(a, a.ndim) if is_array(a) else None
