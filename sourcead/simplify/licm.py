"""Loop-invariant code motion: cheap scalar arithmetic and extents leave the loops they do not depend on.

Only what cannot raise moves (no loads, no integer division), since the loop may make no trip.
"""

from __future__ import annotations

import operator as op
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import primitives as prim
from ..ir import (
    Assign,
    Block,
    Call,
    Const,
    Expr,
    For,
    Function,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    variables,
    walk,
    with_blocks,
    with_body,
)
from .copies import at_least_zero, non_negative
from .dependence import alone
from .effects import storage
from .extents import extents_of
from .liveness import Liveness, liveness

_SAFE = frozenset(
    {
        *(op.add, op.sub, op.mul, op.neg, op.pos, op.not_, op.lt, op.le, op.gt, op.ge, op.eq, op.ne),
        *(abs, min, max, prim.shape, prim.both, prim.either, prim.select, prim.flowing),
        *(np.add, np.subtract, np.multiply, np.negative, np.absolute, np.minimum, np.maximum, np.sign, np.where),
        *(np.exp, np.tanh, np.sin, np.cos, np.arctan, np.sinh, np.cosh),
    }
)


def licm(f: Function) -> Function:
    """Move invariant statements in front of their loops, as far out as they can go."""
    return _moved(f, lambda s: is_safe(s.value, f.types))


def reuse_buffers(f: Function) -> Function:
    """Allocate once, before the loop, what every iteration fills anew: `np.empty` promises no contents."""
    sure = non_negative(f)
    single = alone(f.types, storage(f))

    def is_buffer(s: Assign) -> bool:
        if not (isinstance(s.value, Call) and s.value.fn is np.empty and isinstance(s.target, Var)):
            return False
        items = extents_of(s.value, f.types, {})
        return s.target.name in single and items is not None and all(at_least_zero(n, sure) for n in items)

    return _moved(f, is_buffer, memory=True)


def _moved(f: Function, movable: Callable[[Assign], bool], memory: bool = False) -> Function:
    if not any(isinstance(s, For | While) for s in walk(f.body)):
        return f
    return with_body(f, _block(f.body, liveness(f), movable, memory))


def _block(b: Block, live: Liveness, movable: Callable[[Assign], bool], memory: bool) -> Block:
    out: list[Stmt] = []
    for s in b:
        new = with_blocks(s, tuple(_block(c, live, movable, memory) for c in blocks(s)))
        shared = memory and isinstance(new, For) and new.parallel  # iterations that run at once need memory each
        if isinstance(new, For | While) and s in live.head and not shared:
            hoisted, new = _hoist(new, live.head[s], live.after[s], movable)
            out += hoisted
        out.append(new)
    return tuple(out)


def _hoist(
    s: For | While, head: frozenset[str], after: frozenset[str], movable: Callable[[Assign], bool]
) -> tuple[Block, Stmt]:
    """Split a loop into what may stand before it and the rest."""
    counts = Counter(n for c in walk((s,)) for n in bound(c))
    variant = set(counts)

    def invariant(c: Stmt) -> bool:
        if not (isinstance(c, Assign) and isinstance(c.target, Var) and movable(c)):
            return False
        t = c.target.name
        return counts[t] == 1 and t not in head and t not in after and not variant & set(variables(c.value))

    hoisted: list[Stmt] = []
    new: list[Block] = []
    for b in blocks(s):
        rest: list[Stmt] = []
        for c in b:
            if invariant(c):
                hoisted.append(c)
                variant -= set(bound(c))
            else:
                rest.append(c)
        new.append(tuple(rest))
    return tuple(hoisted), with_blocks(s, tuple(new)) if hoisted else s


def is_safe(e: Expr, types: Mapping[str, Any]) -> bool:
    """Scalar arithmetic that never raises, whatever its operands are."""
    match e:
        case Const():
            return True
        case Var(n):
            return not hasattr(types.get(n), "ndim")
        case Call(prim.shape):
            return True
        case Call(prim.trips, (start, stop, Const(step))):
            return step != 0 and is_safe(start, types) and is_safe(stop, types)
        case Call(op.truediv, (_, Const(v))):
            return isinstance(v, (int, float)) and v != 0 and is_safe(e.args[0], types)
        case Call(fn):
            return fn in _SAFE and not e.kwargs and all(is_safe(a, types) for a in e.args)
    return False
