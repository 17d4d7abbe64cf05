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
from functools import partial
from typing import Any

import numpy as np

from sourcead.errors import Unsupported, spelled
from sourcead.rules import RULES, Rule
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

    __slots__ = ("__weakref__", "k", "origin", "tape", "value", "views")

    def __init__(self, value: Any, tape: Tape, k: int):
        if value.dtype.kind == "c":
            raise Unsupported("the tape does not differentiate through complex numbers", remedy="use sourcead.grad")
        self.value = value
        self.tape = tape
        self.k = k
        self.views: list[weakref.ref[Any]] | None = None


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


# ---- operations; each gives a `Variable` (`tape.make`) --------------------------------------------------


def unary(fn: Callable[..., Any], x: Node, exponent: Any = None) -> Any:
    """`fn(x)`, or `fn(x, exponent)` with a constant exponent."""
    value, tape = x.value, x.tape
    out = tape.count
    tape.count = out + 1
    if exponent is None:
        y = fn(value)
        made = elementwise_pull(fn, 1, 0)
        saved = made[1](value, y) if made else ()
    else:
        y = fn(value, exponent)
        made = elementwise_pull(fn, 2, 0, exponent)
        saved = made[1](value, exponent, y) if made else ()
    if made:
        tape.edges.append((out, x.k, made[0], saved, None, made[2]))
    return tape.make(y, tape, out)


def binary(fn: Callable[..., Any], a: Any, b: Any) -> Any:
    """`fn(a, b)`, elementwise, at least one of them a variable."""
    if not isinstance(b, Node):
        return with_constant(fn, a, a.value, plain(b), 0)
    if not isinstance(a, Node):
        return with_constant(fn, b, plain(a), b.value, 1)
    u, v, tape = a.value, b.value, a.tape
    if b.tape is not tape:
        common_tape([a, b])
    y = fn(u, v)
    out = tape.count
    tape.count = out + 1
    shape = y.shape
    for k, x, mine in ((0, a, u.shape), (1, b, v.shape)):
        made = elementwise_pull(fn, 2, k)
        if made is not None:
            pull, save, fresh = made
            tape.edges.append((out, x.k, pull, save(u, v, y), None if mine == shape else mine, fresh))
    return tape.make(y, tape, out)


def with_constant(fn: Callable[..., Any], x: Node, u: Any, v: Any, k: int) -> Any:
    """`fn(u, v)`, of which argument `k` is the value of `x` and the other one is constant."""
    y = fn(u, v)
    tape = x.tape
    out = tape.count
    tape.count = out + 1
    made = elementwise_pull(fn, 2, k)
    if made is not None:
        pull, save, fresh = made
        saved = save(u, v, y)
        other = u if k else v
        if saved and isinstance(other, np.ndarray):
            saved = tuple([kept(s) if s is other else s for s in saved])
        mine = x.value.shape
        tape.edges.append((out, x.k, pull, saved, None if mine == y.shape else mine, fresh))
    return tape.make(y, tape, out)


def elementwise(fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """`fn(*args)`, elementwise with any number of arguments."""
    active = [(k, a) for k, a in enumerate(args) if isinstance(a, Node)]
    tape = active[0][1].tape if len(active) == 1 else common_tape([a for _, a in active])
    values = [a.value if isinstance(a, Node) else kept(plain(a)) for a in args]
    y = fn(*values)
    if not y.shape:
        y = y[()]  # np.where gives arrays of rank zero
    out = tape.count
    tape.count = out + 1
    for k, x in active:
        made = elementwise_pull(fn, len(args), k)
        if made is not None:
            pull, save, fresh = made
            mine = values[k].shape
            tape.edges.append((out, x.k, pull, save(*values, y), None if mine == y.shape else mine, fresh))
    return tape.make(y, tape, out)


def product(fn: Callable[..., Any], a: Any, b: Any) -> Any:
    """A bilinear function: `dot` and its relatives."""
    u = a.value if isinstance(a, Node) else kept(np.asarray(a))
    v = b.value if isinstance(b, Node) else kept(np.asarray(b))
    active = [(k, x) for k, x in ((0, a), (1, b)) if isinstance(x, Node)]
    tape = active[0][1].tape if len(active) == 1 else common_tape([a, b])
    y = fn(u, v)
    out = tape.count
    tape.count = out + 1
    ranks = (u.ndim, v.ndim)
    quick = fn in DOTS and ranks in SMALL_RANKS
    for k, x in active:
        if quick:
            pull, save, _ = dot_pull(ranks, k)
            tape.edges.append((out, x.k, pull, save(u, v, y), None, True))
        else:
            saved = (Like(u), v) if k == 0 else (u, Like(v))
            tape.edges.append((out, x.k, RULES[fn].shares[k], saved, None, True))
    return tape.make(y, tape, out)


SMALL_RANKS = {(1, 1), (1, 2), (2, 1), (2, 2)}
DOTS = {np.dot, np.matmul}


def function(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A linear or general function of arrays, with parameters by position or by name."""
    rule = RULES[fn]
    active = [k for k, a in enumerate(args) if isinstance(a, Node)]
    if not active or active[-1] >= len(rule.shares):
        raise Unsupported(f"{spelled(fn)} is not differentiated with respect to its argument {active[-1:] or kwargs}")
    tape = args[0].tape if active == [0] else common_tape([args[k] for k in active])
    values = tuple([a.value if isinstance(a, Node) else kept(plain(a) if k == 0 else a) for k, a in enumerate(args)])
    y = QUICK.get(fn, fn)(*values, **kwargs)
    if rule.results:
        return results(rule, args, active, tuple(y), values, tape)
    out = tape.count
    tape.count = out + 1
    saved = (Like(values[0]), *values[1:]) if rule.kind == "linear" else (y, *values)
    for k in active:
        pull = partial(rule.shares[k], **kwargs) if kwargs else rule.shares[k]
        tape.edges.append((out, args[k].k, pull, saved, None, rule.kind != "linear"))
    return tape.make(y, tape, out)


def results(
    rule: Rule, args: tuple[Any, ...], active: list[int], y: tuple[Any, ...], values: tuple[Any, ...], tape: Tape
) -> tuple[Any, ...]:
    """Several results: the shares are linear in their adjoints, so each passes on its own."""
    made = []
    for j, part in enumerate(y):
        out = tape.constant(part)
        for k in active:
            tape.edges.append((out.k, args[k].k, partial(share_of_result, rule, j, k), (y, *values), None, True))
        made.append(out)
    return tuple(made)


def share_of_result(rule: Rule, j: int, k: int, y_bar: Any, y: tuple[Any, ...], *values: Any) -> Any:
    bars = tuple([y_bar if i == j else None for i in range(len(y))])
    share = rule.shares[k](bars, y, *values)
    return np.zeros(values[k].shape, values[k].dtype) if share is None else share


def reducer(ufunc: Any) -> Callable[..., Any]:
    return lambda x, axis=None, keepdims=False: ufunc.reduce(x, axis, None, None, keepdims)


QUICK = {np.sum: reducer(np.add), np.max: reducer(np.maximum), np.min: reducer(np.minimum)}
"""What NumPy's functions do in the end, without what they do before."""


def cast(x: Node, dtype: Any) -> Any:
    tape, source = x.tape, x.value.dtype
    y = tape.constant(x.value.astype(dtype))
    tape.edges.append((y.k, x.k, lambda y_bar: y_bar.astype(source), (), None, True))
    return y


# ---- reading and writing elements --------------------------------------------------------------------------


def frozen(index: Any) -> Any:
    """A plain index as it is now."""
    if isinstance(index, tuple):
        return tuple([i if isinstance(i, (int, slice)) else frozen(i) for i in index])
    if isinstance(index, np.ndarray):
        return kept(index)
    if isinstance(index, Node):
        return index.value
    return np.array(strip(index)) if isinstance(index, list) else index


def is_basic(index: Any) -> bool:
    """Does the index give an element or a view, not a selection that NumPy copies?"""
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(i, (int, slice, np.integer)) or i is None or i is Ellipsis for i in parts)


def read(x: Node, index: Any, basic: bool) -> Any:
    """`x[index]`, with an index that nobody changes."""
    value, tape = x.value, x.tape
    y = value[index]
    out = tape.count
    tape.count = out + 1
    saved = (index, not basic and repeats(index), value.dtype)
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
