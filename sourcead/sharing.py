"""Arrays in lists of computed length: where copies are as good as the items themselves.

A list of arrays is an array with one more axis (`items.py`): what is added is copied into it, what is taken out is a
view of a row, or a copy.  Python would hand the same array on, so that a change under one name is seen under the
other.  Programs in which that could be seen are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from numba.core import types

from . import primitives as p
from .errors import Unsupported
from .ir import (
    Assign,
    Block,
    Call,
    Expr,
    For,
    Function,
    If,
    Index,
    Loc,
    Move,
    Slice,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    reads,
    walk,
)
from .lower.elementwise import IN_PLACE
from .simplify.effects import bases

Names = frozenset[str]
REMEDY = "add a copy to the list, items.append(x.copy()), or take a copy out of it, x = items[0].copy()"


class Rows:
    """A program in which arrays hold items that are arrays: their names are `held`; `known` are the types of others."""

    def __init__(self, f: Function, held: Iterable[str], known: Mapping[str, Any]) -> None:
        self.f, self.held, self.known = f, frozenset(held), known
        self.taken = {
            s.target.name: s
            for s in walk(f.body)
            if isinstance(s, Assign) and isinstance(s.target, Var) and self.is_item(s.value) and self.array(s.target)
        }
        self.views = frozenset(n for n, s in self.taken.items() if self.passes(n, s, f.body))
        self.updated = frozenset(  # items changed by `items[k] += v`, which are stored where they were
            s.target.name
            for s in walk(f.body)
            if isinstance(s, Assign)
            and isinstance(s.target, Var)
            and isinstance(s.value, Call)
            and s.value.fn in IN_PLACE
            and self.sources(s) & self.views
        )
        self.classes = self.memory()

    @property
    def copied(self) -> frozenset[Stmt]:
        """The statements that take an item out as a copy."""
        return frozenset(s for n, s in self.taken.items() if n not in self.views)

    def is_item(self, e: Expr) -> bool:
        return isinstance(e, Index) and e.array.name in self.held

    def array(self, e: Expr) -> bool:
        return isinstance(e, Var) and isinstance(self.known.get(e.name), types.Array)

    def sources(self, s: Assign) -> set[str]:
        """The names whose arrays the new name may stand for, or for a part of."""
        if not self.array(s.target):
            return set()
        if isinstance(s.value, Call) and s.value.fn in IN_PLACE:
            return {e.name for e in s.value.args[:1] if isinstance(e, Var)}
        return set(bases(s.value, True))

    def changes(self, s: Stmt) -> bool:
        """Does it put an item into a list, or another array in the place of its array?"""
        if isinstance(s, Move):
            return any(t.name in self.held for t in s.targets)
        if not isinstance(s, Assign):
            return False
        moved = (
            isinstance(s.target, Index) and s.target.array.name in self.held and isinstance(s.target.index[0], Slice)
        )
        return moved or isinstance(s.value, Call) and s.value.fn is p.element or bool(self.held & set(bound(s)))

    # ---- views -----------------------------------------------------------------------------------

    def passes(self, name: str, taking: Stmt, body: Block) -> bool:
        """Is the item read only before its list changes, and in the block in which it was taken out?"""
        found = next((b for b in every_block(body) if any(s is taking for s in b)), ())
        k = next(k for k, s in enumerate(found) if s is taking)
        own, changed, inside = {name}, False, set()
        for s in found[k + 1 :]:
            within = list(walk((s,)))
            changing = any(map(self.changes, within))
            if reads(s) & own:
                if changed or changing and blocks(s):  # a store reads before it changes
                    return False
                for t in within:
                    if isinstance(t, Move) and reads(t) & own:
                        return False
                    if isinstance(t, Assign) and own & self.sources(t):
                        own |= set(bound(t))
            changed |= changing
            inside |= set(within)
        return not any(reads(s) & own and not blocks(s) for s in walk(self.f.body) if s not in inside)

    def memory(self) -> dict[str, Names]:
        """For each name those that may stand for (part of) the same array; items that are views are none of them."""
        parent: dict[str, str] = {}

        def find(n: str) -> str:
            while parent.setdefault(n, n) != n:
                n = parent[n]
            return n

        for s in walk(self.f.body):
            if isinstance(s, Assign) and isinstance(s.target, Var):
                for n in self.sources(s) - self.held:
                    parent[find(n)] = find(s.target.name)
            elif isinstance(s, Move):
                for t, v in zip(s.targets, s.sources, strict=True):
                    if isinstance(v, Var):
                        parent[find(v.name)] = find(t.name)
        classes: dict[str, set[str]] = {}
        for n in list(parent):
            classes.setdefault(find(n), set()).add(n)
        return {n: frozenset(c) for c in classes.values() for n in c}


def every_block(body: Block) -> Iterable[Block]:
    yield body
    for s in body:
        for b in blocks(s):
            yield from every_block(b)


class Sharing:
    """Follows, along all paths, the names of arrays that are items of a list too.

    `shared` are names of arrays of which a list holds a copy, or the other way round; `stale` are those whose copy
    has changed since; `rows` are names of views of items.
    """

    def __init__(self, r: Rows) -> None:
        self.r = r
        self.shared: Names = frozenset()
        self.stale: Names = frozenset()
        self.rows: Names = frozenset(r.held)
        self.twice: Loc | None = None  # where an array is added that may be in the list already
        self.changed: Loc | None = None  # where an item is changed

    def check(self) -> None:
        self.block(self.r.f.body)
        if self.twice and self.changed:
            raise Unsupported(
                "one array may be in the list twice, and items of the list are changed", self.changed, REMEDY
            )

    def block(self, body: Block) -> None:
        for s in body:
            self.statement(s)

    def statement(self, s: Stmt) -> None:
        match s:
            case If():
                start, ends = (self.shared, self.stale), []
                for b in blocks(s):
                    self.shared, self.stale = start
                    self.block(b)
                    ends.append((self.shared, self.stale))
                self.shared, self.stale = (x | y for x, y in zip(*ends, strict=True))
            case For() | While():
                before = None
                while before != (self.shared, self.stale):
                    before = self.shared, self.stale
                    for b in blocks(s):
                        self.block(b)
                    self.shared, self.stale = before[0] | self.shared, before[1] | self.stale
            case Move(_, targets, sources):
                named = [(t.name, {v.name}) for t, v in zip(targets, sources, strict=True) if isinstance(v, Var)]
                self.bind(named)
            case _:
                self.simple(s)

    def bind(self, named: list[tuple[str, set[str]]]) -> None:
        """Each name stands for (part of) one of the arrays that the sources stand for, or for a new one."""
        targets = {t for t, _ in named}
        shared, stale, rows = ({t for t, v in named if v & old} for old in (self.shared, self.stale, self.rows))
        self.shared, self.stale = self.shared - targets | shared, self.stale - targets | stale
        self.rows |= rows

    def simple(self, s: Stmt) -> None:
        if found := reads(s) & self.stale:
            raise Unsupported(f"`{user(min(found))}` is in a list too, and was changed there", s.loc, REMEDY)
        match s:
            case Assign(_, Var(t), value):
                if isinstance(value, Call) and value.fn in IN_PLACE:
                    for n in self.r.sources(s):
                        self.store(n, s.loc)
                if s in self.r.copied:
                    self.bind([(t, set())])
                    self.shared |= {t}
                else:
                    self.bind([(t, self.r.sources(s))])
            case Assign(_, Index(Var(a)), Call(p.element, (v, _))):
                if a in self.r.held and self.r.array(v):
                    self.added(v, s.loc)
            case Assign(_, Index(Var(a), index)):
                if a not in self.r.held or len(index) > 1:
                    self.store(a, s.loc)
            case _:
                self.bind([(n, set()) for n in bound(s)])

    def added(self, v: Expr, loc: Loc | None) -> None:
        assert isinstance(v, Var)
        if v.name in self.r.updated:
            return
        if v.name in self.shared | self.rows:
            self.twice = loc
        self.shared |= self.r.classes.get(v.name, frozenset()) | {v.name}

    def store(self, name: str, loc: Loc | None) -> None:
        """An element of the array changes."""
        if name in self.rows:
            self.changed = loc
            self.stale |= self.shared
        elif name in self.shared:
            raise Unsupported(f"`{user(name)}` is changed, and it is an item of a list too", loc, REMEDY)


def user(name: str) -> str:
    from .lower.storage import target_name

    return target_name(name) if not name.startswith("_t") else "an item"
