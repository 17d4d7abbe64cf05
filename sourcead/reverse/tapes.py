"""Where recorded values are kept.

In loops whose trip counts are known on entry a tape is an array of exact size, indexed by the loop counters. In
others (`while`, `break`, bounds that change with an outer loop) it is an array that grows, with one running index
for all tapes of a block.
"""

from __future__ import annotations

import operator as op
from dataclasses import dataclass, field

import numpy as np

from .. import primitives as p
from ..analyses import Scope
from ..ir import Accum, Assign, Break, Call, Const, Expr, For, If, Index, Loc, Stmt, Var, is_const, variables, walk
from .context import INT, Context, dtype, plain

FIRST_LENGTH = 64


@dataclass
class Sites:
    """Statements to be added to the forward sweep, by the place where they go."""

    top: list[Stmt] = field(default_factory=list)  # at the start of the function
    before: dict[Stmt, list[Stmt]] = field(default_factory=dict)
    after: dict[Stmt, list[Stmt]] = field(default_factory=dict)
    start: dict[Scope, list[Stmt]] = field(default_factory=dict)

    def add(self, where: dict, key: Stmt | Scope, *stmts: Stmt) -> None:
        where.setdefault(key, []).extend(stmts)


@dataclass
class Tapes:
    c: Context
    sites: Sites = field(default_factory=Sites)
    running: dict[Scope, str] = field(default_factory=dict)

    def tape(self, base: str, scope: Scope, element: object) -> tuple[str, tuple[Expr, ...]]:
        """A new tape for a value of this scope, and where in it the value of the present iteration lies."""
        from numba.core import types

        counted = counters(scope, self.c)
        ndim = 1 if counted is None else len(counted)
        name = self.c.fresh(f"{plain(base)}_saved", types.Array(element, ndim, "C"))
        if counted is not None:
            sizes = tuple(size for size, _ in counted)
            outermost = scope.loops[0]
            new = Assign(outermost.loc, Var(name), Call(np.empty, (Call(p.pack, sizes), dtype(element))))
            self.sites.add(self.sites.before, outermost, new)
            return name, tuple(index for _, index in counted)
        at = self.running_index(scope)
        loc = scope.owner.loc if scope.owner else None
        first = Call(np.empty, (Call(p.pack, (Const(FIRST_LENGTH),)), dtype(element)))
        self.sites.top.append(Assign(loc, Var(name), first))
        full = self.c.temp(types.boolean)
        length = self.c.temp(INT)
        grow = Assign(loc, Var(name), Call(p.grown, (Var(name),)))
        self.sites.add(
            self.sites.start,
            scope,
            Assign(loc, length, Call(p.shape, (Var(name), Const(0)))),
            Assign(loc, full, Call(op.eq, (Var(at), length))),
            If(loc, full, (grow,), ()),
        )
        return name, (Var(at),)

    def running_index(self, scope: Scope) -> str:
        if scope not in self.running:
            name = self.c.fresh("at", INT)
            self.running[scope] = name
            loc = scope.owner.loc if scope.owner else None
            self.sites.top.append(Assign(loc, Var(name), Const(-1)))
            self.sites.start.setdefault(scope, []).insert(0, Accum(loc, Var(name), Const(1)))
        return self.running[scope]

    def write(self, tape: str, at: tuple[Expr, ...], value: Expr, loc: Loc | None) -> list[Stmt]:
        out: list[Stmt] = []
        index = tuple(self.c.flat(e, loc, INT, out) for e in at)
        return [*out, Assign(loc, Index(Var(tape), index), value)]

    def read(self, target: Var, tape: str, at: tuple[Expr, ...], loc: Loc | None) -> list[Stmt]:
        out: list[Stmt] = []
        index = tuple(self.c.flat(e, loc, INT, out) for e in at)
        return [*out, Assign(loc, target, Index(Var(tape), index))]


def counters(scope: Scope, c: Context) -> list[tuple[Expr, Expr]] | None:
    """(size, index) for each loop around a scope; None when some trip count is not known before the outermost."""
    out = []
    for loop in scope.loops:
        if not isinstance(loop, For) or leaves_early(loop):
            return None
        for n in variables(loop.start, loop.stop, loop.step):
            if c.defs[n].looped:
                return None
        out.append(counter(loop))
    return out


def counter(loop: For) -> tuple[Expr, Expr]:
    start, stop, step = loop.start, loop.stop, loop.step
    if is_const(step, 1) and isinstance(start, Const) and start.value >= 0:
        # from a small constant on: leaving the first places empty is cheaper than subtracting
        return stop if is_const(start, 0) and is_length(stop) else Call(max, (stop, Const(0))), loop.var
    index: Expr = Call(op.sub, (loop.var, start))
    if not is_const(step, 1):
        index = Call(op.floordiv, (index, step))
    return Call(p.trips, (start, stop, step)), index


def is_length(e: Expr) -> bool:
    return isinstance(e, Call) and e.fn is p.shape or isinstance(e, Const) and e.value >= 0


def leaves_early(loop: Stmt) -> bool:
    """Has the loop a `break` of its own?"""

    def own(s: Stmt) -> bool:
        return isinstance(s, Break) or isinstance(s, If) and any(own(t) for b in (s.then, s.orelse) for t in b)

    assert isinstance(loop, For)
    return any(own(s) for s in loop.body)


__all__ = ["Sites", "Tapes", "counters", "leaves_early", "walk"]
