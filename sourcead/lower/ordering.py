"""Sorted arrays, order statistics, and searching.

What is sorted is an array of places, by a stable sort that stays a call (its result is integers); the elements are then
read at their places, which is what the derivative needs. So equal elements keep their order, and take their own
derivatives.
"""

from __future__ import annotations

import math
import operator as op
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..ir import Call, Const, Expr, Index, Var
from .build import INT, ONE, ZERO, Builder, number
from .gather import atom, gather
from .registry import lowers
from .values import (
    Pull,
    Tree,
    Value,
    View,
    array_name,
    element,
    extents,
    fit,
    in_memory,
    is_value,
    materialise,
    whole,
    with_extents,
)
from .views import ravel

NONE = Const(None)
PLACES = types.Array(INT, 1, "C")
"""One place for each element of an array with one axis."""


# ---- sorting -----------------------------------------------------------------------------------


@lowers(np.argsort)
def argsort(b: Builder, a: Value, kind: Any = None) -> Value:
    """The call as it is: with equal elements the order is that of the function itself."""
    named = {} if kind is None else {"kind": kind}
    return known_shape(b, atom(b, np.argsort, (Var(array_name(b, a)),), PLACES, **named), extents(b, a))


@lowers(np.argpartition)
def argpartition(b: Builder, a: Value, kth: Any) -> Value:
    return known_shape(b, atom(b, np.argpartition, (Var(array_name(b, a)), kth), PLACES), extents(b, a))


def known_shape(b: Builder, name: str, shape: tuple[Expr, ...]) -> View:
    b.extents[name] = shape
    return whole(b, name)


def in_order(b: Builder, a: View) -> View:
    """For each place of the result of a stable sort along the last axis, the place of its element."""
    assert isinstance(a.base, str)
    shape = extents(b, a)
    stable = {"kind": "mergesort"}
    if a.ndim == 1:
        return known_shape(b, atom(b, np.argsort, (Var(a.base),), PLACES, own=False, **stable), shape)
    at = b.allocate(shape, INT, own=False)
    with b.nest(shape[:-1]) as i:
        row = atom(b, np.argsort, (Index(Var(a.base), i),), PLACES, own=False, **stable)
        with b.loop(shape[-1], "j") as j:
            b.assign(Index(Var(at), (*i, j)), b.let(Index(Var(row), (j,)), INT))
    b.remember(("places", at), True)
    return whole(b, at)


def unchanging(b: Builder, a: Value) -> View:
    """An array in memory with these elements, and no other array in disguise."""
    return whole(b, array_name(b, a))


@lowers(np.sort)
def sort(b: Builder, a: Value) -> Value:
    a = unchanging(b, a)
    at = in_order(b, a)

    def load(b: Builder, i: tuple[Expr, ...]) -> Expr:
        return element(b, a, (*i[:-1], element(b, at, i)))

    return Pull(extents(b, a), a.dtype, load, (a, at))


@lowers(np.partition)
def partition(b: Builder, a: Value, kth: Any) -> Value:
    """All elements in order, which is one of the orders that the function may give."""
    n = extents(b, a)[-1]
    if is_value(kth) or isinstance(kth, tuple):
        raise b.refuse("np.partition at several places", "use np.sort")
    bad = b.let(Call(op.ge, (kth, n)), types.boolean), b.let(Call(op.lt, (kth, b.integer(op.neg, n))), types.boolean)
    for wrong in bad:
        b.check(wrong, "kth out of bounds")
    return sort(b, a)


@lowers(np.unique)
def unique(b: Builder, ar: Value) -> Value:
    """The first of each run of equal elements of the sorted array."""
    s = materialise(b, sort(b, ravel(b, ar)))
    (n,) = extents(b, s)
    first = b.allocate((n,), types.boolean, own=False)
    with b.loop(n) as i:
        start = b.let(Call(op.eq, (i, ZERO)), types.boolean)

        def differs() -> Expr:
            before = element(b, s, (b.let(Call(op.sub, (i, ONE)), INT),))
            return b.let(Call(op.ne, (element(b, s, (i,)), before)), types.boolean)

        b.assign(Index(Var(first), (i,)), b.choose(start, lambda: Const(True), differs, types.boolean))
    return gather(b, s, (whole(b, first),))


# ---- order statistics ----------------------------------------------------------------------------


class Ranked:
    """The elements of an array in order; loads where they are asked for."""

    def __init__(self, b: Builder, a: Value):
        self.b = b
        self.a = unchanging(b, ravel(b, a))
        (self.n,) = extents(b, self.a)
        self.at = in_order(b, self.a)

    def __getitem__(self, k: Expr) -> Expr:
        return element(self.b, self.a, (element(self.b, self.at, (k,)),))

    def unless_nan(self, value: Any, kind: Any) -> Expr:
        """`value()`, but NaN when there is one: it comes last."""
        b = self.b

        def some() -> Expr:
            last = self[b.let(Call(op.sub, (self.n, ONE)), INT)]
            return b.choose(b.let(Call(op.ne, (last, last)), types.boolean), lambda: last, value, kind)

        empty = b.let(Call(op.eq, (self.n, ZERO)), types.boolean)
        return b.choose(empty, lambda: number(math.nan, kind), some, kind)


def real(b: Builder, a: Value) -> Any:
    """The type of what is computed from the elements."""
    wanted = b.wanted.dtype if isinstance(b.wanted, types.Array) else b.wanted
    return wanted if isinstance(wanted, types.Float) else types.float64


def floating(a: Value) -> Value:
    return a if isinstance(a.dtype, types.Float) else Tree(np.float64, (a,), a.ndim, types.float64)


@lowers(np.median)
def median(b: Builder, a: Value) -> Expr:
    """The element in the middle, or the mean of two."""
    kind = real(b, a)
    s = Ranked(b, floating(a))
    half = b.let(Call(op.floordiv, (s.n, Const(2))), INT)
    odd = b.let(Call(op.eq, (b.let(Call(op.mod, (s.n, Const(2))), INT), ONE)), types.boolean)

    def between() -> Expr:
        both = b.let(Call(op.add, (s[b.let(Call(op.sub, (half, ONE)), INT)], s[half])), kind)
        return b.let(Call(op.mul, (both, number(0.5, kind))), kind)

    return s.unless_nan(lambda: b.choose(odd, lambda: s[half], between, kind), kind)


def percentiles(scale: float, message: str) -> Any:
    """`np.percentile` (of 100) and `np.quantile` (of 1): straight lines between the elements in order."""

    def handler(b: Builder, a: Any, q: Any) -> Any:
        if not is_value(a):
            raise b.refuse("a percentile of something that is not an array", "make an array of it: np.array([x])")
        kind = real(b, a)
        if isinstance(q, tuple):
            from .rearrange import array_of

            with_target, b.target = b.target, None
            q = array_of(b, *q)
            b.target = with_target
        if is_value(q) and q.ndim != 1:
            raise b.refuse("percentiles in an array with several axes", "use one axis")
        target, b.target = b.target, None
        s = Ranked(b, floating(a))
        b.target = target
        b.check(b.let(Call(op.eq, (s.n, ZERO)), types.boolean), "a percentile of no elements")
        if not is_value(q):
            return at_share(b, s, q, scale, message, kind)
        shape = extents(b, q)
        q = fit(b, q, shape)
        out = b.allocate(shape, kind)
        with b.nest(shape) as i:
            b.assign(Index(Var(out), i), at_share(b, s, element(b, q, i), scale, message, kind))
        return whole(b, out)

    return handler


def at_share(b: Builder, s: Ranked, q: Expr, scale: float, message: str, kind: Any) -> Expr:
    def scalar(fn: Any, *args: Expr, type_: Any = kind) -> Expr:
        return b.let(Call(fn, args), type_)

    low, high = scalar(op.lt, q, Const(0), type_=types.boolean), scalar(op.gt, q, Const(scale), type_=types.boolean)
    b.check(scalar(p.either, low, high, type_=types.boolean), message)

    def value() -> Expr:
        last = b.integer(op.sub, s.n, ONE)
        share = q if scale == 1.0 else scalar(op.truediv, q, Const(scale))
        rank = scalar(op.mul, share, last)
        k = scalar(int, rank, type_=INT)
        rest = scalar(op.sub, rank, k)
        x, y = s[k], s[scalar(min, scalar(op.add, k, ONE, type_=INT), last, type_=INT)]
        whole_rank = scalar(op.eq, rest, number(0, kind), type_=types.boolean)
        endless = scalar(np.isinf, y, type_=types.boolean)  # infinity times nothing
        alone = scalar(p.both, whole_rank, endless, type_=types.boolean)

        def line() -> Expr:
            left = scalar(op.mul, x, scalar(op.sub, number(1, kind), rest))
            return scalar(op.add, left, scalar(op.mul, y, rest))

        return b.choose(alone, lambda: x, line, kind)

    return s.unless_nan(value, kind)


lowers(np.percentile)(percentiles(100.0, "Percentiles must be in the range [0, 100]"))
lowers(np.quantile)(percentiles(1.0, "Quantiles must be in the range [0, 1]"))


# ---- searching and counting ------------------------------------------------------------------------


def located(fn: Any, b: Builder, args: tuple[Any, ...], keys: Any, **named: Any) -> Any:
    """A search stays a call: integers for an array of keys, or an integer."""
    operands = tuple(Var(array_name(b, in_memory(b, a))) if is_value(a) else a for a in args)
    kwargs = {k: v for k, v in named.items() if v is not None}
    if not is_value(keys):
        return Call(fn, operands, tuple(kwargs.items()))
    name = atom(b, fn, operands, types.Array(INT, keys.ndim, "C"), **kwargs)
    return known_shape(b, name, extents(b, keys))


@lowers(np.searchsorted)
def searchsorted(b: Builder, a: Value, v: Any, side: Any = None) -> Any:
    return located(np.searchsorted, b, (a, v), v, side=side)


@lowers(np.digitize)
def digitize(b: Builder, x: Any, bins: Any, right: Any = None) -> Any:
    return located(np.digitize, b, (x, bins), x, right=right)


@lowers(np.bincount)
def bincount(b: Builder, x: Value, weights: Any = NONE, minlength: Any = ZERO) -> Value:
    """How often each integer occurs, or the sum of its weights."""
    (n,) = extents(b, x)
    x = in_memory(b, x)
    kind = types.float64 if is_value(weights) else INT
    if is_value(weights):
        (m,) = extents(b, weights)
        if b.affine(m) != b.affine(n):
            b.check(b.integer(op.ne, m, n), "weights and list don't have the same length")
        weights = with_extents(fit(b, weights, (m,)), (n,))

    def longest(so_far: tuple[Expr, ...], i: tuple[Expr, ...]) -> tuple[Expr, ...]:
        k = element(b, x, i)
        b.check(b.let(Call(op.lt, (k, ZERO)), types.boolean), "first argument must be non-negative")
        return (b.let(Call(max, (so_far[0], b.let(Call(op.add, (k, ONE)), INT))), INT),)

    (length,) = b.carry((n,), (minlength,), longest, INT, "length")
    out = b.allocate((length,), kind, np.zeros)
    with b.loop(n) as i:
        b.accumulate(Index(Var(out), (element(b, x, (i,)),)), element(b, weights, (i,)) if is_value(weights) else ONE)
    return whole(b, out)
