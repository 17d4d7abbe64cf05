"""Lists whose length is computed: what their items are, and the arrays that hold them.

`parse` writes such a list as an array with a count (`frontend/lists.py`), allocated by `room(n, number)` and stored
into by `element(v, number)`, before it is known what the items are.  Numbers are elements of a vector; arrays are the
rows of an array with one more axis, copied where they are added and where they are taken out under a name of their own.
That copies are as good as the items themselves is checked in `sharing.py`.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
from numba import typeof
from numba.core import types
from numba.core.registry import cpu_target
from numba.np.numpy_support import as_dtype

from . import primitives as p
from .errors import Unsupported
from .ir import (
    Assign,
    Block,
    Call,
    Const,
    Expr,
    Function,
    If,
    Index,
    Loc,
    Move,
    Namer,
    Raise,
    Slice,
    Stmt,
    Var,
    blocks,
    map_exprs,
    names,
    operands,
    rebuild,
    walk,
    with_blocks,
)
from .sharing import Rows, Sharing

Infer = Callable[[Function], Function]
Kinds = Mapping[int, Any]  # list number -> type of the items


def is_call(e: Expr, fn: object) -> TypeGuard[Call]:
    return isinstance(e, Call) and e.fn is fn


def number_of(e: Call) -> int:
    number = e.args[1]
    assert isinstance(number, Const)
    return int(number.value)


def numbers(f: Function) -> set[int]:
    """The lists of the program."""
    return {number_of(e) for s in walk(f.body) for e in operands(s) if is_call(e, p.room)}


def holders(f: Function) -> dict[str, int]:
    """The names of arrays that hold items, each with the number of its list."""
    found = {
        s.target.name: number_of(s.value)
        for s in walk(f.body)
        if isinstance(s, Assign) and isinstance(s.target, Var) and is_call(s.value, p.room)
    }
    copies = [
        (t.name, v.name)
        for s in walk(f.body)
        if isinstance(s, (Assign, Move))
        for t, v in (zip(s.targets, s.sources, strict=True) if isinstance(s, Move) else [(s.target, s.value)])
        if isinstance(t, Var) and isinstance(v, Var)
    ]
    before = -1
    while before != len(found):
        before = len(found)
        found |= {t: found[v] for t, v in copies if v in found}
    return found


# ---- types ------------------------------------------------------------------------------------


def with_lists(f: Function, infer: Infer) -> Function:
    """Types of a program with lists: first a variable stands for the items of each, then there are arrays."""
    held = holders(f)
    g = infer(trial(f, held))
    kinds = item_types(f, g)
    return infer(Arrays(f, held, kinds, g.types).program())


def trial(f: Function, held: Mapping[str, int]) -> Function:
    """The program with `_item_3 = v` for what is stored in list 3, and `_item_3` for what is taken out."""
    filled = {number_of(s.value) for s in walk(f.body) if isinstance(s, Assign) and is_call(s.value, p.element)}

    def expr(e: Expr) -> Expr:
        if isinstance(e, Index) and e.array.name in held:
            item = Var(f"_item_{held[e.array.name]}")
            if isinstance(e.index[0], Slice):
                return Call(p.items, (item,))
            return Index(item, e.index[1:]) if len(e.index) > 1 else item
        if is_call(e, p.shape) and isinstance(e.args[0], Var) and e.args[0].name in held:
            return Const(1)
        return rebuild(e, expr) if isinstance(e, Call) else e

    def one(s: Stmt) -> tuple[Stmt, ...]:
        match s:
            case Assign(_, Var(t), value) if t in held:
                number = held[t]
                start = Assign(s.loc, Var(f"_item_{number}"), Const(0))
                return (start,) if is_call(value, p.room) and number not in filled else ()
            case Assign(_, Index(Var(t), index)) if t in held and not isinstance(s.value, Call) and len(index) == 1:
                return ()  # all items move to a longer array
            case Assign(_, Index(Var(t), _), Call(p.element, (v, _))) if t in held:
                return (Assign(s.loc, Var(f"_item_{held[t]}"), expr(v)),)
            case Move(_, targets, sources) if any(t.name in held for t in targets):
                left = [(t, v) for t, v in zip(targets, sources, strict=True) if t.name not in held]
                return (replace(s, targets=tuple(t for t, _ in left), sources=tuple(v for _, v in left)),) * bool(left)
        return (with_blocks(map_exprs(s, expr), tuple(map(each, blocks(s)))),)

    def each(block: Block) -> Block:
        return tuple(t for s in block for t in one(s))

    return replace(f, body=each(f.body))


def item_types(f: Function, g: Function) -> dict[int, Any]:
    """The types of the items, by what is stored; `g` is the trial."""
    seen: dict[int, list[types.Type]] = {k: [] for k in numbers(f)}
    places: dict[int, Loc | None] = {}
    for s in walk(f.body):
        if not (isinstance(s, Assign) and is_call(s.value, p.element)):
            continue
        number, v = number_of(s.value), s.value.args[0]
        places.setdefault(number, s.loc)
        t = g.types.get(v.name) if isinstance(v, Var) else types.unliteral(typeof(v.value))  # type: ignore[attr-defined]
        if t is None:
            continue
        if isinstance(t, (types.Integer, types.Boolean)):
            t = types.int64
        dtype = t.dtype if isinstance(t, types.Array) else t
        if not isinstance(dtype, (types.Integer, types.Boolean, types.Float, types.Complex)):
            raise Unsupported(
                f"a list of items of type {t} whose length is not known when compiling",
                s.loc,
                "write the items into the rows of an array made before",
            )
        seen[number].append(types.Array(t.dtype, t.ndim, "C") if isinstance(t, types.Array) else t)
    found = {k: cpu_target.typing_context.unify_types(*ts) if ts else types.int64 for k, ts in seen.items()}
    for number, t in found.items():
        if t is None:
            kinds = " and ".join(sorted({str(t) for t in seen[number]}))
            raise Unsupported(
                f"the items of a list are of different types: {kinds}",
                places[number],
                "use a list for each kind, or convert them",
            )
    return found


# ---- arrays -----------------------------------------------------------------------------------------


class Arrays:
    """The program with arrays for its lists."""

    def __init__(self, f: Function, held: Mapping[str, int], kinds: Kinds, known: Mapping[str, Any]) -> None:
        self.f, self.held, self.kinds, self.known = f, held, kinds, known
        self.namer = Namer(names(f))
        self.loc: Loc | None = None
        self.out: list[Stmt] = []
        self.taken: frozenset[Stmt] = frozenset()  # items that get a name of their own

    def program(self) -> Function:
        held = [n for n in self.held if self.is_rows(n)]
        if held:
            rows = Rows(self.f, held, self.known)
            Sharing(rows).check()
            self.taken = rows.copied
        return replace(self.f, body=self.block(self.f.body))

    def block(self, body: Block) -> Block:
        outer, self.out = self.out, []
        for s in body:
            self.loc = s.loc
            self.statement(s)
        made, self.out = tuple(self.out), outer
        return made

    def temp(self, value: Expr) -> Var:
        t = Var(self.namer.temp())
        self.out.append(Assign(self.loc, t, value))
        return t

    def statement(self, s: Stmt) -> None:
        match s:
            case Assign(_, Var(), Call(p.room) as e):
                self.out.append(replace(s, value=self.room(e)))
            case Assign(_, Index(Var(t), index), Call(p.element, (v, _))) if t in self.held:
                kind = self.kinds[self.held[t]]
                if isinstance(kind, types.Array):
                    if index == (Const(Ellipsis),):
                        raise Unsupported(
                            "a list of one array a computed number of times",
                            s.loc,
                            "append a copy of it in a loop, or use an array with one more axis",
                        )
                    self.same_shape(t, v, kind.ndim)
                self.out.append(replace(s, value=v))
            case Assign(_, Index(Var(t), (Slice(_, Var() as count, _),)), Var()) if self.is_rows(t):
                some = self.temp(Call(op.gt, (count, Const(0))))  # of no items, the shape is not known
                self.out.append(If(s.loc, some, (s,), ()))
            case Assign(_, Var(), Index()) if s in self.taken:
                self.out.append(replace(s, value=Call(np.copy, (self.temp(s.value),))))
            case _:
                self.out.append(with_blocks(s, tuple(map(self.block, blocks(s)))))

    def is_rows(self, name: str) -> bool:
        return name in self.held and isinstance(self.kinds[self.held[name]], types.Array)

    def room(self, e: Call) -> Call:
        """The allocation; an array of no rows as long as no item is there to tell their shape."""
        kind = self.kinds[number_of(e)]
        shape: tuple[Expr, ...] = e.args[:1]
        if isinstance(kind, types.Array):
            shape = (Const(0),) * (kind.ndim + 1)
            if len(e.args) > 2:
                shape = (e.args[0], *(self.temp(Call(p.shape, (e.args[2], Const(k)))) for k in range(kind.ndim)))
            kind = kind.dtype
        return Call(np.empty, (Call(p.pack, shape), Const(as_dtype(kind).type)))

    def same_shape(self, rows: str, v: Expr, ndim: int) -> None:
        for k in range(ndim):
            n = self.temp(Call(p.shape, (Var(rows), Const(k + 1))))
            m = self.temp(Call(p.shape, (v, Const(k))))
            differs = self.temp(Call(op.ne, (n, m)))
            message = "the arrays in a list of computed length must have the same shape"
            self.out.append(If(self.loc, differs, (Raise(self.loc, ValueError, (Const(message),)),), ()))
