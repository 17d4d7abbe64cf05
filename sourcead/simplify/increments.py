"""Loads, additions and stores of one element become `a[i] += v`.

As an accumulation it is linear: reverse mode need not save the element it replaces.
"""

from __future__ import annotations

import operator as op
from collections import Counter
from collections.abc import Mapping

from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    Function,
    Index,
    Stmt,
    Var,
    blocks,
    used,
    variables,
    walk,
    with_blocks,
    with_body,
)
from .effects import conflict, effects, storage


def increments(f: Function) -> Function:
    """`t = a[i]; t_1 = t + v; a[i] = t_1`, the names being read nowhere else: `a[i] += v`."""
    reads = Counter(n for s in walk(f.body) for n in used(s))
    classes = storage(f)

    def visit(b: Block) -> Block:
        out: list[Stmt | None] = list(b)
        for k, s in enumerate(out):
            if isinstance(s, Assign) and isinstance(s.target, Var) and isinstance(s.value, Index):
                if reads[s.target.name] == 1:
                    _join(out, k, f, reads, classes)
        return tuple(with_blocks(s, tuple(map(visit, blocks(s)))) for s in out if s is not None)

    return with_body(f, visit(f.body))


def _join(out: list[Stmt | None], k: int, f: Function, reads: Mapping[str, int], classes: Mapping[str, str]) -> None:
    load = out[k]
    assert isinstance(load, Assign)
    assert isinstance(load.target, Var)
    assert isinstance(load.value, Index)
    found = _next_reader(out, k, load.target.name)
    added = None if found is None else _added(out[found], load.target.name)
    if found is None or added is None:
        return
    new, v = added
    end = _next_reader(out, found, new)
    store = None if end is None else out[end]
    if end is None or reads[new] != 1 or not isinstance(store, Assign):
        return
    if store.target != load.value or store.value != Var(new):
        return
    array = f.types.get(load.value.array.name)
    if getattr(array, "dtype", None) != f.types.get(new):
        return
    # the load may be made as late as the store: nothing between writes there, nor binds what is added
    between = [s for m in range(k + 1, end) if m != found and (s := out[m]) is not None]
    if any(conflict(effects((load,), classes), effects((s,), classes)) for s in between):
        return
    if any(
        set(variables(v)) & effects((s,), classes).binds for m in range(found + 1, end) if (s := out[m]) is not None
    ):
        return
    out[k] = out[found] = None
    out[end] = Accum(store.loc, load.value, v)


def _next_reader(out: list[Stmt | None], k: int, name: str) -> int | None:
    """The next statement of the block that reads the name itself; None when it is bound before."""
    for m in range(k + 1, len(out)):
        s = out[m]
        if s is None:
            continue
        if name in used(s):
            return m
        if any(name in used(c) for c in walk((s,))) or name in effects((s,), {}).binds:
            return None
    return None


def _added(s: Stmt | None, name: str) -> tuple[str, Expr] | None:
    """`new = name + v`: (new, v)"""
    match s:
        case Assign(_, Var(new), Call(op.add, (Var(n), v))) if n == name:
            return new, v
        case Assign(_, Var(new), Call(op.add, (v, Var(n)))) if n == name:
            return new, v
        case Assign(_, Var(new), Call(op.sub, (Var(n), v))) if n == name:
            return new, Const(-v.value) if isinstance(v, Const) else Call(op.neg, (v,))
    return None
