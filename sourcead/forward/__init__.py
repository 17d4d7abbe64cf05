"""Forward mode: the chain rule along the program, each statement with that of its tangent.

The tangent of a number is a number, that of an array an array of the same extents. In several directions at once, both
have one more axis, the innermost, and what one statement does for one direction is a loop over all of them.
Griewank and Walther, "Evaluating Derivatives" (2008), sections 3.1 and 6.5.
"""

from __future__ import annotations

import operator as op
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numba import typeof
from numba.core import types

from .. import primitives as p
from ..analyses import active
from ..derived import INT, dtype, scalar_type, zero
from ..emit import RESERVED
from ..errors import Unsupported
from ..infer import is_array, is_float
from ..ir import (
    Accum,
    Assign,
    Bundle,
    Call,
    Const,
    Expr,
    Function,
    If,
    Loc,
    Move,
    Namer,
    Raise,
    Return,
    Stmt,
    Var,
    bound,
    children,
    in_bundle,
    names,
    rebuild,
    variables,
    walk,
)
from ..outcome import ADDED, BOTH, LAST, TANGENT
from ..reverse.chance import refuse_draws
from ..reverse.seeds import results_of, whole
from ..routines import Pushforward
from ..structure import leaf_types
from .context import Tangents
from .tangent import block

__all__ = ["forward", "pushforward"]

Names = str | Bundle


def forward(
    f: Function,
    wrt: tuple[Names, ...],
    kinds: tuple[Any, ...],
    *,
    single: bool,
    has_aux: bool = False,
    several: bool = False,
    result: str = BOTH,
) -> Function:
    """The program that computes the results and their tangents.

    f: a lowered, typed program; also what `reverse` or `forward` made of one; wrt: the parameters, or bundles of them,
    that have tangents; kinds: for each number and array in them the type of its tangent, which is a parameter of the
    new program, None for a tangent of zero; single: one tangent is given rather than a tuple of them; has_aux: the
    program returns `(result, aux)`, and only the result has a tangent; several: in several directions at once.

    The new program takes the tangents before the arguments, and returns `(value, tangent)`, or what `result` says
    (`outcome.Mode`).
    """
    leaves = tuple(n for names in wrt for n in in_bundle(names))
    returned = whole(f)
    differentiated = returned
    if (has_aux or result in (LAST, ADDED)) and isinstance(returned, Call):
        differentiated = returned.args[0 if has_aux else -1]
    c = tangents_of(f, [n for n, t in zip(leaves, kinds, strict=True) if t is not None], variables(differentiated))
    given = {n: t for n, t in zip(leaves, kinds, strict=True) if t is not None}
    seeds = {n: c.fresh(f"{n}_dot", t) for n, t in given.items()}
    loc = f.body[-1].loc
    head = entry(seeds, c, several)
    body = block(f.body[:-1], c)
    end: list[Stmt] = []
    tangent = tangent_of(differentiated, c, loc, end)
    if result not in (TANGENT, LAST):
        value = kept(returned, c, loc, end)
        tangent = Call(p.pack, (*children(value), tangent) if result == ADDED else (value, tangent))
    end.append(Return(loc, (tangent,)))
    idle = iter(c.namer("unused") if n not in seeds else seeds[n] for n in leaves)
    params, argument = bundled(wrt, single, idle, c)
    return replace(
        f,
        name=f"{f.name}_jvp",
        params=(*params, *f.params),
        arguments=(argument, *f.called_with),
        body=(*head, *c.top, *body, *end),
        types=c.types,
        tuple_result=False,
    )


def pushforward(f: Function, r: Pushforward) -> Function:
    """The program that `r` calls, made of that of the routine or of its pullback."""
    results = results_of(f.body[-1])
    own = getattr(r.of, "arrays", 0)
    wrt = [f.params[k] for k in r.wrt]
    c = tangents_of(f, wrt, [n for k in r.results for n in variables(results[k])])
    if r.several:
        c.directions = Var(c.fresh("directions", INT))
    seeds = {n: c.dot(n).name for n in wrt}
    loc = f.body[-1].loc
    end: list[Stmt] = []
    head: list[Stmt] = []
    if r.several:
        n = wrt[0]
        head.append(Assign(None, c.directions, Call(p.shape, (Var(seeds[n]), Const(ndim(c.types[n]))))))  # type: ignore[arg-type]
    head += [Assign(None, c.dot(n), c.zeros(n)) for n in f.params if n in c.active and n not in seeds]
    body = block(f.body[:-1], c)
    dots = [tangent_of(results[k], c, loc, end) for k in r.results]
    values = (*results, *dots)
    end.append(Return(loc, (Call(p.pack, values),)))
    first = [seeds[n] for k, n in zip(r.wrt, wrt, strict=True) if k < own]
    others = [seeds[n] for k, n in zip(r.wrt, wrt, strict=True) if k >= own]
    params = (*f.params[:own], *first, *f.params[own:], *others)
    kinds = [leaf for t in (f.returns,) for leaf in leaf_types(t)]
    returns = types.Tuple([*kinds, *(c.dot_type(kinds[k]) for k in r.results)])
    return replace(
        f,
        name=f"{f.name}_jvp",
        params=params,
        arguments=(),
        body=(*head, *c.top, *body, *end),
        types=c.types,
        tuple_result=False,
        returns=returns,
    )


def tangents_of(f: Function, varied: list[str], results: list[str]) -> Tangents:
    refuse_draws(f, tuple(varied))
    times = Counter(n for s in walk(f.body) for n in bound(s))
    return Tangents(
        f=f,
        active=active(f, tuple(varied), tuple(results)),
        namer=Namer(names(f) | {n for n, _ in f.called_with} | RESERVED),
        types=dict(f.types),
        values={
            s.target.name: s.value
            for s in walk(f.body)
            if isinstance(s, Assign) and isinstance(s.target, Var) and times[s.target.name] == 1
        },
        several={n for n, k in times.items() if k > 1 or not is_array(f.types.get(n)) and n in moved(f)},
    )


def moved(f: Function) -> set[str]:
    """Names that are bound where paths meet."""
    return {n for s in walk(f.body) if isinstance(s, (Move, Accum)) for n in bound(s)}


def bundled(wrt: tuple[Names, ...], single: bool, left: Any, c: Tangents) -> tuple[list[str], Any]:
    """The parameters for the tangents, and how they are passed: structured like the arguments."""

    def like(names: Names) -> Names:
        return next(left) if isinstance(names, str) else Bundle(tuple(map(like, names.items)))

    each = tuple(map(like, wrt))
    first = each[0] if single else Bundle(each)
    params = [n for b in each for n in in_bundle(b)]
    return params, (first, first) if isinstance(first, str) else (c.namer("tangents"), first)


# ---- the beginning -----------------------------------------------------------------------------------------


def entry(seeds: dict[str, str], c: Tangents, several: bool) -> list[Stmt]:
    """The tangents of parameters: those given, in the shapes of the parameters, or zero."""
    out: list[Stmt] = []
    if several:
        c.directions = Var(c.fresh("directions", INT))
        n, c.measured = next(iter(seeds.items()))
        out.append(Assign(None, c.directions, Call(p.shape, (Var(c.measured), Const(ndim(c.types[n]))))))
    for n in (*c.f.params, *c.f.constants):
        if n not in c.active:
            continue
        seed = seeds.get(n)
        if seed is None:
            out.append(Assign(None, c.dot(n), c.zeros(n)))
        else:
            out += given(n, seed, c)
    return out


def ndim(t: Any) -> int:
    return t.ndim if is_array(t) else 0


def given(n: str, seed: str, c: Tangents) -> list[Stmt]:
    """The tangent of a parameter: what is given, of the parameter's type."""
    t, kind = c.types[n], c.types[seed]
    out = checked(n, seed, c)
    if scalar_type(t) == scalar_type(kind):
        c.dots[n] = seed
        return out
    dot = c.dot(n)
    if not is_array(kind):
        return [*out, Assign(None, dot, Call(dtype(t).value, (Var(seed),)))]
    shape = tuple(Call(p.shape, (Var(seed), Const(k))) for k in range(kind.ndim))
    model = Var(c.fresh(f"{n}_dot", c.types[dot.name]))
    empty = Call(np.empty, (Call(p.pack, shape), dtype(t)))
    return [*out, Assign(None, model, empty), Assign(None, dot, Call(p.seed_like, (model, Var(seed))))]


def checked(n: str, seed: str, c: Tangents) -> list[Stmt]:
    """Raise ValueError for a tangent of another shape."""
    wanted: list[Expr] = [Call(p.shape, (Var(n), Const(k))) for k in range(ndim(c.types[n]))]
    if c.directions is not None and seed != c.measured:
        wanted.append(c.directions)
    out: list[Stmt] = []
    wrong: Expr | None = None
    for k, extent in enumerate(wanted):
        differs = Call(op.ne, (Call(p.shape, (Var(seed), Const(k))), extent))
        wrong = differs if wrong is None else Call(p.either, (wrong, differs))
    if wrong is None:
        return out
    more = ", and an axis for the directions" if c.directions is not None else ""
    message = Const(f"the tangent of {n} must have its shape{more}")
    test = c.flat(wrong, None, types.boolean, out)
    return [*out, If(None, test, (Raise(None, ValueError, (message,)),))]


# ---- the end -----------------------------------------------------------------------------------------------


def kept(e: Expr, c: Tangents, loc: Loc | None, end: list[Stmt]) -> Expr:
    """The value; of arrays that are arguments, a copy."""
    match e:
        case Call():
            return rebuild(e, lambda a: kept(a, c, loc, end))
        case Var(n) if n in (*c.f.params, *c.f.constants) and is_array(c.types[n]):
            name = Var(c.fresh(n, c.types[n]))
            end.append(Assign(loc, name, Call(np.copy, (e,))))
            return name
    return e


def tangent_of(e: Expr, c: Tangents, loc: Loc | None, end: list[Stmt]) -> Expr:
    """The tangent of what is returned, structured like it; None for what has none."""
    match e:
        case Call(p.pack, args):
            return replace(e, args=tuple(tangent_of(a, c, loc, end) for a in args))
        case Call(fn, (a,)):  # float32(x_bar), of a gradient
            inner = tangent_of(a, c, loc, end)
            return Call(fn, (inner,)) if c.directions is None else inner
        case Const(v):
            return no_tangent(zero_of(v), c, loc, end)
        case Var(n) if not is_float(c.types[n]):
            return Const(None)
        case Var(n) if n in c.active:
            dot: Expr = c.dot(n)
            if n in c.f.params and (is_array(c.types[n]) or c.directions is not None):
                own = Var(c.fresh(f"{n}_dot", c.types[c.dot(n).name]))
                end.append(Assign(loc, own, Call(np.copy, (dot,))))
                return own
            narrow = c.types[n] in (types.float32, types.complex64) and c.directions is None
            return Call(dtype(c.types[n]).value, (dot,)) if narrow else dot
        case Var(n):
            return no_tangent(c.zeros(n), c, loc, end)
    raise Unsupported(f"the result {e!r} has no tangent", loc)


def zero_of(v: Any) -> Expr | None:
    t = types.unliteral(typeof(v))
    return zero(t) if is_float(t) else None


def no_tangent(e: Expr | None, c: Tangents, loc: Loc | None, end: list[Stmt]) -> Expr:
    """A tangent of zero, in all directions."""
    if e is None:
        return Const(None)
    if isinstance(e, Const) and c.directions is not None:
        e = Call(np.zeros, (Call(p.pack, (c.directions,)), Const(np.complex128 if e == Const(0j) else np.float64)))
    if not isinstance(e, Call):
        return e
    shape = e.args[0]
    assert isinstance(shape, Call)
    kind = getattr(types, e.args[1].value.__name__)  # type: ignore[attr-defined]
    name = Var(c.fresh("zero_dot", types.Array(kind, len(shape.args), "C")))
    end.append(Assign(loc, name, e))
    return name
