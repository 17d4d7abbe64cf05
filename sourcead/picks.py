"""Items of tuples by computed indices: of numbers, elements of an array of them; of arrays, one array or another.

Which of the two it is, the types tell, so `parse` leaves a call, `one_of(k, a, b)`, with an index that is in range.
"""

from __future__ import annotations

import operator as op
from collections.abc import Iterable
from dataclasses import replace

from numba.core import types
from numba.core.registry import cpu_target

from . import primitives as p
from .ir import (
    Assign,
    Block,
    Call,
    Const,
    Expr,
    Function,
    If,
    Index,
    Loc,
    Move,
    Namer,
    Stmt,
    Var,
    blocks,
    names,
    walk,
    with_blocks,
    with_body,
)
from .stand_ins import stands_for


@stands_for(p.one_of)
def one_of(k: types.Type, *items: types.Type) -> types.Type | None:
    """The type of all items: numbers, or arrays of one kind."""
    items = tuple(map(types.unliteral, items))
    if all(isinstance(t, (types.Number, types.Boolean)) for t in items):
        return cpu_target.typing_context.unify_types(*items)
    if not all(isinstance(t, types.Array) for t in items) or len({(t.dtype, t.ndim) for t in items}) > 1:
        return None
    layouts = {t.layout for t in items}
    return types.Array(items[0].dtype, items[0].ndim, layouts.pop() if len(layouts) == 1 else "A")


def picked(f: Function) -> Function:
    """The typed program without `one_of`."""
    if not any(isinstance(s, Assign) and is_pick(s.value) for s in walk(f.body)):
        return f
    namer, known = Namer(names(f)), dict(f.types)

    def new(loc: Loc | None, e: Expr, kind: types.Type, out: list[Stmt]) -> Var:
        t = namer.temp()
        known[t] = kind
        out.append(Assign(loc, Var(t), e))
        return Var(t)

    def branch(loc: Loc | None, target: Var, at: Expr, first: int, items: tuple[Expr, ...]) -> Iterable[Stmt]:
        """`target = items[at]`"""
        if len(items) == 1:
            return (Move(loc, (target,), items),)
        out: list[Stmt] = []
        here = new(loc, Call(op.eq, (at, Const(first))), types.boolean, out)
        rest = branch(loc, target, at, first + 1, items[1:])
        return (*out, If(loc, here, (Move(loc, (target,), items[:1]),), tuple(rest)))

    def block(b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            s = with_blocks(s, tuple(map(block, blocks(s))))
            match s:
                case Assign(loc, Var(t) as target, Call(fn, (k, *items))) if fn is p.one_of:
                    kind = known[t]
                    if isinstance(kind, types.Array):
                        out += branch(loc, target, k, 0, tuple(items))
                    else:
                        row = new(loc, Call(p.array_of, tuple(items)), types.Array(kind, 1, "C"), out)
                        out.append(replace(s, value=Index(row, (k,))))
                case _:
                    out.append(s)
        return tuple(out)

    return replace(with_body(f, block(f.body)), types=known)


def is_pick(e: Expr) -> bool:
    return isinstance(e, Call) and e.fn is p.one_of
