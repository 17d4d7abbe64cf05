"""Calls of user functions: the body of the callee stands in for the call, under names of its own."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from types import FunctionType
from typing import Any

from ..ir import Call, Const, Index, Var
from ..routines import Routine, calls_itself, once_a_compilation
from . import captured
from .activation import Activation, body_of, inside, join, local_names, parameters, stored
from .jumps import Region, completes
from .parser import Parser
from .source import Source, Tree, find
from .values import Nested, Partial, Record, Refusal, Static, Tup, Value

AGAIN = 2  # a helper that is given functions may come to be called by one of them
KINDS = 12  # of arguments that a function which calls itself may get on the way down
DEEPEST = 60  # calls within calls; functions that make functions could go on for ever


def inline(q: Parser, node: ast.AST, callee: Nested | Static, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """The value of `callee(*args, **kwargs)`, after the statements of its body."""
    act = activation(callee)
    if callee_calls_itself(callee):
        return routine(q, node, callee, act, args, kwargs)
    if sum(a.key is act.key for a in q.stack) > AGAIN or len(q.stack) > DEEPEST:
        raise Refusal(
            f"`{act.name}` is called by functions that it makes or is given, again and again",
            "write a loop, or let it call itself by its name",
            q.loc(node),
        )
    tree = act.source.node
    given = arguments(q, node, callee, act, args, kwargs)
    caller = q.stack
    q.enter(act)
    try:
        changed = stored(body_of(tree))
        for name, value in given.items():
            if isinstance(value, Const) and name not in changed:
                act.env[name] = value  # known while parsing: flags prune branches
                act.certain.add(name)
            else:
                q.bind(tree, name, value, parameter=True)
        return body(q, tree)
    finally:
        q.stack = caller


def callee_calls_itself(callee: Nested | Static) -> bool:
    return captured.calls_itself(callee) if isinstance(callee, Nested) else calls_itself(callee.value)


def routine(
    q: Parser, node: ast.AST, callee: Nested | Static, act: Activation, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    """A call that stays one."""
    given = arguments(q, node, callee, act, args, kwargs)
    code, known, operands = captured.Taking(q, node, act.name).call(callee, given)
    fn = Routine(code, known)
    if fn not in q.routines:
        q.routines[fn] = q.namer(fn.__name__)
    result = q.temp(node, Call(replace(fn, name=q.routines[fn]), tuple(operands)))
    if fn in _unknown:
        q.pending.add(result)
        return result
    return spread(q, node, result, structure(q, node, fn))


_unknown: list[Routine] = []  # functions whose results are being found out


def structure(q: Parser, node: ast.AST, fn: Routine) -> Value:
    """What a function that calls itself returns: its items, where that is a tuple."""
    if len(_unknown) > KINDS:
        raise Refusal(f"`{fn.__name__}` calls itself with other kinds of arguments each time", "", q.loc(node))
    return result_of(fn) if _unknown else result_known(fn)


def result_of(fn: Routine) -> Value:
    from .parse import parsed

    _unknown.append(fn)
    try:
        return parsed(fn)[2]
    finally:
        _unknown.pop()


result_known = once_a_compilation(result_of)


def spread(q: Parser, node: ast.AST, v: Var, like: Value) -> Value:
    """The value of a call with the items that it has."""
    if isinstance(like, Tup):
        parts = (q.temp(node, Index(v, (Const(k),))) for k in range(len(like.items)))
        return replace(like, items=tuple(spread(q, node, x, i) for x, i in zip(parts, like.items, strict=True)))
    return Const(None) if like == Const(None) else v


def activation(callee: Nested | Static) -> Activation:
    if isinstance(callee, Nested):
        home, tree = callee.home, callee.node
        source = Source(tree, home.source.file, home.source.lines, home.source.first)
        return Activation(callee.name, source, callee, local_names(tree), home.globals, home.cells, home)
    return of_function(callee.value)


def of_function(fn: FunctionType) -> Activation:
    source = find(fn)
    cells: dict[str, Any] = {}
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:  # assigned after the function was defined, and not yet
            continue
    return Activation(fn.__name__, source, fn, local_names(source.node), fn.__globals__, cells)


# ---- arguments ------------------------------------------------------------------------------------


def arguments(
    q: Parser, node: ast.AST, callee: Nested | Static, act: Activation, args: list[Value], kwargs: dict[str, Value]
) -> dict[str, Value]:
    """Parameter by parameter what the callee gets, defaults included."""
    tree = act.source.node
    if isinstance(callee, Nested):
        defaults = callee.defaults
    else:
        signature = inspect.signature(callee.value, follow_wrapped=False)
        defaults = {
            n: q.wrap(p.default, n) for n, p in signature.parameters.items() if p.default is not inspect.Parameter.empty
        }
    positional = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args)]
    names = [a.arg for a in parameters(tree)]
    if len(args) > len(positional) and not tree.args.vararg:
        raise Refusal(
            f"`{act.name}` takes {len(positional)} arguments, not {len(args)}", "give it as many", q.loc(node)
        )
    given = dict(zip(positional, args, strict=False))
    others: dict[str, Value] = {}
    by_name = {a.arg for a in (*tree.args.args, *tree.args.kwonlyargs)}
    for k, v in kwargs.items():
        if k in by_name and k not in given:
            given[k] = v
        elif k not in by_name and tree.args.kwarg:
            others[k] = v
        else:
            raise Refusal(f"`{act.name}` has no free parameter `{k}`", "", q.loc(node))
    for name in names:
        if name not in given:
            if name not in defaults:
                raise Refusal(f"the argument `{name}` of `{act.name}` is missing", "give it, or a default", q.loc(node))
            given[name] = defaults[name]
    found = {name: given[name] for name in names}
    if tree.args.vararg:
        found[tree.args.vararg.arg] = Tup(tuple(args[len(positional) :]))
    if tree.args.kwarg:
        found[tree.args.kwarg.arg] = Record(tuple(others.values()), tuple(others), False)
    return found


# ---- bodies -----------------------------------------------------------------------------------------


def body(q: Parser, tree: Tree) -> Value:
    """Parse the body of the current activation; its result."""
    from .expressions import item
    from .statements import statements

    act = q.act
    if isinstance(tree, ast.Lambda):
        return item(q, tree.body)
    if isinstance(tree, ast.AsyncFunctionDef) or any(isinstance(n, ast.AsyncFunctionDef) for n in tree.body):
        raise Refusal("an async function cannot be differentiated", "use a plain function", q.loc(tree))
    returns = returns_of(tree)
    if len(returns) == 1 and returns[0] is tree.body[-1] and returns[0].value is not None:
        statements(q, tree.body[:-1])
        if not q.reachable():
            return Const(None)
        with q.attempt(returns[0]):
            return item(q, returns[0].value)
        raise Refusal
    act.exit = q.label()
    with q.block() as out:
        statements(q, tree.body)
    return leave(q, tree, tuple(out), returns)


def leave(q: Parser, tree: ast.FunctionDef, made: tuple[Any, ...], returns: list[ast.Return]) -> Value:
    """Close the body of a function that returns early, in several places, or nothing."""
    act = q.act
    q.out.append(Region(q.loc(tree), act.exit, made))
    ends = [*act.returned, *([act.moment()] if completes(made) else [])]
    together = join(ends)
    if together is not None:
        act.set(together)
    if not any(r.value is not None for r in returns):
        return Const(None)
    if completes(made):
        if q.findings.found:  # what was refused may have held the return
            raise Refusal
        raise Refusal(f"`{act.name}` returns nothing on some path", "end it with a return, or with raise", q.loc(tree))
    if act.result is None and not q.pending:
        raise Refusal
    return act.result or Const(0)


def returns_of(tree: ast.FunctionDef) -> list[ast.Return]:
    return [n for s in tree.body for n in inside(s) if isinstance(n, ast.Return)]


def give_back(q: Parser, node: ast.Return, value: Value) -> None:
    """`return value` somewhere in the body: the result gets its name."""
    act = q.act
    if value in q.pending:  # what the function itself returns, which other paths tell
        return
    top = len(q.stack) == 1
    kept = q.keep(node, "return", "result" if top else f"{act.name.strip('<>')}_result", value)
    if act.result is not None and act.result != kept:
        raise Refusal(f"`{act.name}` returns different kinds of thing", "return the same number of items everywhere")
    act.result = kept


__all__ = ["Partial", "Tup", "body", "give_back", "inline", "of_function"]
