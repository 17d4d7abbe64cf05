"""Names that are bound on some paths only.

`if flag: e = ...` and later `if flag: y *= e` is a program in which `e` need not exist; so is a loop whose body binds
what is read behind it. The sweeps keep such names and make adjoints of their shape, so every name that is joined
gets a value on every path here: zero, or an array without elements, which nobody looks at. Then each of its
definitions can have a name of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..infer import is_array
from ..ir import (
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Loc,
    Move,
    Namer,
    Raise,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    names,
    used,
    walk,
    with_blocks,
)
from ..simplify import accumulators, simplify
from ..ssa import ssa
from .context import zero

Known = frozenset[str] | None  # None: this place is not reached


def definite(f: Function) -> Function:
    """The same program, in which every joined name is bound before it is, perhaps, read."""
    reads: dict[str, int] = {}
    for s in walk(f.body):
        for n in used(s):
            reads[n] = reads.get(n, 0) + 1
    joined = {t.name for s in walk(f.body) if isinstance(s, Move) for t in s.targets}
    pass_ = _Pass(joined, reads, dict(f.types), Namer(names(f)))
    body, _ = pass_.block(f.body, frozenset((*f.params, *f.constants)))
    if not pass_.first:
        return f
    return accumulators(simplify(ssa(replace(f, body=(*pass_.first, *body), types=pass_.types))))


@dataclass
class _Pass:
    joined: set[str]
    reads: dict[str, int]
    types: dict[str, Any]
    fresh: Namer

    def __post_init__(self) -> None:
        self.first: list[Stmt] = []  # bindings at the start of the function: in a loop they would end what it keeps
        self.bound: set[str] = set()
        self.early: set[str] = set()  # joined names that were read where they need not be bound

    def block(self, b: Block, known: Known) -> tuple[Block, Known]:
        out: list[Stmt] = []
        for s in b:
            if known is None:
                out.append(s)
                continue
            new, known = self.statement(s, known, out)
            out.append(new)
        return tuple(out), known

    def statement(self, s: Stmt, known: frozenset[str], out: list[Stmt]) -> tuple[Stmt, Known]:
        if not isinstance(s, While):
            self.look(s, known)
        match s:
            case If():
                then, a = self.block(s.then, known)
                orelse, b = self.block(s.orelse, known)
                both = a if b is None else b if a is None else a & b
                some = (a or frozenset()) | (b or frozenset())
                late = {n for n in some - (both or frozenset()) if self.read_behind(n, s)} & self.joined
                new: Stmt = with_blocks(s, (then, orelse))
                return new, None if both is None else both | self.bind(late, s.loc, out)
            case For() | While():
                before, self.early = self.early, set()
                inside = known | {s.var.name} if isinstance(s, For) else known
                parts = []
                for k, stmts in enumerate(blocks(s)):
                    if isinstance(s, While) and k == 1:  # behind the test
                        self.look(s, inside)
                    part, after = self.block(stmts, inside)
                    parts.append(part)
                    inside = after or inside
                moved = {n for t in walk((s,)) if isinstance(t, Move) for n in bound(t)} - known
                late = {n for n in moved if n in self.early or self.read_behind(n, s)}
                self.early = (self.early | before) - late
                return with_blocks(s, tuple(parts)), known | self.bind(late, s.loc, out)
            case Break() | Raise():
                return s, None
        return s, known | set(bound(s))

    def look(self, s: Stmt, known: frozenset[str]) -> None:
        self.early.update(n for n in used(s) if n in self.joined and n not in known)

    def read_behind(self, n: str, s: Stmt) -> bool:
        """Is the name read outside this statement?"""
        return sum(m == n for t in walk((s,)) for m in used(t)) < self.reads.get(n, 0)

    def bind(self, late: set[str], loc: Loc | None, out: list[Stmt]) -> frozenset[str]:
        for n in sorted(late - self.bound):
            value = self.nothing(self.types.get(n), loc, self.first)
            if value is not None:
                self.bound.add(n)
                self.first.append(Move(loc, (Var(n),), (value,)))
        return frozenset(late)

    def nothing(self, t: Any, loc: Loc | None, out: list[Stmt]) -> Expr | None:
        if is_array(t):
            name = self.fresh.temp()
            self.types[name] = t.copy(layout="C", readonly=False)
            dtype = np.bool_ if isinstance(t.dtype, types.Boolean) else getattr(np, str(t.dtype))
            extents = Call(p.pack, (Const(0),) * t.ndim)
            out.append(Assign(loc, Var(name), Call(np.empty, (extents, Const(dtype)))))
            return Var(name)
        if isinstance(t, types.Boolean):
            return Const(False)
        if isinstance(t, types.Integer):
            return Const(0)
        if isinstance(t, (types.Float, types.Complex)):
            return zero(t)
        return None
