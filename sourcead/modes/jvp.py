"""Jacobian-vector products: values together with tangents, in one run of the program."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..api import _make, user_function
from ..checks import argument_numbers
from ..outcome import BOTH, Mode, Outputs
from .vjp import kept


def jvp_fn(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    outnums: int | Sequence[int] = (),
    has_aux: bool = False,
    *,
    several: bool = False,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """A function `g(tangents, *args)` that gives `(value, tangent)`: the outcome of `f(*args)`, and its derivative when
    the arguments `argnums` change in the direction `tangents`.

    `tangents` is structured like these arguments, one for an int, a tuple for a tuple, and has their shapes (else
    TypeError, ValueError); None stands for a tangent of zero. The outcome is what `f` returns: real or complex numbers,
    arrays of them, tuples of these. `outnums` are the positions of arguments that `f` writes results into; their arrays
    then are the outcome of a function that returns nothing (one array for an int, a tuple of arrays for a tuple), else
    the outcome is `(result, arrays)`. The tangent is structured like the outcome, with None for integers and whatever
    else has none. With `has_aux`, `f` returns `(result, aux)`, and only the result has a tangent.

    With `several`, tangents have one more axis, the last, and so has the tangent of the outcome: `f` is run once, and
    differentiated in all these directions.

    The arrays of the caller are not changed. The tangent of a complex number is its complex differential. `f` may be
    a derivative itself. `g` is called from Python and from njit code; `jit`, `cache` and the options are those of
    `grad`. One direction costs one to two times what `f` costs (docs/modes.md).

    >>> import numpy as np
    >>> from sourcead import jvp_fn
    >>> def polar(r, t):
    ...     return r * np.cos(t), r * np.sin(t)
    >>> pushed = jvp_fn(polar, argnums=(0, 1), jit=False)
    >>> (x, y), (x_dot, y_dot) = pushed((1.0, 3.0), 2.0, 0.0)
    >>> float(x), float(y), float(x_dot), float(y_dot)
    (2.0, 0.0, 1.0, 6.0)
    """

    def make(f: Any) -> Any:
        return pushed(f, argnums, outnums, has_aux, several=several, jit=jit, cache=cache, **options)

    return make if f is None else make(f)


def pushed(
    f: Any,
    argnums: Any,
    outnums: Any = (),
    has_aux: bool = False,
    *,
    several: bool = False,
    result: str = BOTH,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """The same, returning what `result` says (`outcome.Mode`)."""
    if isinstance(outnums, Sequence) and not outnums:
        outputs = Outputs()
    elif has_aux:
        raise TypeError("has_aux and outnums cannot be combined: leave one of them out")
    else:
        outputs = Outputs(*argument_numbers(outnums, user_function(f)))
    return _make(f, argnums, has_aux, True, jit, cache, options, Mode("jvp", outputs, several, result))


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    outnums: int | Sequence[int] = (),
    has_aux: bool = False,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> tuple[Any, Any]:
    """The outcome of `f(*primals)`, and its derivative in the direction `tangents`: `(value, tangent)` (see `jvp_fn`).

    `tangents` has an item for each of the `primals`, None for one that does not change: integers, flags, texts.

    >>> import numpy as np
    >>> from sourcead import jvp
    >>> x, x_dot = np.array([3.0, 4.0]), np.array([1.0, 0.0])
    >>> value, tangent = jvp(lambda a, x: a * x, (2.0, x), (None, x_dot), jit=False)
    >>> value.tolist(), tangent.tolist()
    ([6.0, 8.0], [2.0, 0.0])
    """
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(f"`{what}` must be a tuple with one item for each argument; got {type(given).__name__}")
    if len(primals) != len(tangents):
        raise TypeError(
            f"there are {len(primals)} primals, but {len(tangents)} tangents; give None for a tangent of zero"
        )
    bound = inspect.signature(user_function(f)).bind(*primals)
    bound.apply_defaults()
    wrt = tuple(k for k, v in enumerate(tangents) if v is not None)
    if not wrt:
        raise TypeError("all tangents are None: give at least one direction")
    g = kept(jvp_fn, f, wrt, outnums, has_aux, jit, cache, options)
    return g(tuple(tangents[k] for k in wrt), *bound.args)
