"""Whole Jacobians and Hessians: many directions at once, in one run of the program."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import structure
from ..api import _Face, grad, user_function, value_and_grad
from ..custom import CustomRule
from ..fingerprint import dependencies
from ..outcome import ADDED, LAST, TANGENT
from .jvp import pushed
from .vjp import at_once, outcome, vjp_fn, with_generators

CHUNK = 64
"""Directions that go along at once: enough for loops over them to pay, few enough to stay in the cache."""


class Jacobian:
    """The derivative of all results by all arguments; called like the function."""

    def __init__(self, f: Any, argnums: Any, outnums: Any, mode: str, chunk: int | None, **options: Any):
        self.f, self.function, self.mode, self.chunk = f, user_function(f), mode, chunk or CHUNK
        self.pulled = vjp_fn(f, argnums, outnums, **options)
        self.argnums, self.single = self.pulled.argnums, self.pulled.single
        self.pushed = pushed(f, argnums, outnums, result=TANGENT, several=True, **options)
        self.rows = pushed(self.pulled, 0, result=LAST, several=True, **options)
        self.ruled = any(isinstance(x, CustomRule) for x in (f, *dependencies(self.function)))
        self.__name__, self.__doc__ = self.function.__name__, self.function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = self._bound(args, kwargs)
        value = self._value(args)
        found = self._columns(args) if self._by_columns(args, value) else self._rows(args, value)
        if any(isinstance(a, np.random.Generator) for a in args):
            outcome(self.pulled, at_once(args))  # the caller's generators are as after one call
        return found

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The program that is run for these arguments, for the first of the directions."""
        args = self._bound(args, kwargs)
        value = self._value(args)
        if self._by_columns(args, value):
            return self.pushed.source(self._directions(self._given(args), range(1)), *args)
        if self.ruled:
            return self.pulled.source(only(along(value, range(1))), *args)
        return self.rows.source(along(value, range(1)), zeros(value), *args)

    def __repr__(self) -> str:
        return f"<jacobian of {self.pulled!r}, mode {self.mode}>"

    def _bound(self, args: Any, kwargs: Any) -> tuple[Any, ...]:
        bound = inspect.signature(self.function).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args

    def _given(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments to differentiate by."""
        given = tuple(structure.as_tuples(args[k]) for k in self.argnums)
        if any(np.iscomplexobj(x) for x in leaves(given)):
            raise TypeError(
                f"the Jacobian of `{self.__name__}` by complex numbers is not defined; "
                "differentiate by their real and imaginary parts, or along a direction with jvp"
            )
        return given

    def _value(self, args: Sequence[Any]) -> Any:
        """The result, as far as it is needed."""
        if self.mode == "fwd":
            return None
        return structure.as_tuples(outcome(self.pulled, with_generators(at_once(args))))

    def _by_columns(self, args: Sequence[Any], value: Any) -> bool:
        """By forward mode: are there at most as many numbers in the arguments as in the result?"""
        return self.mode == "fwd" or self.mode == "any" and count(self._given(args)) <= count(value)

    def _at_once(self, n: int, program: Callable[[], str]) -> int:
        """How many of `n` directions go along at once: all, where each run would draw other random numbers."""
        return n if n > self.chunk and "np.random." in program() else self.chunk

    def _directions(self, given: Any, chosen: range) -> Any:
        tangents = along(given, chosen)
        return tangents[0] if self.single else tangents

    def _columns(self, args: Sequence[Any]) -> Any:
        given = self._given(args)

        def run(chosen: range) -> Any:
            return self.pushed(self._directions(given, chosen), *with_generators(args))

        n = count(given)
        chunk = self._at_once(n, lambda: self.pushed.source(self._directions(given, range(1)), *args))
        found = in_chunks(n, chunk, run)
        return self._result(mapped(lambda columns: self._like(args, parts(columns, given)), found), args)

    def _rows(self, args: Sequence[Any], value: Any) -> Any:
        if any(np.iscomplexobj(x) for x in leaves(value)):
            raise TypeError(f"`{self.__name__}` has complex results: use jacfwd")
        self._given(args)

        def run(chosen: range) -> Any:
            if self.ruled:
                return self._one_by_one(value, chosen, args)
            return self.rows(along(value, chosen), zeros(value), *with_generators(args))

        n = count(value)
        chunk = self._at_once(n, lambda: self.rows.source(along(value, range(1)), zeros(value), *args))
        found = in_chunks(n, chunk, run)
        found = (found,) if self.single else found
        starts = iter(offsets(value))

        def of(y: Any) -> Any:
            start = next(starts)
            if not floating(y):
                return None
            rows = mapped(lambda g: np.moveaxis(g[..., start : start + np.size(y)], -1, 0), found)
            return self._like(args, mapped(lambda r: r.reshape(np.shape(y) + r.shape[1:]), rows))

        return self._result(mapped(of, value), args)

    def _one_by_one(self, value: Any, chosen: range, args: Sequence[Any]) -> Any:
        """Rows of a function with rules: pullbacks that users write are linear, but their code need not be smooth in
        the adjoints, as that of a solver which stops early is not. So it is called, and not differentiated."""
        seeds = (only(along(value, range(k, k + 1))) for k in chosen)
        rows = [structure.as_tuples(self.pulled(s, *with_generators(args))[1]) for s in seeds]
        return mapped(lambda *each: np.stack(each, axis=-1), *rows)

    def _result(self, blocks: Any, args: Sequence[Any]) -> Any:
        """In the containers of a gradient, if that is what is differentiated."""
        return self.f._restored(blocks, args) if isinstance(self.f, _Face) else blocks

    def _like(self, args: Sequence[Any], blocks: Any) -> Any:
        """Blocks, one for each number or array in the arguments, structured like these."""
        made = tuple(structure.like(args[k], b) for k, b in zip(self.argnums, blocks, strict=True))
        return made[0] if self.single else made


# ---- numbers and arrays in tuples -----------------------------------------------------------------------


def floating(x: Any) -> bool:
    return x is not None and np.asarray(x).dtype.kind in "fc"


def leaves(v: Any) -> Iterator[Any]:
    """The real and complex numbers and arrays in tuples within tuples."""
    if isinstance(v, tuple):
        for i in v:
            yield from leaves(i)
    elif floating(v):
        yield v


def mapped(fn: Callable[..., Any], v: Any, *others: Any) -> Any:
    if isinstance(v, tuple):
        items = (mapped(fn, *each) for each in zip(v, *others, strict=True))
        return type(v)(*items) if hasattr(v, "_fields") else tuple(items)
    return None if v is None else fn(v, *others)


def count(v: Any) -> int:
    return sum(np.size(x) for x in leaves(v))


def offsets(v: Any) -> list[int]:
    """For everything in `v` the number of numbers before it."""
    out, n = [], 0

    def one(x: Any) -> None:
        nonlocal n
        out.append(n)
        n += np.size(x) if floating(x) else 0

    mapped(one, v)
    return out


def along(v: Any, chosen: range) -> Any:
    """The unit directions with these numbers, for everything in `v`, on a last axis."""
    starts = iter(offsets(v))

    def one(x: Any) -> Any:
        start = next(starts)
        if not floating(x):
            return None
        out = np.zeros((np.size(x), len(chosen)), np.asarray(x).dtype)
        mine = range(max(chosen.start, start), min(chosen.stop, start + np.size(x)))
        out[[k - start for k in mine], [k - chosen.start for k in mine]] = 1.0
        return out.reshape((*np.shape(x), len(chosen)))

    return mapped(one, v)


def only(v: Any) -> Any:
    """The one direction of those that stand on a last axis."""
    return mapped(lambda s: np.ascontiguousarray(s[..., 0]) if s.ndim > 1 else s[0], v)


def zeros(v: Any) -> Any:
    return mapped(lambda x: np.zeros_like(x)[()] if floating(x) else None, v)


def in_chunks(n: int, chunk: int, run: Callable[[range], Any]) -> Any:
    """What `run` gives for some directions at once, for all of them, joined along the last axis."""
    found = [structure.as_tuples(run(range(k, min(k + chunk, n)))) for k in range(0, max(n, 1), chunk)]
    return mapped(lambda *each: np.concatenate(each, axis=-1), *found) if len(found) > 1 else found[0]


def parts(columns: Any, given: Any) -> Any:
    """The columns that belong to each number or array in the arguments, in its shape."""
    starts = iter(offsets(given))

    def one(x: Any) -> Any:
        start = next(starts)
        if not floating(x):
            return None
        return columns[..., start : start + np.size(x)].reshape(columns.shape[:-1] + np.shape(x))

    return mapped(one, given)


# ---- public -------------------------------------------------------------------------------------------------


def jacfwd(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    outnums: int | Sequence[int] = (),
    *,
    chunk: int | None = None,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """The Jacobian of `f`, a function of the same arguments, by forward mode: best for few arguments and many results.

    Of a result with the shape `m` by an argument with the shape `n` it has the shape `m + n`. Of several results it is
    a tuple, structured like the result, None for integers; each item is structured like the arguments `argnums`: one
    for an int, a tuple for a tuple, the containers of containers. `outnums`: results that `f` writes into arguments
    (see `jvp_fn`). The function is run once for each `chunk` of columns (64), which are computed by loops inside
    of it; `jit`, `cache` and the options are those of `grad`. It is called from Python.

    TypeError for complex arguments, by which it is not defined.

    >>> import numpy as np
    >>> from sourcead import jacfwd
    >>> jacfwd(lambda x: x[:2] * x[1:] ** 2, jit=False)(np.array([1.0, 2.0, 3.0])).tolist()
    [[4.0, 4.0, 0.0], [0.0, 9.0, 12.0]]
    """
    return _made("fwd", f, argnums, outnums, chunk, jit=jit, cache=cache, **options)


def jacrev(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    outnums: int | Sequence[int] = (),
    *,
    chunk: int | None = None,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """Like `jacfwd`, by reverse mode: best for many arguments and few results.

    The forward sweep is run once for each `chunk` of rows, and the backward sweep goes back for all of them at once.
    TypeError for complex results as well.

    >>> import numpy as np
    >>> from sourcead import jacrev
    >>> jacrev(lambda x: x[:2] * x[1:] ** 2, jit=False)(np.array([1.0, 2.0, 3.0])).tolist()
    [[4.0, 4.0, 0.0], [0.0, 9.0, 12.0]]
    """
    return _made("rev", f, argnums, outnums, chunk, jit=jit, cache=cache, **options)


def jacobian(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    outnums: int | Sequence[int] = (),
    *,
    chunk: int | None = None,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """`jacfwd` where there are at most as many numbers in the arguments as in the results, else `jacrev`."""
    return _made("any", f, argnums, outnums, chunk, jit=jit, cache=cache, **options)


def _made(mode: str, f: Any, *described: Any, **options: Any) -> Any:
    def make(f: Any) -> Jacobian:
        argnums, outnums, chunk = described
        return Jacobian(f, argnums, outnums, mode, chunk, **options)

    return make if f is None else make(f)


def hessian(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    *,
    chunk: int | None = None,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """The matrix of second derivatives of `f`, which returns a real number: the Jacobian of its gradient.

    For an argument with the shape `n` it has the shape `n + n`; for several arguments it is a tuple of tuples, for
    containers nested like them. Forward mode goes over the gradient: all columns of a `chunk` (64) at once.

    >>> import numpy as np
    >>> from sourcead import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1], jit=False)(np.array([3.0, 5.0])).tolist()
    [[10.0, 6.0], [6.0, 0.0]]
    """

    def make(f: Any) -> Jacobian:
        g = grad(f, argnums, jit=jit, cache=cache, **options)
        return Jacobian(g, argnums, (), "fwd", chunk, jit=jit, cache=cache, **options)

    return make if f is None else make(f)


def hvp(
    f: Any = None, argnums: int | Sequence[int] = 0, *, jit: bool = True, cache: bool = True, **options: Any
) -> Any:
    """A function `h(v, *args)`: the product of the Hessian of `f` with `v`, which is structured like the gradient.

    Forward mode over the gradient: some two gradients, without the Hessian (docs/modes.md). `h` is called from
    Python and from njit code; `f` returns a real number; the rest is as for `grad`.

    >>> import numpy as np
    >>> from sourcead import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1], jit=False)(np.array([1.0, 0.0]), np.array([3.0, 5.0])).tolist()
    [10.0, 6.0]
    """

    def make(f: Any) -> Any:
        g = grad(f, argnums, jit=jit, cache=cache, **options)
        return pushed(g, argnums, result=TANGENT, jit=jit, cache=cache, **options)

    return make if f is None else make(f)


def value_grad_hvp(
    f: Any = None, argnums: int | Sequence[int] = 0, *, jit: bool = True, cache: bool = True, **options: Any
) -> Any:
    """A function `h(v, *args)` that gives `(value, gradient, product)`: like `hvp`, with what it computes on the way.

    >>> import numpy as np
    >>> from sourcead import value_grad_hvp
    >>> h = value_grad_hvp(lambda x: x[0] ** 2 * x[1], jit=False)
    >>> value, gradient, product = h(np.array([1.0, 0.0]), np.array([3.0, 5.0]))
    >>> float(value), gradient.tolist(), product.tolist()
    (45.0, [30.0, 9.0], [10.0, 6.0])
    """

    def make(f: Any) -> Any:
        g = value_and_grad(f, argnums, jit=jit, cache=cache, **options)
        return pushed(g, argnums, result=ADDED, jit=jit, cache=cache, **options)

    return make if f is None else make(f)


__all__ = ["hessian", "hvp", "jacfwd", "jacobian", "jacrev", "value_grad_hvp"]
