"""`grad` and `value_and_grad` of the tape."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from sourcead.custom import CustomRule
from sourcead.errors import Unsupported
from sourcead.special import known

from .backward import gradients
from .record import Node, Tape, strip
from .variable import Variable

Argnums = int | tuple[int, ...]


def grad(f: Callable[..., Any] | None = None, argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of `f` with respect to the arguments `argnums`: one for an int, a tuple for a tuple.

    With `has_aux`, `f` returns a pair of which the first is differentiated, and the gradient function returns
    `(gradient, aux)`.  To be used as a function, as `@grad`, or as `@grad(argnums=1)`.
    """
    return transformed(f, argnums, has_aux, lambda y, g, aux: (g, aux) if has_aux else g, grad)


def value_and_grad(
    f: Callable[..., Any] | None = None, argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad`, but returns `(value, gradient)`, or `((value, aux), gradient)`."""
    return transformed(f, argnums, has_aux, lambda y, g, aux: ((y, aux) if has_aux else y, g), value_and_grad)


def transformed(
    f: Callable[..., Any] | None, argnums: Argnums, has_aux: bool, result: Callable[..., Any], again: Callable[..., Any]
) -> Callable[..., Any]:
    if f is None:
        return lambda f: again(f, argnums, has_aux)
    if not callable(f):
        raise TypeError(f"{again.__name__} takes a function, not {f!r}")
    wanted = argnums if isinstance(argnums, tuple) else (argnums,)
    if not all(isinstance(k, int) and not isinstance(k, bool) for k in wanted):
        raise TypeError(f"argnums is an int or a tuple of ints, not {argnums!r}")
    # of a function that Numba compiles, the Python function
    body = f if isinstance(f, CustomRule) else getattr(f, "py_func", f)

    @functools.wraps(body)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        y, grads, aux = run(body, wanted, has_aux, args, kwargs)
        return result(y, grads if isinstance(argnums, tuple) else grads[0], aux)

    return gradient


def run(
    f: Callable[..., Any], argnums: tuple[int, ...], has_aux: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[Any, ...], Any]:
    """Value, gradients and auxiliary result of one call."""
    wanted = [positional(k, len(args)) for k in argnums]
    known()
    tape = Tape(Variable)
    leaves: list[Any] = []
    traced = [enter(a, k, tape, leaves) if k in wanted else guarded(a) for k, a in enumerate(args)]
    inputs = tuple(traced[k] for k in wanted)
    numbers = [number_of(x) for x in inputs]  # before `f` writes into them
    try:
        y = f(*traced, **{k: guarded(v) for k, v in kwargs.items()})
    except ValueError as e:  # NumPy's, around what a variable answers to being stored in a plain array
        if isinstance(e.__cause__, Unsupported):
            raise e.__cause__.with_traceback(e.__traceback__) from None
        raise
    aux = None
    if has_aux:
        if not isinstance(y, tuple) or len(y) != 2:
            raise TypeError("with has_aux=True the function returns a pair (value, aux)")
        y, aux = y[0], strip(y[1])
    value = strip(y)
    check_result(f, y, value, tape)
    bars, mine = [None] * len(leaves), bytearray(len(leaves))
    if isinstance(y, Node):
        bars, mine = gradients(tape, y.k, value.dtype.type(1), len(leaves))
    grads = tuple(leave(n, args[k], bars, mine) for n, k in zip(numbers, wanted, strict=True))
    return value, grads, aux


def positional(k: int, n: int) -> int:
    if not -n <= k < n:
        raise TypeError(
            f"differentiating with respect to argnums={k} requires at least {k + 1 if k >= 0 else -k} positional "
            f"arguments, but the call has {n}"
        )
    return k % n


# ---- arguments in, gradients out; tuples, lists and dictionaries keep their structure ---------------------------


def each(x: Any, fn: Callable[[Any], Any]) -> Any:
    if isinstance(x, (tuple, list)):
        parts = [each(v, fn) for v in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if isinstance(x, dict):
        return {k: each(v, fn) for k, v in x.items()}
    return fn(x)


def enter(x: Any, k: int, tape: Tape, leaves: list[Any]) -> Any:
    """An active argument as variables."""

    def leaf(a: Any) -> Variable:
        if isinstance(a, Node):
            raise Unsupported(
                "the tape differentiates once, not its own gradients", remedy="use sourcead.grad(sourcead.grad(f))"
            )
        value = np.float64(a) if type(a) is float else a
        dtype = getattr(value, "dtype", None)
        if dtype is None or dtype.kind != "f":
            what = type(a).__name__ if dtype is None or not np.ndim(a) else f"array of {dtype}"
            raise TypeError(
                f"grad requires arguments of a floating type, but argument {k} is {what}; "
                "pass 1.0 for 1, convert arrays with x.astype(np.float64), or leave the argument out of argnums"
            )
        leaves.append(a)
        tape.count += 1
        return Variable(np.asarray(value)[()] if np.ndim(value) == 0 else value, tape, tape.count - 1)

    return each(x, leaf)


def guarded(x: Any) -> Any:
    """An inactive argument; the caller's arrays cannot be written."""

    def guard(a: Any) -> Any:
        if isinstance(a, np.ndarray) and a.flags.writeable:
            a = a.view()
            a.flags.writeable = False
        return a

    return each(x, guard)


def number_of(x: Any) -> Any:
    return each(x, lambda v: v.k)


def leave(number: Any, a: Any, bars: list[Any], mine: bytearray) -> Any:
    """The gradient in the structure of the argument: floats for floats, arrays of the same shape and dtype."""
    if isinstance(a, (tuple, list)):
        parts = [leave(n, v, bars, mine) for n, v in zip(number, a, strict=True)]
        return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
    if isinstance(a, dict):
        return {key: leave(number[key], v, bars, mine) for key, v in a.items()}
    bar = bars[number]
    if isinstance(a, np.ndarray):
        if bar is None:
            return np.zeros_like(a)
        if mine[number] and type(bar) is np.ndarray and bar.dtype == a.dtype and bar.flags.c_contiguous:
            return bar
        return np.array(bar, a.dtype, order="C").reshape(a.shape)
    return type(a)(0.0 if bar is None else bar)


def check_result(f: Callable[..., Any], y: Any, value: Any, tape: Tape) -> None:
    name = getattr(f, "__name__", "the function")
    if isinstance(y, Node) and y.tape is not tape:
        raise Unsupported(f"{name} returned a value of another gradient call")
    if not isinstance(value, (float, np.floating, np.ndarray)) or not np.issubdtype(
        np.asarray(value).dtype, np.floating
    ):
        raise TypeError(f"grad needs a function that returns a floating-point number, but {name} returned {value!r}")
    if np.ndim(value):
        raise TypeError(
            f"grad needs a function that returns one number, but {name} returned an array of shape {np.shape(value)}; "
            "reduce it first, with np.sum for instance"
        )
