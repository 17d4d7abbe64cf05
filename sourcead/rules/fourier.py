"""The rule table, Fourier transforms: linear, and symmetric as matrices, so their adjoints are transforms too."""

from __future__ import annotations

from typing import Any

import numpy as np

from sourcead import ir, primitives

from .kinds import Shares, atom
from .linalg import is_expr
from .linalg_tangents import along


def count(y: Any, rank: Any) -> Any:
    """The extent of the last axis, along which `y` was transformed."""
    return ir.Call(primitives.shape, (y, ir.Const(rank(y) - 1))) if is_expr(y) else y.shape[-1]


def fft_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    return (np.fft.ifft(y_bar) * count(y_bar, rank),)


def ifft_bars(y_bar: Any, y: Any, a: Any, rank: Any) -> Shares:
    return (np.fft.fft(y_bar) / count(y_bar, rank),)


atom(np.fft.fft, fft_bars, (), extents=lambda a: (a,))
atom(np.fft.ifft, ifft_bars, (), extents=lambda a: (a,))
along(np.fft.fft, lambda dots, y, a, rank: np.fft.fft(dots[0]))
along(np.fft.ifft, lambda dots, y, a, rank: np.fft.ifft(dots[0]))
