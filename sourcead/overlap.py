"""Arguments that share memory, of a function that changes one of them.

Emitted programs check it once, on entry, and raise `Overlap`. A call from Python then goes on here: the arrays that
share memory become views into one copy of it, of which a second gradient is made:

    def f_shared(memory, start_x, shape_x, start_y, shape_y):
        return f(part(memory, start_x, shape_x), part(memory, start_y, shape_y))

What an argument gets is what the gradient by the memory shows in its place: the derivative by all cells it looks at.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import typeof

from . import primitives as p

_serial = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """An argument in shared memory: which memory, the layout and the number of axes."""

    memory: int
    layout: str
    ndim: int


@dataclass
class Shared:
    """The arguments of one call, those that overlap as places in common memory."""

    values: Sequence[Any]
    places: list[Place | None]
    memories: list[np.ndarray]
    starts: dict[int, int]

    def numbers(self, k: int) -> tuple[Any, ...]:
        """What says where the argument stands: the first element, the extents, the steps along the axes."""
        a, place = self.values[k], self.places[k]
        assert place is not None
        if place.layout == "C":
            return self.starts[k], a.shape
        if place.layout == "F":
            return self.starts[k], a.shape[::-1]
        return self.starts[k], a.shape, tuple(s // a.itemsize for s in a.strides)

    def shown(self, k: int, memory: np.ndarray) -> np.ndarray:
        """What an array of the form of the memory shows at the place of the argument."""
        a = self.values[k]
        return p.strided(memory, self.starts[k], a.shape, tuple(s // a.itemsize for s in a.strides))


def shared(values: Sequence[Any]) -> Shared | None:
    """The call with common memories; None when nothing overlaps, or not element by element."""
    arrays = {k: v for k, v in enumerate(values) if isinstance(v, np.ndarray) and v.size}
    groups: list[set[int]] = []
    for k, a in arrays.items():
        met = [g for g in groups if any(a.dtype == arrays[j].dtype and p.overlapping(a, arrays[j]) for j in g)]
        groups = [g for g in groups if g not in met] + [{k}.union(*met)]
    out = Shared(values, [None] * len(values), [], {})
    for group in sorted(sorted(g) for g in groups if len(g) > 1):
        size = arrays[group[0]].itemsize
        spans = [np.lib.array_utils.byte_bounds(arrays[k]) for k in group]
        low, high = min(s[0] for s in spans), max(s[1] for s in spans)
        if any((a.ctypes.data - low) % size or any(s % size for s in a.strides) for a in (arrays[k] for k in group)):
            return None
        memory = np.zeros((high - low) // size, arrays[group[0]].dtype)
        for k in group:
            out.starts[k] = (arrays[k].ctypes.data - low) // size
            out.places[k] = Place(len(out.memories), typeof(arrays[k]).layout, arrays[k].ndim)
            out.shown(k, memory)[...] = arrays[k]
        out.memories.append(memory)
    return out if out.memories else None


def copied(values: Sequence[Any]) -> list[Any]:
    """The values with copies of those that overlap, which overlap as these do."""
    call = shared(values)
    if call is None:
        return list(values)
    own = zip(values, call.places, strict=True)
    return [v if q is None else call.shown(k, call.memories[q.memory]) for k, (v, q) in enumerate(own)]


def function_of_memory(f: Callable[..., Any], title: str, names: Sequence[str], places: Sequence[Place | None]) -> Any:
    """The function of the common memories, of the places in them, and of the other arguments."""

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    taken = {*names, "np"}
    space = {"np": np, "__name__": "shared"}
    called = {fn: free(fn.__name__) for fn in (p.strided, p.part)}
    inner = free("function")
    space |= {name: fn for fn, name in called.items()} | {inner: f}
    memories = [free(f"memory_{k}") for k in range(1 + max(q.memory for q in places if q is not None))]
    params, args = list(memories), []
    for n, q in zip(names, places, strict=True):
        if q is None:
            params.append(n)
            args.append(n)
            continue
        own = [free(f"{what}_{n}") for what in ("start", "shape", *(["steps"] if q.layout == "A" else []))]
        params += own
        e = f"{called[p.strided if q.layout == 'A' else p.part]}({memories[q.memory]}, {', '.join(own)})"
        args.append(f"np.transpose({e})" if q.layout == "F" else e)
    name = free(f"{title}_shared")
    text = f"def {name}({', '.join(params)}):\n    return {inner}({', '.join(args)})\n"
    filename = f"<sourcead {name} {next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    exec(compile(text, filename, "exec"), space)
    return space[name]


def arguments(call: Shared) -> list[Any]:
    """The arguments of the function of the common memories."""
    own = (
        ([v] if q is None else call.numbers(k)) for k, (v, q) in enumerate(zip(call.values, call.places, strict=True))
    )
    return [*call.memories, *itertools.chain.from_iterable(own)]


def tangents(
    call: Shared, given: Mapping[int, Any], at: Mapping[int, int], names: Sequence[str], several: bool
) -> tuple[Any, ...]:
    """The tangents of the arguments of the function of the common memories, by which it is differentiated.

    given: the tangents of arguments; at: which parameter holds each. ValueError where two arguments that overlap are
    given tangents that differ in a place of both.
    """
    out: dict[int, Any] = {}
    known: dict[int, np.ndarray] = {}
    for k, dot in given.items():
        place = call.places[k]
        if place is None:
            out[at[k]] = dot
            continue
        if dot is None:
            out.setdefault(at[k], None)
            continue
        memory = call.memories[place.memory]
        each = np.moveaxis(np.asarray(dot), -1, 0) if several else np.asarray(dot)[None]
        if each.shape[1:] != call.values[k].shape:
            raise ValueError(f"the tangent of {names[k]} must have its shape")
        if out.get(at[k]) is None:
            out[at[k]] = np.zeros((len(each), *memory.shape), memory.dtype)
            known[at[k]] = np.zeros(memory.shape, bool)
        mine = call.shown(k, known[at[k]])
        for one, row in zip(each, out[at[k]], strict=True):
            there = call.shown(k, row)
            if not np.array_equal(there[mine], one[mine]):
                raise ValueError(f"the tangent of {names[k]} differs from that of an argument that it overlaps with")
            there[...] = one
        mine[...] = True
    shown = (out[j] if j not in known else np.moveaxis(out[j], 0, -1) if several else out[j][0] for j in out)
    return tuple(None if v is None else np.ascontiguousarray(v) if isinstance(v, np.ndarray) else v for v in shown)


def positions(argnums: Sequence[int], places: Sequence[Place | None]) -> list[int]:
    """For each argument to differentiate by, the parameter of the function of the common memories that holds it."""
    count = 1 + max(q.memory for q in places if q is not None)
    at = []
    for q in places:
        at.append(count if q is None else q.memory)
        count += 1 if q is None else 3 if q.layout == "A" else 2
    return [at[k] for k in argnums]
