"""Adjoints of whole-array operations that are not lowered to loops: matrix products."""

from __future__ import annotations

import numpy as np

from ..ir import Accum, Call, Expr, Index, Loc, Stmt, Var, rebuild
from ..rules import dot_left, dot_right
from .context import Context


def dot_shares(y: Call, y_bar: Var, loc: Loc | None, c: Context) -> list[Stmt]:
    """`np.dot(a, b)` for every pair of ranks; an operand may be the transpose or a row of an array."""
    a, b = y.args
    ranks = rank(a, c), rank(b, c)
    out: list[Stmt] = []
    for operand, rule in ((a, dot_left), (b, dot_right)):
        place = target(operand, c)
        if place is None:
            continue
        value = untwisted(rule(y_bar, a, b, ranks))
        if isinstance(operand, Call):
            value = transposed(value)
        out.append(Accum(loc, place, value))
    return out


def rank(e: Expr, c: Context) -> int:
    match e:
        case Var(n):
            return c.types[n].ndim
        case Index(Var(n), index):
            return c.types[n].ndim - len(index)
        case Call(np.transpose, (a,)):
            return rank(a, c)
    raise TypeError(e)


def target(e: Expr, c: Context) -> Var | Index | None:
    """The adjoint of an operand; None for an inactive one."""
    match e:
        case Var(n) | Call(np.transpose, (Var(n),)) if n in c.active:
            return c.bar(n)
        case Index(Var(n), index) if n in c.active:
            return Index(c.bar(n), index)
    return None


def transposed(e: Expr) -> Expr:
    """The transpose, by transposing the factors instead of the result."""
    match e:
        case Call(np.transpose, (a,)):
            return a
        case Call(np.dot, (a, b)):
            return Call(np.dot, (transposed(b), transposed(a)))
        case Call(np.outer, (a, b)):
            return Call(np.outer, (b, a))
    return Call(np.transpose, (e,))


def untwisted(e: Expr) -> Expr:
    """Without transposes of transposes."""
    match e:
        case Call(np.transpose, (Call(np.transpose, (a,)),)):
            return untwisted(a)
        case Call():
            return rebuild(e, untwisted)
    return e
