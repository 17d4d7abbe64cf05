"""Where control flow joins: which array, or which place in one, a name stands for.

A name for one place or another is integers: the number of the place among those that it may be, and of each what is
not the same whenever it is that. Which places there are shows only when all that is bound to the name has been met; so
`Forms` are collected while lowering, and it is done again when they have grown.
"""

from __future__ import annotations

import operator as op
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..ir import Assign, Call, Const, Expr, Move, Var
from .build import INT, ONE, ZERO, Builder, Varying
from .storage import user_name
from .values import (
    Axis,
    Choice,
    Flat,
    Place,
    View,
    array_name,
    is_place,
    is_value,
    materialise,
    memory,
    whole,
)

Form = tuple[Any, ...]  # a view without its numbers: for each axis of the array the axes that move along it


@dataclass
class Forms:
    """The views that a name may stand for, as far as they are known."""

    options: list[Form] = field(default_factory=list)
    slots: dict[tuple[int, int], Expr | None] = field(default_factory=dict)  # option, number: None when it varies
    extents: list[Expr | None] = field(default_factory=list)
    size: int = -1

    def grown(self) -> bool:
        """Has something been added since this was asked last?"""
        now = len(self.options) + sum(e is None for e in (*self.slots.values(), *self.extents))
        old, self.size = self.size, now
        return now != old


def move(b: Builder, s: Move) -> None:
    if b.adjoint:
        b.emit(s)
        return
    from .statements import evaluate

    targets: list[Var] = []
    sources: list[Expr] = []
    copied = b.storage.copied.get(s, set())
    for t, v in zip(s.targets, s.sources, strict=True):
        same = b.storage.same.get(t.name)
        if same is not None and same != t.name:
            continue  # it always stands for the same array
        x = evaluate(b, v)
        if isinstance(x, tuple):
            raise b.refuse(
                f"`{user_name(b.f, t.name)}` is a tuple on one path and rebound on another",
                "use a variable for each item",
            )
        if t.name in b.storage.choices:
            x = handed(b, s, t.name, x)
            own, x = taken_over(b, t.name, x, t.name in copied)
            place = places(b, t.name, x)
            targets += place[0]
            sources += place[1]
            if own is None:
                continue
            x = own
        elif is_value(x) and t.name in copied:
            x = materialise(b, x)
        if is_value(x):
            x = joined(b, t.name, array_name(b, x))
            if x == t:
                continue
        targets.append(t)
        sources.append(x)
    if targets:
        b.emit(replace(s, targets=tuple(targets), sources=tuple(sources)))


def handed(b: Builder, s: Move, target: str, x: Any) -> Any:
    """The place, in arrays under the names that they have after the `Move`."""
    known = b.storage.choices[target]
    new = {m: t for m, t in b.storage.takers.get(s, {}).items() if t != target and t in known}

    def renamed(v: View) -> View:
        if isinstance(v.base, Flat):
            return replace(v, base=replace(v.base, of=renamed(v.base.of)))
        return replace(v, base=new.get(v.base, v.base)) if isinstance(v.base, str) else v

    if not new or not is_place(x):
        return x
    return replace(x, options=tuple(map(renamed, x.options))) if isinstance(x, Choice) else renamed(x)


def taken_over(b: Builder, target: str, x: Any, copied: bool) -> tuple[Any, Any]:
    """The array that a name for one place or another holds itself, and the place.

    While it stands for a place in another array, it holds an empty one.
    """
    if target not in b.storage.choices[target]:
        return None, x
    options = x.options if isinstance(x, Choice) else (x,)
    known = b.storage.choices[target]
    new = [o for o in options if memory(o) not in known - {target}]
    if not new:
        return whole(b, nothing(b, target)), x
    array = whole(b, array_of(b, target, x, new, copied).name)
    mine = replace(array, base=target, extents=x.extents if is_place(x) else array.extents)
    place = replace(x, options=tuple(mine if o in new else o for o in options)) if isinstance(x, Choice) else mine
    return array, place


def array_of(b: Builder, target: str, x: Any, new: list[Any], copied: bool) -> Var:
    """The array that is taken over, of those in which the place may stand, or a copy of the place."""
    if not new:
        return Var(nothing(b, target))

    def taken() -> Var:
        o = new[0]
        return Var(o.base if entire(o) and not copied else array_name(b, materialise(b, o) if copied else o))

    if not isinstance(x, Choice) or len(new) == 1 and entire(new[0]) and not copied:
        return taken()
    cond = b.let(Call(op.eq, (x.which, Const(x.options.index(new[0])))), types.boolean)
    kind = b.types[target]
    return b.choose(
        cond, taken, lambda: array_of(b, target, x, new[1:], copied), types.Array(kind.dtype, kind.ndim, "C")
    )


def nothing(b: Builder, target: str) -> str:
    """An array without elements, which could be that of the name."""
    kind = b.types[target]
    return b.allocate((ZERO,) * kind.ndim, kind.dtype, np.empty, own=False)


def entire(v: Any) -> bool:
    """Is this an array in memory as it is, whatever its extents are called?"""
    plain = isinstance(v, View) and isinstance(v.base, str)
    return plain and all(a == Axis(ZERO, ((k, ONE),)) for k, a in enumerate(v.axes)) and len(v.axes) == v.ndim


def places(b: Builder, target: str, x: Any) -> tuple[list[Var], list[Expr]]:
    """What a name for one place or another is bound to: the integers that tell which."""
    if not is_place(x):
        raise b.refuse(
            f"`{user_name(b.f, target)}` is a view of an array on one path only", "use a name of its own for each"
        )
    given = x.options if isinstance(x, Choice) else (x,)
    forms = b.forms.setdefault(target, Forms())
    at = [met(b, forms, target, o) for o in given]
    pairs: list[tuple[Var, Expr]] = []
    if len(forms.options) > 1:
        pairs.append((slot(b, target, "which"), number_of(b, x, at)))
    for k, (fixed, n) in enumerate(zip(forms.extents, x.extents, strict=True)):
        if fixed is None:
            pairs.append((slot(b, target, "n", k), n))
    for (option, k), fixed in forms.slots.items():
        if fixed is None:
            numbers = [numbers_of(o)[k] for o, n in zip(given, at, strict=True) if n == option]
            which = [i for i, n in enumerate(at) if n == option]
            pairs.append((slot(b, target, "at", option, k), either(b, x, which, numbers)))
    return [t for t, _ in pairs], [v for _, v in pairs]


def met(b: Builder, forms: Forms, target: str, v: View) -> int:
    """The number of this view among the options, which learn of it."""
    form = form_of(v)
    if form not in forms.options:
        forms.options.append(form)
    option = forms.options.index(form)
    for k, e in enumerate(numbers_of(v)):
        forms.slots[option, k] = agreed(forms.slots.get((option, k), lasting(b, target, e)), lasting(b, target, e))
    lasts = [lasting(b, target, e) for e in v.extents]
    forms.extents = [agreed(a, e) for a, e in zip(forms.extents or lasts, lasts, strict=True)]
    return option


def agreed(a: Expr | None, e: Expr | None) -> Expr | None:
    return a if a == e else None


def lasting(b: Builder, target: str, e: Expr) -> Expr | None:
    """A number that means the same wherever the name is in use: a constant, or an extent of one of its arrays."""
    if isinstance(e, Const):
        return e
    if any(s.target == e for s in b.entry if isinstance(s, Assign)):
        return e
    for root in sorted(b.storage.choices[target] - {target} - b.storage.sources.keys()):
        for k, n in enumerate(b.extents_of(root)):
            if n == e:
                return Call(p.shape, (Var(root), Const(k)))
    return None


def number_of(b: Builder, x: Place, at: list[int]) -> Expr:
    if isinstance(x, View):
        return Const(at[0])
    return either(b, x, list(range(len(at))), [Const(n) for n in at]) if at != list(range(len(at))) else x.which


def either(b: Builder, x: Place, which: list[int], numbers: list[Expr]) -> Expr:
    """The number that belongs to the option of `x` there is; anything for all others."""
    if not numbers:
        return ZERO
    result = numbers[-1]
    for k, n in zip(which[-2::-1], numbers[-2::-1], strict=True):
        assert isinstance(x, Choice)
        cond = b.let(Call(op.eq, (x.which, Const(k))), types.boolean)
        result = b.let(Call(p.select, (cond, n, result)), INT)
    return result


def slot(b: Builder, target: str, kind: str, *which: int) -> Var:
    """The integer that holds one of the numbers; named after the user's name."""
    key = (target, kind, *which)
    if key not in b.slots:
        name = user_name(b.f, target)
        axis = str(which[-1]) if kind == "n" else ""
        b.slots[key] = b.fresh(INT, f"{name if not name.startswith('_t') else 'view'}_{kind}{axis}")
    return b.slots[key]


def place(b: Builder, target: str) -> Place:
    """What a name for one place or another stands for."""
    forms = b.forms[target]
    shape = tuple(slot(b, target, "n", k) if e is None else settled(b, e) for k, e in enumerate(forms.extents))
    dtype = b.types[target].dtype
    options = []
    for i, form in enumerate(forms.options):
        count = sum(1 for option, _ in forms.slots if option == i)
        numbers = [forms.slots[i, k] for k in range(count)]
        filled = (slot(b, target, "at", i, k) if e is None else settled(b, e) for k, e in enumerate(numbers))
        options.append(rebuilt(form, filled, shape, dtype))
    return options[0] if len(options) == 1 else Choice(slot(b, target, "which"), tuple(options))


def settled(b: Builder, e: Expr) -> Expr:
    match e:
        case Call(p.shape, (Var(root), Const(int() as k))):
            return b.extents_of(root)[k]
    return e


def form_of(v: View) -> Form:
    steps = tuple(tuple(k for k, _ in a.steps) for a in v.axes)
    if isinstance(v.base, Flat):
        return (steps, v.base.of.ndim, form_of(v.base.of))
    return (steps, v.base)


def numbers_of(v: View) -> list[Expr]:
    """All that the form of a view leaves open, but for its extents."""
    found = [e for a in v.axes for e in (a.start, *(s for _, s in a.steps))]
    return [*found, *v.base.of.extents, *numbers_of(v.base.of)] if isinstance(v.base, Flat) else found


def rebuilt(form: Form, numbers: Iterator[Expr], shape: tuple[Expr, ...], dtype: Any) -> View:
    steps, *rest = form
    axes = tuple(Axis(next(numbers), tuple((k, next(numbers)) for k in moving)) for moving in steps)
    if len(rest) == 1:
        return View(rest[0], axes, shape, dtype)
    inner = tuple(next(numbers) for _ in range(rest[0]))
    return View(Flat(rebuilt(rest[1], numbers, inner, dtype)), axes, shape, dtype)


def kept(b: Builder, v: Place) -> Place:
    """The place under numbers of its own, which keep their values when the name is bound again."""
    own: dict[Var, Expr] = {}
    mine = set(b.slots.values())

    def number(e: Expr) -> Expr:
        if not isinstance(e, Var) or e not in mine:
            return e
        if e not in own:
            own[e] = b.let_copy(e, INT)
        return own[e]

    def view(o: View) -> View:
        numbers = map(number, numbers_of(o))
        return rebuilt(form_of(o), numbers, tuple(map(number, o.extents)), o.dtype)

    return Choice(number(v.which), tuple(map(view, v.options))) if isinstance(v, Choice) else view(v)


def joined(b: Builder, target: str, source: str) -> Var:
    """The source of a joined array; the target keeps extents on which all its sources agree."""
    shape = b.extents_of(source) if source not in b.varying else None
    if source == target or target in b.varying:
        return Var(source)
    old = b.types[target]
    layout = b.types[source].layout
    if target in b.joined and layout != old.layout:
        layout = "A"
    b.types[target] = types.Array(old.dtype, old.ndim, layout)
    b.joined.add(target)
    if shape is None:
        raise Varying(target)
    if target not in b.extents:
        local = {n for scope in b.scopes[2:] for n in scope if isinstance(n, str)}
        if not b.settled and any(isinstance(n, Var) and n.name in local for n in shape):
            raise Varying(target)
        b.extents[target] = shape
    elif not all(stays(b, n, m) for n, m in zip(b.extents[target], shape, strict=True)):
        raise Varying(target)
    return Var(source)


def stays(b: Builder, n: Expr, m: Expr) -> bool:
    """Has the array that a loop makes anew the extent it had before?"""
    if n == m or (b.equal and b.same(n, m)):
        return True
    if not b.equal or isinstance(m, Const) or b.affine(n)[0] == b.affine(m)[0] or b.grown(m, n):
        return False
    b.take_equal(n, m)
    return True
