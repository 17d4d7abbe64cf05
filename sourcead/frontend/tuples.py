"""Tuples whose items are known one by one: taken apart, put together, indexed, compared."""

from __future__ import annotations

import ast
import operator as op
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import primitives as p
from ..ir import Call, Const, Expr
from .parser import Parser
from .values import Record, Refusal, Tup, Value, is_code


def starred(q: Parser, nodes: list[ast.expr], value: Callable[[ast.expr], Value]) -> list[Value]:
    """The values of a display or of the arguments of a call, in which `*t` stands for the items of `t`."""

    def one(n: ast.expr) -> tuple[Value, ...]:
        if not isinstance(n, ast.Starred):
            return (value(n),)
        t = opened(q, value(n.value))
        if not isinstance(t, Tup):
            raise Refusal("`*` is supported for tuples of known length only", "write the items one by one", q.loc(n))
        return t.items

    return [v for part in q.each(nodes, one) for v in part]


def opened(q: Parser, v: Value) -> Value:
    """What iterating over the value gives: of a dict, its keys."""
    from .lists import known
    from .records import keys

    v = known(q, v)
    return keys(v) if isinstance(v, Record) else v


def split(targets: list[ast.expr], values: tuple[Value, ...]) -> tuple[list[ast.expr], list[Value]]:
    """Targets of which one is `*rest`, each with its value."""
    k = next(k for k, t in enumerate(targets) if isinstance(t, ast.Starred))
    after = len(targets) - k - 1
    if len(values) < k + after:
        raise Refusal(
            f"{len(values)} values cannot be unpacked into {len(targets)} names",
            "write as many names as there are values",
        )
    end = len(values) - after
    rest = targets[k]
    assert isinstance(rest, ast.Starred)
    return [*targets[:k], rest.value, *targets[k + 1 :]], [*values[:k], Tup(values[k:end]), *values[end:]]


def arithmetic(fn: Callable[..., Any], a: Value, b: Value) -> Tup | None:
    """`t + u`, `t * 2`"""
    if fn in (op.add, op.iadd) and isinstance(a, Tup) and isinstance(b, Tup):
        return Tup(a.items + b.items)
    if fn in (op.mul, op.imul):
        for t, n in ((a, b), (b, a)):
            if isinstance(t, Tup) and isinstance(n, Const) and type(n.value) is int:
                return Tup(t.items * n.value)
    return None


def packed(q: Parser, node: ast.AST, v: Value) -> Expr:
    """A tuple of operands as an argument of a call."""
    return Call(p.pack, tuple(q.operand(node, i) for i in v.items)) if isinstance(v, Tup) else q.operand(node, v)


def compared(q: Parser, node: ast.AST, a: Tup, b: Tup) -> Expr:
    """`t == u`"""
    if len(a.items) != len(b.items):
        return Const(False)
    same: Expr = Const(True)
    for x, y in zip(a.items, b.items, strict=True):
        if isinstance(x, Tup) and isinstance(y, Tup):
            one = compared(q, node, x, y)
        elif isinstance(x, Const) and isinstance(y, Const):
            one = Const(bool(x.value == y.value))
        else:
            one = Call(op.eq, (q.operand(node, x), q.operand(node, y)))
        if isinstance(one, Const):
            if not one.value:
                return one
        elif same == Const(True):
            same = one
        else:
            same = q.temp(node, Call(p.both, (q.operand(node, same), q.operand(node, one))))
    return same


def has_shape(q: Parser, node: ast.AST, array: Expr, t: Tup) -> Expr:
    """`a.shape == (n, m)`"""
    n = len(t.items)
    same = q.temp(node, Call(op.eq, (q.temp(node, Call(np.ndim, (array,))), Const(n))))

    def extents() -> None:  # there are as many only if the number of axes is right
        axes = Tup(tuple(q.temp(node, Call(p.shape, (array, Const(k)))) for k in range(n)))
        q.emit(node, same, compared(q, node, axes, t))

    q.branch(node, same, extents, lambda: None)
    return same


def item(q: Parser, node: ast.expr, t: Tup, index: ast.expr) -> Value:
    from .expressions import expr

    if isinstance(index, ast.Slice):
        ends = [None if n is None else expr(q, n) for n in (index.lower, index.upper, index.step)]
        if all(e is None or isinstance(e, Const) and (e.value is None or type(e.value) is int) for e in ends):
            return Tup(t.items[slice(*(None if e is None else e.value for e in ends))])  # type: ignore[union-attr]
        raise Refusal("the bounds of a slice of a tuple must be constants", "use an array")
    k = expr(q, index)
    if isinstance(k, Const) and type(k.value) is int:
        if not -len(t.items) <= k.value < len(t.items):
            raise Refusal(
                f"a tuple of {len(t.items)} items has no item {k.value}",
                "indices go from 0 to the number of items less one",
            )
        return t.items[k.value]
    q.unknown_indices += 1
    if isinstance(k, (Tup, Const)) or not t.items or not all(map(is_code, t.items)):
        raise Refusal("the index of a tuple must be a constant integer", "use an array for what is indexed in a loop")
    values = tuple(q.operand(node, v) for v in t.items)
    n, at = len(t.items), q.operand(index, k)
    match k:
        case Call(op.mod, (_, Const(int() as m))) if 0 < m <= n:
            return Call(p.one_of, (at, *values))
    for fn, end in ((op.ge, -n), (op.lt, n)):
        q.require(node, Call(fn, (at, Const(end))), IndexError, "tuple index out of range")
    return Call(p.one_of, (q.temp(node, Call(p.from_front, (at, Const(n)))), *values))
