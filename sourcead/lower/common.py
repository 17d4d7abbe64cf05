"""Arguments of one call that stand in one array, of a function that stays a call and changes one of them.

They are passed as what they are, views: the array comes once, row after row, and for each of them its first element,
the extents, and the steps along the axes. The function is another one then, which begins with

    x = strided(memory, x_start, (x_n0, x_n1), (x_step0, x_step1))
"""

from __future__ import annotations

import operator as op
from dataclasses import replace
from typing import Any

from .. import primitives as p
from ..ir import Assign, Call, Expr, Function, Namer, Var, names
from ..routines import Routine
from .build import ONE, ZERO, Builder
from .values import Axis, Flat, View, is_place, is_whole, memories, memory, product, whole
from .views import from_front


def in_common_memory(b: Builder, fn: Routine, given: tuple[Any, ...]) -> tuple[Routine, tuple[Any, ...]]:
    """The function and the arguments that are called instead."""
    arrays = common_arrays(b, fn, given)
    if not arrays:
        return fn, given
    if fn.by_layout:
        what = f"`{fn.users_name}` calls itself, is given an array twice that it changes, and flattens arrays"
        raise b.refuse(what, "pass a copy: x.copy()")
    new: list[Any] = [flat(b, a) for a in arrays]
    shared: list[tuple[int, int] | None] = []
    places: dict[int, int] = {}  # of the arguments that change, or of the array they stand in
    for k, v in enumerate(given):
        base = memory(v)
        if base in arrays:
            shared.append((arrays.index(base), v.ndim))
            places[k] = arrays.index(base)
            new += numbers(b, v)
        else:
            shared.append(None)
            places[k] = len(new)
            new.append(v)
    changes = tuple(sorted({places[k] for k in fn.changes}))
    return replace(fn, shared=tuple(shared), changes=changes), tuple(new)


def common_arrays(b: Builder, fn: Routine, given: tuple[Any, ...]) -> list[str]:
    """The arrays in which several arguments stand, one of which is changed."""
    found: dict[str, None] = {}
    for k in fn.changes:
        for j, v in enumerate(given):
            if j == k or not is_place(given[k]) or not is_place(v) or not memories(given[k]) & memories(v):
                continue
            if memory(given[k]) is None or memory(v) is None or given[k].dtype != v.dtype:
                what = f"`{fn.users_name}` calls itself, and may be given an array twice that it changes"
                raise b.refuse(what, "pass a copy: x.copy()")
            found[memory(v)] = None  # type: ignore[index]
    return list(found)


def flat(b: Builder, array: str) -> View:
    """All elements along one axis."""
    v = whole(b, array)
    return v if v.ndim == 1 else View(Flat(v), (Axis(ZERO, ((0, ONE),)),), (product(b, v.extents),), v.dtype)


def numbers(b: Builder, v: View) -> tuple[Expr, ...]:
    """Where the elements of a view stand among all of its array: the first one, the extents, the steps."""
    axes, shape = v.axes, b.extents_of(v.base) if isinstance(v.base, str) else ()
    if isinstance(v.base, Flat):
        if not is_whole(b, v.base.of):
            raise b.refuse(
                "parts of reshaped parts of an array, given to a function that changes one of them", "pass copies"
            )
        shape = (product(b, v.base.of.extents),)
    start: Expr = ZERO
    steps: list[Expr] = [ZERO] * v.ndim
    for k, a in enumerate(axes):
        size = product(b, shape[k + 1 :])
        first = a.start if a.steps else from_front(b, a.start, shape[k])
        start = b.integer(op.add, start, b.integer(op.mul, first, size))
        for j, step in a.steps:
            steps[j] = b.integer(op.add, steps[j], b.integer(op.mul, step, size))
    return (start, *v.extents, *steps)


def function_of_memory(f: Function, shared: tuple[tuple[int, int] | None, ...]) -> Function:
    """The program, of which the parameters in `shared`, memory and number of axes, are views."""
    fresh = Namer(names(f))
    count = 1 + max(s[0] for s in shared if s is not None)
    memories = [fresh("memory") for _ in range(count)]
    params, body = list(memories), []
    for n, s in zip(f.params, shared, strict=True):
        if s is None:
            params.append(n)
            continue
        start, axes = fresh(f"{n}_start"), range(s[1])
        extents, steps = [fresh(f"{n}_n{k}") for k in axes], [fresh(f"{n}_step{k}") for k in axes]
        params += [start, *extents, *steps]
        shape, by = (Call(p.pack, tuple(map(Var, found))) for found in (extents, steps))
        body.append(Assign(f.body[0].loc, Var(n), Call(p.strided, (Var(memories[s[0]]), Var(start), shape, by))))
    return replace(f, params=tuple(params), body=(*body, *f.body))
