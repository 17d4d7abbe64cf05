"""Array values that are not computed yet.

    View   elements of a base, picked by an affine map of the indices: a whole array, a slice, a row, a transpose
    Choice one view of arrays in memory or another, depending on the path
    Tree   an elementwise function of arrays and scalars
    Pull   anything else that can say what its element at given indices is

What stands in memory, a *place*, can be loaded from and stored into: a view whose base is the name of an array, a view
of the elements of such a view counted through (`Flat`), a choice of these. All others are read only. None of them
exists at run time: what consumes one asks for its elements inside a loop nest of its own.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
from numba.core import types

from .. import primitives as p
from ..ir import Call, Const, Expr, If, Index, Var
from .build import ONE, ZERO, Builder, number


@dataclass(frozen=True)
class Axis:
    """Index along one axis of the base: `start + sum(step * i[k])`; without steps the axis is fixed."""

    start: Expr = ZERO
    steps: tuple[tuple[int, Expr], ...] = ()


@dataclass(frozen=True, eq=False)
class View:
    base: str | Flat | Tree | Pull
    axes: tuple[Axis, ...]
    extents: tuple[Expr, ...]
    dtype: Any

    @property
    def ndim(self) -> int:
        return len(self.extents)


@dataclass(frozen=True, eq=False)
class Flat:
    """The elements of a place, row after row, along one axis; they stay where they are."""

    of: View


@dataclass(frozen=True, eq=False)
class Choice:
    """The view of number `which`; all have the same extents."""

    which: Expr
    options: tuple[View, ...]

    @property
    def extents(self) -> tuple[Expr, ...]:
        return self.options[0].extents

    @property
    def dtype(self) -> Any:
        return self.options[0].dtype

    @property
    def ndim(self) -> int:
        return len(self.extents)


@dataclass(frozen=True, eq=False)
class Tree:
    """`fn(*args)` element by element; `fn` None is a copy."""

    fn: Callable[..., Any] | None
    args: tuple[Value | Expr, ...]
    ndim: int
    dtype: Any


@dataclass(frozen=True, eq=False)
class Pull:
    """Elements by a function that emits what computes them; `fill` when all are that constant."""

    extents: tuple[Expr, ...]
    dtype: Any
    element: Callable[[Builder, tuple[Expr, ...]], Expr]
    sources: tuple[Value, ...] = ()
    fill: Expr | None = None

    @property
    def ndim(self) -> int:
        return len(self.extents)


Place = View | Choice
Value = View | Choice | Tree | Pull
Operand = Value | Expr | tuple  # what handlers receive and return; tuples are shapes and sequences of arrays


def is_value(x: Any) -> bool:
    return isinstance(x, (View, Choice, Tree, Pull))


def whole(b: Builder, name: str) -> View:
    """The array itself."""
    extents = b.extents_of(name)
    return View(name, tuple(Axis(ZERO, ((k, ONE),)) for k in range(len(extents))), extents, b.types[name].dtype)


def is_whole(b: Builder, v: Any) -> bool:
    """Every element of an array in memory, each in its own place?"""
    if not isinstance(v, View) or not isinstance(v.base, str) or len(v.axes) != v.ndim:
        return False
    return all(a == Axis(ZERO, ((k, ONE),)) for k, a in enumerate(v.axes)) and b.extents_of(v.base) == v.extents


def memory(v: Any) -> str | None:
    """The array in memory that a view shows a part of."""
    while isinstance(v, View) and isinstance(v.base, Flat):
        v = v.base.of
    return v.base if isinstance(v, View) and isinstance(v.base, str) else None


def is_place(v: Any) -> TypeGuard[Place]:
    """Does this stand in memory?"""
    return isinstance(v, Choice) or memory(v) is not None


def memories(v: Any) -> set[str]:
    """The arrays in one of which a place stands; none for what is not in memory."""
    found = {memory(o) for o in v.options} if isinstance(v, Choice) else {memory(v)}
    return {m for m in found if m is not None}


def constant(value: Expr, extents: tuple[Expr, ...], dtype: Any) -> Pull:
    return Pull(extents, dtype, lambda b, index: value, fill=value)


def leaves(v: Any) -> Iterator[View | Choice | Pull]:
    """What a tree of elementwise functions is computed from."""
    if isinstance(v, Tree):
        for a in v.args:
            yield from leaves(a)
    elif is_value(v):
        yield v


def bases(v: Any) -> Iterator[View]:
    """The views of arrays in memory that a value reads."""
    for leaf in leaves(v):
        if isinstance(leaf, Choice):
            yield from leaf.options
        elif memory(leaf):
            assert isinstance(leaf, View)
            yield leaf
        elif isinstance(leaf, View):
            yield from bases(leaf.base)
        else:
            for s in leaf.sources:
                yield from bases(s)


# ---- extents ---------------------------------------------------------------------------


def extents(b: Builder, v: Value) -> tuple[Expr, ...]:
    """The extents of a value; those of a tree are broadcast over its leaves."""
    if isinstance(v, (View, Choice, Pull)):
        return v.extents
    found = b.known(("extents of tree", id(v)))
    if found is None:
        found = broadcast(b, [x.extents for x in leaves(v)])
        b.scopes[-1][("extents of tree", id(v))] = found
        b.scopes[-1][("keep", id(v))] = v  # so that its id stays its own
    return found


def broadcast(b: Builder, shapes: list[tuple[Expr, ...]]) -> tuple[Expr, ...]:
    """NumPy's rule: shapes are aligned at the last axis, axes of extent 1 are repeated."""
    ndim = max((len(s) for s in shapes), default=0)
    return tuple(common_extent(b, [s[k] for s in shapes if len(s) >= -k]) for k in range(-ndim, 0))


def common_extent(b: Builder, candidates: list[Expr]) -> Expr:
    """The extent of a result axis: constants other than 1 decide, equal ones count once."""
    found: list[Expr] = []
    for n in candidates:
        if n != ONE and not any(b.same(n, m) for m in found):
            found.append(n)
    if not found:
        return ONE
    fixed = [n for n in found if isinstance(n, Const)]
    if b.adjoint or len(fixed) == 1:  # adjoint code adds arrays of one shape
        return (fixed or found)[0]
    n = found[0]
    for m in found[1:]:
        n = one_extent(b, n, m)
    return n


def one_extent(b: Builder, n: Expr, m: Expr) -> Expr:
    """The extent of two axes together; constants are left to fail when the program runs."""
    if b.equal and not (isinstance(n, Const) and isinstance(m, Const)):
        return b.take_equal(n, m)
    return b.integer(p.broadcast_extent, n, m, base="n")


def fit(b: Builder, v: Any, shape: tuple[Expr, ...]) -> Any:
    """The value broadcast to `shape`: afterwards its indices are those of the result."""
    if isinstance(v, Tree):
        key = ("fit", id(v), shape)
        found = b.known(key)
        if found is None:
            found = replace(v, args=tuple(fit(b, a, shape) for a in v.args), ndim=len(shape))
            b.scopes[-1][key] = found
            b.scopes[-1][("keep", id(v))] = v
        return found
    if not is_value(v):
        return v
    lead = len(shape) - v.ndim
    if lead < 0:
        raise b.refuse("an array with more axes than the place it is stored in", "take a part of it that fits")
    if v.extents == shape:
        return v
    wanted = shape[lead:]
    if b.equal:
        for m, n in zip(v.extents, wanted, strict=False):
            if unequal(b, m, n) and not (isinstance(m, Const) and isinstance(n, Const)):
                b.take_equal(n, m)
    if is_whole(b, v) and any(unequal(b, m, n) for m, n in zip(v.extents, wanted, strict=False)):
        v = stretched(b, v, tuple(n if m != ONE else m for m, n in zip(v.extents, wanted, strict=False)))
    steps = tuple(stretch_step(b, m, n) for m, n in zip(v.extents, wanted, strict=False))
    if isinstance(v, Pull):
        if v.fill is not None:
            return constant(v.fill, shape, v.dtype)
        v = View(v, tuple(Axis(ZERO, ((k, ONE),)) for k in range(v.ndim)), v.extents, v.dtype)
    if isinstance(v, Choice):
        return replace(v, options=tuple(spread(b, o, steps, lead, shape) for o in v.options))
    return spread(b, v, steps, lead, shape)


def spread(b: Builder, v: View, steps: tuple[Expr, ...], lead: int, shape: tuple[Expr, ...]) -> View:
    return replace(v, axes=tuple(repeated(b, a, steps, lead) for a in v.axes), extents=shape)


def unequal(b: Builder, m: Expr, n: Expr) -> bool:
    """Do these extents still have to be compared at run time?"""
    return not (m == ONE or b.adjoint or b.same(m, n))


def stretch_step(b: Builder, m: Expr, n: Expr) -> Expr:
    """The step along an axis of extent `m` for a result of extent `n`: 1, or 0 where it is repeated."""
    if m == ONE and n != ONE:
        return ZERO
    return b.integer(p.stretch_step, m, n) if unequal(b, m, n) else ONE


def stretched(b: Builder, v: View, shape: tuple[Expr, ...]) -> View:
    """An array under a name that has these extents: itself, or a broadcast copy (decided at run time)."""
    assert isinstance(v.base, str)
    key = ("stretch", v.base, shape)
    name = b.known(key)
    if name is None:
        old = b.types[v.base]
        new = types.Array(old.dtype, old.ndim, old.layout if old.layout == "C" else "A", readonly=not old.mutable)
        name = b.fresh(new, None if v.base.startswith("_t") else v.base).name
        e = Call(p.stretch, (Var(v.base), *shape))
        b.extents[name] = shape
        b.stretches.add(name)
        if v.base in b.stored:  # what is a copy today may be none tomorrow
            b.assign(Var(name), e)
        else:
            with b.hoisted(e):
                b.assign(Var(name), e)
                b.remember(key, name)
    return whole(b, name)


def repeated(b: Builder, a: Axis, steps: tuple[Expr, ...], lead: int) -> Axis:
    new = ((k + lead, b.integer(op.mul, s, steps[k])) for k, s in a.steps)
    return Axis(a.start, tuple((k, s) for k, s in new if s != ZERO))


def with_extents(v: Any, shape: tuple[Expr, ...]) -> Any:
    """The same value; its extents, checked to be equal, under other names."""
    if isinstance(v, Tree):
        return replace(v, args=tuple(with_extents(a, shape) for a in v.args))
    if isinstance(v, Choice):
        return replace(v, options=tuple(replace(o, extents=shape) for o in v.options))
    return replace(v, extents=shape) if is_value(v) else v


# ---- elements --------------------------------------------------------------------------


def position(b: Builder, a: Axis, index: tuple[Expr, ...]) -> Expr:
    """The index along one axis of the base."""
    total: Expr | None = None
    start = a.start
    for k, step in a.steps:
        if step == Const(-1) and total is None:
            total, start = b.integer(op.sub, start, index[k]), ZERO
        elif isinstance(step, Const) and step.value < 0 and total is not None:
            total = b.integer(op.sub, total, b.integer(op.mul, index[k], Const(-step.value)))
        else:
            term = b.integer(op.mul, index[k], step)
            total = term if total is None else b.integer(op.add, total, term)
    return start if total is None else b.integer(op.add, total, start)


def places(b: Builder, v: View, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(position(b, a, index) for a in v.axes)


def location(b: Builder, v: View, index: tuple[Expr, ...]) -> Index:
    """The element of an array in memory that stands at `index` of a view."""
    if isinstance(v.base, Flat):
        (place,) = places(b, v, index)
        return location(b, v.base.of, unravelled(b, place, v.base.of.extents))
    assert isinstance(v.base, str)
    return Index(Var(v.base), places(b, v, index))


def unravelled(b: Builder, place: Expr, shape: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The indices that belong to a place counted through all elements, row after row."""
    out: list[Expr] = []
    first = True
    for k, n in enumerate(shape):
        if n == ONE:
            out.append(ZERO)
            continue
        i = b.integer(op.floordiv, place, product(b, shape[k + 1 :]))
        out.append(i if first else b.integer(op.mod, i, n))
        first = False
    return tuple(out)


def product(b: Builder, shape: tuple[Expr, ...]) -> Expr:
    n: Expr = ONE
    for m in shape:
        n = b.integer(op.mul, n, m)
    return n


def chosen(b: Builder, c: Choice, index: tuple[Expr, ...], start: int = 0) -> Expr:
    """The element of the view that a choice is."""
    first, *rest = c.options[start:]
    if not rest:
        return element(b, first, index)
    cond = b.let(Call(op.eq, (c.which, Const(start))), types.boolean)
    return b.choose(cond, lambda: element(b, first, index), lambda: chosen(b, c, index, start + 1), c.dtype)


def write(b: Builder, dest: Place, index: tuple[Expr, ...], x: Expr, add: bool = False, start: int = 0) -> None:
    """`dest[index] = x`, or `+=`, for one element."""
    if isinstance(dest, View):
        (b.accumulate if add else b.assign)(location(b, dest, index), x)
    elif start + 1 == len(dest.options):
        write(b, dest.options[start], index, x, add)
    else:
        cond = b.let(Call(op.eq, (dest.which, Const(start))), types.boolean)
        with b.collect() as then:
            write(b, dest.options[start], index, x, add)
        with b.collect() as orelse:
            write(b, dest, index, x, add, start + 1)
        b.emit(If(b.loc, cond, tuple(then), tuple(orelse)))


def element(b: Builder, v: Any, index: tuple[Expr, ...]) -> Expr:
    """An operand with the value of the element at `index`; the value must have been `fit`."""
    match v:
        case View() if memory(v):
            e = location(b, v, index)
            return b.known(("load", e)) or b.remember(("load", e), b.let(e, v.dtype))
        case View():
            return element(b, v.base, places(b, v, index))
        case Choice():
            return chosen(b, v, index)
        case Pull():
            return v.fill if v.fill is not None else v.element(b, index)
        case Tree():
            return tree_element(b, v, index)
    return v


def tree_element(b: Builder, v: Tree, index: tuple[Expr, ...]) -> Expr:
    key = ("element", id(v), index)
    found = b.known(key)
    if found is not None:
        return found
    if v.fn is np.where:
        cond, x, y = v.args
        result: Expr = b.choose(
            element(b, cond, index), lambda: element(b, x, index), lambda: element(b, y, index), v.dtype
        )
    else:
        args = tuple(element(b, a, index) for a in v.args)
        result = args[0] if v.fn is None else b.let(Call(scalar_fn(v, v.fn), args), v.dtype)
    b.scopes[-1][("keep", id(v))] = v
    return b.remember(key, result)


def scalar_fn(v: Tree, fn: Callable[..., Any]) -> Callable[..., Any]:
    """On booleans NumPy's `+` and `*` are logical."""
    if isinstance(v.dtype, types.Boolean):
        return {op.add: op.or_, op.mul: op.and_, np.add: op.or_, np.multiply: op.and_}.get(fn, fn)
    return fn


# ---- into memory -----------------------------------------------------------------------


def store(b: Builder, dest: Place, value: Any, accumulate: bool = False) -> None:
    """`dest[...] = value` (or `+=`) as a loop nest; the value must not read `dest` in other places."""
    value = fit(b, value, dest.extents)
    with b.nest(dest.extents) as index:
        write(b, dest, index, element(b, value, index), accumulate)


def materialise(b: Builder, v: Value, own: bool = False) -> View:
    """A new array with these elements."""
    shape = extents(b, v)
    if isinstance(v, Pull) and v.fill is not None and v.fill == number(0, v.dtype):
        return whole(b, b.allocate(shape, v.dtype, np.zeros, own))
    if isinstance(v, Pull) and v.fill is not None and v.fill == number(1, v.dtype):
        return whole(b, b.allocate(shape, v.dtype, np.ones, own))
    v = fit(b, v, shape)
    dest = whole_of(b, b.allocate(shape, v.dtype, np.empty, own), shape)
    store(b, dest, v)
    return dest


def whole_of(b: Builder, name: str, shape: tuple[Expr, ...]) -> View:
    return View(name, tuple(Axis(ZERO, ((k, ONE),)) for k in range(len(shape))), shape, b.types[name].dtype)


def in_memory(b: Builder, v: Value) -> Place:
    """What can be loaded from again and again."""
    return v if is_place(v) else materialise(b, v)


def array_name(b: Builder, v: Value) -> str:
    """The name of an array with exactly these elements."""
    if not is_whole(b, v):
        v = materialise(b, v)
    assert isinstance(v, View)
    assert isinstance(v.base, str)
    return v.base


def harmless(dest: Place, value: Any) -> bool:
    """May the elements be stored one by one, though the value reads the array they go to?"""
    own = memories(dest)
    others = (v for leaf in leaves(value) if not same_places(leaf, dest) for v in bases(leaf))
    return all(memory(v) not in own for v in others)


def same_places(v: Any, dest: Place) -> bool:
    """Equal maps, but for fixed axes: two rows are the same row or have nothing in common."""
    if isinstance(v, Choice) and isinstance(dest, Choice):
        pairs = list(zip(v.options, dest.options, strict=False))
        return v.which == dest.which and len(v.options) == len(dest.options) and all(same_places(*q) for q in pairs)
    if not isinstance(v, View) or not isinstance(dest, View) or not memory(v):
        return False
    if v.base is not dest.base and v.base != dest.base or v.extents != dest.extents or len(v.axes) != len(dest.axes):
        return False
    return all(
        a.steps == d.steps and (a.start == d.start or not a.steps) for a, d in zip(v.axes, dest.axes, strict=True)
    )
