"""Functions that stay calls, because they call themselves.

In the primal such a call is a `Routine`. Its adjoint is a call of the routine's pullback, a program of its own: the
forward sweep of the body once more, then the backward sweep, in which the inner calls are pullbacks again. So an
activation keeps nothing for later (joint reversal: Griewank and Walther, "Evaluating Derivatives" (2008),
section 12.1), and values that only linear code passes on are never computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType
from typing import Any
from weakref import WeakSet

from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.extending import register_jitable

from .fingerprint import callees, names_in
from .ir import Block, Call, Expr, Raise, blocks, children, map_exprs, operands, rebuild, walk, with_blocks


@dataclass(frozen=True)
class Routine:
    """A user's function that calls itself, for arguments of these types (none: not known yet)."""

    pyfunc: FunctionType
    argtypes: tuple[Any, ...] = ()
    name: str = field(default="", compare=False)  # in emitted code

    @property
    def __name__(self) -> str:
        return self.name or self.pyfunc.__name__.replace("<lambda>", "lambda_")

    def __call__(self, *args: Any) -> Any:
        return self.pyfunc(*args)

    @cached_property
    def compiled(self) -> Any:
        """For type inference, and to run programs that are not finished."""
        return native(self.pyfunc)

    @cached_property
    def pure(self) -> bool:
        """Does it nothing but compute a value?"""
        from .frontend import parse
        from .lower.updates import writes_arrays

        body = parse(self.pyfunc).body
        return not any(isinstance(s, Raise) for s in walk(body)) and not any(map(writes_arrays, body))


@dataclass(frozen=True)
class Pullback:
    """What a routine's result hands down to its arguments.

    Called with the adjoints of the array arguments among `wrt` (added to in place), the arguments, and the adjoint
    of the result; returns a tuple of the adjoints of the scalar arguments among `wrt`, then of those arrays.
    """

    routine: Routine
    wrt: tuple[int, ...]
    arrays: int
    name: str = field(default="", compare=False)

    @property
    def __name__(self) -> str:
        return self.name or f"{self.routine.__name__}_pullback"

    def __call__(self, *args: Any) -> Any:
        raise TypeError("a pullback is a program, which is called where it is emitted")


_callable: WeakSet[FunctionType] = WeakSet()  # plain functions that compiled code calls as they are


def native(fn: Any, **options: Any) -> Any:
    """The function compiled, and with it the plain functions that it calls; options: Numba's."""
    compile_ = njit(error_model="numpy", **options)
    functions = (fn, *callees(fn))
    for g in functions[1:]:
        if g not in _callable:
            _callable.add(register_jitable(g))
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


def _function(x: Any) -> Any:
    return x if isinstance(x, FunctionType) else None


def calls_itself(fn: Any) -> bool:
    """Can the function be reached from the functions it calls?"""
    for g in (fn, *callees(fn)):
        found = (g.__globals__.get(n) for n in names_in(g.__code__))
        if any((x.py_func if isinstance(x, Dispatcher) else x) is fn for x in found):
            return True
    return False


def called(block: Block, kinds: Any = (Routine, Pullback)) -> Iterator[Any]:
    """The routines and pullbacks, or other callables of some kinds, that statements call."""

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
