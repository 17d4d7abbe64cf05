"""Loops whose iterations go forwards again, and then back, one by one.

A record whose length is not known before the loop (of a `while`, of an inner loop with bounds of the iteration's own),
and an array that each iteration makes, would be handed from iteration to iteration by a running index or a stack: then
the iterations of a `prange` loop could not run at the same time. So the body of such a loop is taken for a program of
its own. In the backward sweep each iteration repeats it, recording what it wants, and then runs its backward sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..analyses import Definition, definitions, scopes
from ..errors import InternalError
from ..infer import is_array
from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    For,
    Function,
    Index,
    Move,
    Stmt,
    Unpack,
    Var,
    While,
    blocks,
    bound,
    operands,
    reads,
    variables,
    walk,
    with_blocks,
    writes,
)
from ..simplify.dependence import counts_up_from_zero, only_accumulated, shared_sums
from ..simplify.effects import ALLOCATIONS, is_mutating, may_raise
from .adjoint import adjoint
from .checkpoints import checkpointed_loops, put_back, replayed
from .context import INT, Context
from .plan import accesses, decide, goes_back, may_precede, wants
from .sweeps import Sweeps
from .tapes import Tapes, leaves_early


def two_sweeps(c: Context, seed: Callable[[], Sequence[Stmt]]) -> tuple[list[Stmt], list[Stmt]]:
    """The forward and the backward sweep of the program of `c`, the latter beginning with `seed()`."""
    tapes = Tapes(c)
    marked = checkpointed_loops(c)
    apart = [s for s in loops_apart(c) if not any(s in walk((m,)) for m in marked)]
    inside = {t for s in (*apart, *marked) for b in blocks(s) for t in walk(b)}
    pieces = {s: code for s in walk(c.f.body) if s not in inside and (code := adjoint(s, c))}
    bodies: dict[Stmt, list[Stmt]] = {s: code for s in apart if (code := there_and_back(s, c))}
    pieces |= {s: [with_blocks(s, (tuple(code),))] for s, code in bodies.items()}
    replays = {s: replayed(s, c, tapes.sites, two_sweeps) for s in marked}
    pieces |= {s: r.code if r.body is None else [with_blocks(s, (tuple(r.body),))] for s, r in replays.items()}
    counts = count_trips(c, pieces, tapes, inside | set(marked))
    plan = decide(c, wants(c, pieces, counts, replays))
    for s, r in replays.items():
        r.code += put_back(r, plan.saved_stores & set(walk(s.body)), s, c, tapes.sites)
        plan.saved_stores -= set(walk(s.body))
    if plan.saved_stores & inside:
        raise InternalError("a loop whose iterations are repeated overwrites what they read")
    sweeps = Sweeps(c, plan, pieces, counts, tapes, bodies, replays)
    backward, _ = sweeps.backward(c.f.body, seed())
    return [*tapes.sites.top, *sweeps.forward(c.f.body)], backward


def stores(s: Stmt) -> bool:
    return isinstance(s, (Assign, Accum)) and isinstance(s.target, Index)


def count_trips(c: Context, pieces: dict[Stmt, list[Stmt]], tapes: Tapes, others: set[Stmt]) -> dict[Stmt, str]:
    """Loops whose trip count is not known on entry count their iterations in the forward sweep; not the `others`."""
    counts: dict[Stmt, str] = {}
    sites = tapes.sites
    for s in list(walk(c.f.body)):
        if s in others or not (isinstance(s, While) or isinstance(s, For) and leaves_early(s)):
            continue
        if not goes_back(s, pieces) and not any(map(stores, walk((s,)))):  # what is overwritten may have to be put back
            continue
        running, final = c.fresh("trip_count", INT), c.fresh("trips_made", INT)
        sites.add(sites.before, s, Assign(s.loc, Var(running), Const(0)))
        sites.add(sites.after, s, Assign(s.loc, Var(final), Var(running)))
        inner = c.where[s.body[0]]
        sites.add(sites.start, inner, Accum(s.loc, Var(running), Const(1)))
        scope = c.where[s]
        c.defs[final] = Definition("single", scope, scope, (s,))
        counts[s] = final
    return counts


# ---- one iteration as a program --------------------------------------------------------------------


def there_and_back(s: For, c: Context) -> list[Stmt]:
    """The body of the backward loop: an iteration once more, without what it does to others, then its adjoint."""
    inner = body_context(s, c)
    forward, backward = two_sweeps(inner, tuple)
    if not backward:
        return []
    return [*private(forward, own_names(s) | c.made), *backward]


def own_names(s: For) -> set[str]:
    """What an iteration binds for itself; what it only adds to is not its own."""
    return {n for t in walk(s.body) for n in bound(t)} - only_accumulated(s.body)


def body_context(s: For, c: Context) -> Context:
    """The body as a program: what it does not bind itself is given to it, and so are the adjoints of that."""
    given = (reads(*s.body) | writes(*s.body) | {s.var.name}) - own_names(s)
    f = Function(c.f.name, tuple(sorted(given)), s.body, c.types, c.f.constants)
    where, root = scopes(f)
    defs = definitions(f, where, root)
    bars = {c.bar(n).name for n in sorted(given) if n in c.active}
    active = {n for n in c.active if n in defs}
    return replace(c, f=f, where=where, root=root, defs=defs, active=active, given=c.given | bars)


def private(b: Iterable[Stmt], own: set[str]) -> list[Stmt]:
    """The statements without those that change what is not `own`."""
    out = []
    for s in b:
        if isinstance(s, Assign | Accum) and target(s) not in own:
            continue
        out.append(with_blocks(s, tuple(tuple(private(inner, own)) for inner in blocks(s))))
    return out


def target(s: Assign | Accum) -> str:
    return s.target.array.name if isinstance(s.target, Index) else s.target.name


# ---- which loops --------------------------------------------------------------------------------------


def loops_apart(c: Context, b: Block | None = None) -> list[For]:
    """The `prange` loops that would not run in parallel otherwise, and may be repeated one iteration at a time."""
    out: list[For] = []
    for s in c.f.body if b is None else b:
        if isinstance(s, For) and s.parallel:
            out += [s] if hands_on_records(s, c) and repeatable(s, c) else []
        else:
            for inner in blocks(s):
                out += loops_apart(c, inner)
    return out


def hands_on_records(s: For, c: Context) -> bool:
    """Would the sweeps keep something whose place depends on earlier iterations?"""
    own = own_names(s)
    return any(
        isinstance(t, While)
        or isinstance(t, For)
        and (leaves_early(t) or bool(own & set(variables(t.start, t.stop, t.step))))
        or isinstance(t, Assign | Move | Unpack)
        and any(is_array(c.types.get(n)) for n in bound(t))
        for t in walk(s.body)
    )


def repeatable(s: For, c: Context) -> bool:
    """Are iterations independent, and is what they store into new, and read behind the loop only?"""
    inside = set(walk(s.body))
    evaluated = [e for t in inside for e in operands(t)]
    if any(map(may_raise, evaluated)) or any(map(is_mutating, evaluated)):
        return False
    outside = {n for t in walk(c.f.body) if t not in inside for n in variables(*operands(t))}
    if shared_sums(s.body, s.var.name, c.same, outside, counts_up_from_zero(s)) is None:
        return False
    seen, own = accesses(c), own_names(s)
    for group, stores in seen.stores.items():
        mine = [t for t in stores if t in inside and isinstance(t, Assign | Accum) and target(t) not in own]
        if any(not allocated(target(t), c) or precede(seen.loads.get(group, ()), t, group, c) for t in mine):
            return False
    return True


def allocated(a: str, c: Context) -> bool:
    """Is the array made by one statement, with no contents or constant ones?"""
    match c.defs[a].stmts:
        case (Assign(_, Var(), Call(fn)),) if c.defs[a].kind == "single":
            return fn in ALLOCATIONS
    return False


def precede(loads: Iterable[tuple[str, Stmt]], store: Stmt, group: str, c: Context) -> bool:
    return any(may_precede(r, store, group, c) for r in loads)
