"""`logsumexp` and its kin, spelled in the language itself."""

from __future__ import annotations

import math
from functools import wraps
from types import FunctionType
from typing import Any

import numpy as np
import scipy.special as sp
from numba.extending import overload, register_jitable

from ..fingerprint import callees
from ..primitives import stop_gradient
from ..spelled import typer
from ..spellings import SPELLINGS, Chooser, constant, is_array, is_number, real, spells
from ..stand_ins import stands_for


def axis_of(a: Any, axis: Any) -> Any:
    """The axis that is meant, counted from the front; None where there is none such."""
    k = constant(axis)
    return k % a.ndim if isinstance(k, int) and -a.ndim <= k < a.ndim else None


def order(ndim: int, k: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes with the k-th one last, and what puts them back."""
    last = (*(i for i in range(ndim) if i != k), *(i for i in range(ndim) if i == k))
    return last, tuple(last.index(i) for i in range(ndim))


def largest(a):
    """Where the largest element of a vector is: a nan, if there is one."""
    at = 0
    for i in range(1, len(a)):
        if a[i] > a[at] or (math.isnan(a[i]) and not math.isnan(a[at])):
            at = i
    return at


@spells(sp.logsumexp)
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: Any = False, return_sign: Any = False) -> Any:
    """`log(sum(b * exp(a)))`, of all elements or along one axis; the term of the largest element is 1."""
    keep, weighted = constant(keepdims), constant(b) is not None
    if constant(return_sign) is not False or keep not in (False, True) or not is_array(a) or not real(a):
        return None
    if weighted and not (is_number(b) or is_array(b, a.ndim)) or weighted and not real(b):
        return None
    k, ndim = axis_of(a, axis), a.ndim

    def of_vector(a):
        if len(a) == 0:
            return -math.inf
        at = largest(a)
        m = a[at] * 1.0
        if math.isinf(m):
            return m
        s = 0.0
        for i in range(len(a)):
            if i != at:
                s += math.exp(a[i] - m)
        return m + math.log1p(s)

    def with_weights(a, b):
        m = stop_gradient(a[largest(a)] * 1.0)
        if not math.isfinite(m):
            m = 0.0
        s = 0.0
        for i in range(len(a)):
            s += b[i] * math.exp(a[i] - m)
        return m + np.log(s)

    def of_all(a, axis, b, keepdims, return_sign):
        return of_vector(a.ravel())

    def of_all_weighted(a, axis, b, keepdims, return_sign):
        return with_weights(a.ravel(), (b + np.zeros(a.shape)).ravel())

    def kept(a, axis, b, keepdims, return_sign):
        return np.full((1,) * ndim, of_vector(a.ravel()))

    def kept_weighted(a, axis, b, keepdims, return_sign):
        return np.full((1,) * ndim, with_weights(a.ravel(), (b + np.zeros(a.shape)).ravel()))

    last = order(ndim, k)[0]

    def along(a, axis, b, keepdims, return_sign):
        lines = np.ascontiguousarray(a.transpose(last))
        flat = lines.reshape(-1, a.shape[k])
        y = np.empty(len(flat))
        for i in range(len(flat)):
            y[i] = of_vector(flat[i])
        return np.expand_dims(y.reshape(lines.shape[:-1]), k) if keep else y.reshape(lines.shape[:-1])

    def along_weighted(a, axis, b, keepdims, return_sign):
        lines = np.ascontiguousarray(a.transpose(last))
        flat = lines.reshape(-1, a.shape[k])
        weights = np.ascontiguousarray((b + np.zeros(a.shape)).transpose(last)).reshape(-1, a.shape[k])
        y = np.empty(len(flat))
        for i in range(len(flat)):
            y[i] = with_weights(flat[i], weights[i])
        return np.expand_dims(y.reshape(lines.shape[:-1]), k) if keep else y.reshape(lines.shape[:-1])

    if constant(axis) is None or k is not None and ndim == 1:
        return (kept_weighted if weighted else kept) if keep else of_all_weighted if weighted else of_all
    return None if k is None else along_weighted if weighted else along


def rows(of_vector: Any, x: Any, axis: Any) -> Any:
    """What is computed of all elements of `x`, or along one axis, from what is computed of a vector."""
    k = axis_of(x, axis) if is_array(x) else None

    def of_all(x, axis):
        return of_vector(x.ravel()).reshape(x.shape)

    if not is_array(x) or not real(x):
        return None
    last, back = order(x.ndim, k)

    def along(x, axis):
        lines = np.ascontiguousarray(x.transpose(last))
        flat = lines.reshape(-1, x.shape[k])
        y = np.empty(flat.shape)
        for i in range(len(flat)):
            y[i] = of_vector(flat[i])
        return y.reshape(lines.shape).transpose(back)

    if constant(axis) is None or k is not None and x.ndim == 1:
        return of_all
    return None if k is None else along


@spells(sp.softmax)
def softmax(x: Any, axis: Any = None) -> Any:
    """`exp(x) / sum(exp(x))`"""

    def of_vector(x):
        m = stop_gradient(x[largest(x)] * 1.0)
        y = np.exp(x - m)
        return y / np.sum(y)

    return rows(of_vector, x, axis)


@spells(sp.log_softmax)
def log_softmax(x: Any, axis: Any = None) -> Any:
    """`log(softmax(x))`"""

    def of_vector(x):
        m = stop_gradient(x[largest(x)] * 1.0)
        shifted = x - m
        return shifted - np.log(np.sum(np.exp(shifted)))

    return rows(of_vector, x, axis)


def jitable(choose: Chooser) -> Chooser:
    """A chooser whose functions Numba compiles, for code that is not differentiated."""

    @wraps(choose)
    def chooser(*args: Any) -> Any:
        fn = choose(*args)
        if not isinstance(fn, FunctionType):
            return None
        for callee in callees(fn):
            register_jitable(callee)
        return FunctionType(fn.__code__, fn.__globals__, fn.__name__, choose.__defaults__, fn.__closure__)

    return chooser


for _fn in (sp.logsumexp, sp.softmax, sp.log_softmax):
    for _s in SPELLINGS[_fn]:
        stands_for(_fn, when=_s.when)(typer(_s))
        overload(_fn, strict=False)(jitable(_s.choose))
