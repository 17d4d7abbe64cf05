"""From a function object to the syntax tree of exactly that function, with places in the user's file."""

from __future__ import annotations
import __future__

import ast
import inspect
import linecache
import sys
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from ..errors import Unsupported
from ..ir import Loc

Tree = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Source:
    """A function's tree, and the text it comes from; `first` is the line in the file of `lines[0]`."""

    node: Tree
    file: str
    lines: tuple[str, ...]
    first: int = 1

    def loc(self, node: ast.AST) -> Loc:
        """The place of a node; columns count characters of the stripped line."""
        line: int = getattr(node, "lineno", 1)
        end: int = getattr(node, "end_lineno", line)
        raw = self.lines[line - 1] if line <= len(self.lines) else ""
        text = raw.strip()
        indent = len(raw) - len(raw.lstrip())
        # the syntax tree counts bytes, carets count characters
        col = len(raw.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore")) - indent
        end_col = len(text)
        if end == line:
            end_col = len(raw.encode()[: getattr(node, "end_col_offset", 0)].decode(errors="ignore")) - indent
        return Loc(self.file, line + self.first - 1, text, max(col, 0), min(end_col, len(text)))


def find(fn: FunctionType) -> Source:
    """The source of a function; `Unsupported` when there is none, or when it is no longer that of the function."""
    code = fn.__code__
    where = Loc(code.co_filename, code.co_firstlineno)
    linecache.checkcache(code.co_filename)
    lines = tuple(linecache.getlines(code.co_filename, fn.__globals__))
    if not lines:
        raise Unsupported(
            f"the source of `{fn.__name__}` is not available",
            where,
            "define it in a file or a notebook cell; code made by exec or typed at the bare prompt has no source",
        )
    source = _whole_file(code, lines) or _by_inspect(fn)
    if source is None or _changed(source, fn):
        raise Unsupported(
            f"the source of `{fn.__name__}` is not where it was when the function was defined",
            where,
            "the file has changed since it was imported: import it again, or start Python anew",
        )
    return source


@lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _whole_file(code: CodeType, lines: tuple[str, ...]) -> Source | None:
    try:
        tree = _parsed("".join(lines))
    except SyntaxError:  # cells with magics, templates
        return None
    node = _pick(tree, code, code.co_firstlineno)
    return Source(node, code.co_filename, lines) if node is not None else None


def _by_inspect(fn: FunctionType) -> Source | None:
    try:
        raw, first = inspect.getsourcelines(fn)
        lines = tuple(textwrap.dedent("".join(raw)).splitlines(keepends=True))
        tree = ast.parse("".join(lines))
    except (OSError, SyntaxError):
        return None
    node = _pick(tree, fn.__code__, fn.__code__.co_firstlineno - first + 1)
    return Source(node, fn.__code__.co_filename, lines, first) if node is not None else None


def _pick(tree: ast.Module, code: CodeType, line: int) -> Tree | None:
    """The definition or lambda on this line that was compiled to `code`."""
    if code.co_name != "<lambda>":
        for n in ast.walk(tree):
            if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name == code.co_name:
                if line == min([n.lineno, *(d.lineno for d in n.decorator_list)]):
                    return n
        return None
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == line]
    if len(found) > 1:
        shift = code.co_firstlineno - line
        found = [n for n in found if _body_span(n) == _code_span(code, shift)] or found
    if len(found) > 1:
        found = [n for n in found if _same(_compiled(n, code), code)]
    return found[0] if found else None


def _body_span(n: ast.Lambda) -> tuple[Any, ...]:
    b = n.body
    return (b.lineno, b.col_offset), (b.end_lineno, b.end_col_offset)


def _code_span(code: CodeType, shift: int) -> tuple[Any, ...]:
    """From where to where in the source the instructions come; the first ones, of the call itself, have no columns."""
    if sys.version_info < (3, 11):
        return ()
    spans = [p for p in code.co_positions() if None not in p and (p[2], p[3]) != (0, 0)]
    start = min((p[0] - shift, p[2]) for p in spans)
    return start, max((p[1] - shift, p[3]) for p in spans)


# ---- is this still the source of that function? ------------------------------------------------


@lru_cache(maxsize=64)
def _codes(text: str, flags: int) -> dict[tuple[str, int], list[CodeType]]:
    """Every code object of a file, by name and line."""
    found: dict[tuple[str, int], list[CodeType]] = {}

    def visit(c: CodeType) -> None:
        found.setdefault((c.co_name, c.co_firstlineno), []).append(c)
        for k in c.co_consts:
            if isinstance(k, CodeType):
                visit(k)

    visit(compile(_parsed(text), "<file>", "exec", flags, dont_inherit=True))
    return found


def _changed(source: Source, fn: FunctionType) -> bool:
    """Does the text say something else than the function does?  Rewritten modules (pytest) cannot be compared."""
    if source.first != 1 or any(n.startswith("@py") for n in fn.__globals__):
        return False
    code = fn.__code__
    try:
        made = _codes("".join(source.lines), code.co_flags & _FUTURE)
    except (SyntaxError, ValueError):
        return False
    return not any(_same(c, code) for c in made.get((code.co_name, code.co_firstlineno), ()))


_FUTURE = 0  # the bits of code flags in which __future__ imports are remembered
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag


def _same(a: CodeType | None, b: CodeType) -> bool:
    if a is None:
        return False
    return (a.co_code, a.co_names, a.co_varnames, _plain_constants(a)) == (
        b.co_code,
        b.co_names,
        b.co_varnames,
        _plain_constants(b),
    )


def _plain_constants(c: CodeType) -> list[tuple[type, str]]:
    """Constants but for inner functions and their qualified names, which tell where they were compiled."""
    return [(type(k), repr(k)) for k in c.co_consts if not isinstance(k, CodeType) and "<locals>" not in str(k)]


def _compiled(node: ast.Lambda, code: CodeType) -> CodeType | None:
    """A lambda compiled as `code` was: with the same free variables."""
    names = [ast.arg(n) for n in code.co_freevars]
    args = ast.arguments(posonlyargs=[], args=names, kwonlyargs=[], kw_defaults=[], defaults=[])
    shell = ast.Expression(ast.copy_location(ast.Lambda(args, node), node))
    made = compile(
        ast.fix_missing_locations(shell), code.co_filename, "eval", code.co_flags & _FUTURE, dont_inherit=True
    )
    for _ in range(2):  # the shell, then the lambda in it
        made = next(c for c in made.co_consts if isinstance(c, CodeType))
    return made
