"""The two sweeps: the primal with what is recorded, then the adjoint statements in reverse."""

from __future__ import annotations

import operator as op
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .. import primitives as p
from ..analyses import Scope, at_end, place_in
from ..errors import InternalError, Unsupported
from ..infer import is_array
from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    For,
    If,
    Index,
    Move,
    Pop,
    Push,
    Return,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    is_const,
    reads,
    variables,
    walk,
    with_blocks,
    writes,
)
from ..simplify.dependence import counts_up_from_zero, independent
from ..simplify.effects import rebinds_arrays
from .adjoint import extents, zeros
from .checkpoints import Replay
from .context import INT, Context, plain, scalar_type, zero
from .plan import Plan
from .states import Loop, permutation, runs_once
from .tapes import Tapes, leaves_early


@dataclass
class Sweeps:
    c: Context
    plan: Plan
    pieces: dict[Stmt, list[Stmt]]
    counts: dict[Stmt, str]  # loop without known trip count → name of the number of trips made
    tapes: Tapes
    bodies: Mapping[Stmt, list[Stmt]]  # of loops whose iterations are repeated: the bodies of the backward loops
    replays: Mapping[Loop, Replay]  # of checkpointed loops
    inner: dict[int, Scope] = field(default_factory=dict)
    slots: dict[str, tuple[str, tuple[Expr, ...]]] = field(default_factory=dict)
    stacks: dict[str, str] = field(default_factory=dict)
    restored: set[str] = field(default_factory=set)
    positions: dict[Stmt, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for k, (s, scope) in enumerate(self.c.where.items()):
            self.inner[id(scope.block)] = scope
            self.positions[s] = k

    # ---- backward ---------------------------------------------------------------------------

    def backward(self, block: Block, seed: Sequence[Stmt] = ()) -> tuple[list[Stmt], set[str]]:
        """The backward sweep of a block, and the primal names it wants of the blocks around it."""
        if not block:
            return [], set()
        scope = self.inner[id(block)]
        out: list[Stmt] = list(seed)
        outside: set[str] = set()
        for name in sorted(self.c.active):
            d = self.c.defs[name]
            # the adjoint of a carried array begins as that of the copy behind the loop
            if is_array(self.c.types[name]) and d.outer is scope and scope.loops and d.kind != "carried":
                for n in variables(*extents(name, self.c)):
                    out += self.ensure(n, scope, outside)
        for s in reversed(block):
            code, wanted = self.step(s)
            for n in in_order(wanted, self.c):
                out += self.ensure(n, scope, outside)
            out += code
        if out and scope in self.tapes.running:
            out.append(Accum(None, Var(self.tapes.running[scope]), Call(op.neg, (Const(1),))))
        return self.define_adjoints(out, scope), outside

    def step(self, s: Stmt) -> tuple[list[Stmt], set[str]]:
        """The backward piece of a statement, and the primal names it reads."""
        match s:
            case If():
                then, a = self.backward(s.then)
                orelse, b = self.backward(s.orelse)
                if not then and not orelse:
                    return [], set()
                return [If(s.loc, s.cond, tuple(then), tuple(orelse))], a | b | set(variables(s.cond))
            case For() | While() if s in self.replays:
                return self.replay(s)
            case For() if s in self.bodies:
                return self.loop_back(s, self.bodies[s], self.read_by(self.bodies[s]))
            case For():
                body, wanted = self.backward(s.body)
                if not body:
                    return [], set()
                again, wanted = self.loop_back(s, body, wanted)
                return self.last_exchange(s) + again, wanted
            case While():
                body, wanted = self.backward(s.body)
                if not body:
                    return [], set()
                trip = Var(self.c.fresh("trip", INT))
                trips = Var(self.counts[s])
                repeat = For(s.loc, trip, Const(0), trips, Const(1), tuple(body))
                return [*self.last_exchange(s), repeat], wanted | {trips.name}
        undo = self.undo(s)
        code = self.exchange_back(s) + undo + list(self.pieces.get(s, ()))
        return code, (reads(*code) | writes(*undo)) - self.c.made

    def replay(self, s: Loop) -> tuple[list[Stmt], set[str]]:
        """The backward sweep of a checkpointed loop."""
        r = self.replays[s]
        wanted = self.read_by(r.code) | r.wanted
        if r.body is None:
            return r.code, wanted
        assert isinstance(s, For)
        again, more = self.loop_back(s, r.body, self.read_by(r.body))
        return [*again, *r.code], wanted | more

    def read_by(self, code: list[Stmt]) -> set[str]:
        """The primal names that a program of its own reads."""
        return reads(*code) - bindings(code) - self.c.made

    def loop_back(self, s: For, body: list[Stmt], wanted: set[str]) -> tuple[list[Stmt], set[str]]:
        """The loop once more, from its last iteration to its first."""
        out: list[Stmt] = []
        start, stop, step = s.start, s.stop, s.step
        wanted = wanted | set(variables(start, step))
        if s in self.counts:
            trips = Var(self.counts[s])
            wanted |= {trips.name}
            stop = self.c.flat(start + trips * step, s.loc, INT, out)
        else:
            wanted |= set(variables(stop))
            if self.any_order(s, body):
                return [replace(s, stop=stop, body=tuple(body))], wanted
        if is_const(step, 1):
            first: Expr = stop - 1
        elif is_const(step, -1):
            first = stop + 1
        else:
            count = self.c.flat(Call(p.trips, (start, stop, step)), s.loc, INT, out)
            first = start + (count - 1) * step
        first = self.c.flat(first, s.loc, INT, out)
        last = Const(start.value - step.value) if isinstance(start, Const) and isinstance(step, Const) else start - step
        last = self.c.flat(last, s.loc, INT, out)
        back = Const(-step.value) if isinstance(step, Const) else self.c.flat(-step, s.loc, INT, out)
        return [*out, replace(s, start=first, stop=last, step=back, body=tuple(body))], wanted

    def any_order(self, s: For, body: list[Stmt]) -> bool:
        """May the backward iterations run forwards? (That is faster.)"""
        classes = self.c.same if rebinds_arrays(body, self.c.types) else self.c.at_once
        return independent(tuple(body), s.var.name, classes, apart=counts_up_from_zero(s))

    def exchange_back(self, s: Stmt) -> list[Stmt]:
        """Exchanged arrays go back to the names they had, if the backward sweep looks into them."""
        if not isinstance(s, Move):
            return []
        swaps = {t: v for t, v in permutation(s, self.c).items() if self.c.same[t] in self.plan.groups}
        if not swaps:
            return []
        return [Move(s.loc, tuple(map(Var, swaps.values())), tuple(map(Var, swaps)))]

    def last_exchange(self, s: For | While) -> list[Stmt]:
        """In a loop, the arrays that an inner loop exchanges are kept as it leaves them, to be exchanged back."""
        if not self.c.where[s].loops:
            return []
        moves = [m for t in walk(s.body) for m in self.exchange_back(t) if isinstance(m, Move)]
        out: list[Stmt] = []
        for n in sorted({t.name for m in moves for t in m.targets if self.c.defs[t.name].home.owner is s}):
            stack = Var(self.c.fresh(f"{plain(n)}_saved", self.c.types[n]))
            self.tapes.sites.add(self.tapes.sites.after, s, Push(s.loc, stack, Var(n)))
            out.append(Pop(s.loc, Var(n), stack))
        return out

    def undo(self, s: Stmt) -> list[Stmt]:
        """Give a stored-into element back the value it had before."""
        if s not in self.plan.saved_stores:
            return []
        assert isinstance(s, (Assign, Accum))
        assert isinstance(s.target, Index)
        array = s.target.array
        scope = self.c.where[s]
        element = scalar_type(self.c.types[array.name])
        old = self.c.temp(element)
        if not scope.loops:  # made once: a scalar will do
            self.tapes.sites.add(self.tapes.sites.before, s, Assign(s.loc, old, s.target))
            return [Assign(s.loc, s.target, old)]
        tape, at = self.tapes.tape(array.name, scope, element)
        save = [Assign(s.loc, old, s.target), *self.tapes.write(tape, at, old, s.loc)]
        self.tapes.sites.add(self.tapes.sites.before, s, *save)
        again = self.c.temp(element)
        return [*self.tapes.read(again, tape, at, s.loc), Assign(s.loc, s.target, again)]

    # ---- primal values in the backward sweep ----------------------------------------------------

    def ensure(self, n: str, scope: Scope, outside: set[str]) -> list[Stmt]:
        """Statements after which the primal name has its value of this iteration again."""
        d = self.c.defs.get(n)
        if d is None or n in self.c.made and d.kind != "single" or not d.looped or d.kind == "counter":
            return []
        if d.home is not scope:
            if d.home not in scope.chain and d.outer.loops:
                raise InternalError(f"{n} is wanted outside of the block that makes it")
            outside.add(n)
            return []
        if n in self.restored:
            return []
        self.restored.add(n)
        if is_array(self.c.types[n]):
            return self.restore_array(n)
        if n in self.plan.recomputed:
            (made,) = d.stmts
            assert isinstance(made, Assign)
            out: list[Stmt] = []
            for m in in_order(set(variables(made.value)), self.c):
                out += self.ensure(m, scope, outside)
            return [*out, Assign(made.loc, Var(n), made.value)]
        return self.read_record(n)

    def read_record(self, n: str) -> list[Stmt]:
        d = self.c.defs[n]
        loc = d.stmts[0].loc
        tape, at = self.tapes.tape(n, d.home, self.c.types[n])
        self.record_at(n, self.tapes.write(tape, at, Var(n), loc))
        return self.tapes.read(Var(n), tape, at, loc)

    def restore_array(self, n: str) -> list[Stmt]:
        """An array made in a loop is kept by a stack of references, not copied."""
        d = self.c.defs[n]
        if d.kind == "carried" and self.permuted(n):
            return []  # the inverse `Move` has put it back
        stack = Var(self.c.fresh(f"{plain(n)}_saved", self.c.types[n]))
        loc = d.stmts[0].loc
        self.stacks[n] = stack.name
        self.record_at(n, [Push(loc, stack, Var(n))])
        return [Pop(loc, Var(n), stack)]

    def record_at(self, n: str, code: list[Stmt]) -> None:
        d, sites = self.c.defs[n], self.tapes.sites
        if d.kind == "carried":
            inside = [s for s in d.stmts if d.home in self.c.where[s].chain]
            if not all(at_end(n, s, d.home, self.c.where) for s in inside):
                raise Unsupported(
                    f"`{plain(n)}` changes in an inner loop and is used behind it in the same iteration",
                    d.stmts[-1].loc,
                    "give it a value before the inner loop, or use another name",
                )
            sites.add(sites.start, d.home, *code)
        elif d.kind in ("single", "joined", "open", "sum"):
            sites.add(sites.after, place_in(d.home, d.stmts[-1], self.c.where), *code)
        else:
            raise InternalError(f"{n} ({d.kind}) cannot be recorded")

    def permuted(self, n: str) -> bool:
        """Is a loop-carried array only exchanged with others of the same loop?"""
        d = self.c.defs[n]
        inside = [s for s in d.stmts if d.home in self.c.where[s].chain]
        return bool(inside) and all(isinstance(s, Move) and n in permutation(s, self.c) for s in inside)

    # ---- adjoints get their first value ------------------------------------------------------------

    def define_adjoints(self, code: list[Stmt], scope: Scope) -> list[Stmt]:
        """Before the first statement that touches an adjoint of this scope, it becomes zero; or that statement
        assigns instead of adding."""
        mine = [n for n in self.c.bars if n in self.c.defs and self.c.defs[n].outer is scope]
        for n in sorted(mine, key=lambda n: self.order(n), reverse=True):
            bar = self.c.bars[n]
            if bar in self.c.given:
                continue
            k = next((k for k, s in enumerate(code) if bar in reads(s) | writes(s)), None)
            if k is not None:
                code = [*code[:k], *self.first_value(n, bar, code[k]), *code[k + 1 :]]
        return code

    def order(self, n: str) -> int:
        stmts = self.c.defs[n].stmts
        return self.positions[stmts[0]] if stmts else -1

    def first_value(self, n: str, bar: str, s: Stmt) -> list[Stmt]:
        type_ = self.c.types[n]
        match s:
            case Accum(loc, Var(t), value) if t == bar and bar not in variables(value) and not is_array(type_):
                return [Assign(loc, Var(t), value)]
            case Assign() | Move() if bar in writes(s) and bar not in reads(s) and not blocks(s):
                if not (isinstance(s, Assign) and isinstance(s.target, Index)):
                    return [s]
        if not is_array(type_):
            return [Assign(s.loc, Var(bar), zero(type_)), s]
        made = self.c.defs[n].stmts
        match made:
            case (Assign(_, _, Call(p.stretch, (Var(x), *ns))),) if not self.c.again:
                return [Assign(s.loc, Var(bar), Call(p.stretch_bar, (self.c.bar(x), *ns))), s]
        return [Assign(s.loc, Var(bar), zeros(n, self.c)), s]

    # ---- forward --------------------------------------------------------------------------------------

    def forward(self, block: Block) -> list[Stmt]:
        """The primal with its records."""
        sites = self.tapes.sites
        scope = self.inner.get(id(block)) if block else None
        out: list[Stmt] = list(sites.start.get(scope, ())) if scope is not None else []
        for s in block:
            if isinstance(s, Return):
                continue
            inside: list[Stmt] = [with_blocks(s, tuple(tuple(self.forward(b)) for b in blocks(s)))]
            if s in self.replays and isinstance(s, For) and runs_once(s):
                inside = [Assign(s.loc, s.var, Const(0)), *self.forward(s.body)]
            out += [*sites.before.get(s, ()), *inside, *sites.after.get(s, ())]
        return out


def bindings(code: Iterable[Stmt]) -> set[str]:
    return {n for s in walk(code) for n in bound(s)}


def in_order(wanted: set[str], c: Context) -> list[str]:
    return sorted(wanted)


__all__ = ["Sweeps", "leaves_early"]
