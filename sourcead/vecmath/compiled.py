"""How Numba types and compiles the functions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic, lower_builtin, overload, register_jitable, type_callable

from . import exponentials, logarithms, powers, trigonometric
from .lanes import DOUBLE, SINGLE, Format, Real

FORMULAS: dict[str, Callable[..., Real]] = {
    "exp": exponentials.exp,
    "expm1": exponentials.expm1,
    "log": logarithms.log,
    "log1p": logarithms.log1p,
    "tanh": exponentials.tanh,
    "sigmoid": exponentials.sigmoid,
    "softplus": exponentials.softplus,
    "sin": trigonometric.sin,
    "cos": trigonometric.cos,
    "tan": trigonometric.tan,
    "pow": powers.pow,
    "sqrt": powers.sqrt,
    "erf": exponentials.erf,
}

FORMATS = {types.float64: DOUBLE, types.float32: SINGLE}


@functools.lru_cache(maxsize=1)
def available() -> bool:
    """Does the processor that Numba compiles for multiply and add in one instruction? Otherwise nothing is replaced."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    return str(triple).startswith(("aarch64", "arm64")) or "+fma" in str(features).split(",")


def function(module: Any, name: str, f: Format, nin: int) -> Any:
    """The LLVM function of that name for numbers of a format; it disappears where it is called."""
    symbol = f"sourcead_{name}_{f.width}"
    fn = module.globals.get(symbol)
    if fn is None:
        fn = ir.Function(module, ir.FunctionType(f.real, [f.real] * nin), symbol)
        fn.linkage = "internal"
        for attribute in ("alwaysinline", "nounwind", "readnone"):
            fn.attributes.add(attribute)
        builder = ir.IRBuilder(fn.append_basic_block())
        builder.ret(FORMULAS[name](*(Real(builder, a, f) for a in fn.args)).value)
    return fn


def called(name: str, builder: Any, t: Any, values: Any) -> Any:
    """Code of a call with numbers of type `t`."""
    if (
        "x86" in builder.module.triple
    ):  # constants that the registers cannot hold are kept on the stack, in whole vectors
        set.add(builder.function.attributes, '"stackrealign"')
    return builder.call(function(builder.module, name, FORMATS[t], len(values)), values)


def ordinarily(ordinary: Any, context: Any, args: tuple[Any, ...]) -> Any:
    """Signature and code of a call of a function that Numba knows."""
    callee = context.resolve_value_type(ordinary)
    found = context.resolve_function_type(callee, args, {})

    def call(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return context.get_function(callee, found)(builder, values)

    return None if found is None else (found, call)


def typed(name: str, ordinary: Any, context: Any, args: tuple[Any, ...]) -> Any:
    """The formula for floats, in double precision if one of them is; else the ordinary function."""
    if not available() or not all(t in FORMATS for t in args):
        return ordinarily(ordinary, context, args)
    kind = types.float64 if types.float64 in args else types.float32

    def formula(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return called(name, builder, kind, cast(context, builder, values, sig.args, kind))

    return kind(*args), formula


def cast(context: Any, builder: Any, values: Any, kinds: Any, t: Any) -> list[Any]:
    return [context.cast(builder, v, a, t) for v, a in zip(values, kinds, strict=True)]


@functools.cache
def replacement(name: str, ordinary: Any) -> Any:
    """What compiled code calls instead of `ordinary`, a function of one argument or two."""
    if name == "pow":

        @intrinsic
        def of_two(context: Any, x: Any, y: Any) -> Any:
            return typed(name, ordinary, context, (x, y))

        return of_two

    @intrinsic
    def of_one(context: Any, x: Any) -> Any:
        return typed(name, ordinary, context, (x,))

    return of_one


# ---- public functions ------------------------------------------------------------------------------------


@register_jitable
def plain_sigmoid(x: Any) -> Any:
    q = math.exp(-abs(x))
    return q / (1.0 + q) if x < 0.0 else 1.0 / (1.0 + q)


@register_jitable
def plain_softplus(x: Any) -> Any:
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


def make_public(fn: Any, ordinary: Any, nin: int = 1) -> None:
    """Let compiled code call `fn`, one of the functions of this package, of numbers and of arrays."""
    name = fn.__name__

    def result(*args: Any) -> Any:
        if not all(isinstance(t, (types.Float, types.Integer, types.Boolean)) for t in args):
            return None
        return types.float32 if all(t == types.float32 for t in args) else types.float64

    def of_numbers(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        t = sig.return_type
        given = cast(context, builder, values, sig.args, t)
        if available():
            return called(name, builder, t, given)
        found, call = ordinarily(ordinary, context.typing_context, (t,) * nin)
        return call(context, builder, found, given)

    type_callable(fn)(lambda context: (lambda x: result(x)) if nin == 1 else (lambda x, y: result(x, y)))
    lower_builtin(fn, *[types.Any] * nin)(of_numbers)
    overload(fn, jit_options={"error_model": "numpy"})(of_array(fn, result) if nin == 1 else of_arrays(fn, result))


def of_array(fn: Any, result: Callable[..., Any]) -> Callable[..., Any]:
    """The function of one array."""

    def choose(x: Any) -> Any:
        if not isinstance(x, types.Array) or result(x.dtype) is None:
            return None
        to = np.dtype(str(result(x.dtype))).type

        def contiguous(x: Any) -> Any:
            y = np.empty(x.shape, to)
            source, target = x.reshape(x.size), y.reshape(y.size)
            for i in range(x.size):
                target[i] = fn(source[i])
            return y

        def scattered(x: Any) -> Any:
            y = np.empty(x.shape, to)
            target = y.reshape(y.size)
            for i, v in enumerate(x.flat):
                target[i] = fn(v)
            return y

        return contiguous if x.layout == "C" else scattered

    return choose


def of_arrays(fn: Any, result: Callable[..., Any]) -> Callable[..., Any]:
    """The function of two arrays of one shape, or of an array and a number."""

    def choose(x: Any, y: Any) -> Any:
        first, second = (isinstance(t, types.Array) for t in (x, y))
        kind = result(x.dtype if first else x, y.dtype if second else y)
        if not (first or second) or kind is None:
            return None
        to = np.dtype(str(kind)).type

        def both(x: Any, y: Any) -> Any:
            if x.shape != y.shape:
                raise ValueError("arrays of different shapes")
            z = np.empty(x.shape, to)
            u, v, target = x.copy().reshape(x.size), y.copy().reshape(x.size), z.reshape(x.size)
            for i in range(x.size):
                target[i] = fn(u[i], v[i])
            return z

        def left(x: Any, y: Any) -> Any:
            z = np.empty(x.shape, to)
            u, target = x.copy().reshape(x.size), z.reshape(x.size)
            for i in range(x.size):
                target[i] = fn(u[i], y)
            return z

        def right(x: Any, y: Any) -> Any:
            z = np.empty(y.shape, to)
            v, target = y.copy().reshape(y.size), z.reshape(y.size)
            for i in range(y.size):
                target[i] = fn(x, v[i])
            return z

        return (both if second else left) if first else right

    return choose
