"""A value that only one branch wants is computed in that branch.

`t = log(x)` before `y = t if x > 0 else 0.0` then is never computed where it has no meaning, and neither is its
derivative: `np.where` on scalars is as safe as an `if`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..ir import Assign, Block, Call, Function, If, Stmt, Var, blocks, bound, reads, used, walk, with_blocks, with_body
from .effects import conflict, effects, is_allocation, is_array, is_pure, may_raise, storage


def sink(f: Function) -> Function:
    """Move scalar computations into the one branch that reads them (single-definition form)."""
    if not any(isinstance(s, If) for s in walk(f.body)):
        return f
    classes = storage(f)
    defined = Counter(n for s in walk(f.body) for n in bound(s))

    def movable(s: Stmt) -> bool:
        return (
            isinstance(s, Assign)
            and isinstance(s.target, Var)
            and isinstance(s.value, Call)
            and defined[s.target.name] == 1
            and not is_array(f.types.get(s.target.name))
            and is_pure(s.value)
            and not may_raise(s.value)
            and not is_allocation(s.value)
        )

    def block(b: Block) -> Block:
        stmts = list(b)
        for k in range(len(stmts) - 1, -1, -1):
            s = stmts[k]
            if movable(s):
                m = reader(stmts, k)
                if m is not None and not any(
                    conflict(effects((s,), classes), effects((c,), classes)) for c in stmts[k + 1 : m]
                ):
                    stmts[m] = into_branch(s, stmts[m])
                    del stmts[k]
        return tuple(with_blocks(s, tuple(map(block, blocks(s)))) for s in stmts)

    return with_body(f, block(f.body))


def reader(stmts: list[Stmt], k: int) -> int | None:
    """The `If` behind statement `k`, one branch of which holds all readers of its value."""
    (name,) = bound(stmts[k])
    readers = [m for m in range(k + 1, len(stmts)) if name in reads(stmts[m])]
    if len(readers) != 1:
        return None
    s = stmts[readers[0]]
    if not isinstance(s, If) or name in used(s):
        return None
    return readers[0] if sum(name in reads(*b) for b in blocks(s)) == 1 else None


def into_branch(made: Stmt, s: Stmt) -> Stmt:
    assert isinstance(s, If)
    (name,) = bound(made)
    if name in reads(*s.then):
        return replace(s, then=(made, *s.then))
    return replace(s, orelse=(made, *s.orelse))
