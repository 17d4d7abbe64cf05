"""Integers that grow by a fixed amount in each iteration become expressions of the loop variable.

`for i in range(a, b): ... x[p] ...; p += 1` reads `x[off + i]` with `off = p - a` made before the loop. The
loop then carries nothing, the backward sweep need not record `p`, and the index is one that vectorises.
Aho, Lam, Sethi and Ullman, "Compilers" (2006), section 9.1.8.
"""

from __future__ import annotations

import operator as op
import re
from dataclasses import dataclass, replace
from typing import Any

from numba.core import types

from .. import primitives as p
from ..ir import (
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Move,
    Namer,
    Stmt,
    Var,
    blocks,
    bound,
    is_const,
    names,
    rename,
    variables,
    walk,
    with_blocks,
    writes,
)


def induction(f: Function) -> Function:
    """Replace loop-carried counters by what they are in terms of the loop variable (single-definition form)."""
    work = _Pass(Namer(names(f)), dict(f.types))
    body = work.block(f.body)
    return replace(f, body=body, types=work.types) if work.changed else f


@dataclass
class _Pass:
    fresh: Namer
    types: dict[str, Any]
    changed: bool = False

    def block(self, b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            new = with_blocks(s, tuple(map(self.block, blocks(s))))
            if isinstance(new, For) and out and isinstance(out[-1], Move) and not breaks(new.body):
                out[-1:] = self.loop(out[-1], new)
            else:
                out.append(new)
        return tuple(out)

    def loop(self, init: Move, loop: For) -> list[Stmt]:
        """`init` binds the loop-carried names before the loop."""
        end = loop.body[-1] if loop.body else None
        if not isinstance(end, Move) or not is_const(loop.step, 1):
            return [init, loop]
        before: list[Stmt] = []
        after: list[Stmt] = []
        for t, first in zip(init.targets, init.sources, strict=True):
            amount = self.amount(t, end, loop)
            if amount is None:
                continue
            head, tail, loop = self.substitute(t, first, amount, loop)
            before += head
            after += tail
            init, self.changed = without(init, t), True
            loop = replace(loop, body=(*loop.body[:-1], without(loop.body[-1], t)))
        return [*before, init, loop, *after]

    def amount(self, t: Var, end: Move, loop: For) -> Expr | None:
        """What is added to `t` in every iteration; None when it is not an integer that grows steadily."""
        if not isinstance(self.types.get(t.name), types.Integer):
            return None
        pairs = dict(zip(end.targets, end.sources, strict=True))
        new = pairs.get(t)
        moved = [s for s in walk(loop.body) if t.name in bound(s)]
        made = [s for s in loop.body if isinstance(s, Assign) and s.target == new]
        if not isinstance(new, Var) or moved != [end] or len(made) != 1:
            return None
        inside = writes(loop)
        match made[0].value:
            case Call(op.add, (a, c)) if a == t and not inside & set(variables(c)):
                return c
            case Call(op.add, (c, a)) if a == t and not inside & set(variables(c)):
                return c
            case Call(op.sub, (a, Const(int(c)))) if a == t:
                return Const(-c)
        return None

    def integer(self, out: list[Stmt], fn: Any, *args: Expr) -> Expr:
        if all(isinstance(a, Const) for a in args):
            return Const(fn(*(a.value for a in args if isinstance(a, Const))))
        if fn in (op.add, op.sub) and is_const(args[1], 0):
            return args[0]
        if fn is op.mul and is_const(args[1], 1):
            return args[0]
        name = self.fresh.temp()
        self.types[name] = types.int64
        out.append(Assign(None, Var(name), Call(fn, args)))
        return Var(name)

    def substitute(self, t: Var, first: Expr, amount: Expr, loop: For) -> tuple[list[Stmt], list[Stmt], For]:
        """Statements before the loop, statements behind it, and the loop with `t` computed from its variable."""
        before: list[Stmt] = []
        inside: list[Stmt] = []
        after: list[Stmt] = []
        if is_const(amount, 1):
            offset = self.integer(before, op.sub, first, loop.start)
            place: Expr = Call(op.add, (offset, loop.var)) if not is_const(offset, 0) else loop.var
        else:
            k = self.integer(inside, op.sub, loop.var, loop.start)
            grown = self.integer(inside, op.mul, k, amount)
            place = Call(op.add, (first, grown))
        here = self.fresh(re.sub(r"(_\d+)+$", "", t.name))
        self.types[here] = self.types[t.name]
        inside.append(Assign(loop.loc, Var(here), place))
        body = tuple(rename(s, {t.name: here}) for s in loop.body[:-1])
        # the Move still binds `t`; it is taken out by the caller
        end = loop.body[-1]
        count = self.integer(after, p.trips, loop.start, loop.stop, loop.step)
        total = self.integer(after, op.mul, count, amount)
        after.append(Assign(loop.loc, t, Call(op.add, (first, total))))
        return before, after, replace(loop, body=(*inside, *body, end))


def without(s: Stmt, t: Var) -> Move:
    assert isinstance(s, Move)
    pairs = [(a, b) for a, b in zip(s.targets, s.sources, strict=True) if a != t]
    return replace(s, targets=tuple(a for a, _ in pairs), sources=tuple(b for _, b in pairs))


def breaks(b: Block) -> bool:
    return any(isinstance(s, Break) or isinstance(s, If) and any(map(breaks, blocks(s))) for s in b)
