"""Views: indexing, slicing, transposing, reversing and reshaping without moving an element."""

from __future__ import annotations

import operator as op
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import primitives as p
from ..ir import Const, Expr, Index, Slice, Var
from .build import ONE, ZERO, Builder
from .registry import lowers
from .values import (
    Axis,
    Choice,
    Flat,
    Place,
    Value,
    View,
    constant,
    element,
    extents,
    fit,
    is_place,
    is_value,
    is_whole,
    product,
    whole,
)


@dataclass(frozen=True)
class Pick:
    """For one axis of the source: a fixed place, or `start + step * i` for the next axis of the result."""

    start: Expr
    step: Expr | None = None
    extent: Expr | None = None


NEW = Pick(ZERO, ZERO, ONE)  # an axis of the result that no axis of the source belongs to


def index(b: Builder, v: Value, items: tuple[Any, ...]) -> Value | Expr:
    """`v[items]`, the items being integers, slices and new axes (`gather` knows arrays)."""
    items = expand(b, v, items)
    shape = extents(b, v)
    picks: list[Pick | None] = []
    k = 0
    for i in items:
        if i == Const(None):
            picks.append(None)
        else:
            picks.append(pick(b, v, i, shape[k]))
            k += 1
    return choose(b, v, picks)


def expand(b: Builder, v: Value, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index with a slice for every axis that was left out."""
    used = sum(1 for i in items if i != Const(None) and i != Const(...))
    missing = (Slice(),) * (v.ndim - used)
    for k, i in enumerate(items):
        if isinstance(i, Const) and i.value is ...:
            return items[:k] + missing + items[k + 1 :]
    return items + missing


def choose(b: Builder, v: Value, picks: list[Pick | None]) -> Value | Expr:
    """One pick for each axis of `v`, None for a new axis of the result."""
    shape: list[Expr] = []
    axes: list[Axis] = []
    for q in picks:
        if q is None:
            shape.append(ONE)
        elif q.step is None:
            axes.append(Axis(q.start))
        else:
            assert q.extent is not None
            axes.append(Axis(q.start, ((len(shape), q.step),)))
            shape.append(q.extent)
    if not shape:
        return element(b, fit(b, v, extents(b, v)), tuple(a.start for a in axes))
    return compose(b, v, tuple(axes), tuple(shape))


def compose(b: Builder, v: Value, axes: tuple[Axis, ...], shape: tuple[Expr, ...]) -> Place:
    """The view of `v` whose index along axis `k` of `v` is `axes[k]`."""
    if isinstance(v, Choice):
        return replace(v, options=tuple(compose(b, o, axes, shape) for o in v.options))  # type: ignore[misc]
    if not isinstance(v, View):
        return View(fit(b, v, extents(b, v)), axes, shape, v.dtype)
    return replace(v, axes=tuple(substitute(b, a, axes) for a in v.axes), extents=shape)


def substitute(b: Builder, outer: Axis, inner: tuple[Axis, ...]) -> Axis:
    start = outer.start
    steps: dict[int, Expr] = {}
    for k, step in outer.steps:
        start = b.integer(op.add, start, b.integer(op.mul, step, inner[k].start)) if inner[k].start != ZERO else start
        for j, s in inner[k].steps:
            term = b.integer(op.mul, step, s)
            steps[j] = b.integer(op.add, steps[j], term) if j in steps else term
    return Axis(start, tuple((j, s) for j, s in sorted(steps.items())))


def pick(b: Builder, v: Value, i: Any, n: Expr) -> Pick:
    match i:
        case Slice(start, stop, step):
            return sliced(b, none(start), none(stop), none(step), n)
        case Const(bool()):
            raise b.refuse("indexing with a bool", "use an `if`")
        case Var() | Const():
            if is_whole(b, v):
                return Pick(i)  # the user's meaning, whatever the sign
            return Pick(from_front(b, i, n))
    raise b.refuse("this kind of index", "use integers, slices, and arrays of integers or bools")


def none(e: Expr | None) -> Expr | None:
    return None if e == Const(None) else e


def from_front(b: Builder, i: Expr, n: Expr) -> Expr:
    """A scalar index that may count from the end, as a distance from the front."""
    if isinstance(i, Const):
        return i if i.value >= 0 else b.integer(op.add, n, i)
    return i if b.non_negative(i) else b.integer(p.from_front, i, n)


# ---- slices ----------------------------------------------------------------------------


def sliced(b: Builder, start: Expr | None, stop: Expr | None, step: Expr | None, n: Expr) -> Pick:
    """`start:stop:step` along an axis of extent `n`, with Python's clamping."""
    if step is None:
        step = ONE
    if step == ONE:
        if (pick := of_fixed_length(b, start, stop, n)) is not None:
            return pick
        if isinstance(start, Const) and start.value < 0 and stop is None:  # the last few
            extent = b.integer(min, n, Const(-start.value))
            return Pick(b.integer(op.sub, n, extent), ONE, extent)
        low, high = lower_bound(b, start, n), upper_bound(b, stop, n)
        return Pick(low, ONE, high if start is None else distance(b, low, high))
    if start is None and stop is None and isinstance(step, Const):
        if step == Const(-1):
            return Pick(b.integer(op.sub, n, ONE), step, n)
        if step.value > 0:
            return Pick(ZERO, step, b.integer(p.trips, ZERO, n, step))
    none_ = Const(None)
    low = b.integer(p.slice_start, start or none_, n, step)
    high = b.integer(p.slice_stop, stop or none_, n, step)
    return Pick(low, step, b.integer(p.trips, low, high, step))


def of_fixed_length(b: Builder, start: Expr | None, stop: Expr | None, n: Expr) -> Pick | None:
    """`:3`, `2:5`, `-3:` as parts that lie within the axis, where extents may be taken for something."""
    if not b.equal or isinstance(n, Const):
        return None
    match start, stop:
        case ((None | Const()), Const(high)) if 0 <= (low := 0 if start is None else start.value) <= high:
            b.take_at_least(n, high)
            return Pick(Const(low), ONE, Const(high - low))
        case Const(low), None if low < 0:
            b.take_at_least(n, -low)
            return Pick(b.integer(op.sub, n, Const(-low)), ONE, Const(-low))
    return None


def lower_bound(b: Builder, start: Expr | None, n: Expr) -> Expr:
    """Where a slice of step 1 begins; a constant from the front is left as it is (the extent is clamped)."""
    if start is None:
        return ZERO
    if isinstance(start, Const) and start.value >= 0:
        return start
    base, k = b.affine(start)
    if isinstance(start, Const) or (base is not None and b.affine(n) == (base, 0) and k < 0):
        return b.integer(max, b.integer(op.sub, n, Const(-k)), ZERO)
    return start if b.non_negative(start) else b.integer(p.slice_start, start, n, ONE)


def upper_bound(b: Builder, stop: Expr | None, n: Expr) -> Expr:
    """Where a slice of step 1 ends."""
    if stop is None:
        return n
    base, k = b.affine(stop)
    base_n, k_n = b.affine(n)
    if isinstance(stop, Const) and stop.value < 0:
        return clamped(b, n, -stop.value)
    if base is not None and base == base_n and k < k_n:  # `n - 1` of `n`
        return clamped(b, n, k_n - k)
    if base == base_n and k >= k_n:
        return n
    if b.non_negative(stop):
        return b.integer(min, stop, n)
    return b.integer(p.slice_stop, stop, n, ONE)


def clamped(b: Builder, n: Expr, less: int) -> Expr:
    """`max(n - less, 0)`: one name for it, however the slices that lead to it are nested."""
    if isinstance(n, Const):
        return Const(max(n.value - less, 0))
    key, origin = ("clamped", n), (n, 0)
    origin = b.known(key) or origin
    result = b.known(("less", origin[0], origin[1] + less))
    if result is None:
        result = b.integer(max, b.integer(op.sub, origin[0], Const(origin[1] + less)), ZERO, base="n")
        b.remember(("less", origin[0], origin[1] + less), result)
        b.remember(("clamped", result), (origin[0], origin[1] + less))
    return result


def distance(b: Builder, low: Expr, high: Expr) -> Expr:
    """The extent of `low:high`, both from the front, `high` at most the extent of the axis."""
    if low == ZERO:
        return high
    if isinstance(low, Const):
        return clamped(b, high, low.value)
    base, k = b.affine(low)
    base_high, k_high = b.affine(high)
    if base == base_high:
        return Const(max(k_high - k, 0))
    return b.integer(p.trips, low, high, ONE)


# ---- functions that give views -----------------------------------------------------------


def permuted(b: Builder, v: Value, order: list[int]) -> Place:
    shape = extents(b, v)
    axes = tuple(Axis(ZERO, ((order.index(k), ONE),)) for k in range(v.ndim))
    return compose(b, v, axes, tuple(shape[k] for k in order))


def integers(b: Builder, e: Any) -> list[int]:
    """A constant integer or a tuple of them."""
    items = e if isinstance(e, tuple) else (e,)
    if not all(isinstance(i, Const) and isinstance(i.value, (int, np.integer)) for i in items):
        raise b.refuse("an axis that is not a constant", "write the number")
    return [int(i.value) for i in items]


def axis_of(b: Builder, axis: Any, ndim: int) -> int:
    (k,) = integers(b, axis)
    if not -ndim <= k < ndim:
        raise b.refuse(f"axis {k} of an array with {ndim} axes", "axes are counted from 0")
    return k % ndim


@lowers(np.transpose)
def transpose(b: Builder, a: Value, axes: Any = Const(None)) -> Value:
    if axes == Const(None):
        return permuted(b, a, list(range(a.ndim))[::-1])
    return permuted(b, a, [k % a.ndim for k in integers(b, axes)])


@lowers(np.swapaxes)
def swapaxes(b: Builder, a: Value, axis1: Any, axis2: Any) -> Value:
    order = list(range(a.ndim))
    i, j = axis_of(b, axis1, a.ndim), axis_of(b, axis2, a.ndim)
    order[i], order[j] = j, i
    return permuted(b, a, order)


@lowers(np.moveaxis)
def moveaxis(b: Builder, a: Value, source: Any, destination: Any) -> Value:
    i, j = axis_of(b, source, a.ndim), axis_of(b, destination, a.ndim)
    order = [k for k in range(a.ndim) if k != i]
    order.insert(j, i)
    return permuted(b, a, order)


@lowers(np.expand_dims)
def expand_dims(b: Builder, a: Value, axis: Any) -> Value:
    ndim = a.ndim + len(integers(b, axis))
    new = {k % ndim for k in integers(b, axis)}
    return index(b, a, tuple(Const(None) if k in new else Slice() for k in range(ndim)))  # type: ignore[return-value]


@lowers(np.squeeze)
def squeeze(b: Builder, a: Value, axis: Any = Const(None)) -> Value | Expr:
    shape = extents(b, a)
    if axis == Const(None):
        drop = {k for k, n in enumerate(shape) if n == ONE}
        if any(not isinstance(n, Const) for n in shape):
            raise b.refuse("np.squeeze without an axis", "name the axis")
    else:
        drop = {axis_of(b, Const(k), a.ndim) for k in integers(b, axis)}
        for k in drop:
            if shape[k] != ONE:
                b.check(
                    b.integer(op.ne, shape[k], ONE),
                    "cannot select an axis to squeeze out which has size not equal to one",
                )
    return index(b, a, tuple(ZERO if k in drop else Slice() for k in range(a.ndim)))


@lowers(np.flip)
def flip(b: Builder, m: Value, axis: Any = Const(None)) -> Value:
    which = range(m.ndim) if axis == Const(None) else [axis_of(b, Const(k), m.ndim) for k in integers(b, axis)]
    back = Slice(None, None, Const(-1))
    return index(b, m, tuple(back if k in which else Slice() for k in range(m.ndim)))  # type: ignore[return-value]


@lowers(np.flipud)
def flipud(b: Builder, m: Value) -> Value:
    return flip(b, m, ZERO)


@lowers(np.fliplr)
def fliplr(b: Builder, m: Value) -> Value:
    return flip(b, m, ONE)


@lowers(np.atleast_1d)
def atleast_1d(b: Builder, a: Any) -> Value:
    if not is_value(a):
        raise b.refuse("np.atleast_1d of a scalar", "use np.array([x])")
    return a


@lowers(np.atleast_2d)
def atleast_2d(b: Builder, a: Any) -> Value:
    if not is_value(a):
        raise b.refuse("np.atleast_2d of a scalar", "use np.array([[x]])")
    return a if a.ndim > 1 else expand_dims(b, a, ZERO)


@lowers(np.diagonal)
def diagonal(b: Builder, a: Value, offset: Any = ZERO) -> Value:
    """Both axes of a matrix along one."""
    (k,) = integers(b, offset)
    n, m = extents(b, a)
    rows, columns = clamped(b, n, max(-k, 0)), clamped(b, m, max(k, 0))
    length = rows if rows == columns else b.integer(min, rows, columns)
    axes = (Axis(Const(max(-k, 0)), ((0, ONE),)), Axis(Const(max(k, 0)), ((0, ONE),)))
    return compose(b, a, axes, (length,))


@lowers(np.broadcast_to)
def broadcast_to(b: Builder, array: Any, shape: Any) -> Value:
    shape = shape if isinstance(shape, tuple) else (shape,)
    if not is_value(array):
        return constant(array, shape, b.type_of(array))
    return fit(b, array, shape)


@lowers(p.strided)
def strided(b: Builder, memory: Value, start: Expr, shape: tuple[Expr, ...], steps: tuple[Expr, ...]) -> Value:
    return compose(b, memory, (Axis(start, tuple(enumerate(steps))),), shape)


@lowers(p.part)
def part(b: Builder, memory: Value, start: Expr, shape: tuple[Expr, ...]) -> Value:
    return strided(b, memory, start, shape, tuple(product(b, shape[k + 1 :]) for k in range(len(shape))))


# ---- reshape -----------------------------------------------------------------------------


@lowers(np.reshape)
def reshape(b: Builder, a: Value, shape: Any) -> Value:
    shape = new_shape(b, extents(b, a), shape if isinstance(shape, tuple) else (shape,))
    old = extents(b, a)
    if [n for n in old if n != ONE] == [n for n in shape if n != ONE]:
        return regrouped(b, a, shape)
    same_size(b, old, shape)
    flat = ravel(b, a)
    if isinstance(flat, View) and isinstance(flat.base, Flat) and flat.base.of.extents == shape:
        return flat.base.of
    step: Expr = ONE
    steps: list[tuple[int, Expr]] = []
    for k in reversed(range(len(shape))):
        if shape[k] != ONE:
            steps.insert(0, (k, step))
            step = b.integer(op.mul, step, shape[k])
    return compose(b, flat, (Axis(ZERO, tuple(steps)),), shape)


def regrouped(b: Builder, a: Value, shape: tuple[Expr, ...]) -> Value:
    """The same axes, with axes of extent 1 elsewhere."""
    ones = tuple(ZERO if n == ONE else Slice() for n in extents(b, a))
    core = index(b, a, ones) if ones.count(ZERO) < len(ones) else a
    if core is a:  # all axes have extent 1
        return compose(b, a, (Axis(),) * a.ndim, shape)
    return index(b, core, tuple(Const(None) if n == ONE else Slice() for n in shape))  # type: ignore


def new_shape(b: Builder, old: tuple[Expr, ...], shape: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The shape with its -1 filled in."""
    free = [k for k, n in enumerate(shape) if n == Const(-1)]
    if not free:
        return shape
    rest = list(old)
    others = [n for n in shape if n != Const(-1)]
    for n in list(others):
        if n in rest:
            rest.remove(n)
            others.remove(n)
    size = (
        b.integer(op.floordiv, product(b, tuple(rest)), product(b, tuple(others)))
        if others
        else product(b, tuple(rest))
    )
    return tuple(size if k == free[0] else n for k, n in enumerate(shape))


def same_size(b: Builder, old: tuple[Expr, ...], new: tuple[Expr, ...]) -> None:
    m, n = product(b, old), product(b, new)
    if m != n:
        b.check(b.integer(op.ne, m, n), "cannot reshape array: the number of elements differs")


@lowers(np.ravel, p.flat)
def ravel(b: Builder, a: Value) -> Value:
    shape = extents(b, a)
    if a.ndim == 1:
        return a
    if sum(n != ONE for n in shape) <= 1:
        n = next((n for n in shape if n != ONE), ONE)
        return regrouped(b, a, (n,))
    if b.in_place and is_place(a):
        return counted(a, product(b, shape))
    return flattened(b, a)


def counted(a: Value, size: Expr) -> Place:
    """The elements of a place in rows, where they stand."""
    if isinstance(a, Choice):
        return replace(a, options=tuple(counted(o, size) for o in a.options))  # type: ignore[misc]
    assert isinstance(a, View)
    return View(Flat(a), (Axis(ZERO, ((0, ONE),)),), (size,), a.dtype)


def flattened(b: Builder, a: Value, own: bool = False) -> View:
    """The elements in rows, as a new array with one axis."""
    shape = extents(b, a)
    name = b.allocate((product(b, shape),), a.dtype, np.empty, own)
    flat = whole(b, name)
    a = fit(b, a, shape)
    with b.nest(shape) as ix:
        place: Expr = ZERO
        for i, n in zip(ix, shape, strict=False):
            place = b.integer(op.add, b.integer(op.mul, place, n), i)
        x = element(b, a, ix)
        b.assign(Index(Var(name), (place,)), x)
    return flat
