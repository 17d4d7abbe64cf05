"""`parse(pyfunc)`: the entrance of the compiler."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

from .. import primitives as p
from ..errors import Unsupported
from ..forms import Form
from ..ir import Block, Bundle, Call, Const, Expr, Function, Return, in_bundle
from ..routines import Routine
from .arguments import Called, bind, bind_scopes, parameter, scopes
from .inline import activation, body, of_function, returns_of
from .jumps import eliminate
from .lists import known
from .naming import named
from .parser import Parser
from .values import Nested, Refusal, Static, Tup, Value


def parse(pyfunc: Callable[..., Any], given: Sequence[Form] = (), nothing: bool = False) -> Function:
    """The program of a Python function; `Unsupported`, with all findings at once, when it cannot be one.

    `given` tells what the arguments are made of; without it, each is one value. `nothing`: it may return None.
    """
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
    result = parsed_body(q)
    if result == Const(None) and not nothing:
        raise Unsupported(f"`{act.name}` returns nothing", where, "end it with `return` and a number")
    structured = called if any(isinstance(names, Bundle) for _, names in called) else ()
    return replace(finish(q, params_of(called), result), arguments=structured)


def program_of(r: Routine) -> Function:
    """The program of a function that stays a call: its parameters are the numbers and arrays in the arguments."""
    return finish(*parsed(r))


def parsed(r: Routine) -> tuple[Parser, tuple[str, ...], Value]:
    """The parser behind the body of a function that stays a call, its parameters, and its result."""
    q = Parser()
    q.around = scopes(r.given)
    defaults, callee = parameter(q, r.code, r.users_name, None, q.namer)
    act = activation(callee if isinstance(callee, Nested) else Static(r.code))
    q.enter(act)
    called = bind(q, act.source.node, r.given.arguments)
    params = (*in_bundle(defaults), *params_of(called), *bind_scopes(q, r.given))
    return q, params, parsed_body(q)


def params_of(called: Called) -> tuple[str, ...]:
    return tuple(n for _, names in called for n in in_bundle(names))


def parsed_body(q: Parser) -> Value:
    """The result of the function that has been entered."""
    result: Value = Const(None)
    tree = q.act.source.node
    try:
        result = body(q, tree)
    except Refusal as r:
        q.note(r, tree)
    q.findings.check()
    return result


def finish(q: Parser, params: tuple[str, ...], result: Value) -> Function:
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
    return Function(name, params, program, {}, q.constants, isinstance(result, Tup), where=act.source.loc(tree))


def packed(q: Parser, tree: Any, v: Value) -> Expr:
    """A result, or an auxiliary one: tuples may be in tuples."""
    v = known(q, v)
    if not isinstance(v, Tup):
        return q.operand(tree, v)
    items = tuple(packed(q, tree, i) for i in v.items)
    return Call(p.pack, items, (("cls", Const(q.named(v.cls))),) if v.cls is not None else ())
