"""What the user must not write in a `prange` loop: anything that needs an order of the iterations."""

from __future__ import annotations

import operator as op
from typing import Any

import numpy as np

from ..errors import Findings
from ..ir import Assign, Block, Call, For, Function, Move, Stmt, Var, bound, used, variables, walk
from ..reverse.context import plain
from ..simplify.dependence import exposed, leaves, only_accumulated
from ..simplify.effects import draws
from ..simplify.liveness import liveness

SUMS: frozenset[Any] = frozenset({op.add, op.sub, np.add, np.subtract})
PRODUCTS: frozenset[Any] = frozenset({op.mul, op.truediv, np.multiply, np.divide})
REDUCTIONS: tuple[frozenset[Any], ...] = (SUMS, PRODUCTS, frozenset({max, np.maximum}), frozenset({min, np.minimum}))
"""By which an iteration may go on with what another has left: Numba's, each made of calls of one kind."""
ORDERED: frozenset[Any] = frozenset({op.sub, op.truediv, np.subtract, np.divide})


def refuse_dependent(f: Function) -> None:
    """Refuse what has no meaning when iterations run at the same time.

    f: a simplified program with single definitions.
    """
    findings = Findings()
    live = liveness(f)
    for s in walk(f.body):
        if not (isinstance(s, For) and s.parallel):
            continue
        if leaves(s.body):
            findings.add(s.loc, "a `prange` loop is left early", "its iterations run at the same time: use `range`")
        if any(map(draws, s.body)):
            remedy = "draw an array of them before the loop, or use `range`"
            findings.add(s.loc, "random numbers are drawn inside a `prange` loop, in no order", remedy)
        for n in sorted(carried(s, live.after.get(s, frozenset()))):
            what = "a value" if plain(n).startswith("_") else f"`{plain(n)}`"
            findings.add(
                s.loc,
                f"{what} is carried from one iteration of a `prange` loop to the next",
                "iterations run at the same time: use `range`, or what adds up, such as s += x, s *= x, s = max(s, x)",
            )
    findings.check()


def carried(s: For, after: frozenset[str]) -> set[str]:
    """Names by which a value gets from one iteration to a later one, or behind the loop; reductions apart."""
    first, _ = exposed(s.body)
    bindings = {n for t in walk(s.body) for n in bound(t)} - only_accumulated(s.body)
    return {n for n in bindings if n in first | after and not any(is_reduction(n, s.body, fns) for fns in REDUCTIONS)}


def is_reduction(name: str, body: Block, fns: frozenset[Any]) -> bool:
    """Is `name` only handed on by a chain of these calls, `t = s * x; s = t`?"""
    chain, grown = {name}, 0
    links: set[Stmt] = set()
    while len(chain) > grown:  # a link may stand before the name it goes on with is known
        grown = len(chain)
        for s in walk(body):
            match s:
                case Assign(_, Var(t), Call(fn, args)) if fn in fns:
                    linked = [a for a in args[: 1 if fn in ORDERED else None] if isinstance(a, Var) and a.name in chain]
                    if len(linked) == sum(n in chain for n in variables(*args)) == 1:
                        chain.add(t)
                        links.add(s)
                case Move(_, targets, sources) if chain & set(variables(*sources)):
                    chain |= {t.name for t, v in zip(targets, sources, strict=True) if chain & set(variables(v))}
                    links.add(s)
    for s in walk(body):
        if s in links and isinstance(s, Move):
            ends = [v for t, v in zip(s.targets, s.sources, strict=True) if t.name in chain]
            if not all(isinstance(v, Var) and v.name in chain for v in ends):
                return False
        elif s not in links and chain & {*used(s), *bound(s)}:
            return False
    return True
