"""How Numba types and calls SciPy's special functions.

The functions of `scipy.special.cython_special` are C functions. Their addresses, which differ from process to process,
are given to LLVM under names, so that compiled code can be kept on disk. What is there under no such name is called
through Python.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import scipy.special as sp
from llvmlite import ir
from numba import vectorize
from numba.core import cgutils, types
from numba.extending import lower_builtin, overload, register_jitable, type_callable
from scipy.special import cython_special

from .. import primitives as p
from ..emit import MODULES
from ..rules import RULES
from ..stand_ins import stands_for
from . import rules

MODULES["special"] = sp

PREFIX = "sourcead_special_"

# ---- addresses ------------------------------------------------------------------------------------------


def address(fn: Any) -> int:
    """The address of a C function of `fn`'s arguments as doubles and an int, which means nothing."""
    name, capsules = fn.__name__, cython_special.__pyx_capi__
    wanted = re.compile(r"double \(" + ", ".join(["double"] * fn.nin) + r"(, int \w+)?\)")
    for key, capsule in capsules.items():
        if re.fullmatch(rf"(__pyx_fuse_[\d_]*)?{name}", key) and wanted.fullmatch(signature_of(capsule).decode()):
            return int(address_of(capsule, signature_of(capsule)))
    return through_python(fn)


signature_of = ctypes.pythonapi.PyCapsule_GetName
signature_of.restype, signature_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
address_of = ctypes.pythonapi.PyCapsule_GetPointer
address_of.restype, address_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]

callbacks: list[Any] = []  # they live as long as the process


def through_python(fn: Any) -> int:
    """The address of a C function that asks Python for the value."""
    prototype = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * fn.nin, ctypes.c_int)
    callback = prototype(lambda *args: float(fn(*args[:-1])))
    callbacks.append(callback)
    found = ctypes.cast(callback, ctypes.c_void_p).value
    assert found is not None
    return found


def external(fn: Any) -> None:
    """Let compiled code call the C function for numbers."""
    symbol = PREFIX + fn.__name__
    llvm.add_symbol(symbol, address(fn))

    def called(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        double = ir.DoubleType()
        given = [context.cast(builder, a, t, types.float64) for a, t in zip(args, sig.args, strict=True)]
        signature = ir.FunctionType(double, [double] * fn.nin + [ir.IntType(32)])
        found = cgutils.get_or_insert_function(builder.module, signature, symbol)
        y = builder.call(found, [*given, ir.Constant(ir.IntType(32), 0)])
        return context.cast(builder, y, types.float64, sig.return_type)

    type_callable(fn)(lambda context: typed(fn.nin, result_of_numbers))
    lower_builtin(fn, *[types.Any] * fn.nin)(called)


# ---- elementary ones, which loops can take in -----------------------------------------------------------------


def expit(x):
    return 1.0 / (1.0 + math.exp(-x))


def log_expit(x):
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def xlogy(x, y):
    return 0.0 if x == 0.0 and not math.isnan(y) else x * np.log(y)


def xlog1py(x, y):
    return 0.0 if x == 0.0 and not math.isnan(y) else x * np.log1p(y)


def entr(x):
    return -x * np.log(x) if x > 0.0 else 0.0 if x == 0.0 else x if math.isnan(x) else -math.inf


ELEMENTARY: dict[Any, Callable[..., Any]] = {
    sp.expit: expit,
    sp.log_expit: log_expit,
    sp.xlogy: xlogy,
    sp.xlog1py: xlog1py,
    sp.entr: entr,
    sp.erf: lambda x: math.erf(x),
    sp.erfc: lambda x: math.erfc(x),
    sp.cbrt: lambda x: np.cbrt(x),
    sp.exp2: lambda x: np.exp2(x),
    sp.expm1: lambda x: np.expm1(x),
    sp.log1p: lambda x: np.log1p(x),
    sp.round: lambda x: np.rint(x),
    sp.polygamma: lambda n, x: p.polygamma(int(n), x),
    **dict.fromkeys(rules.sp_has("softplus"), softplus),
}

# ---- types, and what is compiled -------------------------------------------------------------------------------


def result(args: tuple[Any, ...]) -> Any:
    """The type of a result: a float, or an array of them; None where the arguments are no real numbers."""
    kinds = [a.dtype if isinstance(a, types.Array) else a for a in args]
    if not all(isinstance(t, (types.Float, types.Integer, types.Boolean)) for t in kinds):
        return None
    floats = [t for t in kinds if isinstance(t, types.Float)]
    kind = types.float32 if floats and all(t is types.float32 for t in floats) else types.float64
    ndim = max((a.ndim for a in args if isinstance(a, types.Array)), default=0)
    return types.Array(kind, ndim, "C") if ndim else kind


def result_of_numbers(args: tuple[Any, ...]) -> Any:
    return None if any(isinstance(a, types.Array) for a in args) else result(args)


def typed(nin: int, result: Callable[[tuple[Any, ...]], Any]) -> Callable[..., Any]:
    """What tells type inference the type of a result."""
    return with_arity(nin, lambda *args: result(args))


def with_arity(nin: int, fn: Callable[..., Any], text: str = "fn({})") -> Callable[..., Any]:
    """A function with so many parameters, for Numba, which looks at them; text: of what it returns."""
    names = ", ".join("xyzt"[:nin])
    return eval(f"lambda {names}: {text.format(names)}", {"fn": fn})


def compiled_as(fn: Any, nin: int, kernel: Callable[..., Any] | None) -> None:
    """Let compiled code call `fn` of arrays, and of numbers where a kernel computes it."""
    floats = ", ".join(f"float({n})" for n in "xyzt"[:nin])
    of_floats = with_arity(nin, fn if kernel is None else register_jitable(kernel), f"fn({floats})")
    single = with_arity(nin, register_jitable(of_floats), "np.float32(fn({}))")
    single.__globals__["np"] = np

    @functools.lru_cache(maxsize=1)
    def wide() -> Callable[..., Any]:
        return with_arity(nin, vectorize(of_floats))

    def choose(*args: Any) -> Any:
        t = result(args)
        if isinstance(t, types.Array):
            return wide()
        return None if t is None or kernel is None else single if t is types.float32 else of_floats

    overload(fn)(with_arity(nin, choose))
    stands_for(fn)(typed(nin, result))


for _fn in list(RULES):
    if _fn in ELEMENTARY:
        compiled_as(_fn, len(inspect.signature(ELEMENTARY[_fn]).parameters), ELEMENTARY[_fn])
    elif isinstance(_fn, np.ufunc) and getattr(sp, _fn.__name__, None) is _fn:
        external(_fn)
        compiled_as(_fn, _fn.nin, None)
