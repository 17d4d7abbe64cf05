"""Sums, products, extrema and the rest: loops with an accumulator.

Over all axes the result is a scalar; over some an array, each element of which has its own inner loops.
"""

from __future__ import annotations

import builtins
import operator as op
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype

from .. import primitives as p
from ..infer import is_complex
from ..ir import Call, Const, Expr, If, Index, Raise, Slice, Var
from .build import INT, ZERO, Builder, number
from .elementwise import tree
from .registry import HANDLERS, lowers
from .values import Tree, Value, View, element, extents, fit, in_memory, is_value, product, whole
from .views import axis_of, integers, ravel
from .views import index as index_value

NONE, FALSE = Const(None), Const(False)
Pick = Callable[[tuple[Expr, ...]], tuple[Expr, ...]]
Inner = Callable[[Builder, tuple[Expr, ...], Pick, Any], Expr]


def reduced(b: Builder, a: Value, axis: Any, keepdims: Any, dtype: Any, inner: Inner) -> Any:
    """`inner(b, shape of the reduced axes, complete index, dtype)` for each element of the result."""
    if keepdims not in (FALSE, Const(True)):
        raise b.refuse("keepdims that is not a constant", "write True or False")
    axes = sorted(range(a.ndim) if axis == NONE else {axis_of(b, Const(k), a.ndim) for k in integers(b, axis)})
    shape = extents(b, a)
    kept = [k for k in range(a.ndim) if k not in axes]
    over = tuple(shape[k] for k in axes)

    def complete(outer: tuple[Expr, ...]) -> Pick:
        def pick(i: tuple[Expr, ...]) -> tuple[Expr, ...]:
            where = dict(zip(axes, i, strict=False)) | dict(zip(kept, outer, strict=False))
            return tuple(where[k] for k in range(a.ndim))

        return pick

    if not kept and keepdims == FALSE:
        return inner(b, over, complete(()), dtype)
    out = b.allocate(tuple(shape[k] for k in kept), dtype, own=keepdims == FALSE)
    with b.nest(tuple(shape[k] for k in kept)) as outer:
        b.assign(Index(Var(out), outer), inner(b, over, complete(outer), dtype))
    y = whole(b, out)
    if keepdims == FALSE:
        return y
    return index_value(b, y, tuple(NONE if k in axes else Slice() for k in range(a.ndim)))


def operand(b: Builder, a: Any) -> Value:
    """The array to reduce, in its final shape."""
    return fit(b, a, extents(b, a))


def wanted_dtype(b: Builder, a: Value, default: Any = None) -> Any:
    if b.wanted is not None:
        return b.wanted.dtype if isinstance(b.wanted, types.Array) else b.wanted
    return default or a.dtype


def summed(b: Builder, over: tuple[Expr, ...], term: Callable[[tuple[Expr, ...]], Expr], dtype: Any) -> Expr:
    """The sum of `term(i)` over a box, in an accumulator of this dtype."""
    s = b.fresh(dtype, b.result_name())
    b.assign(s, number(0, dtype))
    with b.nest(over) as i:
        b.accumulate(s, term(i))
    return b.let_copy(s, dtype)


@lowers(np.sum)
def sum_(b: Builder, a: Any, axis: Any = NONE, keepdims: Any = FALSE, dtype: Any = None) -> Any:
    if not is_value(a):
        return a
    a = operand(b, a)
    kind = wanted_dtype(b, a) if dtype is None else b.dtype(dtype)
    if axis != NONE and trailing(b, a, axis) is False and keepdims == FALSE:
        return sum_of_rows(b, a, axis, kind)
    return reduced(
        b, a, axis, keepdims, kind, lambda b, over, at, t: summed(b, over, lambda i: element(b, a, at(i)), t)
    )


def trailing(b: Builder, a: Value, axis: Any) -> bool:
    """Are the reduced axes the last ones?"""
    axes = {axis_of(b, Const(k), a.ndim) for k in integers(b, axis)}
    return axes == set(range(a.ndim - len(axes), a.ndim))


def sum_of_rows(b: Builder, a: Value, axis: Any, dtype: Any) -> Value:
    """A sum over leading axes adds row after row, in the order of the memory."""
    axes = {axis_of(b, Const(k), a.ndim) for k in integers(b, axis)}
    shape = extents(b, a)
    kept = [k for k in range(a.ndim) if k not in axes]
    out = b.allocate(tuple(shape[k] for k in kept), dtype, np.zeros)
    with b.nest(shape) as i:
        x = element(b, a, i)
        b.accumulate(Index(Var(out), tuple(i[k] for k in kept)), x)
    return whole(b, out)


@lowers(builtins.sum)
def builtin_sum(b: Builder, a: Any, start: Any = ZERO) -> Any:
    if not is_value(a):
        raise b.refuse("sum() of something that is not an array", "add the terms with +")
    y = sum_(b, a, ZERO)
    if start == ZERO:
        return y
    return tree(b, op.add, y, start) if is_value(y) else Call(op.add, (start, y))


def count(b: Builder, a: Value, axis: Any) -> Expr:
    shape = extents(b, a)
    axes = range(a.ndim) if axis == NONE else [axis_of(b, Const(k), a.ndim) for k in integers(b, axis)]
    return product(b, tuple(shape[k] for k in axes))


def inexact(dtype: Any) -> Any:
    return dtype if isinstance(dtype, (types.Float, types.Complex)) else types.float64


def divided(b: Builder, s: Expr, n: Expr, dtype: Any) -> Expr:
    """`s / n`, which a 64-bit count would make a double."""
    if dtype in (types.float64, types.complex128):
        return b.let(Call(op.truediv, (s, n)), dtype)
    wide = types.complex128 if is_complex(dtype) else types.float64
    return b.let(Call(as_dtype(dtype).type, (b.let(Call(op.truediv, (s, n)), wide),)), dtype)


@lowers(np.mean)
def mean(b: Builder, a: Any, axis: Any = NONE, keepdims: Any = FALSE) -> Any:
    if not is_value(a):
        return a
    a, kind = operand(b, a), inexact(wanted_dtype(b, a))
    n = count(b, a, axis)

    def inner(b: Builder, over: tuple[Expr, ...], at: Pick, t: Any) -> Expr:
        return divided(b, summed(b, over, lambda i: element(b, a, at(i)), t), n, t)

    return reduced(b, a, axis, keepdims, kind, inner)


def variance(b: Builder, a: Any, axis: Any, ddof: Any, keepdims: Any, finish: Callable[..., Expr]) -> Any:
    a = operand(b, a)
    if not isinstance(a, View):
        a = in_memory(b, a)  # its elements are needed twice
    kind = inexact(wanted_dtype(b, a))
    n = count(b, a, axis)
    freedom = b.integer(op.sub, n, ddof)

    def inner(b: Builder, over: tuple[Expr, ...], at: Pick, t: Any) -> Expr:
        m = divided(b, summed(b, over, lambda i: element(b, a, at(i)), t), n, t)

        def square(i: tuple[Expr, ...]) -> Expr:
            d = b.let(Call(op.sub, (element(b, a, at(i)), m)), t)
            return b.let(Call(op.mul, (d, d)), t)

        return finish(b, divided(b, summed(b, over, square, t), freedom, t), t)

    return reduced(b, a, axis, keepdims, kind, inner)


@lowers(np.var)
def var(b: Builder, a: Any, axis: Any = NONE, ddof: Any = ZERO, keepdims: Any = FALSE) -> Any:
    return variance(b, a, axis, ddof, keepdims, lambda b, v, t: v)


@lowers(np.std)
def std(b: Builder, a: Any, axis: Any = NONE, ddof: Any = ZERO, keepdims: Any = FALSE) -> Any:
    return variance(b, a, axis, ddof, keepdims, root)


def root(b: Builder, s: Expr, t: Any) -> Expr:
    """The square root of a sum of squares, with derivative 0 at 0."""
    zero = b.let(Call(op.eq, (s, number(0, t))), types.boolean)
    return b.choose(zero, lambda: number(0, t), lambda: b.let(Call(np.sqrt, (s,)), t), t)


def euclidean(b: Builder, x: Value) -> Any:
    """The Euclidean norm of a vector, the Frobenius norm of a matrix."""
    x, kind = operand(b, x), inexact(wanted_dtype(b, x))

    def square(i: tuple[Expr, ...]) -> Expr:
        e = element(b, x, i)
        if not is_complex(x.dtype):
            return b.let(Call(op.mul, (e, e)), kind)
        parts = [b.let(Call(fn, (e,)), kind) for fn in (np.real, np.imag)]
        squares = tuple(b.let(Call(op.mul, (e, e)), kind) for e in parts)
        return b.let(Call(op.add, squares), kind)

    return root(b, summed(b, extents(b, x), square, kind), kind)


# ---- products and logical sums: carried through the loops --------------------------------------


def folding(fn: Callable[..., Any], start: float) -> Any:
    def handler(b: Builder, a: Any, axis: Any = NONE, keepdims: Any = FALSE) -> Any:
        if not is_value(a):
            return a
        a = operand(b, a)
        kind = wanted_dtype(b, a, types.boolean if fn is not op.mul else None)

        def inner(b: Builder, over: tuple[Expr, ...], at: Pick, t: Any) -> Expr:
            def step(y: tuple[Expr, ...], i: tuple[Expr, ...]) -> tuple[Expr, ...]:
                return (b.let(Call(fn, (y[0], element(b, a, at(i)))), t),)

            return b.carry(over, (number(start, t),), step, t, b.result_name())[0]

        return reduced(b, a, axis, keepdims, kind, inner)

    return handler


lowers(np.prod)(folding(op.mul, 1))


def truth(both: Callable[..., Any], start: bool) -> Any:
    fold = folding(both, start)

    def handler(b: Builder, a: Any, axis: Any = NONE, keepdims: Any = FALSE) -> Any:
        if not is_value(a):
            return Call(bool, (a,))
        if not isinstance(a.dtype, types.Boolean):
            a = Tree(op.ne, (a, number(0, a.dtype)), a.ndim, types.boolean)
        return fold(b, a, axis, keepdims)

    return handler


lowers(np.any, builtins.any)(truth(p.either, False))
lowers(np.all, builtins.all)(truth(p.both, True))


# ---- extrema: the place first, then one load -----------------------------------------------------


def extreme_at(
    b: Builder, a: View, over: tuple[Expr, ...], at: Pick, better: Callable[..., Any], what: str
) -> tuple[Expr, ...]:
    """The index of the first extreme element (of the first NaN, if there is one)."""
    for n in over:
        if not isinstance(n, Const) or n.value == 0:
            bad = b.integer(op.eq, n, ZERO)
            message = Const(f"zero-size array to reduction operation {what} which has no identity")
            b.emit(If(b.loc, bad, (Raise(b.loc, ValueError, (message,)),)))

    def step(best: tuple[Expr, ...], i: tuple[Expr, ...]) -> tuple[Expr, ...]:
        x, y = element(b, a, at(i)), element(b, a, at(best))
        cond = b.let(Call(better, (x, y)), types.boolean)
        if isinstance(a.dtype, types.Float):
            nan = b.let(Call(op.ne, (x, x)), types.boolean)
            still = b.let(Call(op.eq, (y, y)), types.boolean)
            first = b.let(Call(p.both, (nan, still)), types.boolean)
            cond = b.let(Call(p.either, (cond, first)), types.boolean)
        return b.select(cond, i, best, INT)

    return b.carry(over, (ZERO,) * len(over), step, INT, "best")


def extreme(better: Callable[..., Any], what: str) -> Any:
    def handler(b: Builder, a: Any, axis: Any = NONE, keepdims: Any = FALSE) -> Any:
        if not is_value(a):
            return a
        a = in_memory(b, operand(b, a))

        def inner(b: Builder, over: tuple[Expr, ...], at: Pick, t: Any) -> Expr:
            return element(b, a, at(extreme_at(b, a, over, at, better, what)))

        return reduced(b, a, axis, keepdims, a.dtype, inner)

    return handler


lowers(np.max, np.amax)(extreme(op.gt, "maximum"))
lowers(np.min, np.amin)(extreme(op.lt, "minimum"))


def extreme_index(better: Callable[..., Any], what: str) -> Any:
    def handler(b: Builder, a: Any, axis: Any = NONE) -> Any:
        a = in_memory(b, operand(b, a))
        if axis == NONE and a.ndim > 1:
            a = in_memory(b, ravel(b, a))

        def inner(b: Builder, over: tuple[Expr, ...], at: Pick, t: Any) -> Expr:
            (best,) = extreme_at(b, a, over, at, better, what)
            return b.let(best, t)

        return reduced(b, a, axis, FALSE, wanted_dtype(b, a, INT), inner)

    return handler


lowers(np.argmax)(extreme_index(op.gt, "argmax"))
lowers(np.argmin)(extreme_index(op.lt, "argmin"))


def builtin_extreme(fn: Callable[..., Any]) -> Any:
    def handler(b: Builder, *args: Any) -> Any:
        if any(map(is_value, args)):
            if len(args) > 1 or args[0].ndim != 1:
                raise b.refuse(
                    f"{'max' if fn is np.max else 'min'}() of arrays", "use np.maximum, np.minimum, np.max or np.min"
                )
            return HANDLERS[fn](b, *args)
        return Call(max if fn is np.max else min, args)

    return handler


lowers(max)(builtin_extreme(np.max))
lowers(min)(builtin_extreme(np.min))


# ---- running sums and products ---------------------------------------------------------------------


def running(fn: Callable[..., Any], start: float) -> Any:
    """`out[k] = fn(out[k - 1], a[k])` along an axis."""

    def handler(b: Builder, a: Any, axis: Any = NONE) -> Any:
        if axis == NONE:
            a = ravel(b, a)
            axis = ZERO
        a = operand(b, a)
        k, shape = axis_of(b, axis, a.ndim), extents(b, a)
        kind = wanted_dtype(b, a)
        out = b.allocate(shape, kind)
        others = tuple(n for j, n in enumerate(shape) if j != k)
        with b.nest(others) as rest:
            y = b.fresh(kind, "total")
            b.move((y,), (number(start, kind),))
            with b.loop(shape[k], "ijkl"[min(len(others), 3)]) as i:
                at = (*rest[:k], i, *rest[k:])
                new = b.let(Call(fn, (y, element(b, a, at))), kind)
                b.assign(Index(Var(out), at), new)
                b.move((y,), (new,))
        return whole(b, out)

    return handler


lowers(np.cumsum)(running(op.add, 0))
lowers(np.cumprod)(running(op.mul, 1))
