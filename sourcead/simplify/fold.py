"""For the reader: temporaries that are used once go back into the expressions they came from."""

from __future__ import annotations

import operator as op
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from numba.core import types

from ..emit import expression
from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    Function,
    If,
    Index,
    Pop,
    Push,
    Stmt,
    Unpack,
    Var,
    While,
    blocks,
    children,
    map_exprs,
    operands,
    reads,
    rebuild,
    substitute,
    used,
    variables,
    walk,
    with_blocks,
    with_body,
    writes,
)
from ..primitives import either
from ..routines import DERIVED
from .copies import is_extent_check
from .dce import dce
from .effects import conflict, effects, is_allocation, is_array, is_pure, may_raise, storage
from .liveness import Liveness, liveness

_WIDTH = 88  # of the longest expression that nesting may make
_DEPTH = 6
_ADJOINT = re.compile(r"_t\d+.*|.*_bar(_\d+)*")
_TEMPORARY = re.compile(r"_t\d+(_\d+)*(_bar|_dot)?(_\d+)*")


def fold(f: Function) -> Function:
    """Nest `_t` temporaries where nothing between their computation and their one use changes an operand."""
    f = dce(added_up(f))  # a reader that nobody needs would be forgotten
    p = _Pass(f, liveness(f), storage(f))
    return for_effect(with_body(f, p.block(f.body)))


def for_effect(f: Function) -> Function:
    """Calls that only change arrays, the generator or the screen need no name for a result."""
    read = {n for s in walk(f.body) for n in used(s)}

    def is_none(t: str) -> bool:
        return isinstance(f.types.get(t), types.NoneType)

    def one(s: Stmt) -> Stmt:
        match s:
            case Assign(_, Var(t), Call(fn) as value) if t not in read and (isinstance(fn, DERIVED) or is_none(t)):
                return Unpack(s.loc, (), value)
        return with_blocks(s, tuple(tuple(map(one, b)) for b in blocks(s)))

    return with_body(f, tuple(map(one, f.body)))


def added_up(f: Function) -> Function:
    """`v = x; v += y` is `v = x + y`, for adjoints and temporaries."""
    classes = storage(f)

    def block(b: Block) -> Block:
        stmts: list[Stmt | None] = [with_blocks(s, tuple(map(block, blocks(s)))) for s in b]
        for k in range(len(stmts)):
            add_up(stmts, k, f, classes)
        return tuple(s for s in stmts if s is not None)

    return with_body(f, block(f.body))


def add_up(stmts: list[Stmt | None], k: int, f: Function, classes: dict[str, str]) -> None:
    s = stmts[k]
    if not (isinstance(s, Assign) and isinstance(s.target, Var) and _ADJOINT.fullmatch(s.target.name)):
        return
    name = s.target.name
    if is_array(f.types.get(name)) or not is_pure(s.value) or may_raise(s.value):
        return
    m = next((m for m in range(k + 1, len(stmts)) if mentions(stmts[m], name)), None)
    more = None if m is None else stmts[m]
    if m is None or not isinstance(more, Accum) or more.target != s.target or name in variables(more.value):
        return
    between = [c for c in stmts[k + 1 : m] if c is not None]
    x = effects((s,), classes)
    new = Assign(more.loc, s.target, plus(s.value, more.value))
    if readable(new.value) and not any(conflict(x, effects((c,), classes)) for c in between):
        stmts[k], stmts[m] = None, new


def mentions(s: Stmt | None, name: str) -> bool:
    return s is not None and name in reads(s) | writes(s)


@dataclass
class _Pass:
    f: Function
    live: Liveness
    classes: dict[str, str]

    def block(self, b: Block) -> Block:
        after = [self.live.after.get(s) for s in b]
        stmts: list[Stmt | None] = list(b)
        for k, s in enumerate(stmts):
            if s is not None and self.is_temporary(s) and after[k] is not None:
                user = self.user(stmts, k)
                if user is not None and (wanted := after[user]) is not None and _name(s) not in wanted:
                    self.nest(stmts, k, user)
        return checks_together(increment(map_exprs(self.inside(s), tidy)) for s in stmts if s is not None)

    def inside(self, s: Stmt) -> Stmt:
        if isinstance(s, While):
            return self.condition(s)
        return with_blocks(s, tuple(map(self.block, blocks(s))))

    def condition(self, s: While) -> While:
        """`while True: test; if not cond: break` is `while cond` when all of the test fits in there."""
        last = If(s.loc, s.cond, (), ())
        outside = self.live.head.get(s, frozenset()) | self.live.after.get(s, frozenset())
        self.live.after[last] = outside | reads(*s.body)
        test = self.block((*s.test, last))
        held = test[-1]
        assert isinstance(held, If)
        return replace(s, test=test[:-1], cond=held.cond, body=self.block(s.body))

    def is_temporary(self, s: Stmt) -> bool:
        return (
            isinstance(s, Assign)
            and isinstance(s.target, Var)
            and _TEMPORARY.fullmatch(s.target.name) is not None
            and isinstance(s.value, Call | Index)
            and not is_array(self.f.types.get(s.target.name))
            and is_pure(s.value)
            and not may_raise(s.value)
            and not is_allocation(s.value)
        )

    def user(self, stmts: list[Stmt | None], k: int) -> int | None:
        """The statement behind `k` that reads its temporary, once, if it may be computed there."""
        made = stmts[k]
        assert made is not None
        name, x = _name(made), effects((made,), self.classes)
        for m in range(k + 1, len(stmts)):
            s = stmts[m]
            if s is None:
                continue
            if name in reads(s):
                inside = any(name in reads(*b) for b in blocks(s))
                fits = not isinstance(s, While | Push | Pop) and not inside
                return m if fits and sum(n == name for n in used(s)) == 1 else None
            if conflict(x, effects((s,), self.classes)):
                return None
        return None

    def nest(self, stmts: list[Stmt | None], k: int, m: int) -> None:
        made, s = stmts[k], stmts[m]
        assert isinstance(made, Assign)
        assert s is not None
        env = {_name(made): made.value}
        new = map_exprs(s, lambda e: tidy(substitute(e, env)))
        if all(readable(e) for e in (*operands(new), *_target(new))):
            # what was known about the statement holds for the new one
            if s in self.live.after:
                self.live.after[new] = self.live.after[s]
            if s in self.live.head:
                self.live.head[new] = self.live.head[s]
            stmts[k], stmts[m] = None, new


def checks_together(stmts: Iterable[Stmt]) -> Block:
    """Checks of extents that follow on one another are one check."""
    out: list[Stmt] = []
    for s in stmts:
        last = out[-1] if out else None
        if isinstance(s, If) and isinstance(last, If) and is_extent_check(s) and is_extent_check(last):
            both = replace(last, cond=Call(either, (last.cond, s.cond)))
            if len(expression(both.cond)) <= _WIDTH:
                s = both
                out.pop()
        out.append(s)
    return tuple(out)


def plus(x: Expr, y: Expr) -> Expr:
    """`x + y`, with `x - z` for `x + -z` and for `-z + x`, which are the same numbers."""
    if (z := opposite(y)) is not None:
        return Call(op.sub, (x, z))
    if (z := opposite(x)) is not None:
        return Call(op.sub, (y, z))
    return Call(op.add, (x, y))


def tidy(e: Expr) -> Expr:
    """Signs in front of products, and sums with negated terms as differences, all the way down."""
    e = rebuild(e, tidy)
    match e:
        case Call(op.add, (x, y)):
            return plus(x, y)
        case Call(op.sub, (x, y)) if (z := opposite(y)) is not None:
            return plus(x, z)
        case Call(op.neg, (x,)) if (z := opposite(x)) is not None:
            return z
        case Call(op.mul, (Call(op.neg, (a,)), b)):
            return Call(op.neg, (Call(op.mul, (a, b)),))
        case Call(op.mul, (a, Call(op.neg, (b,)))):
            return Call(op.neg, (Call(op.mul, (a, b)),))
    return e


def opposite(e: Expr) -> Expr | None:
    """`z` for what is written as `-z`."""
    match e:
        case Call(op.neg, (z,)):
            return z
        case Call(op.mul, (a, Const(float() as c))) if c < 0:
            return Call(op.mul, (a, Const(-c)))
        case Call(op.mul, (Const(float() as c), a)) if c < 0:
            return Call(op.mul, (Const(-c), a))
    return None


def increment(s: Stmt) -> Stmt:
    """`x = x + e` is written `x += e`."""
    match s:
        case Assign(loc, Var() as x, Call(op.add, (Var() as y, e))) if x == y:
            return Accum(loc, x, e)
        case Assign(loc, Var() as x, Call(op.sub, (Var() as y, e))) if x == y:
            return Accum(loc, x, Call(op.neg, (e,)))
    return s


def _name(s: Stmt) -> str:
    assert isinstance(s, Assign)
    assert isinstance(s.target, Var)
    return s.target.name


def _target(s: Stmt) -> tuple[Expr, ...]:
    return (s.target,) if isinstance(s, Assign | Accum) else ()


def readable(e: Expr) -> bool:
    return depth(e) <= _DEPTH and len(expression(e)) <= _WIDTH


def depth(e: Expr) -> int:
    return 1 + max(map(depth, children(e)), default=-1)
