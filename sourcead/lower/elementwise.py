"""Functions that act on each element, and the choice between elements."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.np.numpy_support import as_dtype, from_dtype

from .. import primitives as p
from ..infer import REAL_VALUED, real_of
from ..ir import Call, Const, Expr
from ..rules import is_constant, is_elementwise
from .build import Builder
from .registry import lowers
from .values import Tree, Value, constant, is_value

PLAIN = frozenset(
    {op.add, op.sub, op.mul, op.truediv, op.floordiv, op.mod, op.pow, op.neg, op.pos, op.invert, abs}
    | {op.lt, op.le, op.gt, op.ge, op.eq, op.ne, op.and_, op.or_, op.xor, op.lshift, op.rshift}
    | {np.round, np.around, np.sinc, np.nan_to_num, np.real, np.fix, p.stop_gradient}
)
IN_PLACE: dict[Callable[..., Any], Callable[..., Any]] = {
    op.iadd: op.add,
    op.isub: op.sub,
    op.imul: op.mul,
    op.itruediv: op.truediv,
    op.ifloordiv: op.floordiv,
    op.imod: op.mod,
    op.ipow: op.pow,
    op.iand: op.and_,
    op.ior: op.or_,
    op.ixor: op.xor,
    op.ilshift: op.lshift,
    op.irshift: op.rshift,
}
COMPARISONS = frozenset(
    {op.lt, op.le, op.gt, op.ge, op.eq, op.ne, np.isnan, np.isfinite, np.isinf, np.less, np.greater}
)
REDUCING = frozenset({np.any, np.all})


def acts_on_elements(fn: Callable[..., Any]) -> bool:
    if isinstance(fn, np.ufunc) or fn in PLAIN or is_elementwise(fn):
        return True
    return is_constant(fn) and isinstance(fn, type) and issubclass(fn, np.generic)


def tree(b: Builder, fn: Callable[..., Any] | None, *args: Any) -> Tree:
    """`fn` of arrays and scalars, element by element."""
    ndim = max(a.ndim for a in args if is_value(a))
    return Tree(fn, args, ndim, result_dtype(b, fn, args))


def result_dtype(b: Builder, fn: Callable[..., Any] | None, args: tuple[Any, ...]) -> Any:
    """What Numba inferred for the result, or else NumPy's promotion of the operands."""
    if b.wanted is not None:
        return b.wanted.dtype if isinstance(b.wanted, types.Array) else b.wanted
    if fn in COMPARISONS:
        return types.boolean
    if fn is np.where:
        args = args[1:]
    if fn in REAL_VALUED:
        return real_of(args[0].dtype)
    kinds = [as_dtype(a.dtype if is_value(a) else b.type_of(a)) for a in args]
    joint = np.result_type(*kinds)
    if fn in (op.truediv, np.sqrt, np.divide, np.true_divide) and joint.kind not in "fc":
        joint = np.dtype(np.float64)
    return from_dtype(joint)


def where(b: Builder, condition: Any, x: Any, y: Any) -> Value | Expr:
    """Only the chosen element is computed, so that the other cannot spoil value or derivative."""
    if any(map(is_value, (condition, x, y))):
        return tree(b, np.where, condition, x, y)
    return b.choose(condition, lambda: x, lambda: y, b.wanted or b.type_of(x))


@lowers(np.clip)
def clip(b: Builder, a: Any, a_min: Any = Const(None), a_max: Any = Const(None)) -> Value | Expr:
    """`minimum(maximum(a, low), high)`."""
    for fn, bound in ((np.maximum, a_min), (np.minimum, a_max)):
        if bound == Const(None):
            continue
        if is_value(a) or is_value(bound):
            a = tree(b, fn, a, bound)
        else:
            a = b.let(Call(fn, (a, bound)), b.wanted or b.type_of(a))
    return a


@lowers(np.round, np.around)
def round_(b: Builder, a: Any, decimals: Any = Const(0)) -> Value | Expr:
    args = (a,) if decimals == Const(0) else (a, decimals)
    return tree(b, np.round, *args) if is_value(a) else Call(np.round, args)


@lowers(p.astype)
def astype(b: Builder, a: Any, dtype: Any) -> Value | Expr:
    wanted = b.dtype(dtype)
    if not is_value(a):
        return Call(as_dtype(wanted).type, (a,))
    fn = None if a.dtype == wanted else as_dtype(wanted).type
    return Tree(fn, (a,), a.ndim, wanted)


@lowers(np.copy, np.array)
def copy(b: Builder, a: Any, dtype: Any = None) -> Any:
    if isinstance(a, tuple):
        from .rearrange import array_of

        return array_of(b, *a)
    if not is_value(a):  # an array without axes
        return constant(a, (), b.type_of(a) if dtype is None else b.dtype(dtype))
    if dtype is not None and b.dtype(dtype) != a.dtype:
        return astype(b, a, dtype)
    return Tree(None, (a,), a.ndim, a.dtype)


@lowers(np.asarray, np.ascontiguousarray)
def asarray(b: Builder, a: Any, dtype: Any = None) -> Any:
    """The array itself where NumPy gives that, else a copy."""
    return a if is_value(a) and b.defining in b.storage.parent else copy(b, a, dtype)
