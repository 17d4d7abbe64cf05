"""What a function says about the memory that its gradient may use; without a gradient it means nothing."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from numba import njit, types
from numba.core.dispatcher import Dispatcher
from numba.extending import lower_builtin, overload, type_callable


def checkpointed(over: Any, budget: int) -> Any:
    """`over`: what a `for` loop goes over, or the condition of a `while` loop.

    The gradient through the loop keeps at most `budget` states of it at once (what an iteration takes over from the
    one before: numbers, and whole arrays), and computes the others again from these, in the order of Griewank and
    Walther, "Algorithm 799: revolve" (2000).  The results are the same bit for bit.  For n iterations with
    `n <= (budget + r)! / (budget! r!)` no iteration runs more than `r` times again.

    `budget` is a number known when compiling, at least 1.
    """
    return over


@overload(checkpointed)
def _checkpointed(over, budget):  # type: ignore[no-untyped-def]
    return lambda over, budget: over


def checkpoint(f: Any) -> Any:
    """`f`, of whose calls nothing is recorded: `y = checkpoint(f)(x)`, or `@checkpoint` before its definition.

    f: a function of your own, plain or njit.  In the backward sweep its inside is computed once more from what the call
    was given: from numbers and arrays that are there anyway, and from copies of the arrays that it changes.
    """
    if isinstance(f, Dispatcher):
        return njit(**f.targetoptions)(checkpoint(f.py_func))
    if not isinstance(f, FunctionType):
        raise TypeError(f"checkpoint takes a function of your own, not {type(f).__name__}")
    again = FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, f.__closure__)
    again.__kwdefaults__, again.__qualname__, again.__module__ = f.__kwdefaults__, f.__qualname__, f.__module__
    again.__doc__ = f.__doc__
    again.checkpointed = True  # type: ignore[attr-defined]
    return again


@type_callable(checkpoint)
def _type_of_checkpoint(context):  # type: ignore[no-untyped-def]
    return lambda f: f if isinstance(f, types.Callable) else None


@lower_builtin(checkpoint, types.Callable)
def _lower_checkpoint(context, builder, signature, args):  # type: ignore[no-untyped-def]
    return args[0]
