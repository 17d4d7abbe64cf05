"""Arguments and results as what they are made of: numbers and arrays, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import structure

Leaf = tuple[str, Any]


def leaves(v: Any, path: str) -> Iterator[Leaf]:
    """The values in a structure, with how the user writes them."""
    items = structure.parts(v)
    if items is None:
        yield path, v
        return
    s = structure.shape(v)
    assert s is not None
    for k, i in enumerate(items):
        yield from leaves(i, s.part(path, k))


def each(f: Callable[..., Any], v: Any, *others: Any) -> Any:
    """The same structure with `f` of each value, and of the values that stand there in the others."""
    rest = [iter(values(o, v)) for o in others]
    return structure.like(v, structure.mapped(lambda x: f(x, *(next(r) for r in rest)), v))


def values(v: Any, like: Any) -> Iterator[Any]:
    """The values in what is structured like `like`; None stands for a structure without any."""
    items = structure.parts(like)
    if items is None:
        yield v
        return
    inner = structure.parts(v) if v is not None else None
    for k, i in enumerate(items):
        yield from values(None if inner is None else inner[k], i)


def is_floating(x: Any) -> bool:
    """A real or complex floating-point number, or an array of them."""
    return not isinstance(x, (str, bytes)) and np.asarray(x).dtype.kind in "fc"


def is_complex(x: Any) -> bool:
    return np.asarray(x).dtype.kind == "c"


def copied(v: Any) -> Any:
    return each(lambda x: x.copy() if isinstance(x, np.ndarray) else x, v)


def wide(x: Any) -> Any:
    """In double precision."""
    if not is_floating(x):
        return x
    kind = np.complex128 if is_complex(x) else np.float64
    return x.astype(kind) if isinstance(x, np.ndarray) else kind(x).item()


def moved(v: Any, direction: Any, t: complex) -> Any:
    """`v + t * direction`, in double precision."""
    return each(lambda x, d: wide(x) + t * wide(d) if is_floating(x) and d is not None else x, v, direction)


def random_like(v: Any, rng: np.random.Generator, scaled: bool = False) -> Any:
    """Normal numbers in the places of floating-point ones, `scaled` to their size; None in other places."""

    def one(x: Any) -> Any:
        if not is_floating(x):
            return None
        a = np.asarray(x)
        d = rng.standard_normal(a.shape) + (1j * rng.standard_normal(a.shape) if is_complex(a) else 0.0)
        if scaled and a.size:
            d = d * (float(np.max(np.abs(a))) or 1.0) / max(1.0, float(np.max(np.abs(d))))
        d = np.asarray(d).astype(a.dtype)
        return d if isinstance(x, np.ndarray) else d.item() if a.dtype.itemsize > 4 + 4 * is_complex(a) else d[()]

    return each(one, v)


def inner(a: Any, b: Any, like: Any) -> float:
    """The real inner product of what is structured like `like`; None is zero."""
    return sum(terms(a, b, like))


def terms(a: Any, b: Any, like: Any) -> Iterator[float]:
    for x, y, z in zip(values(a, like), values(b, like), values(like, like), strict=True):
        if is_floating(z) and x is not None and y is not None:
            yield float(np.sum((np.conj(wide(x)) * wide(y)).real))


def is_single(vs: Sequence[Any]) -> bool:
    """Is anything in single precision?"""
    kinds = {np.asarray(x).dtype for v in vs for x in values(v, v) if is_floating(x)}
    return bool(kinds & {np.dtype(np.float32), np.dtype(np.complex64)})
