"""Programs in the program form written as the Python text they print as: for tests of single passes."""

from __future__ import annotations

import ast
import operator as op
import textwrap
from typing import Any

import numpy as np
from numba import types as nt

from sourcead import primitives as p
from sourcead.emit import to_source
from sourcead.ir import (
    Accum,
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
    Move,
    Pop,
    Push,
    Raise,
    Return,
    Stmt,
    Var,
    While,
    names,
)

OPERATORS: dict[type, Any] = {
    ast.Add: op.add,
    ast.Sub: op.sub,
    ast.Mult: op.mul,
    ast.Div: op.truediv,
    ast.FloorDiv: op.floordiv,
    ast.Mod: op.mod,
    ast.Lt: op.lt,
    ast.Gt: op.gt,
    ast.LtE: op.le,
    ast.GtE: op.ge,
    ast.Eq: op.eq,
    ast.NotEq: op.ne,
    ast.USub: op.neg,
    ast.Not: op.not_,
    ast.And: p.both,
    ast.Or: p.either,
}
FLOAT = nt.float64
VECTOR, MATRIX = nt.Array(nt.float64, 1, "C"), nt.Array(nt.float64, 2, "C")


def expr(e: ast.expr) -> Expr:
    match e:
        case ast.Name(name):
            return Var(name)
        case ast.Constant(v):
            return Const(v)
        case ast.UnaryOp(ast.USub(), ast.Constant(v)):
            return Const(-v)
        case ast.UnaryOp(o, x):
            return Call(OPERATORS[type(o)], (expr(x),))
        case ast.BinOp(x, o, y) | ast.Compare(x, [o], [y]) | ast.BoolOp(o, [x, y]):
            return Call(OPERATORS[type(o)], (expr(x), expr(y)))
        case ast.Subscript(ast.Attribute(x, "shape"), k):
            return Call(p.shape, (expr(x), expr(k)))
        case ast.Subscript(x, i):
            array = expr(x)
            assert isinstance(array, Var)
            return Index(array, tuple(map(expr, i.elts)) if isinstance(i, ast.Tuple) else (expr(i),))
        case ast.Tuple(items):
            return Call(p.pack, tuple(map(expr, items)))
        case ast.Attribute(ast.Name("np"), name):
            return Const(getattr(np, name))
        case ast.Call(ast.Attribute(ast.Name("np"), name), args):
            return Call(getattr(np, name), tuple(map(expr, args)))
        case ast.Call(ast.Name(name), args):
            return Call(getattr(p, name, None) or __builtins__[name], tuple(map(expr, args)))
    raise NotImplementedError(ast.dump(e))


def target(e: ast.expr) -> Var | Index:
    t = expr(e)
    assert isinstance(t, (Var, Index))
    return t


def stmt(s: ast.stmt) -> Stmt:
    match s:
        case ast.Assign([ast.Tuple(targets)], ast.Tuple(sources)):
            return Move(None, tuple(Var(t.id) for t in targets), tuple(map(expr, sources)))
        case ast.Assign([t], ast.Call(ast.Attribute(ast.Name(stack), "pop"), [])):
            return Pop(None, Var(t.id), Var(stack))
        case ast.Assign([t], ast.List([])):
            return Assign(None, target(t), Call(list, ()))
        case ast.Assign([t], v):
            return Assign(None, target(t), expr(v))
        case ast.AugAssign(t, ast.Add(), v):
            return Accum(None, target(t), expr(v))
        case ast.AugAssign(t, ast.Sub(), v):
            return Accum(None, target(t), Call(op.neg, (expr(v),)))
        case ast.For(t, ast.Call(ast.Name("range"), args), body):
            bounds = list(map(expr, args))
            start, stop, step = (Const(0), *bounds, Const(1)) if len(bounds) == 1 else (*bounds, Const(1))[:3]
            return For(None, Var(t.id), start, stop, step, block(body))
        case ast.While(ast.Constant(True), body):
            k = next(k for k, c in enumerate(body) if isinstance(c, ast.If) and isinstance(c.body[0], ast.Break))
            test = body[k].test
            assert isinstance(test, ast.UnaryOp)
            return While(None, block(body[:k]), expr(test.operand), block(body[k + 1 :]))
        case ast.If(test, body, orelse):
            return If(None, expr(test), block(body), block(orelse))
        case ast.Break():
            return Break(None)
        case ast.Raise(ast.Call(ast.Name(name), args)):
            return Raise(None, getattr(__import__("builtins"), name), tuple(map(expr, args)))
        case ast.Return(ast.Tuple(values)):
            return Return(None, tuple(map(expr, values)))
        case ast.Return(v):
            return Return(None, (expr(v),))
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(stack), "append"), [ast.Name(v)])):
            return Push(None, Var(stack), Var(v))
    raise NotImplementedError(ast.dump(s))


def block(b: list[ast.stmt]) -> Block:
    return tuple(stmt(s) for s in b if not isinstance(s, ast.Pass))


def written(text: str, **types: Any) -> Function:
    """The program with this text; a name's type follows from its first letter unless given.

    `a`..`e`, or a name that ends in `_bar` or `_saved`: vector; capital: matrix; `i`..`n`: int; else float.
    """
    (f,) = ast.parse(textwrap.dedent(text)).body
    assert isinstance(f, ast.FunctionDef)
    last = f.body[-1]
    several = isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple)
    out = Function(f.name, tuple(a.arg for a in f.args.args), block(f.body), tuple_result=several)
    found = {n: type_by_name(n) for n in names(out)} | types
    return Function(f.name, out.params, out.body, found, tuple_result=several)


def type_by_name(n: str) -> Any:
    if n[0].isupper():
        return MATRIX
    if n[0] in "abcde" or n.endswith(("_bar", "_saved")):
        return VECTOR
    return nt.int64 if n[0] in "ijklmn" else nt.boolean if n[0] == "q" else nt.float64


def text_of(f: Function) -> str:
    """The body as text, for comparison."""
    return "\n".join(to_source(f, comments=False).splitlines()[1:])


def body(text: str) -> str:
    """The expected body, written with any indentation."""
    return textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")
