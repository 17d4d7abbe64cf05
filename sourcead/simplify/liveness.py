"""Which names and whose elements are still wanted, statement by statement, from the end to the start.

Only what a wanted statement reads is wanted, so a counter that merely counts itself is not.  Element stores
never end the life of older elements; binding a name does, and a new allocation ends that of its elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..ir import (
    Accum,
    Assign,
    Block,
    Break,
    Expr,
    For,
    Function,
    If,
    Index,
    Move,
    Pop,
    Push,
    Raise,
    Return,
    Stmt,
    Var,
    While,
    variables,
)
from .effects import class_of, is_pure, memory_read, own_stores, storage

Live = frozenset[str]


def element(cls: str) -> str:
    """How "the elements of this storage class" is written in a set of live names."""
    return "*" + cls


@dataclass
class Liveness:
    """A backward walk; `after` and `head` are filled for the statements that stay."""

    classes: Mapping[str, str]
    alone: set[str]  # arrays that share their class with no other name
    after: dict[Stmt, Live] = field(default_factory=dict)
    head: dict[Stmt, Live] = field(default_factory=dict)  # loop -> live at the start of an iteration
    _loop: dict[Stmt, tuple[Live, bool]] = field(default_factory=dict)
    _stacks_needed: set[str] = field(default_factory=set)

    def reading(self, *exprs: Expr) -> Live:
        """What becomes live when these expressions are evaluated."""
        names = set(variables(*exprs))
        for e in exprs:
            names |= {element(class_of(self.classes, n)) for n in memory_read(e)}
        return frozenset(names)

    def block(self, b: Block, live: Live, brk: Live, keep_breaks: bool) -> tuple[Block, Live]:
        """The statements of `b` that are needed when `live` is wanted behind it, and what they want before."""
        out: list[Stmt] = []
        for s in reversed(b):
            new, before = self.statement(s, live, brk, keep_breaks)
            if new is not None:
                # united, in case one statement stands in both sweeps
                self.after[s] = self.after[new] = self.after.get(s, live) | live
                out.append(new)
            live = before
        return tuple(reversed(out)), live

    def statement(self, s: Stmt, live: Live, brk: Live, keep_breaks: bool) -> tuple[Stmt | None, Live]:
        match s:
            case Assign(_, Var(t), v):
                if t not in live and is_pure(v):
                    return None, live
                gone = {t, element(class_of(self.classes, t))} if t in self.alone else {t}
                return s, (live - gone) | self.reading(v) | self._mutated(s)
            case Assign(_, Index(a, index), v):
                if self._elements_dead(a.name, live) and is_pure(v):
                    return None, live
                return s, live | self.reading(v, *index) | {a.name}
            case Accum(_, t, v):
                n = t.array.name if isinstance(t, Index) else t.name
                if n not in live and self._elements_dead(n, live) and is_pure(v):
                    return None, live
                if isinstance(t, Index) and self._elements_dead(n, live) and is_pure(v):
                    return None, live
                return s, live | self.reading(v, t)
            case Move():
                return self._move(s, live)
            case Push(_, stack, v):
                if not self._stack(stack, live):
                    return None, live
                return s, live | self.reading(stack, v)
            case Pop(_, t, stack):
                if t.name in live:
                    self._stacks_needed.add(stack.name)
                if not self._stack(stack, live):
                    return None, live
                return s, (live - {t.name}) | {stack.name}
            case If():
                return self._if(s, live, brk, keep_breaks)
            case For() | While():
                return self._loops(s, live)
            case Break():
                return (s if keep_breaks else None), brk
            case Raise():
                return s, self.reading(*s.args)
            case Return():
                return s, self.reading(*s.values)
        return s, live

    def _elements_dead(self, n: str, live: Live) -> bool:
        return element(class_of(self.classes, n)) not in live

    def _mutated(self, s: Stmt) -> Live:
        return frozenset(own_stores(s))

    def _stack(self, stack: Var, live: Live) -> bool:
        return stack.name in self._stacks_needed or stack.name in live

    def _move(self, s: Move, live: Live) -> tuple[Stmt | None, Live]:
        pairs = [(t, v) for t, v in zip(s.targets, s.sources, strict=True) if t.name in live]
        if not pairs:
            return None, live
        targets, sources = tuple(t for t, _ in pairs), tuple(v for _, v in pairs)
        new = s if len(pairs) == len(s.targets) else replace(s, targets=targets, sources=sources)
        return new, (live - {t.name for t in targets}) | self.reading(*sources)

    def _if(self, s: If, live: Live, brk: Live, keep_breaks: bool) -> tuple[Stmt | None, Live]:
        then, a = self.block(s.then, live, brk, keep_breaks)
        orelse, b = self.block(s.orelse, live, brk, keep_breaks)
        if not then and not orelse:
            return None, live
        new = s if _same(then, s.then) and _same(orelse, s.orelse) else replace(s, then=then, orelse=orelse)
        return new, a | b | self.reading(s.cond)

    def _loops(self, s: For | While, live: Live) -> tuple[Stmt | None, Live]:
        """Grow what an iteration wants of the one before until nothing changes; empty loops vanish."""
        wanted, needed = self._loop.get(s, (frozenset(), False))
        while True:
            if isinstance(s, For):
                new, before, used = self._for(s, live, wanted, needed)
            else:
                new, before, used = self._while(s, live, wanted, needed)
            if before <= wanted and used == needed:
                break
            wanted, needed = wanted | before, used
            self._loop[s] = wanted, needed
        if not needed:
            return None, live
        self.head[s] = self.head[new] = self.head.get(s, before) | before
        if isinstance(s, For):
            return new, live | (before - {s.var.name}) | self.reading(s.start, s.stop, s.step)
        return new, before

    def _for(self, s: For, live: Live, wanted: Live, needed: bool) -> tuple[Stmt, Live, bool]:
        body, before = self.block(s.body, live | (wanted - {s.var.name}), live, needed)
        needed = needed or bool(body) or s.var.name in live
        return (s if _same(body, s.body) else replace(s, body=body)), before, needed

    def _while(self, s: While, live: Live, wanted: Live, needed: bool) -> tuple[Stmt, Live, bool]:
        body, before = self.block(s.body, live | wanted, live, needed)
        want = live | before | (self.reading(s.cond) if needed else frozenset())
        test, before = self.block(s.test, want, live, needed)
        needed = needed or bool(body) or bool(test)
        same = _same(body, s.body) and _same(test, s.test)
        return (s if same else replace(s, test=test, body=body)), before, needed


def _same(a: Block, b: Block) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


def analyse(f: Function, also: Iterable[str] = ()) -> tuple[Block, Liveness]:
    """The needed statements of `f`, and what is live where; `also`: names wanted at the end."""
    classes = storage(f)
    counts: dict[str, int] = {}
    for c in classes.values():
        counts[c] = counts.get(c, 0) + 1
    alone = {n for n, c in classes.items() if counts[c] == 1}
    a = Liveness(classes, alone)
    end = frozenset(also)
    while True:
        known = set(a._stacks_needed)
        body, _ = a.block(f.body, end, frozenset(), False)
        if a._stacks_needed == known:
            return body, a


def liveness(f: Function) -> Liveness:
    return analyse(f)[1]
