"""Loops of which few states are kept; an iteration runs again from the last one kept, and then back.

The forward sweep keeps states as the binomial schedule says.  The backward sweep takes the last one kept, goes on from
there (keeping others, now that there is room) to the iteration whose turn it is, which is a program of its own: it runs
once more, recording what it wants, and then runs its backward sweep.
Griewank and Walther, "Algorithm 799: revolve" (2000).
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numba.core import types

from .. import primitives as p
from ..analyses import Definition, definitions, scopes
from ..errors import Unsupported
from ..infer import is_array
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
    Loc,
    Move,
    Pop,
    Push,
    Raise,
    Return,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    is_const,
    reads,
    walk,
    with_blocks,
    writes,
    written,
)
from ..simplify.dce import dce
from ..simplify.dependence import only_accumulated
from ..simplify.effects import draws, own_stores
from .adjoint import zeros
from .context import INT, Context, dtype, plain, zero
from .states import Loop, State, bound_elsewhere, runs_once, state_of
from .tapes import Sites, leaves_early

TwoSweeps = Callable[[Context, Callable[[], Sequence[Stmt]]], tuple[list[Stmt], list[Stmt]]]


@dataclass
class Replay:
    """The backward sweep of a loop of which some states are kept."""

    state: State
    body: list[Stmt] | None  # where nothing is taken over: the body of the backward loop
    code: list[Stmt]  # the backward sweep; with a `body`, what follows it
    wanted: set[str]  # of the names that the sweeps make: what the forward sweep hands over


# ---- which loops ------------------------------------------------------------------------------------


def checkpointed_loops(c: Context, b: Block | None = None) -> list[Loop]:
    """The outermost loops that are marked so, and have something to do in the backward sweep."""
    out: list[Loop] = []
    for s in c.f.body if b is None else b:
        if isinstance(s, For | While) and s.snapshots:
            if any(n in c.active for t in walk(inside(s)) for n in written(t)):
                out.append(s)
        else:
            for inner in blocks(s):
                out += checkpointed_loops(c, inner)
    return out


def inside(s: Loop) -> Block:
    return s.body if isinstance(s, For) else (*s.test, *s.body)


def refuse_unrepeatable(s: Loop) -> None:
    where = "call, which runs" if runs_once(s) else "loop, whose iterations run"
    for t in walk(inside(s)):
        if draws(t) and not blocks(t) and not is_print(t):
            remedy = f"draw an array of them before the {where.split(',')[0]}"
            raise Unsupported(f"random numbers are drawn inside a checkpointed {where} several times", t.loc, remedy)


def is_print(s: Stmt) -> bool:
    return isinstance(s, Assign) and isinstance(s.value, Call) and s.value.fn is print


# ---- the sweeps of one loop -------------------------------------------------------------------------


@dataclass
class Schedule:
    """The names and statements by which states of a loop are kept and taken back."""

    s: Loop
    c: Context
    state: State
    stacks: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    then: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fresh = self.c.fresh
        self.kept = Var(fresh("kept", types.Array(types.int64, 1, "C")))
        self.held, self.due = Var(fresh("held", INT)), Var(fresh("due", INT))
        for n in self.state.numbers:
            self.places[n] = fresh(f"{plain(n)}_kept", types.Array(self.c.types[n], 1, "C"))
        for n in self.state.arrays:
            self.then[n] = fresh(f"{plain(n)}_then", self.c.types[n])
            self.stacks[n] = fresh(f"{plain(n)}_kept", self.c.types[n])

    def make(self) -> list[Stmt]:
        """Room for the states, none of them kept."""
        loc, room = self.s.loc, Call(p.pack, (Const(self.s.snapshots),))
        out: list[Stmt] = [Assign(loc, self.kept, Call(np.empty, (room, Const(np.int64))))]
        for n, place in self.places.items():
            out.append(Assign(loc, Var(place), Call(np.empty, (room, dtype(self.c.types[n])))))
        return [*out, Assign(loc, self.held, Const(0))]

    def keep(self, number: Expr, source: Callable[[str], str] = str) -> list[Stmt]:
        """Keep the state at the start of an iteration; source: where its parts are found."""
        loc = self.s.loc
        out: list[Stmt] = [Assign(loc, Index(self.kept, (self.held,)), number)]
        out += [Assign(loc, Index(Var(at), (self.held,)), Var(source(n))) for n, at in self.places.items()]
        for n, stack in self.stacks.items():
            copied = Var(self.c.fresh(f"{plain(n)}_copy", self.c.types[n]))
            out += [Assign(loc, copied, Call(np.copy, (Var(source(n)),))), Push(loc, Var(stack), copied)]
        return [*out, Accum(loc, self.held, Const(1))]

    def plan(self, at: Expr, end: Expr) -> list[Stmt]:
        """Find out where a state is kept next."""
        out: list[Stmt] = []
        free = self.c.flat(Const(self.s.snapshots) - self.held, self.s.loc, INT, out)
        return [*out, Assign(self.s.loc, self.due, Call(p.next_snapshot, (at, end, free)))]

    def keep_when_due(self, number: Expr, end: Expr) -> list[Stmt]:
        cond = self.c.temp(types.boolean)
        is_due = Assign(self.s.loc, cond, Call(op.eq, (number, self.due)))
        return [is_due, If(self.s.loc, cond, (*self.keep(number), *self.plan(number, end)))]

    def drop_all_but_first(self) -> list[Stmt]:
        loc = self.s.loc
        out: list[Stmt] = []
        for n, stack in self.stacks.items():
            again = Var(self.c.fresh("again", INT))
            pop = Pop(loc, Var(self.then[n]), Var(stack))
            out.append(For(loc, again, Const(1), self.held, Const(1), (pop,)))
        return [*out, Assign(loc, self.held, Const(1))]

    def take_back(self, number: Expr) -> tuple[list[Stmt], Var]:
        """The last state that is kept is that of the loop again, and stays kept unless it is that of `number`."""
        loc, c = self.s.loc, self.c
        at = Var(c.fresh("at", INT))
        out: list[Stmt] = [Accum(loc, self.held, Const(-1)), Assign(loc, at, Index(self.kept, (self.held,)))]
        out += [Assign(loc, Var(n), Index(Var(place), (self.held,))) for n, place in self.places.items()]
        stays: list[Stmt] = []
        for n, stack in self.stacks.items():
            then = Var(self.then[n])
            out.append(Pop(loc, then, Var(stack)))
            stays.append(Push(loc, Var(stack), then))
        cond = c.temp(types.boolean)
        out.append(Assign(loc, cond, Call(op.lt, (at, number))))
        out.append(If(loc, cond, (*stays, Accum(loc, self.held, Const(1)))))
        for n in self.stacks:
            out += taken_back(n, self.then[n], self.state, loc, c)
        return out, at


def taken_back(n: str, kept: str, state: State, loc: Loc | None, c: Context) -> list[Stmt]:
    """The array is again what it was when `kept` was made."""
    if n not in state.new:
        return filled(n, kept, loc, c)
    return [Assign(loc, Var(n), Call(np.copy, (Var(kept),)) if n in state.changed else Var(kept))]


def filled(a: str, b: str, loc: Loc | None, c: Context) -> list[Stmt]:
    """Store the elements of `b` into `a`, which has its extents."""
    counters = [Var(c.fresh(i, INT)) for i in "ijklmnop"[: c.types[a].ndim]]
    element = c.temp(c.types[a].dtype)
    place = tuple(counters)
    out: list[Stmt] = [Assign(loc, element, Index(Var(b), place)), Assign(loc, Index(Var(a), place), element)]
    for k, i in reversed(list(enumerate(counters))):
        n = c.temp(INT)
        out = [Assign(loc, n, Call(p.shape, (Var(a), Const(k)))), For(loc, i, Const(0), n, Const(1), tuple(out))]
    return out


def replayed(s: Loop, c: Context, sites: Sites, two_sweeps: TwoSweeps) -> Replay:
    """The backward sweep of a checkpointed loop; what the forward sweep does for it goes to `sites`."""
    refuse_unrepeatable(s)
    state = state_of(s, c)
    if runs_once(s):
        assert isinstance(s, For)
        return once_more(s, c, state, sites, two_sweeps)
    if isinstance(s, For) and not state.kept and not leaves_early(s):
        return Replay(state, there_and_back(s, c, state, two_sweeps), [], set())
    schedule, count = Schedule(s, c, state), counted(s, c, sites)
    out: list[Stmt] = []
    if c.where[s].loops:
        out += from_the_start(schedule, count, sites)
    else:
        keep_on_the_way(schedule, count, sites)
    count_on(count, s, c, sites)
    trip, end = Var(c.fresh("trip", INT)), Var(c.fresh("end", INT))
    body, at = schedule.take_back(trip)
    body += [Assign(s.loc, end, trip + 1), *schedule.plan(at, end), advance(schedule, at, trip, end)]
    body += [*number_to_variable(s, trip, c), *there_and_back(s, c, state, two_sweeps)]
    last = c.flat(count.trips - 1, s.loc, INT, out)
    out.append(For(s.loc, trip, last, Const(-1), Const(-1), tuple(body)))
    return Replay(state, None, out, count.wanted)


def memory_before(s: Loop, state: State, c: Context) -> Iterator[str]:
    """The arrays from before the loop that it may change."""
    scope = c.where[s]
    bindings = {n for t in walk(s.body) for n in bound(t)}
    yield from {n for t in walk(s.body) for n in own_stores(t) if is_array(c.types[n])} - bindings
    for t in scope.block[: scope.position(s)]:
        if isinstance(t, Move):
            yield from (v.name for a, v in zip(t.targets, t.sources, strict=True) if a.name in state.arrays)  # type: ignore


# ---- the forward sweep ------------------------------------------------------------------------------


@dataclass
class Count:
    """The iterations of a loop, counted from 0."""

    number: Expr  # of the present iteration, in the forward sweep
    trips: Expr  # how many there are
    known: bool  # before the loop?
    before: list[Stmt] = field(default_factory=list)  # statements that make `trips`, where it is known
    wanted: set[str] = field(default_factory=set)


def counted(s: Loop, c: Context, sites: Sites) -> Count:
    known = isinstance(s, For) and not leaves_early(s)
    if isinstance(s, For) and known and counts_itself(s):
        return Count(s.var, s.stop, True)
    done, trips = Var(c.fresh("trip_count", INT)), Var(c.fresh("trips_made", INT))
    sites.add(sites.before, s, Assign(s.loc, done, Const(0)))
    if isinstance(s, For) and known:
        return Count(done, trips, True, [Assign(s.loc, trips, Call(p.trips, (s.start, s.stop, s.step)))])
    scope = c.where[s]
    c.defs[trips.name] = Definition("single", scope, scope, (s,))
    sites.add(sites.after, s, Assign(s.loc, trips, done))
    return Count(done, trips, False, wanted={trips.name})


def count_on(n: Count, s: Loop, c: Context, sites: Sites) -> None:
    if not isinstance(s, For) or n.number != s.var:
        assert isinstance(n.number, Var)
        sites.add(sites.start, c.where[s.body[0]], Accum(s.loc, n.number, Const(1)))


def keep_on_the_way(schedule: Schedule, n: Count, sites: Sites) -> None:
    """States are kept in the forward sweep; as if the loop would end soon, while it is not known when it does."""
    s, c = schedule.s, schedule.c
    loc, start = s.loc, c.where[s.body[0]]
    sites.add(sites.before, s, *schedule.make(), *n.before, Assign(loc, schedule.due, Const(0)))
    end = n.trips
    if not n.known:
        end = Var(c.fresh("planned", INT))
        more = Assign(loc, end, Call(p.longer_plan, (end, Const(s.snapshots))))
        sites.add(sites.before, s, Assign(loc, end, Const(1)), more)
        longer = c.temp(types.boolean)
        again = (*schedule.drop_all_but_first(), more, Assign(loc, schedule.due, n.number))
        sites.add(sites.start, start, Assign(loc, longer, Call(op.eq, (n.number, end))), If(loc, longer, again))
    sites.add(sites.start, start, *schedule.keep_when_due(n.number, end))


def counts_itself(s: For) -> bool:
    return is_const(s.start, 0) and is_const(s.step, 1)


def entry(state: State, count: Count, s: Loop, c: Context, sites: Sites) -> tuple[dict[str, str], list[Stmt]]:
    """The forward sweep hands over the state before the loop: names for its parts, and statements after which the
    backward sweep has them."""
    scope = c.where[s]
    begin: dict[str, str] = {}
    out: list[Stmt] = []
    for n in (*state.numbers, *state.arrays):
        e = begin[n] = c.fresh(f"{plain(n)}_entry", c.types[n])
        if n in state.numbers:
            c.defs[e] = Definition("single", scope, scope, (s,))
            count.wanted.add(e)
            sites.add(sites.before, s, Assign(s.loc, Var(e), Var(n)))
        else:
            out += handed_over(n, e, s, c, sites)
    return begin, out


def from_the_start(schedule: Schedule, count: Count, sites: Sites) -> list[Stmt]:
    """In a loop that is recorded, the first state is all that the backward sweep is given."""
    s, c = schedule.s, schedule.c
    begin, out = entry(schedule.state, count, s, c, sites)
    some = c.temp(types.boolean)
    out += [*count.before, *schedule.make(), Assign(s.loc, some, Call(op.gt, (count.trips, Const(0))))]
    return [*out, If(s.loc, some, tuple(schedule.keep(Const(0), lambda n: begin[n])))]


def once_more(s: For, c: Context, state: State, sites: Sites, two_sweeps: TwoSweeps) -> Replay:
    """A loop with one iteration is a call of which nothing is recorded: it needs no schedule."""
    count = Count(s.var, s.stop, True)
    begin, out = entry(state, count, s, c, sites)
    out += [Assign(s.loc, Var(n), Var(begin[n])) for n in state.numbers]
    for n in state.arrays:
        out += taken_back(n, begin[n], state, s.loc, c)
    out += [Assign(s.loc, s.var, Const(0)), *there_and_back(s, c, state, two_sweeps)]
    return Replay(state, None, out, count.wanted)


def handed_over(n: str, copied: str, s: Loop, c: Context, sites: Sites) -> list[Stmt]:
    """A copy of an array from before the loop; statements after which the backward sweep has it."""
    sites.add(sites.before, s, Assign(s.loc, Var(copied), Call(np.copy, (Var(n),))))
    if not c.where[s].loops:
        return []
    stack = Var(c.fresh(f"{plain(n)}_saved", c.types[n]))
    sites.add(sites.before, s, Push(s.loc, stack, Var(copied)))
    return [Pop(s.loc, Var(copied), stack)]


def put_back(r: Replay, stores: set[Stmt], s: Loop, c: Context, sites: Sites) -> list[Stmt]:
    """Statements after which arrays hold what they held before the loop, where these stores would have to be undone."""
    classes = {c.same[n] for t in stores for n in own_stores(t)}
    out: list[Stmt] = []
    for n in sorted({n for n in memory_before(s, r.state, c) if c.same[n] in classes}):
        copied = c.fresh(f"{plain(n)}_before", c.types[n])
        out += [*handed_over(n, copied, s, c, sites), *filled(n, copied, s.loc, c)]
    return out


# ---- iterations once more ---------------------------------------------------------------------------


def number_to_variable(s: Loop, number: Expr, c: Context) -> list[Stmt]:
    """The loop's variable in the iteration of this number."""
    if not isinstance(s, For):
        return []
    if counts_itself(s):
        return [Assign(s.loc, s.var, number)]
    out: list[Stmt] = []
    value = c.flat(s.start + number * s.step, s.loc, INT, out)
    return [*out, Assign(s.loc, s.var, value)]


def advance(schedule: Schedule, at: Expr, trip: Expr, end: Expr) -> Stmt:
    """From the state that was taken back to the iteration whose turn it is."""
    s, c = schedule.s, schedule.c
    number = Var(c.fresh("number", INT))
    body = schedule.keep_when_due(number, end) if s.snapshots > 1 else []
    body += number_to_variable(s, number, c)
    body += repeated(s.body, own_names(s) | set(schedule.state.arrays))
    return For(s.loc, number, at, trip, Const(1), tuple(body))


def own_names(s: Loop) -> set[str]:
    """What an iteration binds for itself; what it only adds to is not its own."""
    counter = {s.var.name} if isinstance(s, For) else set()
    return counter | {n for t in walk(s.body) for n in bound(t)} - only_accumulated(s.body)


def repeated(b: Iterable[Stmt], own: set[str], inner: bool = False) -> list[Stmt]:
    """Statements that have run before: they do not leave the loop, raise or print, and change `own` names only."""
    out: list[Stmt] = []
    for s in b:
        if isinstance(s, Raise) or isinstance(s, Break) and not inner or is_print(s):
            continue
        if isinstance(s, Assign | Accum) and written(s)[0] not in own:
            continue
        if isinstance(s, For) and runs_once(s):
            out += [Assign(s.loc, s.var, Const(0)), *repeated(s.body, own, inner)]
            continue
        deeper = inner or isinstance(s, For | While)
        out.append(with_blocks(s, tuple(tuple(repeated(t, own, deeper)) for t in blocks(s))))
    return out


def there_and_back(s: Loop, c: Context, state: State, two_sweeps: TwoSweeps) -> list[Stmt]:
    """An iteration once more, and its backward sweep: from the adjoints of the state behind it to those before it."""
    behind = {n: c.fresh(plain(n), c.types[n]) for n in state.carried}
    for n, after in behind.items():
        c.same[after], c.at_once[after] = c.same[n], after
        c.made.discard(after)
    body = closed(s.body, behind, s)
    inner = iteration_context(s, body, behind, c)
    forward, backward = two_sweeps(inner, lambda: handed_back(body, behind, inner, s.loc))
    own = own_names(s) | set(behind.values()) | set(state.arrays) | c.made
    bars = sorted(inner.given)
    end = Return(s.loc, tuple(map(Var, bars)))  # whatever else the iteration leaves is not looked at
    whole = (*repeated(forward, own), *backward, end)
    return list(dce(Function(c.f.name, (*inner.f.params, *bars), whole, c.types, c.f.constants)).body[:-1])


def closed(b: Block, behind: dict[str, str], s: Loop) -> Block:
    """The body of the loop as that of a program: what is carried has a name of its own at the end."""
    *before, last = b or (None,)
    match last:
        case Break():
            return closed(tuple(before), behind, s)
        case Move() if any(t.name in behind for t in last.targets):
            return (*guarded(before, behind, s), handed_on(last, behind))
        case If() if any(n in behind for t in walk((last,)) for n in bound(t)) or leaves(last):
            sides = tuple(closed(side, behind, s) for side in blocks(last))
            return (*guarded(before, behind, s), with_blocks(last, sides))
    return (*guarded(b, behind, s), handed_on(Move(s.loc, (), ()), behind))


def leaves(s: Stmt) -> bool:
    return isinstance(s, Break) or isinstance(s, If) and any(leaves(t) for b in blocks(s) for t in b)


def guarded(b: Iterable[Stmt], behind: dict[str, str], s: Loop) -> Block:
    for t in walk(b):
        for n in bound(t):
            if n in behind:
                raise bound_elsewhere(n, s)
    return tuple(b)


def handed_on(s: Move, behind: dict[str, str]) -> Move:
    """What each carried name is behind the iteration; where it is not bound, it stays what it was."""
    pairs = [(Var(behind.get(t.name, t.name)), v) for t, v in zip(s.targets, s.sources, strict=True)]
    rebound = {t.name for t in s.targets}
    pairs += [(Var(after), Var(n)) for n, after in behind.items() if n not in rebound]
    return replace(s, targets=tuple(t for t, _ in pairs), sources=tuple(v for _, v in pairs))


def iteration_context(s: Loop, body: Block, behind: dict[str, str], c: Context) -> Context:
    """The body as a program: what it does not bind itself is given to it, and so are the adjoints of that."""
    own = {n for t in walk(body) for n in bound(t)} - only_accumulated(body)
    counter = {s.var.name} if isinstance(s, For) else set()
    given = (reads(*body) | writes(*body) | counter | behind.keys()) - own
    f = Function(c.f.name, tuple(sorted(given)), body, c.types, c.f.constants)
    where, root = scopes(f)
    defs = definitions(f, where, root)
    bars = {c.bar(n).name for n in sorted(given) if n in c.active}
    active = {n for n in c.active if n in defs} | {behind[n] for n in behind if n in c.active}
    return replace(c, f=f, where=where, root=root, defs=defs, active=active, given=c.given | bars)


def handed_back(body: Block, behind: dict[str, str], c: Context, loc: Loc | None) -> Sequence[Stmt]:
    """The adjoints of the state behind the iteration, from which the backward sweep starts."""
    out: list[Stmt] = []
    active = [n for n in behind if n in c.active]
    arrays = [n for n in active if is_array(c.types[n])]
    for n in active:
        if n not in arrays:
            out += [Assign(loc, c.bar(behind[n]), c.bar(n)), Assign(loc, c.bar(n), zero(c.types[n]))]
    if arrays:
        out.append(Move(loc, tuple(c.bar(behind[n]) for n in arrays), tuple(c.bar(n) for n in arrays)))
        stay = set.intersection(*map(set, ends(body)))
        out += [Assign(loc, c.bar(n), zeros(n, c)) for n in arrays if n not in stay]
    return out


def ends(b: Block) -> Iterator[list[str]]:
    """For each path through the body, the names that the state is made of behind it."""
    match b[-1]:
        case If() as last:
            for side in blocks(last):
                yield from ends(side)
        case Move(_, _, sources):
            yield [v.name for v in sources if isinstance(v, Var)]
