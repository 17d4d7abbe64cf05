"""Lists: while all items are known one by one they are variables; a list that a loop changes is an array with a count.

A list value is a reference: what the list holds stands in the store, under a key of its own, so that two names of one
list see the same changes, in helpers too, and what branches and loops do to it is joined like what they do to names.
"""

from __future__ import annotations

import ast
import operator as op
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from .. import primitives as p
from ..ir import Assign, Call, Const, Expr, Index, Slice
from . import records
from .activation import inside
from .parser import Parser, labels
from .values import Column, Dictionary, Grown, Listing, Record, Reformed, Refusal, Tup, Unclear, Value, is_code

Contents = Tup | Grown
CHANGING = ("append", "pop", "extend", "insert", "clear", "remove", "sort", "reverse")


def new(q: Parser, node: ast.AST, items: tuple[Value, ...]) -> Listing:
    made = Listing(f"[{next(q.serial)}]")
    put(q, node, made, Tup(items))
    return made


def put(q: Parser, node: ast.AST, owner: Listing, contents: Tup) -> None:
    may_change(q, owner)
    q.store[owner.key] = q.keep(node, owner.key, "item", contents)


def may_change(q: Parser, owner: Listing) -> None:
    q.own(owner.key)
    if owner.key in q.iterated:
        raise Refusal("a list cannot change while a loop goes over it", "go over its indices, or make another list")


def contents(q: Parser, owner: Listing) -> Contents:
    match q.store.get(owner.key):
        case Tup() | Grown() as found:
            return found
        case Unclear() | None:
            raise Refusal(
                "the list does not have the same number of items on all paths to this place",
                "add to it on both sides of an if, or keep numbers in an array",
            )
    raise Refusal


def known(q: Parser, v: Value) -> Value:
    """The items of a list that is known item by item, as a tuple; what a dict holds; any other value as it is."""
    if isinstance(v, Listing):
        found = contents(q, v)
        return found if isinstance(found, Tup) else v
    return records.contents(q, v) if isinstance(v, Dictionary) else v


def items(q: Parser, v: Listing) -> tuple[Value, ...]:
    found = contents(q, v)
    if isinstance(found, Grown):
        raise Refusal("a list that a loop has changed cannot be joined or repeated", "make an array of it: np.array(a)")
    return found.items


def grown(q: Parser, v: Value) -> Grown | None:
    found = contents(q, v) if isinstance(v, Listing) else None
    return found if isinstance(found, Grown) else None


def filled(q: Parser, v: Value) -> Value:
    """What `if items:` asks of a list whose length is computed; any other value as it is."""
    g = grown(q, v)
    return Call(op.gt, (g.count, Const(0))) if g is not None else v


# ---- arrays with a count ------------------------------------------------------------------------------


def changed_by(nodes: Iterable[ast.AST]) -> Counter[tuple[str, str]]:
    """Names whose `append` and the like are called, with the method, and how often."""
    found: Counter[tuple[str, str]] = Counter()
    for n in (x for s in nodes for x in inside(s)):
        match n:
            case ast.Call(ast.Attribute(ast.Name(name), method)) if method in CHANGING:
                found[name, method] += 1
    return found


def computed_places(nodes: Iterable[ast.AST]) -> set[str]:
    """Names of which items are assigned at indices that are no constants."""
    found = set()
    for n in (x for s in nodes for x in inside(s)):
        match n:
            case ast.Subscript(ast.Name(name), index, ast.Store()):
                if not isinstance(index, (ast.Constant, ast.UnaryOp)):
                    found.add(name)
    return found


def changing(q: Parser, node: ast.For) -> bool:
    """Does each iteration make a list longer or shorter that is known item by item?"""
    if any(isinstance(n, (ast.Break, ast.Continue, ast.Return)) for s in node.body for n in inside(s)):
        return False
    owners = (q.act.env.get(name) for name, _ in changed_by(node.body))
    return any(isinstance(o, Listing) and isinstance(q.store.get(o.key), Tup) for o in owners)


def before_branch(q: Parser, node: ast.If) -> None:
    """Lists that have another length behind one branch than behind the other become arrays, as before loops."""
    one, other = changed_by(node.body), changed_by(node.orelse)
    lengths = {name for name, _ in (one - other) + (other - one)}
    as_arrays(q, node, lengths | computed_places([*node.body, *node.orelse]))


def before_loop(q: Parser, node: ast.For | ast.While) -> None:
    """Lists that the loop makes longer or shorter, or assigns items of by number, become arrays."""
    as_arrays(q, node, {name for name, _ in changed_by(node.body)} | computed_places(node.body))


def as_arrays(q: Parser, node: ast.AST, names: set[str]) -> None:
    for name in sorted(names):
        owner = q.act.env.get(name)
        if isinstance(owner, Listing) and isinstance(q.store.get(owner.key), Tup):
            as_array(q, node, owner, name)


def as_array(q: Parser, node: ast.AST, owner: Listing, name: str) -> Grown:
    items = contents(q, owner)
    assert isinstance(items, Tup)
    n = len(items.items)
    like = items.items[0] if n else q.forms.get(owner.key)
    size = 0 if like is not None and not n else max(n, FIRST)  # of arrays that are not there yet, there are no rows
    made = room(q, node, owner, name, Const(size), Const(n), like, n > 0)
    for k, v in enumerate(items.items):
        store(q, node, made, Const(k), v)
    return made


def formed(q: Parser, node: ast.AST, parse: Callable[[], None]) -> None:
    """Parse a loop or a branch; once more when a list turns out to change its length, or to hold tuples."""
    before = q.state()
    while True:
        try:
            parse()
            return
        except Reformed as r:
            if not isinstance(before.moment.store.get(r.key), Tup):
                raise  # it became an array further out
            q.restore(before)
            if r.form is not None:
                q.forms[r.key] = r.form
                continue
            name = next((n for n, v in q.act.env.items() if v == Listing(r.key)), "list")
            as_array(q, node, Listing(r.key), name)
            before = q.state()


def of_one_length(q: Parser, start: Mapping[str, Value]) -> None:
    """Behind a branch: lists that have another length on one side than on the other become arrays before it."""
    for key, before in start.items():
        if isinstance(before, Tup) and isinstance(q.store[key], Unclear) and may_be_array(before.items):
            raise Reformed(key)


def may_be_array(items: tuple[Value, ...]) -> bool:
    """Are the items all numbers or arrays, or tuples of one form?"""
    if all(map(is_code, items)):
        return True
    return all(isinstance(v, (Tup, Record)) and is_formed(items[0], v) and may_be_array(v.items) for v in items)


FIRST = 8  # the room for items at first


def room(
    q: Parser,
    node: ast.AST,
    owner: Listing,
    name: str,
    size: Expr,
    count: Expr,
    like: Value | None = None,
    shaped: bool = False,
) -> Grown:
    """New arrays for items that are made like `like`, and of its shapes if these are known (`shaped`)."""
    columns: list[str] = []

    def column(v: Value | None, base: str) -> Value:
        number = next(q.serial)
        data = q.variable((owner.key, "items", len(columns)), base)
        columns.append(data.name)
        shape = (q.operand(node, v),) if shaped and v is not None else ()
        q.emit(node, data, Call(p.room, (size, Const(number), *shape)))
        return Column(data, number)

    def made(v: Value | None, base: str) -> Value:
        if not isinstance(v, (Tup, Record)):
            return column(v, base)
        return replace(v, items=tuple(made(i, f"{base}_{f}") for i, f in zip(v.items, labels(v), strict=True)))

    form = made(like, f"{name}_items")
    n = q.variable((owner.key, "count"), f"{name}_count")
    q.emit(node, n, count)
    grown = q.store[owner.key] = Grown(form, n)
    return grown


def parts(form: Value, v: Value) -> Iterator[tuple[Column, Value]]:
    """The columns, each with its part of an item."""
    if isinstance(form, Column):
        yield form, v
        return
    if not is_formed(form, v):
        raise Refusal(
            "the items of a list that a loop changes must be tuples of the same form, or all be numbers",
            "append items of one form",
        )
    for f, i in zip(form.items, v.items, strict=True):  # type: ignore[union-attr]
        yield from parts(f, i)


def is_formed(form: Value, v: Value) -> bool:
    if isinstance(form, Tup) and isinstance(v, Tup):
        return (len(form.items), form.fields) == (len(v.items), v.fields)
    return isinstance(form, Record) and isinstance(v, Record) and form.names == v.names


def whole(form: Value, part: Callable[[Column], Value]) -> Value:
    """An item, by its parts."""
    if isinstance(form, Column):
        return part(form)
    assert isinstance(form, (Tup, Record))
    return replace(form, items=tuple(whole(i, part) for i in form.items))


def at_place(q: Parser, node: ast.AST, g: Grown, at: Expr) -> Value:
    """The item at an index that is in range."""
    if isinstance(g.form, Column):
        return Index(g.form.data, (at,))
    return whole(g.form, lambda c: q.temp(node, Index(c.data, (at,))))


def store(q: Parser, node: ast.AST, g: Grown, at: Expr, v: Value) -> None:
    pairs = [(c, q.operand(node, i)) for c, i in parts(g.form, v)]
    for c, i in pairs:
        q.out.append(Assign(q.loc(node), Index(c.data, (at,)), Call(p.element, (i, Const(c.number)))))


def place(q: Parser, node: ast.AST, g: Grown, k: Value) -> Expr:
    """The index of an item, counted from the front."""
    at = q.operand(node, k)
    if isinstance(at, Const) and type(at.value) is int:
        if at.value < 0:
            at = q.temp(node, Call(op.add, (g.count, at)))
            q.require(node, Call(op.ge, (at, Const(0))), IndexError, "list index out of range")
            return at
    else:
        at = q.temp(node, Call(p.from_front, (at, g.count)))
        q.require(node, Call(op.ge, (at, Const(0))), IndexError, "list index out of range")
    q.require(node, Call(op.lt, (at, g.count)), IndexError, "list index out of range")
    return at


def array(q: Parser, node: ast.AST, g: Grown) -> Expr:
    """The items as an array."""
    return q.temp(node, Index(single(g).data, (Slice(Const(0), g.count, None),)))


def single(g: Grown) -> Column:
    if not isinstance(g.form, Column):
        raise Refusal("a list of tuples cannot be used as an array", "make a list of each of the items")
    return g.form


def append(q: Parser, node: ast.AST, owner: Listing, g: Grown, v: Value) -> None:
    if isinstance(g.form, Column) and isinstance(v, (Tup, Record)):
        if owner.key in q.forms or len(v.items) == 0:
            raise Refusal(
                "the items of a list that a loop changes must be all tuples, or all numbers or arrays",
                "append items of one kind",
            )
        raise Reformed(owner.key, v)
    if isinstance(v, Listing):
        raise Refusal("lists in a list that a loop changes are not supported", "append arrays: np.array(...)")
    if isinstance(v, Dictionary):
        raise Refusal("dicts in a list that a loop changes are not supported", "append tuples or named tuples")
    pairs = [(c, q.operand(node, i)) for c, i in parts(g.form, v)]
    first = pairs[0][0]
    full = q.temp(node, Call(op.eq, (g.count, q.extent(node, first.data))))

    def longer() -> None:
        twice = q.temp(node, Call(op.mul, (Const(2), g.count)))
        size = q.temp(node, Call(op.add, (twice, Const(FIRST))))  # the array may be empty
        for c, i in pairs:
            wider = q.temp(node, Call(p.room, (size, Const(c.number), i)))
            q.emit(node, Index(wider, (Slice(Const(0), g.count, None),)), c.data)
            q.emit(node, c.data, wider)

    q.branch(node, full, longer, lambda: None)
    for c, i in pairs:
        q.out.append(Assign(q.loc(node), Index(c.data, (g.count,)), Call(p.element, (i, Const(c.number)))))
    q.emit(node, g.count, Call(op.add, (g.count, Const(1))))


def last(q: Parser, node: ast.AST, g: Grown) -> Value:
    """`items.pop()`"""
    q.require(node, Call(op.gt, (g.count, Const(0))), IndexError, "pop from empty list")
    at = q.temp(node, Call(op.sub, (g.count, Const(1))))
    v = whole(g.form, lambda c: q.temp(node, Index(c.data, (at,))))
    q.emit(node, g.count, at)
    return v


def removed(q: Parser, node: ast.AST, g: Grown, k: Value) -> Value:
    """`items.pop(k)`: what is behind the item moves up."""
    at = place(q, node, g, k)
    v = whole(g.form, lambda c: q.temp(node, Index(c.data, (at,))))
    rest = q.temp(node, Call(op.sub, (g.count, Const(1))))
    move(q, node, g, q.temp(node, Call(op.add, (at, Const(1)))), g.count, at, rest)
    q.emit(node, g.count, rest)
    return v


def inserted(q: Parser, node: ast.AST, owner: Listing, g: Grown, k: Value, v: Value) -> None:
    """`items.insert(k, v)`: what is behind the place moves down; numbers out of range mean the ends."""
    before = q.temp(node, g.count)
    at = q.temp(node, Call(p.from_front, (q.operand(node, k), before)))
    at = q.temp(node, Call(min, (q.temp(node, Call(max, (at, Const(0)))), before)))
    append(q, node, owner, g, v)
    move(q, node, g, at, before, q.temp(node, Call(op.add, (at, Const(1)))), g.count)
    store(q, node, g, at, v)


def move(q: Parser, node: ast.AST, g: Grown, start: Expr, stop: Expr, to: Expr, end: Expr) -> None:
    """`items[to:end] = items[start:stop]`"""
    for c, _ in parts(g.form, g.form):
        moved = q.temp(node, Index(c.data, (Slice(start, stop, None),)))
        q.out.append(Assign(q.loc(node), Index(c.data, (Slice(to, end, None),)), moved))


# ---- what programs do with lists ---------------------------------------------------------------------------


def item(q: Parser, node: ast.expr, owner: Listing, index: ast.expr) -> Value:
    from . import tuples
    from .expressions import expr

    found = contents(q, owner)
    if isinstance(found, Tup):
        v = tuples.item(q, node, found, index)
        return new(q, node, v.items) if isinstance(index, ast.Slice) and isinstance(v, Tup) else v
    if isinstance(index, ast.Slice):
        raise Refusal("a slice of a list that a loop has changed is not supported", "make an array of it: np.array(a)")
    return at_place(q, node, found, place(q, node, found, expr(q, index)))


def assign(q: Parser, node: ast.AST, owner: Listing, index: ast.expr, value: Value) -> None:
    """`a[i] = value`"""
    from .expressions import expr

    if isinstance(index, ast.Slice):
        raise Refusal("a slice of a list cannot be assigned", "assign the items one by one, or use an array")
    found, k = contents(q, owner), expr(q, index)
    if isinstance(found, Tup):
        if not (isinstance(k, Const) and type(k.value) is int):
            q.unknown_indices += 1
            may_change(q, owner)
            g = as_array(q, node, owner, "item")
            store(q, node, g, place(q, node, g, k), value)
            return
        if not -len(found.items) <= k.value < len(found.items):
            raise Refusal(
                f"a list of {len(found.items)} items has no item {k.value}",
                "indices go from 0 to the number of items less one",
            )
        items = list(found.items)
        items[k.value] = value
        put(q, node, owner, Tup(tuple(items)))
        return
    may_change(q, owner)
    store(q, node, found, place(q, node, found, k), value)


def method(q: Parser, node: ast.AST, owner: Listing, name: str, args: list[Value]) -> Value:
    found = contents(q, owner)
    if name in CHANGING:
        may_change(q, owner)
    match name, args, found:
        case "append", [v], Tup(items):
            put(q, node, owner, Tup((*items, v)))
            return Const(None)
        case "append", [v], Grown():
            append(q, node, owner, found, v)
            return Const(None)
        case "extend", [v], Tup(items) if isinstance(known(q, v), Tup):
            put(q, node, owner, Tup(items + known(q, v).items))  # type: ignore[union-attr]
            return Const(None)
        case "extend", [v], _:
            from .comprehensions import extended

            extended(q, node, owner, v)
            return Const(None)
        case "pop", [], Grown():
            return last(q, node, found)
        case "pop", [k], Grown():
            return removed(q, node, found, k)
        case "insert", [k, v], Grown():
            inserted(q, node, owner, found, k, v)
            return Const(None)
        case "insert", [Const(int() as at), v], Tup(items):
            rest = list(items)
            rest.insert(at, v)
            put(q, node, owner, Tup(tuple(rest)))
            return Const(None)
        case "clear", [], Grown():
            q.emit(node, found.count, Const(0))
            return Const(None)
        case "clear", [], Tup():
            put(q, node, owner, Tup(()))
            return Const(None)
        case "pop", ([] | [Const(int())]), Tup(items) if items:
            at = args[0].value if args else -1  # type: ignore[union-attr]
            rest = list(items)
            v = rest.pop(at)
            v = q.now(node, v) if is_code(v) else v  # type: ignore[arg-type]
            put(q, node, owner, Tup(tuple(rest)))
            return v
        case "reverse", [], Tup(items):
            put(q, node, owner, Tup(items[::-1]))
            return Const(None)
        case "copy", [], Tup(items):
            return new(q, node, items)
    raise Refusal(f"`.{name}` of a list is not supported here", "use append, insert, pop and indices, or an array")


def as_index(q: Parser, node: ast.AST, owner: Listing) -> Expr:
    """`a[[0, 2]]`: the items as an array of integers."""
    found = contents(q, owner)
    if isinstance(found, Grown):
        return array(q, node, found)
    if not all(map(is_code, found.items)) or not found.items:
        raise Refusal("a list as an index must hold integers", "use np.array([...])")
    return q.temp(node, Call(p.array_of, tuple(q.operand(node, i) for i in found.items)))


def repeated(q: Parser, node: ast.AST, items: tuple[Value, ...], times: Expr) -> Listing:
    """`[v] * n`"""
    if len(items) != 1 or not is_code(items[0]):
        raise Refusal("only a list of one number can be repeated a computed number of times", "use an array")
    made = new(q, node, ())
    n = q.temp(node, Call(max, (times, Const(0))))
    g = room(q, node, made, "item", n, n)
    store(q, node, g, Const(Ellipsis), items[0])
    return made
