"""What emitted programs need beyond NumPy: small functions with plain Python meaning.

Those that `emit` prints as syntax (`a.shape[0]`, `x if c else y`) are never called in compiled code; the
others are `register_jitable`, so one object serves Python and Numba alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

# ---- printed as syntax -----------------------------------------------------------------


def shape(a: Any, k: int) -> int:
    """`a.shape[k]`"""
    return a.shape[k]


def shape_of(a: Any) -> tuple[int, ...]:
    """`a.shape`"""
    return a.shape


def dtype_of(a: Any) -> Any:
    """`a.dtype`"""
    return a.dtype


def astype(a: Any, dtype: Any) -> Any:
    """`a.astype(dtype)`"""
    return a.astype(dtype)


def pack(*items: Any) -> tuple[Any, ...]:
    """`(x, y)`"""
    return items


def array_of(*items: Any) -> Any:
    """`np.array([x, y])`"""
    return np.array(items)


def both(a: Any, b: Any) -> Any:
    """`a and b`"""
    return a and b


def either(a: Any, b: Any) -> Any:
    """`a or b`"""
    return a or b


def select(c: Any, a: Any, b: Any) -> Any:
    """`a if c else b`"""
    return a if c else b


def trips(start: int, stop: int, step: int) -> int:
    """`len(range(start, stop, step))`"""
    return len(range(start, stop, step))


# ---- called by name ----------------------------------------------------------------------


@register_jitable
def broadcast_extent(a, b):
    """The common extent of two broadcast axes; raises ValueError when neither is 1 and they differ."""
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    raise ValueError("operands could not be broadcast together: axis lengths differ and neither is 1")


@register_jitable
def fits(x, shape):
    """Has `x` this shape already?"""
    same = True
    for k in range(x.ndim):
        if x.shape[k] != shape[k]:
            same = False
    return same
