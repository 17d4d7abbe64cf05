"""Functions that are spelled in the language itself: which ones, and how they are found.

`@spells(np.interp)` marks a chooser. It is given the Numba types of the arguments (literal types where they are
constants) and returns the Python function that does the same, to be read in its place; None when there is none for
these types. What the arguments of a constant nature say (an axis, a mode) the function takes from its closure.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numba.core import types

Chooser = Callable[..., Callable[..., Any] | None]


@dataclass(frozen=True)
class Spelling:
    choose: Chooser
    signature: inspect.Signature
    results: tuple[str, ...]  # names for several results


SPELLINGS: dict[Callable[..., Any], Spelling] = {}


def spells(*fns: Callable[..., Any], results: tuple[str, ...] = ()) -> Callable[[Chooser], Chooser]:
    def register(choose: Chooser) -> Chooser:
        for fn in fns:
            SPELLINGS[fn] = Spelling(choose, inspect.signature(choose), results)
        return choose

    return register


def spelling(fn: Any) -> Spelling | None:
    try:
        return SPELLINGS.get(fn)
    except TypeError:  # a callable that cannot be hashed
        return None


# ---- words of choosers -----------------------------------------------------------------------------


class _Unknown:
    """The value of an argument that is not constant."""


UNKNOWN = _Unknown()


def constant(t: Any) -> Any:
    """The value of an argument that is a constant, or was left out; else `UNKNOWN`, which equals nothing."""
    if isinstance(t, types.Literal):
        return t.literal_value
    if isinstance(t, types.NoneType) or t is None:
        return None
    if isinstance(t, types.Omitted):
        return t.value
    if isinstance(t, types.BaseTuple):
        items = tuple(map(constant, t))
        return UNKNOWN if UNKNOWN in items else items
    return UNKNOWN if isinstance(t, types.Type) else t


def is_array(t: Any, ndim: int | None = None) -> bool:
    return isinstance(t, types.Array) and (ndim is None or t.ndim == ndim)


def is_number(t: Any) -> bool:
    return isinstance(t, (types.Number, types.Boolean))


def real(*given: Any) -> bool:
    """Are these real numbers, or arrays of them?"""
    kinds = [t.dtype if isinstance(t, types.Array) else t for t in given]
    return all(isinstance(t, (types.Float, types.Integer, types.Boolean)) for t in kinds)
