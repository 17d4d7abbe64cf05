"""Fourier transforms in terms of those of complex arrays along the last axis, `np.fft.fft(x)` and `np.fft.ifft(x)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types

from ..spellings import constant, is_array, is_number, real, spells
from ..stand_ins import stands_for
from .axes import one_axis, several_axes

POWERS = {None: 0.0, "backward": 0.0, "ortho": 0.5, "forward": 1.0}
"""For `norm`, the power of the number of elements by which `ifft` is multiplied, and `fft` divided."""
SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def complex_kind(a: Any) -> Any:
    return np.complex64 if a.dtype in (types.float32, types.complex64) else np.complex128


def resized(x, n):
    """The first `n` elements along the last axis, with zeros where there are none."""
    last = (n,)
    y = np.zeros(x.shape[:-1] + last, x.dtype)
    for i in range(min(n, x.shape[-1])):
        y[..., i] = x[..., i]
    return y


def power_of(norm: Any) -> float | None:
    how = constant(norm)
    return POWERS.get(how) if how is None or isinstance(how, str) else None


def is_plain(a: Any) -> bool:
    """Is this what the transforms take that stay calls?"""
    return is_array(a) and a.ndim > 0 and isinstance(a.dtype, types.Complex)


def alone(arguments: int, keywords: Any) -> bool:
    return arguments == 1 and not keywords


def whole(n: Any) -> bool:
    return isinstance(n, types.Integer) or constant(n) is None


def transform(fn: Callable[..., Any], sign: float) -> None:
    def typer(a: Any) -> Any:
        return types.Array(a.dtype, a.ndim, "C") if is_plain(a) else None

    def of_real(a: Any) -> Any:
        if not is_array(a) or a.ndim == 0 or not real(a):
            return None
        kind = complex_kind(a)
        return lambda a: fn(a.astype(kind))

    def chooser(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
        k, power, all_of_it = one_axis(a, axis), power_of(norm), constant(n) is None
        if k is None or power is None or not whole(n):
            return None
        kind, last = complex_kind(a), k == a.ndim - 1

        def along(a, n, axis, norm):
            x = (a if last else np.moveaxis(a, k, -1)).astype(kind)
            if not all_of_it:
                x = resized(x, n)
            y = fn(x)
            if power:
                y = y * float(y.shape[-1]) ** (sign * power)
            return y if last else np.moveaxis(y, -1, k)

        return along

    stands_for(fn, when=alone)(typer)
    spells(fn, when=alone)(of_real)
    spells(fn, when=lambda arguments, keywords: not alone(arguments, keywords))(chooser)


transform(np.fft.fft, -1.0)
transform(np.fft.ifft, 1.0)


# ---- real numbers on one side -----------------------------------------------------------------------------


@spells(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """The first half, which says all."""
    k, how = one_axis(a, axis), constant(norm)
    if k is None or not real(a) or power_of(norm) is None or not whole(n):
        return None

    def half(a, n, axis, norm):
        y = np.moveaxis(np.fft.fft(a, n, k, how), k, -1)
        return np.moveaxis(y[..., : y.shape[-1] // 2 + 1].copy(), -1, k)

    return half


@spells(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """Of the first half of what is Hermitian; of the other half the conjugates are taken."""
    k, how, even = one_axis(a, axis), constant(norm), constant(n) is None
    if k is None or power_of(norm) is None or not whole(n):
        return None
    kind = complex_kind(a)

    def whole_of(a, n, axis, norm):
        x = np.moveaxis(a, k, -1).astype(kind)
        m = 2 * (x.shape[-1] - 1) if even else n
        y = resized(x, m)
        for i in range(m // 2 + 1, m):
            y[..., i] = np.conj(y[..., m - i])
        return np.moveaxis(np.fft.ifft(y, None, -1, how).real, -1, k)

    return whole_of


def conjugated(of_half: Any) -> Any:
    """`of_half(a, n, axis, norm)` of a half or giving one, with the sign of the exponent changed, and so its `norm`."""

    def chooser(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
        k, how = one_axis(a, axis), constant(norm)
        if k is None or power_of(norm) is None:
            return None
        return of_half(k, SWAPPED[how])

    return chooser


spells(np.fft.hfft)(conjugated(lambda k, how: lambda a, n, axis, norm: np.fft.irfft(np.conj(a), n, k, how)))
spells(np.fft.ihfft)(conjugated(lambda k, how: lambda a, n, axis, norm: np.conj(np.fft.rfft(a, n, k, how))))


# ---- along several axes ------------------------------------------------------------------------------------


def axes_of(a: Any, s: Any, axes: Any) -> tuple[int, ...] | None:
    """The axes, counted from the front; None when these arguments are not known, or do not fit."""
    if not is_array(a) or not (constant(s) is None or isinstance(s, types.BaseTuple)):
        return None
    given = constant(axes)
    if given is None:
        count = len(s) if isinstance(s, types.BaseTuple) else a.ndim
        given = tuple(range(a.ndim - count, a.ndim))
    found = several_axes(a, given)
    if found is None or isinstance(s, types.BaseTuple) and len(s) != len(found):
        return None
    return found


def along_axes(fn: Callable[..., Any], first: Any, last: Any, axes: Any = None) -> None:
    """`fn(a, s, axes, norm)` transforms along all axes by `first`, except the last, by `last`, which comes first
    where it takes real numbers and last where it gives them."""

    def chooser(a: Any, s: Any = None, axes: Any = axes, norm: Any = None) -> Any:
        over, how, free = axes_of(a, s, axes), constant(norm), constant(s) is None
        if not over or power_of(norm) is None:
            return None
        others, end = tuple(range(len(over) - 1)), len(over) - 1

        def over_others(y, s):
            for j in others:
                y = first(y, None if free else s[j], over[j], how)
            return y

        def starting_with_the_last(a, s, axes, norm):
            return over_others(last(a, None if free else s[end], over[end], how), s)

        def ending_with_the_last(a, s, axes, norm):
            return last(over_others(a, s), None if free else s[end], over[end], how)

        return ending_with_the_last if last is np.fft.irfft else starting_with_the_last

    spells(fn)(chooser)


along_axes(np.fft.fftn, np.fft.fft, np.fft.fft)
along_axes(np.fft.ifftn, np.fft.ifft, np.fft.ifft)
along_axes(np.fft.rfftn, np.fft.fft, np.fft.rfft)
along_axes(np.fft.irfftn, np.fft.ifft, np.fft.irfft)
along_axes(np.fft.fft2, np.fft.fft, np.fft.fft, (-2, -1))
along_axes(np.fft.ifft2, np.fft.ifft, np.fft.ifft, (-2, -1))
along_axes(np.fft.rfft2, np.fft.fft, np.fft.rfft, (-2, -1))
along_axes(np.fft.irfft2, np.fft.ifft, np.fft.irfft, (-2, -1))


# ---- frequencies -------------------------------------------------------------------------------------------


def shifted(sign: int) -> Any:
    """By half of the extent, along the given axes or all."""

    def chooser(x: Any, axes: Any = None) -> Any:
        given = constant(axes)
        over = tuple(range(x.ndim)) if is_array(x) and given is None else several_axes(x, given)
        if not over:
            return None

        def rolled(x, axes):
            for j in range(len(over)):
                x = np.roll(x, sign * (x.shape[over[j]] // 2), over[j])
            return x

        return rolled

    return chooser


spells(np.fft.fftshift)(shifted(1))
spells(np.fft.ifftshift)(shifted(-1))


@spells(np.fft.fftfreq)
def fftfreq(n: Any, d: Any = 1.0) -> Any:
    def frequencies(n, d):
        y = np.empty(n)
        for i in range(n):
            y[i] = (i if i < (n + 1) // 2 else i - n) / (n * d)
        return y

    return frequencies if is_number(d) or isinstance(d, float) else None


@spells(np.fft.rfftfreq)
def rfftfreq(n: Any, d: Any = 1.0) -> Any:
    def frequencies(n, d):
        return np.arange(n // 2 + 1) / (n * d)

    return frequencies if is_number(d) or isinstance(d, float) else None
