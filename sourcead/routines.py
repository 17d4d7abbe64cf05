"""Functions that stay calls, because they call themselves.

In the primal such a call is a `Routine`: it gives the numbers and arrays that the function returns, and new arrays for
the arguments that it changes. Its adjoint is a call of the routine's pullback, a program of its own: the
forward sweep of the body once more, then the backward sweep, in which the inner calls are pullbacks again. So an
activation keeps nothing for later (joint reversal: Griewank and Walther, "Evaluating Derivatives" (2008),
section 12.1), and values that only linear code passes on are never computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar
from weakref import WeakSet

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.extending import register_jitable

from .fingerprint import callees, names_in
from .forms import NUMBERS, Given, Inner
from .ir import (
    Block,
    Call,
    Expr,
    Function,
    Namer,
    Raise,
    blocks,
    children,
    map_exprs,
    names,
    operands,
    rebuild,
    walk,
    with_blocks,
)
from .special import known

R = TypeVar("R")

_found: dict[Any, Any] = {}


def begin() -> None:
    """A compilation begins: globals may have changed since the last one."""
    _found.clear()


def once_a_compilation(fn: Callable[[Routine], R]) -> Callable[[Routine], R]:
    """What is found out about a routine, remembered until the next compilation begins."""

    @wraps(fn)
    def remembered(r: Routine) -> R:
        if (fn, r) not in _found:
            _found[fn, r] = fn(r)
        return _found[fn, r]

    return remembered


@dataclass(frozen=True)
class Origin:
    """What a result has to do with the arguments: is it always the same one of them; which ones may it be?"""

    argument: int | None = None
    may_be: tuple[int, ...] = ()


@dataclass(frozen=True)
class Routine:
    """A user's function that calls itself, for arguments of these types (none: not known yet)."""

    code: FunctionType | Inner
    given: Given = NUMBERS
    argtypes: tuple[Any, ...] = ()
    changes: tuple[int, ...] = ()  # the arguments that it writes into
    results: tuple[Origin, ...] = ()  # where the numbers and arrays in its result come from; none: not known yet
    shared: tuple[tuple[int, int] | None, ...] = ()  # arguments in common memory: which one, the number of axes
    by_layout: bool = False  # does it, or what it calls, copy what is not contiguous, and only that?
    draws: bool = False  # random numbers, or prints; its last argument is the state of the generator before
    name: str = field(default="", compare=False)  # in emitted code

    @property
    def users_name(self) -> str:
        return self.code.__name__.replace("<lambda>", "lambda_")

    @property
    def title(self) -> str:
        """What emitted code calls it, unless that is the name of something else."""
        return f"{self.users_name}_shared" if self.shared else self.users_name

    @property
    def __name__(self) -> str:
        return self.name or self.title

    def __call__(self, *args: Any) -> Any:
        """All results, as the finished program gives them: for programs that are not finished."""
        own = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        found = zip(flat(as_python(self.untyped)(*own)), self.results, strict=True)
        given = [r for r, o in found if r is not None and o.argument is None]
        given = [r.copy() if isinstance(r, np.ndarray) else r for r in given] + [own[k] for k in self.changes]
        return given[0] if len(given) == 1 else tuple(given) or 0

    @property
    def untyped(self) -> Routine:
        return replace(self, argtypes=(), changes=(), results=(), by_layout=False)

    @property
    def parsed(self) -> Function:
        """The program as it is written; its parameters are the numbers and arrays in the arguments."""
        return parsed(self.untyped)

    @property
    def routine(self) -> Routine:
        return self

    @property
    def pure(self) -> bool:
        """Does it nothing but compute a value?"""
        return not self.draws and not any(isinstance(s, Raise) for s in walk(self.parsed.body))


@once_a_compilation
def parsed(r: Routine) -> Function:
    from .frontend import program_of
    from .parallel import in_order

    if r.draws:
        f = replace(r, draws=False).parsed
        return replace(f, params=(*f.params, Namer(names(f))("generator")))
    if r.shared:
        from .lower.common import function_of_memory

        return function_of_memory(replace(r, shared=()).parsed, r.shared)
    return in_order(program_of(r))


@once_a_compilation
def as_python(r: Routine) -> Any:
    """A function that runs the program as it is written."""
    from .emit import to_function

    f = replace(r.parsed, name=f"{r.parsed.name}_primal")  # the name may be that of a function it calls
    inner = {c.__name__: c for c in called(f.body, Routine)}
    return to_function(f, routines={n: lambda *args, c=c: as_python(c.untyped)(*args) for n, c in inner.items()})


@dataclass(frozen=True)
class Pullback:
    """What a routine's results hand down to its arguments.

    Called with the adjoints of the array arguments among `wrt` (added to in place), the arguments, and the adjoints
    of the results numbered `results`; returns a tuple of the adjoints of the scalar arguments among `wrt`, then of
    those arrays.
    """

    routine: Routine
    wrt: tuple[int, ...]
    results: tuple[int, ...]
    arrays: int
    name: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        return f"{self.routine.title}_pullback"

    @property
    def __name__(self) -> str:
        return self.name or self.title

    def __call__(self, *args: Any) -> Any:
        raise TypeError("a pullback is a program, which is called where it is emitted")


@dataclass(frozen=True)
class Pushforward:
    """What a routine, or the pullback of one, computes together with the tangents of its results.

    Called with its arguments, each group followed by the tangents of those among `wrt`: first the arrays that it
    changes (`arrays` of them with their tangents), then the others. Returns a tuple of the results, then of the
    tangents of those numbered `results`. With `several`, tangents have one more axis.
    """

    of: Any
    wrt: tuple[int, ...]
    results: tuple[int, ...]
    arrays: int = 0
    several: bool = False
    name: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        return f"{self.of.title}_jvp"

    @property
    def __name__(self) -> str:
        return self.name or self.title

    @property
    def draws(self) -> bool:
        return isinstance(self.of, Routine) and self.of.draws

    @property
    def routine(self) -> Routine:
        return self.of if isinstance(self.of, Routine) else self.of.routine

    def __call__(self, *args: Any) -> Any:
        raise TypeError("a pushforward is a program, which is called where it is emitted")


DERIVED = (Pullback, Pushforward)


def flat(result: Any) -> Iterator[Any]:
    """The items of tuples within tuples."""
    if isinstance(result, tuple):
        for r in result:
            yield from flat(r)
    else:
        yield result


_callable: WeakSet[FunctionType] = WeakSet()  # plain functions that compiled code calls as they are


def native(fn: Any, **options: Any) -> Any:
    """The function compiled, and with it the plain functions that it calls; options: Numba's."""
    known()
    compile_ = njit(error_model="numpy", **options)
    functions = (fn, *callable_natively(fn))
    if not any(map(calls_itself, functions)):
        return compile_(fn)
    made: dict[FunctionType, Any] = {}  # functions that call one another in a circle must be compiled ones
    for g in functions:
        copy = FunctionType(g.__code__, dict(g.__globals__), g.__name__, g.__defaults__, g.__closure__)
        copy.__kwdefaults__, copy.__qualname__ = g.__kwdefaults__, g.__qualname__
        made[g] = compile_(copy)
    for g, compiled in made.items():
        space = compiled.py_func.__globals__
        space.update({n: made[space[n]] for n in names_in(g.__code__) if _function(space.get(n)) in made})
    return made[fn]


def callable_natively(fn: Any) -> list[FunctionType]:
    """The plain functions that a function calls, which compiled code then may call as they are."""
    found = callees(fn)
    for g in found:
        if g not in _callable:
            _callable.add(register_jitable(g))
    return found


def _function(x: Any) -> Any:
    return x if isinstance(x, FunctionType) else None


def calls_itself(fn: Any) -> bool:
    """Can the function be reached from the functions it calls?"""
    for g in (fn, *callees(fn)):
        found = (g.__globals__.get(n) for n in names_in(g.__code__))
        if any((x.py_func if isinstance(x, Dispatcher) else x) is fn for x in found):
            return True
    return False


def called(block: Block, kinds: Any = (Routine, *DERIVED)) -> Iterator[Any]:
    """The routines and what is derived from them, or other callables of some kinds, that statements call."""

    def visit(e: Expr) -> Iterator[Any]:
        if isinstance(e, Call) and isinstance(e.fn, kinds):
            yield e.fn
        for c in children(e):
            yield from visit(c)

    for s in walk(block):
        for e in operands(s):
            yield from visit(e)


def retargeted(block: Block, new: Mapping[Any, Any]) -> Block:
    """The same statements, calling other routines and pullbacks."""

    def visit(e: Expr) -> Expr:
        e = rebuild(e, visit)
        return Call(new[e.fn], e.args) if isinstance(e, Call) and e.fn in new else e

    return tuple(map_exprs(with_blocks(s, tuple(retargeted(b, new) for b in blocks(s))), visit) for s in block)
