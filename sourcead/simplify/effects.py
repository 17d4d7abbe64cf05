"""What a statement reads and writes: names, and memory by storage class.

A *name* is bound to a value; a *storage class* is a set of array names that may denote the same memory.
Two statements may change places when neither binds what the other uses and neither stores where the other
loads (`conflict`).  All of it errs on the safe side.
"""

from __future__ import annotations

import math
import operator as op
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types as nt

from .. import primitives as prim
from ..ir import (
    Accum,
    Assign,
    Break,
    Call,
    Const,
    Expr,
    Function,
    Index,
    Move,
    Pop,
    Push,
    Raise,
    Return,
    Slice,
    Stmt,
    Var,
    blocks,
    bound,
    children,
    once,
    operands,
    used,
    variables,
    walk,
    written,
)
from ..routines import DERIVED, Pushforward, Routine
from ..rules import is_atom, is_draw

ALLOCATIONS: frozenset[Any] = frozenset(
    {np.empty, np.zeros, np.ones, np.full, np.empty_like, np.zeros_like, np.ones_like, np.copy}
)

# Read the binding of their first argument (extents, dtype), never its elements.
SHAPE_ONLY: frozenset[Any] = frozenset(
    {prim.shape, prim.shape_of, prim.dtype_of, prim.seed_like, np.empty_like, np.zeros_like, np.ones_like}
)

# The result may be the first argument itself, or a view of it.
ALIASING: frozenset[Any] = frozenset(
    {np.transpose, np.reshape, np.ravel, np.asarray, np.ascontiguousarray, np.broadcast_to}
)
ALIASING_NAMES = frozenset({"stretch", "stretch_bar", "unstretch"})

# Change the elements of their first argument.
MUTATING_NAMES = frozenset({"unstretch"})

# May raise, so they stay where they are even when nobody wants the result.
RAISING: frozenset[Any] = frozenset({prim.broadcast_extent, prim.place_within, prim.seed_like})

_OPERATORS = (
    *(op.add, op.sub, op.mul, op.truediv, op.floordiv, op.mod, op.pow, op.neg, op.pos, op.not_, op.invert),
    *(op.lt, op.le, op.gt, op.ge, op.eq, op.ne, op.and_, op.or_, op.xor, op.lshift, op.rshift),
)
SCALAR_FUNCTIONS: frozenset[Any] = frozenset(
    {
        *_OPERATORS,
        *(prim.shape, prim.both, prim.either, prim.select, prim.flowing, prim.trips, prim.broadcast_extent),
        prim.stop_gradient,
        *(abs, min, max, int, float, complex, bool, pow, np.where, np.real, np.imag, np.angle),
        *(v for k, v in vars(math).items() if callable(v) and not k.startswith("_")),
    }
)
GENERATOR = "the state of the generator of random numbers"


def is_array(t: object) -> bool:
    return isinstance(t, nt.Array)


def is_scalar_call(e: Expr) -> bool:
    """A call of a function known to give a scalar when its operands are scalars (or `shape`)."""
    return isinstance(e, Call) and (e.fn in SCALAR_FUNCTIONS or isinstance(e.fn, np.ufunc))


def is_allocation(e: Expr) -> bool:
    return isinstance(e, Call) and e.fn in ALLOCATIONS


@once
def may_raise(e: Expr) -> bool:
    return (isinstance(e, Call) and raises(e.fn)) or any(map(may_raise, children(e)))


def raises(fn: Any) -> bool:
    """May a call of this function raise?  Matrices may be singular, and have shapes that do not fit."""
    if isinstance(fn, Routine | Pushforward):
        return not fn.routine.pure
    return fn in RAISING or fn is not np.dot and is_atom(fn)


@once
def draws(s: Stmt) -> bool:
    """Does the statement draw random numbers? Then it runs once, and in its turn."""
    return any(map(_draws, operands(s))) or any(draws(t) for b in blocks(s) for t in b)


@once
def _draws(e: Expr) -> bool:
    return (isinstance(e, Call) and (is_draw(e.fn) or call_draws(e.fn))) or any(map(_draws, children(e)))


def call_draws(fn: Any) -> bool:
    """Does a function that stays a call draw? Pullbacks leave the generator as it is."""
    return isinstance(fn, (Routine, Pushforward)) and fn.draws


@once
def is_pure(e: Expr) -> bool:
    """No effect but its value: may be dropped when nobody reads that."""
    if isinstance(e, Call):
        if isinstance(e.fn, Routine):
            return e.fn.pure
        if is_draw(e.fn) or is_mutating(e) or raises(e.fn):
            return False
    return all(map(is_pure, children(e)))


def _name(e: Call) -> str:
    return "" if isinstance(e.fn, (Routine, *DERIVED)) else getattr(e.fn, "__name__", "")


def is_mutating(e: Expr) -> bool:
    return bool(mutated(e))


def mutated(e: Expr) -> tuple[str, ...]:
    """The arrays whose elements a call changes."""
    if not isinstance(e, Call):
        return ()
    n = e.fn.arrays if isinstance(e.fn, DERIVED) else int(_name(e) in MUTATING_NAMES)
    return tuple(variables(*e.args[:n]))


def may_alias_argument(e: Expr) -> bool:
    return isinstance(e, Call) and (e.fn in ALIASING or _name(e) in ALIASING_NAMES)


def bases(e: Expr, viewed: bool) -> Iterator[str]:
    """The arrays whose memory the value of `e` may be (part of)."""
    if isinstance(e, Var):
        yield e.name
    elif isinstance(e, Index) and (viewed or any(isinstance(i, Slice) for i in e.index)):
        yield e.array.name
    elif isinstance(e, Call) and (may_alias_argument(e) or e.fn in (prim.select, prim.pack)):
        for a in e.args:
            yield from bases(a, True)


def storage(f: Function, at_once: bool = False) -> dict[str, str]:
    """Name -> storage class: names of one class may denote the same memory, names of two never do.

    Names that hold scalars are classes of their own.  With `at_once`, names of one class may denote the same
    memory at the same time: two buffers that a `Move` exchanges are apart as long as neither is bound again.
    """
    return _at_once(f) if at_once else _ever(f)


@once
def _ever(f: Function) -> dict[str, str]:
    return _classes(f, False)


@once
def _at_once(f: Function) -> dict[str, str]:
    return _classes(f, True)


def _classes(f: Function, at_once: bool) -> dict[str, str]:
    parent: dict[str, str] = {}
    views: set[str] = set()

    def find(n: str) -> str:
        while parent.setdefault(n, n) != n:
            n = parent[n]
        return n

    def array(n: str) -> bool:
        return n not in f.types or not isinstance(f.types[n], (nt.Number, nt.Boolean))

    def join(a: str, b: str) -> None:
        if array(a) and array(b):
            parent[find(a)] = find(b)

    for s in walk(f.body):
        match s:
            case Assign(_, Var(t), v):
                for n in bases(v, is_array(f.types.get(t))):
                    join(t, n)
                    if isinstance(v, Index) or (isinstance(v, Call) and v.fn in ALIASING):
                        views.add(t)
            case Move() if not at_once:
                for target, source in zip(s.targets, s.sources, strict=True):
                    if isinstance(source, Var):
                        join(target.name, source.name)
            case Push(_, stack, v) if not at_once:
                join(stack.name, v.name)
            case Pop(_, t, stack) if not at_once:
                join(stack.name, t.name)
        for n in (*used(s), *written(s)):
            parent.setdefault(n, n)
    for n in (*f.params, *f.constants, *f.types):
        parent.setdefault(n, n)
    viewed = {find(n) for n in views}
    return {n: _VIEWED + c if (c := find(n)) in viewed else c for n in parent}


_VIEWED = "~"


def is_viewed(cls: str) -> bool:
    """Are there views in this class, so that equal indices need not mean equal elements?"""
    return cls.startswith(_VIEWED)


def rebinds_arrays(stmts: Iterable[Stmt], types: Mapping[str, object]) -> bool:
    """Do array names change their memory inside these statements?"""
    moves = (s for s in walk(stmts) if isinstance(s, Move | Push | Pop))
    return any(not isinstance(s, Move) or any(is_array(types.get(t.name)) for t in s.targets) for s in moves)


@once
def memory_read(e: Expr) -> tuple[str, ...]:
    """The names whose *elements* the expression may read (scalars too; what `shape` looks at excepted)."""
    match e:
        case Var(n):
            return (n,)
        case Call(fn) if fn in SHAPE_ONLY:
            return tuple(n for a in e.args[1:] for n in memory_read(a))
    return tuple(n for c in children(e) for n in memory_read(c))


@once
def own_stores(s: Stmt) -> tuple[str, ...]:
    """The arrays whose elements the statement itself changes."""
    out: list[str] = []
    match s:
        case Assign(_, Index(a, _), _):
            out.append(a.name)
        case Accum(_, Index(a, _), _) | Accum(_, Var() as a, _):
            out.append(a.name)
    for e in operands(s):
        out += mutated(e)
    return tuple(out)


@dataclass(frozen=True)
class Effects:
    """Everything some statements (blocks included) do: names used and bound, storage loaded, stored, and given another
    name.

    Storage stands for itself by the names of arrays, or by their classes.
    """

    uses: frozenset[str]
    binds: frozenset[str]
    loads: frozenset[str]
    stores: frozenset[str]
    renames: frozenset[str]
    stacks: frozenset[str]
    raises: bool
    jumps: bool

    def __or__(self, o: Effects) -> Effects:
        return united((self, o))


def class_of(classes: Mapping[str, str], n: str) -> str:
    return classes.get(n, n)


def effects(stmts: Iterable[Stmt], classes: Mapping[str, str]) -> Effects:
    e = united(map(_effects, stmts))
    loads, stores, renames = (
        frozenset([class_of(classes, n) for n in names]) for names in (e.loads, e.stores, e.renames)
    )
    return Effects(e.uses, e.binds, loads, stores, renames, e.stacks, e.raises, e.jumps)


def united(each: Iterable[Effects]) -> Effects:
    """All of them together."""
    parts = tuple(each)
    if len(parts) == 1:
        return parts[0]
    none: frozenset[str] = frozenset()
    return Effects(
        none.union(*[e.uses for e in parts]),
        none.union(*[e.binds for e in parts]),
        none.union(*[e.loads for e in parts]),
        none.union(*[e.stores for e in parts]),
        none.union(*[e.renames for e in parts]),
        none.union(*[e.stacks for e in parts]),
        any(e.raises for e in parts),
        any(e.jumps for e in parts),
    )


@once
def _effects(s: Stmt) -> Effects:
    """By the names of arrays."""
    own = operands(s)
    stores = frozenset(own_stores(s))  # uses the binding of the array
    e = Effects(
        uses=stores.union(variables(*own)),
        binds=frozenset(bound(s)),
        loads=frozenset(n for x in own for n in memory_read(x)),
        stores=stores,
        renames=frozenset(v.name for v in s.sources if isinstance(v, Var)) if isinstance(s, Move) else frozenset(),
        stacks=frozenset((s.stack.name,) if isinstance(s, Push | Pop) else (GENERATOR,) if draws(s) else ()),
        raises=isinstance(s, Raise) or any(map(may_raise, own)),
        jumps=isinstance(s, Break | Return),
    )
    return united([e, *(_effects(t) for b in blocks(s) for t in b)])


def conflict(a: Effects, b: Effects) -> bool:
    """May the order of two statements matter?  (Additions into one element count: rounding is a value.)"""
    return bool(
        a.binds & (b.uses | b.binds)
        or b.binds & a.uses
        or a.stores & (b.loads | b.stores)
        or b.stores & a.loads
        # an array that a `Move` takes over is not looked at under its old name any more: reverse mode relies on it
        or a.renames & (b.loads | b.stores)
        or b.renames & (a.loads | a.stores)
        or a.stacks & b.stacks
        or (a.raises and b.raises)
        or a.jumps
        or b.jumps
    )


def is_int_const(e: Expr, value: int) -> bool:
    return isinstance(e, Const) and type(e.value) is int and e.value == value
