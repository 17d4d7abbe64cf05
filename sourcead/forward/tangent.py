"""The tangent of one statement: the chain rule, statement by statement."""

from __future__ import annotations

import operator as op
from dataclasses import replace

import numpy as np

from .. import primitives as p
from ..analyses import ALLOCATIONS
from ..derived import scalar_type, zero
from ..errors import RuleMissing, argument_refused
from ..infer import among_complex, is_array
from ..ir import (
    ZERO,
    Accum,
    Assign,
    Block,
    Call,
    Expr,
    For,
    Index,
    Loc,
    Move,
    Pop,
    Push,
    Stmt,
    Unpack,
    Var,
    blocks,
    call,
    is_const,
    variables,
    with_blocks,
)
from ..reverse.counted import INFINITE_WITH_SLOPE
from ..routines import DERIVED, Routine
from ..rules import is_atom, is_constant, may_be_infinite, rule_of
from .atoms import atom_tangent
from .calls import call_with_tangents, item_tangent
from .context import Tangents

SAME_PLACES = (p.stretch, p.stretch_bar, p.unstretch, p.grown)
"""What these do to an array they do to its tangent."""


def block(b: Block, c: Tangents) -> Block:
    return tuple(t for s in b for t in with_tangents(s, c))


def with_tangents(s: Stmt, c: Tangents) -> list[Stmt]:
    """The statement with that of its tangent."""
    if inner := blocks(s):
        return [with_blocks(s, tuple(block(b, c) for b in inner))]
    match s:
        case Move():
            return move(s, c)
        case Push(loc, stack, value) if value.name in c.active:
            return [s, Push(loc, c.dot(stack.name), c.dot(value.name))]
        case Pop(loc, target, stack) if target.name in c.active:
            return [s, Pop(loc, c.dot(target.name), c.dot(stack.name))]
        case Assign(_, Var() | Index(), Call(fn)) | Unpack(_, _, Call(fn)) if isinstance(fn, (Routine, *DERIVED)):
            return call_with_tangents(s, c)
        case Unpack(_, targets, value) if any(t.name in c.active for t in targets):
            return [s, *atom_tangent(s, targets, value, c)]
        case Assign(loc, Var(y), value) if y in c.active:
            return assigned(s, Var(y), value, loc, c)
        case Assign(loc, Index(Var(a)) as target, value) if a in c.active:
            return [s, *bound_to(target, value, loc, c)]
        case Accum(loc, target, value) if c.is_active(target):
            return added(s, target, value, loc, c)
    return [s]


def move(s: Move, c: Tangents) -> list[Stmt]:
    """Tangents change names as their primals do, at the same time; where those of numbers are arrays, as copies."""
    pairs = [(t, v) for t, v in zip(s.targets, s.sources, strict=True) if t.name in c.active]
    numbers = [] if c.directions is None else [(t, v) for t, v in pairs if not is_array(c.types[t.name])]
    taken = [(t, v) for t, v in pairs if (t, v) not in numbers]
    out: list[Stmt] = []

    def copied(d: Var | None, body: list[Stmt]) -> None:
        new = [c.flat(c.along(v, d) or zero(c.types[t.name]), s.loc, c.types[t.name], body) for t, v in numbers]
        body += [Assign(s.loc, c.place(t, d), v) for (t, _), v in zip(numbers, new, strict=True)]

    if numbers:
        c.each(s.loc, out, copied)
    targets = tuple(c.dot(t.name) for t, _ in taken)
    sources = tuple(c.dot(v.name) if c.is_active(v) else zero(c.types[t.name]) for t, v in taken)  # type: ignore[attr-defined]
    return [*out, replace(s, targets=(*s.targets, *targets), sources=(*s.sources, *sources))]


def assigned(s: Assign, y: Var, value: Expr, loc: Loc | None, c: Tangents) -> list[Stmt]:
    if is_array(c.types[y.name]):
        return [s, *array_tangent(s, y, value, loc, c)]
    if isinstance(value, Call) and value.fn is p.item and c.items.keys() & set(variables(value)):
        return [s, Assign(loc, c.dot(y.name), item_tangent(value, c) or c.zeros(y.name))]
    if y.name in variables(value):  # its tangent is computed before it gets its new value
        new = c.temp(c.types[y.name])
        return [Assign(loc, new, value), *bound_to(y, value, loc, c, new), Assign(loc, y, new)]
    return [s, *bound_to(y, value, loc, c)]


def bound_to(target: Var | Index, value: Expr, loc: Loc | None, c: Tangents, y: Expr | None = None) -> list[Stmt]:
    """The tangent of a number or an element becomes that of `value`, whose result is `y`."""
    out: list[Stmt] = []
    if isinstance(value, Call) and is_atom(value.fn):  # of arrays, with a number for its result
        assert isinstance(target, Var)
        return atom_tangent(Assign(loc, target, value), (target,), value, c)
    if isinstance(target, Var) and c.directions is not None and target.name not in c.several:
        out.append(replace(c.room(target.name), loc=loc))
    t = scalar_type(c.types[target.array.name if isinstance(target, Index) else target.name])

    def one(d: Var | None, body: list[Stmt]) -> None:
        found = tangent(value, y or target, loc, c, d)
        place = c.place(target, d)
        new = zero(t) if found is None else found
        new = c.value(new, loc, t, body) if isinstance(place, Var) else c.flat(new, loc, t, body)
        body.append(Assign(loc, place, new))

    c.each(loc, out, one)
    return out


def added(s: Accum, target: Var | Index, value: Expr, loc: Loc | None, c: Tangents) -> list[Stmt]:
    if isinstance(target, Var) and is_array(c.types[target.name]):  # `a += np.dot(x, y)`
        assert isinstance(value, Call)
        return [s, *atom_tangent(s, (target,), value, c)]
    t = scalar_type(c.types[target.array.name if isinstance(target, Index) else target.name])
    before: list[Stmt] = []
    y = c.temp(t)

    def one(d: Var | None, body: list[Stmt]) -> None:
        found = tangent(value, y, loc, c, d)
        if found is None:
            return
        if not before and y.name in variables(found):
            before.append(Assign(loc, y, value))
        negative = isinstance(found, Call) and found.fn is op.neg
        new = c.flat(found.args[0] if negative and isinstance(found, Call) else found, loc, t, body)
        body.append(Accum(loc, c.place(target, d), Call(op.neg, (new,)) if negative else new))

    out: list[Stmt] = []
    c.each(loc, out, one)
    out = [e for e in out if not (isinstance(e, For) and not e.body)]
    return [*before, *out, replace(s, value=y) if before else s]


# ---- numbers ---------------------------------------------------------------------------------------------


def tangent(value: Expr, y: Expr, loc: Loc | None, c: Tangents, d: Var | None) -> Expr | None:
    """The tangent of a number that is computed by one call, or is an operand or an element; None for zero."""
    match value:
        case Var() | Index():
            return c.along(value, d)
        case Call(fn) if not is_constant(fn) and fn not in ALLOCATIONS:
            return elementwise(value, y, loc, c, d)
    return None


def elementwise(value: Call, y: Expr, loc: Loc | None, c: Tangents, d: Var | None) -> Expr | None:
    """By the rule table: the sum of partial derivatives times tangents."""
    dots = tuple(c.along(a, d) for a in value.args)
    if all(x is None for x in dots):
        return None
    rule = rule_of(value.fn)
    if rule is None or rule.partials is None or any(is_array(c.types.get(n)) for n in variables(value)):
        raise RuleMissing(value.fn, loc)
    for k, x in enumerate(dots):
        if x is not None and rule.refuses(k):
            raise argument_refused(value.fn, k, loc)
    if value.fn in (p.select, np.where):
        return chosen(value, dots, y, c)
    if value.fn is p.flowing:
        return flowing(value, dots, y, c)
    if among_complex(value.fn, c.operand_types(Call(value.fn, (*value.args, y)))):
        if rule.along_complex is None:
            raise RuleMissing(value.fn, loc)
        return nonzero(rule.along_complex(dots, *value.args, y))
    total: Expr = ZERO
    for q, x in zip(rule.partials(*value.args, y), dots, strict=False):
        if q is not None and x is not None:
            total = plus(total, part(value, q, x, c))
    return nonzero(total)


def part(value: Call, partial: object, x: Expr, c: Tangents) -> Expr:
    """A partial derivative times a tangent; what does not vary gives nothing, through an infinite slope too."""
    found = call(op.mul, partial, x)
    if value.fn not in INFINITE_WITH_SLOPE and may_be_infinite(partial, c.value_of):
        return Call(p.flowing, (x, found, ZERO))
    return found


def chosen(value: Call, dots: tuple[Expr | None, ...], y: Expr, c: Tangents) -> Expr:
    """The tangent of the one that is chosen."""
    (kind,) = c.operand_types(Call(op.pos, (y,)))
    _, u, v = (zero(kind) if x is None else x for x in dots)
    return Call(p.select, (value.args[0], u, v))


def flowing(value: Call, dots: tuple[Expr | None, ...], y: Expr, c: Tangents) -> Expr | None:
    """The tangent of a share, in the program of a gradient: zero where the adjoint is and stays zero."""
    (kind,) = c.operand_types(Call(op.pos, (y,)))
    y_bar_dot, share, _ = dots
    if share is None:
        return None
    moving = value.args[0] if y_bar_dot is None else Call(p.either, (value.args[0], y_bar_dot))
    return Call(p.flowing, (moving, share, zero(kind)))


def plus(a: Expr, b: Expr) -> Expr:
    """The sum, as somebody would write it; choices by one condition are one."""
    match a, b:
        case Call(np.where, (c, u, v)), Call(np.where, (c2, u2, v2)) if c == c2:
            return Call(np.where, (c, plus(u, u2), plus(v, v2)))
        case _, Call(op.neg, (x,)):
            return call(op.sub, a, x)
        case Call(op.neg, (x,)), _:
            return call(op.sub, b, x)
    return call(op.add, a, b)


def nonzero(e: object) -> Expr | None:
    return e if isinstance(e, Expr) and not is_const(e, 0) else None


# ---- arrays ----------------------------------------------------------------------------------------------


def array_tangent(s: Assign, y: Var, value: Expr, loc: Loc | None, c: Tangents) -> list[Stmt]:
    """The tangent of a new array, or of one under another name."""
    y_dot = c.dot(y.name)
    match value:
        case Var(n):
            return [Assign(loc, y_dot, c.dot(n) if n in c.active else c.zeros(n))]
        case Call(np.copy, (Var(x),)):
            return [Assign(loc, y_dot, Call(np.copy, (c.dot(x),)) if x in c.active else c.zeros(y.name))]
        case Call(p.seed_like, (v, Var(x))) if x in c.active and c.directions is None:
            return [Assign(loc, y_dot, Call(p.seed_like, (v, c.dot(x))))]
        case Call(p.seed_like, (_, Var(x))):
            return [Assign(loc, y_dot, Call(np.copy, (c.dot(x),)) if x in c.active else c.zeros(y.name))]
        case Call(fn, args) if fn in SAME_PLACES:
            return same_places(y_dot, fn, args, loc, c)
        case Call(fn, args) if fn in ALLOCATIONS:
            return [Assign(loc, y_dot, allocation(y, value, c))]
        case Call(fn) if is_atom(fn):
            return atom_tangent(s, (y,), value, c)
        case Call(fn):
            raise RuleMissing(fn, loc)
    raise TypeError(value)


def same_places(y_dot: Var, fn: object, args: tuple[Expr, ...], loc: Loc | None, c: Tangents) -> list[Stmt]:
    """Arrays come first, extents follow."""
    new = tuple(c.dot(a.name) if isinstance(a, Var) and is_array(c.types[a.name]) else a for a in args)
    if fn in (p.stretch, p.stretch_bar) and c.directions is not None:
        new = (*new, c.directions)
    return [Assign(loc, y_dot, Call(fn, new))]  # type: ignore[arg-type]


def allocation(y: Var, value: Call, c: Tangents) -> Expr:
    """Whatever is stored into an array is stored into its tangent, zeros too, so that this may begin as empty."""
    fn = np.empty if value.fn is np.empty else np.zeros
    match value:
        case Call(np.empty | np.zeros | np.ones | np.full, (Call(p.pack, shape), *_)):
            return c.zeros_of(shape, c.types[y.name], fn)
        case Call(np.empty | np.zeros | np.ones | np.full, (n, *_)):
            return c.zeros_of((n,), c.types[y.name], fn)
    return c.zeros(y.name)
