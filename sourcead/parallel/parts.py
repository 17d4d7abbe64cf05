"""Parallel loops in the finished program: in parts, each with copies of what several parts add to."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any

import numpy as np
from numba.core import types as nt

from .. import primitives as p
from ..emit import RESERVED
from ..infer import is_array
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
    Loc,
    Namer,
    Stmt,
    Var,
    blocks,
    bound,
    is_const,
    names,
    operands,
    rename,
    variables,
    walk,
    with_blocks,
)
from ..reverse.context import INT, dtype, plain, zero
from ..simplify.dependence import counts_up_from_zero, shared_sums
from ..simplify.effects import may_raise, rebinds_arrays, storage
from ..simplify.liveness import liveness
from .neighbours import spans

ZERO, ONE_INT = Const(0), Const(1)
UNKNOWN = Const(32)  # trips of an inner loop of which nothing is known before


def in_order(f: Function) -> Function:
    """The program with all loops serial."""
    return replace(f, body=serial(f.body)) if any(isinstance(s, For) and s.parallel for s in walk(f.body)) else f


def serial(b: Block) -> Block:
    return tuple(
        replace(new, parallel=False) if isinstance(new, For) and new.parallel else new
        for s in b
        for new in (with_blocks(s, tuple(map(serial, blocks(s)))),)
    )


def in_parallel(f: Function) -> Function:
    """The program with `prange` loops where iterations are proved to be independent, but for what they add to.

    Such a loop runs in parts, each with copies of what it adds to; the copies are added up in order.
    """
    if not any(isinstance(s, For) and s.parallel for s in walk(f.body)):
        return f
    pass_ = _Pass(f, dict(f.types), Namer(names(f) | RESERVED))
    return replace(f, body=pass_.block(f.body), types=pass_.types)


@dataclass
class Copies:
    """The code for what several parts add to, by the place where it stands, and the names in the loop."""

    made: list[Stmt] = field(default_factory=list)
    before: list[Stmt] = field(default_factory=list)
    behind: list[Stmt] = field(default_factory=list)
    added_up: list[Stmt] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


def keep(loc: Loc | None, kept: Var, part: Var, mine: Var, at: tuple[Var, ...]) -> Stmt:
    return Assign(loc, Index(kept, (part, *at)), at_place(mine, at))


def add_up(loc: Loc | None, kept: Var, part: Var, total: Var, at: tuple[Var, ...]) -> Stmt:
    return Accum(loc, at_place(total, at), Index(kept, (part, *at)))


@dataclass
class _Pass:
    f: Function
    types: dict[str, Any]
    namer: Namer

    def __post_init__(self) -> None:
        self.live = liveness(self.f)
        self.classes, self.at_once = storage(self.f), storage(self.f, at_once=True)

    def block(self, b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            code = self.loop(s) if isinstance(s, For) and s.parallel else None
            if code is None:
                new = with_blocks(s, tuple(map(self.block, blocks(s))))
                code = [replace(new, parallel=False) if isinstance(new, For) else new]
            out += code
        return tuple(out)

    def loop(self, s: For) -> list[Stmt] | None:
        """The loop in parallel; None when it has to run in order."""
        after = self.live.after.get(s)
        if after is None or s.var.name in after or any(map(may_raise, (e for t in walk(s.body) for e in operands(t)))):
            return None
        classes = self.classes if rebinds_arrays(s.body, self.types) else self.at_once
        shared = shared_sums(s.body, s.var.name, classes, after, counts_up_from_zero(s))
        if shared is None:
            return None
        out: list[Stmt] = []
        upwards = self.upwards(s, out)
        if upwards is None:
            return None
        s = replace(upwards, body=serial(upwards.body))
        if not shared:
            return [*out, s]
        near = spans(s, (n for n in shared if is_array(self.types[n])), classes)
        return [*out, *self.in_parts(s, near, sorted(shared - near.keys()))]

    def upwards(self, s: For, out: list[Stmt]) -> For | None:
        """The loop from its lowest value on."""
        if is_const(s.step, 1):
            return s
        if not is_const(s.step, -1):
            return None
        start = self.let(Call(op.add, (s.stop, ONE_INT)), s.loc, out)
        stop = self.let(Call(op.add, (s.start, ONE_INT)), s.loc, out)
        return replace(s, start=start, stop=stop, step=ONE_INT)

    def in_parts(self, s: For, near: dict[str, int], copied: list[str]) -> list[Stmt]:
        """An outer parallel loop over parts, the loop in order inside each.

        near: arrays that a part shares with its neighbours at its ends; copied: what each part needs a copy of.
        """
        out: list[Stmt] = []
        loc = s.loc
        trips = s.stop if is_const(s.start, 0) else self.let(Call(op.sub, (s.stop, s.start)), loc, out)
        at_once = self.number_at_once(s, trips, near, copied, out)
        parts = self.named("parts", Call(op.mul, (at_once, Const(2))), loc, out) if near else at_once
        part = self.fresh("part", INT)
        copies = self.copies(copied, parts, part, loc)
        first, last = (self.bound_of(k, trips, parts, s, copies.before) for k in (part, Call(op.add, (part, ONE_INT))))
        inner = rename(replace(s, start=first, stop=last, parallel=False), copies.env)
        body = (*copies.before, inner, *copies.behind)
        out += copies.made
        if near:
            turn, half = self.fresh("turn", INT), self.fresh("half", INT)
            number: list[Stmt] = []
            number.append(
                Assign(loc, part, Call(op.add, (self.let(Call(op.mul, (half, Const(2))), loc, number), turn)))
            )
            parallel: Stmt = For(loc, half, ZERO, at_once, ONE_INT, (*number, *body), True)
            return [*out, For(loc, turn, ZERO, Const(2), ONE_INT, (parallel,)), *copies.added_up]
        return [*out, For(loc, part, ZERO, parts, ONE_INT, body, True), *copies.added_up]

    def number_at_once(self, s: For, trips: Expr, near: dict[str, int], copied: list[str], out: list[Stmt]) -> Var:
        """How many parts run at the same time."""
        limits: list[Expr] = []
        if copied:
            work = self.let(product(trips, *self.inner_trips(s)), s.loc, out)
            limits.append(Call(p.parts_for, (work, self.let(self.size_of(copied), s.loc, out))))
        if near:  # each part at least as long as the span
            limits.append(Call(p.parts_for, (trips, Const(2 * max(near.values())))))
        value = limits[0] if len(limits) == 1 else Call(min, tuple(self.let(e, s.loc, out) for e in limits))
        return self.named("at_once" if near else "parts", value, s.loc, out)

    def copies(self, names: list[str], parts: Var, part: Var, loc: Loc | None) -> Copies:
        """Copies of what several parts add to: made, filled, kept, and added up in order."""
        c = Copies()
        again = self.fresh("part", INT)
        added: list[Stmt] = []
        for n in names:
            mine = self.fresh(f"{plain(n)}_part", self.types[n])
            kept = self.fresh(f"{plain(n)}_parts", self.with_axis(n))
            c.env[n] = mine.name
            shape = Call(p.pack, (parts, *self.extents(n)))
            c.made.append(Assign(loc, kept, Call(np.empty, (shape, dtype(self.types[n])))))
            c.before.append(Assign(loc, mine, self.nothing(n)))
            c.behind += self.elements(n, loc, partial(keep, loc, kept, part, mine))
            added += self.elements(n, loc, partial(add_up, loc, kept, again, Var(n)))
        if added:
            c.added_up.append(For(loc, again, ZERO, parts, ONE_INT, tuple(added)))
        return c

    def bound_of(self, part: Expr, trips: Expr, parts: Var, s: For, out: list[Stmt]) -> Expr:
        """The value of the loop's variable at which a part begins."""
        at: Expr = Call(op.floordiv, (Call(op.mul, (part, trips)), parts))
        return self.let(at if is_const(s.start, 0) else Call(op.add, (s.start, at)), s.loc, out)

    # ---- sizes and work ----

    def extents(self, n: str) -> tuple[Expr, ...]:
        return tuple(Call(p.shape, (Var(n), Const(k))) for k in range(getattr(self.types[n], "ndim", 0)))

    def size_of(self, shared: list[str]) -> Expr:
        """How many numbers a copy of all these holds."""
        arrays = [product(*self.extents(n)) for n in shared if is_array(self.types[n])]
        numbers = [Const(len(shared) - len(arrays))] if len(arrays) < len(shared) else []
        return reduce(lambda a, b: Call(op.add, (a, b)), [*arrays, *numbers])

    def inner_trips(self, s: For) -> list[Expr]:
        """Trips of the deepest nest of loops inside; what is not known before the loop counts as `UNKNOWN`."""
        variant = {n for t in walk((s,)) for n in bound(t)}

        def deepest(b: Block) -> list[Expr]:
            return max((below(t) for t in b), key=len, default=[])

        def below(t: Stmt) -> list[Expr]:
            inner = max(map(deepest, blocks(t)), key=len, default=[])
            if isinstance(t, For):
                known = not variant & set(variables(t.start, t.stop, t.step))
                return [trips_of(t) if known else UNKNOWN, *inner]
            return [UNKNOWN, *inner] if blocks(t) and not hasattr(t, "then") else inner

        return deepest(s.body)

    # ---- code ----

    def fresh(self, base: str, type_: Any) -> Var:
        name = self.namer(base)
        self.types[name] = type_
        return Var(name)

    def named(self, base: str, value: Expr, loc: Loc | None, out: list[Stmt]) -> Var:
        v = self.fresh(base, INT)
        out.append(Assign(loc, v, value))
        return v

    def let(self, e: Expr, loc: Loc | None, out: list[Stmt]) -> Expr:
        """An integer operand with the value of `e`."""
        if not isinstance(e, Call) or e.fn is p.shape:
            return e
        value = replace(e, args=tuple(self.let(a, loc, out) for a in e.args))
        t = Var(self.namer.temp())
        self.types[t.name] = INT
        out.append(Assign(loc, t, value))
        return t

    def with_axis(self, n: str) -> nt.Array:
        t = self.types[n]
        return nt.Array(t.dtype, t.ndim + 1, "C") if is_array(t) else nt.Array(t, 1, "C")

    def nothing(self, n: str) -> Expr:
        """What a part begins to add to."""
        t = self.types[n]
        return Call(np.zeros, (Call(p.pack, self.extents(n)), dtype(t))) if is_array(t) else zero(t)

    def elements(self, n: str, loc: Loc | None, make: Callable[[tuple[Var, ...]], Stmt]) -> list[Stmt]:
        """A statement for each element of an array, or for a scalar."""
        counters = tuple(self.fresh(base, INT) for base, _ in zip("ijklmn", self.extents(n), strict=False))
        inner: list[Stmt] = [make(counters)]
        for i, extent in zip(reversed(counters), reversed(self.extents(n)), strict=True):
            inner = [For(loc, i, ZERO, extent, ONE_INT, tuple(inner))]
        return inner


def at_place(v: Var, at: tuple[Var, ...]) -> Var | Index:
    return Index(v, at) if at else v


def product(*factors: Expr) -> Expr:
    return reduce(lambda a, b: Call(op.mul, (a, b)), factors) if factors else ONE_INT


def trips_of(s: For) -> Expr:
    if not is_const(s.step, 1):
        return Call(p.trips, (s.start, s.stop, s.step))
    return s.stop if is_const(s.start, 0) else Call(op.sub, (s.stop, s.start))
