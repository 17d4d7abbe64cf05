"""Arrays put together from others: joining, repeating, shifting, diagonals."""

from __future__ import annotations

import operator as op
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..ir import Call, Const, Expr, Index, Slice, Var
from .build import INT, ONE, ZERO, Builder, number
from .elementwise import result_dtype, tree
from .reductions import sum_
from .registry import lowers
from .values import (
    Axis,
    Pull,
    Tree,
    Value,
    View,
    element,
    extents,
    fit,
    in_memory,
    is_value,
    materialise,
    store,
    whole,
    with_extents,
)
from .views import axis_of, diagonal, expand_dims, index, integers, ravel, reshape

NONE = Const(None)


def dtype_of_all(b: Builder, parts: tuple[Any, ...]) -> Any:
    return result_dtype(b, None, parts)


def sequence(b: Builder, arrays: Any) -> tuple[Any, ...]:
    if not isinstance(arrays, tuple):
        raise b.refuse("joining something that is not a tuple of arrays", "write the arrays as (a, b, c)")
    return arrays


@lowers(np.concatenate)
def concatenate(b: Builder, arrays: Any, axis: Any = ZERO) -> Value:
    arrays = sequence(b, arrays)
    k = axis_of(b, axis, arrays[0].ndim)
    shapes = [extents(b, a) for a in arrays]
    shape = list(shapes[0])
    starts: list[Expr] = [ZERO]
    for other in shapes:
        starts.append(b.integer(op.add, starts[-1], other[k]))
        for j in range(len(shape)):
            if j != k and other[j] != shape[j]:
                same_extent(b, shape[j], other[j])
    shape[k] = starts[-1]
    out = b.allocate(tuple(shape), dtype_of_all(b, arrays))
    for a, start, own in zip(arrays, starts, shapes, strict=False):
        axes = tuple(Axis(start if j == k else ZERO, ((j, ONE),)) for j in range(len(shape)))
        extents_ = tuple(own[k] if j == k else shape[j] for j in range(len(shape)))
        a = fit(b, a, own)
        store(b, View(out, axes, extents_, b.types[out].dtype), with_extents(a, extents_))
    return whole(b, out)


def same_extent(b: Builder, m: Expr, n: Expr) -> None:
    if b.affine(m) != b.affine(n):
        b.check(
            b.integer(op.ne, m, n),
            "all the input array dimensions except for the concatenation axis must match exactly",
        )


@lowers(np.append)
def append(b: Builder, arr: Value, values: Any, axis: Any = NONE) -> Value:
    if not is_value(values):
        x = values
        values = Pull((ONE,), b.type_of(x), lambda b, i: x, fill=x)
    if axis == NONE:
        return concatenate(b, (ravel(b, arr), ravel(b, values)))
    return concatenate(b, (arr, values), axis)


@lowers(np.stack)
def stack(b: Builder, arrays: Any, axis: Any = ZERO) -> Value:
    (k,) = integers(b, axis)
    arrays = sequence(b, arrays)
    k %= arrays[0].ndim + 1
    return concatenate(b, tuple(expand_dims(b, a, Const(k)) for a in arrays), Const(k))


@lowers(np.hstack)
def hstack(b: Builder, tup: Any) -> Value:
    arrays = sequence(b, tup)
    return concatenate(b, arrays, ZERO if arrays[0].ndim == 1 else ONE)


@lowers(np.vstack)
def vstack(b: Builder, tup: Any) -> Value:
    return concatenate(b, tuple(expand_dims(b, a, ZERO) if a.ndim == 1 else a for a in sequence(b, tup)))


@lowers(np.column_stack)
def column_stack(b: Builder, tup: Any) -> Value:
    return concatenate(b, tuple(expand_dims(b, a, ONE) if a.ndim == 1 else a for a in sequence(b, tup)), ONE)


@lowers(p.array_of)
def array_of(b: Builder, *items: Any) -> Value:
    """`np.array([x, y])`: elements are stored one by one, arrays become rows."""
    if items and all(map(is_value, items)):
        return stack(b, items)
    if any(map(is_value, items)):
        raise b.refuse("an array made of scalars and arrays", "use np.concatenate or np.append")
    shape: list[Expr] = []
    first: Any = items
    while isinstance(first, tuple):
        shape.append(Const(len(first)))
        first = first[0] if first else ()
    kind = b.wanted.dtype if isinstance(b.wanted, types.Array) else b.type_of(first)
    out = b.allocate(tuple(shape), kind)

    def fill(parts: Any, at: tuple[Expr, ...]) -> None:
        for k, x in enumerate(parts):
            if isinstance(x, tuple):
                fill(x, (*at, Const(k)))
            else:
                x = number(x.value, kind) if isinstance(x, Const) else x
                b.assign(Index(Var(out), (*at, Const(k))), x)

    fill(items, ())
    return whole(b, out)


@lowers(np.repeat)
def repeat(b: Builder, a: Any, repeats: Any, axis: Any = NONE) -> Value:
    if not is_value(a):
        return Pull((repeats,), b.type_of(a), lambda b, i: a, fill=a)
    if axis == NONE:
        a, axis = ravel(b, a), ZERO
    if is_value(repeats):
        return repeated(b, a, repeats)
    a = fit(b, a, extents(b, a))
    k, shape = axis_of(b, axis, a.ndim), extents(b, a)
    out = b.allocate(tuple(b.integer(op.mul, n, repeats) if j == k else n for j, n in enumerate(shape)), a.dtype)
    with b.nest(shape) as i:
        x = element(b, a, i)
        first = b.integer(op.mul, i[k], repeats)
        with b.loop(repeats, "r") as r:
            at = b.integer(op.add, first, r)
            b.assign(Index(Var(out), (*i[:k], at, *i[k + 1 :])), x)
    return whole(b, out)


def repeated(b: Builder, a: Value, counts: Value) -> Value:
    """Each element of a vector as often as its count says."""
    (n,), (m,) = extents(b, a), extents(b, counts)
    if a.ndim != 1:
        raise b.refuse("np.repeat along an axis with an array of counts", "write the loop")
    same_extent(b, n, m)
    a, counts = fit(b, a, (n,)), in_memory(b, counts)
    target, b.target = b.target, None
    total = b.let(sum_(b, counts, dtype=Const(np.int64)), INT)
    b.target = target
    out = b.allocate((total,), a.dtype)

    def step(at: tuple[Expr, ...], i: tuple[Expr, ...]) -> tuple[Expr, ...]:
        k, x = b.let(element(b, counts, i), INT), element(b, a, i)
        with b.loop(k, "r") as r:
            b.assign(Index(Var(out), (b.let(Call(op.add, (at[0], r)), INT),)), x)
        return (b.let(Call(op.add, (at[0], k)), INT),)

    b.carry((n,), (ZERO,), step, INT, "at")
    return whole(b, out)


@lowers(np.tile)
def tile(b: Builder, A: Value, reps: Any) -> Value:
    counts = reps if isinstance(reps, tuple) else (reps,)
    a = A
    while a.ndim < len(counts):
        a = expand_dims(b, a, ZERO)
    counts = (ONE,) * (a.ndim - len(counts)) + counts
    shape = extents(b, a)
    a = fit(b, a, shape)

    def at(b: Builder, i: tuple[Expr, ...]) -> Expr:
        axes = zip(i, shape, counts, strict=True)
        return element(b, a, tuple(j if c == ONE else b.integer(op.mod, j, n) for j, n, c in axes))

    return Pull(tuple(b.integer(op.mul, n, c) for n, c in zip(shape, counts, strict=False)), a.dtype, at, (a,))


@lowers(np.roll)
def roll(b: Builder, a: Value, shift: Any, axis: Any = NONE) -> Value:
    if axis == NONE and a.ndim > 1:
        return reshape(b, roll(b, ravel(b, a), shift), extents(b, a))
    if isinstance(shift, tuple):
        raise b.refuse("np.roll along several axes", "roll along one axis after the other")
    k = 0 if axis == NONE else axis_of(b, axis, a.ndim)
    shape = extents(b, a)
    a = fit(b, a, shape)

    def at(b: Builder, i: tuple[Expr, ...]) -> Expr:
        j = b.integer(op.mod, b.integer(op.sub, i[k], shift), shape[k])
        return element(b, a, (*i[:k], j, *i[k + 1 :]))

    return Pull(shape, a.dtype, at, (a,))


@lowers(np.diag)
def diag(b: Builder, v: Value, k: Any = ZERO) -> Value:
    """The diagonal of a matrix (a copy), or a matrix around a diagonal."""
    if v.ndim == 2:
        return Tree(None, (diagonal(b, v, k),), 1, v.dtype)
    (offset,) = integers(b, k)
    (n,) = extents(b, v)
    v = fit(b, v, (n,))
    side = b.integer(op.add, n, Const(abs(offset)))
    out = b.allocate((side, side), v.dtype, np.zeros)
    with b.loop(n) as i:
        x = element(b, v, (i,))
        at = b.integer(op.add, i, Const(max(-offset, 0))), b.integer(op.add, i, Const(max(offset, 0)))
        b.assign(Index(Var(out), at), x)
    return whole(b, out)


@lowers(np.trace)
def trace(b: Builder, a: Value, offset: Any = ZERO) -> Any:
    return sum_(b, diagonal(b, a, offset))


def triangle(lower: bool) -> Any:
    """Zeros, and the loop over the rows with its inner loop ended at the diagonal."""

    def handler(b: Builder, m: Value, k: Any = ZERO) -> Value:
        if m.ndim != 2:
            raise b.refuse("np.tril or np.triu of other than a matrix", "take them matrix by matrix")
        shape = extents(b, m)
        m = fit(b, m, shape)
        out = b.allocate(shape, m.dtype, np.zeros)
        with b.loop(shape[0], "i") as i:
            middle = b.integer(op.add, b.integer(op.add, i, k), ONE if lower else ZERO)
            middle = b.integer(max, b.integer(min, middle, shape[1]), ZERO)
            with b.loop(middle if lower else shape[1], "j", ZERO if lower else middle) as j:
                b.assign(Index(Var(out), (i, j)), element(b, m, (i, j)))
        return whole(b, out)

    return handler


lowers(np.tril)(triangle(True))
lowers(np.triu)(triangle(False))


@lowers(np.diff)
def diff(b: Builder, a: Value, n: Any = ONE) -> Value:
    if not isinstance(n, Const) or n.value < 0:
        raise b.refuse("np.diff of an order that is not a constant", "write the number")
    if n == ZERO:
        return Tree(None, (a,), a.ndim, a.dtype)
    if n != ONE:
        target, b.target = b.target, None
        a = materialise(b, diff(b, a, Const(n.value - 1)))
        b.target = target
    last = (Slice(),) * (a.ndim - 1)
    return tree(b, op.sub, index(b, a, (*last, Slice(ONE))), index(b, a, (*last, Slice(None, Const(-1)))))
