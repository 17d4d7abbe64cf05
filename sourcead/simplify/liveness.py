"""Which names and whose elements are still wanted, statement by statement, from the end to the start.

Only what a wanted statement reads is wanted, so a counter that merely counts itself is not.  Element stores
never end the life of older elements; binding a name does, and a new allocation ends that of its elements.

While the analysis runs, a set of names is an integer with a bit for each: loops are walked again and again.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import compress

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
    Unpack,
    Var,
    While,
    once,
    variables,
    with_blocks,
)
from .effects import class_of, is_pure, memory_read, own_stores, storage

Live = frozenset[str]


def element(cls: str) -> str:
    """How "the elements of this storage class" is written in a set of live names."""
    return "*" + cls


class Wanted(UserDict[Stmt, Live]):
    """Statement -> names; what the walk has found are numbers until somebody asks for them."""

    def __init__(self, found: dict[Stmt, int], bits: Iterable[str]):
        super().__init__()
        self.data = found  # type: ignore[assignment]
        self.bits = tuple(bits)

    def __getitem__(self, s: Stmt) -> Live:
        wanted: Live | int = self.data[s]
        if isinstance(wanted, int):
            wanted = self.data[s] = frozenset(compress(self.bits, map(int, f"{wanted:b}"[::-1])))
        return wanted


@dataclass
class Liveness:
    """What is wanted behind each statement that stays, and at the start of an iteration of each loop."""

    after: Wanted
    head: Wanted


def liveness(f: Function) -> Liveness:
    walk = _walked(f)[1]
    return Liveness(Wanted(dict(walk.after), walk.bits), Wanted(dict(walk.head), walk.bits))


def needed(f: Function) -> Block:
    """The statements of `f` whose results reach its value or its exceptions."""
    return _walked(f)[0]


@once
def _walked(f: Function) -> tuple[Block, _Walk]:
    classes = storage(f)
    counts: dict[str, int] = {}
    for c in classes.values():
        counts[c] = counts.get(c, 0) + 1
    walk = _Walk(classes, {n for n, c in classes.items() if counts[c] == 1})
    while True:
        known = walk.stacks_needed
        body, _ = walk.block(f.body, 0, 0, False)
        if walk.stacks_needed == known:
            return body, walk


@dataclass(frozen=True)
class _Transfer:
    """What a simple statement does: it is dropped `unless` one of these is live (None: never)."""

    unless: int | None
    kill: int
    gen: int


@dataclass
class _Walk:
    """A backward walk; `after` and `head` are filled for the statements that stay."""

    classes: Mapping[str, str]
    alone: set[str]  # arrays that share their class with no other name
    bits: dict[str, int] = field(default_factory=dict)  # in the order of the bits
    after: dict[Stmt, int] = field(default_factory=dict)
    head: dict[Stmt, int] = field(default_factory=dict)
    stacks_needed: int = 0
    _loop: dict[Stmt, tuple[int, bool]] = field(default_factory=dict)
    _transfers: dict[Stmt, _Transfer | None] = field(default_factory=dict)

    def set_of(self, names: Iterable[str]) -> int:
        out = 0
        for n in names:
            if n not in self.bits:
                self.bits[n] = 1 << len(self.bits)
            out |= self.bits[n]
        return out

    def elements(self, n: str) -> str:
        return element(class_of(self.classes, n))

    def reading(self, *exprs: Expr) -> int:
        """What becomes live when these expressions are evaluated."""
        return self.set_of(variables(*exprs)) | self.set_of(self.elements(n) for e in exprs for n in memory_read(e))

    def transfer(self, s: Stmt) -> _Transfer | None:
        """None for statements that take more than that."""
        if s not in self._transfers:
            self._transfers[s] = self._transfer(s)
        return self._transfers[s]

    def _transfer(self, s: Stmt) -> _Transfer | None:
        match s:
            case Assign(_, Var(t), v):
                gone = self.set_of((t, self.elements(t)) if t in self.alone else (t,))
                unless = self.set_of((t,)) if is_pure(v) else None
                return _Transfer(unless, gone, self.reading(v) | self.set_of(own_stores(s)))
            case Assign(_, Index(a, index), v):
                unless = self.set_of((self.elements(a.name),)) if is_pure(v) else None
                return _Transfer(unless, 0, self.reading(v, *index) | self.set_of((a.name,)))
            case Accum(_, t, v):
                wanted = (self.elements(t.array.name),) if isinstance(t, Index) else (t.name, self.elements(t.name))
                return _Transfer(self.set_of(wanted) if is_pure(v) else None, 0, self.reading(v, t))
            case Unpack():
                made = {t.name for t in s.targets}
                gone = self.set_of((*made, *map(self.elements, made & self.alone)))
                return _Transfer(self.set_of(made) if is_pure(s.value) else None, gone, self.reading(s.value))
            case Raise():
                return _Transfer(None, -1, self.reading(*s.args))
            case Return():
                return _Transfer(None, -1, self.reading(*s.values))
        return None

    def block(self, b: Block, live: int, brk: int, keep_breaks: bool) -> tuple[Block, int]:
        """The statements of `b` that are needed when `live` is wanted behind it, and what they want before."""
        out: list[Stmt] = []
        for s in reversed(b):
            t = self.transfer(s)
            new: Stmt | None
            if t is not None:
                if t.unless is not None and not live & t.unless:
                    continue
                new, before = s, live & ~t.kill | t.gen
            else:
                new, before = self.statement(s, live, brk, keep_breaks)
            if new is not None:
                # united, in case one statement stands in both sweeps
                self.after[s] = self.after[new] = self.after.get(s, 0) | live
                out.append(new)
            live = before
        return tuple(reversed(out)), live

    def statement(self, s: Stmt, live: int, brk: int, keep_breaks: bool) -> tuple[Stmt | None, int]:
        match s:
            case Move():
                return self._move(s, live)
            case Push(_, stack, v):
                if not self._stack(stack, live):
                    return None, live
                return s, live | self.reading(stack, v)
            case Pop(_, t, stack):
                if live & self.set_of((t.name,)):
                    self.stacks_needed |= self.set_of((stack.name,))
                if not self._stack(stack, live):
                    return None, live
                return s, live & ~self.set_of((t.name,)) | self.set_of((stack.name,))
            case If():
                return self._if(s, live, brk, keep_breaks)
            case For() | While():
                return self._loops(s, live)
            case Break():
                return (s if keep_breaks else None), brk
        return s, live

    def _stack(self, stack: Var, live: int) -> bool:
        return bool((self.stacks_needed | live) & self.set_of((stack.name,)))

    def _move(self, s: Move, live: int) -> tuple[Stmt | None, int]:
        pairs = [(t, v) for t, v in zip(s.targets, s.sources, strict=True) if live & self.set_of((t.name,))]
        if not pairs:
            return None, live
        targets, sources = tuple(t for t, _ in pairs), tuple(v for _, v in pairs)
        new = s if len(pairs) == len(s.targets) else replace(s, targets=targets, sources=sources)
        return new, live & ~self.set_of(t.name for t in targets) | self.reading(*sources)

    def _if(self, s: If, live: int, brk: int, keep_breaks: bool) -> tuple[Stmt | None, int]:
        then, a = self.block(s.then, live, brk, keep_breaks)
        orelse, b = self.block(s.orelse, live, brk, keep_breaks)
        if not then and not orelse:
            return None, live
        return with_blocks(s, (then, orelse)), a | b | self.reading(s.cond)

    def _loops(self, s: For | While, live: int) -> tuple[Stmt | None, int]:
        """Grow what an iteration wants of the one before until nothing changes; empty loops vanish."""
        wanted, stays = self._loop.get(s, (0, False))
        while True:
            if isinstance(s, For):
                new, before, used = self._for(s, live, wanted, stays)
            else:
                new, before, used = self._while(s, live, wanted, stays)
            if not before & ~wanted and used == stays:
                break
            wanted, stays = wanted | before, used
            self._loop[s] = wanted, stays
        if not stays:
            return None, live
        self.head[s] = self.head[new] = self.head.get(s, before) | before
        if isinstance(s, For):
            return new, live | before & ~self.set_of((s.var.name,)) | self.reading(s.start, s.stop, s.step)
        return new, before

    def _for(self, s: For, live: int, wanted: int, stays: bool) -> tuple[Stmt, int, bool]:
        counter = self.set_of((s.var.name,))
        body, before = self.block(s.body, live | wanted & ~counter, live, stays)
        stays = stays or bool(body) or bool(live & counter)
        return with_blocks(s, (body,)), before, stays

    def _while(self, s: While, live: int, wanted: int, stays: bool) -> tuple[Stmt, int, bool]:
        body, before = self.block(s.body, live | wanted, live, stays)
        want = live | before | (self.reading(s.cond) if stays else 0)
        test, before = self.block(s.test, want, live, stays)
        stays = stays or bool(body) or bool(test)
        return with_blocks(s, (test, body)), before, stays
