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

from . import exponentials, logarithms, trigonometric
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
    """The formula for floats of one kind, else the ordinary function."""
    kind = args[0]
    if available() and kind in FORMATS and all(t == kind for t in args):
        return kind(*args), lambda context, builder, sig, values: called(name, builder, kind, values)
    return ordinarily(ordinary, context, args)


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


def make_public(fn: Any, ordinary: Any) -> None:
    """Let compiled code call `fn`, one of the functions of this package, of numbers and of arrays."""
    name = fn.__name__

    def result(x: Any) -> Any:
        number = isinstance(x, (types.Float, types.Integer, types.Boolean))
        return (x if x in FORMATS else types.float64) if number else None

    def of_number(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        t = sig.return_type
        given = context.cast(builder, values[0], sig.args[0], t)
        if available():
            return called(name, builder, t, [given])
        found, call = ordinarily(ordinary, context.typing_context, (t,))
        return call(context, builder, found, [given])

    type_callable(fn)(lambda context: lambda x: result(x))
    lower_builtin(fn, types.Number)(of_number)
    lower_builtin(fn, types.Boolean)(of_number)

    def array(x: Any) -> Any:
        if not isinstance(x, types.Array) or result(x.dtype) is None:
            return None
        to = np.float32 if x.dtype == types.float32 else np.float64

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

    overload(fn, jit_options={"error_model": "numpy"})(array)
