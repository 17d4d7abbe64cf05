"""Attributes and methods of arrays, as the NumPy functions they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import primitives as p
from ..ir import Call, Expr, Var

ATTRIBUTES: dict[str, Callable[[Var], Expr]] = {
    "shape": lambda a: Call(p.shape_of, (a,)),
    "dtype": lambda a: Call(p.dtype_of, (a,)),
    "T": lambda a: Call(np.transpose, (a,)),
    "ndim": lambda a: Call(np.ndim, (a,)),
    "size": lambda a: Call(np.size, (a,)),
    "real": lambda a: Call(np.real, (a,)),
    "imag": lambda a: Call(np.imag, (a,)),
    "flat": lambda a: Call(p.flat, (a,)),
}

METHODS: dict[str, Callable[..., Any]] = {
    "all": np.all,
    "any": np.any,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "argsort": np.argsort,
    "astype": p.astype,
    "clip": np.clip,
    "conj": np.conj,
    "conjugate": np.conj,
    "copy": np.copy,
    "cumprod": np.cumprod,
    "cumsum": np.cumsum,
    "diagonal": np.diagonal,
    "dot": np.dot,
    "fill": np.full,  # see calls.method
    "item": np.ravel,  # see calls.method
    "flatten": np.ravel,  # see calls.method
    "max": np.max,
    "mean": np.mean,
    "min": np.min,
    "nonzero": np.nonzero,
    "prod": np.prod,
    "ptp": np.ptp,
    "ravel": np.ravel,
    "repeat": np.repeat,
    "reshape": np.reshape,
    "round": np.round,
    "searchsorted": np.searchsorted,
    "sort": np.sort,  # see calls.method
    "squeeze": np.squeeze,
    "std": np.std,
    "sum": np.sum,
    "swapaxes": np.swapaxes,
    "take": np.take,
    "trace": np.trace,
    "transpose": np.transpose,
    "var": np.var,
}

MUTATORS: dict[Any, str] = {
    np.put_along_axis: "assign the elements in a loop",
}
"""NumPy functions that change an argument, with what to write instead."""

BUILTINS: dict[Any, tuple[str, str]] = {
    open: ("files cannot be used in a differentiated function", "read the data before, and pass it as an argument"),
    input: ("`input` cannot be called in a differentiated function", "pass the value as an argument"),
    set: ("a set cannot be differentiated", "use a tuple or an array"),
    str: ("strings cannot be made in a differentiated function", "build texts outside of it"),
    map: ("`map` is not supported", "write a loop"),
    filter: ("`filter` is not supported", "write a loop with an if"),
    sorted: ("`sorted` is not supported", "use np.sort"),
    isinstance: ("`isinstance` is not supported", "types are fixed when the gradient is compiled; split the function"),
    type: ("`type` is not supported", "types are fixed when the gradient is compiled"),
    getattr: ("`getattr` is not supported", "write the attribute out"),
    setattr: ("`setattr` is not supported", "assign elements of arrays"),
    eval: ("`eval` is not supported", "write the expression out"),
    exec: ("`exec` is not supported", "write the statements out"),
    iter: ("`iter` is not supported", "write a for loop"),
    np.nditer: ("`np.nditer` is not supported", "write for v in a.flat"),
    next: ("`next` is not supported", "write a for loop"),
    np.polynomial.Polynomial: (
        "polynomial objects cannot be made in a differentiated function",
        "keep the coefficients in an array: np.polynomial.polynomial.polyval(x, c) and its kin",
    ),
    np.isnat: ("dates are not supported", "convert them to numbers before"),
    np.frombuffer: ("np.frombuffer reads memory as it is, which cannot be followed", "make the array before"),
    np.lib.stride_tricks.as_strided: (
        "np.lib.stride_tricks.as_strided reads memory as it is, which cannot be followed",
        "use slices, np.reshape or sliding_window_view",
    ),
}
"""Built-in functions that are refused, with what to do instead."""

OF_MEMORY = frozenset({"view", "strides", "flags", "ctypes", "tobytes", "itemsize", "nbytes", "base", "data"})
"""Attributes that tell how an array lies in memory."""

KNOWN_BUILTINS = (abs, min, max, pow, round, int, float, bool, complex)
