"""Where the backward sweep begins: the adjoints of what the program returns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .. import primitives as p
from ..infer import is_array
from ..ir import Accum, Assign, Bundle, Call, Const, Expr, Function, Return, Stmt, Var, children, in_bundle
from .context import Context, dtype, scalar_type


def whole(f: Function) -> Expr:
    """What the program returns, as one expression."""
    returned = f.body[-1]
    assert isinstance(returned, Return)
    values = returned.values
    return values[0] if len(values) == 1 and not f.tuple_result else Call(p.pack, values)


def results_of(returned: Stmt) -> list[Expr]:
    """The numbers and arrays that are returned, in tuples within tuples, left to right."""
    assert isinstance(returned, Return)

    def flat(e: Expr) -> list[Expr]:
        return [r for a in e.args for r in flat(a)] if isinstance(e, Call) and e.fn is p.pack else [e]

    return [r for v in returned.values for r in flat(v)]


def named_seeds(seeds: tuple[Any, ...] | None, c: Context) -> list[str]:
    """A name for each seed that is a parameter, "" for results into which nothing flows."""
    return ["" if t is None else c.fresh("seed", t) for t in seeds or ()]


def start(results: list[Expr], named: list[str], c: Context, in_place: bool) -> list[Stmt]:
    """The adjoints of the results: seeds, or one. A name that is returned twice gets the sum."""
    loc = c.f.body[-1].loc
    out: list[Stmt] = []
    begun = {n for n, bar in c.bars.items() if bar in c.given}
    for v, seed in zip(results, named or ["1"], strict=False):
        if not seed or not isinstance(v, Var) or v.name not in c.active:
            continue
        value = first_adjoint(v, seed if named else None, c, in_place)
        if v.name in begun:
            if is_array(c.types[v.name]) and not in_place:
                again = Var(c.fresh("seed", c.types[v.name]))
                out.append(Assign(loc, again, value))
                value = again
            elif in_place:
                value = Var(seed)
            out.append(Accum(loc, c.bar(v.name), value))
        else:
            out.append(Assign(loc, c.bar(v.name), value))
        begun.add(v.name)
    return out


def first_adjoint(v: Var, seed: str | None, c: Context, in_place: bool) -> Expr:
    t = c.types[v.name]
    if seed is None:
        return Const(1.0 if scalar_type(t).bitwidth == 64 else np.float32(1.0))
    if is_array(t):
        return Call(np.copy, (Var(seed),)) if in_place else Call(p.seed_like, (v, Var(seed)))
    return Var(seed) if c.types[seed] == t else Call(dtype(t).value, (Var(seed),))


def with_seeds(f: Function, named: list[str], has_aux: bool, c: Context) -> Function:
    """The program whose first argument are the seeds, structured like the result."""
    left = iter(named)

    def like(e: Expr) -> str | Bundle:
        if isinstance(e, Call) and e.fn is p.pack:
            return Bundle(tuple(map(like, e.args)))
        return next(left) or c.namer("seed")

    names = like(children(whole(f))[0] if has_aux else whole(f))
    first = (names, names) if isinstance(names, str) else (c.namer("seeds"), names)
    return replace(f, params=(*in_bundle(names), *f.params), arguments=(first, *f.called_with))
