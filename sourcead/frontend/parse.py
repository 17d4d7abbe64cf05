"""`parse(pyfunc)`: the entrance of the compiler."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

from .. import primitives as p
from ..errors import Unsupported
from ..ir import Block, Bundle, Call, Const, Expr, Function, Return, in_bundle
from ..routines import Routine, begin
from .arguments import Argument, bind
from .inline import body, of_function, returns_of
from .jumps import eliminate
from .lists import known
from .naming import named
from .parser import Parser
from .values import Refusal, Tup, Value


def parse(pyfunc: Callable[..., Any], given: Sequence[Argument] = (), nothing: bool = False) -> Function:
    """The program of a Python function; `Unsupported`, with all findings at once, when it cannot be one.

    `given` tells what the arguments are made of; without it, each is one value. `nothing`: it may return None.
    """
    begin()
    q, called, result = parsed(pyfunc, given)
    if result == Const(None) and not nothing:
        where = q.loc(q.act.source.node)
        raise Unsupported(f"`{q.act.name}` returns nothing", where, "end it with `return` and a number")
    return finish(q, called, result)


def program_of(r: Routine) -> Function:
    """The program of a function that stays a call, with a parameter for each number and array in the arguments."""
    return replace(finish(*parsed(r.pyfunc, r.given)), arguments=())


Called = tuple[tuple[str, str | Bundle], ...]


def parsed(pyfunc: Callable[..., Any], given: Sequence[Argument] = ()) -> tuple[Parser, Called, Value]:
    """The parser behind the body of a function, how the function is called, and its result."""
    fn = getattr(pyfunc, "py_func", pyfunc)
    if not isinstance(fn, FunctionType):
        raise Unsupported(f"{pyfunc!r} is not a Python function", None, "define one with def or lambda")
    q = Parser()
    act = of_function(fn)
    tree = act.source.node
    q.enter(act)
    where = act.source.loc(tree)
    if tree.args.vararg or tree.args.kwarg:
        raise Unsupported(f"`{act.name}` takes `*` arguments, which is not supported", where, "name its parameters")
    called = bind(q, tree, given)
    result: Value = Const(None)
    try:
        result = body(q, tree)
    except Refusal as r:
        q.note(r, tree)
    q.findings.check()
    return q, called, result


def finish(q: Parser, called: Called, result: Value) -> Function:
    act = q.act
    name, tree = act.name, act.source.node
    returns = returns_of(tree) if isinstance(tree, ast.FunctionDef) else []
    last = tree.body if isinstance(tree, ast.Lambda) else tree.body[-1]
    loc = act.source.loc(returns[-1] if returns else last)
    result = known(q, result)
    values = result.items if isinstance(result, Tup) else (result,)
    try:
        kept = tuple(packed(q, tree, v) for v in values)
    except Refusal:
        raise Unsupported(f"`{name}` returns something else than numbers and arrays", loc, "return a number") from None
    block: Block = named(eliminate(tuple(q.out), q.namer))
    program = (*block, Return(loc, kept))
    name = "f" if name == "<lambda>" else name
    params = tuple(n for _, names in called for n in in_bundle(names))
    structured = called if any(isinstance(names, Bundle) for _, names in called) else ()
    return Function(name, params, program, {}, q.constants, isinstance(result, Tup), structured)


def packed(q: Parser, tree: Any, v: Value) -> Expr:
    """A result, or an auxiliary one: tuples may be in tuples."""
    v = known(q, v)
    if not isinstance(v, Tup):
        return q.operand(tree, v)
    items = tuple(packed(q, tree, i) for i in v.items)
    return Call(p.pack, items, (("cls", Const(q.named(v.cls))),) if v.cls is not None else ())
