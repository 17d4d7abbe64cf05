"""The parameters of the function to be differentiated: one of the program's for each value in them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from numba.core import types

from ..ir import Bundle, Const, Var
from ..structure import Group, Shape, leaf_types, shape_of
from .activation import parameters
from .parser import Parser
from .source import Tree
from .values import Dictionary, Listing, Record, Tup, Value


@dataclass(frozen=True)
class Argument:
    """What is known of an argument while parsing: how it is structured, and which of its values are None.

    known: values that are no parameters, since the function is parsed for them; None for all others.
    """

    shape: Shape = None
    none: tuple[bool, ...] = (False,)
    known: tuple[Value | None, ...] = (None,)

    def value(self, left: Iterator[Any]) -> Any:
        """The argument, with these numbers and arrays in it."""
        known = iter(self.known)

        def made(s: Shape) -> Any:
            if s is not None:
                items = tuple(map(made, s.items))
                return s.cls(*items) if s.cls is not None else items
            v = next(known)
            return next(left) if v is None else v.value  # type: ignore[union-attr]

        return made(self.shape)


def of_types(argtypes: Sequence[types.Type], given: Sequence[Shape] = ()) -> tuple[Argument, ...]:
    """What the types of arguments tell of them; `given`: which of the tuples the user passed as something else."""
    shapes = map(shape_of, argtypes, given or (None,) * len(argtypes))
    return tuple(
        Argument(s, tuple(isinstance(leaf, types.NoneType) for leaf in leaf_types(t)))
        for s, t in zip(shapes, argtypes, strict=True)
    )


Names = str | Bundle


def bind(q: Parser, tree: Tree, given: Sequence[Argument]) -> tuple[tuple[str, Names], ...]:
    """Let the parameters stand for their values; how the program is called."""
    act = q.act
    names = [a.arg for a in parameters(tree)]
    outer = [q.variable(n, n).name for n in names]
    called = spelled(tree, act.assigned)
    for name in sorted(act.locals):  # the user's names first, so that helpers and temporaries evade them
        q.variable(name, name)
    out: list[tuple[str, Names]] = []
    for name, unique, argument in zip(names, outer, given or [Argument()] * len(names), strict=True):
        values = (Const(None) if none else None for none in argument.none)
        left = zip(values, (*argument.known, *(None for _ in argument.none)), strict=False)
        made, value = parameter(q, argument.shape, name, called.get(name), constant(unique), left)
        out.append((unique, made))
        if isinstance(value, (Tup, Record)) and act.assigned[name]:
            value = q.keep(tree, name, name, value)  # under the names that it will have when it is bound again
        act.env[name] = value
        act.certain.add(name)
        if isinstance(value, Var) and act.assigned[name] == 0:
            q.never_none.add(value.name)
    return tuple(out)


def constant(name: str) -> Callable[[str], str]:
    return lambda _: name


def parameter(
    q: Parser,
    shape: Shape,
    name: str,
    target: ast.expr | None,
    leaf: Callable[[str], str],
    left: Iterator[tuple[Value | None, Value | None]],
) -> tuple[Names, Value]:
    """The parameters that a structured argument becomes, and what they are together."""
    if shape is None:
        none, known = next(left)
        if known is not None:
            return Bundle(()), known
        unique = leaf(name)
        return unique, none or Var(unique)
    targets = target.elts if isinstance(target, ast.Tuple) and len(target.elts) == len(shape.items) else ()
    names: list[Names] = []
    values: list[Value] = []
    for k, s in enumerate(shape.items):
        t = targets[k] if targets else None
        own = t.id if isinstance(t, ast.Name) and s is None else None
        label = str(shape.names[k] if shape.names else k)
        base = own or f"{name}_{label if label.isidentifier() or label.isdigit() else k}"
        made, value = parameter(q, s, base, t, q.namer if own is None else q.local, left)
        names.append(made)
        values.append(value)
    return Bundle(tuple(names), shape.cls if shape.kind == "tuple" else None), together(q, shape, tuple(values))


def together(q: Parser, shape: Group, values: tuple[Value, ...]) -> Value:
    if shape.kind == "object":
        return Record(values, shape.names, True, shape.cls)
    if shape.kind == "tuple":
        return Tup(values, shape.names, shape.cls)
    contents = Tup(values) if shape.kind == "list" else Record(values, shape.names, False)
    key = f"[{next(q.serial)}]"
    q.store[key] = contents
    own(q, key, contents)
    return Listing(key) if shape.kind == "list" else Dictionary(key)


def own(q: Parser, key: Any, v: Value) -> None:
    """The items of a list or a dict that the function changes keep the names of the parameters."""
    if isinstance(v, Var):
        q.kept[key] = v.name
    elif isinstance(v, (Tup, Record)):
        for k, i in enumerate(v.items):
            own(q, (key, k), i)


# ---- the user's own names for the parts: `W, b = params` ------------------------------------------------


def spelled(tree: Tree, times: Counter[str]) -> dict[str, ast.expr]:
    """Parameters that are unpacked into names which mean nothing else in the function."""
    params = {a.arg for a in parameters(tree)}
    found: dict[str, ast.expr] = {}
    for s in tree.body if isinstance(tree.body, list) else []:
        match s:
            case ast.Assign([ast.Tuple() as target], ast.Name(name)) if name in params and times[name] == 0:
                names = [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]
                if all(times[n] == 1 and n not in params for n in names):
                    found.setdefault(name, target)
    return found
