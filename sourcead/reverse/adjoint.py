"""The adjoint of one statement: what it adds to the adjoints of its operands."""

from __future__ import annotations

import operator as op
from dataclasses import replace

import numpy as np

from .. import primitives as p
from ..analyses import ALLOCATIONS
from ..errors import InternalError, RuleMissing, Unsupported, argument_refused
from ..infer import among_complex, complex_kind, is_array, is_complex
from ..ir import (
    Accum,
    Assign,
    Call,
    Const,
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
    While,
    bound,
    call,
    is_const,
    lift,
    rebuild,
    variables,
    walk,
    written,
)
from ..routines import DERIVED, Routine
from ..rules import is_atom, is_constant, may_be_infinite, result_extents, rule_of
from .atoms import dot_shares, routine_shares
from .context import INT, Context, dtype, scalar_type, zero
from .counted import INFINITE_WITH_SLOPE
from .linalg import atom_shares


def adjoint(s: Stmt, c: Context) -> list[Stmt]:
    """The backward piece of a simple statement, to be run when the adjoint of its target is complete."""
    match s:
        case Assign(loc, Var(y), value):
            if y in c.active and not (isinstance(value, Call) and value.fn in ALLOCATIONS):
                return shares(value, Var(y), c.bar(y), loc, c)
        case Unpack(loc, targets, value):
            bars = tuple(c.bar(t.name) if t.name in c.active else None for t in targets)
            if not any(bars):
                return []
            if isinstance(value.fn, DERIVED):
                raise only_forward(loc)
            if isinstance(value.fn, Routine):
                return routine_shares(value, targets, bars, loc, c)
            return atom_shares(value, targets, bars, loc, c)
        case Assign(loc, Index(Var(a), index), value):
            if a in c.active:
                return store(s, c.bar(a), index, value, loc, c)
        case Accum(loc, Var(y), value):
            if y in c.active:
                return shares(value, Var(y), c.bar(y), loc, c)
        case Accum(loc, Index(Var(a), index), value):
            if a in c.active:
                return increment(c.bar(a), index, value, loc, c)
        case Move():
            return move(s, c)
        case Push(loc, Var(a), _) | Pop(loc, _, Var(a)) if a in c.active:
            raise only_forward(loc)
    return []


def only_forward(loc: Loc | None) -> Unsupported:
    return Unsupported(
        "reverse mode cannot go over this a second time",
        loc,
        "take one of the derivatives by forward mode: hvp, or jvp of a gradient",
    )


def increment(a_bar: Var, index: tuple[Expr, ...], value: Expr, loc: Loc | None, c: Context) -> list[Stmt]:
    """`a[i] += v` or `a[i] -= v`: v_bar changes by a_bar[i], which stays."""
    negative = isinstance(value, Call) and value.fn is op.neg
    v = value.args[0] if negative and isinstance(value, Call) else value
    if not isinstance(v, (Var, Const)):
        raise InternalError(f"the increment {value!r} of an element is not an operand")
    if not isinstance(v, Var) or v.name not in c.active:
        return []
    element = c.temp(scalar_type(c.types[a_bar.name]))
    out: list[Stmt] = [Assign(loc, element, Index(a_bar, index))]
    g = c.real(element, v.name, loc, out)
    return [*out, Accum(loc, c.bar(v.name), Call(op.neg, (g,)) if negative else g)]


def store(s: Assign, a_bar: Var, index: tuple[Expr, ...], value: Expr, loc: Loc | None, c: Context) -> list[Stmt]:
    """`a[i] = v`: v_bar += a_bar[i]; a_bar[i] = 0, since the value from before has no effect any more."""
    out: list[Stmt] = []
    element = scalar_type(c.types[a_bar.name])
    if c.is_active(value):
        assert isinstance(value, Var)
        g = c.temp(element)
        out.append(Assign(loc, g, Index(a_bar, index)))
        share = c.real(g, value.name, loc, out)
        out.append(Accum(loc, c.bar(value.name), share))
    if not written_once(s, c):
        where_to = 1 if out else 0
        out.insert(where_to, Assign(loc, Index(a_bar, index), zero(element)))
    return out


def written_once(s: Assign, c: Context) -> bool:
    """Is each element of this store's array written by this statement only, and once an allocation?

    Then nobody looks at the adjoint element again, and it need not be cleared.
    """
    assert isinstance(s.target, Index)
    a, index = s.target.array.name, s.target.index
    made = c.defs[a]
    group = c.same.get(a, a)
    if made.kind != "single" or any(n != a and g == group for n, g in c.same.items()):
        return False
    (first,) = made.stmts
    if not (isinstance(first, Assign) and isinstance(first.value, Call) and first.value.fn in ALLOCATIONS):
        return False  # an atom's result: its adjoint is read where that is made
    writers = [t for t in walk(c.f.body) if isinstance(t, (Assign, Accum)) and isinstance(t.target, Index)]
    if any(a in written(t) and t is not s for t in writers):
        return False
    around = [sc.owner for sc in c.where[s].chain[len(made.home.chain) :]]
    if made.home not in c.where[s].chain:
        return False
    counters = [o.var for o in around if isinstance(o, For)]
    return not any(isinstance(o, While) for o in around) and all(v in index for v in counters)


def move(s: Move, c: Context) -> list[Stmt]:
    """`a, b = x, y`: the adjoints move back, all at once."""
    pairs = [(t, v) for t, v in zip(s.targets, s.sources, strict=True) if t.name in c.active]
    out: list[Stmt] = []
    arrays = [(t, v) for t, v in pairs if is_array(c.types[t.name])]
    scalars = [(t, v) for t, v in pairs if not is_array(c.types[t.name])]
    held: list[tuple[Expr, Var]] = []
    exchange = {t.name for t in s.targets} & {v.name for v in s.sources if isinstance(v, Var)}
    for t, v in scalars:
        t_bar = c.bar(t.name)
        if isinstance(v, Var) and v.name in c.active:
            if exchange:
                g = c.temp(c.types[t.name])
                out.append(Assign(s.loc, g, t_bar))
                held.append((c.real(g, v.name, s.loc, out), c.bar(v.name)))
            else:
                out.append(Accum(s.loc, c.bar(v.name), c.real(t_bar, v.name, s.loc, out)))
        out.append(Assign(s.loc, t_bar, zero(c.types[t.name])))
    out += [Accum(s.loc, v_bar, g) for g, v_bar in held]
    return out + move_arrays(s, arrays, c)


def move_arrays(s: Move, pairs: list[tuple[Var, Expr]], c: Context) -> list[Stmt]:
    """Arrays change names, not contents: so do their adjoints. A target left without one gets zeros."""
    if not pairs:
        return []
    sources = {v.name for _, v in pairs if isinstance(v, Var)}
    back = Move(
        s.loc,
        tuple(c.bar(v.name) for _, v in pairs if isinstance(v, Var)),
        tuple(c.bar(t.name) for t, v in pairs if isinstance(v, Var)),
    )
    out: list[Stmt] = [back]
    for t, _ in pairs:
        d = c.defs[t.name]
        if t.name not in sources and d.kind == "carried" and d.home in c.where[s].chain:
            out.append(Assign(s.loc, c.bar(t.name), zeros(t.name, c)))
    return out


def zeros(name: str, c: Context) -> Call:
    """A zero array with the extents of an array of the program."""
    return Call(np.zeros, (Call(p.pack, extents(name, c)), dtype(c.types[name])))


def extents(name: str, c: Context) -> tuple[Expr, ...]:
    """The extents of an array, as the program gave them when it was made; else read off the array."""
    made = c.defs[name]
    if made.kind == "single":
        (s,) = made.stmts
        match s:
            case Assign(_, _, Call(fn, (Call(p.pack, items), *_))) if fn in (np.empty, np.zeros, np.ones, np.full):
                return items
            case Assign(_, _, Call(fn, (Var() | Const() as n, *_))) if fn in (np.empty, np.zeros, np.ones, np.full):
                return (n,)
            case Assign(_, _, Call(p.stretch, (_, *items))):
                return tuple(items)
            case Assign(_, _, Call(np.dot, (a, b))):
                rows, columns = operand_extents(a, c), operand_extents(b, c)
                return (*rows[:-1], *columns[:-2], *(columns[-1:] if len(columns) > 1 else ()))
            case Assign(_, _, Call(fn, args)) | Unpack(_, _, Call(fn, args)) if (of := result_extents(fn)) is not None:
                return of(*(operand_extents(a, c) for a in args if not isinstance(a, Const)))[bound(s).index(name)]
    rank = c.types[name].ndim
    lasting = c.lasting.get(name, (None,) * rank)
    return tuple(lasting[k] or Call(p.shape, (Var(name), Const(k))) for k in range(rank))


def operand_extents(e: Expr, c: Context) -> tuple[Expr, ...]:
    """The extents of an operand of an atom."""
    match e:
        case Call(np.transpose, (a,)):
            return operand_extents(a, c)[::-1]
        case Index(Var(n), index):
            return extents(n, c)[len(index) :]
        case Var(n):
            return extents(n, c)
    raise InternalError(f"{e!r} is no operand of an atom")


def shares(value: Expr, y: Var, y_bar: Var, loc: Loc | None, c: Context) -> list[Stmt]:
    """What a value with adjoint `y_bar` adds to the adjoints of its operands."""
    match value:
        case Var(n) | Index(Var(n), _):
            if n not in c.active:
                return []
            out: list[Stmt] = []
            share = c.real(y_bar, n, loc, out)
            return [*out, Accum(loc, replace(value, array=c.bar(n)) if isinstance(value, Index) else c.bar(n), share)]
        case Call(p.stretch, (Var(x), *ns)) if c.again:
            return unstretched(x, y_bar, ns, loc, c) if x in c.active else []
        case Call(p.stretch, (Var(x), *_)):
            return [Assign(loc, c.bar(x), Call(p.unstretch, (c.bar(x), y_bar)))] if x in c.active else []
        case Call(p.seed_like, (_, Var(seed))):  # of a pullback, which is differentiated again
            return [Accum(loc, c.bar(seed), y_bar)] if seed in c.active else []
        case Call(p.grown):
            raise only_forward(loc)
        case Call(Routine()):
            return routine_shares(value, (y,), (y_bar,), loc, c)
        case Call(fn, args) if isinstance(fn, DERIVED) and any(n in c.active for n in variables(*args)):
            raise only_forward(loc)
        case Call(np.dot):
            return dot_shares(value, y_bar, loc, c)
        case Call(fn) if is_atom(fn):
            return atom_shares(value, y, y_bar, loc, c)
        case Call(fn) if is_constant(fn):
            return []
        case Call():
            return elementwise_shares(value, y, y_bar, loc, c)
    return []


def unstretched(x: str, y_bar: Var, ns: list[Expr], loc: Loc | None, c: Context) -> list[Stmt]:
    """Add the adjoint of a stretched array to that of `x`, element by element."""
    steps = [c.temp(INT) for _ in ns]
    out: list[Stmt] = []
    for k, (step, n) in enumerate(zip(steps, ns, strict=True)):
        extent = c.flat(Call(p.shape, (Var(x), Const(k))), loc, INT, out)
        out.append(Assign(loc, step, Call(p.stretch_step, (extent, n))))
    counters = tuple(Var(c.fresh("i", INT)) for _ in ns)
    inner: list[Stmt] = []
    place = tuple(c.flat(i * step, loc, INT, inner) for i, step in zip(counters, steps, strict=True))
    g = c.flat(Index(y_bar, counters), loc, scalar_type(c.types[x]), inner)
    inner.append(Accum(loc, Index(c.bar(x), place), g))
    for i, n in zip(reversed(counters), reversed(ns), strict=True):
        inner = [For(loc, i, Const(0), n, Const(1), tuple(inner))]
    return out + inner


def elementwise_shares(value: Call, y: Var, y_bar: Var, loc: Loc | None, c: Context) -> list[Stmt]:
    out: list[Stmt] = []
    for k, (a, share) in enumerate(zip(value.args, scalar_shares(value, y, y_bar, loc, c), strict=False)):
        if not c.is_active(a):
            continue
        assert isinstance(a, Var)
        if rule_of(value.fn).refuses(k):  # type: ignore[union-attr]
            raise argument_refused(value.fn, k, loc)
        if not is_const(share, 0):
            # statements before the accumulation read y_bar, so they come first
            negative = isinstance(share, Call) and share.fn is op.neg
            inner = c.flat(share.args[0] if negative and isinstance(share, Call) else share, loc, c.types[y.name], out)
            if may_be_infinite(share, c.value_of) and not (value.fn in INFINITE_WITH_SLOPE and y.name in c.counted):
                inner = c.flat(Call(p.flowing, (y_bar, inner, zero(c.types[y.name]))), loc, c.types[y.name], out)
            inner = c.real(inner, a.name, loc, out)
            out.append(Accum(loc, c.bar(a.name), Call(op.neg, (inner,)) if negative else inner))
    return out


def scalar_shares(value: Call, y: Var, y_bar: Var, loc: Loc | None, c: Context) -> tuple[Expr, ...]:
    """By the rule table, one share for each argument."""
    rule = rule_of(value.fn)
    if rule is None or rule.partials is None or any(is_array(c.types.get(n)) for n in variables(value)):
        raise RuleMissing(value.fn, loc)
    operands, result = c.operand_types(value), c.types[y.name]
    if not among_complex(value.fn, (result, *operands)):
        return tuple(call(op.mul, y_bar, partial) for partial in rule.partials(*value.args, y))
    if rule.of_complex is None:
        raise RuleMissing(value.fn, loc)
    if is_complex(complex_kind(value.fn, operands, result)) and not is_complex(result):
        raise InternalError(f"{y.name} is complex, but was taken to be {result}")
    return tuple(without_conj(lift(s), c) for s in rule.of_complex(y_bar, *value.args, y))


def without_conj(e: Expr, c: Context) -> Expr:
    """Real numbers are their own conjugates."""
    if not isinstance(e, Call):
        return e
    if e.fn is np.conj and not any(is_complex(c.types.get(n)) for n in variables(e)):
        return e.args[0]
    return rebuild(e, lambda a: without_conj(a, c))
