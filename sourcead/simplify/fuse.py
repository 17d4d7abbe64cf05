"""Loop fusion: neighbouring loops over the same range become one, and arrays between them become scalars.

The loops need not touch: what stands between them moves in front of the first or behind the second when
nothing depends on that.  This is what joins the forward sweep of a loop with its backward sweep when the
adjoint does not wait for the loop's result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..ir import (
    Block,
    Expr,
    For,
    Function,
    Namer,
    Stmt,
    Var,
    blocks,
    bound,
    names,
    rename,
    variables,
    walk,
    with_blocks,
)
from .contract import contract, define
from .copies import copies
from .cse import cse
from .dce import dce
from .dependence import exposed, fusable, independent
from .effects import Effects, conflict, effects, rebinds_arrays, storage
from .liveness import Liveness, liveness
from .stores import dead_stores

__all__ = ["fuse", "independent", "join"]

_ROUNDS = 12


def fuse(f: Function) -> Function:
    """Join loops and contract arrays until nothing changes."""
    for _ in range(_ROUNDS):
        joined = join(f)
        new = contract(define(joined))
        if new is f:
            break
        f = dce(dead_stores(dce(copies(cse(new)))))
    return f


def join(f: Function) -> Function:
    """Fuse the loops of every block; `f` itself when there is nothing to fuse."""
    for _ in range(_ROUNDS):
        if not has_alike(f.body):
            break
        p = _Pass(liveness(f), storage(f), storage(f, at_once=True), dict(f.types), Namer(names(f)))
        body = p.block(f.body)
        if not p.changed:
            break
        f = replace(f, body=body, types=p.types)
    return f


def has_alike(b: Block) -> bool:
    """Are there two loops over the same range in one block?"""
    ranges = [_range(s) for s in b if isinstance(s, For)]
    return len(set(ranges)) < len(ranges) or any(has_alike(c) for s in b for c in blocks(s))


@dataclass
class _Pass:
    """One round: fuses in every block that is not inside a loop made in this round."""

    live: Liveness
    classes: Mapping[str, str]
    at_once: Mapping[str, str]  # the same while no array name is bound again
    types: dict[str, Any]
    fresh: Namer
    changed: bool = False

    def __post_init__(self) -> None:
        self.known: dict[Stmt, Effects] = {}
        self.made: set[Stmt] = set()

    def effects(self, s: Stmt) -> Effects:
        if s not in self.known:
            self.known[s] = effects((s,), self.classes)
        return self.known[s]

    def block(self, b: Block) -> Block:
        stmts = list(b)
        k = 0
        while k < len(stmts):
            if isinstance(stmts[k], For) and (new := self.extend(stmts, k)) is not None:
                stmts, k = new
            else:
                k += 1
        return tuple(s if s in self.made else with_blocks(s, tuple(map(self.block, blocks(s)))) for s in stmts)

    def extend(self, stmts: list[Stmt], k: int) -> tuple[list[Stmt], int] | None:
        """Fuse the loop at `k` with a later one of its block: the new block and the loop's new place."""
        first = stmts[k]
        assert isinstance(first, For)
        for m in range(k + 1, len(stmts)):
            second = stmts[m]
            if not (isinstance(second, For) and second in self.live.after and _range(second) == _range(first)):
                continue
            split = self.make_room(first, stmts[k + 1 : m], second)
            if split is None:
                continue
            up, down = split
            after = self.live.after[second] | self._uses(down)
            joined = self.join(first, second, after)
            if joined is not None:
                self.changed = True
                self.widen(joined, stmts[k : m + 1], after)
                return [*stmts[:k], *up, joined, *down, *stmts[m + 1 :]], k + len(up)
        return None

    def _uses(self, stmts: list[Stmt]) -> frozenset[str]:
        return frozenset().union(*(self.effects(s).uses for s in stmts)) if stmts else frozenset()

    def widen(self, joined: For, moved: list[Stmt], after: frozenset[str]) -> None:
        """Keep liveness on the safe side for statements that changed places."""
        self.made.add(joined)
        wanted = after | self._uses(moved)
        self.live.after[joined] = after
        for s in moved:
            self.live.after[s] = self.live.after.get(s, frozenset()) | wanted

    def make_room(self, first: For, between: list[Stmt], second: For) -> tuple[list[Stmt], list[Stmt]] | None:
        """Which of the statements between two loops go before the first, and which behind the second."""
        up: list[Stmt] = []
        down: list[Stmt] = []
        held = self.effects(first)  # what a statement must not conflict with to go up
        for s in between:
            x = self.effects(s)
            if not conflict(x, held):
                up.append(s)
            elif conflict(x, self.effects(second)):
                return None
            else:
                down.append(s)
                held = held | x
        bounds = set(variables(second.start, second.stop, second.step))
        return None if bounds & self.effects(first).binds else (up, down)

    def join(self, a: For, b: For, live: frozenset[str]) -> For | None:
        if a.var.name in live or b.var.name in live:
            return None
        if a.var != b.var:
            if a.var.name in exposed(b.body)[0]:
                return None
            b = self.with_variable(b, a.var)
        bodies = (*a.body, *b.body)
        if not fusable(a, b, self.classes if rebinds_arrays(bodies, self.types) else self.at_once, live):
            return None
        return replace(a, body=(*a.body, *b.body))

    def with_variable(self, s: For, v: Var) -> For:
        """The loop counting in `v`; an inner use of that name gets a name of its own."""
        env = {s.var.name: v.name}
        if any(v.name in bound(c) for c in walk(s.body)):
            env[v.name] = self.fresh(v.name)
            self.types[env[v.name]] = self.types.get(v.name)
        new = rename(s, env)
        assert isinstance(new, For)
        return new


def _range(s: For) -> tuple[Expr, Expr, Expr, bool, int]:
    """What two loops must have in common; a serial loop would keep a parallel one from being that."""
    return s.start, s.stop, s.step, s.parallel, s.snapshots
