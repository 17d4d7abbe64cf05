"""`a[i] += v`, which arrives as load, add and store, is an accumulation again."""

from __future__ import annotations

import operator as op
from dataclasses import replace

from numba.core import types

from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Function,
    Index,
    Namer,
    Stmt,
    Var,
    blocks,
    names,
    used,
    walk,
    with_blocks,
)
from ..routines import Routine
from .elementwise import IN_PLACE


def updates(f: Function) -> Function:
    count: dict[str, int] = {}
    for s in walk(f.body):
        for n in used(s):
            count[n] = count.get(n, 0) + 1
    new_types = dict(f.types)
    namer = Namer(names(f))

    def visit(block: Block) -> Block:
        stmts: list[Stmt | None] = [with_blocks(s, tuple(visit(b) for b in blocks(s))) for s in block]
        for r, s in enumerate(stmts):
            found = update(stmts, r, count, f)
            if found is None:
                continue
            p, q, negative, v = found
            assert isinstance(s, Assign)
            assert isinstance(s.value, Var)
            if negative:
                minus = namer.temp()
                new_types[minus] = f.types[s.value.name]
                stmts[q] = Assign(s.loc, Var(minus), Call(op.neg, (v,)))
                v = Var(minus)
            else:
                stmts[q] = None
            stmts[p] = None
            stmts[r] = Accum(s.loc, s.target, v)
        return tuple(s for s in stmts if s is not None)

    return replace(f, body=visit(f.body), types=new_types)


def update(stmts: list[Stmt | None], r: int, count: dict[str, int], f: Function) -> tuple | None:
    """The places of load and addition that belong to the store at `r`."""
    match stmts[r]:
        case Assign(_, Index() as place, Var(new)) if new.startswith("_t") and count.get(new) == 1:
            pass
        case _:
            return None
    q = definition(stmts, r, new)
    if q is None:
        return None
    match stmts[q]:
        case Assign(_, _, Call((op.iadd | op.isub) as fn, (Var(old), v))) if count.get(old) == 1:
            pass
        case _:
            return None
    p = definition(stmts, q, old)
    if p is None or isinstance(f.types.get(old), types.Array) or stmts[p].value != place:  # type: ignore[union-attr]
        return None
    if any(writes_arrays(s) for s in (*stmts[p + 1 : q], *stmts[q + 1 : r]) if s is not None):
        return None
    return p, q, fn is op.isub, v


def definition(stmts: list[Stmt | None], end: int, name: str) -> int | None:
    for k in reversed(range(end)):
        s = stmts[k]
        if isinstance(s, Assign) and s.target == Var(name):
            return k
    return None


def writes_arrays(s: Stmt) -> bool:
    """May the statement change elements of an array?"""
    for t in walk((s,)):
        match t:
            case Assign(_, Index(), _) | Accum(_, Index(), _):
                return True
            case Assign(_, _, Call(fn, _)) if fn in IN_PLACE or isinstance(fn, Routine) and fn.changes:
                return True
    return False
