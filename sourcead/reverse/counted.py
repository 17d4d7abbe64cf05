"""Numbers that surely count: where one is infinite or not a number, so is the result.

An adjoint of zero comes back to `y` from a masked element, a branch not taken, an element overwritten: there an
infinite slope means nothing, and the share is guarded (`primitives.flowing`).  A `y` that surely counts needs no guard
where it is itself infinite with its slope, as `1.0 / x` and `log(x)` are at zero: the result is infinite as well.
"""

from __future__ import annotations

import math
import operator as op
from collections.abc import Iterator

import numpy as np

from ..analyses import Definition, Scope
from ..ir import Accum, Assign, Break, Call, Expr, Function, If, Move, Stmt, Var, walk

INFINITE_WITH_SLOPE = frozenset(
    {
        *(op.truediv, np.divide, np.true_divide, np.reciprocal),
        *(np.log, math.log, np.log2, math.log2, np.log10, math.log10, np.log1p, math.log1p, np.arctanh, math.atanh),
    }
)
"""Functions that are not finite themselves where their slopes are not."""

PASSING = frozenset(
    {
        *(op.add, op.sub, op.mul, op.neg, op.pos, np.add, np.subtract, np.multiply, np.negative),
        *(abs, np.abs, math.fabs, np.sqrt, math.sqrt, np.square, np.log, math.log, np.sin, math.sin, np.cos, math.cos),
        *(float, np.float64, np.float32),
    }
)
"""Functions with a result that is not finite where any argument is not."""


def counted(
    f: Function, results: tuple[str, ...], defs: dict[str, Definition], where: dict[Stmt, Scope]
) -> frozenset[str]:
    """The scalars that surely count, from the results of the program backwards.

    Not those that loops carry: what is infinite may be finite again after the next iteration.
    """
    if any(isinstance(s, Break) for s in walk(f.body)):
        return frozenset()
    links: dict[str, set[str]] = {}
    for s in walk(f.body):
        for target, source in passed(s, where):
            d, goes_on = defs.get(source), target in defs and defs[target].kind == "carried"
            if d is not None and d.kind != "carried" and not goes_on and where[s] in d.home.chain:
                links.setdefault(target, set()).add(source)
    seen, work = set(results), list(results)
    while work:
        more = links.get(work.pop(), set()) - seen
        seen |= more
        work += more
    return frozenset(seen)


def passed(s: Stmt, where: dict[Stmt, Scope]) -> Iterator[tuple[str, str]]:
    """Names with the names of the operands that they are not finite with."""
    match s:
        case Assign(_, Var(t), v):
            yield from ((t, n) for n in through(v))
        case Accum(_, Var(t), v):
            yield from ((t, n) for n in (t, *through(v)))
        case Move(_, targets, sources) if isinstance(where[s].owner, If):
            for target, v in zip(targets, sources, strict=True):
                yield from ((target.name, n) for n in through(v))


def through(e: Expr) -> Iterator[str]:
    match e:
        case Var(n):
            yield n
        case Call(op.truediv | np.divide | np.true_divide, (a, _)):
            yield from through(a)
        case Call(fn, args) if fn in PASSING:
            for a in args:
                yield from through(a)
