"""Calls of functions that call themselves: arrays are passed in memory, and come back as new arrays.

`y = f(a, x)`, where `f` changes `a`, becomes `y, a_1 = f(a, x)`, and `a_1` is stored into `a`: what such a call does
is said by its results alone, in the primal and in both sweeps.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from numba.core import types

from .. import primitives as p
from ..custom import Ruled
from ..ir import Assign, Call, Const, Expr, Unpack, Var
from ..routines import Routine
from .build import Builder
from .common import in_common_memory
from .values import array_name, in_memory, is_place, is_value, memory, store, whole


def routine_call(b: Builder, t: str, fn: Routine, given: tuple[Any, ...]) -> None:
    """Lower the call with arguments `given`, whose result is called `t`."""
    given = tuple(in_memory(b, v) if is_value(v) and gives_back(fn, k) else v for k, v in enumerate(given))
    back = iter([None if o.argument is None else given[o.argument] for o in fn.results])
    fn, given = in_common_memory(b, fn, given)
    args = tuple(Var(array_name(b, a)) if is_value(a) else b.let(a, b.type_of(a)) for a in given)
    kinds = [types.unliteral(b.type_of(a)) for a in args]
    if fn.by_layout:  # what comes is contiguous, but does as what it stands for
        kinds = [
            t.copy(layout=u.layout) if isinstance(u, types.Array) else t
            for t, u in zip(kinds, fn.argtypes, strict=True)
        ]
    if fn.draws:
        args = (*args, generator_state(b))
        kinds.append(b.type_of(args[-1]))
    fn = replace(fn, argtypes=tuple(kinds))
    targets: list[Var] = []
    result = named(b, t, b.f.types[t], targets, back)
    if isinstance(fn, Ruled):
        named(b, "", fn.saved, targets, itertools.repeat(None))
    written = [(given[k], changed(b, args[k], given[k])) for k in fn.changes]
    targets += [new for _, new in written]
    value = Call(fn, args)
    if len(targets) > 1:
        b.emit(Unpack(b.loc, tuple(targets), value))
    else:
        b.assign(targets[0] if targets else b.fresh(types.int64), value)
    if result != Var(t):
        b.env[t] = value_of(b, result)
    for place, new in written:
        if is_place(place):  # else nobody else sees it
            store(b, place, whole(b, new.name))


def gives_back(fn: Routine, k: int) -> bool:
    return any(o.argument == k for o in fn.results)


def generator_state(b: Builder) -> Var:
    """What the pullback needs to draw the same numbers again."""
    state = b.fresh(types.Array(types.int64, 1, "C"), "state")
    b.assign(state, Call(p.generator_state, ()))
    return state


def changed(b: Builder, a: Expr, place: Any) -> Var:
    """A name for what a call makes of the array `a`, which stands for `place`."""
    assert isinstance(a, Var)
    base = memory(place)
    new = b.fresh(contiguous(b.types[a.name]), base if base is not None and not base.startswith("_t") else None)
    b.extents[new.name] = b.extents_of(a.name)
    return new


def named(b: Builder, t: str, kind: Any, targets: list[Var], given: Iterator[Any]) -> Any:
    """What the result of a call stands for: names for new numbers and arrays, or the arguments that it gives back.

    t: the name of a result that is no tuple; kind: its type; given: for each item the argument that it is, or None.
    """
    if isinstance(kind, types.BaseTuple):
        return tuple(named(b, "", k, targets, given) for k in kind)
    back = next(given)
    if back is not None:
        return back
    if isinstance(kind, types.NoneType):
        return Const(None)
    if isinstance(kind, types.Array):
        kind = contiguous(kind)
    name = t or b.fresh(kind).name
    b.types[name] = kind
    targets.append(Var(name))
    return Var(name)


def value_of(b: Builder, named: Any) -> Any:
    """The same, with values for the names of arrays."""
    if isinstance(named, tuple):
        return tuple(value_of(b, n) for n in named)
    array = isinstance(named, Var) and isinstance(b.types[named.name], types.Array)
    return whole(b, named.name) if array else named


def contiguous(t: Any) -> Any:
    return types.Array(t.dtype, t.ndim, "C")


def refuse_second_names(b: Builder, s: Assign, t: str) -> None:
    """A result that may be an argument is a copy here: neither may change as long as the other is in use."""
    st, after = b.storage, b.storage.after[s]
    own = st.reach(st.memories(t))
    for a in st.handed[t]:
        others = st.reach(st.memories(a), but=t)
        for changed, used in ((own, others), (others, own)):
            if any(("store", n) in after for n in changed) and any(("use", n) in after for n in used):
                raise b.refuse(
                    "the result of a function that calls itself may be its own argument, and one of them is changed "
                    "while the other is in use",
                    "let the function return a copy: x.copy()",
                )
