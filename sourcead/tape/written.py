"""Functions that are spelled in the language: their Python runs on values of the tape, as the user's own would."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import CellType, FunctionType, SimpleNamespace
from typing import Any

import numpy as np
from numba import typeof, types

from sourcead.spellings import spellings
from sourcead.stand_ins import literal

from .further import FURTHER
from .record import Node, Tape, strip

OWN = (
    "sourcead.spelled",
    "sourcead.special.spellings",
    "sourcead.tape.further",
)  # modules of functions that are run like this
MAKERS = ("zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like")


def body_for(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> partial[Any] | None:
    """What runs in place of a call; None when the function is not spelled for these arguments."""
    for s in spellings(fn, len(args), kwargs):
        try:
            bound = s.signature.bind(*args, **kwargs)
        except TypeError:
            continue
        bound.apply_defaults()
        body = s.choose(*map(type_of, bound.args))
        if body is not None:
            return partial(body, *bound.args)
    return partial(FURTHER[fn], *args, **kwargs) if fn in FURTHER else None


def type_of(x: Any) -> Any:
    """The type that the compiler would see."""
    if isinstance(x, (tuple, list)):
        return types.Tuple(tuple(map(type_of, x)))
    return typeof(strip(x)) if isinstance(x, (Node, np.ndarray, np.generic)) else literal(x)


def run(tape: Tape, call: partial[Any], create: Callable[..., Any], array: Callable[..., Any]) -> Any:
    """The body, with arrays that may receive values of the tape where it makes arrays of floats."""
    return rebound(call.func, Names(tape, create, array), {})(*call.args, **call.keywords)


class Names:
    """`np` and `math` as the body sees them."""

    def __init__(self, tape: Tape, create: Callable[..., Any], array: Callable[..., Any]):
        self.tape, self.create = tape, create
        self.array = self.asarray = array
        self.math = SimpleNamespace(**{n: getattr(np, n, f) for n, f in vars(math).items() if not n.startswith("_")})

    def ascontiguousarray(self, x: Any) -> Any:
        return x if isinstance(x, Node) else np.ascontiguousarray(x)

    def __getattr__(self, name: str) -> Any:
        return partial(self.make, getattr(np, name)) if name in MAKERS else getattr(np, name)

    def make(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        plain = fn(*strip(args), **strip(kwargs))
        return self.create(self.tape, fn, args, kwargs) if plain.dtype.kind == "f" else plain


def rebound(f: Any, names: Names, made: dict[Any, Any]) -> Any:
    """One of our functions, and those that it calls, with other meanings of `np` and `math`."""
    if not isinstance(f, FunctionType) or not f.__module__.startswith(OWN):
        return f
    if f not in made:
        space: dict[str, Any] = {**f.__globals__, "np": names, "math": names.math}
        cells = tuple(CellType() for _ in f.__closure__ or ())
        made[f] = FunctionType(f.__code__, space, f.__name__, f.__defaults__, cells)
        space |= {n: rebound(space[n], names, made) for n in f.__code__.co_names if n in space}
        for new, old in zip(cells, f.__closure__ or (), strict=True):
            new.cell_contents = rebound(old.cell_contents, names, made)
    return made[f]
