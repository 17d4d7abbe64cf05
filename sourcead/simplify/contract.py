"""Arrays that needless zeros or needless memory made: `contract` and `define`.

`contract`: an array whose every element is used in the iteration that stores it, and nowhere else, is a scalar.
`define`: an array of zeros that a full loop adds to once is stored by that loop instead.
"""

from __future__ import annotations

import operator as op
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import types as nt

from .. import primitives as prim
from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
    Raise,
    Stmt,
    Var,
    blocks,
    bound,
    is_const,
    map_exprs,
    reads,
    rebuild,
    same,
    substitute,
    used,
    variables,
    walk,
    with_blocks,
    writes,
)
from .copies import type_of_const
from .dependence import Access, accesses, alone, counts_up_from_zero, leaves, own_accesses
from .effects import storage

_MARK = "\0"  # stands for the new scalar while the array's own name may still occur


def natural(e: Expr, types: Mapping[str, Any]) -> Any:
    """The type the value of `e` has before any conversion; None when that is not known here."""
    match e:
        case Const():
            return type_of_const(e)
        case Var(n):
            return types.get(n)
        case Index(a, _):
            return getattr(types.get(a.name), "dtype", None)
        case Call(op.add | op.sub | op.mul | op.truediv | op.neg, args):
            kinds = {natural(a, types) for a in args}
            floats = {t for t in kinds if isinstance(t, nt.Float)}
            rest = kinds - floats
            if floats == {nt.float64} and all(isinstance(t, nt.Integer) for t in rest):
                return nt.float64
            return next(iter(floats)) if len(floats) == 1 and not rest else None
        case Call(fn, args) if isinstance(fn, np.ufunc) or getattr(fn, "__module__", "") == "math":
            return nt.float64 if args and all(natural(a, types) == nt.float64 for a in args) and _to_float(fn) else None
    return None


def _to_float(fn: Any) -> bool:
    if isinstance(fn, np.ufunc):
        return all(t.split("->")[1] == "d" for t in fn.types if set(t.split("->")[0]) == {"d"})
    return fn.__name__ not in ("floor", "ceil", "trunc", "isnan", "isinf", "isfinite", "frexp", "modf", "isclose")


@dataclass
class Locals:
    """The arrays a program allocates once, for itself: their allocation, and who mentions what."""

    f: Function

    def __post_init__(self) -> None:
        # `a += b` leaves an array where it is
        binding = (s for s in walk(self.f.body) if not (isinstance(s, Accum) and is_array_name(s.target, self.f)))
        counts = Counter(n for s in binding for n in bound(s))
        single = alone(counts, storage(self.f))
        self.once = {n for n, k in counts.items() if k == 1} | (set(self.f.params) - counts.keys())
        self.allocations = {
            s.target.name: s
            for s in walk(self.f.body)
            if isinstance(s, Assign)
            and isinstance(s.target, Var)
            and isinstance(s.value, Call)
            and s.value.fn in (np.empty, np.zeros)
            and s.target.name in single & self.once
        }
        self._mentions: dict[Stmt, frozenset[str]] = {}

    def mentions(self, s: Stmt) -> frozenset[str]:
        if s not in self._mentions:
            self._mentions[s] = frozenset(reads(s) | writes(s))
        return self._mentions[s]


def is_array_name(t: Var | Index, f: Function) -> bool:
    return isinstance(t, Var) and isinstance(f.types.get(t.name), nt.Array)


# ---- contract ---------------------------------------------------------------------------------


def contract(f: Function) -> Function:
    """Replace arrays that only carry a value within an iteration by scalars."""
    known = Locals(f)
    for name in known.allocations:
        f = _contract(f, name, known)
    return f


def _contract(f: Function, name: str, known: Locals) -> Function:
    alloc = known.allocations[name]
    dtype = getattr(f.types.get(name), "dtype", None)
    if dtype is None:
        return f
    done = False

    def visit(b: Block) -> Block:
        nonlocal done
        if alloc in b:
            k = b.index(alloc)
            rest = _descend(b[k + 1 :], name, alloc, dtype, f.types, [])
            if rest is None:
                return b
            done = True
            return (*b[:k], *rest)
        return tuple(with_blocks(s, tuple(map(visit, blocks(s)))) for s in b)

    if any(name in used(s) and not _only_elements(s, name) for s in walk(f.body)):
        return f
    body = visit(f.body)
    if not done or any(name in reads(s) | writes(s) for s in body):
        return f
    final = tuple(_unmark(s, name) for s in body)
    return replace(f, body=final, types={**f.types, name: dtype})


def _unmark(s: Stmt, name: str) -> Stmt:
    if _MARK not in reads(s) | writes(s):
        return s
    env = {_MARK: Var(name)}
    s = map_exprs(s, lambda e: substitute(e, env), lambda v: env.get(v.name, v))
    return with_blocks(s, tuple(tuple(_unmark(c, name) for c in b) for b in blocks(s)))


def _only_elements(s: Stmt, name: str) -> bool:
    """Does the statement use the array by full elements only?  (What looks at its shape does not.)"""
    uses = sum(n == name for n in used(s))
    target = isinstance(s, Accum) and isinstance(s.target, Index) and s.target.array.name == name
    loads = sum(a.name == name and a.place is not None and a.kind == "load" for a in own_accesses(s))
    return uses == loads + target


def _descend(
    b: Block, name: str, alloc: Assign, dtype: Any, types: Mapping[str, Any], loops: list[Stmt]
) -> Block | None:
    """Go to the innermost block that holds all uses, and rewrite it there."""
    users = [k for k, s in enumerate(b) if name in reads(s) | writes(s)]
    if not users:
        return None
    if len(users) == 1:
        s = b[users[0]]
        inner = [c for c in blocks(s) if any(name in reads(x) | writes(x) for x in c)]
        if len(inner) == 1:
            new = _descend(inner[0], name, alloc, dtype, types, [*loops, s])
            if new is None:
                return None
            changed = with_blocks(s, tuple(new if c is inner[0] else c for c in blocks(s)))
            return (*b[: users[0]], changed, *b[users[0] + 1 :])
        if inner:
            return None
    return _rewrite(b, users[0], name, alloc, dtype, types, loops)


def _rewrite(
    b: Block, first: int, name: str, alloc: Assign, dtype: Any, types: Mapping[str, Any], loops: list[Stmt]
) -> Block | None:
    uses = [a for a in accesses(b) if a.name == name]
    place = uses[0].place if uses else None
    if place is None or any(a.place != place for a in uses) or not all(isinstance(i, Var | Const) for i in place):
        return None
    if set(variables(*place)) & {n for s in walk(b) for n in bound(s)}:
        return None
    if not all(_keeps_type(s, name, dtype, types) for s in walk(b)):
        return None
    out = list(b)
    if not _starts(b[first], name):
        # Reads a zero, or adds to one: each element must meet this block only once.
        if not (isinstance(alloc.value, Call) and alloc.value.fn is np.zeros and _once(loops, place)):
            return None
        zero = _zero(dtype)
        if zero is None:
            return None
        out.insert(first, Assign(alloc.loc, Var(name), zero))
    element = Index(Var(name), place)
    return tuple(_replace(s, element) for s in out)


def _starts(s: Stmt, name: str) -> bool:
    """Is this a plain store into the array that does not read it?"""
    return isinstance(s, Assign) and isinstance(s.target, Index) and name not in used(s)


def _keeps_type(s: Stmt, name: str, dtype: Any, types: Mapping[str, Any]) -> bool:
    """Does storing the value in the array convert nothing?"""
    if isinstance(s, Assign | Accum) and isinstance(s.target, Index) and s.target.array.name == name:
        return natural(s.value, types) == dtype
    return True


def _once(loops: list[Stmt], place: tuple[Expr, ...]) -> bool:
    """Do different iterations of all these loops mean different elements?"""
    return all(isinstance(s, For) and s.var in place and counts_up_from_zero(s) for s in loops if not isinstance(s, If))


def _zero(dtype: Any) -> Const | None:
    if dtype == nt.float64:
        return Const(0.0)
    return Const(0) if dtype == nt.int64 else Const(False) if dtype == nt.boolean else None


def _replace(s: Stmt, element: Index) -> Stmt:
    mark = Var(_MARK)

    def expr(e: Expr) -> Expr:
        return mark if e == element else rebuild(e, expr)

    s = map_exprs(s, expr)
    if isinstance(s, Assign | Accum) and s.target in (element, element.array):
        s = replace(s, target=mark)
    return with_blocks(s, tuple(tuple(_replace(c, element) for c in b) for b in blocks(s)))


# ---- define -----------------------------------------------------------------------------------


def define(f: Function) -> Function:
    """`a = zeros; a += e` where the addition meets every element first and once: `a = e`."""
    known = Locals(f)
    body = _define(f.body, known)
    return f if body is f.body else replace(f, body=body)


def _define(b: Block, known: Locals) -> Block:
    out = list(b)
    for k, s in enumerate(out):
        if not (isinstance(s, Assign) and isinstance(s.target, Var)):
            continue
        user = next((m for m in range(k + 1, len(out)) if s.target.name in known.mentions(out[m])), None)
        if user is None:
            continue
        if isinstance(s.value, Call) and s.value.fn is np.zeros:
            _define_array(out, k, user, known)
        elif isinstance(s.value, Var | Const) and not any(_may_leave(x) for x in out[k + 1 : user]):
            _define_scalar(out, k, user, known.f.types)
    out = [s for s in out if s is not _GONE]
    inner = tuple(with_blocks(s, tuple(_define(c, known) for c in blocks(s))) for s in out)
    return b if same(inner, b) else inner


_GONE = Stmt(None)


def _may_leave(s: Stmt) -> bool:
    return leaves((s,)) or any(isinstance(c, Raise) for c in walk((s,)))


def _define_scalar(out: list[Stmt], k: int, user: int, types: Mapping[str, Any]) -> None:
    """`v = 0.0; v += e` is `v = e`; `v = x; v += y` is `v = x + y`."""
    first, s = out[k], out[user]
    if not (isinstance(first, Assign) and isinstance(s, Accum) and s.target == first.target):
        return
    assert isinstance(first.target, Var)
    name, x = first.target.name, first.value
    if name in variables(s.value) or natural(s.value, types) != types.get(name) or name not in types:
        return
    if is_const(x, 0):
        out[k], out[user] = _GONE, Assign(s.loc, s.target, s.value)
    elif isinstance(s.value, Var | Const) and natural(x, types) == types[name]:
        if not any(set(variables(x)) & writes(c) for c in out[k + 1 : user]):
            out[k], out[user] = _GONE, Assign(s.loc, s.target, Call(op.add, (x, s.value)))


def _define_array(out: list[Stmt], k: int, user: int, known: Locals) -> None:
    alloc, s = out[k], out[user]
    assert isinstance(alloc, Assign)
    assert isinstance(alloc.target, Var)
    assert isinstance(alloc.value, Call)
    name, types = alloc.target.name, known.f.types
    if isinstance(s, Accum) and s.target == alloc.target:
        if name not in variables(s.value) and _gives_whole(s.value, types.get(name), types):
            out[k], out[user] = _GONE, Assign(s.loc, s.target, s.value)
        return
    # Nobody mentions the array in between, so it has no second name yet.
    extents = _extents(alloc.value)
    if extents is None or any(set(variables(*extents)) & set(writes(x)) for x in out[k + 1 : user + 1]):
        return
    new = _first_addition(s, name, extents, [])
    if new is not None:
        out[k] = replace(alloc, value=replace(alloc.value, fn=np.empty))
        out[user] = new


def _gives_whole(e: Expr, array: Any, types: Mapping[str, Any]) -> bool:
    """Is `e` a product that makes a new array of the same rank and type?"""
    if not (isinstance(e, Call) and e.fn is np.dot and isinstance(array, nt.Array)):
        return False
    ranks: list[int] = []
    for a in e.args:
        rank = _rank(a, types)
        if rank is None:
            return False
        ranks.append(rank)
    dtypes = {getattr(types.get(n), "dtype", None) for a in e.args for n in _arrays(a)}
    return sum(ranks) - 2 == array.ndim and dtypes == {array.dtype}


def _arrays(e: Expr) -> tuple[str, ...]:
    match e:
        case Var(n):
            return (n,)
        case Index(a, _):
            return (a.name,)
        case Call(np.transpose, (a,)):
            return _arrays(a)
    return ("",)


def _rank(e: Expr, types: Mapping[str, Any]) -> int | None:
    match e:
        case Var(n):
            return getattr(types.get(n), "ndim", None)
        case Index(a, index):
            rank = _rank(a, types)
            return None if rank is None else rank - len(index)
        case Call(np.transpose, (a,)):
            return _rank(a, types)
    return None


def _extents(alloc: Call) -> tuple[Expr, ...] | None:
    if not alloc.args:
        return None
    shape = alloc.args[0]
    return shape.args if isinstance(shape, Call) and shape.fn is prim.pack else (shape,)


def _first_addition(s: Stmt, name: str, extents: tuple[Expr, ...], loops: list[For]) -> Stmt | None:
    """The loop nest with its first addition to the array made a store, when it covers the array once."""
    if not (isinstance(s, For) and isinstance(s.start, Const) and s.start.value == 0 and not leaves(s.body)):
        return None
    if not (isinstance(s.step, Const) and s.step.value == 1) or name in variables(s.start, s.stop, s.step):
        return None
    k = next(k for k, c in enumerate(s.body) if name in reads(c) | writes(c))
    first, rest = s.body[k], s.body[k + 1 :]
    loops = [*loops, s]
    if isinstance(first, For):
        if any(name in reads(c) | writes(c) for c in rest):
            return None
        new = _first_addition(first, name, extents, loops)
    else:
        new = _stored(first, rest, name, extents, loops)
    return None if new is None else replace(s, body=(*s.body[:k], new, *rest))


def _stored(first: Stmt, rest: Block, name: str, extents: tuple[Expr, ...], loops: list[For]) -> Stmt | None:
    if not (isinstance(first, Accum) and isinstance(first.target, Index) and first.target.array.name == name):
        return None
    place = first.target.index
    stops = {s.var: s.stop for s in loops}
    if len(stops) != len(loops) or set(place) != set(stops) or len(place) != len(loops) or len(extents) != len(place):
        return None
    covered = all(stops[v] == n for v, n in zip(place, extents, strict=True) if isinstance(v, Var))
    others: list[Access] = [a for a in accesses(rest) if a.name == name]
    if not covered or name in variables(first.value) or any(a.place != place for a in others):
        return None
    return Assign(first.loc, first.target, first.value)
