"""`match`: the cases as one `if` in the `else` of another."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .activation import stored
from .parser import Parser
from .values import Refusal, Tup

TRUE, FALSE = ast.Constant(True), ast.Constant(False)


def as_ifs(q: Parser, node: ast.Match) -> ast.stmt:
    """The statement in terms of `if`; the subject gets a name unless it has one."""
    subject = node.subject
    if not isinstance(subject, ast.Name):
        from .expressions import item

        name = q.namer("subject")
        q.act.locals |= {name}
        q.bind(node, name, item(q, subject))
        subject = ast.Name(name, ast.Load())
    made: list[ast.stmt] = []
    for case in reversed(node.cases):
        captured = dict(captures(q, case.pattern, subject))
        test = tested(q, case.pattern, subject)
        if case.guard is not None:
            named = [ast.NamedExpr(ast.Name(n, ast.Store()), v) for n, v in captured.items()]  # bound in any case
            guard = ast.Subscript(ast.Tuple([*named, case.guard], ast.Load()), ast.Constant(len(named)), ast.Load())
            test, captured = both(test, guard if named else case.guard), {}
        first: list[ast.stmt] = [ast.Assign([ast.Name(n, ast.Store())], v) for n, v in captured.items()]
        made = [ast.If(test, [*first, *case.body], made)]
    for n in ast.walk(made[0]):
        if not hasattr(n, "lineno"):
            ast.copy_location(n, node)
    return made[0]


def both(a: ast.expr, b: ast.expr) -> ast.expr:
    return b if a is TRUE else a if b is TRUE else ast.BoolOp(ast.And(), [a, b])


def tested(q: Parser, pattern: ast.pattern, subject: ast.expr) -> ast.expr:
    """The condition under which the subject is of the pattern."""
    match pattern:
        case ast.MatchValue(value):
            return ast.Compare(subject, [ast.Eq()], [value])
        case ast.MatchSingleton(value):
            return ast.Compare(subject, [ast.Is()], [ast.Constant(value)])
        case ast.MatchAs(None):
            return TRUE
        case ast.MatchAs(ast.pattern() as inner):
            return tested(q, inner, subject)
        case ast.MatchOr(patterns):
            if any(stored([p]) or list(captures(q, p, subject)) for p in patterns):
                raise Refusal("names in alternatives of a `case` are not supported", "write a case for each")
            return ast.BoolOp(ast.Or(), [tested(q, p, subject) for p in patterns])
        case ast.MatchSequence(patterns):
            if len(items(q, pattern, subject)) != len(patterns):
                return FALSE
            test: ast.expr = TRUE
            for p, s in zip(patterns, parts(subject, len(patterns)), strict=True):
                test = both(test, tested(q, p, s))
            return test
    raise Refusal(f"the pattern `{ast.unparse(pattern)}` is not supported", "write if and elif", q.loc(pattern))


def captures(q: Parser, pattern: ast.pattern, subject: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The names that the pattern binds, each with the part of the subject it stands for."""
    match pattern:
        case ast.MatchAs(inner, name):
            if inner is not None:
                yield from captures(q, inner, subject)
            if name is not None:
                yield name, subject
        case ast.MatchSequence(patterns) if len(items(q, pattern, subject)) == len(patterns):
            for p, s in zip(patterns, parts(subject, len(patterns)), strict=True):
                yield from captures(q, p, s)


def items(q: Parser, pattern: ast.pattern, subject: ast.expr) -> tuple[object, ...]:
    from .expressions import expr

    with q.block():  # only what kind of thing it is
        v = expr(q, subject)
    if not isinstance(v, Tup):
        raise Refusal("only tuples can be matched by a sequence", "write if and elif", q.loc(pattern))
    return v.items


def parts(subject: ast.expr, n: int) -> list[ast.expr]:
    return [ast.Subscript(subject, ast.Constant(k), ast.Load()) for k in range(n)]
