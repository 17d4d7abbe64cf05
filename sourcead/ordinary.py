"""Bound methods, `functools.partial` and functions with keyword-only parameters, as functions of ordinary parameters.

The function that is made calls the one given, and is read in its place.  What a partial or a method holds is like a
global: its value is frozen when the gradient is compiled.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import linecache
import types as pytypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .custom.rule import CustomRule

KINDS = inspect.Parameter
_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False)
class Self:
    """The object of a bound method: its attributes may be read."""

    object: Any


def ordinary(f: Any) -> Any:
    """`f` itself when its parameters are ordinary, or cannot be made so; a function with a rule is called."""
    if isinstance(f, CustomRule):
        return made(f, f.__name__, list(inspect.signature(f.py_func).parameters.values()), f.py_func)
    if not isinstance(f, (functools.partial, pytypes.MethodType, pytypes.FunctionType)):
        return f
    inner = f.func if isinstance(f, functools.partial) else f
    if not isinstance(getattr(inner, "py_func", inner), (pytypes.MethodType, pytypes.FunctionType)):
        return f
    try:
        found = inspect.signature(f).parameters.values()
    except ValueError:
        return f
    fixed = f.keywords if isinstance(f, functools.partial) else {}
    params = [p for p in found if p.name not in fixed]
    kinds = {p.kind for p in params}
    plain = kinds <= {KINDS.POSITIONAL_ONLY, KINDS.POSITIONAL_OR_KEYWORD}
    if isinstance(f, pytypes.FunctionType) and plain or kinds & {KINDS.VAR_POSITIONAL, KINDS.VAR_KEYWORD}:
        return f
    return made(callee(f), getattr(getattr(inner, "py_func", inner), "__name__", "f"), params, inner)


def callee(f: Any) -> Any:
    """What the function that is made calls."""
    if isinstance(f, functools.partial):
        return functools.partial(callee(f.func), *f.args, **f.keywords)
    return functools.partial(f.__func__, Self(f.__self__)) if isinstance(f, pytypes.MethodType) else f


def made(call: Any, name: str, params: list[inspect.Parameter], like: Any) -> Callable[..., Any]:
    name = name if name.isidentifier() else "f"
    taken = {p.name for p in params}
    own = next(n for n in ("call", "called", "call_", "called_") if n not in taken)
    given = ", ".join(f"{p.name}={p.name}" if p.kind is KINDS.KEYWORD_ONLY else p.name for p in params)
    text = f"def {name}({', '.join(p.name for p in params)}):\n    return {own}({given})\n"
    file = f"<{name} with ordinary parameters, {next(_numbers)}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    space: dict[str, Any] = {own: call, "__name__": getattr(like, "__module__", __name__)}
    exec(compile(text, file, "exec"), space)
    f: Callable[..., Any] = space[name]
    f.__doc__ = getattr(like, "__doc__", None)
    some = [p for p in params if p.default is not KINDS.empty]
    if some and all(p.default is not KINDS.empty for p in params[len(params) - len(some) :]):
        f.__defaults__ = tuple(p.default for p in some)
    return f
