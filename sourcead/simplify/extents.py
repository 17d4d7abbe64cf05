"""Extents that follow from how an array was made: `shape(a, 0)` is `n` after `a = np.empty((n, m))`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

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
    Index,
    Move,
    Slice,
    Stmt,
    Unpack,
    Var,
    While,
    blocks,
    bound,
    map_exprs,
    rebuild,
    walk,
    with_blocks,
    with_body,
)
from ..rules import result_extents

Extents = tuple[Expr, ...]


def known_extents(f: Function) -> Function:
    """Read extents off the name or array they come from, so that equal ones are the same operand."""
    usable = lasting_extents(f)

    def read(e: Expr) -> Expr:
        match e:
            case Call(prim.shape, (Var(n), Const(int(k)))) if n in usable and -len(usable[n]) <= k < len(usable[n]):
                return usable[n][k] or e
        return rebuild(e, read)

    def visit(s: Stmt) -> Stmt:
        return with_blocks(map_exprs(s, read), tuple(tuple(map(visit, b)) for b in blocks(s)))

    return with_body(f, tuple(map(visit, f.body)))


def lasting_extents(f: Function) -> dict[str, tuple[Expr | None, ...]]:
    """The extents of arrays, where they are operands whose value never changes."""
    fixed = _Fixed(f)
    known: dict[str, Extents] = {}
    for s in walk(f.body):
        if isinstance(s, Assign) and isinstance(s.target, Var) and s.target.name in fixed.bound_once:
            e = extents_of(s.value, f.types, known)
            if e is not None:
                known[s.target.name] = e
        elif isinstance(s, Unpack):
            several = atom_extents(s.value, f.types, known)
            known.update((n, e) for n, e in zip(bound(s), several or (), strict=False) if n in fixed.bound_once)
    known.update(_joined(f, fixed, known))
    return {n: tuple(x if fixed.holds(x) else None for x in e) for n, e in known.items()}


def _joined(f: Function, fixed: _Fixed, known: Mapping[str, Extents]) -> dict[str, Extents]:
    """Extents of arrays that are bound several times, always to arrays of the same fixed extents."""
    sources: dict[str, list[Expr | None]] = {}
    for s in walk(f.body):
        match s:
            case Assign(_, Var(t), v):
                sources.setdefault(t, []).append(v)
            case Move():
                for target, source in zip(s.targets, s.sources, strict=True):
                    sources.setdefault(target.name, []).append(source)
            case _:
                for n in bound(s):
                    if not (isinstance(s, Accum) and hasattr(f.types.get(n), "ndim")):
                        sources.setdefault(n, []).append(None)
    several = {n for n in sources if n not in known and n not in f.params and hasattr(f.types.get(n), "ndim")}
    found: dict[str, Extents | None] = dict.fromkeys(several)  # None: nothing against it yet
    while True:
        new = {n: e for n in several if (e := _common(sources[n], found, f, fixed, known)) != ()}
        if new == found:
            return {n: e for n, e in found.items() if e is not None}
        several, found = set(new), new


def _common(
    sources: list[Expr | None],
    found: Mapping[str, Extents | None],
    f: Function,
    fixed: _Fixed,
    known: Mapping[str, Extents],
) -> Extents | None:
    """The extents that all sources share; () when they do not, None when that is still open."""
    common: Extents | None = None
    for v in sources:
        if isinstance(v, Var) and v.name in found:
            e = found[v.name]
            if e is None:
                continue
        else:
            e = None if v is None else extents_of(v, f.types, known)
        if e is None or not all(map(fixed.holds, e)) or common not in (None, e):
            return ()
        common = e
    return common


class _Fixed:
    """Names whose value never changes: parameters that stay as they are, names bound once outside loops."""

    def __init__(self, f: Function):
        # `a += b` leaves an array where it is
        counts = Counter(n for s in walk(f.body) if not isinstance(s, Accum) for n in bound(s))
        sums = {n for s in walk(f.body) if isinstance(s, Accum) for n in bound(s)}
        scalars = {n for n in sums if not hasattr(f.types.get(n), "ndim")}
        self.bound_once = {n for n, k in counts.items() if k == 1} - scalars
        outside = {n for s in _outside_loops(f.body) if not isinstance(s, For) for n in bound(s)}
        self.names = (self.bound_once & outside) | {n for n in (*f.params, *f.constants) if n not in counts}
        self.names -= scalars

    def holds(self, e: Expr) -> bool:
        match e:
            case Const():
                return True
            case Var(n):
                return n in self.names
            case Call(prim.shape, (Var(n), _)):
                return n in self.names
        return False


def _outside_loops(b: Block) -> Iterator[Stmt]:
    for s in b:
        yield s
        if not isinstance(s, For | While):
            for c in blocks(s):
                yield from _outside_loops(c)


def extents_of(e: Expr, types: Mapping[str, Any], known: Mapping[str, Extents]) -> Extents | None:
    """The extents of an array expression; None when they are not plain."""
    match e:
        case Var(n):
            if n in known:
                return known[n]
            rank = getattr(types.get(n), "ndim", None)
            return None if rank is None else tuple(Call(prim.shape, (e, Const(k))) for k in range(rank))
        case Index(a, index):
            whole = extents_of(a, types, known)
            row = whole is not None and not any(isinstance(i, Slice) for i in index) and len(index) < len(whole)
            return whole[len(index) :] if whole is not None and row else None
        case Call(np.empty | np.zeros | np.ones | np.full, (Call(prim.pack, items), *_)):
            return items
        case Call(np.empty | np.zeros | np.ones | np.full, ((Var() | Const()) as n, *_)):
            return (n,)
        case Call(np.empty_like | np.zeros_like | np.ones_like | np.copy, (a, *_)):
            return extents_of(a, types, known)
        case Call(np.transpose, (a,)):
            whole = extents_of(a, types, known)
            return None if whole is None else whole[::-1]
        case Call(np.dot, (a, b)):
            return _product(extents_of(a, types, known), extents_of(b, types, known))
        case Call(fn, (_, *items)) if getattr(fn, "__name__", "") == "stretch":
            return tuple(items)
        case Call():
            made = atom_extents(e, types, known)
            return None if made is None else made[0]
    return None


def atom_extents(e: Call, types: Mapping[str, Any], known: Mapping[str, Extents]) -> tuple[Extents, ...] | None:
    """The extents of each result of a call of linear algebra; None when they are not plain."""
    of = result_extents(e.fn)
    if of is None:
        return None
    args = [extents_of(a, types, known) for a in e.args if not isinstance(a, Const)]
    return None if None in args else of(*args)


def _product(a: Extents | None, b: Extents | None) -> Extents | None:
    if a is None or b is None or not (1 <= len(a) <= 2 and 1 <= len(b) <= 2):
        return None
    return (*a[:-1], *(b[1:] if len(b) == 2 else ()))
