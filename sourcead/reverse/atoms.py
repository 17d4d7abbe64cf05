"""Adjoints of what is not lowered to loops over elements: matrix products, calls of functions that call themselves."""

from __future__ import annotations

import numpy as np
from numba.core import types

from .. import primitives as p
from ..custom import Ruled
from ..derived import Derived
from ..errors import Unsupported
from ..infer import is_array, is_complex, is_float
from ..ir import Accum, Assign, Call, Const, Expr, Index, Loc, Stmt, Var, children, rebuild
from ..routines import Pullback, Routine
from ..rules import dot_left, dot_right
from .context import Context, adjoint_type, dtype, plain, zero


def dot_shares(y: Call, y_bar: Var, loc: Loc | None, c: Context) -> list[Stmt]:
    """`np.dot(a, b)` for every pair of ranks; an operand may be the transpose or a row of an array."""
    a, b = y.args
    ranks = rank(a, c), rank(b, c)
    out: list[Stmt] = []
    for operand, rule in ((a, dot_left), (b, dot_right)):
        place = target(operand, c)
        if place is None:
            continue
        value = untwisted(rule(y_bar, conjugate(a, c), conjugate(b, c), ranks))
        if isinstance(operand, Call):
            value = transposed(value)
        out.append(Accum(loc, place, value if not isinstance(value, Call) else in_memory(value, loc, c, out)))
    return out


def routine_shares(
    y: Call, targets: tuple[Var, ...], y_bars: tuple[Var | None, ...], loc: Loc | None, c: Context
) -> list[Stmt]:
    """A call of the pullback: adds to the adjoints of arrays in place, returns those of numbers.

    targets: the results; y_bars: their adjoints, None where nothing flows in.
    """
    assert isinstance(y.fn, Routine)
    out: list[Stmt] = []
    given: tuple[Expr, ...] = y.args
    seeds: dict[int, Expr] = {k: bar for k, bar in enumerate(y_bars) if bar is not None}
    if isinstance(y.fn, Ruled):
        given, seeds = of_rule(y.fn, y.args, targets, y_bars, loc, c, out)
    active = {k: a.name for k, a in enumerate(y.args) if isinstance(a, Var) and a.name in c.active}
    arrays = [n for n in active.values() if is_array(c.types[n])]
    numbers = [n for n in active.values() if not is_array(c.types[n])]
    bars = tuple(c.bar(n) for n in arrays)
    result = c.temp(types.Tuple([c.types[n] for n in (*numbers, *(b.name for b in bars))]))
    pullback = Pullback(y.fn, tuple(active), tuple(seeds), len(arrays))
    out.append(Assign(loc, result, Call(pullback, (*bars, *given, *seeds.values()))))
    for k, n in enumerate(numbers):
        share = c.temp(c.types[n])
        out += [Assign(loc, share, Call(p.item, (result, Const(k)))), Accum(loc, c.bar(n), share)]
    return out


def of_rule(
    fn: Ruled,
    args: tuple[Expr, ...],
    targets: tuple[Var, ...],
    y_bars: tuple[Var | None, ...],
    loc: Loc | None,
    c: Context,
    out: list[Stmt],
) -> tuple[tuple[Expr, ...], dict[int, Expr]]:
    """What a rule gets in the backward sweep: what it remembers, and the adjoints of all real and complex results."""
    if not fn.offers("pullback"):
        name = fn.rule.__name__
        raise Unsupported(f"`{name}` has a pushforward only", loc, f"attach a pullback: @{name}.pullback")
    results = targets[: len(fn.results)]
    seeds: dict[int, Expr] = {}
    for k, (y, bar) in enumerate(zip(results, y_bars, strict=False)):
        t = c.types[y.name]
        if bar is not None:
            seeds[k] = bar
        elif is_array(t) and is_float(t):
            seeds[k] = Var(c.fresh(f"{plain(y.name)}_bar", adjoint_type(t)))
            extents = tuple(Call(p.shape, (y, Const(axis))) for axis in range(t.ndim))
            out.append(Assign(loc, seeds[k], Call(np.zeros, (Call(p.pack, extents), dtype(t)))))  # type: ignore[arg-type]
        elif is_float(t):
            seeds[k] = zero(t)
    if fn.called:
        return targets[len(results) :], seeds
    names, y_too = fn.recalled("pullback")
    read = tuple(a for n, a in zip(fn.operands, args, strict=True) if n in names)
    return (*read, *(results if y_too else ())), seeds


def conjugate(e: Expr, c: Context) -> Expr:
    """The conjugate of an operand, transposed last; the operand itself when it is real."""
    match e:
        case Call(np.transpose, (a,)):
            return Call(np.transpose, (conjugate(a, c),))
        case Var(n) | Index(Var(n), _) if is_complex(c.types[n]):
            return Call(np.conj, (e,))
    return e


def in_memory(value: Call, loc: Loc | None, c: Context, out: list[Stmt]) -> Call:
    """The share with the conjugates that `np.dot` takes as arrays."""
    if value.fn is not np.dot:
        return value

    def operand(e: Expr) -> Expr:
        if isinstance(e, Call) and e.fn is np.conj:
            (a,) = e.args
            assert isinstance(a, (Var, Index))
            name = a.name if isinstance(a, Var) else a.array.name
            t = Var(c.fresh(f"{plain(name)}_conj", types.Array(c.types[name].dtype, rank(a, c), "C")))
            out.append(Assign(loc, t, e))
            return t
        return rebuild(e, operand) if isinstance(e, Call) else e

    return rebuild(value, operand)  # type: ignore[return-value]


def rank(e: Expr, c: Derived) -> int:
    match e:
        case Const():
            return 0
        case Var(n):
            return c.types[n].ndim if is_array(c.types[n]) else 0
        case Index(Var(n), index):
            return c.types[n].ndim - len(index)
        case Call(np.transpose, (a,)):
            return rank(a, c)
        case Call(np.arange):
            return 1
        case Call(np.expand_dims, (a, _)):
            return rank(a, c) + 1
        case Call(np.dot, (a, b)):
            return rank(a, c) + rank(b, c) - 2
        case Call(np.linalg.solve, (_, b)):
            return rank(b, c)
        case Call(np.linalg.inv | np.linalg.pinv | np.outer):
            return 2
        case Call(p.shape):
            return 0
    return max((rank(a, c) for a in children(e)), default=0)


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
