"""A key for a function and all it is made of, without parsing: what the on-disk cache looks up."""

from __future__ import annotations

import builtins
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import types
from numba.core.dispatcher import Dispatcher

LIBRARIES = frozenset({"numpy", "numba", "scipy", "math", "cmath", "operator", "builtins", "sys", "os", "llvmlite"})

OVERLOADED = f"{__package__}.checkpointing"
"""The module of ours whose functions compiled code has in other words."""


def fingerprint(pyfunc: Callable[..., Any]) -> str | None:
    """SHA-256 over the code, defaults, closure and globals of a function, and of all functions it can call.

    None when it reaches objects that cannot be compared from one moment, or one process, to the next.
    """
    walker = _Walker()
    walker.value(pyfunc)
    return walker.hash.hexdigest() if walker.complete else None


def dependencies(pyfunc: Callable[..., Any]) -> list[Any]:
    """The functions, modules and values that go into the fingerprint, in the order in which they are met."""
    walker = _Walker()
    walker.value(pyfunc)
    return walker.met


def callees(pyfunc: Callable[..., Any]) -> list[FunctionType]:
    """The plain Python functions of the user's that a function may call, directly or not."""
    found = (x for x in dependencies(pyfunc) if isinstance(x, FunctionType) and x is not pyfunc)
    return [x for x in found if not _library(x.__module__) and x.__module__ != OVERLOADED]


def names_in(code: CodeType) -> Iterator[str]:
    """Global and attribute names used by a function and the functions defined in it."""
    yield from code.co_names
    for c in code.co_consts:
        if isinstance(c, CodeType):
            yield from names_in(c)


class _Walker:
    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.seen: dict[int, int] = {}
        self.met: list[Any] = []
        self.entered: set[tuple[int, tuple[str, ...]]] = set()
        self.complete = True

    def add(self, *parts: Any) -> None:
        for part in parts:
            data = part if isinstance(part, bytes) else str(part).encode()
            self.hash.update(str(len(data)).encode() + b":" + data)

    def value(self, x: Any, names: tuple[str, ...] = ()) -> None:
        """Add an object; `names` are those used next to it, any of which may be an attribute of a module."""
        if x is None or isinstance(x, (bool, int, float, complex, str, bytes, type(Ellipsis))):
            self.add(type(x).__name__, repr(x))
            return
        if id(x) in self.seen:
            self.add("seen", self.seen[id(x)])
            return
        self.seen[id(x)] = len(self.seen)
        self.met.append(x)
        match x:
            case np.generic():
                self.add("scalar", x.dtype.str, x.tobytes())
            case np.ndarray() if not x.dtype.hasobject:
                self.add("array", x.dtype.str, x.shape, np.ascontiguousarray(x).tobytes())
            case tuple():
                self.add("tuple", type(x).__qualname__, getattr(x, "_fields", ()), len(x))
                for item in x:
                    self.value(item)
            case FunctionType():
                self.function(x)
            case _ if hasattr(x, "argnums") and hasattr(x, "pyfunc"):
                self.add("gradient", x.argnums, x.single, x.value, x.has_aux, x.mode, sorted(x.options.items()))
                self.value(x.pyfunc)
            case Dispatcher(parts=parts):  # a rule of the user's
                self.add("rule", sorted(parts))
                for part in (x.py_func, *(parts[k] for k in sorted(parts))):
                    self.value(part)
            case Dispatcher():
                self.add("njit", sorted((k, repr(v)) for k, v in x.targetoptions.items()))
                self.value(x.py_func)
            case functools.partial():
                self.add("partial")
                for item in (x.func, x.args, tuple(sorted(x.keywords.items()))):
                    self.value(item)
            case ModuleType():
                self.module(x, names)
            case type() | BuiltinFunctionType() | np.ufunc() | np.dtype() | types.Type():
                self.named(x)
            case _ if _library(getattr(x, "__module__", None)) and hasattr(x, "__qualname__"):
                self.named(x)
            case _:
                self.complete = False

    def named(self, x: Any) -> None:
        owner = getattr(x, "__self__", None)
        where = (
            owner.__name__ if isinstance(owner, ModuleType) else type(owner).__qualname__ if owner is not None else ""
        )
        text = x if isinstance(x, (np.dtype, np.ufunc, types.Type)) else ""  # other texts may hold addresses
        self.add("named", getattr(x, "__module__", ""), where, getattr(x, "__qualname__", ""), text)

    def module(self, m: ModuleType, names: tuple[str, ...]) -> None:
        self.add("module", m.__name__)
        if _library(m.__name__):
            return
        del self.seen[id(m)]  # next to other names, other attributes count
        if (id(m), names) in self.entered:
            return
        self.entered.add((id(m), names))
        for name in names:
            if name in vars(m):
                self.add(name)
                self.value(vars(m)[name], names)

    def function(self, fn: FunctionType) -> None:
        if _library(fn.__module__):
            self.add("library", fn.__module__, fn.__qualname__)
            return
        self.code(fn.__code__)
        self.value(fn.__defaults__)
        self.value(tuple(sorted((fn.__kwdefaults__ or {}).items())))
        names = tuple(dict.fromkeys(names_in(fn.__code__)))
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            self.add("cell", name)
            try:
                self.value(cell.cell_contents, names)
            except ValueError:
                self.add("empty")
        self.globals(fn.__globals__, names)

    def globals(self, space: Mapping[str, Any], names: tuple[str, ...]) -> None:
        for name in names:
            if name in space:
                self.add("global", name)
                self.value(space[name], names)
            elif hasattr(builtins, name):
                self.add("builtin", name)

    def code(self, c: CodeType) -> None:
        self.add(c.co_filename, c.co_firstlineno, c.co_name, c.co_flags)
        self.add(c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount)
        self.add(c.co_code, c.co_linetable)
        self.add(c.co_names, c.co_varnames, c.co_freevars, c.co_cellvars)
        for k in c.co_consts:
            if isinstance(k, CodeType):
                self.code(k)
            elif isinstance(k, frozenset):
                self.add("frozenset", sorted(map(repr, k)))
            else:
                self.add(type(k).__name__, repr(k))


def _library(module: str | None) -> bool:
    return (module or "").split(".")[0] in LIBRARIES
