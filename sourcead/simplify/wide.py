"""Long sums in single precision are added up in double precision, and rounded when they are read."""

from __future__ import annotations

import operator as op
from collections import Counter
from collections.abc import Mapping
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
    Index,
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
from ..primitives import pack
from ..primitives import shape as shape_of_axis
from .effects import storage

WIDE: dict[object, types.Type] = {types.float32: types.float64, types.complex64: types.complex128}


def wide_sums(f: Function) -> Function:
    """The program in which what some loop does nothing with but add to it is twice as wide there."""
    if not WIDE.keys() & {element_type(t) for t in f.types.values()}:
        return f
    return wide_scalars(wide_rows(f))


def element_type(t: object) -> object:
    return t.dtype if isinstance(t, types.Array) else t


class Names:
    """New names, with their types."""

    def __init__(self, f: Function) -> None:
        self.namer, self.types = Namer(names(f)), dict(f.types)

    def __call__(self, e: Expr, kind: types.Type, out: list[Stmt], s: Stmt) -> Var:
        """A name for the value, before the statement `s`."""
        t = self.namer.temp()
        self.types[t] = kind
        out.append(Assign(s.loc, Var(t), e))
        return Var(t)

    def widened(self, s: Accum, kind: types.Type, out: list[Stmt]) -> Accum:
        """The same addition of a number that is twice as wide."""
        value = s.value
        negative = isinstance(value, Call) and value.fn is op.neg
        value = value.args[0] if isinstance(value, Call) and negative else value
        if not isinstance(value, (Var, Const)):
            value = self(value, kind, out, s)
        value = Call(as_dtype(WIDE[kind]).type, (value,))
        return replace(s, value=Call(op.neg, (self(value, WIDE[kind], out, s),)) if negative else value)


def wide_scalars(f: Function) -> Function:
    sums = {n for s in walk(f.body) if isinstance(s, (For, While)) for n in only_added_to(s)}
    narrow = {n: f.types[n] for n in sums if f.types.get(n) in WIDE and n not in f.params}
    if not narrow:
        return f
    names_ = Names(f)
    names_.types |= {n: WIDE[t] for n, t in narrow.items()}

    def block(b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            s = with_blocks(s, tuple(map(block, blocks(s))))
            match s:
                case Accum(_, Var(n), _) if n in narrow:
                    s = names_.widened(s, narrow[n], out)
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
                return made.setdefault(e.name, made.get(e.name) or names_(rounded(e.name), narrow[e.name], out, s))
            if any(e == rounded(n) for n in narrow):
                return e
            return rebuild(e, expr) if children(e) else e

        return map_exprs(s, expr)

    def rounded(n: str) -> Call:
        return Call(as_dtype(narrow[n]).type, (Var(n),))

    return replace(with_body(f, block(f.body)), types=names_.types)


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


# ---- arrays of sums: the adjoint of a row that is added to each row of a matrix -----------------------------


def wide_rows(f: Function) -> Function:
    """Loops that add several times to each element of an array, and do nothing else with it, add to a wide one."""
    classes = storage(f)
    new = Names(f)

    def block(b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            rows = rows_of(s, f, classes) if isinstance(s, For) and not s.parallel else ()
            wide = {a: new.namer(f"{a}_sum") for a in rows}
            for a, w in wide.items():
                kind = f.types[a]
                new.types[w] = types.Array(WIDE[kind.dtype], kind.ndim, "C")
                shape = Call(pack, tuple(Call(shape_of_axis, (Var(a), Const(k))) for k in range(kind.ndim)))
                out.append(Assign(s.loc, Var(w), Call(np.zeros, (shape, Const(as_dtype(WIDE[kind.dtype]).type)))))
            if wide and isinstance(s, For):
                s = with_blocks(s, (added(s.body, wide),))
            out.append(with_blocks(s, tuple(map(block, blocks(s)))))
            for a, w in wide.items():
                out.append(added_up(s, a, w))
        return tuple(out)

    def added(b: Block, wide: dict[str, str]) -> Block:
        out: list[Stmt] = []
        for s in b:
            match s:
                case Accum(_, Index(Var(a), i), _) if a in wide:
                    s = replace(new.widened(s, f.types[a].dtype, out), target=Index(Var(wide[a]), i))
            out.append(with_blocks(s, tuple(added(c, wide) for c in blocks(s))))
        return tuple(out)

    def added_up(s: Stmt, a: str, w: str) -> Stmt:
        """`a += w`"""
        kind = f.types[a]
        index = tuple(Var(new.namer("i")) for _ in range(kind.ndim))
        new.types.update({v.name: types.int64 for v in index})
        value = Call(as_dtype(kind.dtype).type, (Index(Var(w), index),))
        body: Stmt = Accum(s.loc, Index(Var(a), index), value)
        for k, v in reversed(list(enumerate(index))):
            body = For(s.loc, v, Const(0), Call(shape_of_axis, (Var(a), Const(k))), Const(1), (body,))
        return body

    return replace(with_body(f, block(f.body)), types=new.types)


def rows_of(loop: For, f: Function, classes: Mapping[str, str]) -> list[str]:
    """The arrays to which a loop adds at the counters of loops within it, several times at each place."""
    found: dict[str, bool] = {}

    def visit(b: Block, counters: tuple[str, ...]) -> None:
        for s in b:
            match s:
                case Accum(_, Index(Var(a), i), v):
                    inner = all(isinstance(k, Var) and k.name in counters for k in i)
                    found[a] = found.get(a, True) and inner and len({*i}) == len(i) < len(counters)
                    seen = reads(Assign(s.loc, Var(a), v))
                case _:
                    seen = reads(replaced(s)) | writes(replaced(s))
            for n in seen:
                found.update({a: False for a in (n, *found) if classes.get(a, a) == classes.get(n, n)})
            for c in blocks(s):
                visit(c, (*counters, s.var.name) if isinstance(s, For) else counters)

    visit((loop,), ())
    alone = Counter(classes.get(a, a) for a in found)
    return [
        a
        for a, fits in found.items()
        if fits and alone[classes.get(a, a)] == 1 and element_type(f.types.get(a)) in WIDE
    ]
