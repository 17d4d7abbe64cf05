"""Reverse mode: the chain rule backwards, statement by statement.

Every simple statement has a backward piece (`adjoint`). The primal names that the pieces read are what must be
remembered (`plan`: recorded, recomputed, or read again); `sweeps` puts the forward and the backward sweep together.
Griewank and Walther, "Evaluating Derivatives" (2008), chapters 3 and 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..infer import is_array
from ..ir import (
    Assign,
    Block,
    Bundle,
    Call,
    Const,
    Expr,
    For,
    Function,
    Loc,
    Return,
    Stmt,
    Var,
    While,
    blocks,
    children,
    in_bundle,
    with_blocks,
    writes,
)
from .adjoint import zeros
from .chance import refuse_draws
from .context import Context, context, dtype, plain, zero
from .counted import counted
from .definite import definite
from .iterations import two_sweeps
from .rebound import refuse_rebound
from .seeds import named_seeds, results_of, start, whole, with_seeds
from .settled import settled

__all__ = ["reverse"]


Names = str | Bundle
Seeds = tuple[Any, ...] | None


def reverse(
    f: Function,
    wrt: tuple[Names, ...],
    *,
    value: bool,
    single: bool,
    has_aux: bool = False,
    seeds: Seeds = None,
    in_place: bool = False,
    again: bool = False,
) -> Function:
    """Forward sweep, then backward sweep.

    f: a lowered, typed program; wrt: parameters to differentiate with respect to, or bundles of them; value: return
    the value too; single: one gradient rather than a tuple of them; has_aux: the program returns `(result, aux)`;
    seeds: for each number and array that the program returns (in tuples within tuples, left to right) the type of a
    parameter with its adjoint, or None when nothing flows in there; without, the first result is a real number whose
    adjoint is one; in_place: the adjoints of arrays are the first parameters and are added to, the seeds the last;
    again: the result is to be differentiated itself.

    The result returns `gradient`, `(value, gradient)`, `(gradient, aux)` or `((value, aux), gradient)`.
    """
    f = definite(f)
    f = settled(replace(f, body=distinct(f.body)))
    returned = f.body[-1]
    assert isinstance(returned, Return)
    results = results_of(returned)
    leaves = tuple(n for names in wrt for n in in_bundle(names))
    useful = results[:1] if seeds is None else [v for v, t in zip(results, seeds, strict=True) if t is not None]
    c = context(f, leaves, tuple(v.name for v in useful if isinstance(v, Var)))
    c.again = again
    if seeds is None:
        c.counted = counted(f, tuple(v.name for v in useful if isinstance(v, Var)), c.defs, c.where)
    refuse_rebound(c)
    refuse_draws(c.f, leaves)
    f = c.f
    for n in leaves:  # the adjoints that the user asks for get the plain names
        if n in c.active:
            c.bar(n)
    if in_place:
        c.given = {c.bar(n).name for n in leaves if is_array(c.types[n])}
    named = named_seeds(seeds, c)
    forward, backward = two_sweeps(c, lambda: start(results, named, c, in_place))
    touched = writes(*backward)
    end = finish(returned, wrt, c, touched, value=value, single=single, has_aux=has_aux)
    body = recorded(distinct((*forward, *end[0], *backward, *end[1])))
    constants = {**f.constants, **end[2]}
    if in_place:
        arrays = tuple(c.bars[n] for n in leaves if is_array(c.types[n]))
        f = replace(f, params=(*arrays, *f.params, *(n for n in named if n)))
    elif seeds is not None:
        f = with_seeds(f, named, has_aux, c)
    kind = "grad" if seeds is None else "vjp"
    return replace(f, name=f"{f.name}_{kind}", body=body, types=c.types, constants=constants, tuple_result=False)


def distinct(block: Block) -> Block:
    """Every statement an object of its own (passes may share them)."""
    return tuple(with_blocks(replace(s), tuple(distinct(b) for b in blocks(s))) for s in block)


def recorded(block: Block) -> Block:
    """The statements with loops of which nothing says any more that they are not recorded."""
    out = (with_blocks(s, tuple(map(recorded, blocks(s)))) for s in block)
    return tuple(replace(s, snapshots=0) if isinstance(s, For | While) and s.snapshots else s for s in out)


def finish(
    returned: Return, wrt: tuple[Names, ...], c: Context, touched: set[str], *, value: bool, single: bool, has_aux: bool
) -> tuple[list[Stmt], list[Stmt], dict[str, Any]]:
    """Statements between the sweeps, and the end: what the gradient returns, with the classes it is made of."""
    loc = returned.loc
    between: list[Stmt] = []
    end: list[Stmt] = []
    classes: dict[str, Any] = {}

    def packed(names: Names) -> Expr:
        if isinstance(names, str):
            return gradient_of(names, touched, c, loc, end)
        items = tuple(map(packed, names.items))
        if names.cls is None:
            return Call(p.pack, items)
        name = next((n for n, cls in classes.items() if cls is names.cls), None) or c.namer(names.cls.__name__)
        classes[name] = names.cls
        return Call(p.pack, items, (("cls", Const(name)),))

    bars = [packed(names) for names in wrt]
    gradient: Expr = bars[0] if single else Call(p.pack, tuple(bars))
    results: tuple[Expr, ...] = (gradient,)
    if value:
        results = kept(whole(c.f), c, loc, between), gradient
    elif has_aux:
        results = gradient, kept(children(whole(c.f))[1], c, loc, between)
    end.append(Return(loc, results if len(results) == 1 else (Call(p.pack, results),)))
    return between, end, classes


def gradient_of(n: str, touched: set[str], c: Context, loc: Loc | None, end: list[Stmt]) -> Expr:
    t = c.types[n]
    if isinstance(t, types.NoneType):
        return Const(None)
    if n in c.bars and c.bars[n] in c.given:
        return c.bar(n)
    if n not in c.bars or c.bars[n] not in touched:  # the result does not depend on it after all
        if not is_array(t):
            return zero(t)
        name = c.bar(n)
        end.append(Assign(loc, name, zeros(n, c)))
        return name
    bar = c.bar(n)
    if t in (types.float32, types.complex64):
        return Call(dtype(t).value, (bar,))
    return bar


def kept(v: Expr, c: Context, loc: Loc | None, between: list[Stmt]) -> Expr:
    """A result as the forward sweep leaves it: the backward sweep writes into arrays, and binds carried names again."""
    if isinstance(v, Call):
        return replace(v, args=tuple(kept(i, c, loc, between) for i in v.args))
    if isinstance(v, Var) and is_array(c.types[v.name]):
        name = Var(c.fresh(f"{v.name}_kept", c.types[v.name]))
        between.append(Assign(loc, name, Call(np.copy, (v,))))
        return name
    if isinstance(v, Var) and v.name in c.defs and c.defs[v.name].kind in ("carried", "open"):
        name = Var(c.fresh(f"{plain(v.name)}_kept", c.types[v.name]))
        between.append(Assign(loc, name, v))
        return name
    return v
