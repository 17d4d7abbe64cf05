"""Products of arrays: `np.dot` stays a call, outer and Kronecker products are loops."""

from __future__ import annotations

import operator as op
from typing import Any

import numpy as np
from numba.core import types

from ..infer import is_complex
from ..ir import Call, Expr, Index, Var
from .build import ONE, ZERO, Builder
from .elementwise import tree
from .registry import lowers
from .values import Axis, Tree, Value, View, element, extents, fit, is_value, is_whole, materialise, whole_of
from .views import expand_dims, permuted, ravel


@lowers(np.dot, op.matmul, np.matmul)
def dot(b: Builder, a: Any, other: Any) -> Any:
    """An atom: `np.dot` of arrays, transposed arrays and rows."""
    if not is_value(a) or not is_value(other):
        return tree(b, op.mul, a, other) if is_value(a) or is_value(other) else Call(op.mul, (a, other))
    if a.ndim > 2 or other.ndim > 2:
        raise b.refuse("a matrix product of arrays with more than two axes", "write the loop over the leading axis")
    kind = product_dtype(b, a, other)
    x, y = factor(b, a, kind), factor(b, other, kind)
    e = Call(np.dot, (x, y))
    shape = (*extents(b, a)[:-1], *extents(b, other)[1:])
    return made(b, e, kind, shape) if shape else b.let(e, kind)


def made(b: Builder, e: Call, kind: Any, shape: tuple[Expr, ...], layout: str = "C") -> View:
    """The array that an atom makes."""
    if b.target is not None:
        name, b.target = b.target, None
    else:
        name = b.names.temp()
    b.types[name] = types.Array(kind, len(shape), layout)
    b.assign(Var(name), e)
    if not b.adjoint:
        b.extents[name] = shape
    return whole_of(b, name, shape)


@lowers(np.vdot)
def vdot(b: Builder, a: Any, other: Any) -> Any:
    a, other = (ravel(b, x) if is_value(x) else x for x in (a, other))
    if is_value(a) and is_complex(a.dtype):
        a = Tree(np.conj, (a,), a.ndim, a.dtype)
    return dot(b, a, other)


@lowers(np.inner)
def inner(b: Builder, a: Any, other: Any) -> Any:
    if is_value(other) and other.ndim == 2:
        other = permuted(b, other, [1, 0])
    return dot(b, a, other)


def product_dtype(b: Builder, a: Value, other: Value) -> Any:
    """BLAS wants two operands of one floating-point type."""
    if is_complex(a.dtype) or is_complex(other.dtype):
        return types.complex64 if a.dtype == other.dtype == types.complex64 else types.complex128
    return types.float32 if a.dtype == other.dtype == types.float32 else types.float64


def factor(b: Builder, v: Value, dtype: Any) -> Expr:
    """An operand of an atom: a whole array, its transpose or a contiguous row of it; else a contiguous copy."""
    if v.dtype != dtype:
        v = materialise(b, Tree(None, (v,), v.ndim, dtype))
    if isinstance(v, View) and isinstance(v.base, str):
        if is_whole(b, v):
            return Var(v.base)
        if len(v.axes) == v.ndim == 2 and b.extents_of(v.base) == v.extents[::-1]:
            if v.axes == (Axis(ZERO, ((1, ONE),)), Axis(ZERO, ((0, ONE),))):
                return Call(np.transpose, (Var(v.base),))
        fixed = len(v.axes) - v.ndim
        rows = tuple(Axis(ZERO, ((k, ONE),)) for k in range(v.ndim))
        if v.ndim == 1 and fixed > 0 and v.axes[fixed:] == rows and not any(a.steps for a in v.axes[:fixed]):
            if b.types[v.base].layout == "C" and b.extents_of(v.base)[fixed:] == v.extents:
                return Index(Var(v.base), tuple(a.start for a in v.axes[:fixed]))
    copy = materialise(b, v)
    assert isinstance(copy.base, str)
    return Var(copy.base)


@lowers(np.outer)
def outer(b: Builder, a: Any, other: Any) -> Value:
    u, v = ravel(b, a), ravel(b, other)
    return tree(b, op.mul, expand_dims(b, u, ONE), expand_dims(b, v, ZERO))


@lowers(np.kron)
def kron(b: Builder, a: Value, other: Value) -> Value:
    if a.ndim != other.ndim or a.ndim > 2:
        raise b.refuse(
            "np.kron of arrays with different numbers of axes", "give both the same number of axes: a[None, :]"
        )
    m, n = extents(b, a), extents(b, other)
    x, y = fit(b, a, m), fit(b, other, n)
    kind = tree(b, op.mul, a, other).dtype
    shape = tuple(b.integer(op.mul, p, q) for p, q in zip(m, n, strict=False))
    name = b.allocate(shape, kind)
    with b.nest((*m, *n)) as i:
        i, j = i[: a.ndim], i[a.ndim :]
        product = b.let(Call(op.mul, (element(b, x, i), element(b, y, j))), kind)
        at = tuple(b.integer(op.add, b.integer(op.mul, p, q), r) for p, q, r in zip(i, n, j, strict=False))
        b.assign(Index(Var(name), at), product)
    return whole_of(b, name, shape)
