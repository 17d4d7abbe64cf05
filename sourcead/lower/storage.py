"""Which array names are the same memory, and what must be copied so that no two names are.

An *identity* is an allocation, a parameter, a frozen global, or a joined name that stands for different arrays
in turn. Everything else is another name or a view of one of these, which lowering replaces. A joined name may
take over an array that nobody uses under its old name any more; otherwise it needs a copy, which means the
same as long as neither is changed afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from .. import primitives as p
from ..errors import Findings
from ..infer import is_complex
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
    Index,
    Move,
    Raise,
    Stmt,
    Unpack,
    Var,
    While,
    blocks,
    used,
    variables,
    walk,
    written,
)
from ..routines import Origin, Routine
from .elementwise import IN_PLACE

VIEWS = frozenset(
    {np.transpose, np.swapaxes, np.moveaxis, np.reshape, np.ravel, np.expand_dims, np.squeeze, np.diagonal}
    | {p.flat, p.strided, p.part, np.flip, np.flipud, np.fliplr, np.broadcast_to, np.atleast_1d, np.atleast_2d}
)
PARTS = frozenset({np.real, np.imag, np.conj})  # of complex arrays a view or new numbers, of real ones a view of all
ARRAYS = (types.Array, types.BaseTuple)  # an index of one of these copies what it picks
Facts = frozenset[tuple[str, str]]  # ("use", identity) and ("store", identity): what still happens


@dataclass
class Storage:
    f: Function
    parent: dict[str, tuple[str, bool]] = field(default_factory=dict)  # name → (of what, all of it?)
    sources: dict[str, list[str]] = field(default_factory=dict)  # joined name → what it is bound to
    handed: dict[str, tuple[str, ...]] = field(default_factory=dict)  # result of a routine → arguments it may be
    tuples: dict[str, tuple[tuple[Expr, ...], Any]] = field(default_factory=dict)  # ... → arguments, origins of items
    same: dict[str, str | None] = field(default_factory=dict)  # joined name → the one array it stands for
    takers: dict[Move, dict[str, str]] = field(default_factory=dict)  # arrays that a target takes over → the target
    copied: dict[Move, set[str]] = field(default_factory=dict)  # targets that need a copy of their source
    after: dict[Stmt, Facts] = field(default_factory=dict)  # of joins and of views
    choices: dict[str, frozenset[str]] = field(default_factory=dict)  # joined names that stand for one place or another
    candidates: dict[str, frozenset[str]] = field(default_factory=dict)  # names that should become such ones

    def is_array(self, name: str) -> bool:
        return isinstance(self.f.types.get(name), types.Array)

    # ---- identities

    def identity(self, name: str) -> str | None:
        """The array of which this is another name; a view is an identity of its own here."""
        while name in self.parent and self.parent[name][1]:
            name = self.parent[name][0]
        return self.same.get(name, name)

    def memories(self, name: str) -> frozenset[str]:
        """The identities one of which this is, or is a part of."""
        while True:
            if name in self.parent:
                name = self.parent[name][0]
                continue
            other = self.same.get(name, name)
            if other is None or other == name:
                return self.choices.get(name, frozenset({name}))
            name = other

    def new_to(self, name: str, source: str) -> frozenset[str]:
        """The identities of the source that the joined name does not stand for as it is."""
        return self.memories(source) - self.choices.get(name, frozenset())

    def reach(self, names: frozenset[str], but: str = "") -> set[str]:
        """The identities that may come to denote one of these, not through the result `but` of a routine."""
        found: set[str] = set()
        todo = list(names)
        while todo:
            n = todo.pop()
            if n not in found:
                found.add(n)
                handed = {j: sources for j, sources in self.handed.items() if j != but}
                todo += [j for j, sources in self.sources.items() if any(n in self.new_to(j, s) for s in sources)]
                todo += [j for j, sources in handed.items() if any(n in self.memories(s) for s in sources)]
        return found


def analyse(f: Function, choices: Mapping[str, frozenset[str]] | None = None) -> Storage:
    """Names, joined names, and what happens after each `Move`.

    choices: joined names that stand for one place or another, with the arrays these are in; with their own name when
    they also take over arrays.
    """
    st = Storage(f, choices=dict(choices or {}))
    for s in walk(f.body):
        match s:
            case Assign(_, Var(t), Call(Routine() as fn, args)):
                called(st, t, origins(f.types[t], iter(fn.results)), args)
            case Assign(_, Var(t), Index(Var(a), (Const(int() as k),))) if a in st.tuples:
                args, parts = st.tuples[a]
                called(st, t, parts[k], args)
            case Assign(_, Var(t), value) if st.is_array(t):
                found = other_name(st, value)
                if found is None or not st.is_array(found[0]):
                    continue
                part = isinstance(value, Call) and value.fn in PARTS
                if f.types[t].dtype == f.types[found[0]].dtype or part:
                    st.parent[t] = found
            case Move():
                for joined, v in zip(s.targets, s.sources, strict=True):
                    if st.is_array(joined.name) and isinstance(v, Var):
                        st.sources.setdefault(joined.name, []).append(v.name)
    trivial(st)
    live(f.body, frozenset(), frozenset(), st)
    return st


def origins(t: types.Type, left: Iterator[Origin]) -> Any:
    """Where the items of a result of this type come from, tuple by tuple."""
    return tuple(origins(i, left) for i in t) if isinstance(t, types.BaseTuple) else next(left, None)


def called(st: Storage, t: str, found: Any, args: tuple[Expr, ...]) -> None:
    """`t` is what a routine gave for these arguments, or an item of it."""
    if isinstance(found, tuple):
        st.tuples[t] = args, found
    elif not st.is_array(t):
        return
    elif found is None:  # not known yet, and so perhaps anything
        st.sources[t] = []
    elif found.argument is not None:
        st.parent[t] = args[found.argument].name, True
    else:
        st.handed[t] = tuple(v.name for k in found.may_be if isinstance(v := args[k], Var))


def other_name(st: Storage, value: object) -> tuple[str, bool] | None:
    """The array that the value is (True) or is a view of (False); None for a new one."""
    match value:
        case Var(a):
            return a, True
        case Index(Var(a), index):
            gathered = any(isinstance(i, Var) and isinstance(st.f.types.get(i.name), ARRAYS) for i in index)
            return None if gathered else (a, False)
        case Call(fn, (Var(a), *_)) if st.is_array(a):
            if fn in IN_PLACE or fn is np.asarray or (fn is np.ascontiguousarray and st.f.types[a].layout == "C"):
                return a, True
            if fn is np.ravel and st.f.types[a].layout != "C":
                return None  # Numba copies
            if fn in VIEWS or fn in PARTS and not (fn is np.conj and is_complex(st.f.types[a])):
                return a, False
    return None


def trivial(st: Storage) -> None:
    """Joined names that always stand for the same array, by optimistic iteration."""
    places, seen = blocks_of(st)
    joined = [j for j in st.sources if j not in st.choices]
    st.same = dict.fromkeys(joined)
    changed = True
    while changed:
        changed = False
        for j in joined:
            if st.same[j] == j:
                continue
            found = {st.identity(s) for s in st.sources[j]} - {None, j}
            new = None if not found else next(iter(found)) if len(found) == 1 else j
            if new is not None and new != j and not covers(places.get(new, ()), seen[j]):
                new = j
            if new != st.same[j]:
                st.same[j] = j if st.same[j] is not None else new
                changed = True
    for j in joined:
        st.same[j] = st.same[j] or j


Path = tuple[int, ...]  # the blocks around a statement, by number


def covers(home: Path, places: list[Path]) -> bool:
    """Do all these places see what is defined in `home`?"""
    return all(place[: len(home)] == home for place in places)


def blocks_of(st: Storage) -> tuple[dict[str, Path], dict[str, list[Path]]]:
    """Where each array is defined, and where each joined one is bound or read."""
    places: dict[str, Path] = {}
    seen: dict[str, list[Path]] = {j: [] for j in st.sources}
    for path, s in with_paths(st.f.body, ()):
        if isinstance(s, Unpack) or isinstance(s, Assign) and isinstance(s.target, Var):
            places.update(dict.fromkeys(written(s), path))
        for n in {*used(s), *written(s)} & seen.keys():
            seen[n].append(path)
    return places, seen


def with_paths(block: Block, path: Path) -> Iterator[tuple[Path, Stmt]]:
    """All statements with the blocks around them, which are counted from the first in the function."""
    number = itertools.count(1)

    def visit(block: Block, path: Path) -> Iterator[tuple[Path, Stmt]]:
        for s in block:
            yield path, s
            for b in blocks(s):
                yield from visit(b, (*path, next(number)))

    return visit(block, path)


# ---- what still happens: backward over the program ----------------------------------------


def live(block: Block, out: Facts, broken: Facts, st: Storage) -> Facts:
    for s in reversed(block):
        out = before(s, out, broken, st)
    return out


def before(s: Stmt, out: Facts, broken: Facts, st: Storage) -> Facts:
    match s:
        case If():
            out = live(s.then, out, broken, st) | live(s.orelse, out, broken, st)
        case For():
            out = repeated(out, lambda head: live(s.body, head, out, st))
        case While():
            exit_ = out
            out = repeated(exit_, lambda head: live(s.test, exit_ | live(s.body, head, exit_, st), exit_, st))
        case Break():
            return broken
        case Raise():
            return uses(s, st)
        case Move():
            st.after[s] = out
            out = without(out, {t.name for t in s.targets}) | handed_on(s, out, st)
        case Unpack():
            out = without(out, {t.name for t in s.targets})
        case Assign(_, Var(t), _):
            if t in st.parent or t in st.handed:
                st.after[s] = out
            given = {m for a in st.handed.get(t, ()) for m in st.memories(a)}  # which it may be
            out = without(out, {t}) | {(kind, m) for kind, n in out if n == t for m in given}
    return out | uses(s, st)


def repeated(out: Facts, once: object) -> Facts:
    head = out
    while True:
        new = head | once(head)  # type: ignore[operator]
        if new == head:
            return head
        head = new


def without(facts: Facts, names: set[str]) -> Facts:
    return frozenset(x for x in facts if x[1] not in names)


def handed_on(s: Move, out: Facts, st: Storage) -> Facts:
    """What happens to a joined array happens to the array that it is bound to."""
    arrays = {t.name: v.name for t, v in zip(s.targets, s.sources, strict=True) if isinstance(v, Var)}
    return frozenset(
        (kind, m) for kind, n in out if n in arrays and st.is_array(arrays[n]) for m in st.new_to(n, arrays[n])
    )


def uses(s: Stmt, st: Storage) -> Facts:
    found = {("use", m) for n in used(s) if st.is_array(n) for m in st.memories(n)}
    return frozenset(found | {(kind, m) for n in stores(s, st) for m in st.memories(n) for kind in ("use", "store")})


def stores(s: Stmt, st: Storage) -> tuple[str, ...]:
    """The arrays whose elements the statement itself changes."""
    match s:
        case Assign(_, Index(Var(a), _), _) | Accum(_, Index(Var(a), _), _):
            return (a,)
        case Assign(_, Var(_), Call(fn, (Var(a), *_))) if fn in IN_PLACE and st.is_array(a):
            return (a,)
        case Assign(_, _, Call(Routine() as fn, args)):
            return tuple(v.name for k in fn.changes if isinstance(v := args[k], Var))
    return ()


# ---- decisions ---------------------------------------------------------------------------------


def changed(st: Storage) -> set[str]:
    """The parameters and frozen globals that the function writes, directly or under another name."""
    written = {m for s in walk(st.f.body) for a in stores(s, st) for m in st.memories(a)}
    return {x for x in (*st.f.params, *st.f.constants) if st.is_array(x) and st.reach(frozenset({x})) & written}


def settle(st: Storage, findings: Findings) -> None:
    """For each joined array: does it take over its source, or a copy; refuse what is neither."""
    failed: list[tuple[Move, str, str]] = []
    for s in walk(st.f.body):
        if isinstance(s, Move):
            taken = st.takers[s] = {}
            for t, v in zip(s.targets, s.sources, strict=True):
                joined = t.name in st.choices or st.same.get(t.name) == t.name
                if isinstance(v, Var) and st.is_array(t.name) and joined:
                    memory = settle_one(st, s, t.name, v.name, taken)
                    if memory is not None:
                        failed.append((s, t.name, memory))
    for s, target, memory in failed:
        found = {j: st.choices.get(j, frozenset()) | roots for j, roots in places_of(st, target).items()}
        found = {j: roots for j, roots in found.items() if st.choices.get(j) != roots}
        if not found:
            refuse(st, s, target, memory, findings)
        st.candidates |= found


SOMETIMES = ""  # takes an array over: a name that may also stand for another one then


def settle_one(st: Storage, s: Move, target: str, source: str, taken: dict[str, str]) -> str | None:
    """How a joined name is bound; the memory that it can neither take over nor copy."""
    new = frozenset(m for m in st.new_to(target, source) if taken.get(m) not in st.choices.get(target, ()))
    if not new:
        return None
    rebound = {target, *(t.name for t in s.targets)}

    def left(memory: str) -> bool:
        """Is the array nobody else's from here on?"""
        free = memory not in taken and memory not in (*st.f.params, *st.f.constants)
        return free and (memory in rebound or ("use", memory) not in st.after[s])

    if all(is_whole(st, source, m, set()) and left(m) for m in new):
        always = len(st.memories(source)) == 1
        taken.update(dict.fromkeys(new, target if always else SOMETIMES))
        return None
    if any(("store", n) in st.after[s] for n in st.reach(new) | {target}) and not alone(st, s, target, new):
        return min(new)
    st.copied.setdefault(s, set()).add(target)
    if target in st.choices and target not in st.choices[target]:
        st.candidates[target] = st.choices[target] | {target}
    return None


def is_whole(st: Storage, name: str, memory: str, seen: set[str]) -> bool:
    """Does a name, whenever it looks at this array, stand for all of it?"""
    if st.identity(name) == memory or name in seen:
        return True
    sources = st.sources.get(name, ()) if name in st.choices else ()
    found = [s for s in sources if memory in st.memories(s)]
    return bool(found) and all(is_whole(st, s, memory, seen | {name}) for s in found)


def refuse(st: Storage, s: Move, target: str, memory: str, findings: Findings) -> None:
    name, other = user_name(st.f, target), user_name(st.f, memory)
    if name == other or name.startswith("_t") or other.startswith("_t"):
        known = next((f", `{n}`," for n in (name, other) if not n.startswith("_t")), "")
        findings.add(
            s.loc,
            f"there are two names for one array{known} that is changed later",
            "make a copy where the second name begins: `b = a.copy()`",
        )
        return
    findings.add(
        s.loc,
        f"`{name}` and `{other}` are two names for one array that is changed later",
        f"make a copy where the second name begins: `{name} = {other}.copy()`",
    )


def alone(st: Storage, s: Move, target: str, new: frozenset[str]) -> bool:
    """Is the memory, after this `Move`, looked at under the name of the target only? Then that may be a copy."""
    bound = list(zip(s.targets, s.sources, strict=True))
    if any(t.name != target and isinstance(v, Var) and st.memories(v.name) & new for t, v in bound):
        return False
    others = st.reach(new) - {target, *(t.name for t, _ in bound if t.name in new)}
    return not any(("use", n) in st.after[s] for n in others)


def places_of(st: Storage, name: str) -> dict[str, frozenset[str]]:
    """The joined names that hand memory to this one, itself included, as names for one place or another.

    Each stands for places in the arrays that are the same wherever it is in use; others it takes over.
    """
    joins = bindings(st)
    arrive: dict[str, list[Arrival]] = {}
    todo = [name]
    while todo:
        j = todo.pop()
        if j not in arrive:
            arrive[j] = [arrival(st, s, j) for s, _ in joins[j]]
            todo += [m for a in arrive[j] for m in a.old if m in joins]
    places, used = blocks_of(st)
    roots: dict[str, set[str]] = {j: {r for a in arrive[j] for r in a.new} for j in arrive}
    lost: dict[str, set[str]] = {j: set() for j in arrive}

    def found(j: str) -> frozenset[str]:
        lasting = {r for r in roots[j] - lost[j] if lasts(r, j, places, used, joins)}
        return frozenset(lasting | ({j} if lasting != roots[j] else set()))

    grows = True
    while grows:
        before = sum(map(len, (*roots.values(), *lost.values())))
        for j, arrivals in arrive.items():
            for a in arrivals:
                old = {r for m in a.old for r in (found(m) if m in arrive else {m})} - {j}
                roots[j] |= old
                lost[j] |= old & a.rebound
        grows = before != sum(map(len, (*roots.values(), *lost.values())))
    return {j: known for j in arrive if (known := found(j)) - {j}}


class Arrival(NamedTuple):
    """What a `Move` binds a joined name to."""

    old: frozenset[str]  # memory, under the names it had before
    new: frozenset[str]  # names that take over, at the same time, what it is bound to
    rebound: frozenset[str]  # the names that stand for other arrays from here on


def arrival(st: Storage, s: Move, name: str) -> Arrival:
    pairs = [(t.name, v.name) for t, v in zip(s.targets, s.sources, strict=True) if isinstance(v, Var)]
    memories = next((st.memories(v) for t, v in pairs if t == name), frozenset())
    takers = {m: t for m, t in st.takers.get(s, {}).items() if t not in (name, SOMETIMES)}
    return Arrival(
        frozenset(m for m in memories if m not in takers),
        frozenset(takers[m] for m in memories if m in takers),
        frozenset(t for t, v in pairs if t != v),
    )


Bindings = dict[str, list[tuple[Move, Path]]]


def bindings(st: Storage) -> Bindings:
    """The `Move`s that bind each joined name, and the blocks they stand in."""
    found: Bindings = {j: [] for j in st.sources}
    for path, s in with_paths(st.f.body, ()):
        if isinstance(s, Move):
            for t in s.targets:
                if t.name in found:
                    found[t.name].append((s, path))
    return found


def shared(paths: list[Path]) -> Path:
    """The blocks in which all of these are."""
    return tuple(ns[0] for ns in itertools.takewhile(lambda ns: len({*ns}) == 1, zip(*paths, strict=False)))


def lasts(root: str, name: str, places: dict[str, Path], used: dict[str, list[Path]], joins: Bindings) -> bool:
    """Is this the same array as long as the joined name stands for a place in it?"""
    if root not in joins:
        return covers(places.get(root, ()), used[name])
    own = {id(s) for s, _ in joins[name]}
    if all(id(s) in own for s, _ in joins[root]):
        return True
    paths = [path for _, path in joins[root]]
    home = shared(paths)
    if home in paths:  # carried by the loop behind this: as long as an iteration
        home = next((p[: len(home) + 1] for p in paths if p != home), home)
    return covers(home, used[name])


def user_name(f: Function, name: str) -> str:
    """The user's name of an ssa name; of a temporary, the name that takes it over."""
    seen: set[str] = set()
    while name.startswith("_t") and name not in seen:
        seen.add(name)
        name = next((n for n in named_after(f, name)), name)
    return target_name(name)


def named_after(f: Function, name: str) -> Iterator[str]:
    for s in walk(f.body):
        match s:
            case Assign(_, Var(t), Var(v)) if v == name:
                yield t
            case Move():
                yield from (t.name for t, v in zip(s.targets, s.sources, strict=True) if v == Var(name))
            case Assign(_, Var(t), value) if name in variables(value) and not t.startswith("_t"):
                yield t


def target_name(name: str) -> str:
    """The user's name of an ssa name."""
    head, _, tail = name.rpartition("_")
    return head if head and tail.isdigit() else name
