"""Arguments that are made of several values: tuples, named tuples, lists, dicts, dataclasses, jitclasses.

A program has one parameter for each number and array in them.  Compiled code knows tuples and named tuples; lists,
dicts and dataclasses are handed to it as tuples, together with a `Group` that says how the function reads them.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from numba import typed, typeof, types
from numba.experimental.structref import StructRefProxy

MOST = 300  # parts of one argument: each is a variable of the emitted program


@dataclass(frozen=True)
class Group:
    """Several values; `names` are the fields of a named tuple or an object, or the keys of a dict."""

    kind: str  # "tuple", "list", "dict", "object"
    items: tuple[Shape, ...]
    names: tuple[Any, ...] = ()
    cls: Any = None  # the class of a named tuple or an object

    def part(self, path: str, k: int) -> str:
        """How the user writes the item number `k` of what he calls `path`."""
        if self.kind == "object" or self.kind == "tuple" and self.names:
            return f"{path}.{self.names[k]}"
        return f"{path}[{self.names[k]!r}]" if self.names else f"{path}[{k}]"

    def __repr__(self) -> str:  # goes into the keys of the cache
        cls = f"{self.cls.__module__}.{self.cls.__qualname__}" if self.cls is not None else ""
        cls += read_with(self.cls) if self.kind == "object" else ""
        return f"Group({self.kind}, {self.items}, {self.names}, {cls})"


Shape = Group | None  # None: one value


# ---- Python values ------------------------------------------------------------------------------


def attributes(v: Any) -> tuple[str, ...] | None:
    """The fields of an object: a dataclass, an instance of a jitclass, a structref; None when it is none."""
    if dataclasses.is_dataclass(v) and not isinstance(v, type):
        return tuple(f.name for f in dataclasses.fields(v))
    if isinstance(v, StructRefProxy):
        return tuple(typeof(v).field_dict)
    return tuple(v._numba_type_.struct) if is_jitclass(v) else None


def is_jitclass(v: Any) -> bool:
    return type(v).__module__ == "numba.experimental.jitclass.boxing"


def class_of(v: Any) -> Any:
    """The class whose methods the function may call; of a jitclass, its plain Python functions."""
    return plain_class(v._numba_type_.class_type) if is_jitclass(v) else type(v)


@functools.cache
def plain_class(t: types.ClassType) -> type:
    made = {n: m.py_func for n, m in t.jit_methods.items()} | {
        n: staticmethod(m.py_func) for n, m in t.jit_static_methods.items()
    }
    return type(t.class_name, (), made)


def read_with(cls: Any) -> str:
    """What a program may have read of a class, for the key of the cache."""
    from .fingerprint import fingerprint

    def key(m: Any) -> object:
        fn = m.__func__ if isinstance(m, staticmethod) else m
        return fingerprint(fn) or time.time_ns() if isinstance(fn, FunctionType) else m  # unknown: never the same

    found = {n: m for c in reversed(cls.__mro__) for n, m in vars(c).items() if not n.startswith("__")}
    kinds = (FunctionType, staticmethod, bool, int, float)
    return repr(sorted((n, key(m)) for n, m in found.items() if isinstance(m, kinds)))


def parts(v: Any) -> Sequence[Any] | None:
    """The items of a container, in order; None when it is none."""
    if isinstance(v, (tuple, list)):
        return v
    if isinstance(v, dict):
        return list(v.values())
    if isinstance(v, typed.List):
        return list(v)
    if isinstance(v, typed.Dict):
        return list(v.values())
    names = attributes(v)
    return None if names is None else [getattr(v, n) for n in names]


def foreign(v: Any) -> bool:
    """Is it, or does it hold, a container that compiled code does not know?"""
    if isinstance(v, tuple):
        return any(map(foreign, v))
    return isinstance(v, (list, dict, typed.List, typed.Dict)) or attributes(v) is not None


def shape(v: Any) -> Shape:
    items = parts(v)
    if items is None:
        return None
    inner = tuple(map(shape, items))
    fields = getattr(v, "_fields", ())
    if isinstance(v, tuple):
        return Group("tuple", inner, tuple(fields), type(v) if fields else None)
    if isinstance(v, (list, typed.List)):
        return Group("list", inner)
    if isinstance(v, (dict, typed.Dict)):
        return Group("dict", inner, tuple(v))
    return Group("object", inner, attributes(v) or (), class_of(v))


def mapped(fn: Callable[[Any], Any], v: Any) -> Any:
    """`fn` of each value, in tuples; named tuples stay what they are."""
    items = parts(v)
    if items is None:
        return fn(v)
    made = tuple(mapped(fn, i) for i in items)
    return type(v)(*made) if hasattr(v, "_fields") else made


def as_tuples(v: Any) -> Any:
    return mapped(lambda x: x, v)


def like(v: Any, result: Any) -> Any:
    """A result for the argument `v`, which came as tuples, in the containers of `v`."""
    items = parts(v)
    if items is None:
        return result
    made = [like(i, r) for i, r in zip(items, result, strict=True)]
    if isinstance(v, tuple):
        return type(v)(*made) if hasattr(v, "_fields") else tuple(made)
    if isinstance(v, (list, typed.List)):
        return made
    if isinstance(v, (dict, typed.Dict)):
        return dict(zip(v, made, strict=True))
    if not dataclasses.is_dataclass(v):
        return namedtuple(class_of(v).__name__, attributes(v) or ())(*made)
    out = object.__new__(type(v))  # no `__init__`: it may check or compute something else than gradients
    for f, r in zip(dataclasses.fields(v), made, strict=True):
        object.__setattr__(out, f.name, r)
    return out


# ---- types --------------------------------------------------------------------------------------


def shape_of(t: types.Type, given: Shape = None) -> Shape:
    """The structure of an argument by its type; `given` tells of what was no tuple when the user passed it."""
    if not isinstance(t, types.BaseTuple):
        return None
    inner = tuple(shape_of(i, g) for i, g in zip(t, given.items if given else (None,) * len(t), strict=True))
    if isinstance(t, types.BaseNamedTuple):
        return Group("tuple", inner, tuple(t.fields), t.instance_class)
    return dataclasses.replace(given, items=inner) if given else Group("tuple", inner)


def leaf_types(t: types.Type) -> tuple[types.Type, ...]:
    return tuple(leaf for i in t for leaf in leaf_types(i)) if isinstance(t, types.BaseTuple) else (t,)


def leaves(path: str, t: types.Type, s: Shape, value: Any = None) -> Iterator[tuple[str, types.Type, Any]]:
    """What an argument is made of: how the user writes it, its type, its value if that is known."""
    if s is None:
        yield path, t, value
        return
    inside = [None] * len(s.items) if value is None else value
    for k, (item, it, v) in enumerate(zip(s.items, t, inside, strict=True)):
        yield from leaves(s.part(path, k), it, item, v)


def count(s: Shape) -> int:
    return sum(map(count, s.items)) if s else 1
