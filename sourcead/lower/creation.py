"""New arrays."""

from __future__ import annotations

import math
import operator as op
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..ir import Call, Const, Expr, Index, Var
from .build import INT, ONE, ZERO, Builder, number, scalar_type
from .registry import lowers
from .values import Pull, Value, constant, extents, fit, is_value, whole, whole_of
from .views import clamped, flattened, integers

NONE = Const(None)


def shape_tuple(shape: Any) -> tuple[Expr, ...]:
    return shape if isinstance(shape, tuple) else (shape,)


def element_type(b: Builder, dtype: Any, default: Any = types.float64) -> Any:
    if dtype is None or dtype == NONE:
        return b.wanted.dtype if isinstance(b.wanted, types.Array) else default
    return b.dtype(dtype)


def stable(b: Builder, shape: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(b.let(n, INT, "n") for n in shape)


@lowers(np.empty)
def empty(b: Builder, shape: Any, dtype: Any = None) -> Value:
    shape = stable(b, shape_tuple(shape))
    return whole_of(b, b.allocate(shape, element_type(b, dtype)), shape)


@lowers(np.zeros)
def zeros(b: Builder, shape: Any, dtype: Any = None) -> Value:
    kind = element_type(b, dtype)
    return constant(number(0, kind), stable(b, shape_tuple(shape)), kind)


@lowers(np.ones)
def ones(b: Builder, shape: Any, dtype: Any = None) -> Value:
    kind = element_type(b, dtype)
    return constant(number(1, kind), stable(b, shape_tuple(shape)), kind)


@lowers(np.full)
def full(b: Builder, shape: Any, fill_value: Any, dtype: Any = None) -> Value:
    return filled(b, stable(b, shape_tuple(shape)), fill_value, element_type(b, dtype, b.type_of(fill_value)))


def filled(b: Builder, shape: tuple[Expr, ...], value: Expr, dtype: Any) -> Value:
    if isinstance(value, Const):
        value = number(value.value, dtype)
    return constant(value, shape, dtype)


def like(value: float) -> Any:
    def handler(b: Builder, a: Any, dtype: Any = None) -> Any:
        if not is_value(a):
            return number(value, b.type_of(a))
        kind = a.dtype if dtype is None or dtype == NONE else b.dtype(dtype)
        return constant(number(value, kind), extents(b, a), kind)

    return handler


lowers(np.zeros_like)(like(0))
lowers(np.ones_like)(like(1))


@lowers(np.empty_like)
def empty_like(b: Builder, prototype: Value, dtype: Any = None) -> Value:
    kind = prototype.dtype if dtype is None or dtype == NONE else b.dtype(dtype)
    shape = extents(b, prototype)
    return whole_of(b, b.allocate(shape, kind), shape)


@lowers(np.full_like)
def full_like(b: Builder, a: Value, fill_value: Any, dtype: Any = None) -> Value:
    kind = a.dtype if dtype is None or dtype == NONE else b.dtype(dtype)
    return filled(b, extents(b, a), fill_value, kind)


@lowers(np.eye)
def eye(b: Builder, N: Any, M: Any = NONE, k: Any = ZERO, dtype: Any = None) -> Value:
    """Zeros, and a loop that writes the ones."""
    m = N if M == NONE else M
    kind = element_type(b, dtype)
    (offset,) = integers(b, k)
    out = b.allocate(stable(b, (N, m)), kind, np.zeros)
    rows, columns = clamped(b, N, max(-offset, 0)), clamped(b, m, max(offset, 0))
    with b.loop(rows if rows == columns else b.integer(min, rows, columns)) as i:
        at = b.integer(op.add, i, Const(max(-offset, 0))), b.integer(op.add, i, Const(max(offset, 0)))
        b.assign(Index(Var(out), at), number(1, kind))
    return whole(b, out)


@lowers(np.identity)
def identity(b: Builder, n: Any, dtype: Any = None) -> Value:
    return eye(b, n, NONE, ZERO, dtype)


@lowers(np.arange)
def arange(b: Builder, start: Any, stop: Any = NONE, step: Any = ONE, dtype: Any = None) -> Value:
    if stop == NONE:
        start, stop = Const(0), start
    kind = element_type(b, dtype, b.type_of(start))
    if all(isinstance(b.type_of(x), types.Integer) for x in (start, stop, step)):
        simple = start == ZERO and step == ONE and (isinstance(stop, Const) or b.non_negative(stop))
        n = stop if simple else b.integer(p.trips, start, stop, step)
    else:
        span = b.let(Call(op.sub, (stop, start)), types.float64)
        ratio = b.let(Call(op.truediv, (span, step)), types.float64)
        n = b.integer(max, b.let(Call(math.ceil, (ratio,)), INT), ZERO, base="n")

    def at(b: Builder, i: tuple[Expr, ...]) -> Expr:
        x = i[0] if step in (ONE, Const(1.0)) else b.let(Call(op.mul, (i[0], step)), kind)
        y = x if start in (ZERO, Const(0.0)) else b.let(Call(op.add, (x, start)), kind)
        return converted(b, y, kind)

    return Pull((n,), kind, at)


def converted(b: Builder, x: Expr, dtype: Any) -> Expr:
    """An integer of a loop as a number of the array's type."""
    if isinstance(dtype, types.Float) and isinstance(b.type_of(x), types.Integer):
        return b.let(Call(scalar_type(dtype).value, (x,)), dtype)
    return x


@lowers(np.linspace)
def linspace(b: Builder, start: Any, stop: Any, num: Any = Const(50)) -> Value:
    kind = element_type(b, None)
    span = b.let(Call(op.sub, (stop, start)), kind)
    intervals = b.integer(max, b.integer(op.sub, num, ONE), ONE)
    step = b.let(Call(op.truediv, (span, intervals)), kind)

    def at(b: Builder, i: tuple[Expr, ...]) -> Expr:
        return b.let(Call(op.add, (start, b.let(Call(op.mul, (i[0], step)), kind))), kind)

    return Pull((num,), kind, at)


@lowers(np.ndarray.flatten)
def flatten(b: Builder, a: Value) -> Value:
    return flattened(b, fit(b, a, extents(b, a)), own=True)
