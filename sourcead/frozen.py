"""Stores into frozen globals: Numba types these arrays as read-only, and complains of it in words of its own."""

from __future__ import annotations

import numpy as np

from .errors import Finding
from .ir import Accum, Assign, Call, Expr, Function, Index, Move, Slice, Stmt, Var, walk
from .lower.elementwise import IN_PLACE
from .lower.storage import VIEWS


def changes(f: Function) -> list[Finding]:
    """What the program stores into arrays that are frozen globals, or may be parts of them, under any name."""
    frozen = {n: {n} for n, v in f.constants.items() if isinstance(v, np.ndarray)}
    found: dict[str, set[str]] = dict(frozen)
    size = -1
    while size != (size := sum(map(len, found.values()))):
        for s in walk(f.body):
            for target, value in bindings(s):
                for a in found.get(looked_at(f, value), ()):
                    found.setdefault(target, set()).add(a)
    return [
        Finding(s.loc, f"`{a}` is a global array, which the function must not change", f"copy it first: {a}.copy()")
        for s in walk(f.body)
        for a in sorted(found.get(stored(s), ()))
    ]


def bindings(s: Stmt) -> list[tuple[str, Expr]]:
    match s:
        case Assign(_, Var(t), value):
            return [(t, value)]
        case Move(_, targets, sources):
            return [(t.name, v) for t, v in zip(targets, sources, strict=True)]
    return []


def looked_at(f: Function, value: Expr) -> str:
    """The array that a value is, or is a part of, as far as this is seen without types."""
    match value:
        case Var(a):
            return a
        case Index(Var(a), index):
            ndim = getattr(f.constants.get(a), "ndim", -1)
            number = not any(isinstance(i, Slice) for i in index) and len(index) == ndim
            return "" if number else a
        case Call(fn, (Var(a), *_)) if fn in VIEWS or fn in IN_PLACE or fn is np.asarray:
            return a
    return ""


def stored(s: Stmt) -> str:
    match s:
        case Assign(_, Index(Var(a), _), _) | Accum(_, Index(Var(a), _), _):
            return a
        case Assign(_, Var(_), Call(fn, (Var(a), *_))) if fn in IN_PLACE:
            return a
    return ""
