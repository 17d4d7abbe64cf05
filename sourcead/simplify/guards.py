"""Checks that are the same in every iteration are made once, before the loop.

`for ...: if n == 0: raise ...` becomes `if n == 0 and <the loop runs at all>: raise ...` in front of it. What the
iterations before the check did is lost with the exception anyway. Loops without checks can be fused.
"""

from __future__ import annotations

import operator as op
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
    For,
    Function,
    If,
    Namer,
    Raise,
    Stmt,
    Var,
    While,
    blocks,
    names,
    variables,
    walk,
    with_blocks,
    writes,
)
from .copies import is_extent_check


def guards(f: Function) -> Function:
    """Move invariant `if cond: raise` statements out of the loops they head."""
    if not any(isinstance(s, Raise) for s in walk(f.body)):
        return f
    work = _Pass(Namer(names(f)), dict(f.types))
    return replace(f, body=work.block(f.body), types=work.types)


@dataclass
class _Pass:
    fresh: Namer
    types: dict[str, Any]

    def block(self, b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            new = with_blocks(s, tuple(map(self.block, blocks(s))))
            if isinstance(new, For):
                checks, new = split(new)
                for c in checks:
                    out += self.before(c, new)
            out.append(new)
        return tuple(out)

    def before(self, check: If, loop: For) -> list[Stmt]:
        """The check, made when the loop makes at least one trip; those of extents always, for what follows."""
        if is_extent_check(check):
            return [check]
        count, runs, cond = (self.name(t) for t in (types.int64, types.boolean, types.boolean))
        return [
            Assign(check.loc, count, Call(p.trips, (loop.start, loop.stop, loop.step))),
            Assign(check.loc, runs, Call(op.gt, (count, Const(0)))),
            Assign(check.loc, cond, Call(p.both, (runs, check.cond))),
            replace(check, cond=cond),
        ]

    def name(self, t: Any) -> Var:
        name = self.fresh.temp()
        self.types[name] = t
        return Var(name)


def split(loop: For) -> tuple[list[If], For]:
    """The checks at the head of a loop that do not depend on the iteration, and the loop without them."""
    changing = writes(loop)
    checks: list[If] = []
    rest: list[Stmt] = []
    for k, s in enumerate(loop.body):
        if is_check(s) and isinstance(s, If) and not changing & set(variables(s.cond, *s.then[0].args)):  # type: ignore[attr-defined]
            checks.append(s)
            continue
        if any(isinstance(t, (Raise, Break, While)) for t in walk((s,))):
            rest += loop.body[k:]
            break
        rest.append(s)
    return checks, replace(loop, body=tuple(rest)) if checks else loop


def is_check(s: Stmt) -> bool:
    return isinstance(s, If) and not s.orelse and len(s.then) == 1 and isinstance(s.then[0], Raise)
