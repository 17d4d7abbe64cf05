"""Long sums in single precision are added up in double precision, and rounded when they are read."""

from __future__ import annotations

import operator as op
from dataclasses import replace

import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype

from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    For,
    Function,
    Namer,
    Stmt,
    Var,
    While,
    blocks,
    children,
    map_exprs,
    names,
    reads,
    rebuild,
    walk,
    with_blocks,
    with_body,
    writes,
)

WIDE = {types.float32: types.float64, types.complex64: types.complex128}


def wide_sums(f: Function) -> Function:
    """The program in which each scalar that some loop does nothing with but add to it is twice as wide."""
    sums = {n for s in walk(f.body) if isinstance(s, (For, While)) for n in only_added_to(s)}
    narrow = {n: f.types[n] for n in sums if f.types.get(n) in WIDE and n not in f.params}
    if not narrow:
        return f
    namer, known = Namer(names(f)), {**f.types, **{n: WIDE[t] for n, t in narrow.items()}}

    def named(e: Expr, kind: types.Type, out: list[Stmt], s: Stmt) -> Var:
        t = namer.temp()
        known[t] = kind
        out.append(Assign(s.loc, Var(t), e))
        return Var(t)

    def widened(s: Accum, out: list[Stmt]) -> Stmt:
        assert isinstance(s.target, Var)
        n, value = s.target.name, s.value
        negative = isinstance(value, Call) and value.fn is op.neg
        value = value.args[0] if isinstance(value, Call) and negative else value
        if not isinstance(value, (Var, Const)):
            value = named(value, f.types[n], out, s)
        value = Call(as_dtype(known[n]).type, (value,))
        return replace(s, value=Call(op.neg, (named(value, known[n], out, s),)) if negative else value)

    def block(b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            s = with_blocks(s, tuple(map(block, blocks(s))))
            match s:
                case Accum(_, Var(n), _) if n in narrow:
                    s = widened(s, out)
                case Assign(loc, Var(n), Const(v)) if n in narrow:
                    s = Assign(loc, Var(n), Const(complex(v) if isinstance(v, np.complex64) else float(v)))
                case Assign(loc, t, Var(n)) if n in narrow and not (isinstance(t, Var) and t.name in narrow):
                    s = Assign(loc, t, rounded(n))
                case _:
                    s = with_blocks(read(replaced(s), out), blocks(s))
            out.append(s)
        return tuple(out)

    def read(s: Stmt, out: list[Stmt]) -> Stmt:
        """The statement with rounded sums where it reads them."""
        made: dict[str, Var] = {}

        def expr(e: Expr) -> Expr:
            if isinstance(e, Var) and e.name in narrow:
                return made.setdefault(e.name, made.get(e.name) or named(rounded(e.name), narrow[e.name], out, s))
            if any(e == rounded(n) for n in narrow):
                return e
            return rebuild(e, expr) if children(e) else e

        return map_exprs(s, expr)

    def rounded(n: str) -> Call:
        return Call(as_dtype(narrow[n]).type, (Var(n),))

    return replace(with_body(f, block(f.body)), types=known)


def replaced(s: Stmt) -> Stmt:
    """The statement without its blocks."""
    return with_blocks(s, tuple(() for _ in blocks(s)))


def only_added_to(loop: For | While) -> set[str]:
    """The scalars that the loop adds to, and neither reads nor binds."""
    within = [s for b in blocks(loop) for s in walk(b)]
    added = {s.target.name for s in within if isinstance(s, Accum) and isinstance(s.target, Var)}
    others = [replaced(s) for s in within if not (isinstance(s, Accum) and isinstance(s.target, Var))]
    read = {n for s in within if isinstance(s, Accum) for n in reads(Assign(s.loc, Var("_"), s.value))}
    return added - read - reads(*others) - writes(*others)
