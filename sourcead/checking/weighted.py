"""A weighted sum of what a function returns, as a function of numbers and arrays that can be read."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import Unsupported
from . import points

_serial = itertools.count(1)


def weighted(
    f: Any, args: Sequence[Any], names: Sequence[str], wrt: Sequence[int], y: Any, weights: Any
) -> tuple[Callable[..., Any], tuple[Any, ...], tuple[str, ...], tuple[int, ...]]:
    """A function of the floating-point numbers and arrays in `args`, which gives the real inner product of the weights
    and of the result of `f`, structured like `y`; with its arguments, what the user calls them, and which of them stand
    for those of `f` in `wrt`."""
    space: dict[str, Any] = {"np": np, "inner": f, "__name__": getattr(f, "__module__", __name__)}
    own: list[Any] = []
    paths: list[str] = []
    at: list[int] = []

    def display(v: Any, path: str, active: bool) -> str:
        if not points.structure.foreign(v) and not isinstance(v, tuple):
            if not isinstance(v, np.ndarray) and not points.is_floating(v):
                return frozen(v)
            if active and points.is_floating(v):
                at.append(len(own))
            own.append(v)
            paths.append(path)
            return f"x{len(own) - 1}"
        s, items = points.structure.shape(v), points.structure.parts(v)
        assert s is not None
        assert items is not None
        texts = [display(i, s.part(path, k), active) for k, i in enumerate(items)]
        if isinstance(v, dict):
            return "{" + ", ".join(f"{k!r}: {t}" for k, t in zip(v, texts, strict=True)) + "}"
        if isinstance(v, list):
            return f"[{', '.join(texts)}]"
        if isinstance(v, tuple):
            cls = frozen(type(v)) if hasattr(v, "_fields") else ""
            return f"{cls}({', '.join(texts)}{',' * (len(texts) == 1 and not cls)})"
        remedy = "pass order=1, or numbers, arrays, tuples, lists and dicts"
        raise Unsupported(f"second derivatives by `{path}`, a {type(v).__name__}, are not tested", None, remedy)

    def frozen(v: Any) -> str:
        name = f"c{len(space)}"
        space[name] = v
        return name

    given = [display(v, n, k in wrt) for k, (v, n) in enumerate(zip(args, names, strict=True))]
    terms = list(products("y", y, weights, frozen))
    name = "weighted_" + getattr(f, "__name__", "f").strip("<>")
    text = f"def {name}({', '.join(f'x{k}' for k in range(len(own)))}):\n"
    text += f"    y = inner({', '.join(given)})\n    return {' + '.join(terms)}\n"
    file = f"<{name}, {next(_serial)}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    exec(compile(text, file, "exec"), space)
    return space[name], tuple(own), tuple(paths), tuple(at)


def products(e: str, y: Any, w: Any, frozen: Callable[[Any], str]) -> Iterator[str]:
    if isinstance(y, tuple):
        for k, i in enumerate(y):
            yield from products(f"{e}[{k}]", i, w[k], frozen)
    elif points.is_floating(y):
        kind = complex if points.is_complex(y) else float
        weight = np.conj(w) if isinstance(w, np.ndarray) else kind(np.conj(w))
        product = f"{frozen(weight)} * {e}"
        if kind is complex:
            product = f"({product}).real"
        yield f"np.sum({product})" if isinstance(y, np.ndarray) else product
