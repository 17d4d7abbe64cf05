"""Loops: `for` over ranges, arrays, `enumerate`, `zip`, `np.ndindex`, tuples; and `while`."""

from __future__ import annotations

import ast
import operator as op
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np

from .. import primitives as p
from ..checkpointing import checkpointed
from ..ir import Call, Const, Expr, For, Index, Stmt, Var, While
from . import lists, tuples
from .activation import LoopSite, Moment, join, may_count, stored
from .expressions import expr, item, located, operand, truth
from .jumps import Region, completes
from .parser import Parser
from .values import Dictionary, Earlier, Listing, Record, Reformed, Refusal, Static, Tup, Value, is_code

Bounds = tuple[Expr, Expr, Expr]


@dataclass(frozen=True)
class Grid:
    """Nested counters, and the item at their values."""

    ranges: tuple[Bounds, ...]
    at: Callable[[tuple[Var, ...]], Value]
    parallel: bool = False
    snapshots: int = 0


@dataclass(frozen=True)
class Items:
    """`count` items, by number."""

    count: Expr
    at: Callable[[Expr], Value]
    snapshots: int = 0


@dataclass(frozen=True)
class Range:
    bounds: Bounds
    parallel: bool = False
    snapshots: int = 0


Iteration = Grid | Items | Range | Tup


def for_(q: Parser, node: ast.For) -> None:
    around = set(q.iterated)
    it = iteration(q, node.iter, node.target)
    try:
        lists.formed(q, node, lambda: for_each(q, node, it))
    finally:
        q.iterated = around


def for_each(q: Parser, node: ast.For, it: Iteration) -> None:
    values = few(it) if isinstance(it, Range) and not it.snapshots else None
    if values is not None:
        if lists.changing(q, node) or retried(q, lambda: loop(q, node, it)):
            loop(q, node, Tup(values))
    else:
        loop(q, node, it)


def loop(q: Parser, node: ast.For, it: Iteration) -> None:
    if not isinstance(it, Tup):
        lists.before_loop(q, node)
    start = q.act.moment()
    site = LoopSite(q.label(), q.label(), start)
    with q.block() as out:
        match it:
            case Tup(values):
                unrolled(q, node, site, values)
            case Range(bounds, parallel, snapshots):
                counted(q, node, site, Grid((bounds,), lambda k: k[0], parallel, snapshots))
            case Items(count, at, snapshots):
                counted(q, node, site, Grid((up_to(count),), lambda k: at(k[0]), snapshots=snapshots))
            case Grid():
                counted(q, node, site, it)
    close(q, node, site, out, [q.act.moment()] if isinstance(it, Tup) else [start, q.act.moment()])


MOST_UNROLLED = 32


def few(it: Range) -> tuple[Value, ...] | None:
    """The values of a short range with known bounds."""
    numbers = [b.value for b in it.bounds if isinstance(b, Const) and type(b.value) is int]
    if len(numbers) < 3 or numbers[2] == 0 or len(range(*numbers)) > MOST_UNROLLED:
        return None
    return tuple(map(Const, range(*numbers)))


def retried(q: Parser, parse: Callable[[], None]) -> bool:
    """Parse a loop; undo that, and say so, if it takes items of tuples by numbers that unrolling may tell."""
    before = q.state()
    try:
        parse()
    except Reformed:
        q.unknown_indices += 1
    except Refusal:
        if q.unknown_indices == before.unknown_indices:
            raise
    if q.unknown_indices == before.unknown_indices:
        return False
    q.restore(before)
    return True


def up_to(n: Expr) -> Bounds:
    return Const(0), n, Const(1)


def close(q: Parser, node: ast.For | ast.While, site: LoopSite, out: list[Stmt], ends: list[Moment]) -> None:
    """What follows the loop: its `else`, and the end of the region that `break` leaves."""
    fallen = join(ends)
    if fallen is not None:
        q.act.set(fallen)
        with q.block() as orelse:
            from .statements import statements

            statements(q, node.orelse)
        out += orelse
        after = [*site.broken, *([q.act.moment()] if completes(tuple(orelse)) else [])]
    else:
        after = site.broken
    end = join(after)
    if end is not None:
        q.act.set(end)
    for name in [n for n, v in q.act.env.items() if isinstance(v, Earlier) and n not in site.start.env]:
        del q.act.env[name]
    q.out.append(Region(q.loc(node), site.exit, tuple(out)))


def body(q: Parser, node: ast.For | ast.While, site: LoopSite, first: Callable[[], None]) -> tuple[Stmt, ...]:
    """The body of a loop, a region of its own; names must mean at its end what they meant at its start."""
    from .statements import statements

    site.start = q.act.moment()
    for name in stored(node.body):
        if name not in q.act.env:
            q.act.env[name] = Earlier(q.variable(name, name))
    before = q.act.moment()
    q.act.loops.append(site)
    with q.block() as out:
        first()
        statements(q, node.body)
    q.act.loops.pop()
    end = site.iteration_ends(q.act.moment() if completes(tuple(out)) else None)
    q.act.set(end or site.start)
    if end is not None:
        same_kinds(q, node, before)
    return (Region(q.loc(node), site.next, tuple(out)),)


def same_kinds(q: Parser, node: ast.AST, start: Moment) -> None:
    """At the end of an iteration names must mean what they meant at its start."""
    for name, before in start.env.items():
        now = q.act.env.get(name, before)
        if isinstance(before, Earlier):
            same = name not in q.act.trusted or now in (before, before.var)
        else:
            same = now == before
        if not same and not q.findings.found:
            raise Refusal(f"`{name}` becomes another kind of thing in the loop", "use another name for it", q.loc(node))
    for key, before in start.store.items():
        now = q.store.get(key, before)
        if now != before and not q.findings.found:
            if isinstance(before, Tup) and lists.may_be_array(before.items):
                raise Reformed(key)
            q.unknown_indices += 1
            if isinstance(before, Record):
                raise Refusal("a dict gets new keys in the loop", "make it with all its keys", q.loc(node))
            raise Refusal("a list changes its length in the loop", "append to it under its own name", q.loc(node))


def counted(q: Parser, node: ast.For, site: LoopSite, grid: Grid) -> None:
    """One `For` for each counter; the innermost body binds the target first."""
    from .statements import assign

    names = counters(q, node, grid)
    inner = body(q, node, site, lambda: assign(q, node, node.target, grid.at(names)))
    for var, (start, stop, step) in reversed(list(zip(names, grid.ranges, strict=True))):
        inner = (For(q.loc(node), var, start, stop, step, inner, grid.parallel),)
    q.out += (replace(inner[0], snapshots=grid.snapshots),)  # type: ignore[call-arg]


def counters(q: Parser, node: ast.For, grid: Grid) -> tuple[Var, ...]:
    """Names of the counters: the user's own where he leaves them alone, otherwise new ones."""
    n = len(grid.ranges)
    dummies = tuple(Var(f"?{k}") for k in range(n))
    with q.block():  # a trial: what it emits is dropped
        shown = grid.at(dummies)
    taken: dict[Var, str] = {}
    match_counters(node.target, shown, taken)
    tree = q.act.source.node
    out = []
    for d in dummies:
        name = taken.get(d)
        if name is not None and name != "_" and may_count(tree, node, name):
            out.append(q.variable(name, name))
        else:
            out.append(Var(q.namer("k" if name in (None, "_") else name)))
    return tuple(out)


def match_counters(target: ast.expr, shown: Value, taken: dict[Var, str]) -> None:
    """Which target names are exactly a counter."""
    if isinstance(target, ast.Name) and isinstance(shown, Var):
        taken[shown] = target.id
    elif isinstance(target, ast.Tuple) and isinstance(shown, Tup) and len(target.elts) == len(shown.items):
        for t, v in zip(target.elts, shown.items, strict=True):
            match_counters(t, v, taken)


def unrolled(q: Parser, node: ast.For, site: LoopSite, values: tuple[Value, ...]) -> None:
    """A loop over a tuple: the items may be of different types, so each gets its own copy of the body."""
    from .statements import assign, statements

    for value in [held(q, node, v) for v in values]:  # the body may change what they are made of
        if not q.reachable():
            return
        each = LoopSite(site.exit, q.label(), q.act.moment())
        q.act.loops.append(each)
        with q.block() as out:
            assign(q, node, node.target, value)
            known = constants(node, value)
            left = {name: q.act.env[name] for name in known}
            q.act.env.update(known)
            statements(q, node.body)
        q.act.loops.pop()
        end = each.iteration_ends(q.act.moment() if completes(tuple(out)) else None)
        q.act.set(end or q.act.moment())
        q.act.env.update(left)  # behind the loop they are variables
        site.broken += [replace(m, env={**m.env, **left}) for m in each.broken]
        q.out.append(Region(q.loc(node), each.next, tuple(out)))


def constants(node: ast.For, value: Value) -> dict[str, Value]:
    """What the targets of an unrolled loop are in an iteration, where that is known and the body leaves them alone."""
    kept = stored(node.body)
    found: dict[str, Value] = {}

    def match(target: ast.expr, v: Value) -> None:
        if isinstance(target, ast.Name) and isinstance(v, Const) and isinstance(v.value, (str, int)):
            if target.id not in kept:
                found[target.id] = v
        elif isinstance(target, ast.Tuple) and isinstance(v, Tup) and len(target.elts) == len(v.items):
            for t, i in zip(target.elts, v.items, strict=True):
                match(t, i)

    match(node.target, value)
    return found


def held(q: Parser, node: ast.AST, v: Value) -> Value:
    """The value as it is now; what is known while parsing stays known."""
    if isinstance(v, (Tup, Record)):
        return replace(v, items=tuple(held(q, node, i) for i in v.items))
    return q.now(node, q.code(v)) if is_code(v) else v


def while_(q: Parser, node: ast.While) -> None:
    snapshots = 0
    if isinstance(node.test, ast.Call) and calls_checkpointed(q, node.test):
        test, snapshots = marked(q, node.test)
        node = ast.copy_location(ast.While(test, node.body, node.orelse), node)
    if any(isinstance(n, ast.NamedExpr) for n in ast.walk(node.test)):
        node = tested_inside(node)
    lists.formed(q, node, lambda: while_loop(q, node, snapshots))


def tested_inside(node: ast.While) -> ast.While:
    """`while True: if ...: pass; else: break`, for a test that binds names."""
    if any(isinstance(n, (ast.Break, ast.Continue)) for s in node.orelse for n in ast.walk(s)):
        raise Refusal("`:=` in the test of this loop is not supported", "assign before the loop, and at its end")
    leave = ast.If(node.test, [ast.Pass()], [*node.orelse, ast.Break()])
    made = ast.While(ast.Constant(True), [leave, *node.body], [])
    for n in ast.walk(made):
        if not hasattr(n, "lineno"):
            ast.copy_location(n, node.test)
    return made


def while_loop(q: Parser, node: ast.While, snapshots: int) -> None:
    lists.before_loop(q, node)
    start = q.act.moment()
    site = LoopSite(q.label(), q.label(), start)
    with q.block() as test:
        cond = truth(q, node.test)
    if isinstance(cond, Const) and not cond.value:
        from .statements import statements

        q.out += test
        statements(q, node.orelse)
        return
    inner = body(q, node, site, lambda: None)
    endless = isinstance(cond, Const)
    out: list[Stmt] = [While(q.loc(node), tuple(test), cond, inner, snapshots)]
    close(q, node, site, out, [] if endless else [start, q.act.moment()])


# ---- what is iterated over ---------------------------------------------------------------------------


def iteration(q: Parser, node: ast.expr, target: ast.expr) -> Iteration:
    if isinstance(node, ast.Call):
        callee = expr(q, node.func)
        if isinstance(callee, Static):
            for fn, make in MAKERS:
                if callee.value is fn:
                    return located(q, node, lambda: make(q, node, target))  # type: ignore[return-value, arg-type]  # noqa: B023
    value = located(q, node, lambda: item(q, node))
    if isinstance(value, Listing):
        return over_list(q, node, value)
    if isinstance(value, (Record, Dictionary)):
        return tuples.opened(q, value)  # type: ignore[return-value]
    if isinstance(value, Tup):
        return value
    if not is_code(value) or isinstance(value, Const):
        raise Refusal("only ranges, arrays and tuples can be iterated over", "", q.loc(node))
    array = q.temp(node, q.operand(node, value))
    assert isinstance(array, Var)
    return Items(q.extent(node, array), lambda k: Index(array, (k,)))


def over_list(q: Parser, node: ast.expr, owner: Listing) -> Iteration:
    g = lists.grown(q, owner)
    q.iterated.add(owner.key)
    if g is None:
        return Tup(lists.items(q, owner))
    return Items(q.now(node, g.count), lambda k: lists.whole(g.form, lambda c: Index(c.data, (k,))))


def plain(node: ast.Call, least: int, most: int) -> list[ast.expr]:
    if node.keywords or not least <= len(node.args) <= most or any(isinstance(a, ast.Starred) for a in node.args):
        raise Refusal(
            f"these arguments of `{ast.unparse(node.func)}` are not supported",
            "give them by position, as in range(start, stop, step)",
        )
    return node.args


def range_(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    args = q.each(plain(node, 1, 3), lambda n: operand(q, n))
    start, stop = (Const(0), args[0]) if len(args) == 1 else args[:2]
    step = args[2] if len(args) == 3 else Const(1)
    return Range((start, stop, step))


def prange_(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    it = range_(q, node, target)
    assert isinstance(it, Range)
    return replace(it, parallel=it.bounds[2] == Const(1))  # Numba knows no other steps


def checkpointed_(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    over, snapshots = marked(q, node)
    it = iteration(q, over, target)
    refuse_marked(it)
    if isinstance(it, Tup):
        raise Refusal("a loop over a tuple or a list of known length is written out: nothing can be kept of it")
    if isinstance(it, Items):
        return replace(it, snapshots=snapshots)
    return replace(it, snapshots=snapshots, parallel=False)


def marked(q: Parser, node: ast.Call) -> tuple[ast.expr, int]:
    """What `checkpointed(over, budget)` goes over, and its budget."""
    given = dict(zip(("over", "budget"), node.args, strict=False)) | {k.arg: k.value for k in node.keywords}
    if given.keys() != {"over", "budget"} or len(node.args) + len(node.keywords) != 2:
        raise Refusal("`checkpointed` takes what the loop goes over, and a budget", "write checkpointed(range(n), 10)")
    budget = expr(q, given["budget"])
    if not isinstance(budget, Const) or type(budget.value) is not int or budget.value < 1:
        remedy = "write a number, or the name of a global one"
        raise Refusal("the budget of `checkpointed` must be known when compiling, and at least 1", remedy)
    return given["over"], budget.value


def calls_checkpointed(q: Parser, node: ast.Call) -> bool:
    fn = node.func
    return isinstance(fn, (ast.Name, ast.Attribute)) and expr(q, fn) == Static(checkpointed)


def refuse_marked(it: Iteration) -> None:
    if not isinstance(it, Tup) and it.snapshots:
        raise Refusal("`checkpointed` must stand around all that the loop goes over")


def numbered(q: Parser, node: ast.expr, it: Iteration) -> Items:
    """Any iteration as items by number."""
    refuse_marked(it)
    match it:
        case Items():
            return it
        case Range((start, stop, step)):
            if start == Const(0) and step == Const(1):
                return Items(q.temp(node, Call(p.trips, (start, stop, step))), lambda k: k)
            start, step = q.now(node, start), q.now(node, step)

            def at(k: Expr) -> Value:
                return Call(op.add, (start, q.temp(node, Call(op.mul, (k, step)))))

            return Items(q.temp(node, Call(p.trips, (start, stop, step))), at)
    raise Refusal("this combination of iterators is not supported", "write nested loops over ranges", q.loc(node))


def enumerate_(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    starts = node.args[1:] + [k.value for k in node.keywords if k.arg == "start"]
    if not node.args or len(starts) > 1 or len(starts) + 1 != len(node.args) + len(node.keywords):
        raise Refusal("these arguments of `enumerate` are not supported", "write enumerate(a) or enumerate(a, start)")
    start = q.now(node, operand(q, starts[0])) if starts else Const(0)
    inner = iteration(q, node.args[0], second(target))
    if isinstance(inner, Tup):
        if not isinstance(start, Const):
            raise Refusal(
                "the start of `enumerate` over a tuple must be a constant", "count from 0, and add to the number"
            )
        return Tup(tuple(Tup((Const(k + start.value), v)) for k, v in enumerate(inner.items)))
    items = numbered(q, node, inner)

    def at(k: Expr) -> Value:
        return Tup((k if start == Const(0) else Call(op.add, (k, start)), items.at(k)))

    return Items(items.count, at)


def second(target: ast.expr) -> ast.expr:
    return target.elts[1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else target


def zip_(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    plain(node, 1, 99)
    parts = [iteration(q, a, target) for a in node.args]
    if all(isinstance(it, Tup) for it in parts):
        return Tup(tuple(Tup(t) for t in zip(*(it.items for it in parts), strict=False)))  # type: ignore[union-attr]
    lengths = [len(it.items) for it in parts if isinstance(it, Tup)]
    items = [it if isinstance(it, Tup) else numbered(q, node, it) for it in parts]
    if lengths:
        return along_tuples(q, node, items, min(lengths))
    arrays = [it for it in items if isinstance(it, Items)]
    count = arrays[0].count
    for it in arrays[1:]:
        if it.count != count:
            count = q.temp(node, Call(min, (count, it.count)))
    return Items(count, lambda k: Tup(tuple(it.at(k) for it in arrays)))


def along_tuples(q: Parser, node: ast.Call, items: list[Any], n: int) -> Tup:
    """`zip` of tuples and arrays, which must not be shorter than the tuples."""
    for it in items:
        if isinstance(it, Items):
            q.require(node, Call(op.ge, (it.count, Const(n))), ValueError, f"zip with a tuple of {n} items: too short")
    at = [it.items.__getitem__ if isinstance(it, Tup) else lambda k, it=it: it.at(Const(k)) for it in items]
    return Tup(tuple(Tup(tuple(get(k) for get in at)) for k in range(n)))


def reversed_(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    it = iteration(q, plain(node, 1, 1)[0], target)
    refuse_marked(it)
    match it:
        case Tup(values):
            return Tup(values[::-1])
        case Range((start, stop, Const(1))):
            last = q.operand(node, difference(stop, Const(1)))
            return Range((last, q.operand(node, difference(start, Const(1))), Const(-1)))
        case Range((start, stop, step)):
            n = q.temp(node, Call(p.trips, (start, stop, step)))
            steps = q.temp(node, Call(op.mul, (q.temp(node, Call(op.sub, (n, Const(1)))), step)))
            last = q.temp(node, Call(op.add, (start, steps)))
            before = q.temp(node, Call(op.sub, (start, step)))
            return Range((last, before, q.temp(node, Call(op.neg, (step,)))))
        case Items(count, at):
            final = q.temp(node, Call(op.sub, (count, Const(1))))
            return Items(count, lambda k: at(q.temp(node, Call(op.sub, (final, k)))))
    raise Refusal("this cannot be reversed", "write a range with a negative step")


def difference(a: Expr, b: Const) -> Expr:
    return Const(a.value - b.value) if isinstance(a, Const) else Call(op.sub, (a, b))


def ndindex(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    args = plain(node, 1, 99)
    values = [expr(q, a) for a in args]
    if len(values) == 1 and isinstance(values[0], Tup):
        values = list(values[0].items)
    elif len(values) == 1 and not isinstance(values[0], (Var, Const)):
        from .statements import items

        if not isinstance(target, (ast.Tuple, ast.List)):
            raise Refusal("np.ndindex of a shape needs one name an axis", "write for i, j in np.ndindex(a.shape)")
        values = items(q, node, values[0], len(target.elts))
    extents = [q.operand(node, v) for v in values]
    return Grid(tuple(map(up_to, extents)), lambda k: Tup(k))


def ndenumerate(q: Parser, node: ast.Call, target: ast.expr) -> Iteration:
    from .statements import items

    array = q.temp(node, operand(q, plain(node, 1, 1)[0]))
    if not (isinstance(target, ast.Tuple) and len(target.elts) == 2 and isinstance(target.elts[0], ast.Tuple)):
        raise Refusal("np.ndenumerate needs one name an axis", "write for (i, j), v in np.ndenumerate(a)")
    axes = items(q, node, Call(p.shape_of, (array,)), len(target.elts[0].elts))
    ranges = tuple(up_to(q.operand(node, n)) for n in axes)
    return Grid(ranges, lambda k: Tup((Tup(k), Index(array, k))))


MAKERS: tuple[tuple[object, Callable[[Parser, ast.Call, ast.expr], Iteration]], ...] = (
    (range, range_),
    (numba.prange, prange_),
    (checkpointed, checkpointed_),
    (enumerate, enumerate_),
    (zip, zip_),
    (reversed, reversed_),
    (np.ndindex, ndindex),
    (np.ndenumerate, ndenumerate),
)
