"""Functions that are spelled in the language itself: which ones, and how they are found.

`@spells(np.interp)` marks a chooser. It is given the Numba types of the arguments (literal types where they are
constants) and returns the Python function that does the same, to be read in its place; None when there is none for
these types. What the arguments of a constant nature say (an axis, a mode) the function takes from its closure.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numba.core import types

Fn = Callable[..., Any]
Chooser = Callable[..., Fn | None]
When = Callable[[int, Collection[str]], bool]


@dataclass(frozen=True)
class Spelling:
    choose: Chooser
    signature: inspect.Signature
    when: When  # which calls it is for: so many arguments by position, and these by name
    results: tuple[str, ...] | Callable[..., tuple[str, ...]]  # names for several results, or what finds them


SPELLINGS: dict[Fn, list[Spelling]] = {}


def always(arguments: int, keywords: Collection[str]) -> bool:
    return True


def along_axes(arguments: int, keywords: Collection[str]) -> bool:
    """The calls of a reduction that Numba does not know."""
    return arguments > 1 or "axis" in keywords or "keepdims" in keywords


def spells(*fns: Fn, when: When = always, results: Any = ()) -> Callable[[Chooser], Chooser]:
    """results: names for several results; or what finds them from the arguments as the parser sees them."""

    def register(choose: Chooser) -> Chooser:
        for fn in fns:
            SPELLINGS.setdefault(fn, []).append(Spelling(choose, inspect.signature(choose), when, results))
        return choose

    return register


def spellings(fn: Any, arguments: int, keywords: Collection[str]) -> list[Spelling]:
    """Those that a call may mean."""
    try:
        return [s for s in SPELLINGS.get(fn, ()) if s.when(arguments, keywords)]
    except TypeError:  # a callable that cannot be hashed
        return []


def results_of(fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Names for the results of a call that has several."""
    for s in spellings(fn, len(args), kwargs):
        if s.results:
            return s.results(*args, **kwargs) if callable(s.results) else s.results
    return ()


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
