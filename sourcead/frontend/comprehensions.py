"""Comprehensions and generator expressions: functions without a name, as Python has them."""

from __future__ import annotations

import ast

from ..ir import Namer
from .parser import Parser
from .values import Nested, Refusal, Value


def result(node: ast.AST) -> str:
    """A name for the result that means nothing else there."""
    namer = Namer(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    return namer("items")


def function(
    node: ast.ListComp | ast.DictComp | ast.GeneratorExp, first: list[ast.stmt], step: ast.stmt, name: str
) -> ast.FunctionDef:
    """`def comprehension(): first; for ...: if ...: step; return items`"""
    if any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)):
        raise Refusal("`:=` in a comprehension is not supported", "write the loop out")
    body: ast.stmt = step
    for g in reversed(node.generators):
        for test in reversed(g.ifs):
            body = ast.If(test, [body], [])
        if g.is_async:
            raise Refusal("`async for` is not supported", "use a plain loop")
        body = ast.For(g.target, g.iter, [body], [])
    done = ast.Return(ast.Name(name, ast.Load()))
    args = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return placed(ast.FunctionDef("comprehension", args, [*first, body, done], []), node)


def keyed(q: Parser, node: ast.DictComp) -> Value:
    """The items in a dict."""
    name = result(node)
    start = ast.Assign([ast.Name(name, ast.Store())], ast.Dict([], []))
    place = ast.Subscript(ast.Name(name, ast.Load()), node.key, ast.Store())
    return called(q, node, function(node, [start], ast.Assign([place], node.value), name))


def listed(q: Parser, node: ast.ListComp | ast.GeneratorExp) -> Value:
    """The items in a list."""
    name = result(node)
    start = ast.Assign([ast.Name(name, ast.Store())], ast.List([], ast.Load()))
    append = ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load())
    return called(q, node, function(node, [start], ast.Expr(ast.Call(append, [node.elt], [])), name))


def summed(q: Parser, node: ast.GeneratorExp, start: ast.expr | None) -> Value:
    """`sum(... for ...)`"""
    name = result(ast.Tuple([node, start] if start else [node], ast.Load()))
    target = ast.Name(name, ast.Store())
    first = ast.Assign([target], start or ast.Constant(0))
    return called(q, node, function(node, [first], ast.AugAssign(target, ast.Add(), node.elt), name))


def extended(q: Parser, node: ast.AST, items: Value, values: Value) -> None:
    """`items.extend(values)`"""
    from .inline import inline

    append = ast.Attribute(ast.Name("items", ast.Load()), "append", ast.Load())
    each = ast.Expr(ast.Call(append, [ast.Name("v", ast.Load())], []))
    loop = ast.For(ast.Name("v", ast.Store()), ast.Name("values", ast.Load()), [each], [])
    args = ast.arguments([], [ast.arg("items"), ast.arg("values")], kwonlyargs=[], kw_defaults=[], defaults=[])
    made = placed(ast.FunctionDef("extend", args, [loop], []), node)
    inline(q, node, Nested(made, q.act), [items, values], {})


def placed(made: ast.FunctionDef, node: ast.AST) -> ast.FunctionDef:
    """What has no place yet is where the node is."""
    for n in ast.walk(made):
        if not hasattr(n, "lineno"):
            ast.copy_location(n, node)
    return made


def called(q: Parser, node: ast.AST, made: ast.FunctionDef) -> Value:
    from .inline import inline

    return inline(q, node, Nested(made, q.act), [], {})
