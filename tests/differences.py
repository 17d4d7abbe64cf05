"""Derivatives without differentiation: central differences of sixth order, and the complex step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEP = 3e-4
WEIGHTS = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))  # f'(0) = sum of w (f(kh) - f(-kh)) / h + O(h**6)


def each(f: Callable[..., Any], value: Any, *others: Any) -> Any:
    """A function of all numbers and arrays in a structure, and of those in others that are built like it."""
    if isinstance(value, dict):
        return {k: each(f, v, *(o[k] for o in others)) for k, v in value.items()}
    if isinstance(value, list):
        return [each(f, *vs) for vs in zip(value, *others, strict=True)]
    if isinstance(value, tuple):
        items = [each(f, *vs) for vs in zip(value, *others, strict=True)]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return f(value, *others)


def fresh(args: Sequence[Any]) -> list[Any]:
    """The arguments with copied arrays: the function may write into them."""
    return [each(lambda v: v.copy() if isinstance(v, np.ndarray) else v, a) for a in args]


def value(f: Callable[..., Any], args: Sequence[Any]) -> float:
    with np.errstate(all="ignore"):
        return float(f(*fresh(args)))


def moved(args: Sequence[Any], direction: dict[int, Any], t: float) -> list[Any]:
    """The arguments, those of `direction` displaced by `t` times their direction."""
    return [
        each(lambda v, d: v if v is None else v + t * d, a, direction[k]) if k in direction else a
        for k, a in enumerate(args)
    ]


def directional(f: Callable[..., Any], args: Sequence[Any], direction: dict[int, Any], step: float = STEP) -> float:
    """The derivative of `f` along a direction given for some of its arguments."""
    ahead = [value(f, moved(args, direction, k * step)) for k, _ in WEIGHTS]
    behind = [value(f, moved(args, direction, -k * step)) for k, _ in WEIGHTS]
    return sum(w * (a - b) for (_, w), a, b in zip(WEIGHTS, ahead, behind, strict=True)) / step


def gradient(f: Callable[..., Any], args: Sequence[Any], argnums: Sequence[int], step: float = STEP) -> list[Any]:
    """By differences, one element after another (`dL/dx + i dL/dy` for complex ones), in double precision."""
    kinds = [complex if np.iscomplexobj(a) else float for a in args]
    wide = [a.astype(kinds[k]) if k in argnums and isinstance(a, np.ndarray) else a for k, a in enumerate(args)]
    wide = [kinds[k](a) if k in argnums and not isinstance(a, np.ndarray) else a for k, a in enumerate(wide)]
    out: list[Any] = []
    for k in argnums:
        one = np.zeros_like(np.asarray(wide[k]))
        g = np.zeros_like(one)
        for i in np.ndindex(one.shape):
            for unit in (1.0, 1.0j) if kinds[k] is complex else (1.0,):
                one[i] = unit
                g[i] += unit * directional(f, wide, {k: one if one.ndim else unit}, step)
            one[i] = 0.0
        out.append(g)
    return out


def complex_step(f: Callable[..., Any], args: Sequence[Any], direction: dict[int, Any]) -> float:
    """The derivative along a direction to machine precision, of a program that also runs on complex numbers."""
    h = 1e-30
    return complex(f(*fresh(moved(args, direction, 1j * h)))).imag / h
