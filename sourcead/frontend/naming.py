"""`a, b = x[i], y[j]` without temporaries: values get the user's names where that changes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..ir import Assign, Block, Stmt, Var, blocks, bound, operands, reads, variables, walk, with_blocks, writes


def named(block: Block) -> Block:
    """The same program, in which `t = value` and later `x = t` is `x = value`, if `t` has no other use."""
    uses = Counter(n for s in walk(block) for n in variables(*operands(s)))
    made = Counter(n for s in walk(block) for n in bound(s))
    once = {n for n in uses if n.startswith("_t") and uses[n] == made[n] == 1}
    return _block(block, once) if once else block


def _block(b: Block, once: set[str]) -> Block:
    out: list[Stmt] = []
    waiting: dict[str, tuple[int, Assign]] = {}  # temporaries that may be renamed -> where they are made
    for s in b:
        s = with_blocks(s, tuple(_block(c, once) for c in blocks(s)))
        match s:
            case Assign(_, Var(x), Var(t)) if t in waiting and x not in touched(out[waiting[t][0] + 1 :]):
                k, made = waiting.pop(t)
                out[k] = replace(made, target=Var(x))
                continue
            case Assign(_, Var(t)) if t in once:
                waiting[t] = len(out), s
        out.append(s)
    return tuple(out)


def touched(stmts: list[Stmt]) -> set[str]:
    return reads(*stmts) | writes(*stmts)
