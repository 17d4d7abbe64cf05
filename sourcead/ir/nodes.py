"""Expressions, statements, programs."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import numpy as np

R = TypeVar("R")


@dataclass(frozen=True)
class Loc:
    """A place in the user's source: what errors point at and emitted comments quote."""

    file: str
    line: int
    text: str = ""
    col: int = 0
    end_col: int = 0


def once(fn: Callable[[Any], R]) -> Callable[[Any], R]:
    """A function of a frozen node, computed once: what follows from the node alone may be remembered with it."""
    key = f"{fn.__module__}.{fn.__name__}"

    @wraps(fn)
    def remembered(node: Any) -> R:
        try:
            return node.__dict__[key]
        except KeyError:
            found = node.__dict__[key] = fn(node)
            return found

    return remembered


# ---- expressions ---------------------------------------------------------------------


class Expr:
    """Arithmetic on expressions builds expressions, so a rule is written as plain mathematics."""

    def __repr__(self) -> str:
        from ..emit import expression

        return expression(self)

    def __add__(self, o: Any) -> Expr:
        return call(op.add, self, o)

    def __radd__(self, o: Any) -> Expr:
        return call(op.add, o, self)

    def __sub__(self, o: Any) -> Expr:
        return call(op.sub, self, o)

    def __rsub__(self, o: Any) -> Expr:
        return call(op.sub, o, self)

    def __mul__(self, o: Any) -> Expr:
        return call(op.mul, self, o)

    def __rmul__(self, o: Any) -> Expr:
        return call(op.mul, o, self)

    def __truediv__(self, o: Any) -> Expr:
        return call(op.truediv, self, o)

    def __rtruediv__(self, o: Any) -> Expr:
        return call(op.truediv, o, self)

    def __floordiv__(self, o: Any) -> Expr:
        return call(op.floordiv, self, o)

    def __mod__(self, o: Any) -> Expr:
        return call(op.mod, self, o)

    def __pow__(self, o: Any) -> Expr:
        return call(op.pow, self, o)

    def __rpow__(self, o: Any) -> Expr:
        return call(op.pow, o, self)

    def __matmul__(self, o: Any) -> Expr:
        return call(op.matmul, self, o)

    def __neg__(self) -> Expr:
        return call(op.neg, self)

    def __abs__(self) -> Expr:
        return call(abs, self)

    def __lt__(self, o: Any) -> Expr:
        return call(op.lt, self, o)

    def __gt__(self, o: Any) -> Expr:
        return call(op.gt, self, o)

    def __le__(self, o: Any) -> Expr:
        return call(op.le, self, o)

    def __ge__(self, o: Any) -> Expr:
        return call(op.ge, self, o)

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Expr:
        return call(ufunc, *args)

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Expr:
        return call(fn, *args)


@dataclass(frozen=True, repr=False)
class Var(Expr):
    name: str


@dataclass(frozen=True, eq=False, repr=False)
class Const(Expr):
    """A constant: number, bool, str, None, Ellipsis, or a NumPy dtype or scalar type."""

    value: Any

    # Python says 1 == 1.0 == True; constants of different types are different programs.
    def __eq__(self, o: object) -> bool:
        if not isinstance(o, Const) or type(self.value) is not type(o.value):
            return False
        if isinstance(self.value, float):  # tells 0.0 from -0.0 and finds nan equal to itself
            return self.value.hex() == o.value.hex()
        if isinstance(self.value, complex):
            return repr(self.value) == repr(o.value)
        return bool(self.value == o.value)

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, repr=False)
class Call(Expr):
    """`fn(*args, **kwargs)`; `fn` is the Python callable itself (operator.mul, np.sin, ...)."""

    fn: Callable[..., Any]
    args: tuple[Expr, ...]
    kwargs: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, repr=False)
class Slice(Expr):
    """`start:stop:step` inside an `Index`; None where the user left it out."""

    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None


@dataclass(frozen=True, repr=False)
class Index(Expr):
    """`array[i, j, ...]`: an element when every index is an integer, else a view."""

    array: Var
    index: tuple[Expr, ...]


ZERO, ONE = Const(0.0), Const(1.0)


def lift(a: Any) -> Expr:
    return a if isinstance(a, Expr) else Const(a)


def is_const(e: Expr, value: float) -> bool:
    """Is `e` the number `value` (of any numeric type, booleans apart)?"""
    return (
        isinstance(e, Const)
        and isinstance(e.value, (int, float, np.number))
        and not isinstance(e.value, bool)
        and bool(e.value == value)
    )


def call(fn: Callable[..., Any], *args: Any) -> Expr:
    """Build a `Call`, dropping the zeros and ones that derivative rules produce.

    Only for adjoint code: `x * 0.0` of a user's program is left as it is.
    """
    a = tuple(lift(x) for x in args)
    if fn is op.mul:
        if is_const(a[0], 1):
            return a[1]
        if is_const(a[1], 1):
            return a[0]
        if is_const(a[0], 0) or is_const(a[1], 0):
            return ZERO
        if is_const(a[0], -1):
            return call(op.neg, a[1])
        if is_const(a[1], -1):
            return call(op.neg, a[0])
        for x, y in ((a[0], a[1]), (a[1], a[0])):
            if isinstance(y, Call) and y.fn is op.truediv and is_const(y.args[0], 1):
                return call(op.truediv, x, y.args[1])
            if isinstance(y, Call) and y.fn is op.neg:
                return call(op.neg, call(op.mul, x, y.args[0]))
            if isinstance(y, Call) and y.fn is np.where:  # NaN-safe: the other branch adds nothing
                c, u, v = y.args
                return Call(np.where, (c, call(op.mul, u, x), call(op.mul, v, x)))
    elif fn is op.add:
        if is_const(a[0], 0):
            return a[1]
        if is_const(a[1], 0):
            return a[0]
    elif fn is op.sub:
        if is_const(a[1], 0):
            return a[0]
        if is_const(a[0], 0):
            return call(op.neg, a[1])
    elif fn is op.neg:
        if isinstance(a[0], Call) and a[0].fn is op.neg:
            return a[0].args[0]
        if isinstance(a[0], Const) and isinstance(a[0].value, (int, float)):
            return Const(-a[0].value)
    elif fn is op.truediv:
        if is_const(a[1], 1):
            return a[0]
        if is_const(a[0], 0):
            return ZERO
    return Call(fn, a)


# ---- statements ----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Stmt:
    loc: Loc | None


Block = tuple[Stmt, ...]


@dataclass(frozen=True, eq=False)
class Assign(Stmt):
    """`target = value`; with an `Index` target, a store into an array."""

    target: Var | Index
    value: Expr


@dataclass(frozen=True, eq=False)
class Unpack(Stmt):
    """`w, v = np.linalg.eigh(a)`: the results of an atom that has several, each under a name of its own."""

    targets: tuple[Var, ...]
    value: Call


@dataclass(frozen=True, eq=False)
class Accum(Stmt):
    """`target += value`: linear, so its adjoint needs no saved values."""

    target: Var | Index
    value: Expr


@dataclass(frozen=True, eq=False)
class Move(Stmt):
    """`a, b = x, y`: parallel rebinding where control flow joins (loop-carried names, branch results)."""

    targets: tuple[Var, ...]
    sources: tuple[Expr, ...]


@dataclass(frozen=True, eq=False)
class Push(Stmt):
    """`stack.append(value)`: keeps an array that its name is about to leave."""

    stack: Var
    value: Var


@dataclass(frozen=True, eq=False)
class Pop(Stmt):
    """`target = stack.pop()`."""

    target: Var
    stack: Var


@dataclass(frozen=True, eq=False)
class If(Stmt):
    cond: Expr
    then: Block
    orelse: Block = ()


@dataclass(frozen=True, eq=False)
class For(Stmt):
    """`for var in range(start, stop, step)`; the bounds are evaluated once, on entry.

    `parallel`: the user wrote `prange`. It never says that iterations are independent; `parallel.in_parallel` proves
    it, and takes the mark from the other loops.
    snapshots: how many states of the loop reverse mode may keep, to compute the others again; 0 when it records.
    """

    var: Var
    start: Expr
    stop: Expr
    step: Expr
    body: Block
    parallel: bool = False
    snapshots: int = 0


@dataclass(frozen=True, eq=False)
class While(Stmt):
    """`while True: test; if not cond: break; body`; names made in `test` are not used outside it."""

    test: Block
    cond: Expr
    body: Block
    snapshots: int = 0  # as in `For`


@dataclass(frozen=True, eq=False)
class Break(Stmt):
    """Leaves the innermost loop; always the last statement executed of that loop's body."""


@dataclass(frozen=True, eq=False)
class Raise(Stmt):
    """`raise exc(*args)`; `exc` is the exception class."""

    exc: Callable[..., Any]
    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, eq=False)
class Return(Stmt):
    """The last statement of a function, and only there."""

    values: tuple[Expr, ...]


@dataclass(frozen=True)
class Bundle:
    """A parameter that is a tuple: its items are parameters of the program; `cls` is the class of a named tuple."""

    items: tuple[str | Bundle, ...]
    cls: Any = None

    def __repr__(self) -> str:
        return f"({', '.join(map(str, self.items))}{',' * (len(self.items) == 1)})"


def in_bundle(names: str | Bundle) -> tuple[str, ...]:
    """The parameters in a bundle."""
    return (names,) if isinstance(names, str) else tuple(n for i in names.items for n in in_bundle(i))


@dataclass(frozen=True, eq=False)
class Function:
    """A program: `types` gives the Numba type of every name, `constants` the values of frozen globals.

    `arguments` says how it is called, when some of its parameters come in tuples: a name and what it consists of.
    """

    name: str
    params: tuple[str, ...]
    body: Block
    types: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    tuple_result: bool = False  # `return a, b` rather than `return a`
    arguments: tuple[tuple[str, str | Bundle], ...] = ()
    routines: tuple[Function, ...] = ()  # programs that it calls by name, when it is finished
    returns: Any = None  # of such a program: the Numba type of its result
    where: Loc | None = None  # the user's function

    @property
    def called_with(self) -> tuple[tuple[str, str | Bundle], ...]:
        return self.arguments or tuple((n, n) for n in self.params)

    def __repr__(self) -> str:
        from ..emit import to_source

        return to_source(self)
