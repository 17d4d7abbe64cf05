"""`parse(pyfunc)`: the entrance of the compiler."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..errors import Unsupported
from ..ir import Block, Const, Function, Loc, Return, Var
from .activation import parameters
from .inline import body, of_function, returns_of
from .jumps import eliminate
from .naming import named
from .parser import Parser
from .values import Refusal, Tup, Value, is_code


def parse(pyfunc: Callable[..., Any]) -> Function:
    """The program of a Python function; `Unsupported`, with all findings at once, when it cannot be one."""
    fn = getattr(pyfunc, "py_func", pyfunc)
    if not isinstance(fn, FunctionType):
        raise Unsupported(f"{pyfunc!r} is not a Python function", None, "define one with def or lambda")
    q = Parser()
    act = of_function(fn)
    tree = act.source.node
    q.stack.append(act)
    where = act.source.loc(tree)
    if tree.args.vararg or tree.args.kwarg:
        raise Unsupported(f"`{act.name}` takes `*` arguments, which is not supported", where, "name its parameters")
    params = tuple(q.variable(a.arg, a.arg).name for a in parameters(tree))
    for name in sorted(act.locals):  # the user's names first, so that helpers and temporaries evade them
        q.variable(name, name)
    for a, unique in zip(parameters(tree), params, strict=True):
        act.env[a.arg] = Var(unique)
        act.certain.add(a.arg)
    result: Value = Const(None)
    try:
        result = body(q, tree)
    except Refusal as r:
        q.note(r, tree)
    q.findings.check()
    return finish(q, act.name, params, tree, where, result)


def finish(q: Parser, name: str, params: tuple[str, ...], tree: Any, where: Loc, result: Value) -> Function:
    act = q.act
    returns = returns_of(tree) if not isinstance(tree, ast.Lambda) else []
    loc = act.source.loc(returns[-1]) if returns else act.source.loc(getattr(tree, "body", tree))
    values = result.items if isinstance(result, Tup) else (result,)
    if not all(is_code(v) for v in values):
        raise Unsupported(f"`{name}` returns something else than numbers and arrays", loc, "return a number")
    if any(isinstance(v, Const) and v.value is None for v in values):
        raise Unsupported(f"`{name}` returns nothing", where, "end it with `return` and a number")
    kept = tuple(q.operand(tree, v) for v in values)
    block: Block = named(eliminate(tuple(q.out), q.namer))
    program = (*block, Return(loc, kept))
    name = "f" if name == "<lambda>" else name
    return Function(name, params, program, {}, q.constants, isinstance(result, Tup))
