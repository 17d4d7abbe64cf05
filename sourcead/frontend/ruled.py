"""Calls of functions with rules of the user's: they stay calls."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from typing import Any

from .. import primitives as p
from ..custom import CustomRule, Ruled
from ..errors import Unsupported
from ..ir import Call, Const, Expr, Namer, Var
from . import lists
from .inline import returns_of, spread
from .parser import Parser
from .source import find
from .values import Refusal, Tup, Value, is_code


def ruled(q: Parser, node: ast.AST, rule: CustomRule, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """The value of `rule(*args, **kwargs)`."""
    if not rule.parts.keys() & {"pullback", "pushforward"}:
        raise Refusal(f"`{rule.__name__}` has no rule yet", f"attach one: @{rule.__name__}.pullback")
    taken = _Taken(q, node, rule, Namer(()))
    given = bound(q, rule, args, kwargs)
    takes = tuple(taken.argument(n, v) for n, v in given.items())
    fn = Ruled(rule.py_func, rule=rule, takes=takes, classes=tuple(taken.classes.items()))
    if fn not in q.routines:
        q.routines[fn] = q.namer(fn.__name__)
    result = q.temp(node, Call(replace(fn, name=q.routines[fn]), tuple(taken.operands)))
    form = written_form(rule)
    if form is None:
        q.opaque.add(result)
        return result
    return spread(q, node, result, form)


def written_form(rule: CustomRule) -> Value | None:
    """The tuple that the function is seen to return; None for what is no display of a tuple."""
    for kind in dict.fromkeys(("forward" if "forward" in rule.parts else "", "")):
        fn = rule.function(kind)
        try:
            tree = find(fn).node
        except Unsupported:
            continue
        returned = [r.value for r in returns_of(tree)] if isinstance(tree, ast.FunctionDef) else []
        first = [e.elts[0] if kind and isinstance(e, ast.Tuple) and e.elts else e for e in returned]
        forms = {form_of(e, fn.__globals__) for e in first}
        if len(forms) == 1 and isinstance(form := forms.pop(), Tup):
            return form
    return None


def form_of(e: ast.expr | None, space: dict[str, Any]) -> Value:
    match e:
        case ast.Tuple(elts) if not any(isinstance(i, ast.Starred) for i in elts):
            return Tup(tuple(form_of(i, space) for i in elts))
        case ast.Call(ast.Name(name), args, []) if not any(isinstance(i, ast.Starred) for i in args):
            cls = space.get(name)
            fields = getattr(cls, "_fields", ()) if isinstance(cls, type) and issubclass(cls, tuple) else ()
            if fields and len(fields) == len(args):
                return Tup(tuple(form_of(i, space) for i in args), tuple(fields), cls)
    return Const(0)


def bound(q: Parser, rule: CustomRule, args: list[Value], kwargs: dict[str, Value]) -> dict[str, Value]:
    """Parameter by parameter what the function gets, defaults included."""
    signature = inspect.signature(rule.py_func)
    for n, param in signature.parameters.items():
        if param.kind in (param.VAR_POSITIONAL, param.VAR_KEYWORD, param.KEYWORD_ONLY):
            raise Refusal(f"`{rule.__name__}` has a rule, and a {param.kind.description} parameter, `{n}`", "name it")
    try:
        found = signature.bind(*args, **kwargs).arguments
    except TypeError as e:
        raise Refusal(
            f"`{rule.__name__}` cannot be called like this: {e}", "give what its parameters ask for"
        ) from None
    return {n: found[n] if n in found else q.wrap(param.default, n) for n, param in signature.parameters.items()}


class _Taken:
    """The arguments of a call, taken apart into numbers and arrays."""

    def __init__(self, q: Parser, node: ast.AST, rule: CustomRule, namer: Namer):
        self.q, self.node, self.rule, self.namer = q, node, rule, namer
        self.operands: list[Expr] = []
        self.classes: dict[str, Any] = {}

    def argument(self, name: str, v: Value) -> Expr:
        v = lists.known(self.q, v)
        if isinstance(v, Tup):
            labels = v.fields or range(len(v.items))
            items = tuple(self.argument(f"{name}_{k}", i) for k, i in zip(labels, v.items, strict=True))
            if v.cls is not None:
                self.classes[v.cls.__name__] = v.cls
            return Call(p.pack, items, (("cls", Const(v.cls.__name__)),) if v.cls is not None else ())
        if isinstance(v, Const) and (v.value is None or isinstance(v.value, str)):
            return v
        if not is_code(v):
            raise Refusal(
                f"the argument `{name}` of `{self.rule.__name__}`, which has a rule, is no number, array or tuple",
                "let it use a global of the module instead",
            )
        self.operands.append(self.q.operand(self.node, v))
        return Var(self.namer(name))
