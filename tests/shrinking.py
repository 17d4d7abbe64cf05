"""Smaller programs that are wrong too."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

Smaller = Iterator[str]


def shrunk(source: str, wrong: Callable[[str], bool], tries: int = 300) -> str:
    """A program that is still wrong, without what it does not need for that."""
    for step in (fewer_statements, simpler_expressions, fewer_statements):
        while tries > 0:
            for candidate in step(source):
                tries -= 1
                if tries <= 0 or wrong(candidate):
                    break
            else:
                break
            if tries > 0:
                source = candidate
    return source


def fewer_statements(source: str) -> Smaller:
    """The program without one statement, or with the body of one in its place; the last ones first."""
    tree = ast.parse(source)
    places = [
        (node, name, k)
        for node in ast.walk(tree)
        for name in ("body", "orelse")
        if isinstance(getattr(node, name, None), list)
        for k in range(len(getattr(node, name)))
    ]
    for node, name, k in reversed(places):
        block = getattr(node, name)
        old = list(block)
        for new in ([], getattr(old[k], "body", None), getattr(old[k], "orelse", None)):
            if (
                not isinstance(new, list)
                or isinstance(old[k], ast.Return)
                or new
                and isinstance(old[k], ast.FunctionDef)
            ):
                continue
            block[k : k + 1] = new
            if block or name == "orelse":
                yield ast.unparse(tree)
            block[:] = old


def simpler_expressions(source: str) -> Smaller:
    """The program with a part of an expression in the place of the whole; large ones first."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            places = enumerate(value) if isinstance(value, list) else [(None, value)]
            for k, old in places:
                if not isinstance(old, (ast.BinOp, ast.Call, ast.UnaryOp, ast.IfExp, ast.Subscript, ast.BoolOp)):
                    continue
                for new in ast.iter_child_nodes(old):
                    if isinstance(new, ast.expr) and not isinstance(new, (ast.Slice, ast.Attribute, ast.Compare)):
                        _put(node, name, k, new)
                        yield ast.unparse(tree)
                _put(node, name, k, old)


def _put(node: ast.AST, name: str, k: int | None, new: ast.AST) -> None:
    if k is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[k] = new
