"""Tangents of what stays a call on whole arrays: matrix products and linear algebra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba.core import types

from .. import primitives as p
from ..derived import INT, dtype, plain, scalar_type
from ..errors import RuleMissing, Unsupported, spelled
from ..infer import is_array, is_complex
from ..ir import Accum, Assign, Call, Const, Expr, For, Index, Loc, Stmt, Unpack, Var, variables
from ..reverse.atoms import rank, untwisted
from ..reverse.linalg import Named
from ..rules import rule_of
from .context import Tangents


def atom_tangent(s: Stmt, targets: Sequence[Var], value: Call, c: Tangents) -> list[Stmt]:
    """The tangents of the results of an atom; of `a += np.dot(x, y)`, what is added to that of `a`."""
    loc, out = s.loc, list[Stmt]()
    add = isinstance(s, Accum)
    if c.directions is None:
        dots = tuple(operand_tangent(a, c) for a in value.args)
        for t, e in tangents(s, targets, value, dots, c, loc, out):
            bind(c.dot(t.name), e, add, c, loc, out)
        return out
    return one_by_one(s, targets, value, c)


def operand_tangent(e: Expr, c: Tangents) -> Expr | None:
    match e:
        case Call(np.transpose, (Var(n),)) if n in c.active:
            return Call(np.transpose, (c.dot(n),))
        case Var() | Index():
            return c.along(e, None)
    return None


def tangents(
    s: Stmt,
    targets: Sequence[Var],
    value: Call,
    dots: Sequence[Expr | None],
    c: Tangents,
    loc: Loc | None,
    out: list[Stmt],
) -> list[tuple[Var, list[Expr]]]:
    """For each active result its tangent, a sum of expressions; statements for the atoms in them go to `out`."""
    rule = rule_of(value.fn)
    if rule is None or rule.pushforward is None:
        raise RuleMissing(value.fn, loc)
    first = targets[0]
    complexes = any(is_complex(scalar_type(c.types[n])) for a in value.args for n in variables(a))
    if complexes and rule.of_complex is not None:
        raise Unsupported(
            f"{spelled(value.fn)} of complex matrices has no tangent", loc, "differentiate backwards: grad, vjp"
        )
    named = Named(c, loc, scalar_type(c.types[first.name]))
    if all(x is None for x in dots):
        return [] if isinstance(s, Accum) else [(t, [c.zeros(t.name)]) for t in targets if t.name in c.active]
    if value.fn is np.dot:
        a, b = value.args
        pairs = [(dots[0], b), (a, dots[1])]
        found = [Call(np.dot, (x, y)) for x, y in pairs if x is not None and y is not None]
        return [(first, [untwisted(e) for e in found])]
    try:
        new = rule.pushforward(value.args, dots, targets if isinstance(s, Unpack) else first, rank=lambda e: rank(e, c))
    except TypeError as e:
        raise Unsupported(str(e), loc) from None
    results = new if isinstance(s, Unpack) else (new,)
    wanted = [(t, e) for t, e in zip(targets, results, strict=True) if t.name in c.active]
    made = [(t, [c.zeros(t.name) if e is None else named.parts(untwisted(e))]) for t, e in wanted]
    out += named.out
    return made


def bind(y_dot: Var, terms: list[Expr], add: bool, c: Tangents, loc: Loc | None, out: list[Stmt]) -> None:
    """`y_dot = a; y_dot += b`; numbers are added up in one expression."""
    if not is_array(c.types[y_dot.name]) and len(terms) > 1:
        parts = [c.flat(e, loc, c.types[y_dot.name], out) for e in terms]
        terms = [Call(np.add, tuple(parts))]
    for k, e in enumerate(terms):
        out.append(Accum(loc, y_dot, e) if add or k else Assign(loc, y_dot, e))


# ---- several directions ------------------------------------------------------------------------------------


def one_by_one(s: Stmt, targets: Sequence[Var], value: Call, c: Tangents) -> list[Stmt]:
    """In each direction by itself, with tangents that are copied out of and into the arrays for all directions."""
    loc = s.loc
    wanted = [t for t in targets if t.name in c.active]
    out: list[Stmt] = []
    add = isinstance(s, Accum)
    together, operands = vector_products(value, c)
    for e in together:
        y_dot = c.dot(targets[0].name)
        out.append(Accum(loc, y_dot, e) if add else Assign(loc, y_dot, e))
        add = True
    if together and all(operand_tangent(a, c) is None for a in operands):
        return out
    if not add:
        for t in wanted:
            if is_array(c.types[t.name]):
                out.append(Assign(loc, c.dot(t.name), empty_like(t, c)))
            elif t.name not in c.several:
                out.append(c.room(t.name))

    def one(d: Var | None, body: list[Stmt]) -> None:
        assert d is not None
        dots = tuple(direction(a, d, c, loc, body) for a in operands)
        with_one = c.single()
        for t, terms in tangents(s, targets, value, dots, with_one, loc, body):
            new = Var(c.fresh(f"{plain(t.name)}_dot", c.types[t.name]))
            bind(new, terms, False, with_one, loc, body)
            body += spread(t, new, d, add, c, loc)

    c.each(loc, out, one)
    return out


def vector_products(value: Call, c: Tangents) -> tuple[list[Call], tuple[Expr, ...]]:
    """Of a product with a vector, what the tangents of the vector give in all directions: products of matrices; and the
    operands whose tangents are still to be pushed."""
    if value.fn is not np.dot:
        return [], value.args
    a, b = value.args
    ranks = rank(a, c), rank(b, c)
    out: list[Call] = []
    if isinstance(b, Var) and b.name in c.active and ranks in ((1, 1), (2, 1)):
        out.append(Call(np.dot, (a, c.dot(b.name))))
        if ranks == (1, 1) and isinstance(a, Var) and a.name in c.active:
            out.append(Call(np.dot, (b, c.dot(a.name))))
            a = Const(0.0)
        b = Const(0.0)
    elif isinstance(a, Var) and a.name in c.active and ranks == (1, 1):
        out.append(Call(np.dot, (b, c.dot(a.name))))
        a = Const(0.0)
    return out, (a, b)


def empty_like(t: Var, c: Tangents) -> Expr:
    shape = tuple(Call(p.shape, (t, Const(k))) for k in range(c.types[t.name].ndim))
    return c.zeros_of(shape, c.types[t.name], np.empty)


def direction(e: Expr, d: Var, c: Tangents, loc: Loc | None, out: list[Stmt]) -> Expr | None:
    """The tangent of an operand in one direction, in memory of its own."""
    if isinstance(e, Call):
        (a,) = e.args
        found = direction(a, d, c, loc, out)
        return None if found is None else Call(np.transpose, (found,))
    if not isinstance(e, (Var, Index)) or not c.is_active(e):
        return None
    name, index = (e.name, ()) if isinstance(e, Var) else (e.array.name, e.index)
    t = c.types[name]
    ndim = t.ndim - len(index)
    shape = tuple(Call(p.shape, (Var(name), Const(k))) for k in range(len(index), t.ndim))
    own = Var(c.fresh(f"{plain(name)}_dot", types.Array(t.dtype, ndim, "C")))
    out.append(Assign(loc, own, Call(np.empty, (Call(p.pack, shape), dtype(t)))))
    at = tuple(Var(c.fresh("i", INT)) for _ in shape)
    element = c.temp(t.dtype)
    load = Assign(loc, element, Index(c.dot(name), (*index, *at, d)))
    out += nest(at, shape, [load, Assign(loc, Index(own, at), element)], loc)
    return own


def spread(t: Var, new: Var, d: Var, add: bool, c: Tangents, loc: Loc | None) -> list[Stmt]:
    """Put a tangent in one direction into the array for all of them."""
    kind = c.types[t.name]
    shape = tuple(Call(p.shape, (t, Const(k))) for k in range(kind.ndim)) if is_array(kind) else ()
    at = tuple(Var(c.fresh("i", INT)) for _ in shape)
    body: list[Stmt] = []
    value: Expr = new
    if at:
        value = c.temp(kind.dtype)
        body.append(Assign(loc, value, Index(new, at)))
    place = Index(c.dot(t.name), (*at, d))
    body.append(Accum(loc, place, value) if add else Assign(loc, place, value))
    return nest(at, shape, body, loc)


def nest(at: Sequence[Var], shape: Sequence[Expr], body: list[Stmt], loc: Loc | None) -> list[Stmt]:
    for i, n in zip(reversed(at), reversed(shape), strict=True):
        body = [For(loc, i, Const(0), n, Const(1), tuple(body))]
    return body
