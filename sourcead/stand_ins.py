"""What type inference sees in place of linear algebra.

Numba compiles the body of `np.linalg.solve` to find out what it returns, which takes seconds; that is left to code
that is really run. A stand-in has the types of results only, with the layouts that Numba's functions give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import type_callable

STAND_INS: dict[Callable[..., Any], Callable[..., Any]] = {}


def stands_for(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Register what gives the types of the results, from those of the arguments; None for what is no such call."""

    def register(typer: Callable[..., Any]) -> Callable[..., Any]:
        def stand_in(*args: Any) -> Any:
            raise NotImplementedError

        stand_in.__name__ = stand_in.__qualname__ = f"_linalg_{fn.__name__}"
        type_callable(stand_in)(lambda context: typer)
        STAND_INS[fn] = stand_in
        return typer

    return register


def kind(*arrays: Any) -> Any:
    """LAPACK's precision for matrices and vectors of real numbers."""
    reals = all(isinstance(a, types.Array) and isinstance(a.dtype, (types.Float, types.Integer)) for a in arrays)
    if not reals:
        return None
    return types.float32 if all(a.dtype is types.float32 for a in arrays) else types.float64


def of_matrix(results: Callable[[Any], Any]) -> Callable[..., Any]:
    def typer(a: Any) -> Any:
        return results(kind(a)) if kind(a) is not None and a.ndim == 2 else None

    return typer


def vector(t: Any) -> Any:
    return types.Array(t, 1, "C")


def matrix(t: Any, layout: str) -> Any:
    return types.Array(t, 2, layout)


stands_for(np.linalg.inv)(of_matrix(lambda t: matrix(t, "F")))
stands_for(np.linalg.cholesky)(of_matrix(lambda t: matrix(t, "C")))
stands_for(np.linalg.det)(of_matrix(lambda t: t))
stands_for(np.linalg.slogdet)(of_matrix(lambda t: types.UniTuple(t, 2)))
stands_for(np.linalg.eigvalsh)(of_matrix(vector))
stands_for(np.linalg.eigh)(of_matrix(lambda t: types.Tuple((vector(t), matrix(t, "F")))))
stands_for(np.linalg.qr)(of_matrix(lambda t: types.Tuple((matrix(t, "A"), matrix(t, "F")))))


@stands_for(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    t = kind(a, b)
    return types.Array(t, b.ndim, "F" if b.ndim == 2 else "C") if t is not None and b.ndim < 3 else None


@stands_for(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None) -> Any:
    return of_matrix(lambda t: matrix(t, "F"))(a)


@stands_for(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    x = solve(a, b)
    return None if x is None else types.Tuple((x, vector(x.dtype), types.int32, vector(x.dtype)))


@stands_for(np.linalg.svd)
def svd(a: Any, full_matrices: Any = True) -> Any:
    return of_matrix(lambda t: types.Tuple((matrix(t, "F"), vector(t), matrix(t, "F"))))(a)


@stands_for(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    return of_matrix(lambda t: matrix(t, "C"))(a)


@stands_for(np.linalg.norm)
def norm(x: Any, ord: Any = None) -> Any:
    if isinstance(x, types.Array) and isinstance(x.dtype, types.Complex):
        return x.dtype.underlying_float
    return kind(x)


@stands_for(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    return kind(x)
