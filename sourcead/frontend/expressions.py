"""Expressions, flattened: every intermediate result gets a name."""

from __future__ import annotations

import ast
import operator as op
from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

from .. import primitives as p
from ..ir import Call, Const, Expr, Index, Slice, Var
from ..rules import is_draw
from . import comprehensions, lists, records, tuples
from .calls import call
from .methods import ATTRIBUTES, METHODS, OF_MEMORY
from .parser import Parser, describe
from .values import Dictionary, Listing, Method, Nested, Record, Refusal, Static, Tup, Value, is_code, is_readable

BINARY: dict[type, Callable[..., Any]] = {
    ast.Add: op.add,
    ast.Sub: op.sub,
    ast.Mult: op.mul,
    ast.Div: op.truediv,
    ast.FloorDiv: op.floordiv,
    ast.Mod: op.mod,
    ast.Pow: op.pow,
    ast.MatMult: op.matmul,
    ast.BitAnd: op.and_,
    ast.BitOr: op.or_,
    ast.BitXor: op.xor,
    ast.LShift: op.lshift,
    ast.RShift: op.rshift,
}
UNARY: dict[type, Callable[..., Any]] = {ast.USub: op.neg, ast.UAdd: op.pos, ast.Not: op.not_, ast.Invert: op.invert}
COMPARE: dict[type, Callable[..., Any]] = {
    ast.Lt: op.lt,
    ast.LtE: op.le,
    ast.Gt: op.gt,
    ast.GtE: op.ge,
    ast.Eq: op.eq,
    ast.NotEq: op.ne,
    ast.Is: op.is_,
    ast.IsNot: op.is_not,
}

REFUSED: dict[type, tuple[str, str]] = {
    ast.Set: ("a set cannot be differentiated", "use a tuple or an array"),
    ast.SetComp: ("a set comprehension cannot be differentiated", "fill an array made by np.empty(n) in a loop"),
    ast.GeneratorExp: ("a generator expression cannot be used here", "use a list: [... for ...]"),
    ast.Yield: ("a generator cannot be differentiated", "return one number"),
    ast.YieldFrom: ("a generator cannot be differentiated", "return one number"),
    ast.Await: ("`await` is not supported", "call plain functions only"),
    ast.Starred: ("`*` arguments are not supported", "write the arguments one by one"),
}


def expr(q: Parser, node: ast.expr) -> Value:
    """The value of an expression; what it needs is emitted before."""
    match node:
        case ast.Constant(value):
            if isinstance(value, bytes):
                raise Refusal("bytes cannot be used in a differentiated function", "use strings and numbers")
            return Const(value)
        case ast.Name(name):
            return located(q, node, lambda: q.lookup(name))
        case ast.Tuple(elts):
            return Tup(tuple(tuples.starred(q, elts, lambda n: item(q, n))))
        case ast.List(elts):
            return lists.new(q, node, tuple(tuples.starred(q, elts, lambda n: item(q, n))))
        case ast.ListComp():
            return comprehensions.listed(q, node)
        case ast.DictComp():
            return comprehensions.keyed(q, node)
        case ast.Dict(keys, values):
            known_keys = q.each([n for n in keys if n], lambda n: expr(q, n))
            return records.new(q, node, records.display(known_keys, q.each(values, lambda n: item(q, n))))
        case ast.JoinedStr(parts):
            return Const("".join(q.each(parts, lambda n: text(q, n))))
        case ast.BinOp(left, o, right):
            a, b = q.each((left, right), lambda n: expr(q, n))
            return located(q, node, lambda: binary(q, (left, right), BINARY[type(o)], a, b))
        case ast.UnaryOp(o, operand):
            return unary(q, node, o, expr(q, operand))
        case ast.BoolOp(o, values):
            return boolean(q, node, isinstance(o, ast.And), values)
        case ast.Compare(left):
            return compare(q, node, item(q, left))
        case ast.IfExp():
            return ternary(q, node)
        case ast.Call():
            return located(q, node, lambda: call(q, node))
        case ast.Attribute():
            return located(q, node, lambda: attribute(q, node))
        case ast.Subscript(value, index):
            return located(q, node, lambda: subscript(q, node, expr(q, value), index))
        case ast.Lambda():
            return nested(q, node)
        case ast.NamedExpr(ast.Name(name), source):
            q.bind(node, name, expr(q, source))
            return q.lookup(name)
    what, remedy = REFUSED.get(type(node), (f"`{ast.unparse(node)}` is not supported", ""))
    raise Refusal(what, remedy, q.loc(node))


def text(q: Parser, node: ast.expr) -> str:
    """A part of a formatted string of what is known while parsing, such as `f"W{i}"` in an unrolled loop."""
    match node:
        case ast.Constant(str() as value):
            return value
        case ast.FormattedValue(value, -1, None):
            v = expr(q, value)
            if isinstance(v, Const) and isinstance(v.value, (str, int)):
                return str(v.value)
    q.unknown_indices += 1
    what = "a formatted string cannot be used in a differentiated function"
    raise Refusal(what, "build texts outside of it", q.loc(node))


def located(q: Parser, node: ast.AST, make: Callable[[], Value]) -> Value:
    """Refusals without a place get that of the node."""
    try:
        return make()
    except Refusal as r:
        if r.what and r.loc is None:
            r.loc = q.loc(node)
        raise


def operand(q: Parser, node: ast.expr) -> Expr:
    """The value of an expression as a variable or a constant."""
    return located(q, node, lambda: q.operand(node, expr(q, node)))  # type: ignore[return-value]


def item(q: Parser, node: ast.expr) -> Value:
    """The value of an expression, computed now; shapes are not computed before one knows what of them is wanted."""
    v = expr(q, node)
    return q.operand(node, v) if is_code(v) and not is_shape(v) else v


# ---- arithmetic -----------------------------------------------------------------------------


def binary(q: Parser, sides: tuple[ast.AST, ast.AST], fn: Callable[..., Any], a: Value, b: Value) -> Value:
    together = tuples.arithmetic(fn, lists.known(q, a), lists.known(q, b))
    if together is not None:
        return lists.new(q, sides[0], together.items) if Listing in (type(a), type(b)) else together
    for t, n in ((a, b), (b, a)):
        if isinstance(t, Listing) and fn is op.mul and is_code(n) and not is_fraction(n):
            return lists.repeated(q, sides[0], lists.items(q, t), q.operand(sides[1], n))
    if fn is op.add and isinstance(a, Tup) is not isinstance(b, Tup):  # a shape, whose length is not known yet
        return Call(op.add, tuple(tuples.packed(q, n, v) for n, v in zip(sides, (a, b), strict=True)))
    x, y = q.operand(sides[0], a), q.operand(sides[1], b)
    if isinstance(x, Const) and isinstance(y, Const):
        if isinstance(x.value, str) or isinstance(y.value, str):
            raise Refusal("strings cannot be combined in a differentiated function", "build texts outside of it")
        if type(x.value) is int and type(y.value) is int:
            if fn in (op.add, op.sub, op.mul) or fn in (op.mod, op.floordiv) and y.value > 0:
                return Const(fn(x.value, y.value))
    return Call(fn, (x, y))


def is_fraction(v: Value) -> bool:
    return isinstance(v, Const) and not isinstance(v.value, int)


def unary(q: Parser, node: ast.AST, o: ast.unaryop, v: Value) -> Value:
    fn = UNARY[type(o)]
    if fn is op.not_ and known(q, v) is not None:
        return Const(not known(q, v))
    x = q.operand(node, v)
    if isinstance(x, Const) and isinstance(x.value, (int, float)) and fn is op.neg:
        return Const(-x.value)
    return Call(fn, (x,))


def known(q: Parser, v: Value) -> bool | None:
    """The truth of a value, when it is known while parsing."""
    match v:
        case Const(value):
            return bool(value)
        case Tup(items) | Record(items):
            return bool(items)
        case Listing() | Dictionary():
            found = lists.known(q, v)
            return bool(found.items) if isinstance(found, (Tup, Record)) else None
        case Static() | Nested():
            return True
    return None


def boolean(q: Parser, node: ast.expr, conjunction: bool, values: list[ast.expr], test: bool = False) -> Value:
    """`a and b`, `a or b`: the right side is evaluated only when the left one leaves it open.

    In a `test` the value counts as true or false only; elsewhere it is that of one of the sides.
    """
    left = condition(q, values[0]) if test else expr(q, values[0])
    if len(values) == 1:
        return left
    truth = known(q, left)
    if truth is not None:
        return boolean(q, node, conjunction, values[1:], test) if truth is conjunction else left
    a = q.operand(node, left)
    if all(is_cheap(q, n) for n in values[1:]) and (test or all(map(is_boolean, values))):
        b = q.operand(node, boolean(q, node, conjunction, values[1:], test))
        return Call(p.both if conjunction else p.either, (a, b))
    t = q.temp(node, a)

    def right() -> None:
        q.emit(node, t, q.code(boolean(q, node, conjunction, values[1:], test)))

    q.branch(node, t, *((right, nothing) if conjunction else (nothing, right)))
    return t


def condition(q: Parser, node: ast.expr) -> Value:
    """An expression of which only the truth counts, as a boolean."""
    match node:
        case ast.BoolOp(o, values):
            return boolean(q, node, isinstance(o, ast.And), values, True)
        case ast.UnaryOp(ast.Not() as o, x):
            return unary(q, node, o, condition(q, x))
    v = lists.filled(q, expr(q, node))
    return v if is_boolean(node) or known(q, v) is not None else Call(bool, (q.operand(node, v),))


def is_boolean(node: ast.expr) -> bool:
    """Is the value of the expression True or False, whatever its parts are?"""
    match node:
        case ast.Compare() | ast.UnaryOp(ast.Not(), _) | ast.Constant(bool()):
            return True
        case ast.BoolOp(_, values):
            return all(map(is_boolean, values))
    return False


def nothing() -> None:
    """The empty side of a branch."""


def is_cheap(q: Parser, node: ast.expr) -> bool:
    """May the right side of `and`/`or` be evaluated in any case: can it neither fail nor cost much?"""
    match node:
        case ast.Constant():
            return True
        case ast.Name(name):
            home = q.owner(name)
            return home is None or name in home.certain
        case ast.Compare(left, _, others):
            return is_cheap(q, left) and all(is_cheap(q, n) for n in others)
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult(), right):
            return is_cheap(q, left) and is_cheap(q, right)
        case ast.UnaryOp(_, x):
            return is_cheap(q, x)
        case ast.BoolOp(_, values):
            return all(is_cheap(q, n) for n in values)
    return False


def compare(q: Parser, node: ast.Compare, left: Value, k: int = 0) -> Value:
    """`a < b < c`: `b` is evaluated once, `c` only when `a < b`."""
    right = item(q, node.comparators[k])
    first = comparison(q, node, node.ops[k], left, right)
    if k + 1 == len(node.ops) or known(q, first) is False:
        return first
    if known(q, first):
        return compare(q, node, right, k + 1)
    if all(is_cheap(q, n) for n in node.comparators[k + 1 :]):
        a = q.operand(node, first)
        return Call(p.both, (a, q.operand(node, compare(q, node, right, k + 1))))
    t = q.temp(node, q.code(first))
    q.branch(node, t, lambda: q.emit(node, t, q.code(compare(q, node, right, k + 1))), nothing)
    return t


def comparison(q: Parser, node: ast.expr, o: ast.cmpop, a: Value, b: Value) -> Value:
    if isinstance(o, (ast.In, ast.NotIn)):
        return membership(q, node, isinstance(o, ast.In), a, b)
    fn = COMPARE[type(o)]
    if isinstance(a, Const) and isinstance(b, Const):
        if fn in (op.is_, op.is_not):
            same = a.value is b.value or a == b
            return Const(same is (fn is op.is_))
        return Const(bool(fn(a.value, b.value)))
    if isinstance(a, (Listing, Dictionary)) and isinstance(b, (Listing, Dictionary)) and fn in (op.is_, op.is_not):
        return Const((a == b) is (fn is op.is_))
    a, b = lists.known(q, a), lists.known(q, b)
    if isinstance(a, Tup) and isinstance(b, Tup) and fn in (op.eq, op.ne):
        equal = tuples.compared(q, node, a, b)
        return equal if fn is op.eq else unary(q, node, ast.Not(), equal)
    for v, t in ((a, b), (b, a)):
        if is_shape(v) and isinstance(t, Tup) and fn in (op.eq, op.ne):
            equal = tuples.has_shape(q, node, v.args[0], t)
            return equal if fn is op.eq else Call(op.not_, (equal,))
    for x, y in ((a, b), (b, a)):
        if fn in (op.is_, op.is_not) and x == Const(None) and isinstance(y, Var) and y.name in q.never_none:
            return Const(fn is op.is_not)
    if not (is_code(a) and is_code(b)):  # functions, types, None against a function
        if fn in (op.is_, op.is_not, op.eq, op.ne) and not any(isinstance(v, (Tup, Record)) for v in (a, b)):
            return Const((a == b) is (fn in (op.is_, op.eq)))
        if fn in (op.is_, op.is_not):
            return Const(fn is op.is_not)
    return Call(fn, (q.operand(node, a), q.operand(node, b)))


def membership(q: Parser, node: ast.expr, positive: bool, a: Value, b: Value) -> Value:
    a, b = lists.known(q, a), lists.known(q, b)
    if isinstance(b, Record):
        b = records.keys(b)
    if not isinstance(b, Tup) or not all(is_code(i) for i in (a, *b.items)):
        raise Refusal("`in` is supported for tuples only", "write the comparisons, or a loop", q.loc(node))
    if isinstance(a, Const) and all(isinstance(i, Const) for i in b.items):
        return Const((a.value in [i.value for i in b.items]) is positive)  # type: ignore[union-attr]
    found: Expr = Const(False)
    for k, i in enumerate(b.items):
        equal = q.temp(node, Call(op.eq, (q.operand(node, a), q.operand(node, i))))
        found = equal if k == 0 else q.temp(node, Call(p.either, (found, equal)))
    return found if positive else Call(op.not_, (found,))


def ternary(q: Parser, node: ast.IfExp, base: str = "") -> Value:
    """`a if c else b`; `base` is the name that it is for, if there is one."""
    cond = truth(q, node.test)
    if isinstance(cond, Const):
        return expr(q, node.body if cond.value else node.orelse)
    made: list[Value] = []
    key = object()
    if not base:
        base = q.namer.temp()
        q.namer.taken.discard(base)

    def side(n: ast.expr) -> Callable[[], None]:
        return lambda: made.append(q.keep(node, key, base, expr(q, n)))

    q.branch(node, cond, side(node.body), side(node.orelse))
    if made[0] != made[1]:
        raise Refusal("the two sides of `if ... else` are different kinds of thing", "use an if statement", q.loc(node))
    return made[0]


# ---- attributes and elements -----------------------------------------------------------------


def attribute(q: Parser, node: ast.Attribute) -> Value:
    owner = expr(q, node.value)
    name = node.attr
    if isinstance(owner, Static):
        if not is_readable(owner.value):
            raise Refusal(
                f"attributes of {describe(owner.value)} cannot be used in a differentiated function",
                "pass the value as an argument, or keep it in a global of its own",
            )
        if not hasattr(owner.value, name):
            raise Refusal(f"{describe(owner.value)} has no attribute `{name}`", "see how the attribute is spelt")
        return q.wrap(getattr(owner.value, name), name)
    if isinstance(owner, Tup):
        if name not in owner.fields:
            raise Refusal(f"`.{name}` of a tuple is not supported", "use its items: t[0], t[1], len(t)")
        return owner.items[owner.fields.index(name)]
    if isinstance(owner, Record):
        return records.attribute(owner, name)
    if isinstance(owner, (Listing, Dictionary)):
        return Method(owner, name)
    x = q.operand(node.value, owner)
    if not isinstance(x, Var):
        raise Refusal(f"`.{name}` of a number is not supported", "use a function, such as np.sum(x)")
    if name in ATTRIBUTES:
        return ATTRIBUTES[name](x)
    if name in METHODS or is_draw(getattr(np.random.Generator, name, None)):
        return Method(x, name)
    if name in OF_MEMORY:
        raise Refusal(f"`.{name}` is about memory, which is not known here", "use shapes, and slices for views")
    raise Refusal(f"`.{name}` is not supported", "only attributes and methods of NumPy arrays that have a function")


def is_shape(v: Value) -> TypeGuard[Call]:
    return isinstance(v, Call) and v.fn is p.shape_of


def is_places(v: Value) -> TypeGuard[Call]:
    """`np.nonzero(mask)`: a tuple of arrays, one for each axis of the mask."""
    return isinstance(v, Call) and (v.fn is np.nonzero or v.fn is np.where and len(v.args) == 1) and not v.kwargs


def subscript(q: Parser, node: ast.expr, owner: Value, index: ast.expr) -> Value:
    if isinstance(owner, Tup):
        return tuples.item(q, node, owner, index)
    if isinstance(owner, Listing):
        return lists.item(q, node, owner, index)
    owner = lists.known(q, owner)
    if isinstance(owner, Record):
        return records.item(q, owner, expr(q, index))
    i = indices(q, index)
    if is_shape(owner) and len(i) == 1 and isinstance(i[0], Const):
        return Call(p.shape, (owner.args[0], i[0]))
    array = q.operand(node, owner)
    if not isinstance(array, Var):
        raise Refusal("a number has no elements", "index arrays and tuples only")
    return Index(array, i)


def indices(q: Parser, node: ast.expr) -> tuple[Expr, ...]:
    """The operands of `a[...]`."""
    elts = node.elts if isinstance(node, ast.Tuple) else [node]
    out: list[Expr] = []
    for one in q.each(elts, lambda n: index_item(q, n)):
        out += one
    return tuple(out)


def index_item(q: Parser, node: ast.expr) -> list[Expr]:
    if isinstance(node, ast.Slice):
        ends = (node.lower, node.upper, node.step)
        parts = [
            None if n is None or (isinstance(n, ast.Constant) and n.value is None) else operand(q, n) for n in ends
        ]
        return [Slice(*parts)]
    v = expr(q, node)
    if isinstance(v, Tup):
        return [q.operand(node, i) for i in v.items]
    if isinstance(v, Listing):
        return [lists.as_index(q, node, v)]
    i = located(q, node, lambda: q.operand(node, v))
    if isinstance(i, Const) and isinstance(i.value, (float, str, complex)):
        raise Refusal("an index must be an integer", "convert it: int(k)", q.loc(node))
    return [i]  # type: ignore[list-item]


def nested(q: Parser, node: ast.FunctionDef | ast.Lambda) -> Nested:
    """A function defined here; defaults are evaluated now."""
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    pairs = [*zip(positional[len(positional) - len(a.defaults) :], a.defaults, strict=True)]
    pairs += [(n, d) for n, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is not None]
    made = Nested(node, q.act)
    for n, d in pairs:
        made.defaults[n.arg] = q.keep(node, object(), n.arg, expr(q, d))
    return made


def store(q: Parser, node: ast.Subscript, owner: Value) -> Index:
    """`a[i, j]` of the value of `a`, as the target of an assignment."""
    if isinstance(owner, Tup):
        raise Refusal("the items of a tuple cannot be assigned", "make a new tuple, or use an array", q.loc(node))
    if isinstance(owner, Record):
        raise Refusal("the items of a dict cannot be assigned", "make a new dict, or use variables", q.loc(node))
    array = q.operand(node.value, owner)
    if not isinstance(array, Var):
        raise Refusal("only elements of arrays can be assigned", "", q.loc(node))
    if array.name in q.constants:
        raise Refusal(
            f"`{array.name}` is a global array, which the function must not change",
            f"copy it first: {array.name}.copy()",
            q.loc(node),
        )
    return Index(array, indices(q, node.slice))


def truth(q: Parser, node: ast.expr) -> Expr:
    """A condition: a variable, or `Const(True)`/`Const(False)` when it is known while parsing."""
    v = condition(q, node) if isinstance(node, (ast.BoolOp, ast.UnaryOp)) else lists.filled(q, expr(q, node))
    k = known(q, v)
    return Const(k) if k is not None else q.operand(node, v)
