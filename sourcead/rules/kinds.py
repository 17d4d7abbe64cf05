"""What a derivative rule is, and the constructors that make one from a line of mathematics.

A rule answers two questions about `y = fn(*args)`:

    pullback(args, y, y_bar)    the share of `y_bar` that each argument receives; None where nothing can flow
    pushforward(args, dots, y)  `y_dot`, for tangents `dots` (None for an argument that does not vary)

The lambdas of the table are plain mathematics.  The compiler calls them with `ir.Expr`, which build
expressions; the tests and the tape call them with numbers and arrays, which compute.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sourcead import ir

Fn = Callable[..., Any]
Shares = tuple[Any, ...]


@dataclass(frozen=True)
class Rule:
    """The derivative of `fn`.

    kind         elementwise, constant, linear, bilinear, general or atom
    partials     elementwise only: `partials(*args, y)` -> one partial derivative for each argument
    shares       for each differentiable argument: linear and bilinear `share(y_bar, *args, **kwargs)`,
                 general `share(y_bar, y, *args, **kwargs)`
    of_complex   `of_complex(y_bar, *args, y)` -> one share for each argument where numbers are complex, with
                 adjoints `dL/dx + i dL/dy` of `x + iy`; None where the function is not differentiated there
    along_complex  `along_complex(dots, *args, y)` -> `y_dot` where numbers are complex
    samples      for each argument an interval (two floats), the shape of an array (ints), a function that draws one
                 (`draw(rng)`), or `Fixed` values
    cost         of recomputing `y`, in additions: what record-or-recompute weighs
    extents      of the results (one item each), from those of the arguments; None where that is not plain
    results      names for several results: then `y` and `y_bar` are tuples, with None for the adjoint of an unused one
    """

    fn: Fn
    kind: str
    pullback: Callable[..., Shares]
    pushforward: Callable[..., Any] | None
    partials: Callable[..., Shares] | None = None
    of_complex: Callable[..., Shares] | None = None
    along_complex: Callable[..., Any] | None = None
    shares: tuple[Fn, ...] = ()
    samples: tuple[Any, ...] = ()
    cost: int = 1
    results: tuple[str, ...] = ()
    extents: Callable[..., tuple[Any, ...]] | None = None

    def refuses(self, k: int) -> bool:
        """Is the derivative by argument `k` not known?"""
        return k < len(self.samples) and isinstance(self.samples[k], Unknown)


class Fixed:
    """Samples of an argument with respect to which nothing is differentiated: a flag, an order, an axis."""

    def __init__(self, *values: Any):
        self.values = values


class Unknown(Fixed):
    """The same of an argument by which the derivative is not known: a call in which that varies is refused."""


RULES: dict[Fn, Rule] = {}


def register(fns: Iterable[Fn], *fields: Any, **more: Any) -> None:
    for fn in fns:
        RULES[fn] = Rule(fn, *fields, **more)


def elementwise(
    *spec: Any,
    cost: int = 20,
    of_complex: Callable[..., Any] | None = None,
    along_complex: Callable[..., Any] | None = None,
) -> None:
    """`elementwise(fn, other_spelling, partials, samples)`; `samples` may be left out.

    Only elementwise rules broadcast: their shares are folded back to the shape of the argument by
    whoever calls them, so that no rule mentions shapes. `of_complex(y_bar, *args, y)` gives the shares where
    numbers are complex, for functions that are not holomorphic, `along_complex(dots, *args, y)` the tangent there.
    """
    *fns, partials = [s for s in spec if callable(s)]
    code = partials.__code__
    samples = next((s for s in spec if not callable(s)), ((-2.0, 2.0),) * (code.co_argcount - 1))

    def each(args: Shares, y: Any) -> Shares:
        return as_tuple(partials(*args, y))

    register(
        fns,
        "elementwise",
        lambda args, y, y_bar: tuple(y_bar * p for p in each(args, y)),
        lambda args, dots, y: total(p * d for p, d in zip(each(args, y), dots, strict=True) if d is not None),
        lambda *args_y: each(args_y[:-1], args_y[-1]),
        of_complex=None if of_complex is None else lambda *a: as_tuple(of_complex(*a)),
        along_complex=along_complex,
        samples=samples,
        cost=cost,
    )


def holomorphic(*spec: Any, cost: int = 20) -> None:
    """An elementwise rule whose partial derivatives are those in the complex plane too.

    The adjoint `dL/dx + i dL/dy` of `x + iy` receives `y_bar * conj(partial)`.
    """
    partials = [s for s in spec if callable(s)][-1]

    def of_complex(y_bar: Any, *args_y: Any) -> Shares:
        return tuple(y_bar * conj(p) for p in as_tuple(partials(*args_y)))

    def along_complex(dots: Shares, *args_y: Any) -> Any:
        each = zip(as_tuple(partials(*args_y)), dots, strict=False)
        return total(ir.call(op.mul, p, d) if isinstance(d, ir.Expr) else p * d for p, d in each if d is not None)

    elementwise(*spec, cost=cost, of_complex=of_complex, along_complex=along_complex)


def as_tuple(p: Any) -> Shares:
    return p if isinstance(p, tuple) else (p,)


def constant(*fns: Fn, of_complex: bool = False) -> None:
    """Nothing flows: piecewise constant functions, comparisons, conversions to integers."""
    register(
        fns,
        "constant",
        lambda args, y, y_bar: (None,) * len(args),
        lambda args, dots, y: 0.0,
        of_complex=(lambda *a: (None,) * (len(a) - 2)) if of_complex else None,
    )


def linear(*spec: Any, cost: int = 1) -> None:
    """`linear(fn, transpose, samples)`: linear in the first argument, the others are parameters.

    `transpose(y_bar, x, *parameters)` may ask `x` for its shape and dtype, never for its elements.
    """
    *fns, transpose = [s for s in spec if callable(s)]
    samples = next((s for s in spec if not callable(s)), ())
    for fn in fns:
        register(
            [fn],
            "linear",
            lambda args, y, y_bar, **kw: (transpose(y_bar, *args, **kw), *(None for _ in args[1:])),
            lambda args, dots, y, fn=fn, **kw: fn(dots[0], *args[1:], **kw),
            shares=(transpose,),
            samples=samples,
            cost=cost,
        )


def bilinear(*spec: Any, cost: int = 1) -> None:
    """`bilinear(fn, left, right, samples)`: `left(y_bar, a, b)` is what `a` receives.

    `left` may ask `a` for its shape only, `right` likewise `b`.
    """
    *fns, left, right = [s for s in spec if callable(s)]
    samples = next((s for s in spec if not callable(s)), ())
    for fn in fns:
        register(
            [fn],
            "bilinear",
            lambda args, y, y_bar: (left(y_bar, *args), right(y_bar, *args)),
            lambda args, dots, y, fn=fn: total(
                fn(*(d if i == j else a for j, a in enumerate(args))) for i, d in enumerate(dots) if d is not None
            ),
            shares=(left, right),
            samples=samples,
            cost=cost,
        )


def general(*spec: Any, cost: int = 100) -> None:
    """`general(fn, share_of_first, share_of_second, ..., samples)`: `share(y_bar, y, *args)`; reverse mode only."""
    fn, *shares = [s for s in spec if callable(s)]
    samples = next((s for s in spec if not callable(s)), ())

    def pullback(args: Shares, y: Any, y_bar: Any, **kw: Any) -> Shares:
        return (*(s(y_bar, y, *args, **kw) for s in shares), *(None for _ in args[len(shares) :]))

    register([fn], "general", pullback, None, shares=tuple(shares), samples=samples, cost=cost)


def atom(fn: Fn, bars: Callable[..., Shares], samples: tuple[Any, ...], **more: Any) -> None:
    """`atom(fn, bars, samples)`: `bars(y_bar, y, *args, rank)` gives what the first arguments receive.

    The compiler keeps `fn` a call on whole arrays, so `bars` runs on expressions too; `rank(x)` is the number of axes
    of an argument or adjoint, which expressions do not tell. The tangents of results are in `linalg_tangents`.
    """

    def pullback(args: Shares, y: Any, y_bar: Any, rank: Callable[[Any], int] = np.ndim) -> Shares:
        found = bars(y_bar, y, *args, rank=rank)
        return (*found, *(None for _ in args[len(found) :]))

    def share(k: int) -> Fn:
        return lambda y_bar, y, *args: pullback(args, y, y_bar)[k]

    each = tuple(share(k) for k, s in enumerate(samples) if not isinstance(s, Fixed))
    register([fn], "atom", pullback, None, shares=each, samples=samples, cost=1000, **more)


def total(terms: Iterable[Any]) -> Any:
    """The sum; 0.0 when there is nothing to add."""
    y = None
    for t in terms:
        y = t if y is None else y + t
    return 0.0 if y is None else y


# ---- words of the rule language that mean the same for numbers and for expressions --------------


def apply(fn: Fn, *args: Any) -> Any:
    """`fn(*args)`, computed for numbers and arrays, built for expressions."""
    return ir.call(fn, *args) if any(isinstance(a, ir.Expr) for a in args) else fn(*args)


def conj(x: Any) -> Any:
    """The complex conjugate; the sign stays outside, where `y_bar * -x` finds it."""
    if isinstance(x, ir.Const):
        return ir.Const(x.value.conjugate())
    if isinstance(x, ir.Call) and x.fn is op.neg:
        return -conj(x.args[0])
    return apply(np.conj, x)


def known(x: Any) -> Any:
    """The value of a constant expression, when the rule can be decided while compiling."""
    return x.value if isinstance(x, ir.Const) else x


def where(c: Any, u: Any, v: Any) -> Any:
    """Selection; a condition that is known now selects now."""
    c = known(c)
    if isinstance(c, (bool, np.bool_)):
        return u if c else v
    return apply(np.where, c, u, v)
