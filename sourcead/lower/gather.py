"""Indexing with arrays: of integers (gather and scatter), and masks, which stand for the places where they are true.

Everything becomes loops over elements with an indirect index. The arrays of indices are integers like any others:
the backward sweep reads them again, or they are kept.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..ir import Call, Const, Expr, If, Slice, Var
from .build import INT, ONE, ZERO, Builder, number
from .elementwise import where
from .reductions import sum_
from .registry import lowers
from .values import (
    Axis,
    Choice,
    Place,
    Pull,
    Tree,
    Value,
    View,
    array_name,
    bases,
    broadcast,
    element,
    extents,
    fit,
    harmless,
    is_value,
    materialise,
    memories,
    memory,
    product,
    whole,
    with_extents,
    write,
)
from .views import axis_of, expand, index, ravel

NONE = Const(None)
Indices = tuple[Expr, ...]
MISMATCH = "boolean index did not match indexed array"


# ---- which element stands where ------------------------------------------------------------------


@dataclass(frozen=True)
class Picked:
    """Elements of `source`: the one at `i` of the result stands at `at(b, i)`."""

    source: Value
    shape: Indices
    at: Callable[[Builder, Indices], Indices]
    arrays: tuple[Value, ...]


def has_arrays(items: tuple[Any, ...]) -> bool:
    return any(is_value(i) or isinstance(i, tuple) for i in items)


def picked(b: Builder, v: Value, items: tuple[Any, ...], checked: bool = False) -> Picked:
    """`v[items]`, one or more items being arrays.

    NumPy's rule: the arrays are broadcast against one another. Their axes stand where the arrays (and integers) do if
    these are neighbours, else first.
    """
    items = plain_items(b, v, items)
    arrays = tuple(i for i in items if is_value(i))
    shape = broadcast(b, [extents(b, i) for i in arrays])
    arrays = tuple(fit(b, i, shape) for i in arrays)
    rest = index(b, v, tuple(Slice() if is_value(i) else i for i in items))
    assert not isinstance(rest, Expr)
    rest = fit(b, rest, extents(b, rest))
    kept = [i for i in items if is_value(i) or isinstance(i, Slice) or i == NONE]  # one for each axis of `rest`
    spread = [k for k, i in enumerate(items) if not (isinstance(i, Slice) or i == NONE)]
    together = spread[-1] - spread[0] + 1 == len(spread)
    before = sum(isinstance(i, Slice) or i == NONE for i in items[: spread[0]]) if together else 0
    own = extents(b, rest)
    others = [n for n, i in zip(own, kept, strict=True) if not is_value(i)]

    def at(b: Builder, i: Indices) -> Indices:
        mine, plain = i[before : before + len(shape)], iter((*i[:before], *i[before + len(shape) :]))
        chosen = iter(arrays)
        return tuple(
            from_array(b, rest, k, element(b, next(chosen), mine), which, checked) if is_value(which) else next(plain)
            for k, which in enumerate(kept)
        )

    return Picked(rest, (*others[:before], *shape, *others[before:]), at, arrays)


def plain_items(b: Builder, v: Value, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index with tuples opened and masks as arrays of integers, one item for each axis."""
    items = tuple(j for i in items for j in (i if isinstance(i, tuple) else (i,)))
    masks = sum(i.ndim - 1 for i in items if is_mask(i))
    used = sum(1 for i in items if i != NONE and i != Const(...)) + masks
    if used > v.ndim:
        raise b.refuse(f"{used} indices for an array with {v.ndim} axes", "leave indices out")
    if masks:  # `expand` counts an axis for each item
        items = tuple(j for i in items for j in ((i, *(ZERO,) * (i.ndim - 1)) if is_mask(i) else (i,)))
    out: list[Any] = []
    shape, axis, skip = extents(b, v), 0, 0
    for i in expand(b, v, items):
        if skip:
            skip -= 1
        elif is_mask(i):
            same_shape(b, extents(b, i), shape[axis : axis + i.ndim])
            out += true_places(b, i)
            axis, skip = axis + i.ndim, i.ndim - 1
        else:
            if is_value(i) and not isinstance(i.dtype, types.Integer):
                raise b.refuse("an index that is neither an integer nor a mask", "convert it: i.astype(np.int64)")
            out.append(i)
            axis += i != NONE
    return tuple(out)


def is_mask(i: Any) -> bool:
    return is_value(i) and isinstance(i.dtype, types.Boolean)


def same_shape(b: Builder, mask: Indices, shape: Indices) -> None:
    for m, n in zip(mask, shape, strict=True):
        if b.affine(m) != b.affine(n):
            b.check(b.integer(op.ne, m, n), MISMATCH, IndexError)


def from_array(b: Builder, source: Value, axis: int, i: Expr, which: Value, checked: bool) -> Expr:
    """An index that was read from an array, counted from the front of an axis.

    Where the axis is a whole one of an array in memory the load itself finds an index that is out of range.
    """
    n = extents(b, source)[axis]
    if checked or not fills_an_axis(b, source, axis):
        return b.let(Call(p.place_within, (i, n)), INT)
    counted = isinstance(which, View) and isinstance(which.base, str) and b.known(("places", which.base))
    return i if counted else b.integer(p.from_front, i, n)


def fills_an_axis(b: Builder, v: Value, axis: int) -> bool:
    if not isinstance(v, View) or not isinstance(v.base, str):
        return False
    whole_axes = zip(v.axes, b.extents_of(v.base), strict=True)
    return any(a == Axis(ZERO, ((axis, ONE),)) and n == v.extents[axis] for a, n in whole_axes)


# ---- masks ----------------------------------------------------------------------------------------


def atom(b: Builder, fn: Callable[..., Any], args: Indices, type_: Any, own: bool = True, **named: Any) -> str:
    """An array of integers from a function that stays a call; the one the statement at hand defines if `own`."""
    kwargs = tuple((k, v if isinstance(v, Expr) else Const(v)) for k, v in named.items())
    if own and b.target is not None:
        name, b.target = b.target, None
    else:
        name = b.fresh(type_, "at").name
    b.types[name] = type_
    b.assign(Var(name), Call(fn, args, kwargs))
    if name not in b.stored:
        b.remember(("places", name), True)
    return name


def true_places(b: Builder, mask: Value) -> list[Value]:
    """Where a mask is true, in the order of its elements: one array of integers for each of its axes."""
    shape = extents(b, mask)
    name = array_name(b, mask)
    at = b.known(("true places", name))
    if at is None:
        at = atom(b, np.flatnonzero, (Var(name),), types.Array(INT, 1, "C"), own=False)
        if name not in b.stored and name not in b.moved:
            b.remember(("true places", name), at)
    flat = whole(b, at)
    return [along(b, flat, shape, k) for k in range(len(shape))]


def along(b: Builder, flat: View, shape: Indices, axis: int) -> Value:
    """The indices along one axis that belong to places counted through the whole array."""
    if len(shape) == 1:
        return flat
    stride = product(b, shape[axis + 1 :])

    def at(b: Builder, i: Indices) -> Expr:
        place = b.integer(op.floordiv, element(b, flat, i), stride)
        return place if axis == 0 else b.integer(op.mod, place, shape[axis])

    return Pull(flat.extents, INT, at, (flat,))


def as_mask(a: Value) -> Value:
    return a if is_mask(a) else Tree(op.ne, (a, number(0, a.dtype)), a.ndim, types.boolean)


# ---- reading and storing ----------------------------------------------------------------------------


def gather(b: Builder, v: Value, items: tuple[Any, ...], checked: bool = False) -> Value:
    """`v[items]` to read."""
    q = picked(b, v, items, checked)

    def load(b: Builder, i: Indices) -> Expr:
        return element(b, q.source, q.at(b, i))

    return Pull(q.shape, v.dtype, load, (q.source, *q.arrays))


def scatter(b: Builder, dest: Place, items: tuple[Any, ...], x: Any) -> None:
    """`dest[items] = x`: element after element, so that of equal indices the last one counts."""
    if len(items) == 1 and is_mask(items[0]) and not is_value(x):
        masked(b, dest, items[0], x)
        return
    items = tuple(aside(b, dest, j) for i in items for j in (i if isinstance(i, tuple) else (i,)))
    q = picked(b, dest, items)
    assert isinstance(q.source, (View, Choice))
    if is_value(x):
        x = fit(b, aside(b, dest, x), q.shape)
    with b.nest(q.shape) as i:
        at = q.at(b, i)
        write(b, q.source, at, b.let(element(b, x, i), dest.dtype))


def aside(b: Builder, dest: Place, x: Any) -> Any:
    """An operand of a store; as a new array if it reads the one that is stored into."""
    return materialise(b, x) if is_value(x) and any(memory(v) in memories(dest) for v in bases(x)) else x


def masked(b: Builder, dest: Place, mask: Value, x: Expr) -> None:
    """`dest[mask] = x` for a scalar: no places are needed."""
    if mask.ndim > dest.ndim:
        raise b.refuse("a mask with more axes than the array", "give the mask the axes of the array")
    if not harmless(dest, mask):
        mask = materialise(b, mask)
    own, rest = dest.extents[: mask.ndim], dest.extents[mask.ndim :]
    same_shape(b, extents(b, mask), own)
    mask = fit(b, with_extents(mask, own), own)
    x = b.let(x, dest.dtype)
    with b.nest(own) as i:
        chosen = element(b, mask, i)
        with b.collect() as then, b.nest(rest) as j:
            write(b, dest, (*i, *j), x)
        b.emit(If(b.loc, chosen, tuple(then)))


# ---- functions -----------------------------------------------------------------------------------------


@lowers(np.nonzero)
def nonzero(b: Builder, a: Value) -> Any:
    return tuple(true_places(b, as_mask(a)))


@lowers(np.where)
def where_(b: Builder, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None and is_value(condition):
        return nonzero(b, condition)
    return where(b, condition, x, y)


@lowers(np.flatnonzero)
def flatnonzero(b: Builder, a: Value) -> Value:
    return whole(b, atom(b, np.flatnonzero, (Var(array_name(b, as_mask(a))),), types.Array(INT, 1, "C")))


@lowers(np.argwhere)
def argwhere(b: Builder, a: Value) -> Value:
    return whole(b, atom(b, np.argwhere, (Var(array_name(b, as_mask(a))),), types.Array(INT, 2, "A")))


@lowers(np.count_nonzero)
def count_nonzero(b: Builder, a: Value, axis: Any = NONE) -> Any:
    return sum_(b, as_mask(a), axis, dtype=Const(np.int64))


@lowers(np.take)
def take(b: Builder, a: Value, indices: Any, axis: Any = NONE) -> Any:
    """Indices out of range raise, in compiled code too."""
    if axis == NONE:
        a, axis = ravel(b, a), ZERO
    k = axis_of(b, axis, a.ndim)
    if isinstance(indices, tuple):
        raise b.refuse("np.take with a tuple of indices", "use np.array((...))")
    if is_value(indices):
        return gather(b, a, (*(Slice(),) * k, indices), True)
    i = b.let(Call(p.place_within, (indices, extents(b, a)[k])), INT)
    return index(b, a, (*(Slice(),) * k, i))


@lowers(np.take_along_axis)
def take_along_axis(b: Builder, arr: Value, indices: Value, axis: Any) -> Value:
    if axis == NONE:
        arr, axis = ravel(b, arr), ZERO
    k = axis_of(b, axis, arr.ndim)
    if arr.ndim != indices.ndim:
        raise b.refuse(
            "np.take_along_axis of arrays with different numbers of axes", "give both the same number of axes"
        )
    own, n = extents(b, arr), extents(b, arr)[k]
    common = broadcast(b, [tuple(ONE if j == k else m for j, m in enumerate(s)) for s in (own, extents(b, indices))])
    shape = tuple(extents(b, indices)[k] if j == k else m for j, m in enumerate(common))
    arr, at = fit(b, arr, (*shape[:k], n, *shape[k + 1 :])), fit(b, indices, shape)

    def load(b: Builder, i: Indices) -> Expr:
        j = b.let(Call(p.place_within, (element(b, at, i), n)), INT)
        return element(b, arr, (*i[:k], j, *i[k + 1 :]))

    return Pull(shape, arr.dtype, load, (arr, at))


@lowers(np.extract)
def extract(b: Builder, condition: Value, arr: Value) -> Value:
    return gather(b, ravel(b, arr), (ravel(b, as_mask(condition)),))


def updated(b: Builder, fn: Callable[..., Any], a: Value, v: Any) -> Tree:
    """`a + v` for `x[index] += v`, where `a` is what has been gathered: as wide as `a`, and of its type."""
    return Tree(fn, (a, fit(b, v, extents(b, a)) if is_value(v) else v), a.ndim, a.dtype)
