"""Products over any axes, and linear algebra of stacks of matrices."""

from __future__ import annotations

import operator as op
import string
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types

from ..spellings import UNKNOWN, constant, is_array, spells

# ---- stacks of matrices ----------------------------------------------------------------------------------


def stack_of(a):
    """The matrices one after another, along one axis."""
    return np.ascontiguousarray(a).reshape((-1, a.shape[-2], a.shape[-1]))


def by_pairs(fn, left, right, y):
    """`fn(left, right)` for each pair in two stacks."""
    for i in range(len(left)):
        y[i] = fn(left[i], right[i])
    return y


@spells(op.matmul, np.matmul)
def matmul(a: Any, b: Any) -> Any:
    """Of stacks: matrix by matrix, the stacks broadcast against one another."""
    if not (is_array(a) and is_array(b)) or max(a.ndim, b.ndim) < 3:
        return None

    def matrix_on_the_left(a, b):
        stack = stack_of(b)
        y = np.empty((len(stack), a.shape[0], b.shape[-1]), (a[:1, :1] * stack[0, :1, :1]).dtype)
        for i in range(len(stack)):
            y[i] = np.dot(a, stack[i])
        return y.reshape(b.shape[:-2] + y.shape[1:])

    def matrix_on_the_right(a, b):
        return np.dot(np.ascontiguousarray(a).reshape((-1, a.shape[-1])), b).reshape(a.shape[:-1] + b.shape[1:])

    def vector_on_the_left(a, b):
        return np.sum(np.expand_dims(a, 1) * b, axis=-2)

    def vector_on_the_right(a, b):
        return np.sum(a * b, axis=-1)

    def stacks(a, b):
        lead = (a[..., :1, :1] * b[..., :1, :1]).shape[:-2]
        left = stack_of(np.broadcast_to(a, lead + a.shape[-2:]))
        right = stack_of(np.broadcast_to(b, lead + b.shape[-2:]))
        y = np.empty((len(left), a.shape[-2], b.shape[-1]), (left[0, :1, :1] * right[0, :1, :1]).dtype)
        return by_pairs(np.dot, left, right, y).reshape(lead + y.shape[1:])

    by_rank = {(1, b.ndim): vector_on_the_left, (a.ndim, 1): vector_on_the_right}
    by_rank |= {(2, b.ndim): matrix_on_the_left, (a.ndim, 2): matrix_on_the_right}
    return by_rank.get((a.ndim, b.ndim), stacks)


FURTHER = string.ascii_uppercase  # for the axes that `...` stands for

# ---- contractions ----------------------------------------------------------------------------------------


@spells(np.einsum)
def einsum(subscripts: Any, *operands: Any) -> Any:
    """Of one operand: diagonals and sums. Of several: two after two, by products of matrices or of elements."""
    text = constant(subscripts)
    if not isinstance(text, str) or not operands or not all(map(is_array, operands)):
        return None
    found = terms_of(text.replace(" ", ""), [o.ndim for o in operands])
    if found is None:
        return None
    terms, out = found
    if len(terms) == 1:
        return of_one(terms[0], out)
    if any(len(set(t)) < len(t) for t in terms):
        return None
    if len(terms) == 2:
        return of_two(terms[0], terms[1], out)
    return of_many(terms, out)


def terms_of(text: str, ranks: list[int]) -> tuple[list[str], str] | None:
    """The indices of the operands and of the result, with letters of their own for the axes of `...`."""
    inputs, arrow, out = text.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        return None
    single = "".join(sorted(c for c in set(inputs) - {",", "."} if inputs.count(c) == 1))
    others = [n - len(t) + 3 if "..." in t else 0 for t, n in zip(terms, ranks, strict=True)]
    letters = "".join(c for c in FURTHER if c not in text)[: max(others)]
    if min(others) < 0 or len(letters) < max(others) or (arrow and letters and "..." not in out):
        return None
    terms = [t.replace("...", letters[len(letters) - k :]) for t, k in zip(terms, others, strict=True)]
    out = out.replace("...", letters) if arrow else letters + single
    if any(len(t) != n for t, n in zip(terms, ranks, strict=True)) or len(set(out)) < len(out):
        return None
    return (terms, out) if set(out) <= set("".join(terms)) else None


def of_one(term: str, out: str) -> Any:
    double = next((c for c in term if term.count(c) > 1), None)
    if double is not None:
        i, j = (k for k, c in enumerate(term) if c == double)
        left = "".join(c for k, c in enumerate(term) if k not in (i, j)) + double
        if any(left.count(c) > 1 for c in left):
            return None
        inner = of_one(left, out)
        if len(term) == 2:
            return lambda s, a: inner(s, np.diag(a))
        order = (*(k for k in range(len(term)) if k not in (i, j)), i, j)
        return lambda s, a: inner(s, np.diagonal(np.transpose(a, order), 0, -2, -1))
    summed = tuple(k for k, c in enumerate(term) if c not in out)
    kept = [c for c in term if c in out]
    order = tuple(kept.index(c) for c in out)
    if not summed:
        return lambda s, a: np.transpose(a, order).copy()
    if not out:
        return lambda s, a: np.sum(a)
    return lambda s, a: np.transpose(np.sum(a, axis=summed), order)


def of_two(t: str, u: str, out: str) -> Any:
    """Indices are shared and kept (batch), shared and summed, or of one operand alone."""
    if not t or not u:  # a number
        alone = of_one(t or u, out)
        if alone is None:
            return None
        return (lambda s, a, b: alone(s, a) * b) if t else (lambda s, a, b: a * alone(s, b))
    lonely = [c for c in t + u if c not in out and (c not in t or c not in u)]
    if lonely:  # summed before
        first, second = ("".join(c for c in x if c not in lonely) for x in (t, u))
        reduce_t = tuple(k for k, c in enumerate(t) if c in lonely)
        reduce_u = tuple(k for k, c in enumerate(u) if c in lonely)
        rest = of_two(first, second, out)

        def less(a, axes):
            return np.sum(a, axis=axes) if axes else a

        return lambda s, a, b: rest(s, less(a, reduce_t), less(b, reduce_u))
    summed = "".join(c for c in t if c in u and c not in out)
    batch = "".join(c for c in t if c in u and c in out)
    left = "".join(c for c in t if c not in u)
    right = "".join(c for c in u if c not in t)
    if summed and not batch:
        return by_matrices(t, u, out, summed, left, right)
    return by_elements(t, u, out, summed, batch + left + right)


def by_matrices(t: str, u: str, out: str, summed: str, left: str, right: str) -> Any:
    to_left = tuple(t.index(c) for c in left + summed)
    to_right = tuple(u.index(c) for c in summed + right)
    order = tuple((left + right).index(c) for c in out)
    k, m, minus_one = len(left), len(summed), (-1,)

    def numbers(s, a, b):
        x = np.ascontiguousarray(np.transpose(a, to_left)).ravel()
        y = np.ascontiguousarray(np.transpose(b, to_right)).ravel()
        return np.sum(x * y)

    def contracted(s, a, b):
        p, q = np.transpose(a, to_left), np.transpose(b, to_right)
        x: Any = np.ascontiguousarray(p).reshape(p.shape[:k] + minus_one)
        y: Any = np.ascontiguousarray(q).reshape(minus_one + q.shape[m:])
        x2 = x.reshape((-1, x.shape[-1]))
        y2 = y.reshape((x2.shape[1], -1))
        z = np.dot(x2, y2)
        return np.transpose(z.reshape(p.shape[:k] + q.shape[m:]), order)

    def matrices(s, a, b):
        return np.dot(np.transpose(a, to_left), np.transpose(b, to_right))

    if not out:
        return numbers
    if m == 1 and len(left) < 2 and len(right) < 2:
        return matrices if order == tuple(range(len(order))) else lambda s, a, b: matrices(s, a, b).T
    return contracted


def by_elements(t: str, u: str, out: str, summed: str, kept: str) -> Any:
    """Both operands spread over all indices, multiplied, summed: one loop nest."""
    every = out + summed
    spread_t, spread_u = spreading(t, every), spreading(u, every)
    axes = tuple(range(len(out), len(every)))

    def multiplied(s, a, b):
        return spread_t(a) * spread_u(b)

    def contracted(s, a, b):
        return np.sum(spread_t(a) * spread_u(b), axis=axes)

    return contracted if axes else multiplied


def spreading(term: str, every: str) -> Any:
    """The axes of an operand in the order of `every`, with new ones for what it has not."""
    order = tuple(term.index(c) for c in every if c in term)
    new = tuple(k for k, c in enumerate(every) if c not in term)
    if not new:
        return lambda a: np.transpose(a, order)
    return lambda a: np.expand_dims(np.transpose(a, order), new)


def of_many(terms: list[str], out: str) -> Any:
    """From left to right; an index goes when no later operand has it."""
    later = "".join(terms[2:]) + out
    between = "".join(dict.fromkeys(c for c in terms[0] + terms[1] if c in later))
    first = of_two(terms[0], terms[1], between)
    rest = [between, *terms[2:]]
    second = of_two(rest[0], rest[1], out) if len(rest) == 2 else of_many(rest, out)
    if first is None or second is None:
        return None
    by_count = {
        3: lambda s, a, b, c: second(s, first(s, a, b), c),
        4: lambda s, a, b, c, d: second(s, first(s, a, b), c, d),
        5: lambda s, a, b, c, d, e: second(s, first(s, a, b), c, d, e),
    }
    return by_count.get(len(terms))


LETTERS = string.ascii_lowercase


@spells(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    given = constant(axes)
    if not is_array(a) or not is_array(b) or given is UNKNOWN:
        return None
    if isinstance(given, int):
        pairs = [(a.ndim - given + k, k) for k in range(given)]
    else:
        first, second = (g if isinstance(g, tuple) else (g,) for g in given)
        pairs = [(i % a.ndim, j % b.ndim) for i, j in zip(first, second, strict=True)]
    t = LETTERS[: a.ndim]
    by_axis = {j: t[i] for i, j in pairs}
    u = "".join(by_axis.get(k, LETTERS[a.ndim + k]) for k in range(b.ndim))
    out = "".join(c for c in t if c not in u) + "".join(c for c in u if c not in t)
    made = of_two(t, u, out)
    return None if made is None else lambda a, b, axes: made(axes, a, b)


@spells(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Sums of products along the last axes."""
    if not (is_array(a) and is_array(b)):
        return None
    if a.ndim == b.ndim == 1:
        return lambda a, b: np.dot(a, b)
    t, u = LETTERS[: a.ndim - 1] + "z", LETTERS[a.ndim - 1 : a.ndim + b.ndim - 2] + "z"
    made = of_two(t, u, t[:-1] + u[:-1])
    return None if made is None else lambda a, b: made(0, a, b)


@spells(np.vecdot)
def vecdot(x1: Any, x2: Any) -> Any:
    """Along the last axis; the first operand is conjugated."""
    if not (is_array(x1) and is_array(x2)):
        return None
    if isinstance(x1.dtype, types.Complex):
        return lambda x1, x2: np.sum(np.conj(x1) * x2, axis=-1)
    return lambda x1, x2: np.sum(x1 * x2, axis=-1)


# ---- linear algebra of stacks ----------------------------------------------------------------------------


def by_matrix(fn: Callable[..., Any], gives_number: bool = False) -> None:
    """`fn(a)` gives a matrix for each matrix, of the same extents, or a number."""

    def chooser(a: Any) -> Any:
        if not is_array(a) or a.ndim < 3:
            return None

        def each(a):
            stack = stack_of(a)
            y = np.empty(stack.shape[:end], stack.dtype)
            for i in range(len(stack)):
                y[i] = fn(stack[i])
            return y.reshape(a.shape[:-2] + y.shape[1:])

        return each

    end = 1 if gives_number else 3
    spells(fn)(chooser)


by_matrix(np.linalg.inv)
by_matrix(np.linalg.cholesky)
by_matrix(np.linalg.det, gives_number=True)


@spells(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """As many right sides as matrices; a vector is one for every matrix."""
    if not (is_array(a) and is_array(b)) or a.ndim < 3:
        return None

    def vector(a, b):
        stack = stack_of(a)
        y = np.empty((len(stack), len(b)), (stack[0, 0, :1] * b[:1]).dtype)
        for i in range(len(stack)):
            y[i] = np.linalg.solve(stack[i], b)
        return y.reshape(a.shape[:-2] + b.shape)

    def matrices(a, b):
        stack, sides = stack_of(a), stack_of(b)
        y = np.empty(sides.shape, (stack[0, 0, :1] * sides[0, 0, :1]).dtype)
        return by_pairs(np.linalg.solve, stack, sides, y).reshape(b.shape)

    return vector if b.ndim == 1 else matrices if b.ndim == a.ndim else None


# ---- other names -----------------------------------------------------------------------------------------


def named(name: str, chooser: Callable[..., Any]) -> None:
    """A function of `np.linalg` that came with NumPy 2."""
    spells(*(fn for n, fn in vars(np.linalg).items() if n == name))(chooser)


named("matmul", lambda x1, x2: lambda x1, x2: x1 @ x2)
named("outer", lambda x1, x2: lambda x1, x2: np.outer(x1, x2))
named("cross", lambda x1, x2: lambda x1, x2: np.cross(x1, x2))
named("vecdot", lambda x1, x2: lambda x1, x2: np.vecdot(x1, x2))
named("svdvals", lambda x: lambda x: np.linalg.svd(x, False)[1])
named("trace", lambda x, offset=0: (lambda x, offset: np.trace(x, offset)) if is_array(x, 2) else None)
named("matrix_transpose", lambda x: (lambda x: np.swapaxes(x, -1, -2)) if is_array(x) and x.ndim > 1 else None)


@spells(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """From left to right."""
    rest = tuple(range(1, len(arrays))) if isinstance(arrays, types.BaseTuple) else ()

    def chain(arrays):
        y = arrays[0]
        for k in range(len(rest)):
            y = y @ arrays[rest[k]]
        return y

    return chain if rest else None
