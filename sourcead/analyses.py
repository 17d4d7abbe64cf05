"""Facts about programs: each analysis is a function from program to mapping, nothing is written on the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core import types

from . import primitives as p
from .infer import is_float
from .ir import (
    Accum,
    Assign,
    Block,
    Call,
    Expr,
    For,
    Function,
    If,
    Index,
    Move,
    Pop,
    Push,
    Stmt,
    Unpack,
    Var,
    While,
    blocks,
    bound,
    reads,
    used,
    walk,
)
from .rules import is_constant
from .simplify.effects import mutated, storage

ALLOCATIONS: frozenset[Callable[..., Any]] = frozenset(
    {np.empty, np.zeros, np.ones, np.full, np.empty_like, np.zeros_like, np.ones_like, np.arange, np.linspace, np.eye}
)
"""Calls that make a new array without derivative."""

INTEGER_ATOMS: frozenset[Callable[..., Any]] = frozenset(
    {np.argsort, np.argpartition, np.flatnonzero, np.argwhere, np.searchsorted, np.digitize}
)
"""Calls that look at whole arrays and give integers: nothing flows through them."""


# ---- scopes: where a statement stands -----------------------------------------------------


@dataclass(frozen=True, eq=False)
class Scope:
    """A block in its place: the statement it belongs to, and the scope in which that statement stands."""

    block: Block
    owner: Stmt | None = None
    parent: Scope | None = None

    @property
    def chain(self) -> tuple[Scope, ...]:
        """From the function's body down to this scope."""
        return (*self.parent.chain, self) if self.parent is not None else (self,)

    @property
    def loops(self) -> tuple[For | While, ...]:
        """The loops around this scope, outermost first."""
        return tuple(s.owner for s in self.chain if isinstance(s.owner, (For, While)))

    def position(self, s: Stmt) -> int:
        return next(k for k, t in enumerate(self.block) if t is s)


def scopes(f: Function) -> tuple[dict[Stmt, Scope], Scope]:
    """The scope of every statement, and the scope of the function's body."""
    where: dict[Stmt, Scope] = {}

    def visit(scope: Scope) -> None:
        for s in scope.block:
            where[s] = scope
            for b in blocks(s):
                visit(Scope(b, s, scope))

    root = Scope(f.body)
    visit(root)
    return where, root


def common(a: Scope, b: Scope) -> Scope:
    """The innermost scope around both."""
    shared = [x for x, y in zip(a.chain, b.chain, strict=False) if x is y]
    return shared[-1]


def place_in(scope: Scope, s: Stmt, where: dict[Stmt, Scope]) -> Stmt:
    """The statement of `scope` itself that is or holds `s`."""
    while where[s] is not scope:
        owner = where[s].owner
        assert owner is not None
        s = owner
    return s


# ---- definitions ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Definition:
    """How a name gets its value.

    kind: "given" (parameter, frozen global), "single" (one `Assign`), "counter" (loop variable),
    "carried" (joined at a loop), "joined" (joined after an `If`), "sum" (`Accum`ulated in a loop), "open" (not
    defined on every path: it may keep its value from one iteration to the next, and so does its adjoint).
    home: the scope in which the value, once made, stays the same; for a carried name the loop's body.
    outer: where its adjoint lives; for a carried name the scope around the loop.
    """

    kind: str
    home: Scope
    outer: Scope
    stmts: tuple[Stmt, ...] = ()

    @property
    def looped(self) -> bool:
        return bool(self.home.loops)


def definitions(f: Function, where: dict[Stmt, Scope], root: Scope) -> dict[str, Definition]:
    """How every name gets its value; `where` and `root` are `scopes(f)`."""
    made: dict[str, list[Stmt]] = {}
    for s in walk(f.body):
        for n in bound(s):
            made.setdefault(n, []).append(s)
    used: dict[str, list[Scope]] = {}
    for s in walk(f.body):
        for n in reads_here(s):
            used.setdefault(n, []).append(where[s])
    out = {n: Definition("given", root, root) for n in (*f.params, *f.constants)}
    inner: dict[tuple[int, int], Scope] = {(id(sc.owner), id(sc.block)): sc for sc in where.values()}
    for n, stmts in made.items():
        out[n] = definition(n, stmts, used.get(n, []), where, inner)
    return out


def reads_here(s: Stmt) -> set[str]:
    """Names the statement itself reads, not its blocks."""

    return set(used(s))


def definition(
    n: str, stmts: list[Stmt], used: list[Scope], where: dict[Stmt, Scope], inner: dict[tuple[int, int], Scope]
) -> Definition:
    first = where[stmts[0]]
    if len(stmts) == 1 and isinstance(stmts[0], (Assign, Unpack, Pop)):
        cover = first
        for u in used:
            cover = common(cover, u)
        if cover is not first:  # read behind an `If` whose other branch raises
            return Definition("joined", cover, cover, tuple(stmts))
        return Definition("single", first, first, tuple(stmts))
    if len(stmts) == 1 and isinstance(stmts[0], For):
        body = inner.get((id(stmts[0]), id(stmts[0].body)), Scope(stmts[0].body, stmts[0], first))
        return Definition("counter", body, body, tuple(stmts))
    if len(stmts) == 1 and isinstance(stmts[0], Move) and all(first in u.chain for u in used):
        return Definition("joined", first, first, tuple(stmts))
    if any(isinstance(s, Accum) for s in stmts):
        plain = [where[s] for s in stmts if not isinstance(s, Accum)]
        home = plain[0] if plain else first
        for sc in plain[1:]:
            home = common(home, sc)
        if not plain:
            home = home.chain[0]
        return Definition("sum", home, home, tuple(stmts))
    top = first
    for s in stmts[1:]:
        top = common(top, where[s])
    cover = top
    for u in used:
        cover = common(cover, u)
    left = [sc for sc in top.chain[len(cover.chain) :] if isinstance(sc.owner, (For, While))]
    if left:  # read behind a loop before which it is not defined
        return Definition("carried", left[0], cover, tuple(stmts))
    direct = [s for s in stmts if where[s] is top]
    deeper = [s for s in stmts if where[s] is not top]
    if direct and deeper:  # bound before a loop of this scope and at the ends of its body
        loop = place_in(top, deeper[0], where)
        if isinstance(loop, (For, While)) and all(place_in(top, s, where) is loop for s in deeper):
            body = inner[(id(loop), id(loop.body))]
            if all(at_end(n, s, None, where) for s in deeper):
                return Definition("carried", body, top, tuple(stmts))
    if len(stmts) > 1 and len({place_in(top, s, where) for s in stmts}) == 1:  # in the branches of one `If`
        return Definition("joined", cover, cover, tuple(stmts))
    root = cover.chain[0]
    later = [s for s in stmts if where[s] is not root] or stmts  # without the value it has to begin with
    cover = where[later[0]]
    for scope in (*(where[s] for s in later), *used):
        cover = common(cover, scope)
    return Definition("open", cover, root, tuple(later))


def at_end(n: str, s: Stmt, body: Scope | None, where: dict[Stmt, Scope]) -> bool:
    """Is `n` not read after `s` in the same iteration of a loop's body (None: of the innermost loop's)?"""
    while True:
        scope = where[s]
        if n in reads(*scope.block[scope.position(s) + 1 :]):
            return False
        if scope is body or body is None and isinstance(scope.owner, (For, While)):
            return True
        if not isinstance(scope.owner, If):
            return False
        s = scope.owner


# ---- activity -----------------------------------------------------------------------------------


def differentiable(e: Expr) -> Iterator[str]:
    """The names through which a value depends on others smoothly (not indices, not comparisons)."""
    match e:
        case Var(n):
            yield n
        case Index(array, _):
            yield array.name
        case Call(fn, args) if fn not in ALLOCATIONS and not is_constant(fn) and fn is not p.shape:
            for a in args:
                yield from differentiable(a)


def active(f: Function, wrt: tuple[str, ...], results: tuple[str, ...]) -> set[str]:
    """Names that depend on `wrt` (varied) and on which `results` depend (useful); whole arrays, flow-insensitive."""
    same = storage(f)
    edges: list[tuple[str, str]] = []  # operand → result
    for s in walk(f.body):
        match s:
            case Assign(_, t, v) | Accum(_, t, v):
                name = t.array.name if isinstance(t, Index) else t.name
                edges += [(n, changed) for n in differentiable(v) for changed in (name, *mutated(v))]
            case Unpack():
                edges += [(n, t.name) for n in differentiable(s.value) for t in s.targets]
            case Move():
                for t, v in zip(s.targets, s.sources, strict=True):
                    edges += [(n, t.name) for n in differentiable(v)]
            case Push(_, stack, kept):
                edges.append((kept.name, stack.name))
            case Pop(_, popped, stack):
                edges.append((stack.name, popped.name))

    def key(n: str) -> str:
        return same.get(n, n)

    def carries(n: str) -> bool:
        t = f.types.get(n)
        return t is None or is_float(t) or isinstance(t, types.BaseTuple) and any(map(is_float, t))

    links = {(key(a), key(b)) for a, b in edges if carries(a) and carries(b)}
    varied = closure({key(n) for n in wrt}, links)
    useful = closure({key(n) for n in results}, {(b, a) for a, b in links})
    return {n for n in same if key(n) in varied and key(n) in useful and carries(n)}


def closure(start: set[str], links: set[tuple[str, str]]) -> set[str]:
    """Everything reachable from `start`."""
    after: dict[str, list[str]] = {}
    for a, b in links:
        after.setdefault(a, []).append(b)
    seen, work = set(start), list(start)
    while work:
        for n in after.get(work.pop(), ()):
            if n not in seen:
                seen.add(n)
                work.append(n)
    return seen
