"""What the backward sweep wants of the forward sweep, and how it gets it.

The adjoint statements are built first; the primal names they read are wanted. A name made outside loops still has
its value in the backward sweep. A name made in a loop is recorded when it is made, or recomputed, or read again
from its array; an array element that is read again and overwritten in between is saved by the overwriting store.
"""

from __future__ import annotations

import operator as op
from collections.abc import Mapping
from dataclasses import dataclass, field

from numba.core import types

from .. import primitives as p
from ..analyses import ALLOCATIONS, place_in
from ..infer import is_array
from ..ir import (
    Accum,
    Assign,
    Call,
    Const,
    Expr,
    For,
    If,
    Index,
    Stmt,
    Unpack,
    Var,
    While,
    bound,
    operands,
    reads,
    variables,
    walk,
    written,
)
from ..rules import cost as rule_cost
from ..rules import is_draw
from .adjoint import extents
from .checkpoints import Replay
from .context import Context
from .mincut import FOREVER, SINK, SOURCE, Network
from .states import Loop

DIVISION = 2  # of integers
RECORD = 6  # a store, a load and the memory between, in units of one addition
RELOAD = 1
UNDO = 6


@dataclass
class Plan:
    recorded: set[str] = field(default_factory=set)
    recomputed: set[str] = field(default_factory=set)
    saved_stores: set[Stmt] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)  # storage whose elements the backward sweep reads


@dataclass
class Wants:
    """name → statements whose backward piece reads it, each in the scope where it stands."""

    direct: dict[str, list[Stmt]] = field(default_factory=dict)
    whole: list[tuple[str, Stmt]] = field(default_factory=list)  # arrays whose elements a piece reads

    def add(self, name: str, s: Stmt) -> None:
        self.direct.setdefault(name, []).append(s)


def goes_back(s: Stmt, pieces: dict[Stmt, list[Stmt]]) -> bool:
    """Does anything in this statement have a backward piece?"""
    return any(pieces.get(t) for t in walk((s,)))


def wants(c: Context, pieces: dict[Stmt, list[Stmt]], counts: dict[Stmt, str], replays: Mapping[Loop, Replay]) -> Wants:
    out = Wants()
    for s in walk(c.f.body):
        if not goes_back(s, pieces):
            continue
        piece = pieces.get(s, [])
        replay = replays.get(s) if isinstance(s, For | While) else None
        taken_back = replay.state.arrays if replay is not None else ()
        for n in reads(*piece) - {m for t in walk(piece) for m in bound(t)} - c.made:
            if is_array(c.types[n]) and n not in taken_back and reads_elements(piece, n):
                out.whole.append((n, s))
            out.add(n, s)
        for n in replay.wanted if replay is not None else ():
            out.add(n, s)
        if isinstance(s, If):
            for n in variables(s.cond):
                out.add(n, s)
        elif isinstance(s, For):
            bounds = (s.start, s.step) if s in counts else (s.start, s.stop, s.step)
            for n in variables(*bounds):
                out.add(n, s)
        if s in counts:
            out.add(counts[s], s)
    for a in sorted(c.active):
        if any(loop in replays for loop in c.defs[a].outer.loops):
            continue
        if is_array(c.types[a]) and c.defs[a].outer.loops and c.defs[a].kind != "carried":
            last = c.defs[a].outer.block[-1]
            for n in variables(*extents(a, c)):
                out.add(n, last)
    return out


def reads_elements(piece: list[Stmt], array: str) -> bool:
    """Does a piece look into an array (and not only at its shape)?"""

    def looks(e: Expr) -> bool:
        match e:
            case Var(n):
                return n == array
            case Call(p.shape):
                return False
            case Index(Var(n), index):
                return n == array or any(map(looks, index))
            case Call(_, args):
                return any(map(looks, args))
        return False

    return any(looks(e) for s in walk(piece) for e in operands(s))


# ---- the decision --------------------------------------------------------------------------------


def decide(c: Context, wanted: Wants) -> Plan:
    """Record or recompute, by a minimum cut over everything that is made in loops."""
    network, plan = Network(), Plan()
    values = {n: d.stmts[0] for n, d in c.defs.items() if d.looped and d.kind == "single"}
    furthest = reach(c, wanted, values)
    for n in c.defs:
        if not c.defs[n].looped or c.defs[n].kind == "counter" or n not in furthest:
            continue
        weight = 8 ** min(4, len(c.defs[n].home.loops))
        if n in wanted.direct:
            network.penalty(SOURCE, ("wanted", n), FOREVER)
        network.penalty(("wanted", n), ("again", n), RECORD * weight)
        price = again_cost(n, values.get(n), furthest[n], c)
        network.penalty(("again", n), SINK, FOREVER if price is None else price * weight)
        if price is None:
            continue
        value = values[n].value  # type: ignore[attr-defined]
        for m in variables(value):
            if m in c.defs and c.defs[m].looped and c.defs[m].kind != "counter":
                network.penalty(("again", n), ("wanted", m), FOREVER)
        if isinstance(value, Index):
            network.penalty(("again", n), ("undo", c.same[value.array.name]), FOREVER)
    seen = accesses(c)
    for g in seen.stores:
        network.penalty(("undo", g), SINK, undo_cost(g, seen, c))
    for n, _ in wanted.whole:
        network.penalty(SOURCE, ("undo", c.same[n]), FOREVER)
    true = network.true_side()
    for n in furthest:
        if ("wanted", n) in true:
            (plan.recomputed if ("again", n) in true else plan.recorded).add(n)
    save_overwritten(c, wanted, plan, values, seen)
    return plan


def reach(c: Context, wanted: Wants, values: dict[str, Stmt]) -> dict[str, int]:
    """For each name that may be wanted: the furthest position in its home scope at whose adjoint it is wanted,
    if everything that can be recomputed is."""
    out: dict[str, int] = {}

    def want(n: str, s: Stmt | None, position: int | None = None) -> None:
        d = c.defs.get(n)
        if d is None or not d.looped or d.kind == "counter":
            return
        if position is None:
            assert s is not None
            position = (
                d.home.position(place_in(d.home, s, c.where)) if d.home in c.where[s].chain else len(d.home.block)
            )
        if out.get(n, -1) >= position:
            return
        out[n] = position
        made = values.get(n)
        if isinstance(made, Assign) and again_cost(n, made, -1, c) is not None:
            for m in variables(made.value):
                dm = c.defs.get(m)
                if dm is not None and dm.home is d.home:
                    want(m, None, position)
                elif dm is not None and dm.looped and dm.kind != "counter":
                    want(m, made)

    for n, stmts in wanted.direct.items():
        for s in stmts:
            want(n, s)
    return out


def again_cost(n: str, made: Stmt | None, furthest: int, c: Context) -> int | None:
    """What it costs to make a value once more in the backward sweep; None when it cannot be."""
    if not isinstance(made, Assign) or is_array(c.types[n]):
        return None
    match made.value:
        case Const():
            return 0
        case Var(m):
            return None if c.defs[m].kind in ("sum", "carried") else 0
        case Index(Var(a), _):
            return RELOAD if undisturbed(a, made, furthest, c) else None
        case Call(p.shape | p.trips):
            return 1
        case Call(fn) if is_draw(fn):
            return None
        case Call(fn, args) if fn not in ALLOCATIONS and not any(is_array(c.types.get(n)) for n in variables(*args)):
            return DIVISION if fn in (op.mod, p.from_front) and isinstance(c.types[n], types.Integer) else rule_cost(fn)
    return None


def undisturbed(a: str, load: Stmt, furthest: int, c: Context) -> bool:
    """Is no element of `a` written between a load and the last statement at whose adjoint its value is wanted?"""
    home = c.where[load]
    group = c.same[a]
    start = home.position(load)
    for s in home.block[start + 1 : furthest + 1]:
        for t in walk((s,)):
            if any(c.same.get(n, n) == group for n in written(t)):
                return False
    return True


Read = tuple[str, Stmt]  # the array's name, and the statement that reads its elements


@dataclass
class Accesses:
    """The statements that store into, and those that read elements of, each storage class."""

    stores: dict[str, list[Stmt]] = field(default_factory=dict)
    loads: dict[str, list[Read]] = field(default_factory=dict)


def accesses(c: Context) -> Accesses:
    out = Accesses()
    for s in walk(c.f.body):
        if isinstance(s, (Assign, Accum, Unpack)):
            target = None if isinstance(s, Unpack) else s.target
            places = target.index if isinstance(target, Index) else ()
            for n in {n for n in variables(s.value, *places) if is_array(c.types.get(n))}:
                out.loads.setdefault(c.same[n], []).append((n, s))
            if isinstance(target, Index):
                out.stores.setdefault(c.same[target.array.name], []).append(s)
    return out


def undo_cost(group: str, seen: Accesses, c: Context) -> int:
    """What it costs that every store into an array saves what it overwrites."""
    readers = seen.loads.get(group, ())
    total = 0
    for s in seen.stores.get(group, ()):
        if any(may_precede(r, s, group, c) for r in readers):
            total += UNDO * 8 ** min(4, len(c.where[s].loops))
    return min(total, FOREVER // 100)


def save_overwritten(c: Context, wanted: Wants, plan: Plan, values: dict[str, Stmt], seen: Accesses) -> None:
    """Find the stores that overwrite an element which the backward sweep reads again for an earlier statement."""
    again: dict[str, list[Read]] = {}
    for n, s in wanted.whole:
        again.setdefault(c.same[n], []).append((n, s))
    for n in plan.recomputed:
        made = values[n]
        if isinstance(made, Assign) and isinstance(made.value, Index):
            a = made.value.array.name
            again.setdefault(c.same[a], []).append((a, made))
    plan.groups = set(again)
    for group, readers in again.items():
        stores = seen.stores.get(group, ())
        plan.saved_stores |= {s for s in stores if any(may_precede(r, s, group, c) for r in readers)}


def may_precede(read: Read, store: Stmt, group: str, c: Context) -> bool:
    """Can a read run before `store` on the same memory?"""
    name, reader = read
    assert isinstance(store, (Assign, Accum))
    assert isinstance(store.target, Index)
    into = store.target.array.name
    made = c.defs[into]
    if made.kind == "single" and c.at_once.get(name) != c.at_once.get(into):
        # the array was new when it got this name; under any other it is known only after the last store by this one
        return False
    a, b = c.where[reader], c.where[store]
    shared = [x for x in a.chain if x in b.chain][-1]
    one, two = place_in(shared, reader, c.where), place_in(shared, store, c.where)
    if one is two:
        before = not isinstance(one, If)  # else on different branches
    else:
        before = shared.position(one) < shared.position(two)
    if before or not shared.loops:
        return before
    # around a common loop, unless the memory is new in each of its iterations
    return not (made.kind == "single" and shared.loops[-1] in made.home.loops)
