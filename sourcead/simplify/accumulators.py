"""Scalar chains `s_1 = s + t; s = s_1` of a loop become `s += t`.

Addition is linear: the adjoint of an accumulation needs neither the sum nor an order of iterations, so these
loops need no tape and can be joined.  The additions themselves stay as they are, in the same order.
"""

from __future__ import annotations

import operator as op
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numba import types as nt

from ..ir import (
    Accum,
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Move,
    Raise,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    used,
    variables,
    walk,
    with_blocks,
    with_body,
)


def accumulators(f: Function) -> Function:
    """Make every scalar that a loop only adds to an accumulator, outer loops first."""
    occurrences: dict[str, int] = {}
    for n in _occurrences(f.body):
        occurrences[n] = occurrences.get(n, 0) + 1
    return with_body(f, _block(f.body, f.types, occurrences))


def _occurrences(b: Block) -> Iterator[str]:
    for s in walk(b):
        yield from used(s)
        yield from bound(s)


def _block(b: Block, types: Mapping[str, Any], total: Mapping[str, int]) -> Block:
    out: list[Stmt] = []
    for s in b:
        if isinstance(s, For | While):
            readers = _readers(s)
            for name in sorted({t.name for c in walk((s,)) if isinstance(c, Move) for t in c.targets}):
                family = _family(readers, name, types)
                if family is not None and _is_chain(s, name, family) and _stays_inside(s, name, family, total):
                    s = _rewrite(s, name, family)
                    readers = _readers(s)
        out.append(with_blocks(s, tuple(_block(c, types, total) for c in blocks(s))))
    return tuple(out)


def _addition(s: Stmt, family: set[str]) -> tuple[str, Expr] | None:
    """`m = p + t` with one operand of the family: (p, what is added to it)."""
    match s:
        case Accum(_, Var(m), t) if m in family and not family & set(variables(t)):
            return m, t
        case Assign(_, Var(), Call(op.add, (Var(p), t))) if p in family and not family & set(variables(t)):
            return p, t
        case Assign(_, Var(), Call(op.add, (t, Var(p)))) if p in family and not family & set(variables(t)):
            return p, t
        case Assign(_, Var(), Call(op.sub, (Var(p), t))) if p in family and not family & set(variables(t)):
            return p, _negated(t)
    return None


def _negated(t: Expr) -> Expr:
    if isinstance(t, Const) and type(t.value) in (int, float):
        return Const(-t.value)
    return Call(op.neg, (t,))


def _readers(loop: For | While) -> dict[str, list[Stmt]]:
    """The statements of a loop by the names they read."""
    out: dict[str, list[Stmt]] = {}
    for s in walk((loop,)):
        for n in set(used(s)):
            out.setdefault(n, []).append(s)
    return out


def _family(readers: Mapping[str, list[Stmt]], name: str, types: Mapping[str, Any]) -> set[str] | None:
    """All names that carry the running sum inside the loop; None when it is used in another way."""
    t = types.get(name)
    if not isinstance(t, nt.Float | nt.Complex) and not (isinstance(t, nt.Integer) and t.signed):
        return None
    family = {name}
    while True:
        new: set[str] = set()
        for s in (s for n in family for s in readers.get(n, ())):
            match s:
                case Move():
                    pairs = zip(s.targets, s.sources, strict=True)
                    new |= {x.name for x, v in pairs if isinstance(v, Var) and v.name in family}
                case Assign(_, Var(m), Var(p)) if p in family:
                    new.add(m)
                case Assign(_, Var(m), _) if _addition(s, family):
                    new.add(m)
                case Accum(_, Var(m), _) if _addition(s, family):
                    new.add(m)
                case _:
                    return None
        if new <= family:
            return family if all(types.get(m) == t for m in family) else None
        family |= new


@dataclass
class _Chain:
    """Walks the loop with the set of names that hold the current sum; a stale one must never be used."""

    family: set[str]
    breaks: list[set[str]] = field(default_factory=list)

    def block(self, b: Block, current: set[str]) -> set[str] | None:
        for s in b:
            after = self.statement(s, current)
            if after is None:
                return None
            current = after
        return current

    def statement(self, s: Stmt, current: set[str]) -> set[str] | None:
        match s:
            case If():
                a, b = self.block(s.then, set(current)), self.block(s.orelse, set(current))
                return None if a is None or b is None else a & b
            case For() | While():
                return self.loop(s, current)
            case Move():
                pairs = [(t.name, v) for t, v in zip(s.targets, s.sources, strict=True) if t.name in self.family]
                if not all(isinstance(v, Var) and v.name in current for _, v in pairs):
                    return None
                return current | {t for t, _ in pairs}
            case Break():
                self.breaks.append(set(current))
                return set(self.family)
            case Raise():
                return set(self.family)
        if not set(bound(s)) & self.family:
            return current
        if isinstance(s, Assign) and isinstance(s.value, Var):
            return current | set(bound(s)) if s.value.name in current else None
        added = _addition(s, self.family)
        return set(bound(s)) if added and added[0] in current else None

    def loop(self, s: For | While, current: set[str]) -> set[str] | None:
        """What still holds the current sum at the start of every iteration, and at every exit."""
        outer = self.breaks
        while True:
            self.breaks = []
            at_cond = self.block(s.test, set(current)) if isinstance(s, While) else set(current)
            end = None if at_cond is None else self.block(s.body, set(at_cond))
            if at_cond is None or end is None:
                return None
            if current <= end:
                break
            current = current & end
        exits = [at_cond, *self.breaks]
        self.breaks = outer
        return set.intersection(*exits)


def _is_chain(loop: For | While, name: str, family: set[str]) -> bool:
    """Does `name` hold the current sum at the start of every iteration and behind the loop?"""
    exits = _Chain(family).loop(loop, {name})
    return exits is not None and name in exits


def _stays_inside(loop: For | While, name: str, family: set[str], total: Mapping[str, int]) -> bool:
    inside: dict[str, int] = {}
    for n in _occurrences((loop,)):
        inside[n] = inside.get(n, 0) + 1
    return all(inside.get(n, 0) == total.get(n, 0) for n in family if n != name) and name in inside


def _rewrite(s: Stmt, name: str, family: set[str]) -> Any:
    new = tuple(tuple(c for child in b for c in _accumulate(child, name, family)) for b in blocks(s))
    return with_blocks(s, new)


def _accumulate(s: Stmt, name: str, family: set[str]) -> Block:
    match s:
        case If() | For() | While():
            new = _rewrite(s, name, family)
            return () if isinstance(new, If) and not new.then and not new.orelse else (new,)
        case Move():
            pairs = [(t, v) for t, v in zip(s.targets, s.sources, strict=True) if t.name not in family]
            if len(pairs) == len(s.targets):
                return (s,)
            return (
                (replace(s, targets=tuple(t for t, _ in pairs), sources=tuple(v for _, v in pairs)),) if pairs else ()
            )
    if not set(bound(s)) & family:
        return (s,)
    added = _addition(s, family)
    return (Accum(s.loc, Var(name), added[1]),) if added else ()
