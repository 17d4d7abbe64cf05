"""Looking into the compiler: every stage of a gradient, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any


class Stages(Mapping[str, Any]):
    """Stage name -> program; programs print as Python."""

    def __init__(self, programs: Mapping[str, Any]):
        self._programs = dict(programs)

    def __getitem__(self, name: str) -> Any:
        try:
            return self._programs[name]
        except KeyError:
            raise KeyError(f"no stage {name!r}; there are {', '.join(self._programs)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._programs)

    def __len__(self) -> int:
        return len(self._programs)

    def diff(self, a: str, b: str, context: int = 3) -> str:
        """What changed from stage `a` to stage `b`, as a unified diff."""
        old, new = repr(self[a]).splitlines(), repr(self[b]).splitlines()
        return "\n".join(difflib.unified_diff(old, new, a, b, n=context, lineterm=""))

    def __repr__(self) -> str:
        return f"<stages: {', '.join(self._programs)}>"

    def __str__(self) -> str:
        return "\n".join(f"# ---- {name} {'-' * max(0, 90 - len(name))}\n{f!r}" for name, f in self._programs.items())


def stages(f: Any, *args: Any, argnums: Any = 0, has_aux: bool = False, **kwargs: Any) -> Stages:
    """Every stage of the gradient of `f` for these arguments (sample values or Numba types).

    `f` may be a gradient already; then `argnums` and `has_aux` are its own.
    """
    from .api import _Face, grad

    g = f if isinstance(f, _Face) else grad(f, argnums, has_aux)
    return g.stages(*args, **kwargs)
