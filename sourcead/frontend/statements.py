"""Statements."""

from __future__ import annotations

import ast
import operator as op
from collections.abc import Callable, Iterable
from typing import Any

import numba
import numpy as np

from .. import primitives as p
from ..ir import Call, Const, Expr, Index, Raise, Var
from . import cases, lists, records, tuples
from .expressions import BINARY, expr, is_places, is_shape, item, known, nested, operand, store, ternary, truth
from .inline import give_back
from .jumps import Jump
from .loops import for_, while_
from .parser import Parser
from .values import Dictionary, Listing, Nested, Refusal, Static, Tup, Value, is_code

INPLACE: dict[type, Callable[..., Any]] = {
    ast.Add: op.iadd,
    ast.Sub: op.isub,
    ast.Mult: op.imul,
    ast.Div: op.itruediv,
    ast.FloorDiv: op.ifloordiv,
    ast.Mod: op.imod,
    ast.Pow: op.ipow,
    ast.MatMult: op.imatmul,
    ast.BitAnd: op.iand,
    ast.BitOr: op.ior,
    ast.BitXor: op.ixor,
    ast.LShift: op.ilshift,
    ast.RShift: op.irshift,
}

REFUSED: dict[type, tuple[str, str]] = {
    ast.Try: ("`try` is not supported", "test the condition with an if before"),
    ast.With: (
        "`with` is not supported",
        "open and close resources outside of the function; `objmode` in a function with a rule: sourcead.custom_rule",
    ),
    ast.Global: ("`global` is not supported", "pass the value as an argument and return it"),
    ast.Nonlocal: ("`nonlocal` is not supported", "return the value from the inner function"),
    ast.Import: ("`import` inside of a function is not supported", "import at the top of the module"),
    ast.ImportFrom: ("`import` inside of a function is not supported", "import at the top of the module"),
    ast.ClassDef: ("a class inside of a function is not supported", "use tuples or arrays"),
    ast.AsyncFunctionDef: ("an async function cannot be differentiated", "use a plain function"),
    ast.AsyncFor: ("`async for` is not supported", "use a plain loop"),
    ast.AsyncWith: ("`async with` is not supported", "use a plain function"),
}


def statements(q: Parser, nodes: Iterable[ast.stmt]) -> None:
    """Statement by statement; what cannot be reached is left out."""
    for node in nodes:
        if not q.reachable():
            return
        with q.attempt(node):
            statement(q, node)


def statement(q: Parser, node: ast.stmt) -> None:
    match node:
        case ast.Pass() | ast.Expr(ast.Constant()) | ast.AnnAssign(value=None):
            pass
        case ast.Expr(value):
            item(q, value)
        case ast.Assign(targets, value):
            assign_all(q, node, targets, value)
        case ast.AnnAssign(target, _, ast.expr() as value):
            assign_all(q, node, [target], value)
        case ast.AugAssign():
            augmented(q, node)
        case ast.If():
            if_(q, node)
        case ast.For():
            for_(q, node)
        case ast.While():
            while_(q, node)
        case ast.Break():
            site = q.act.loops[-1]
            site.broken.append(q.act.moment())
            q.out.append(Jump(q.loc(node), site.exit, "stopped"))
        case ast.Continue():
            site = q.act.loops[-1]
            site.skipped.append(q.act.moment())
            q.out.append(Jump(q.loc(node), site.next, "skipped"))
        case ast.Return(value):
            return_(q, node, value)
        case ast.Delete(targets):
            for t in targets:
                delete(q, t)
        case ast.Match():
            statements(q, [cases.as_ifs(q, node)])
        case ast.Assert(test, message):
            assert_(q, node, test, message)
        case ast.Raise():
            raise_(q, node)
        case ast.FunctionDef():
            define(q, node)
        case _:
            what, remedy = REFUSED.get(type(node), (f"`{type(node).__name__}` is not supported", ""))
            raise Refusal(what, remedy)


# ---- assignments -----------------------------------------------------------------------------------


def assign_all(q: Parser, node: ast.stmt, targets: list[ast.expr], source: ast.expr) -> None:
    """`a = b, c = value`"""
    match targets, source:
        case [ast.Name(name)], ast.IfExp():
            value = ternary(q, source, name)
        case [ast.Name()], _:
            value = expr(q, source)
        case _:
            value = unpacked(q, source, expr(q, source))
    if len(targets) > 1 and is_code(value) and not is_shape(value):
        value = q.operand(source, value)
    for target in targets:
        assign(q, node, target, value)


def unpacked(q: Parser, source: ast.AST, value: Value) -> Value:
    """A value that is to be assigned to more than a name: a shape stays a call, all else is computed now."""
    if is_code(value) and not is_shape(value) and not is_places(value):
        return q.operand(source, value)
    return value


def assign(q: Parser, node: ast.AST, target: ast.expr, value: Value) -> None:
    match target:
        case ast.Name(name):
            q.bind(node, name, value)
        case ast.Tuple(elts) | ast.List(elts):
            unpack(q, node, *opened(q, target, elts, value))
        case ast.Subscript(ast.Attribute(_, "real" | "imag") as part, index) if is_part(q, part):
            store_part(q, node, part, index, None, value)
        case ast.Attribute(_, "real" | "imag") if is_part(q, target):
            store_part(q, node, target, ast.Constant(...), None, value)
        case ast.Subscript():
            owner = expr(q, target.value)
            if isinstance(owner, Listing):
                lists.assign(q, node, owner, target.slice, value)
                return
            if isinstance(owner, Dictionary):
                records.assign(q, node, owner, expr(q, target.slice), value)
                return
            place = store(q, target, owner)
            q.emit(node, place, q.operand(node, value))
        case ast.Attribute():
            raise Refusal(f"`{ast.unparse(target)}` cannot be assigned", "use variables and elements", q.loc(target))
        case _:
            raise Refusal(f"`{ast.unparse(target)}` cannot be assigned", "assign names, elements and slices")


def unpack(q: Parser, node: ast.AST, targets: list[ast.expr], values: list[Value]) -> None:
    """All values are there before the first target changes; names are rebound in parallel."""
    flat = flattened(q, targets, values)
    if all(isinstance(t, ast.Name) for t, _ in flat):
        pairs: list[tuple[Var, Expr]] = []
        named = [(t.id, v) for t, v in flat if isinstance(t, ast.Name)]
        kept = {n: v if q.stays(n, v) else q.plan(n, n, v, pairs) for n, v in named}
        q.parallel(node, pairs)
        q.act.env.update(kept)
        q.act.certain.update(kept)
        return
    fixed = [q.keep(node, object(), "item", v) if isinstance(v, (Tup, Var)) else v for _, v in flat]
    fixed = [q.operand(node, v) if is_code(v) else v for v in fixed]
    for (t, _), v in zip(flat, fixed, strict=True):
        assign(q, node, t, v)


def flattened(q: Parser, targets: list[ast.expr], values: list[Value]) -> list[tuple[ast.expr, Value]]:
    """Targets and values in pairs, tuples within tuples opened."""
    out: list[tuple[ast.expr, Value]] = []
    for t, v in zip(targets, values, strict=True):
        if isinstance(t, (ast.Tuple, ast.List)):
            out += flattened(q, *opened(q, t, t.elts, v))
        else:
            out.append((t, v))
    return out


def opened(q: Parser, node: ast.AST, targets: list[ast.expr], value: Value) -> tuple[list[ast.expr], list[Value]]:
    """The targets with their values; `*rest` takes a tuple."""
    if not any(isinstance(t, ast.Starred) for t in targets):
        return targets, items(q, node, value, len(targets))
    value = tuples.opened(q, value)
    if not isinstance(value, Tup):
        raise Refusal("`*` in an assignment is supported for tuples only", "write the items one by one", q.loc(node))
    return tuples.split(targets, value.items)


def items(q: Parser, node: ast.AST, value: Value, n: int) -> list[Value]:
    """The `n` items of something that is unpacked; a wrong number raises ValueError as in Python."""
    value = tuples.opened(q, value)
    if isinstance(value, Tup):
        if len(value.items) != n:
            raise Refusal(
                f"{len(value.items)} values cannot be unpacked into {n} names",
                "write as many names as there are values",
                q.loc(node),
            )
        return list(value.items)
    if is_shape(value):
        array = value.args[0]
        require_axes(q, node, array, n)
        return [Call(p.shape, (array, Const(k))) for k in range(n)]
    if is_places(value):  # one array for each axis of the mask
        require_axes(q, node, value.args[0], n)
        places = q.operand(node, value)
        assert isinstance(places, Var)
        return [Index(places, (Const(k),)) for k in range(n)]
    v = q.operand(node, value)
    if not isinstance(v, Var):
        raise Refusal("a number cannot be unpacked", "", q.loc(node))
    if v in q.pending or v in q.opaque:
        return [Index(v, (Const(k),)) for k in range(n)]
    q.require(node, Call(op.eq, (q.extent(node, v), Const(n))), ValueError, f"expected {n} values to unpack")
    return [Index(v, (Const(k),)) for k in range(n)]


def require_axes(q: Parser, node: ast.AST, array: Expr, n: int) -> None:
    axes = q.temp(node, Call(np.ndim, (array,)))
    q.require(node, Call(op.eq, (axes, Const(n))), ValueError, f"expected {n} axes")


def augmented(q: Parser, node: ast.AugAssign) -> None:
    """`x += y` rebinds x; `a[i] += y` loads, adds, stores, with the index evaluated once."""
    fn = INPLACE[type(node.op)]
    match node.target:
        case ast.Name(name):
            if q.owner(name) is not q.act:
                raise Refusal(f"`{name}` is read before anything is assigned to it", "assign it first")
            old = q.lookup(name)
            value = expr(q, node.value)
            if isinstance(old, Listing):
                if fn is not op.iadd:
                    raise Refusal("a list cannot be changed like this", "use append, or extend")
                lists.method(q, node, old, "extend", [value])
                return
            together = tuples.arithmetic(fn, old, value)
            if together is not None:
                q.bind(node, name, together)
                return
            q.bind(node, name, Call(fn, (q.operand(node, old), q.operand(node.value, value))))
        case ast.Subscript(ast.Attribute(_, "real" | "imag") as part, index) if is_part(q, part):
            store_part(q, node, part, index, BINARY[type(node.op)], expr(q, node.value))
        case ast.Attribute(_, "real" | "imag") if is_part(q, node.target):
            store_part(q, node, node.target, ast.Constant(...), BINARY[type(node.op)], expr(q, node.value))
        case ast.Subscript():
            owner = expr(q, node.target.value)
            if isinstance(owner, Listing):
                before = q.operand(node.target, lists.item(q, node.target, owner, node.target.slice))
                new = q.temp(node, Call(fn, (before, operand(q, node.value))))
                lists.assign(q, node, owner, node.target.slice, new)
                return
            if isinstance(owner, Dictionary):
                key = expr(q, node.target.slice)
                before = q.operand(node.target, records.item(q, records.contents(q, owner), key))
                new = q.temp(node, Call(fn, (before, operand(q, node.value))))
                records.assign(q, node, owner, key, new)
                return
            place = store(q, node.target, owner)
            old = q.temp(node, place)
            new = q.temp(node, Call(fn, (old, operand(q, node.value))))
            q.emit(node, place, new)
        case _:
            raise Refusal(f"`{ast.unparse(node.target)}` cannot be assigned", "use variables and elements")


def is_part(q: Parser, target: ast.Attribute) -> bool:
    """Is it the real or the imaginary part of an array, rather than a field of that name?"""
    with q.block():
        return is_code(expr(q, target.value))


def store_part(
    q: Parser, node: ast.AST, part: ast.Attribute, index: ast.expr, fn: Callable[..., Any] | None, value: Value
) -> None:
    """`z.real[i] = value`, `z.imag[i] += value`: the element with another part."""
    place = store(q, located_like(ast.Subscript(part.value, index, ast.Store()), part), expr(q, part.value))
    old = q.temp(node, Call(op.pos, (q.temp(node, place),)))  # a copy: parts of arrays are views
    other = q.temp(node, Call(np.imag if part.attr == "real" else np.real, (old,)))
    new = q.operand(node, value)
    if fn is not None:
        new = q.temp(node, Call(fn, (q.temp(node, Call(np.real if part.attr == "real" else np.imag, (old,))), new)))
    re, im = (new, other) if part.attr == "real" else (other, new)
    turned = q.temp(node, Call(op.mul, (Const(1j), im)))
    q.emit(node, place, q.temp(node, Call(op.add, (re, turned))))


def located_like(made: ast.Subscript, node: ast.AST) -> ast.Subscript:
    for n in ast.walk(made):
        if not hasattr(n, "lineno"):
            ast.copy_location(n, node)
    return made


def delete(q: Parser, target: ast.expr) -> None:
    match target:
        case ast.Name(name) if q.owner(name) is q.act:
            q.lookup(name)
            del q.act.env[name]
            q.act.certain.discard(name)
            return
        case ast.Subscript(value, index):
            owner = expr(q, value)
            if isinstance(owner, Dictionary):
                records.remove(q, target, owner, expr(q, index))
                return
            if isinstance(owner, Listing):
                lists.method(q, target, owner, "pop", [expr(q, index)])
                return
    raise Refusal(f"`del {ast.unparse(target)}` is not supported", "leave it out", q.loc(target))


# ---- control flow --------------------------------------------------------------------------------------


def if_(q: Parser, node: ast.If) -> None:
    cond = truth(q, node.test)
    if isinstance(cond, Const):
        statements(q, node.body if cond.value else node.orelse)
        return
    lists.formed(q, node, lambda: branches(q, node, cond))


def branches(q: Parser, node: ast.If, cond: Expr) -> None:
    lists.before_branch(q, node)
    start = dict(q.store)
    q.branch(node, cond, lambda: statements(q, node.body), lambda: statements(q, node.orelse))
    lists.of_one_length(q, start)


def return_(q: Parser, node: ast.Return, source: ast.expr | None) -> None:
    value = item(q, source) if source is not None else Const(None)
    if source is not None:
        give_back(q, node, value)
    elif q.act.result is not None:
        raise Refusal(f"`{q.act.name}` returns nothing on some path", "return a value everywhere")
    q.act.returned.append(q.act.moment())
    q.out.append(Jump(q.loc(node), q.act.exit, "returned"))


def assert_(q: Parser, node: ast.Assert, test: ast.expr, message: ast.expr | None) -> None:
    cond = truth(q, test)
    if isinstance(cond, Const) and cond.value:
        return
    args = () if message is None else (text(q, message),)
    stop = Raise(q.loc(node), AssertionError, args)
    if isinstance(cond, Const):
        q.out.append(stop)
        return
    wrong = q.temp(node, Call(op.not_, (cond,)))
    q.branch(node, wrong, lambda: q.out.append(stop), lambda: None)


def raise_(q: Parser, node: ast.Raise) -> None:
    if node.exc is None:
        raise Refusal("`raise` without an exception is not supported", 'write raise ValueError("...")')
    exc = expr(q, node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
    if not (isinstance(exc, Static) and isinstance(exc.value, type) and issubclass(exc.value, Exception)):
        raise Refusal("only exceptions can be raised", 'write raise ValueError("...")')
    args, named = (node.exc.args, node.exc.keywords) if isinstance(node.exc, ast.Call) else ([], [])
    if named:
        raise Refusal("keyword arguments of an exception are not supported", 'write raise ValueError("...")')
    q.out.append(Raise(q.loc(node), exc.value, tuple(q.each(args, lambda n: text(q, n)))))


def text(q: Parser, node: ast.expr) -> Expr:
    """An argument of an exception; a formatted string keeps its text as it is written."""
    if isinstance(node, ast.JoinedStr):
        return Const(ast.unparse(node)[2:-1])
    return operand(q, node)


def define(q: Parser, node: ast.FunctionDef) -> None:
    for d in node.decorator_list:
        made = expr(q, d.func if isinstance(d, ast.Call) else d)
        if not (isinstance(made, Static) and made.value in (numba.njit, numba.jit)):
            raise Refusal("a decorator inside of a function is not supported", "define the function outside", q.loc(d))
    q.bind(node, node.name, nested(q, node))


__all__ = ["Nested", "known", "statements"]
