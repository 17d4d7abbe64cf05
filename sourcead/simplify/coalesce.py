"""Names that never hold different values at the same time become one: `x_1 = ...; x = x_1` is `x = ...`.

Two names joined by a `Move` or a plain copy interfere when one is bound while the other is still wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..ir import (
    Assign,
    Block,
    For,
    Function,
    If,
    Move,
    Stmt,
    Var,
    blocks,
    bound,
    names,
    rename,
    walk,
    with_blocks,
    with_body,
)
from .liveness import Liveness, liveness


def coalesce(f: Function) -> Function:
    """Merge joined names and drop the moves between them that this makes needless."""
    live = liveness(f)
    apart = _interference(f, live)
    group: dict[str, list[str]] = {}
    for a, b in _joined(f):
        mine, other = group.get(a, [a]), group.get(b, [b])
        if mine is other or f.types.get(a) != f.types.get(b):
            continue
        if not all(_alike(m, n) for m in mine for n in other):
            continue
        if sum(n in f.params for n in (*mine, *other)) > 1:
            continue
        if any(n in apart.get(m, ()) for m in mine for n in other):
            continue
        merged = [*mine, *other]
        group.update((n, merged) for n in merged)
    new = {n: name for n, g in group.items() if (name := _spelling(g, f.params)) != n}
    if not new:
        return f
    return with_body(f, _without_self_moves(tuple(rename(s, new) for s in f.body)))


_PARTS = re.compile(r"(?P<stem>.+?)(?P<kind>_bar|_dot|_saved)?(_\d+)*")


def _alike(a: str, b: str) -> bool:
    """Would one name tell the reader as much as the two?  `x` and `x_1`, or a temporary and anything of its kind."""
    one, other = _PARTS.fullmatch(a), _PARTS.fullmatch(b)
    assert one is not None
    assert other is not None
    if one["kind"] != other["kind"]:
        return False
    return _stem(one["stem"]) == _stem(other["stem"]) or one["stem"].startswith("_") or other["stem"].startswith("_")


def _stem(s: str) -> str:
    return re.sub(r"(_\d+)+$", "", s)


def _spelling(names: list[str], params: tuple[str, ...]) -> str:
    """The most telling of several names: a parameter's, then one the user gave, then the shortest."""
    return min(names, key=lambda n: (n not in params, n.startswith("_"), len(n), n))


def _joined(f: Function) -> Iterator[tuple[str, str]]:
    """Pairs of names that one name could serve, the most deeply nested first."""
    counters = {s.var.name for s in walk(f.body) if isinstance(s, For)}
    pairs: list[tuple[int, int, str, str]] = []
    for depth, s in _with_depth(f.body, 0):
        match s:
            case Move():
                found = [(t.name, v.name) for t, v in zip(s.targets, s.sources, strict=True) if isinstance(v, Var)]
            case Assign(_, Var(t), Var(v)):
                found = [(t, v)]
            case _:
                continue
        for t, v in found:
            if t != v and not counters & {t, v} and v not in f.constants:
                pairs.append((-depth, len(pairs), t, v))
    for _, _, t, v in sorted(pairs):
        yield t, v


def _with_depth(b: Block, depth: int) -> Iterator[tuple[int, Stmt]]:
    for s in b:
        yield depth, s
        for c in blocks(s):
            yield from _with_depth(c, depth + (not isinstance(s, If)))


def _interference(f: Function, live: Liveness) -> dict[str, set[str]]:
    """Name -> names that are wanted when it is bound (and may hold something else)."""
    apart: dict[str, set[str]] = {}

    def add(n: str, wanted: Iterable[str]) -> None:
        for m in wanted:
            if m != n and not m.startswith("*"):
                apart.setdefault(n, set()).add(m)
                apart.setdefault(m, set()).add(n)

    for s in walk(f.body):
        after = live.after.get(s)
        if after is None:  # needless code that somebody forgot to drop: nothing is known about it
            after = frozenset(names(f))
        match s:
            case Move():
                for t, v in zip(s.targets, s.sources, strict=True):
                    same = {v.name} if isinstance(v, Var) and v not in s.targets else set()
                    add(t.name, (after | {x.name for x in s.targets}) - same)
            case Assign(_, Var(t), Var(v)):
                add(t, after - {v})
            case For():
                add(s.var.name, after | live.head.get(s, frozenset()))
            case _:
                for n in bound(s):
                    add(n, after)
    return apart


def _without_self_moves(b: Block) -> Block:
    out: list[Stmt] = []
    for s in b:
        match s:
            case Move():
                pairs = [(t, v) for t, v in zip(s.targets, s.sources, strict=True) if t != v]
                if not pairs:
                    continue
                if len(pairs) < len(s.targets):
                    s = replace(s, targets=tuple(t for t, _ in pairs), sources=tuple(v for _, v in pairs))
            case Assign() if s.target == s.value:
                continue
        new = with_blocks(s, tuple(map(_without_self_moves, blocks(s))))
        if isinstance(new, If) and not new.then and not new.orelse:
            continue
        out.append(new)
    return tuple(out)
