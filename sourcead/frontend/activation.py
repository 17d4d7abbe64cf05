"""One activation of a function: what its names mean at the place that is being parsed."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .source import Source, Tree
from .values import Earlier, Refused, Unclear, Value

Scope = (
    ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
)


@dataclass(frozen=True)
class Moment:
    """What the names mean at one point of the program, and what lists and dicts hold (`store`).

    `certain` are the names assigned on every path to it.
    """

    env: Mapping[str, Value]
    certain: frozenset[str]
    store: Mapping[str, Value]


@dataclass(eq=False)
class LoopSite:
    """The loop being parsed: its regions, and the moments of its jumps."""

    exit: str
    next: str
    start: Moment
    broken: list[Moment] = field(default_factory=list)
    skipped: list[Moment] = field(default_factory=list)

    def iteration_ends(self, last: Moment | None) -> Moment | None:
        """What the names mean where iterations end: by `continue`, or at the end of the body when that is reached."""
        return join([*self.skipped, *([last] if last is not None else [])])


@dataclass(eq=False)
class Activation:
    """`home` is the activation around a nested function's; `key` tells functions apart (recursion)."""

    name: str
    source: Source
    key: Any
    locals: frozenset[str]
    globals: Mapping[str, Any]
    cells: Mapping[str, Any]
    home: Activation | None = None
    exit: str = ""  # the region that `return` leaves
    env: dict[str, Value] = field(default_factory=dict)
    store: dict[str, Value] = field(default_factory=dict)  # what lists and dicts hold; one for all activations
    certain: set[str] = field(default_factory=set)
    trusted: set[str] = field(default_factory=set)  # names read as what an earlier iteration left
    unique: dict[Any, str] = field(default_factory=dict)
    loops: list[LoopSite] = field(default_factory=list)
    result: Value | None = None
    returned: list[Moment] = field(default_factory=list)

    @cached_property
    def assigned(self) -> Counter[str]:
        """In how many places names are assigned; the target of a loop counts twice."""
        body = body_of(self.source.node)
        times = Counter(
            n.id for s in body for n in inside(s) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
        )
        for loop in (n for s in body for n in inside(s) if isinstance(n, ast.For)):
            times.update(stored([loop.target]))
        return times

    def moment(self) -> Moment:
        return Moment(dict(self.env), frozenset(self.certain), dict(self.store))

    def set(self, m: Moment) -> None:
        self.env, self.certain = dict(m.env), set(m.certain)
        self.store.clear()
        self.store.update(m.store)


def owner(a: Activation | None, name: str) -> Activation | None:
    """The activation whose local `name` is: this one, or one around it."""
    while a is not None and name not in a.locals:
        a = a.home
    return a


def join(moments: Iterable[Moment]) -> Moment | None:
    """Where paths meet; a name that means different things on them becomes `Unclear`."""
    several = list(moments)
    if not several:
        return None
    certain = frozenset.intersection(*(m.certain for m in several))
    return Moment(together([m.env for m in several]), certain, together([m.store for m in several]))


def together(paths: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for env in paths:
        for name, value in env.items():
            known = found.setdefault(name, value)
            if known == value or isinstance(known, Refused) or isinstance(value, Earlier):
                continue
            if isinstance(value, Refused) or isinstance(known, Earlier):
                found[name] = value
            else:
                found[name] = Unclear(f"`{name}` is not the same kind of thing on all paths to this place")
    return found


# ---- names in a syntax tree ---------------------------------------------------------------------


def parameters(node: Tree) -> list[ast.arg]:
    a = node.args
    return [*a.posonlyargs, *a.args, *a.kwonlyargs]


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """The node and everything in it, but not what belongs to functions defined in it."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Scope):
            yield child
        else:
            yield from inside(child)


def body_of(node: Tree) -> list[ast.AST]:
    return list(node.body) if not isinstance(node, ast.Lambda) else [node.body]


def stored(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are assigned, in the order in which they are met."""
    names: dict[str, None] = {}
    for n in nodes:
        for x in inside(n):
            if isinstance(x, ast.Name) and not isinstance(x.ctx, ast.Load):
                names[x.id] = None
            elif isinstance(x, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names[x.name] = None
            elif isinstance(x, (ast.Import, ast.ImportFrom)):
                names |= {(a.asname or a.name).split(".")[0]: None for a in x.names}
            elif isinstance(x, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and x.name:
                names[x.name] = None
    return set(names)


def local_names(node: Tree) -> frozenset[str]:
    extra = [a.arg for a in (node.args.vararg, node.args.kwarg) if a]
    return frozenset({*(a.arg for a in parameters(node)), *extra, *stored(body_of(node))})


def may_count(fn: Tree, loop: ast.For, name: str) -> bool:
    """May the loop's own counter be called `name`?  Not if the user assigns it in the body or reads it elsewhere."""
    if name in stored(loop.body):
        return False
    return not any(_read_elsewhere(n, loop, name) for n in body_of(fn))


def _read_elsewhere(n: ast.AST, loop: ast.For, name: str) -> bool:
    """Is `name` read, other than in the body of `loop` or of an unrelated loop that sets it anew?"""
    if isinstance(n, ast.Name):
        return n.id == name and isinstance(n.ctx, ast.Load)
    children = list(ast.iter_child_nodes(n))
    if isinstance(n, ast.For):
        around = any(x is loop for x in ast.walk(n)) and n is not loop
        if not around and name in stored([n.target]):
            children = [n.iter, n.target, *n.orelse]
    return any(_read_elsewhere(c, loop, name) for c in children)
