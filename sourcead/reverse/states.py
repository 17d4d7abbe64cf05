"""What an iteration of a loop takes over from the one before: its *state*."""

from __future__ import annotations

import operator as op
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .. import primitives as p
from ..errors import Unsupported
from ..infer import is_array
from ..ir import Assign, Block, Call, Const, Expr, For, Move, Stmt, Var, While, bound, is_const, used, variables, walk
from ..simplify.dependence import only_accumulated, own_accesses
from ..simplify.effects import own_stores, rebinds_arrays
from ..ssa import Liveness
from .context import Context, plain
from .tapes import leaves_early

Loop = For | While


def runs_once(s: Stmt) -> bool:
    """Is it a call of which nothing is recorded, which is a loop with one iteration?"""
    if not (isinstance(s, For) and s.snapshots) or leaves_early(s):
        return False
    return is_const(s.start, 0) and is_const(s.stop, 1) and is_const(s.step, 1)


@dataclass(frozen=True)
class State:
    """What an iteration takes over from the one before."""

    carried: tuple[str, ...]  # all names by which something gets to the next iteration, or behind the loop
    numbers: tuple[str, ...]  # of these, the numbers that an iteration reads
    arrays: tuple[str, ...]  # the arrays that it reads, and changes or gives other names
    new: frozenset[str]  # of these arrays, those that have other names, or other memory, after an iteration
    changed: frozenset[str]  # and those whose elements an iteration may change

    @property
    def kept(self) -> bool:
        return bool(self.numbers or self.arrays)


def state_of(s: Loop, c: Context) -> State:
    bindings = {n for t in walk(s.body) for n in bound(t)}
    first = Liveness().start(s.body, frozenset(), frozenset())
    sums = only_accumulated(s.body)
    loop = {s.var.name} if isinstance(s, For) else set()
    carried = sorted(
        n for n in bindings - sums - loop if c.defs[n].kind == "carried" and c.defs[n].home.block is s.body
    )
    taken = [n for n in sorted(first) if n in c.types]
    numbers = tuple(n for n in taken if n in bindings - sums - loop and not is_array(c.types[n]))
    here = reads((s,))
    outside = {n for n, times in reads(c.f.body).items() if times > here[n]}
    for n in sorted(bindings - sums - loop - set(carried)):
        if n in outside or n in numbers:
            raise bound_elsewhere(n, s)
    shaped = (n for n in carried if n in c.active)  # its adjoint before an iteration has the extents that it has there
    arrays = sorted({n for n in (*taken, *shaped) if is_array(c.types[n])})
    places = lasting(s.body, arrays)
    same = c.same if rebinds_arrays(s.body, c.types) else c.at_once
    changed = {same[n] for t in walk(s.body) for n in own_stores(t) if n in places}
    read = {same[a.name] for t in walk(s.body) for a in own_accesses(t) if a.kind == "load" and a.name in same}
    final = written_ahead(s, arrays, c)
    kept = tuple(n for n in arrays if n in bindings or same[n] in read & changed and n not in final)
    changing = frozenset(n for n in kept if same[n] in changed)
    return State(tuple(carried), numbers, kept, frozenset(kept) & bindings, changing)


def written_ahead(s: Loop, arrays: Iterable[str], c: Context) -> set[str]:
    """Of these arrays those whose elements are read when they will not change any more, as in `u[t + 1] = f(u[t])`.

    Along one axis all places are the loop's variable plus constants, and none is counted from the end.
    """
    if not isinstance(s, For) or not isinstance(s.step, Const) or not s.step.value:
        return set()
    forwards, bound_below = s.step.value > 0, s.start if s.step.value > 0 else s.stop
    if not isinstance(bound_below, Const):
        return set()
    least = bound_below.value + (not forwards)
    out: set[str] = set()
    for n in arrays:
        met = [a for t in walk(s.body) for a in own_accesses(t) if c.same.get(a.name) == c.same[n]]
        places = [a.place for a in met if a.name == n and a.place is not None]
        for axis in range(min(map(len, places), default=0) if len(places) == len(met) else 0):
            found = [offset(place[axis], s.var, c) for place in places]
            offsets = [k for k in found if k is not None]
            if len(offsets) < len(found) or min(offsets) + least < 0:
                continue
            read = [k for k, a in zip(offsets, met, strict=True) if a.kind == "load"]
            stored = [k for k, a in zip(offsets, met, strict=True) if a.kind != "load"]
            if all((r < w) if forwards else (r > w) for r in read for w in stored):
                out.add(n)
    return out


def offset(e: Expr, v: Var, c: Context) -> int | None:
    """The constant by which an index differs from `v`."""
    if e == v:
        return 0
    match c.value_of(e.name) if isinstance(e, Var) else None:
        case Call(op.add, (a, Const(int(k)))) | Call(op.add, (Const(int(k)), a)):
            of = offset(a, v, c)
            return None if of is None else of + k
        case Call(op.sub, (a, Const(int(k)))):
            of = offset(a, v, c)
            return None if of is None else of - k
        case Call(p.from_front | p.place_within, (a, _)):
            return offset(a, v, c)
    return None


def reads(b: Block) -> Counter[str]:
    """How often names are read."""
    return Counter(n for t in walk(b) for n in used(t))


def bound_elsewhere(n: str, s: Loop) -> Unsupported:
    return Unsupported(
        f"`{plain(n)}` keeps its value from one iteration of a checkpointed loop to the next on some paths only",
        s.loc,
        "give it a value before the loop, and in every iteration",
    )


def lasting(body: Block, arrays: Iterable[str]) -> set[str]:
    """The names that may stand for memory of these arrays, inside of an iteration."""
    out, grown = set(arrays), 0
    while len(out) > grown:
        grown = len(out)
        for s in walk(body):
            match s:
                case Move(_, targets, sources):
                    out |= {t.name for t, v in zip(targets, sources, strict=True) if out & set(variables(v))}
                case Assign(_, Var(t), Var(v) | Call(p.stretch, (Var(v), *_))) if v in out:
                    out.add(t)
    return out


def permutation(s: Move, c: Context) -> dict[str, str]:
    """The part of a `Move` that exchanges arrays among themselves: target → source."""
    step = {
        t.name: v.name
        for t, v in zip(s.targets, s.sources, strict=True)
        if isinstance(v, Var) and is_array(c.types[t.name])
    }
    out = {}
    for n in step:
        seen, at = {n}, step[n]
        while at in step and at not in seen:
            seen.add(at)
            at = step[at]
        if at == n:
            out[n] = step[n]
    return out
