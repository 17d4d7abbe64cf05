"""Calls that stay calls: their arguments taken apart, and what inner functions see of those around them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..forms import Form, Given, Held, Inner, Scope, Slot
from ..ir import Const, Expr
from . import lists
from .activation import Activation, body_of, inside, local_names, owner, stored
from .activation import Scope as Own
from .parser import Parser
from .values import (
    Dictionary,
    Earlier,
    Listing,
    Nested,
    Partial,
    Record,
    Refusal,
    Refused,
    Static,
    Tup,
    Unclear,
    is_code,
)


@dataclass
class Taking:
    """Takes apart the arguments of a call that stays one: numbers and arrays become operands, the rest is form."""

    q: Parser
    node: ast.AST
    name: str  # of the function that is called
    around: list[Activation] = field(default_factory=list)
    seen: list[dict[str, tuple[Form, list[Expr]]]] = field(default_factory=list)  # in these: names and their operands
    waiting: list[tuple[Activation, str]] = field(default_factory=list)  # names to be captured

    def call(self, callee: Nested | Static, given: dict[str, Any]) -> tuple[Any, Given, list[Expr]]:
        """The code that is called, the forms of its arguments, the operands."""
        operands: list[Expr] = []
        code = self.form("", callee, operands) if isinstance(callee, Nested) else callee.value
        forms = tuple(self.form(n, v, operands) for n, v in given.items())
        while self.waiting:
            self.capture(*self.waiting.pop(0))
        for seen in self.seen:
            for _, own in seen.values():
                operands += own
        special = self.seen or any(f != Slot() for f in forms)
        return code, Given(forms, tuple(self.scopes())) if special else Given(), operands

    def form(self, name: str, v: Any, out: list[Expr]) -> Form:
        match v:
            case Tup() | Record():
                return replace(v, items=tuple(self.form(name, i, out) for i in v.items))
            case Partial(fn, args, kwargs):
                parts = tuple(self.form(name, a, out) for a in args)
                return Partial(self.form(name, fn, out), parts, tuple((k, self.form(name, a, out)) for k, a in kwargs))
            case Listing() | Dictionary() if isinstance(known := lists.known(self.q, v), (Tup, Record)):
                return Held(self.form(name, known, out), lent=True)
            case Nested():
                self.waiting += ((v.home, n) for n in sorted(free(v.node)))
                defaults = tuple((n, self.form(name, d, out)) for n, d in v.defaults.items())
                return Inner(v.node, self.scope(v.home), defaults)
            case Static() | Const(None) | Const(str()):
                return v
            case _ if is_code(v):
                out.append(self.q.operand(self.node, v))
                return Slot()
        raise Refusal(
            f"`{self.name}` calls itself, and its argument `{name}` is not made of numbers, arrays and functions",
            "pass numbers and arrays",
            self.q.loc(self.node),
        )

    def scope(self, a: Activation) -> int:
        if a not in self.around:
            if a.home is not None:
                self.scope(a.home)
            self.around.append(a)
            self.seen.append({})
        return self.around.index(a)

    def capture(self, home: Activation, name: str) -> None:
        """A name that an inner function reads becomes part of the form, when it is that of a function around."""
        a = owner(home, name)
        if a is None or name not in a.env:
            return
        seen, own = self.seen[self.scope(a)], list[Expr]()
        if name in seen:
            return
        v = a.env[name]
        if isinstance(v, Earlier):
            a.trusted.add(name)
            v = v.var
        seen[name] = Refused(), own  # it may be a function that reads its own name
        try:
            seen[name] = v if isinstance(v, (Refused, Unclear)) else self.form(name, v, own), own
        except Refusal:
            why = f"`{self.name}` calls itself, and reads `{name}`, which is not made of numbers, arrays and functions"
            seen[name] = Unclear(why, "use an array"), []

    def scopes(self) -> Iterator[Scope]:
        for a, seen in zip(self.around, self.seen, strict=True):
            code = a.key.node if isinstance(a.key, Nested) else a.key
            outer = self.around.index(a.home) if a.home is not None else None
            yield Scope(code, outer, tuple((n, f) for n, (f, _) in seen.items()), a)


def free(node: Any) -> set[str]:
    """The names that a function, or a comprehension, reads and does not bind."""
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return reads(body_of(node)) - local_names(node)
    return reads(ast.iter_child_nodes(node)) - stored(ast.iter_child_nodes(node))


def reads(parts: Iterable[ast.AST]) -> set[str]:
    """The names that are read in a function, and in the functions defined in it, which it does not bind there."""
    found: set[str] = set()
    for part in parts:
        for n in [part] if isinstance(part, Own) else inside(part):
            if isinstance(n, Own):
                found |= free(n)
                found |= reads(d for d in defaults(n) if d is not None)
            elif isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load):
                found.add(n.id)
    return found


def defaults(node: Any) -> list[ast.expr | None]:
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return []
    return [*node.args.defaults, *node.args.kw_defaults]


def calls_itself(v: Nested) -> bool:
    """May an inner function be reached from the names it reads?"""
    met: list[tuple[Any, Activation]] = []
    waiting = [v]
    while waiting:
        now = waiting.pop()
        for name in free(now.node):
            a = owner(now.home, name)
            for found in functions_in(a.env.get(name)) if a is not None else ():
                if found.node is v.node and found.home is v.home:
                    return True
                if (found.node, found.home) not in met:
                    met.append((found.node, found.home))
                    waiting.append(found)
    return False


def functions_in(v: Any) -> Iterator[Nested]:
    match v:
        case Nested():
            yield v
        case Tup(items) | Record(items):
            for i in items:
                yield from functions_in(i)
        case Partial(fn, args, _):
            for i in (fn, *args):
                yield from functions_in(i)
