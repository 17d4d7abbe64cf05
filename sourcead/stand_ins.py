"""What type inference sees in place of linear algebra, sorting, searching and what else is slow to type.

Numba compiles the body of `np.linalg.solve` to find out what it returns, which takes seconds; that is left to code
that is really run. A stand-in has the types of results only, with the layouts that Numba's functions give; the most
common functions have one for arrays of doubles (`usually`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np
from numba import typeof
from numba.core import types
from numba.core.registry import cpu_target
from numba.extending import type_callable

from .primitives import chosen
from .rules.draws import DRAWS, is_method
from .spellings import When, always, is_number

Typer = Callable[..., Any]


@dataclass
class StandIn:
    """Stands for a function while types are inferred; asks one typer after another for the type of the result.

    of: what it stands for; fn: what is called in its place; asks: Numba is asked when no typer knows.
    """

    of: Callable[..., Any]
    fn: Callable[..., Any]
    asks: bool = False
    typers: list[tuple[Typer, inspect.Signature, When]] = field(default_factory=list)

    def called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
        """The arguments by their positions, as Numba wants them; None for a call that Numba types itself.

        Raises TypeError when no typer takes such arguments.
        """
        fitting = [sig for _, sig, when in self.typers if when(len(args), kwargs)]
        if not fitting:
            return None
        if not kwargs:
            return args
        for k, sig in enumerate(fitting):
            try:
                bound = sig.bind(*args, **kwargs)
            except TypeError:
                if k + 1 == len(fitting):
                    raise
            else:
                bound.apply_defaults()
                return bound.args
        raise AssertionError

    def typed(self, *args: Any) -> Any:
        if any(isinstance(a, types.UnicodeType) for a in args):
            return None  # Numba asks a second time, with the values of constants
        args = tuple(map(unquoted, args))
        for typer, sig, _ in self.typers:
            try:
                sig.bind(*args)
            except TypeError:
                continue
            found = typer(*args)
            if found is not None:
                return found
        return asked(self.of, tuple(map(types.unliteral, args))) if self.asks else None


def asked(fn: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> Any:
    """What Numba says is the type of the result, None when it has no such call; it may compile `fn` to find out."""
    context = cpu_target.typing_context
    found = context.resolve_function_type(context.resolve_value_type(fn), args, kwargs or {})
    return None if found is None else found.return_type


STAND_INS: dict[Callable[..., Any], StandIn] = {}
QUOTE = "constant: "  # Numba forgets the values in nested tuples, but not strings


def quoted(value: Any) -> str:
    return f"{QUOTE}{value!r}"


def unquoted(t: Any) -> Any:
    """The type of what an argument is in the program."""
    if isinstance(t, types.StringLiteral) and t.literal_value.startswith(QUOTE):
        return literal(eval(t.literal_value[len(QUOTE) :], {"inf": math.inf, "nan": math.nan}))
    return t


class FloatLiteral(types.Literal, types.Float):
    """The type of a float whose value is known."""

    def __init__(self, value: float):
        self._literal_init(value)
        types.Type.__init__(self, name=f"Literal[float]({value!r})")
        self.bitwidth = 64

    @property
    def literal_type(self) -> Any:
        return types.float64


def literal(value: Any) -> types.Type:
    """The type of a constant, with its value where Numba has such types."""
    if isinstance(value, tuple):
        return types.Tuple(tuple(map(literal, value)))
    if isinstance(value, (bool, int, str)):
        return types.literal(value)
    if type(value) is float:
        return FloatLiteral(value)
    return types.none if value is None else typeof(value)


def stands_for(*fns: Callable[..., Any], when: When = always) -> Callable[[Typer], Typer]:
    """Register what gives the types of the results, from those of the arguments; None for what is no such call.

    when: for calls with so many arguments by position and these by name; others are left to Numba.
    """

    def register(typer: Typer) -> Typer:
        for fn in fns:
            if fn not in STAND_INS:
                STAND_INS[fn] = made(fn)
            STAND_INS[fn].typers.append((typer, inspect.signature(typer), when))
        return typer

    return register


def made(fn: Callable[..., Any]) -> StandIn:
    def stand_in(*args: Any) -> Any:
        raise NotImplementedError

    owner = getattr(fn, "__self__", None)  # np.add.reduce
    of = f"{owner.__name__}_" if isinstance(owner, np.ufunc) else ""
    stand_in.__name__ = stand_in.__qualname__ = f"_typed_{of}{fn.__name__}"
    new = StandIn(fn, stand_in)
    type_callable(stand_in)(lambda context: new.typed)
    return new


def kind(*arrays: Any, complexes: bool = False) -> Any:
    """LAPACK's precision for matrices and vectors of real numbers, or of complex ones too."""
    if complexes and any(isinstance(a, types.Array) and isinstance(a.dtype, types.Complex) for a in arrays):
        return types.complex64 if all(a.dtype is types.complex64 for a in arrays) else types.complex128
    reals = all(isinstance(a, types.Array) and isinstance(a.dtype, (types.Float, types.Integer)) for a in arrays)
    if not reals:
        return None
    return types.float32 if all(a.dtype is types.float32 for a in arrays) else types.float64


def of_matrix(results: Callable[[Any], Any], complexes: bool = False) -> Callable[..., Any]:
    def typer(a: Any) -> Any:
        t = kind(a, complexes=complexes)
        return results(t) if t is not None and a.ndim == 2 else None

    return typer


def part(t: Any) -> Any:
    """The type of the real part."""
    return t.underlying_float if isinstance(t, types.Complex) else t


def vector(t: Any) -> Any:
    return types.Array(t, 1, "C")


def matrix(t: Any, layout: str) -> Any:
    return types.Array(t, 2, layout)


stands_for(np.linalg.inv)(of_matrix(lambda t: matrix(t, "F"), complexes=True))
stands_for(np.linalg.cholesky)(of_matrix(lambda t: matrix(t, "C"), complexes=True))
stands_for(np.linalg.det)(of_matrix(lambda t: t, complexes=True))
stands_for(np.linalg.slogdet)(of_matrix(lambda t: types.Tuple((t, part(t))), complexes=True))
stands_for(np.linalg.eigvalsh)(of_matrix(lambda t: vector(part(t)), complexes=True))
stands_for(np.linalg.eigvals)(of_matrix(vector, complexes=True))
stands_for(np.linalg.eig)(of_matrix(lambda t: types.Tuple((vector(t), matrix(t, "F"))), complexes=True))
stands_for(np.linalg.eigh)(of_matrix(lambda t: types.Tuple((vector(part(t)), matrix(t, "F"))), complexes=True))
stands_for(np.linalg.qr)(of_matrix(lambda t: types.Tuple((matrix(t, "A"), matrix(t, "F"))), complexes=True))


@stands_for(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    t = kind(a, b, complexes=True)
    return types.Array(t, b.ndim, "F" if b.ndim == 2 else "C") if t is not None and b.ndim < 3 else None


@stands_for(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None) -> Any:
    return of_matrix(lambda t: matrix(t, "F"), complexes=True)(a)


@stands_for(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    x = solve(a, b)
    return None if x is None else types.Tuple((x, vector(part(x.dtype)), types.int32, vector(part(x.dtype))))


@stands_for(np.linalg.svd)
def svd(a: Any, full_matrices: Any = True) -> Any:
    return of_matrix(lambda t: types.Tuple((matrix(t, "F"), vector(part(t)), matrix(t, "F"))), complexes=True)(a)


@stands_for(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    return of_matrix(lambda t: matrix(t, "C"), complexes=True)(a)


@stands_for(np.linalg.norm)
def norm(x: Any, ord: Any = None) -> Any:
    if isinstance(x, types.Array) and isinstance(x.dtype, types.Complex):
        return x.dtype.underlying_float
    return kind(x)


@stands_for(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    return kind(x)


# ---- axes ------------------------------------------------------------------------------------------------


@stands_for(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    if not isinstance(a, types.Array):
        return None
    if axes is not None and not isinstance(axes, types.NoneType):
        return a.copy(layout="A") if isinstance(axes, types.BaseTuple) and len(axes) == a.ndim else None
    return a.copy(layout={"C": "F", "F": "C"}.get(a.layout, "A")) if a.ndim > 1 else a


# ---- order and places ----------------------------------------------------------------------------------


def is_array(*given: Any) -> bool:
    return all(isinstance(a, types.Array) for a in given)


@stands_for(np.sort)
def sort(a: Any) -> Any:
    return types.Array(a.dtype, a.ndim, "C") if is_array(a) else None


@stands_for(np.partition)
def partition(a: Any, kth: Any) -> Any:
    return sort(a) if isinstance(kth, types.Integer) else None


@stands_for(np.unique)
def unique(ar: Any) -> Any:
    return types.Array(ar.dtype, 1, "C") if is_array(ar) else None


@stands_for(np.median)
def median(a: Any) -> Any:
    return types.float64 if is_array(a) and not isinstance(a.dtype, types.Complex) else None


@stands_for(np.percentile)
def percentile(a: Any, q: Any) -> Any:
    if median(a) is None:
        return None
    if is_array(q) or isinstance(q, types.BaseTuple):
        return vector(types.float64)
    return types.float64 if is_number(q) else None


@stands_for(np.quantile)
def quantile(a: Any, q: Any) -> Any:
    return percentile(a, q)


@stands_for(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any) -> Any:
    if not is_array(arr, indices) or not isinstance(indices.dtype, types.Integer):
        return None
    return types.Array(arr.dtype, indices.ndim, "C")


@stands_for(np.searchsorted)
def searchsorted(a: Any, v: Any, side: Any = None) -> Any:
    if not is_array(a):
        return None
    return types.Array(types.intp, v.ndim, "C") if is_array(v) else types.intp if is_number(v) else None


@stands_for(np.digitize)
def digitize(x: Any, bins: Any, right: Any = None) -> Any:
    return searchsorted(bins, x)


@stands_for(np.bincount)
def bincount(a: Any, weights: Any = None, minlength: Any = None) -> Any:
    if not is_array(a) or not isinstance(a.dtype, types.Integer) or a.ndim != 1:
        return None
    if is_array(weights) and not isinstance(weights.dtype, (types.Float, types.Integer)):
        return None
    return vector(types.float64 if is_array(weights) else types.intp)


@stands_for(np.flatnonzero)
def flatnonzero(a: Any) -> Any:
    return vector(types.intp) if is_array(a) else None


@stands_for(np.argwhere)
def argwhere(a: Any) -> Any:
    return types.Array(types.intp, 2, "A") if is_array(a) else None


@stands_for(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return vector(arr.dtype) if is_array(condition, arr) else None


def masked(a: Any, *items: Any) -> Any:
    """`a[items]`, where an item is a mask with several axes: Numba takes the result to have as many."""
    return a[items]


@stands_for(masked)
def _masked(a: Any, *items: Any) -> Any:
    if not is_array(a):
        return a.dtype if isinstance(a, types.UniTuple) else None
    arrays = [i for i in items if isinstance(i, types.Array)]
    masks = [i for i in arrays if isinstance(i.dtype, types.Boolean)]
    new = sum(isinstance(i, types.NoneType) for i in items)
    used = sum(not isinstance(i, types.EllipsisType) for i in items) - new + sum(m.ndim - 1 for m in masks)
    sliced = sum(isinstance(i, types.SliceType) for i in items)
    joint = max((1 if i in masks else i.ndim for i in arrays), default=0)
    if used > a.ndim:
        return None
    ndim = a.ndim - used + sliced + new + joint
    return types.Array(a.dtype, ndim, "C") if ndim else a.dtype


# ---- what is common and takes Numba long ----------------------------------------------------------------


def usually(fn: Callable[..., Any]) -> Callable[[Typer], Typer]:
    """Register what knows the type of the result for the usual arguments, doubles; for others, where it gives None,
    Numba is asked. Calls with more arguments than `typer` has are not replaced."""

    def register(typer: Typer) -> Typer:
        @wraps(typer)
        def plain(*args: Any) -> Any:
            return typer(*map(types.unliteral, args))

        count = len(inspect.signature(typer).parameters)
        stands_for(fn, when=lambda arguments, keywords: arguments == count and not keywords)(plain)
        STAND_INS[fn].asks = True
        return typer

    return register


def doubles(a: Any) -> bool:
    return isinstance(a, types.Array) and a.dtype is types.float64


for reduction in (np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min):

    @usually(reduction)
    def reduced(a: Any) -> Any:
        return types.float64 if doubles(a) else None


@usually(np.dot)
def dot(a: Any, b: Any) -> Any:
    if not (doubles(a) and doubles(b) and a.ndim in (1, 2) and b.ndim in (1, 2)):
        return None
    ndim = a.ndim + b.ndim - 2
    return types.Array(types.float64, ndim, "C") if ndim else types.float64


@usually(np.outer)
def outer(a: Any, b: Any) -> Any:
    return matrix(types.float64, "C") if doubles(a) and doubles(b) else None


@usually(np.kron)
def kron(a: Any, b: Any) -> Any:
    return outer(a, b) if a.ndim == b.ndim == 2 else None


@usually(np.diff)
def diff(a: Any) -> Any:
    return vector(types.float64) if doubles(a) and a.ndim == 1 else None


@usually(np.argpartition)
def argpartition(a: Any, kth: Any) -> Any:
    return types.Array(types.intp, a.ndim, "C") if doubles(a) and isinstance(kth, types.Integer) else None


for window in (np.bartlett, np.blackman, np.hamming, np.hanning):

    @usually(window)
    def sampled(M: Any) -> Any:
        return vector(types.float64) if isinstance(M, types.Integer) else None


def drawn(fn: Callable[..., Any], count: int, result: Any) -> None:
    """One number of a distribution with so many parameters; arrays are left to Numba."""

    def typer(*parameters: Any) -> Any:
        return result if all(isinstance(t, (types.Integer, types.Float)) for t in parameters) else None

    stands_for(fn, when=lambda arguments, keywords: arguments <= count and "size" not in keywords)(typer)
    STAND_INS[fn].asks = True


def drawn_from(fn: Callable[..., Any], names: Sequence[str], result: Any) -> None:
    """Numbers from a generator, its first argument."""

    def typer(generator: Any, *given: Any) -> Any:
        parameters, size = given[: len(names)], given[len(names)] if len(given) > len(names) else None
        numbers = all(t is None or isinstance(t, types.NoneType) or is_number(t) for t in parameters)
        if not isinstance(generator, types.NumPyRandomGeneratorType) or not numbers:
            return None
        if size is None or isinstance(size, types.NoneType):
            return result
        return types.Array(result, len(size) if isinstance(size, types.BaseTuple) else 1, "C")

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    more = [inspect.Parameter(n, kind, default=None) for n in (*names, "size")]
    typer.__signature__ = inspect.Signature([inspect.Parameter("generator", kind), *more])  # type: ignore[attr-defined]
    stands_for(fn)(typer)


for _fn, _draw in DRAWS.items():
    if is_method(_fn):
        drawn_from(_fn, [n for n, _ in _draw.defaults], types.int64 if _draw.integer else types.float64)
    elif _draw.defaults:
        drawn(_fn, len(_draw.defaults), types.int64 if _draw.integer else types.float64)


@usually(chosen)
def where(c: Any, a: Any, b: Any) -> Any:
    arrays = [x for x in (c, a, b) if isinstance(x, types.Array)]
    usual = is_array(c) and all(doubles(x) or x is types.float64 for x in (a, b)) and all(map(contiguous, arrays))
    return types.Array(types.float64, max(x.ndim for x in arrays), "C") if usual else None


def contiguous(a: Any) -> bool:
    return a.layout == "C" and a.ndim > 0


# ---- the same elements in other places -------------------------------------------------------------------


@stands_for(np.swapaxes)
def swapaxes(a: Any, axis1: Any, axis2: Any) -> Any:
    return types.Array(a.dtype, a.ndim, "A") if is_array(a) else None


@stands_for(np.diagonal)
def diagonal(a: Any, offset: Any = 0) -> Any:
    return types.Array(a.dtype, 1, "A") if is_array(a) and a.ndim == 2 else None


@stands_for(np.tril)
def tril(m: Any, k: Any = 0) -> Any:
    return sort(m) if is_array(m) and m.ndim == 2 else None


@stands_for(np.triu)
def triu(m: Any, k: Any = 0) -> Any:
    return tril(m)
