"""Derivatives in programs: `grad(f)(x)`, `jvp(f, (x,), (v,))`, or calls of what was made outside."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from .. import primitives as p
from ..ir import Call, Const, Expr
from ..nested import DerivativeOf, Part, Takes
from .parser import Parser
from .values import Refusal, Static, Tup, Value, is_code

Kwargs = dict[str, Value]
CONTAINERS = (
    "inside a function to be differentiated a derivative takes numbers and arrays only",
    "give them one by one, as arguments of a function of their own",
)
Tree = Part | tuple["Tree", ...]


def is_derivative(fn: Any) -> bool:
    return hasattr(fn, "pyfunc") and hasattr(fn, "argnums")


# ---- calls -----------------------------------------------------------------------------------------------


def called(q: Parser, node: ast.AST, fn: Any, args: list[Value], kwargs: Kwargs) -> Value:
    """The call of a derivative: what it gives is computed by the program that belongs to it."""
    try:
        bound = inspect.signature(fn.py_func).bind(*args, **kwargs)
    except TypeError as e:
        raise Refusal(
            f"`{fn.py_func.__name__}` cannot be called like this: {e}", "give what its parameters ask for"
        ) from None
    defaults = inspect.signature(fn.py_func).parameters
    given = [bound.arguments.get(n, None) or q.wrap(defaults[n].default, n) for n in defaults]
    takes = tuple(map(taken, given))
    if any(t is not None for t in takes[seeds(fn) :]):
        raise Refusal(*CONTAINERS)
    operands = tuple(q.operand(node, v) for v in numbers(given))
    number = itertools.count()

    def one(t: Tree) -> Value:
        if isinstance(t, tuple):
            return Tup(tuple(map(one, t)))
        return q.temp(node, Call(DerivativeOf(fn, next(number), t, takes), operands))

    return one(outcome(fn, takes))


def seeds(fn: Any) -> int:
    """How many arguments at the front are seeds, also of what is differentiated again."""
    return int(fn.mode.seeded) + (seeds(fn.pyfunc) if is_derivative(fn.pyfunc) else 0)


def taken(v: Value) -> Takes:
    if isinstance(v, Tup) and not v.fields:
        return tuple(map(taken, v.items))
    if not is_code(v):
        raise Refusal(*CONTAINERS)
    return None


def numbers(values: list[Value] | tuple[Value, ...]) -> Iterator[Value]:
    for v in values:
        if isinstance(v, Tup):
            yield from numbers(v.items)
        else:
            yield v


def outcome(fn: Any, takes: tuple[Takes, ...]) -> Tree:
    """What the result of a derivative is made of."""
    places: list[Tree] = []
    at = 0

    def place(t: Takes) -> Tree:
        nonlocal at
        if t is not None:
            return tuple(map(place, t))
        at += 1
        return Part(at - 1)

    places = [place(t) for t in takes]
    return tree(fn, tuple(places))


def tree(fn: Any, places: tuple[Tree, ...]) -> Tree:
    """places: the operands that each argument is made of."""
    k = int(fn.mode.seeded)
    if is_derivative(fn.pyfunc):
        value = tree(fn.pyfunc, places[k:])
    else:
        first = next((x.operand for x in places[k:] if isinstance(x, Part)), 0)
        value = result_of(fn.pyfunc, first or 0)
    if fn.mode.kind == "jvp":
        return along(fn, value)
    wrt = tuple(places[j + k] for j in fn.argnums)
    bars = wrt[0] if fn.single else wrt
    if fn.value:
        return value, bars
    return (bars, value[1]) if fn.has_aux and isinstance(value, tuple) else bars


def along(fn: Any, value: Tree) -> Tree:
    """What forward mode returns (`outcome.Mode`)."""
    from ..outcome import ADDED, LAST, TANGENT

    if fn.mode.result == TANGENT:
        return value
    if fn.mode.result in (LAST, ADDED) and isinstance(value, tuple):
        return value[-1] if fn.mode.result == LAST else (*value, value[-1])
    return value, value[0] if fn.has_aux and isinstance(value, tuple) else value


def result_of(fn: Any, first: int) -> Tree:
    """The tuples in what a function returns."""
    from ..reverse.seeds import whole
    from .parse import parse

    def of(e: Expr, path: tuple[int, ...]) -> Tree:
        if isinstance(e, Call) and e.fn is p.pack:
            return tuple(of(a, (*path, k)) for k, a in enumerate(e.args))
        return Part(None, fn, path, first)

    return of(whole(parse(fn)), ())


# ---- derivatives that are made in the program -----------------------------------------------------------------

_made: dict[Any, Any] = {}


def makers() -> dict[str, Any]:
    """What makes derivatives of a function."""
    import sourcead

    names = ("grad", "value_and_grad", "jvp_fn", "vjp_fn", "hvp", "value_grad_hvp", "jvp")
    return {n: getattr(sourcead, n) for n in names}


def is_maker(fn: Any) -> bool:
    return any(fn is m for m in makers().values())


def making(q: Parser, node: ast.AST, fn: Any, args: list[Value], kwargs: Kwargs) -> Value:
    """`grad(f)` of a function that is known, which is a function again; `jvp(f, primals, tangents)` is a call."""
    known = makers()
    f = args[0] if args else Const(None)
    if not isinstance(f, Static):
        raise Refusal(
            "a derivative is made of a function that is defined outside of the one to be differentiated",
            "make it outside, and call it here",
        )
    if fn is known["jvp"]:
        if len(args) != 3 or kwargs or not all(isinstance(v, Tup) for v in args[1:]):
            raise Refusal("inside a function to be differentiated jvp takes a function and two tuples", "use jvp_fn")
        primals, tangents = (v.items for v in args[1:] if isinstance(v, Tup))
        wrt = tuple(k for k, v in enumerate(tangents) if v != Const(None))
        pushed = made(known["jvp_fn"], f.value, (wrt,), ())
        return called(q, node, pushed, [Tup(tuple(tangents[k] for k in wrt)), *primals], {})
    try:
        rest, named = tuple(map(constant, args[1:])), tuple((k, constant(v)) for k, v in kwargs.items())
    except ValueError:
        raise Refusal(f"the arguments of `{fn.__name__}` must be constants here", "write them as constants") from None
    return Static(made(fn, f.value, rest, named))


def made(maker: Callable[..., Any], f: Any, rest: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> Any:
    """The same derivative for each time that the program is read."""
    key = maker, id(f), rest, named
    if key not in _made or _made[key][0] is not f:
        try:
            _made[key] = f, maker(f, *rest, **dict(named))
        except (TypeError, ValueError) as e:
            raise Refusal(str(e)) from None
    return _made[key][1]


def constant(v: Value) -> Any:
    """The value of a constant; ValueError for what is none."""
    if isinstance(v, Const):
        return v.value
    if isinstance(v, Tup) and not v.fields:
        return tuple(map(constant, v.items))
    raise ValueError
