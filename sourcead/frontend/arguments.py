"""The parameters of a program: one for each number and array in the arguments that it is parsed for."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from numba.core import types

from ..forms import Form, Given, Held, Inner, Slot
from ..ir import Bundle, Const, Var, in_bundle
from ..structure import Shape, leaf_types, shape_of
from .activation import Activation, parameters
from .parser import Parser, labels
from .source import Tree
from .values import Dictionary, Listing, Nested, Partial, Record, Tup, Value

Names = str | Bundle
Called = tuple[tuple[str, Names], ...]


def of_types(argtypes: Sequence[types.Type], given: Sequence[Shape] = ()) -> tuple[Form, ...]:
    """What the types of arguments tell of them; `given`: which of the tuples the user passed as something else."""
    shapes = map(shape_of, argtypes, given or (None,) * len(argtypes))
    return tuple(form_of(s, iter(leaf_types(t))) for s, t in zip(shapes, argtypes, strict=True))


def form_of(shape: Shape, leaves: Iterator[types.Type]) -> Form:
    if shape is None:
        return Slot(isinstance(next(leaves), types.NoneType))
    items = tuple(form_of(s, leaves) for s in shape.items)
    match shape.kind:
        case "tuple":
            return Tup(items, shape.names, shape.cls)
        case "object":
            return Record(items, shape.names, True, shape.cls)
        case "list":
            return Held(Tup(items))
    return Held(Record(items, shape.names, False))


def bind(q: Parser, tree: Tree, given: Sequence[Form]) -> Called:
    """Let the parameters stand for their values; how the program is called."""
    act = q.act
    names = accepted(tree)
    outer = [q.variable(n, n).name for n in names]
    called = spelled(tree, act.assigned)
    for name in sorted(act.locals):  # the user's names first, so that helpers and temporaries evade them
        q.variable(name, name)
    out: list[tuple[str, Names]] = []
    for name, unique, form in zip(names, outer, given or [Slot()] * len(names), strict=True):
        made, value = parameter(q, form, name, called.get(name), constant(unique))
        out.append((unique, made))
        if isinstance(value, (Tup, Record)) and act.assigned[name]:
            value = q.keep(tree, name, name, value)  # under the names that it will have when it is bound again
        act.env[name] = value
        act.certain.add(name)
        if isinstance(value, Var) and act.assigned[name] == 0:
            q.never_none.add(value.name)
    return tuple(out)


def accepted(tree: Tree) -> list[str]:
    """The names of all parameters, those of any number of arguments last."""
    return [a.arg for a in (*parameters(tree), tree.args.vararg, tree.args.kwarg) if a is not None]


def scopes(given: Given) -> list[Activation]:
    """The functions around an inner function, as this one will see them."""
    made: list[Activation] = []
    for s in given.scopes:
        home = None if s.outer is None else made[s.outer]
        made.append(replace(s.like, home=home, env={}, certain=set(), unique={}))
    return made


def bind_scopes(q: Parser, given: Given) -> Iterator[str]:
    """Let the names that inner functions see stand for their values; the parameters that takes."""
    for home, scope in zip(q.around, given.scopes, strict=True):
        for name, form in scope.names:
            made, home.env[name] = parameter(q, form, name, None, q.namer)
            home.certain.add(name)
            yield from in_bundle(made)


def constant(name: str) -> Callable[[str], str]:
    return lambda _: name


def parameter(
    q: Parser,
    form: Form,
    name: str,
    target: ast.expr | None,
    leaf: Callable[[str], str],
) -> tuple[Names, Value]:
    """The parameters that an argument becomes, and the value they are together.

    target: what the user unpacks it into; leaf: how a number or an array is called.
    """
    match form:
        case Slot(none):
            unique = leaf(name)
            return unique, Const(None) if none else Var(unique)
        case Tup() | Record():
            names, values = items(q, form, name, target)
            return Bundle(names, form.cls if isinstance(form, Tup) else None), replace(form, items=values)
        case Held(contents, lent):
            made, value = parameter(q, contents, name, target, leaf)
            key = f"[{next(q.serial)}]"
            q.store[key] = value
            own(q, key, value)
            q.lent |= {key} if lent else set()
            return made, Listing(key) if isinstance(contents, Tup) else Dictionary(key)
        case Partial(fn, args, kwargs):
            made, values = several(q, name, (fn, *args, *(v for _, v in kwargs)))
            named = zip((k for k, _ in kwargs), values[1 + len(args) :], strict=True)
            return made, Partial(values[0], values[1 : 1 + len(args)], tuple(named))
        case Inner(node, scope, defaults):
            made, values = several(q, name, tuple(v for _, v in defaults))
            return made, Nested(node, q.around[scope], dict(zip((n for n, _ in defaults), values, strict=True)))
    return Bundle(()), form


def several(q: Parser, name: str, forms: tuple[Form, ...]) -> tuple[Bundle, tuple[Value, ...]]:
    names, values = items(q, Tup(forms), name, None)
    return Bundle(names), values


def items(
    q: Parser, form: Tup | Record, name: str, target: ast.expr | None
) -> tuple[tuple[Names, ...], tuple[Value, ...]]:
    targets = target.elts if isinstance(target, ast.Tuple) and len(target.elts) == len(form.items) else ()
    made = []
    for k, (item, label) in enumerate(zip(form.items, labels(form), strict=True)):
        t = targets[k] if targets else None
        own = t.id if isinstance(t, ast.Name) and isinstance(item, Slot) else None
        made.append(parameter(q, item, own or f"{name}_{label}", t, q.namer if own is None else q.local))
    return tuple(names for names, _ in made), tuple(v for _, v in made)


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
