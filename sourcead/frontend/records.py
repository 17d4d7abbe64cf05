"""Dicts whose keys are constants, and objects: their items are variables, read by name.

A dict that the function makes or is given is a reference, as lists are: what it holds stands in the store.
"""

from __future__ import annotations

import ast
import inspect
from types import FunctionType
from typing import Any

from ..ir import Const
from .parser import Parser
from .values import Dictionary, Method, Partial, Record, Refusal, Static, Tup, Unclear, Value, is_code

Items = dict[str, Value]
CONSTANT = Refusal("the keys of a dict must be constants", "use an array for what is indexed in a loop")


def new(q: Parser, node: ast.AST, contents: Record, base: str = "item") -> Dictionary:
    made = Dictionary(f"[{next(q.serial)}]")
    put(q, node, made, contents, base)
    return made


def put(q: Parser, node: ast.AST, owner: Dictionary, contents: Record, base: str = "item") -> None:
    q.own(owner.key)
    q.store[owner.key] = q.keep(node, owner.key, base, contents)


def contents(q: Parser, owner: Dictionary) -> Record:
    match q.store.get(owner.key):
        case Record() as found:
            return found
        case Unclear() | None:
            what = "the dict does not have the same keys on all paths to this place"
            raise Refusal(what, "make it with all its keys")
    raise Refusal


def assign(q: Parser, node: ast.AST, owner: Dictionary, key: Value, value: Value) -> None:
    """`d["a"] = value`"""
    found = contents(q, owner)
    if not isinstance(key, Const):
        q.unknown_indices += 1
        raise CONSTANT
    items = dict(zip(found.names, found.items, strict=True))
    items[key.value] = q.operand(node, value) if is_code(value) else value
    put(q, node, owner, Record(tuple(items.values()), tuple(items), False))


def remove(q: Parser, node: ast.AST, owner: Dictionary, key: Value) -> Value:
    """`del d["a"]`, `d.pop("a")`"""
    found = contents(q, owner)
    v = item(q, found, key)
    v = q.now(node, v) if is_code(v) else v  # type: ignore[arg-type]
    left = {k: i for k, i in zip(found.names, found.items, strict=True) if Const(k) != key}
    put(q, node, owner, Record(tuple(left.values()), tuple(left), False))
    return v


def change(q: Parser, node: ast.AST, owner: Dictionary, name: str, args: list[Value], kwargs: Items) -> Value:
    """A method of a dict that may change it."""
    found = contents(q, owner)
    match name, args:
        case "update", [other] if not kwargs:
            other = q.store[other.key] if isinstance(other, Dictionary) else other
            if isinstance(other, Record):
                for k, v in zip(other.names, other.items, strict=True):
                    assign(q, node, owner, Const(k), v)
                return Const(None)
        case "update", []:
            for k, v in kwargs.items():
                assign(q, node, owner, Const(k), v)
            return Const(None)
        case "pop", [key]:
            return remove(q, node, owner, key)
        case "setdefault", [Const(key), v]:
            if key not in found.names:
                assign(q, node, owner, Const(key), v)
            return item(q, contents(q, owner), Const(key))
        case "copy", []:
            return new(q, node, found)
        case "clear", []:
            put(q, node, owner, Record((), (), False))
            return Const(None)
    return method(found, name, args, kwargs)


def display(keys: list[Value], values: list[Value]) -> Record:
    """`{"a": x, "b": y}`"""
    if len(keys) != len(values):
        raise Refusal("`**` in a dict is not supported", "write the items one by one")
    if not all(isinstance(k, Const) for k in keys):
        raise CONSTANT
    found = {k.value: v for k, v in zip(keys, values, strict=True)}  # type: ignore[union-attr]
    return Record(tuple(found.values()), tuple(found), False)


def keys(r: Record) -> Tup:
    if r.attributes:
        raise Refusal("an object cannot be iterated over, or searched", "use its attributes")
    return Tup(tuple(map(Const, r.names)))


def attribute(r: Record, name: str) -> Value:
    if not r.attributes:
        return Method(r, name)
    if name not in r.names:
        return of_class(r, name)
    return r.items[r.names.index(name)]


def of_class(r: Record, name: str) -> Value:
    """A method of the object, or a constant of its class."""
    found = inspect.getattr_static(r.cls, name, None) if r.cls is not None else None
    if isinstance(found, staticmethod):
        return Static(found.__func__)
    if isinstance(found, FunctionType):
        return Partial(Static(found), (r,), ())
    if isinstance(found, (bool, int, float)):
        return Const(found)
    raise Refusal(f"`.{name}` is not supported: only fields and plain methods are known", "write it as a function")


def item(q: Parser, r: Record, key: Value) -> Value:
    if r.attributes:
        raise Refusal("an object has no items", "use its attributes")
    if not isinstance(key, Const):
        q.unknown_indices += 1
        raise Refusal("the key of a dict must be a constant", "use an array for what is indexed in a loop")
    if key.value not in r.names:
        raise Refusal(f"the dict has no key {key.value!r}", f"it has {', '.join(map(repr, r.names))}")
    return r.items[r.names.index(key.value)]


def method(r: Record, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if not args and not kwargs:
        if name == "keys":
            return keys(r)
        if name == "values":
            return Tup(r.items)
        if name == "items":
            return Tup(tuple(Tup((Const(k), v)) for k, v in zip(r.names, r.items, strict=True)))
        if name == "copy":
            return r
    if name == "get" and not kwargs and len(args) in (1, 2) and isinstance(args[0], Const):
        if args[0].value in r.names:
            return r.items[r.names.index(args[0].value)]
        return args[1] if len(args) == 2 else Const(None)
    raise Refusal(f"`.{name}` of a dict is not supported", "use its items: d['a'], d.items(), len(d)")


def named(v: Value) -> dict[str, Value]:
    """The arguments that `**v` stands for."""
    if isinstance(v, Record) and not v.attributes and all(isinstance(n, str) for n in v.names):
        return dict(zip(v.names, v.items, strict=True))
    raise Refusal("`**` arguments are supported for dicts with constant keys only", "write the arguments one by one")


def named_tuple(q: Parser, cls: Any, args: list[Value], kwargs: dict[str, Value]) -> Tup:
    """`Layer(W, b)`"""
    fields: tuple[str, ...] = cls._fields
    given = {**dict(zip(fields, args, strict=False)), **kwargs}
    given = {n: q.wrap(v, n) for n, v in cls._field_defaults.items()} | given
    if len(args) > len(fields) or given.keys() != set(fields) or kwargs.keys() & set(fields[: len(args)]):
        raise Refusal(f"these are not the fields of `{cls.__name__}`", f"it has {', '.join(fields)}")
    return Tup(tuple(given[n] for n in fields), fields, cls)
