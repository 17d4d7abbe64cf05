"""What a program asks of an array without looking at its elements."""

from __future__ import annotations

import operator as op
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..ir import Const, Expr, Var
from .build import Builder, scalar_type
from .registry import lowers
from .values import Value, extents, is_value, product


@lowers(p.shape)
def shape(b: Builder, a: Value, k: Any) -> Expr:
    return extents(b, a)[k.value]


@lowers(p.shape_of, np.shape)
def shape_of(b: Builder, a: Any) -> tuple[Expr, ...]:
    return extents(b, a) if is_value(a) else ()


@lowers(p.dtype_of)
def dtype_of(b: Builder, a: Any) -> Expr:
    return scalar_type(a.dtype if is_value(a) else b.type_of(a))


@lowers(len)
def length(b: Builder, a: Any) -> Expr:
    if isinstance(a, tuple):
        return Const(len(a))
    if not is_value(a):
        raise b.refuse("len() of something that is neither an array nor a tuple", "use an array, a tuple or a list")
    return extents(b, a)[0]


@lowers(np.size)
def size(b: Builder, a: Any, axis: Any = Const(None)) -> Expr:
    if not is_value(a):
        return Const(1)
    return product(b, extents(b, a)) if axis == Const(None) else extents(b, a)[axis.value]


@lowers(np.ndim)
def ndim(b: Builder, a: Any) -> Expr:
    return Const(a.ndim if is_value(a) else 0)


@lowers(op.is_)
def same_object(b: Builder, a: Any, c: Any) -> Expr:
    """`x is None`, which the types say."""
    if Const(None) not in (a, c):
        raise b.refuse("`is` between values", "compare with ==")
    return Const(is_none(b, a) and is_none(b, c))


@lowers(op.is_not)
def another_object(b: Builder, a: Any, c: Any) -> Expr:
    return Const(not same_object(b, a, c).value)


def is_none(b: Builder, a: Any) -> bool:
    return a == Const(None) or isinstance(a, Var) and isinstance(b.types.get(a.name), types.NoneType)
