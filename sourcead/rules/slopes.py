"""Where the slope of a function may be infinite.

`np.where(x > 0, r, 0.0)` of an `r = np.log(x)` hands an adjoint of zero back to `r` at `x == 0`, and zero times the
infinite slope there is not a number.  What flows back from nothing is nothing: such shares are guarded
(`primitives.flowing`), those with slopes that are finite wherever the function is are not.
"""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable
from typing import Any

import numpy as np

from sourcead import ir, primitives

Look = Callable[[str], Any]
_DEPTH = 8  # of definitions that are looked into

AT_LEAST_ZERO = frozenset({abs, np.abs, np.fabs, math.fabs, np.exp, math.exp, np.square, np.exp2})
LARGEST = frozenset({max, np.maximum})
SAME = frozenset({float, np.float64, np.float32, primitives.stop_gradient})
ROOTS = frozenset({np.sqrt, math.sqrt})


def may_be_infinite(partial: Any, value: Look) -> bool:
    """May a partial derivative be infinite at a point where the function is defined?

    Divisions say so, and powers with negative exponents; what is a product of functions is as finite as they are.

    value: of a name, the expression that it was computed from, or None
    """
    match partial:
        case ir.Call(op.truediv | np.divide | np.true_divide, (a, b)):
            return not away_from_zero(b, value) or may_be_infinite(a, value)
        case ir.Call(np.reciprocal, (a,)):
            return not away_from_zero(a, value)
        case ir.Call(op.pow | np.power, (a, b)):
            exponent = b.value if isinstance(b, ir.Const) else -1.0
            return not away_from_zero(a, value) and not exponent >= 0.0
        case ir.Call(np.where | primitives.select, (_, a, b)):
            return may_be_infinite(a, value) or may_be_infinite(b, value)
        case ir.Call(_, args):
            return any(may_be_infinite(a, value) for a in args)
    return False


def away_from_zero(e: ir.Expr, value: Look) -> bool:
    """Is a denominator known not to be zero?"""
    if isinstance(e, ir.Const):
        return isinstance(e.value, (int, float)) and e.value != 0
    if isinstance(e, ir.Call) and e.fn is op.neg:
        return away_from_zero(e.args[0], value)
    return at_least(e, value) > 0.0


def at_least(e: ir.Expr, value: Look, depth: int = _DEPTH) -> float:
    """A number that the value is not below, unless it is not a number; minus infinity if none is known."""

    def of(x: ir.Expr) -> float:
        return at_least(x, value, depth - 1)

    if depth == 0:
        return -math.inf
    match e:
        case ir.Const(v):
            return float(v) if isinstance(v, (int, float)) else -math.inf
        case ir.Var(n):
            made = value(n)
            return -math.inf if made is None else of(made)
        case ir.Call(primitives.shape):  # nothing is divided by the extent of an empty array
            return 1.0
        case ir.Call(op.add | np.add, (a, b)):
            return of(a) + of(b)
        case ir.Call(op.mul | np.multiply, (a, b)):
            low = (of(a), of(b))
            return low[0] * low[1] if min(low) > 0.0 else 0.0 if a == b or min(low) == 0.0 else -math.inf
        case ir.Call(op.pow | np.power, (a, ir.Const(int() | float() as n))):
            return 0.0 if n % 2 == 0 else -math.inf
        case ir.Call(fn, args) if fn in LARGEST:
            return max(map(of, args))
        case ir.Call(np.cosh | math.cosh):
            return 1.0
        case ir.Call(fn, (a,)) if fn in SAME:
            return of(a)
        case ir.Call(fn, (a,)) if fn in ROOTS:
            return math.sqrt(max(of(a), 0.0))
        case ir.Call(fn) if fn in AT_LEAST_ZERO:
            return 0.0
    return -math.inf
