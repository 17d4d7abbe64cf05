"""Vector-Jacobian products: functions with any results, pulled back from adjoints that the caller gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numba.core.errors import NumbaError

from .. import overlap, structure
from ..api import _Face, _make, _typeof, user_function
from ..checks import argument_numbers
from ..infer import is_float
from ..outcome import Mode, Outputs
from ..structure import leaf_types


def vjp_fn(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    outnums: int | Sequence[int] = (),
    has_aux: bool = False,
    *,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """A function `g(seeds, *args)` that gives `(value, gradients)`: the outcome of `f(*args)`, and what the adjoints
    `seeds` of the outcome are for the arguments `argnums`.

    The outcome is what `f` returns: real or complex numbers, arrays of them, tuples of these. `outnums` are the
    positions of arguments that `f` writes results into; their arrays then are the outcome of a function that returns
    nothing (one array for an int, a tuple of arrays for a tuple), else the outcome is `(result, arrays)`. `seeds` is
    structured like the outcome and has its shapes (else TypeError, ValueError); None stands for an adjoint of zero,
    and so does whatever is given for integers. With `has_aux`, `f` returns `(result, aux)`, and only the result has
    seeds.

    Gradients are as those of `grad`: of the types and shapes of the arguments, one for an int, a tuple for a tuple;
    by the values on entry for arguments that `f` writes. The arrays of the caller are not changed. For complex numbers
    adjoints are `dL/dx + i dL/dy`, as everywhere here. `g` is called from Python and from njit code; `jit`, `cache` and
    the options are those of `grad`.

    >>> import numpy as np
    >>> from sourcead import vjp_fn
    >>> def polar(r, t):
    ...     return r * np.cos(t), r * np.sin(t)
    >>> pulled = vjp_fn(polar, argnums=(0, 1), jit=False)
    >>> value, (r_bar, t_bar) = pulled((1.0, 3.0), 2.0, 0.0)
    >>> float(value[0]), float(r_bar), float(t_bar)
    (2.0, 1.0, 6.0)
    """

    def make(f: Any) -> Any:
        if isinstance(outnums, Sequence) and not outnums:
            outputs = Outputs()
        elif has_aux:
            raise TypeError("has_aux and outnums cannot be combined: leave one of them out")
        else:
            outputs = Outputs(*argument_numbers(outnums, user_function(f)))
        return _make(f, argnums, has_aux, True, jit, cache, options, Mode("vjp", outputs))

    return make if f is None else make(f)


def vjp(
    f: Callable[..., Any],
    *primals: Any,
    argnums: int | Sequence[int] | None = None,
    outnums: int | Sequence[int] = (),
    has_aux: bool = False,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> tuple[Any, Callable[[Any], Any]]:
    """The outcome of `f(*primals)` (see `vjp_fn`), and the pullback at this point.

    `pullback(seeds)` gives the gradients by the arguments `argnums`. Without `argnums` it gives a tuple with one for
    each argument, None for those that are not made of real or complex floating-point numbers. The point is that of
    the call: what happens to the arrays later does not matter. Each call of the pullback runs the forward sweep again:
    what the function draws from the global generator is drawn anew, what it draws from a `np.random.Generator` that is
    an argument is the same.

    >>> import numpy as np
    >>> from sourcead import vjp
    >>> value, pullback = vjp(lambda a, x: a @ x, np.eye(2), np.array([3.0, 4.0]), jit=False)
    >>> a_bar, x_bar = pullback(np.array([1.0, 0.0]))
    >>> a_bar.tolist(), x_bar.tolist()
    ([[3.0, 4.0], [0.0, 0.0]], [1.0, 0.0])
    """
    signature = inspect.signature(user_function(f)).bind(*primals)
    signature.apply_defaults()
    primals = signature.args
    wrt = argnums if argnums is not None else tuple(k for k, v in enumerate(primals) if floating(v))
    g = kept(vjp_fn, f, wrt, outnums, has_aux, jit, cache, options)
    point = with_generators(at_once(primals))

    def pullback(seeds: Any) -> Any:
        gradients = g(seeds, *with_generators(point))[1]
        if argnums is not None:
            return gradients
        found = dict(zip(g.argnums, gradients, strict=True))
        return tuple(found.get(k) for k in range(len(point)))

    return outcome(g, at_once(primals)), pullback


_made: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


def kept(make: Any, f: Any, argnums: Any, outnums: Any, *rest: Any) -> Any:
    """What `make` gives, the same for equal requests: it is compiled once for each combination of types."""

    def hashable(x: Any) -> Any:
        return tuple(x) if isinstance(x, Sequence) else x

    *flags, options = rest
    key = make, hashable(argnums), hashable(outnums), *flags, tuple(sorted(options.items()))
    made = _made.setdefault(f, {})
    if key not in made:
        has_aux, jit, cache = flags
        made[key] = make(f, argnums, outnums, has_aux, jit=jit, cache=cache, **options)
    return made[key]


def floating(v: Any) -> bool:
    """Can a gradient by this value be asked for?"""
    return all(map(is_float, leaf_types(_typeof(structure.as_tuples(v)))))


def at_once(values: Sequence[Any]) -> tuple[Any, ...]:
    """Copies of arguments; those that share memory share the copy of it."""
    together = overlap.copied(values)
    return tuple(v if v is not w else copied(v) for v, w in zip(together, values, strict=True))


def with_generators(values: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments with random generators of their own, which draw what those would."""
    return tuple(deepcopy(v) if isinstance(v, np.random.Generator) else v for v in values)


def copied(v: Any) -> Any:
    """The same value with arrays of its own."""
    own = structure.mapped(lambda x: x.copy() if isinstance(x, np.ndarray) else x, v)
    return structure.like(v, own)


def outcome(g: Any, args: tuple[Any, ...]) -> Any:
    """What the function computes from these arguments, which it may change."""
    result = plain(g, args)
    if not g.mode.outputs.argnums:
        return result
    written = tuple(args[k] for k in g.mode.outputs.argnums)
    last = written[0] if g.mode.outputs.single else written
    return last if result is None else (result, last)


def plain(g: Any, args: tuple[Any, ...]) -> Any:
    if isinstance(g.pyfunc, _Face):
        return g.primal(*args)
    if any(map(structure.foreign, args)):  # Numba does not take them
        return g.function(*args)
    try:
        return g.primal(*args)
    except NumbaError:  # it uses what only gradients know how to compile
        return g.function(*args)
