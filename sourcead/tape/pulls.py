"""From a line of the rule table to the function that the backward sweep calls.

A rule is called once with expressions; what it gives for one argument is simplified as in the compiler and
becomes a Python function of `y_bar` and of what the formula reads.  So only that is kept for the backward sweep:
nothing for a sum, the other factor for a product, the result for `exp`.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from sourcead.emit import INFIX
from sourcead.errors import argument_refused
from sourcead.ir import Call, Const, Expr, Var, call, is_const, lift, variables
from sourcead.rules import RULES, dot_left, dot_right

Y_BAR = Var("y_bar")


class Pull(NamedTuple):
    """How one argument of an operation receives its share."""

    pull: Callable[..., Any]  # pull(y_bar, *saved)
    save: Callable[..., tuple[Any, ...]]  # save(*args, y), what the pull needs to be kept
    fresh: bool  # is the share a new array, which may be added to in place?


CAREFUL: dict[Callable[..., Any], Callable[..., Any]] = {}
"""For each pull the one in which a `y_bar` of zero gives zero even where the partial is infinite."""


@lru_cache(maxsize=4096)
def elementwise_pull(fn: Callable[..., Any], n: int, k: int, exponent: float | None = None) -> Pull | None:
    """The pull of argument `k` out of `n`; None where the partial is zero.

    A constant `exponent` has its own formula, which needs no logarithm and often no power.
    """
    args: tuple[Expr, ...] = tuple(Var(f"x{i}") for i in range(n))
    if exponent is not None:
        args = (args[0], Const(exponent))
    if RULES[fn].refuses(k):
        raise argument_refused(fn, k)
    partials = RULES[fn].partials
    assert partials is not None
    partial = lift(partials(*args, Var("y"))[k])
    if is_const(partial, 0):
        return None
    names = tuple(f"x{i}" for i in range(n))
    made = compiled(call(op.mul, Y_BAR, partial), names)
    careful = Call(masked, (Y_BAR, partial))
    if needs(careful, names) == needs(call(op.mul, Y_BAR, partial), names):
        CAREFUL[made.pull] = compiled(careful, names).pull
    return made


@lru_cache
def dot_pull(ranks: tuple[int, int], k: int) -> Pull:
    """The pull of an operand of `a @ b`, for vectors and matrices."""
    share = (dot_left, dot_right)[k](Y_BAR, Var("x0"), Var("x1"), ranks)
    return compiled(share, ("x0", "x1"))


def masked(y_bar: Any, partial: Any) -> Any:
    return np.where(np.equal(y_bar, 0), 0.0, y_bar * partial)


def needs(e: Expr, names: tuple[str, ...]) -> tuple[str, ...]:
    read = set(variables(e))
    return tuple(n for n in (*names, "y") if n in read)


def compiled(e: Expr, names: tuple[str, ...]) -> Pull:
    space: dict[str, Any] = {"inf": np.inf, "nan": np.nan, "np": np}  # what constants are spelled with
    saved = needs(e, names)
    body = text(e, space)
    pull = eval(f"lambda {', '.join(('y_bar', *saved))}: {body}", space)
    save = eval(f"lambda {', '.join((*names, 'y'))}: ({''.join(n + ', ' for n in saved)})")
    return Pull(pull, save, not isinstance(e, Var))


def text(e: Expr, space: dict[str, Any]) -> str:
    """The expression as Python over arrays; `space` receives the functions it names."""
    match e:
        case Var(name):
            return name
        case Const(value):
            return repr(value)
        case Call(fn, args):
            a = [text(x, space) for x in args]
            if fn in INFIX:
                return f"({a[0]} {INFIX[fn][0]} {a[1]})"
            if fn is op.pow:
                return f"({a[0]} ** {a[1]})"
            if fn is op.neg:
                return f"(-{a[0]})"
            if fn is np.transpose:
                return f"{a[0]}.T"
            if fn is np.outer:
                return f"({a[0]}[:, None] * {a[1]})"
            name = getattr(fn, "__name__", "fn") + f"_{len(space)}"
            name = next((n for n, f in space.items() if f is fn), name)
            space[name] = fn
            return f"{name}({', '.join(a)})"
    raise TypeError(f"no rule emits {e!r}")
