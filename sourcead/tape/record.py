"""The tape and what is written on it.

An *edge* says how one argument of one operation receives its share:

    (out, parent, pull, saved, shape, fresh)

`out` and `parent` number the variables in order of creation, so that the list of edges, read backwards, is a
topological order: no graph is walked and nothing recurs.  `shape` is the argument's where it was broadcast and
None where it was not; `fresh` tells that the pull makes a new array.  A pull of None is a read `x[index]`: its
share is added in place.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from sourcead.errors import Unsupported
from sourcead.rules import RULES
from sourcead.rules.array import repeats

from .pulls import dot_pull, elementwise_pull

Edge = tuple[int, int, Any, tuple[Any, ...], Any, bool]


class Tape:
    """One gradient call: its edges, and how many variables there are."""

    __slots__ = ("count", "edges", "make")

    def __init__(self, make: type[Node]) -> None:
        self.edges: list[Edge] = []
        self.count = 0
        self.make = make

    def constant(self, value: Any) -> Node:
        """A variable without history."""
        self.count += 1
        return self.make(value, self, self.count - 1)


class Node:
    """A value on the tape: `value` is the NumPy array or number, never changed in place; `k` is its number."""

    __slots__ = ("__weakref__", "is_view", "k", "tape", "value", "views")

    def __init__(self, value: Any, tape: Tape, k: int):
        self.value = value
        self.tape = tape
        self.k = k
        self.is_view = False
        self.views: list[weakref.ref[Node]] | None = None


class Like:
    """Shape and dtype of an array whose elements the backward sweep does not need."""

    __slots__ = ("dtype", "ndim", "shape")

    def __init__(self, x: Any):
        self.shape, self.ndim, self.dtype = x.shape, x.ndim, x.dtype


def common_tape(variables: list[Node]) -> Tape:
    tape = variables[0].tape
    for v in variables:
        if v.tape is not tape:
            raise Unsupported(
                "a value from one gradient call of the tape is used in another one",
                remedy="do not keep values of a differentiated function; for second derivatives use sourcead.grad",
            )
    return tape


def kept(a: Any) -> Any:
    """A plain array as it is now: the program may overwrite it before the backward sweep reads it."""
    return a.copy() if isinstance(a, np.ndarray) and a.flags.writeable else a


def value_of(x: Any) -> Any:
    return x.value if isinstance(x, Node) else x


def strip(x: Any) -> Any:
    """Plain values throughout a structure of tuples, lists and dictionaries."""
    if isinstance(x, Node):
        return x.value
    if isinstance(x, (tuple, list)):
        parts = [strip(v) for v in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if isinstance(x, dict):
        return {k: strip(v) for k, v in x.items()}
    return x


def plain(a: Any) -> Any:
    """Lists among the operands become arrays."""
    return np.asarray(a) if isinstance(a, (list, tuple)) else a


# ---- operations ------------------------------------------------------------------------------------------


def unary(fn: Callable[..., Any], x: Node, exponent: float | None = None) -> Node:
    """`fn(x)`, or `fn(x, exponent)` with a constant exponent."""
    value, tape = x.value, x.tape
    y = fn(value) if exponent is None else fn(value, exponent)
    out = tape.count
    tape.count = out + 1
    made = elementwise_pull(fn, 1 if exponent is None else 2, 0, exponent)
    if made is not None:
        saved = made.save(value, y) if exponent is None else made.save(value, exponent, y)
        tape.edges.append((out, x.k, made.pull, saved, None, made.fresh))
    return tape.make(y, tape, out)


def binary(fn: Callable[..., Any], a: Any, b: Any) -> Node:
    """`fn(a, b)`, elementwise, at least one of them a variable."""
    if isinstance(a, Node):
        u, tape = a.value, a.tape
        if isinstance(b, Node):
            v = b.value
            if b.tape is not tape:
                common_tape([a, b])
        else:
            b = v = plain(b)
    else:
        a = u = plain(a)
        v, tape = b.value, b.tape
    y = fn(u, v)
    out = tape.count
    tape.count = out + 1
    shape = y.shape
    for k, x in ((0, a), (1, b)):
        if isinstance(x, Node):
            made = elementwise_pull(fn, 2, k)
            if made is None:
                continue
            saved = made.save(u, v, y)
            if (a is u or b is v) and saved:  # the other one is not a variable
                other = u if a is u else v
                saved = tuple(kept(s) if s is other else s for s in saved)
            mine = x.value.shape
            tape.edges.append((out, x.k, made.pull, saved, None if mine == shape else mine, made.fresh))
    return tape.make(y, tape, out)


def elementwise(fn: Callable[..., Any], args: tuple[Any, ...]) -> Node:
    """`fn(*args)`, elementwise with any number of arguments."""
    args = tuple(a if isinstance(a, Node) else kept(plain(a)) for a in args)
    tape = common_tape([a for a in args if isinstance(a, Node)])
    values = tuple(a.value if isinstance(a, Node) else a for a in args)
    y = fn(*values)
    if y.shape == ():
        y = y[()]  # np.where gives arrays of rank zero
    out = tape.count
    tape.count = out + 1
    for k, x in enumerate(args):
        if isinstance(x, Node):
            made = elementwise_pull(fn, len(args), k)
            if made is not None:
                mine = x.value.shape
                shape = None if mine == y.shape else mine
                tape.edges.append((out, x.k, made.pull, made.save(*values, y), shape, made.fresh))
    return tape.make(y, tape, out)


def product(fn: Callable[..., Any], a: Any, b: Any) -> Node:
    """A bilinear function: `dot` and its relatives."""
    tape = common_tape([x for x in (a, b) if isinstance(x, Node)])
    u, v = (x.value if isinstance(x, Node) else kept(plain(x)) for x in (a, b))
    y = fn(u, v)
    out = tape.count
    tape.count = out + 1
    ranks = (np.ndim(u), np.ndim(v))
    quick = fn in DOTS and min(ranks) > 0 and max(ranks) <= 2
    for k, x in ((0, a), (1, b)):
        if not isinstance(x, Node):
            continue
        if quick:
            pull, save, _ = dot_pull(ranks, k)
            tape.edges.append((out, x.k, pull, save(u, v, y), None, True))
        else:
            saved = (None, Like(u), v) if k == 0 else (None, u, Like(v))
            tape.edges.append((out, x.k, RULES[fn].shares[k], saved, None, True))
    return tape.make(y, tape, out)


DOTS = {np.dot, np.matmul}


def function(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Node:
    """A linear or general function of arrays, with parameters by position or by name."""
    rule = RULES[fn]
    args = tuple(a if isinstance(a, Node) or k == 0 else kept(a) for k, a in enumerate(args))
    args = (args[0] if isinstance(args[0], Node) else kept(plain(args[0])), *args[1:])
    active = [k for k, a in enumerate(args) if isinstance(a, Node)]
    for k in active:
        if k >= len(rule.shares):
            raise Unsupported(f"np.{fn.__name__} is not differentiated with respect to argument {k}")
    tape = common_tape([args[k] for k in active])
    values = tuple(a.value if isinstance(a, Node) else a for a in args)
    y = fn(*values, **kwargs)
    out = tape.count
    tape.count = out + 1
    for k in active:
        share = rule.shares[k]
        if rule.kind == "linear":
            saved: tuple[Any, ...] = (None, Like(values[0]), *values[1:])
        else:
            saved = (y, *values)
        pull = with_options(share, kwargs) if kwargs else share
        tape.edges.append((out, args[k].k, pull, saved, None, rule.kind != "linear"))
    return tape.make(y, tape, out)


def with_options(share: Callable[..., Any], kwargs: dict[str, Any]) -> Callable[..., Any]:
    return lambda y_bar, *saved: share(y_bar, *saved, **kwargs)


def cast(x: Node, dtype: Any) -> Node:
    tape, source = x.tape, x.value.dtype
    y = tape.constant(x.value.astype(dtype))
    tape.edges.append((y.k, x.k, lambda y_bar: y_bar.astype(source), (), None, True))
    return y


# ---- reading and writing elements --------------------------------------------------------------------------


def frozen(index: Any) -> Any:
    """An index as it is now."""
    if isinstance(index, tuple):
        return tuple(frozen(i) for i in index)
    return np.array(index) if isinstance(index, list) else kept(index)


def read(x: Node, index: Any) -> Node:
    """`x[index]`"""
    value, tape = x.value, x.tape
    simple = isinstance(index, (int, slice))
    index = index if simple else frozen(index)
    y = value[index]
    out = tape.count
    tape.count = out + 1
    saved = (index, not simple and repeats(index), value.dtype)
    tape.edges.append((out, x.k, None, saved, value.shape, True))
    return tape.make(y, tape, out)


def store(x: Node, index: Any, v: Any) -> tuple[Any, int]:
    """Value and number of `x` after `x[index] = v`."""
    tape = x.tape if not isinstance(v, Node) else common_tape([x, v])
    index = frozen(index)
    value = np.array(x.value)
    value[index] = v.value if isinstance(v, Node) else v
    out = tape.count
    tape.count = out + 1
    tape.edges.append((out, x.k, store_old_pull, (index,), None, True))
    if isinstance(v, Node):
        target = value[index]
        last = last_writes(value.shape, index) if repeats(index) else None
        shape = None if np.shape(target) == v.value.shape else v.value.shape
        tape.edges.append((out, v.k, store_new_pull, (index, last), shape, last is not None))
    return value, out


def store_old_pull(y_bar: Any, index: Any) -> Any:
    """What was overwritten receives nothing."""
    x_bar = np.array(y_bar)
    x_bar[index] = 0
    return x_bar


def store_new_pull(y_bar: Any, index: Any, last: Any) -> Any:
    share = y_bar[index]
    return share if last is None else share * last


def last_writes(shape: tuple[int, ...], index: Any) -> Any:
    """Where `x[index] = v` writes an element repeatedly only the last one stays; 1 marks it, 0 the others."""
    writer = np.full(shape, -1)
    order = np.arange(writer[index].size).reshape(writer[index].shape)
    writer[index] = order
    return (writer[index] == order).astype(np.float64)
