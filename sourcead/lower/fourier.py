"""Fourier transforms of complex arrays along the last axis stay calls; the others are spelled in terms of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types

from ..ir import Call
from .build import Builder
from .linalg import contiguous
from .products import made
from .registry import lowers
from .values import extents, is_value


def transform(fn: Callable[..., Any]) -> Any:
    def handler(b: Builder, a: Any) -> Any:
        if not is_value(a) or a.ndim == 0:
            raise b.refuse(
                f"np.fft.{fn.__name__} of something that is not an array", "make an array of it: np.array([x])"
            )
        kind = types.complex64 if a.dtype == types.complex64 else types.complex128
        return made(b, Call(fn, (contiguous(b, a, kind),)), kind, extents(b, a))

    return handler


for _fn in (np.fft.fft, np.fft.ifft):
    lowers(_fn)(transform(_fn))
