"""Types of a flat program, statement by statement: what Numba's inference finds, without its passes.

Only calls and subscripts are put to Numba, each combination of a function and argument types once in a process. What a
program is typed by otherwise (branches that Numba prunes, functions of the user's that stay calls) is left to Numba
as a whole, and so is every program that has no types: Numba tells why.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numba import typeof
from numba.core import errors, types
from numba.core.registry import cpu_target

from . import primitives as p
from .ir import (
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
    Move,
    Raise,
    Return,
    Slice,
    Stmt,
    Unpack,
    Var,
    While,
)
from .routines import Routine
from .stand_ins import asked, literal

INT = types.intp
ROUNDS = 20  # until the types in loops have settled


class NotDirect(Exception):
    """Something that this walk leaves to Numba."""


class Unknown(NotDirect):
    """The type of something that rests on what is not known yet."""


Returned = Callable[[Routine], Any]
"""What a routine returns for arguments of its types; may raise Unknown."""


def types_directly(f: Function, argtypes: tuple[types.Type, ...], returned: Returned) -> dict[str, Any] | None:
    """The types of all names; None for a program that Numba should look at as a whole."""
    walk, frozen = _walk(f, argtypes, returned)
    try:
        walk.block(f.body)
    except (NotDirect, errors.NumbaError):
        return None
    return {n: types.unliteral(t) for n, t in (walk.types | frozen).items()}


def type_returned(f: Function, argtypes: tuple[types.Type, ...], returned: Returned) -> Any:
    """The type of what a program returns, as far as it is known what the routines return that it calls; else None."""
    walk, _ = _walk(f, argtypes, returned, partial=True)
    walk.block(f.body)
    return walk.result(f)


def _walk(
    f: Function, argtypes: tuple[types.Type, ...], returned: Returned, partial: bool = False
) -> tuple[_Walk, dict[str, Any]]:
    frozen = {n: cpu_target.typing_context.resolve_value_type(v) for n, v in f.constants.items()}
    known = dict(zip(f.params, argtypes, strict=True)) | {n: read_only(t) for n, t in frozen.items()}
    return _Walk(known, returned, partial), frozen


def read_only(t: Any) -> Any:
    """The type of a global in the functions that read it."""
    return t.copy(readonly=True) if isinstance(t, types.Array) else t


_results: dict[Any, Any] = {}


def remembered(key: Any, find: Callable[[], Any]) -> Any:
    """What Numba answers to a question; raises NotDirect when it has no answer."""
    try:
        if key not in _results:
            _results[key] = find()
    except TypeError:  # a function that cannot be hashed
        raise NotDirect from None
    if _results[key] is None:
        raise NotDirect
    return _results[key]


def result_of(fn: Any, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...] = ()) -> Any:
    """The type of the result of a call."""

    return remembered((fn, args, kwargs), lambda: asked(fn, args, dict(kwargs)))


class _Walk:
    """The types of names; a `partial` walk goes on behind what is not known yet."""

    def __init__(self, known: dict[str, Any], returned: Returned, partial: bool):
        self.types, self.returned, self.partial = known, returned, partial
        self.made: dict[str, Expr] = {}  # what names with one definition are defined by
        self.changed = False

    # ---- statements

    def block(self, b: Block) -> None:
        for s in b:
            with self.as_known():
                self.statement(s)

    @contextmanager
    def as_known(self) -> Iterator[None]:
        """Leaves out what rests on something unknown, in a partial walk."""
        try:
            yield
        except Unknown:
            if not self.partial:
                raise

    def result(self, f: Function) -> Any:
        """The type of what the program returns, None as long as it is not known."""
        returned = f.body[-1]
        assert isinstance(returned, Return)
        try:
            found = [types.unliteral(self.type_of(e)) for e in returned.values]
        except Unknown:
            return None
        return types.Tuple(found) if f.tuple_result or len(found) > 1 else found[0]

    def statement(self, s: Stmt) -> None:
        match s:
            case Assign(_, Var(n), value):
                self.made[n] = value
                self.bind(n, self.type_of(value))
            case Assign(_, Index(Var(n), index), value):
                self.store(self.name(n), self.index(index), types.unliteral(self.type_of(value)))
            case Unpack(_, targets, value):
                parts = self.type_of(value)
                if not isinstance(parts, types.BaseTuple) or len(parts) != len(targets):
                    raise NotDirect
                for t, part in zip(targets, parts, strict=True):
                    self.bind(t.name, part)
            case Move(_, targets, sources):
                found = []
                for t, e in zip(targets, sources, strict=True):
                    with self.as_known():
                        found.append((t.name, types.unliteral(self.type_of(e))))
                for n, kind in found:
                    self.bind(n, kind)
            case If(_, cond, then, orelse):
                with self.as_known():
                    self.condition(cond)
                self.block(then)
                self.block(orelse)
            case For():
                self.loop(s)
            case While(_, test, cond, body):
                self.settle(test, lambda: self.condition(cond), body)
            case Return(_, values) | Raise(_, _, values):
                for e in values:
                    self.type_of(e)
            case Break():
                pass
            case _:
                raise NotDirect

    def bind(self, n: str, t: Any) -> None:
        old = self.types.get(n)
        if old is None:
            new = t
        elif old is t:
            return
        else:
            new = cpu_target.typing_context.unify_types(types.unliteral(old), types.unliteral(t))
        if new is None or isinstance(new, (types.Undefined, types.Function, types.Module)):
            raise NotDirect
        if new is not old:
            self.types[n], self.changed = new, True

    def store(self, array: Any, index: Any, value: Any) -> None:
        if not isinstance(array, types.Array):
            raise NotDirect
        context = cpu_target.typing_context
        remembered(("store", array, index, value), lambda: context.resolve_setitem(array, index, value))

    def loop(self, s: For) -> None:
        with self.as_known():
            if any(types.unliteral(self.type_of(e)) is not INT for e in (s.start, s.stop, s.step)):
                raise NotDirect
        self.bind(s.var.name, INT)
        self.settle((), lambda: None, s.body)

    def settle(self, test: Block, condition: Callable[[], None], body: Block) -> None:
        before = self.changed
        for _ in range(ROUNDS):
            self.changed = False
            self.block(test)
            with self.as_known():
                condition()
            self.block(body)
            if not self.changed:
                self.changed = before
                return
            before = True
        raise NotDirect

    def condition(self, e: Expr) -> None:
        """The condition of a branch that Numba does not decide while it compiles."""
        if not isinstance(e, Var) or self.decided(e, 4):
            raise NotDirect
        t = self.name(e.name)
        if isinstance(t, types.Literal) or not isinstance(t, (types.Boolean, types.Integer, types.Float)):
            raise NotDirect

    def decided(self, e: Expr, depth: int) -> bool:
        """May Numba know the value from types and constants alone?"""
        if isinstance(e, Const):
            return True
        made = self.made.get(e.name) if isinstance(e, Var) else e
        if made is None:
            return isinstance(e, Var) and isinstance(self.name(e.name), (types.NoneType, types.Literal))
        if isinstance(made, Call):
            if made.fn in (np.ndim, len, isinstance) or made.fn in (op.is_, op.is_not):
                return True
            return depth == 0 or bool(made.args) and all(self.decided(a, depth - 1) for a in made.args)
        return isinstance(made, Const)

    # ---- expressions

    def name(self, n: str) -> Any:
        if n not in self.types:
            raise Unknown
        return self.types[n]

    def type_of(self, e: Expr) -> Any:
        match e:
            case Var(n):
                return self.name(n)
            case Const(v):
                return type_of_constant(v)
            case Index(Var(n), index):
                return self.element(self.name(n), index)
            case Call(fn, args) if fn in SPECIAL:
                return SPECIAL[fn](self, e, args)
            case Call(fn, args, kwargs):
                if isinstance(fn, Routine):  # a function of the user's that stays a call
                    return self.returned(replace(fn, argtypes=tuple(types.unliteral(self.type_of(a)) for a in args)))
                given = tuple(map(self.type_of, args))
                return result_of(fn, given, tuple((k, self.type_of(v)) for k, v in kwargs))
        raise NotDirect

    def element(self, a: Any, index: tuple[Expr, ...]) -> Any:
        if isinstance(a, types.BaseTuple):
            return self.item(a, index)
        if not isinstance(a, types.Array):
            raise NotDirect
        return result_of(op.getitem, (a, self.index(index)))

    def item(self, t: types.BaseTuple, index: tuple[Expr, ...]) -> Any:
        match index:
            case (Const(int(k)),) if -len(t) <= k < len(t):
                return t[k]
            case (Var(),) if isinstance(t, types.UniTuple):
                return t.dtype
        raise NotDirect

    def index(self, index: tuple[Expr, ...]) -> Any:
        parts = [self.part(e) for e in index]
        return parts[0] if len(parts) == 1 else types.BaseTuple.from_types(parts)

    def part(self, e: Expr) -> Any:
        if isinstance(e, Slice):
            ends = [types.none if x is None else types.unliteral(self.type_of(x)) for x in (e.start, e.stop, e.step)]
            if not all(isinstance(t, (types.NoneType, types.Integer)) for t in ends):
                raise NotDirect
            return types.slice2_type if e.step is None or e.step == Const(None) else types.slice3_type
        return types.unliteral(self.type_of(e))


def type_of_constant(v: Any) -> Any:
    if isinstance(v, bool):
        return types.literal(v)
    if isinstance(v, int):
        if not -(2**63) <= v < 2**63:
            raise NotDirect
        return types.literal(v)
    if isinstance(v, (float, complex)) or v is Ellipsis:
        return typeof(v)
    if v is None or isinstance(v, str):
        return literal(v)
    if isinstance(v, (type, np.dtype)):
        return remembered(("value", v), lambda: cpu_target.typing_context.resolve_value_type(v))
    raise NotDirect


# ---- what is printed as syntax ----------------------------------------------------------------------------


def _array(w: _Walk, e: Expr) -> Any:
    t = w.type_of(e)
    if not isinstance(t, types.Array):
        raise NotDirect
    return t


def _pack(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    if e.kwargs or not args:
        raise NotDirect
    return types.BaseTuple.from_types([w.type_of(a) for a in args])


def _logical(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    if not all(types.unliteral(w.type_of(a)) is types.boolean for a in args):
        raise NotDirect
    return types.boolean


def _select(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    if e.fn is p.select:
        w.condition(args[0])
    a, b = (types.unliteral(w.type_of(x)) for x in args[1:])
    found = cpu_target.typing_context.unify_types(a, b)
    if found is None:
        raise NotDirect
    return found


def _display(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    """A vector of numbers."""
    kinds = [types.unliteral(w.type_of(a)) for a in args]
    if not kinds or not all(isinstance(t, (types.Integer, types.Float)) for t in kinds):
        raise NotDirect
    found = cpu_target.typing_context.unify_types(*kinds)
    return types.Array(found, 1, "C")


def _extent(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    a, k = _array(w, args[0]), args[1]
    if not isinstance(k, Const) or not -a.ndim <= k.value < a.ndim:
        raise NotDirect
    return INT


def _not(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    return result_of(op.not_, (types.unliteral(w.type_of(args[0])),))


def _given(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    fn, *given = (types.unliteral(w.type_of(a)) for a in args)
    found = cpu_target.typing_context.resolve_function_type(fn, tuple(given), {})
    if found is None:
        raise NotDirect
    return found.return_type


def _left_to_numba(w: _Walk, e: Call, args: tuple[Expr, ...]) -> Any:
    raise NotDirect


SPECIAL: dict[Any, Callable[[_Walk, Call, tuple[Expr, ...]], Any]] = {
    p.shape: _extent,
    p.shape_of: lambda w, e, args: types.UniTuple(INT, _array(w, args[0]).ndim),
    np.ndim: lambda w, e, args: INT if _array(w, args[0]) else None,
    p.pack: _pack,
    p.given: _given,
    p.both: _logical,
    p.either: _logical,
    p.select: _select,
    p.flowing: _select,
    p.array_of: _display,
    op.not_: _not,
    p.astype: _left_to_numba,
    p.dtype_of: _left_to_numba,
    p.item: _left_to_numba,
    p.trips: _left_to_numba,
    op.is_: _left_to_numba,
    op.is_not: _left_to_numba,
}
