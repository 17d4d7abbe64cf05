"""Where control flow joins: which array, or which row of one, a name stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numba.core import types

from ..ir import Expr, Move, Var
from .build import INT, Builder, Varying
from .storage import target_name
from .values import Axis, View, array_name, is_value, materialise


def move(b: Builder, s: Move) -> None:
    if b.adjoint:
        b.emit(s)
        return
    from .statements import evaluate

    targets: list[Var] = []
    sources: list[Expr] = []
    copied = b.storage.copied.get(s, set())
    for t, v in zip(s.targets, s.sources, strict=True):
        same = b.storage.same.get(t.name)
        if same is not None and same != t.name:
            continue  # it always stands for the same array
        x = evaluate(b, v)
        if t.name in b.storage.roots:
            place = row_places(b, t.name, x)
            targets += place[0]
            sources += place[1]
            continue
        if is_value(x):
            if t.name in copied:
                x = materialise(b, x)
            x = joined(b, t.name, array_name(b, x))
            if x == t:
                continue
        elif isinstance(x, tuple):
            raise b.refuse(f"`{t.name}` is a tuple on one path and rebound on another", "use a variable for each item")
        targets.append(t)
        sources.append(x)
    if targets:
        b.emit(replace(s, targets=tuple(targets), sources=tuple(sources)))


def row_places(b: Builder, target: str, x: Any) -> tuple[tuple[Var, ...], tuple[Expr, ...]]:
    """What a name that stands for one row or another is bound to: its place, the indices along the fixed axes."""
    name, root = target_name(target), target_name(b.storage.roots[target])
    if not isinstance(x, View) or not isinstance(x.base, str):
        raise b.refuse(f"`{name}` is a view of `{root}` on one path only", "use a name of its own for each")
    if target not in b.env:
        fixed = tuple(Axis(b.fresh(INT, f"{target}_at")) if not a.steps else a for a in x.axes)
        b.env[target] = replace(x, axes=fixed)
    row = b.env[target]
    pairs = [(r, a) for r, a in zip(row.axes, x.axes, strict=True) if r != a]
    if row.base != x.base or row.extents != x.extents or any(r.steps or a.steps for r, a in pairs):
        raise b.refuse(
            f"`{name}` stands for parts of `{root}` of different form, and one of them is changed",
            f"index `{root}` itself, with variables for the places",
        )
    return tuple(r.start for r, _ in pairs), tuple(a.start for _, a in pairs)


def joined(b: Builder, target: str, source: str) -> Var:
    """The source of a joined array; the target keeps extents on which all its sources agree."""
    shape = b.extents_of(source) if source not in b.varying else None
    if source == target or target in b.varying:
        return Var(source)
    old = b.types[target]
    layout = b.types[source].layout
    if target in b.joined and layout != old.layout:
        layout = "A"
    b.types[target] = types.Array(old.dtype, old.ndim, layout)
    b.joined.add(target)
    if shape is None:
        raise Varying(target)
    if target not in b.extents:
        local = {n for scope in b.scopes[2:] for n in scope if isinstance(n, str)}
        if not b.settled and any(isinstance(n, Var) and n.name in local for n in shape):
            raise Varying(target)
        b.extents[target] = shape
    elif b.extents[target] != shape:
        raise Varying(target)
    return Var(source)


def kept_row(b: Builder, row: View) -> View:
    """The row under places of its own, which keep their values when the name is bound again."""
    axes = (a if a.steps or not isinstance(a.start, Var) else Axis(b.let_copy(a.start, INT)) for a in row.axes)
    return replace(row, axes=tuple(axes))
