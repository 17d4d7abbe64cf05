"""`a, b = x[i], y[j]` without temporaries: values get the user's names where that changes nothing."""

from __future__ import annotations

from collections import Counter

from ..ir import Assign, Block, Stmt, Unpack, Var, blocks, bound, map_exprs, reads, used, walk, with_blocks, writes


def named(block: Block) -> Block:
    """The same program, in which `t = value` and later `x = t` is `x = value`, if `t` has no other use."""
    uses = Counter(n for s in walk(block) for n in used(s))
    made = Counter(n for s in walk(block) for n in bound(s))
    once = {n for n in uses if n.startswith("_t") and uses[n] == made[n] == 1}
    return _block(block, once) if once else block


def _block(b: Block, once: set[str]) -> Block:
    out: list[Stmt] = []
    waiting: dict[str, int] = {}  # temporaries that may be renamed -> where they are made
    for s in b:
        s = with_blocks(s, tuple(_block(c, once) for c in blocks(s)))
        match s:
            case Assign(_, Var(x), Var(t)) if t in waiting and x not in touched(out[waiting[t] + 1 :]):
                k = waiting.pop(t)
                out[k] = map_exprs(out[k], lambda e: e, lambda v, t=t, x=x: Var(x) if v.name == t else v)  # type: ignore
                continue
            case Assign(_, Var()) | Unpack():
                waiting.update({t: len(out) for t in bound(s) if t in once})
        out.append(s)
    return tuple(out)


def touched(stmts: list[Stmt]) -> set[str]:
    return reads(*stmts) | writes(*stmts)
