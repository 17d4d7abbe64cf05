"""Random numbers: arrays of them are loops of single draws, in the order in which NumPy and Numba fill them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types

from ..ir import Assign, Call, Const, Expr, Index, Var
from ..rules.draws import DRAWS, is_method
from .build import INT, ZERO, Builder
from .creation import shape_tuple, stable
from .gather import gather
from .ordering import known_shape
from .registry import lowers
from .values import Pull, Value, View, array_name, element, extents, fit, is_value, materialise, whole

NONE, TRUE = Const(None), Const(True)


def filled(b: Builder, size: Any, kind: Any, one: Callable[[], Expr]) -> Any:
    """One draw, or an array of them."""
    if size == NONE:
        return one()
    shape = stable(b, shape_tuple(size))
    name = b.allocate(shape, kind)
    with b.nest(shape) as i:
        b.assign(Index(Var(name), i), one())
    return whole(b, name)


def number(b: Builder, fn: Callable[..., Any], args: tuple[Any, ...], kind: Any) -> Expr:
    v = b.fresh(kind)
    b.assign(v, Call(fn, args))
    return v


def single(fn: Callable[..., Any]) -> Any:
    """The handler of a distribution: its parameters, then `size`."""
    names, count = [n for n, _ in DRAWS[fn].defaults], int(is_method(fn))
    defaults, kind = dict(DRAWS[fn].defaults), INT if DRAWS[fn].integer else types.float64

    def handler(b: Builder, *every: Any, **kwargs: Any) -> Any:
        generator, args = every[:count], every[count:]
        given = dict(zip((*names, "size"), args, strict=False)) | kwargs
        if len(args) > len(names) + 1 or given.keys() - {*names, "size"}:
            raise b.refuse(f"np.random.{fn.__name__} with these arguments", "give the parameters and the size")
        size = given.pop("size", NONE)
        params = [given.get(n, Const(defaults[n])) for n in names]
        if any(map(is_value, params)):
            raise b.refuse(f"np.random.{fn.__name__} with an array of parameters", "write the loop")
        if not given and None not in defaults.values():
            params = []
        while params and params[-1] == NONE:
            params.pop()
        return filled(b, size, kind, lambda: number(b, fn, (*generator, *params), kind))

    return handler


def of_extents(fn: Callable[..., Any]) -> Any:
    """`rand` and `randn`, which take the extents one by one."""

    def handler(b: Builder, *dims: Any) -> Any:
        return filled(b, dims or NONE, types.float64, lambda: number(b, fn, (), types.float64))

    return handler


for fn in DRAWS:
    lowers(fn)(of_extents(fn) if fn in (np.random.rand, np.random.randn) else single(fn))


def order(b: Builder, n: Expr) -> View:
    """The numbers below `n`, shuffled."""
    name = b.fresh(types.Array(INT, 1, "C"), "order").name
    b.assign(Var(name), Call(np.random.permutation, (n,)))
    return known_shape(b, name, (n,))


@lowers(np.random.permutation)
def permutation(b: Builder, x: Any) -> Any:
    return materialise(b, gather(b, x, (order(b, extents(b, x)[0]),))) if is_value(x) else order(b, x)


@lowers(np.random.choice)
def choice(b: Builder, a: Any, size: Any = NONE, replace: Any = TRUE) -> Any:
    n = extents(b, a)[0] if is_value(a) else a
    if replace not in (TRUE, Const(1)):
        if not isinstance(replace, Const) or size == NONE or isinstance(size, tuple):
            raise b.refuse("np.random.choice with these arguments", "take the first of a np.random.permutation")
        mixed, shape = order(b, n), (size,)
        at: Value = Pull(shape, mixed.dtype, lambda b, i: element(b, mixed, i), (mixed,))
        return materialise(b, gather(b, a, (materialise(b, at),)) if is_value(a) else at)
    kind = a.dtype if is_value(a) else INT

    def one() -> Expr:
        k = number(b, np.random.randint, (ZERO, n), INT)
        return element(b, fit(b, a, extents(b, a)), (k,)) if is_value(a) else k

    return filled(b, size, kind, one)


@lowers(print)
def print_(b: Builder, *args: Any) -> Expr:
    texts = tuple(Var(array_name(b, a)) if is_value(a) else a for a in args)
    b.emit(Assign(b.loc, b.fresh(types.none), Call(print, texts)))
    return NONE


@lowers(np.random.seed)
def seed(b: Builder, seed: Any) -> Expr:
    b.emit(Assign(b.loc, b.fresh(types.none), Call(np.random.seed, (seed,))))
    return NONE
