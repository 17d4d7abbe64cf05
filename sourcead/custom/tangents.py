"""The program around a pushforward that the user wrote: results together with their tangents."""

from __future__ import annotations

import operator as op
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..derived import dtype, scalar_type, zero
from ..infer import is_array, is_float
from ..ir import Assign, Call, Const, Expr, For, Function, Index, Stmt, Unpack, Var
from ..routines import Pushforward
from ..structure import leaf_types
from .call import Ruled, result_of
from .programs import Program, begun, check_kind, mapped, number, own


def pushforward(r: Pushforward) -> Function:
    """Called with the arguments, then their tangents; returns a tuple of the results, then of their tangents.

    With several directions, what the user wrote is called for one after another.
    """
    ruled = r.of
    assert isinstance(ruled, Ruled)
    q = begun(ruled, "pushforward")
    q.params, q.types = list(ruled.operands), dict(ruled.leaves)
    wrt = [ruled.operands[k] for k in r.wrt]
    dots = {n: q.parameter(f"{n}_dot", dot_type(ruled.leaves[n], r.several)) for n in wrt}
    results = called(q)
    count = len(leaf_types(ruled.result))
    kinds = [q.types[v.name] for v in results]
    returns = types.Tuple([*kinds, *(dot_type(kinds[k], r.several) for k in r.results)])
    if not r.several:
        found = tangents(q, results, dots, None)
        values = [own(found[k], kinds[k]) for k in r.results]
        return q.finished(r.__name__, [Call(p.pack, (*results, *values))], returns)
    made = in_each_direction(q, results[:count], dots, r.results)
    return q.finished(r.__name__, [Call(p.pack, (*results, *made))], returns)


def dot_type(t: Any, several: bool) -> Any:
    return types.Array(scalar_type(t), (t.ndim if is_array(t) else 0) + 1, "C") if several else t


def called(q: Program) -> list[Var]:
    """The results of the function, and what it saves, under names."""
    r = q.ruled
    out: list[Var] = []

    def named(base: str, t: Any) -> Expr:
        name = q.namer(base)
        q.types[name] = t
        out.append(Var(name))
        return out[-1]

    q.result = q.structured(r.result, "y", named)
    q.saved = q.structured(r.saved, "saved", named) if r.called else None
    call = Call(r, tuple(map(Var, r.operands)))
    q.body.append(Unpack(q.loc, tuple(out), call) if len(out) > 1 else Assign(q.loc, out[0], call))
    return out


def tangents(q: Program, results: list[Var], dots: dict[str, Var], d: Var | None) -> dict[int, Expr]:
    """What the pushforward gives for each of the results, in the direction `d`; goes behind the program."""
    rule = q.ruled.rule

    def dot(n: str) -> Expr:
        t = q.ruled.leaves[n]
        if not is_float(t):
            return Const(None)
        if n not in dots:
            return Call(np.zeros_like, (Var(n),)) if is_array(t) else zero(t)
        if d is None:
            return dots[n]
        return own(Index(dots[n], (Const(Ellipsis), d)), t) if is_array(t) else Index(dots[n], (d,))

    remembered = [e for e in ((q.saved,) if q.saved is not None else (*q.ruled.takes, q.result)) if e is not None]
    args = (*remembered, *(mapped(e, dot) for e in q.ruled.takes))
    rule.check_count("pushforward", len(args))
    argtypes = (*q.types_of(tuple(remembered)), *(q.ruled.tangent_type(t) for t in q.ruled.arguments))
    t = result_of(rule, "pushforward", argtypes)
    tangent = q.let("tangent", q.call(args, argtypes))
    return dict(enumerate(per_result(q, tangent, t, q.ruled.result, iter(results))))


def per_result(q: Program, e: Expr, t: Any, wanted: Any, results: Any) -> list[Expr]:
    """A tangent for each number and array in the result; wrong ones are refused."""
    if isinstance(wanted, types.BaseTuple):
        none = isinstance(t, types.NoneType)
        if not none and (not isinstance(t, types.BaseTuple) or len(t) != len(wanted)):
            what = f"{q.ruled.rule.title(q.kind)} gives {t} where the result is {wanted}"
            raise q.ruled.rule.refuse(q.kind, what, "return a tangent built like the result")
        items = ((e, t) if none else (Call(p.item, (e, Const(k))), t[k]) for k in range(len(wanted)))
        return [x for (i, k), w in zip(items, wanted, strict=True) for x in per_result(q, i, k, w, results)]
    y = next(results)
    check_kind(q, f"the result `{y.name}`", t, wanted, "tangent")
    if not is_float(wanted):
        return [Const(None)]
    if not is_array(wanted):
        return [number(e, t, wanted)]
    if isinstance(t, types.NoneType):
        return [Call(np.zeros_like, (y,))]
    v = e if isinstance(e, Var) else q.let(f"{y.name}_tangent", e)
    wrong = Call(op.ne, (Call(p.shape_of, (v,)), Call(p.shape_of, (y,))))
    q.check(wrong, f"{q.ruled.rule.title(q.kind)} gives a tangent of another shape than that of the result")
    return [v]


def in_each_direction(q: Program, results: list[Var], dots: dict[str, Var], wanted: tuple[int, ...]) -> list[Var]:
    """Tangents with one more axis, one direction after another."""
    n, dot = next(iter(dots.items()))
    t = q.ruled.leaves[n]
    directions = q.let("directions", Call(p.shape, (dot, Const(t.ndim if is_array(t) else 0))))
    made = []
    for k in wanted:
        kind = q.types[results[k].name]
        shape = [Call(p.shape, (results[k], Const(axis))) for axis in range(kind.ndim if is_array(kind) else 0)]
        empty = Call(np.empty, (Call(p.pack, (*shape, directions)), dtype(kind)))
        made.append(q.let(f"{results[k].name}_dot", empty))
    d, before = Var(q.namer("d")), q.body
    q.body = list[Stmt]()
    found = tangents(q, results, dots, d)
    for k, v in zip(wanted, made, strict=True):
        at = (Const(Ellipsis), d) if is_array(q.types[results[k].name]) else (d,)
        q.body.append(Assign(q.loc, Index(v, at), found[k]))
    q.body = [*before, For(q.loc, d, Const(0), directions, Const(1), tuple(q.body))]
    return made
