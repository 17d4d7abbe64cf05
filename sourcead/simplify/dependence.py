"""May iterations change places, may two loops become one: dependences between iterations.

Elements are told apart in one way only: an axis whose index is exactly the loop's variable.  Additions into
one adjoint may change places among each other: only their rounding differs.  The user's own sums are added up in
the user's order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..ir import (
    Accum,
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    If,
    Index,
    Pop,
    Push,
    Raise,
    Return,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    children,
    once,
    operands,
    used,
    variables,
    walk,
)
from .effects import SHAPE_ONLY, class_of, draws, is_viewed, may_raise, mutated

Place = tuple[Expr, ...] | None  # the indices of an access; None: the whole array


@dataclass(frozen=True)
class Access:
    name: str
    place: Place
    kind: str  # "load", "store" or "accum"


def accesses(stmts: Iterable[Stmt]) -> Iterator[Access]:
    """Every access to memory, in order; scalars count as whole arrays, what only looks at shapes does not."""
    for s in walk(stmts):
        yield from own_accesses(s)


@once
def own_accesses(s: Stmt) -> tuple[Access, ...]:
    """What the statement itself (not its blocks) loads, then what it stores."""
    return tuple(_own_accesses(s))


def _own_accesses(s: Stmt) -> Iterator[Access]:
    match s:
        case Accum(_, t, v):
            evaluated: tuple[Expr, ...] = (v, *(t.index if isinstance(t, Index) else ()))
        case _:
            evaluated = operands(s)
    for e in evaluated:
        yield from _loads(e)
    for e in evaluated:
        yield from (Access(n, None, "store") for n in mutated(e))
    match s:
        case Accum(_, Index(a, index), _):
            yield Access(a.name, index, "accum")
        case Accum(_, Var(n), _):
            yield Access(n, None, "accum")
        case Assign(_, Index(a, index), _):
            yield Access(a.name, index, "store")


def _loads(e: Expr) -> Iterator[Access]:
    match e:
        case Var(n):
            yield Access(n, None, "load")
        case Index(a, index):
            for i in index:
                yield from _loads(i)
            yield Access(a.name, index, "load")
        case Call(fn, args) if fn in SHAPE_ONLY:
            for other in args[1:]:
                yield from _loads(other)
        case _:
            for c in children(e):
                yield from _loads(c)


def exposed(b: Block) -> tuple[set[str], set[str]]:
    """(names that may be read before `b` binds them, names that `b` surely binds)"""
    first: set[str] = set()
    sure: set[str] = set()
    _expose(b, sure, first)
    return first, sure


def _expose(b: Block, sure: set[str], first: set[str]) -> None:
    for s in b:
        if not isinstance(s, While):  # its condition comes after its test
            first |= {n for n in used(s) if n not in sure}
        if isinstance(s, Assign | Accum) and isinstance(s.target, Index) and s.target.array.name not in sure:
            first.add(s.target.array.name)
        if isinstance(s, If):
            ends = [set(sure), set(sure)]
            for branch, end in zip(blocks(s), ends, strict=True):
                _expose(branch, end, first)
            sure |= ends[0] & ends[1]
        elif isinstance(s, For):
            _expose(s.body, sure | {s.var.name}, first)
        elif isinstance(s, While):
            _expose(s.test, sure, first)
            first |= {n for n in variables(s.cond) if n not in sure}
            _expose(s.body, set(sure), first)
        else:
            sure |= set(bound(s))


def leaves(b: Block) -> bool:
    """Does the block leave the loop around it?"""
    return any(isinstance(s, Break | Return) or (isinstance(s, If) and any(map(leaves, blocks(s)))) for s in b)


def only_accumulated(b: Iterable[Stmt]) -> set[str]:
    """Names (scalars, say) that the statements only add to and never read or bind otherwise."""
    added: set[str] = set()
    other: set[str] = set()
    for s in walk(b):
        match s:
            case Accum(_, Var(n), v):
                added.add(n)
                other |= set(variables(v))
            case _:
                other |= {*bound(s), *used(s)}
    return added - other


def counts_up_from_zero(s: For) -> bool:
    """Are all values of the loop's variable surely at least 0, so that different ones mean different elements?"""
    match s.start, s.stop, s.step:
        case Const(int(first)), _, Const(int(step)) if first >= 0 and step > 0:
            return True
        case _, Const(int(last)), Const(int(step)) if last >= -1 and step < 0:
            return True
    return False


def _same_axis(first: Iterable[Access], second: Iterable[Access], v: Var, w: Var) -> bool:
    """Is there an axis at which the first accesses have index `v` and the second `w`, all of them?"""
    places = [(a.place, v) for a in first] + [(a.place, w) for a in second]
    if any(p is None for p, _ in places):
        return False
    rank = min((len(p) for p, _ in places if p is not None), default=0)
    return any(all(p is not None and p[k] == x for p, x in places) for k in range(rank))


def _by_class(b: Block, classes: Mapping[str, str], skip: set[str]) -> dict[str, list[Access]]:
    out: dict[str, list[Access]] = {}
    for a in accesses(b):
        if a.name not in skip:
            out.setdefault(class_of(classes, a.name), []).append(a)
    return out


_ADJOINT = re.compile(r".*_bar(_\d+)*")


def is_adjoint(name: str) -> bool:
    """Is this a name that reverse mode made for an adjoint?"""
    return _ADJOINT.fullmatch(name) is not None


def _commute(first: list[Access], second: list[Access], v: Var, w: Var, apart: bool, strict: bool = False) -> bool:
    """May accesses of different iterations to one storage class change places?"""
    kinds = {a.kind for a in (*first, *second)}
    if kinds == {"load"}:
        return True
    if kinds == {"accum"} and not (strict and not all(is_adjoint(a.name) for a in (*first, *second))):
        return True
    return apart and _same_axis(first, second, v, w)


def independent(
    body: Block, var: str, storage: Mapping[str, str], live: Iterable[str] = (), apart: bool = True
) -> bool:
    """May the iterations of `for var in ...: body` run in any order?

    `live`: the names wanted behind the loop; `apart`: different values of `var` index different elements (no
    negative ones among them).
    """
    return shared_sums(body, var, storage, live, apart) is not None


def shared_sums(
    body: Block, var: str, storage: Mapping[str, str], live: Iterable[str] = (), apart: bool = True
) -> set[str] | None:
    """What several iterations add to, scalars and arrays; None when iterations may not run in any order."""
    if leaves(body) or any(isinstance(s, Push | Pop | Raise) or draws(s) for s in walk(body)):
        return None
    first, _ = exposed(body)
    sums = only_accumulated(body)
    bindings = {n for s in walk(body) for n in bound(s)}
    if any(n not in sums and (n in first or n in set(live)) for n in bindings):
        return None
    v, own = Var(var), together(bindings - sums, storage)
    shared: set[str] = set()
    for c, a in _by_class(body, storage, own).items():
        same_element = apart and not is_viewed(c)
        if not _commute(a, a, v, v, same_element):
            return None
        if {x.kind for x in a} == {"accum"} and not (same_element and _same_axis(a, a, v, v)):
            shared |= {x.name for x in a}
    return shared


def alone(among: Iterable[str], classes: Mapping[str, str]) -> set[str]:
    """Those names that share their storage class with no other name."""
    counts = Counter(classes.values())
    return {n for n in among if n not in classes or counts[classes[n]] == 1}


def together(among: Iterable[str], classes: Mapping[str, str]) -> set[str]:
    """Those names that share their storage class with each other only: what they denote, nobody else does."""
    names = set(among)
    others = {c for n, c in classes.items() if n not in names}
    return {n for n in names if classes.get(n) not in others}


def fusable(a: For, b: For, classes: Mapping[str, str], live: Iterable[str]) -> bool:
    """May `b`, running directly after `a` over the same range, run its iterations right behind those of `a`?

    `live`: the names wanted behind `b`.
    """
    if any(leaves(s.body) for s in (a, b)):
        return False
    if any(isinstance(s, Raise) or any(map(may_raise, operands(s))) for s in walk((*a.body, *b.body))):
        return False
    if draws(a) and draws(b):
        return False
    stacks = [{s.stack.name for s in walk(c.body) if isinstance(s, Push | Pop)} for c in (a, b)]
    if stacks[0] & stacks[1]:
        return False
    return _names_allow(a.body, b.body, set(live)) and _memory_allows(a, b, classes)


def _names_allow(a: Block, b: Block, live: set[str]) -> bool:
    """No name carries a value from one loop into an iteration of the other."""
    first_a, _ = exposed(a)
    first_b, sure_b = exposed(b)
    bound_a = {n for s in walk(a) for n in bound(s)}
    bound_b = {n for s in walk(b) for n in bound(s)}
    sums = {n for n in only_accumulated(a) & only_accumulated(b) if is_adjoint(n)}
    for n in bound_a | bound_b:
        if n in sums:
            continue
        if (n in bound_a and n in first_b) or (n in bound_b and n in first_a):
            return False
        if n in bound_a and n in bound_b and n in live and n not in sure_b:
            return False
    return True


def _memory_allows(a: For, b: For, classes: Mapping[str, str]) -> bool:
    # What an iteration binds for itself (scalars, new arrays) is no memory that iterations share.
    bindings = {n for s in walk((*a.body, *b.body)) for n in bound(s)}
    own = alone(bindings - only_accumulated((*a.body, *b.body)), classes)
    in_a, in_b = _by_class(a.body, classes, own), _by_class(b.body, classes, own)
    apart = counts_up_from_zero(a)
    return all(
        _commute(in_a[c], in_b[c], a.var, b.var, apart and not is_viewed(c), strict=True)
        for c in in_a.keys() & in_b.keys()
    )
