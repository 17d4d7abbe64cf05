"""Arrays to which an iteration adds near its own index, `a[i - 1]`, `a[i + 1]`, as the adjoints of stencils do.

Parts of such a loop touch their neighbours' elements at their ends only. Every second part may run at the same time, if
parts are long enough; then the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import add, sub

from ..ir import Assign, Call, Const, Expr, For, Var, bound, walk
from ..simplify.dependence import Access, accesses


def spans(s: For, names: Iterable[str], classes: Mapping[str, str]) -> dict[str, int]:
    """Those arrays to which `s` adds near its own index only, and how far apart; `s` counts upwards."""
    names = set(names)
    distance = offsets(s)
    found: dict[str, list[Access]] = {n: [] for n in names}
    for a in accesses(s.body):
        if a.name in names:
            found[a.name].append(a)
    out = {}
    for n in names:
        if any(classes.get(m, m) == classes.get(n, n) for m in names - {n}):
            continue
        reach = span([a.place for a in found[n]], distance, s.start)
        if reach is not None:
            out[n] = reach
    return out


def offsets(s: For) -> dict[Expr, int]:
    """Operands in the loop that are its variable and a constant."""
    once: dict[str, int] = {}
    for t in walk(s.body):
        for n in bound(t):
            once[n] = once.get(n, 0) + 1
    out: dict[Expr, int] = {s.var: 0}
    for t in walk(s.body):
        match t:
            case Assign(_, Var(n) as v, Call(fn, (a, Const(int(k))))) if fn in (add, sub) and a in out and once[n] == 1:
                out[v] = out[a] + (k if fn is add else -k)
            case Assign(_, Var(n) as v, Call(fn, (Const(int(k)), a))) if fn is add and a in out and once[n] == 1:
                out[v] = out[a] + k
    return out


def span(places: list[tuple[Expr, ...] | None], distance: Mapping[Expr, int], start: Expr) -> int | None:
    """The distance between the furthest elements of an iteration, along an axis that all accesses index like this."""
    whole = [p for p in places if p is not None]
    if len(whole) < len(places) or not isinstance(start, Const):
        return None
    for k in range(min(map(len, whole), default=0)):
        at = [distance.get(p[k]) for p in whole]
        known = [d for d in at if d is not None]
        if len(known) == len(at) and start.value + min(known) >= 0:  # negative indices count from the end
            return max(1, max(known) - min(known))
    return None
