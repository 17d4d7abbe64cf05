"""Linear algebra: solutions, inverses and factorisations stay calls on whole arrays (atoms)."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types

from ..infer import is_complex
from ..ir import Call, Const, Expr, Unpack, Var, variables
from ..rules import rule_of
from ..stand_ins import part
from .build import Builder, number
from .elementwise import tree
from .products import dot, factor, made
from .reductions import euclidean
from .registry import HANDLERS, lowers
from .values import Value, element, extents, is_value, materialise, whole, whole_of

NONE, ZERO, LAST = Const(None), Const(0), Const(-1)
Result = tuple[Any, tuple[Expr, ...] | int, str]  # element type, extents or number of axes, layout


def floating(*arrays: Value) -> Any:
    """LAPACK wants operands of one floating-point type."""
    if any(is_complex(a.dtype) for a in arrays):
        return types.complex64 if all(a.dtype == types.complex64 for a in arrays) else types.complex128
    return types.float32 if all(a.dtype == types.float32 for a in arrays) else types.float64


def contiguous(b: Builder, v: Any, kind: Any) -> Expr:
    """An operand of LAPACK: what `np.dot` takes, contiguous for certain, else a copy."""
    e = factor(b, v, kind)
    if all(is_contiguous(b, n) for n in variables(e) if isinstance(b.types.get(n), types.Array)):
        return e
    copy = materialise(b, v)
    assert isinstance(copy.base, str)
    return Var(copy.base)


def is_contiguous(b: Builder, name: str) -> bool:
    """A joined name may stand for arrays of several layouts."""
    layout, inferred = b.types[name].layout, getattr(b.f.types.get(name), "layout", "A")
    return layout == inferred == "C" if name in b.moved else layout in "CF"


def matrix(b: Builder, a: Any, fn: Callable[..., Any]) -> None:
    if not is_value(a) or a.ndim != 2:
        raise b.refuse(f"np.linalg.{fn.__name__} of other than a matrix", "write a loop over the matrices")


def several(b: Builder, value: Call, results: tuple[Result, ...]) -> tuple[Any, ...]:
    """`w, v = value`."""
    rule = rule_of(value.fn)
    assert rule is not None
    names, b.targets = b.targets or tuple(map(b.names, rule.results)), ()
    for n, (kind, shape, layout) in zip(names, results, strict=True):
        ndim = shape if isinstance(shape, int) else len(shape)
        b.types[n] = types.Array(kind, ndim, layout) if ndim else kind
    b.emit(Unpack(b.loc, tuple(map(Var, names)), value))
    out: list[Any] = []
    for n, (_, shape, _) in zip(names, results, strict=True):
        if shape and not isinstance(shape, int):
            b.extents[n] = shape
        out.append(Var(n) if not shape else whole(b, n) if isinstance(shape, int) else whole_of(b, n, shape))
    return tuple(out)


# ---- solutions and inverses ----------------------------------------------------------------------------


@lowers(np.linalg.solve)
def solve(b: Builder, a: Any, other: Any) -> Any:
    matrix(b, a, np.linalg.solve)
    kind = floating(a, other)
    e = Call(np.linalg.solve, (contiguous(b, a, kind), contiguous(b, other, kind)))
    return made(b, e, kind, extents(b, other), "F" if other.ndim == 2 else "C")


@lowers(np.linalg.inv)
def inv(b: Builder, a: Any) -> Any:
    matrix(b, a, np.linalg.inv)
    kind = floating(a)
    return made(b, Call(np.linalg.inv, (contiguous(b, a, kind),)), kind, extents(b, a), "F")


@lowers(np.linalg.det)
def det(b: Builder, a: Any) -> Any:
    matrix(b, a, np.linalg.det)
    kind = floating(a)
    return b.let(Call(np.linalg.det, (contiguous(b, a, kind),)), kind)


@lowers(np.linalg.slogdet)
def slogdet(b: Builder, a: Any) -> Any:
    matrix(b, a, np.linalg.slogdet)
    kind = floating(a)
    return several(b, Call(np.linalg.slogdet, (contiguous(b, a, kind),)), ((kind, (), ""), (part(kind), (), "")))


@lowers(np.linalg.pinv)
def pinv(b: Builder, a: Any, *rcond: Any) -> Any:
    matrix(b, a, np.linalg.pinv)
    kind = floating(a)
    return made(b, Call(np.linalg.pinv, (contiguous(b, a, kind), *rcond)), kind, extents(b, a)[::-1], "F")


@lowers(np.linalg.lstsq)
def lstsq(b: Builder, a: Any, other: Any, rcond: Any = None) -> Any:
    matrix(b, a, np.linalg.lstsq)
    kind = floating(a, other)
    operands = contiguous(b, a, kind), contiguous(b, other, kind), *(() if rcond is None else (rcond,))
    (m, n), tail = extents(b, a), extents(b, other)[1:]
    solution = (kind, (n, *tail), "F" if tail else "C")
    values = (part(kind), (b.integer(min, m, n),), "C")
    return several(b, Call(np.linalg.lstsq, operands), (solution, (part(kind), 1, "C"), (types.int32, (), ""), values))


@lowers(np.linalg.matrix_power)
def matrix_power(b: Builder, a: Any, n: Any) -> Any:
    """By repeated squaring, as in NumPy."""
    matrix(b, a, np.linalg.matrix_power)
    if not isinstance(n, Const):
        raise b.refuse("np.linalg.matrix_power with an exponent that is not a constant", "multiply in a loop")
    left, square = abs(n.value), inv(b, a) if n.value < 0 else a
    target, b.target = b.target, None
    if left == 0:
        return HANDLERS[np.eye](b, extents(b, a)[0], dtype=a.dtype)
    y: Any = None
    while True:
        left, odd = divmod(left, 2)
        if odd:
            b.target = target if left == 0 else None
            y = tree(b, None, square) if y is None and left == 0 else square if y is None else dot(b, y, square)
        if left == 0:
            return y
        square = dot(b, square, square)


# ---- factorisations --------------------------------------------------------------------------------------


@lowers(np.linalg.cholesky)
def cholesky(b: Builder, a: Any) -> Any:
    matrix(b, a, np.linalg.cholesky)
    kind = floating(a)
    return made(b, Call(np.linalg.cholesky, (contiguous(b, a, kind),)), kind, extents(b, a), "C")


@lowers(np.linalg.eigh)
def eigh(b: Builder, a: Any) -> Any:
    matrix(b, a, np.linalg.eigh)
    kind, shape = floating(a), extents(b, a)
    e = Call(np.linalg.eigh, (contiguous(b, a, kind),))
    return several(b, e, ((part(kind), shape[:1], "C"), (kind, shape, "F")))


@lowers(np.linalg.eigvalsh)
def eigvalsh(b: Builder, a: Any) -> Any:
    """With the vectors, which the derivative needs."""
    return eigh(b, a)[0]


@lowers(np.linalg.eig)
def eig(b: Builder, a: Any) -> Any:
    matrix(b, a, np.linalg.eig)
    kind, shape = floating(a), extents(b, a)
    e = Call(np.linalg.eig, (contiguous(b, a, kind),))
    return several(b, e, ((kind, shape[:1], "C"), (kind, shape, "F")))


@lowers(np.linalg.eigvals)
def eigvals(b: Builder, a: Any) -> Any:
    """With the vectors, which the derivative needs."""
    return eig(b, a)[0]


@lowers(np.linalg.qr)
def qr(b: Builder, a: Any) -> Any:
    matrix(b, a, np.linalg.qr)
    kind, (m, n) = floating(a), extents(b, a)
    k = b.integer(min, m, n)
    return several(b, Call(np.linalg.qr, (contiguous(b, a, kind),)), ((kind, (m, k), "A"), (kind, (k, n), "F")))


@lowers(np.linalg.svd)
def svd(b: Builder, a: Any, full_matrices: Any = Const(True)) -> Any:
    matrix(b, a, np.linalg.svd)
    vectors = [n for n in b.targets[::2] if b.readers.get(n)]
    if not isinstance(full_matrices, Const) or full_matrices.value and vectors:
        raise b.refuse(
            "np.linalg.svd with full matrices", "only the reduced one has a derivative: np.linalg.svd(a, False)"
        )
    kind, (m, n) = floating(a), extents(b, a)
    k = b.integer(min, m, n)
    e = Call(np.linalg.svd, (contiguous(b, a, kind), Const(False)))
    return several(b, e, ((kind, (m, k), "F"), (part(kind), (k,), "C"), (kind, (k, n), "F")))


def singular_values(b: Builder, a: Any) -> Any:
    targets, b.targets = b.targets, ()
    s = svd(b, a, Const(False))[1]
    b.targets = targets
    return s


# ---- norms ------------------------------------------------------------------------------------------------


def end(b: Builder, s: Value, last: bool) -> Expr:
    """The largest or the smallest singular value: the first or the last."""
    at = b.integer(op.sub, extents(b, s)[0], Const(1)) if last else ZERO
    return element(b, s, (at,))


@lowers(np.linalg.cond)
def cond(b: Builder, a: Any, p: Any = NONE) -> Any:
    matrix(b, a, np.linalg.cond)
    if p == NONE or p in (Const(2), Const(-2)):
        s = singular_values(b, a)
        ends = end(b, s, p == Const(-2)), end(b, s, p != Const(-2))
        return b.let(Call(op.truediv, ends), s.dtype)
    return b.let(Call(op.mul, (norm(b, a, p), norm(b, inv(b, a), p))), a.dtype)


@lowers(np.linalg.norm)
def norm(b: Builder, x: Any, ord: Any = NONE) -> Any:
    if not is_value(x):
        raise b.refuse("np.linalg.norm of something that is not an array", "use abs(x)")
    if not isinstance(ord, Const):
        raise b.refuse("np.linalg.norm with an order that is not a constant", "write the constant")
    order = ord.value
    if order is None or order == "fro" and x.ndim == 2 or order == 2 and x.ndim == 1:
        return euclidean(b, x)
    if order == "nuc" and x.ndim == 2 and not isinstance(x.dtype, types.Complex):
        return HANDLERS[np.sum](b, singular_values(b, x))
    if x.ndim > 2 or isinstance(order, str) or isinstance(x.dtype, types.Complex):
        raise b.refuse("this np.linalg.norm", "norms of real vectors and matrices are known")
    return vector_norm(b, x, order) if x.ndim == 1 else matrix_norm(b, x, order)


def vector_norm(b: Builder, x: Value, order: float) -> Any:
    size = tree(b, abs, x)
    if abs(order) == np.inf:
        return HANDLERS[np.max if order > 0 else np.min](b, size)
    if order == 1:
        return HANDLERS[np.sum](b, size)
    if order == 0:
        raise b.refuse("np.linalg.norm with ord=0", "count with np.count_nonzero, it has no derivative")
    total = HANDLERS[np.sum](b, tree(b, op.pow, size, Const(order)))
    return b.let(Call(op.pow, (total, number(1.0 / order, x.dtype))), x.dtype)


def matrix_norm(b: Builder, x: Value, order: float) -> Any:
    if abs(order) == 2:
        return end(b, singular_values(b, x), order < 0)
    if abs(order) not in (1, np.inf):
        raise b.refuse(f"np.linalg.norm of a matrix with ord={order}", "use 1, 2, -1, -2, np.inf, -np.inf")
    sums = HANDLERS[np.sum](b, tree(b, abs, x), axis=Const(0 if abs(order) == 1 else 1))
    return HANDLERS[np.max if order > 0 else np.min](b, sums)
