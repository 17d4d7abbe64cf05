"""Programs as users write them, with sample arguments: every stage of the compiler is run on all of them.

`@program(*args)` registers a function; `argnums` are the arguments it is differentiated by (by default all that
hold floats), `tags` say what is special about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

PROGRAMS: dict[str, Program] = {}


@dataclass(frozen=True)
class Program:
    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    argnums: tuple[int, ...]
    tags: frozenset[str]

    def fresh(self) -> tuple[Any, ...]:
        """The sample arguments, copied: a program may write into its arrays."""
        return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in self.args)


def program(*args: Any, argnums: tuple[int, ...] | None = None, tags: str = "") -> Callable[..., Any]:
    def is_inexact(a: Any) -> bool:
        return np.asarray(a).dtype.kind in "fc"

    def register(f: Callable[..., Any], name: str = "") -> Callable[..., Any]:
        wrt = tuple(k for k, a in enumerate(args) if is_inexact(a)) if argnums is None else argnums
        name = name or f.__name__
        assert name not in PROGRAMS, name
        PROGRAMS[name] = Program(name, f, args, wrt, frozenset(tags.split()))
        return f

    return register


def numbers(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    return np.random.RandomState(seed + sum(shape)).uniform(low, high, shape)
