"""Passes that make a program smaller and faster and leave its meaning alone."""

from __future__ import annotations

from ..ir import Function, used, walk
from .accumulators import accumulators
from .coalesce import coalesce
from .copies import copies
from .cse import cse
from .dce import dce
from .dependence import independent
from .effects import storage
from .extents import known_extents
from .fold import fold
from .fuse import fuse
from .increments import increments
from .licm import licm, reuse_buffers
from .stores import dead_stores
from .wide import wide_sums

__all__ = [
    "accumulators",
    "coalesce",
    "copies",
    "cse",
    "dce",
    "dead_stores",
    "fold",
    "fuse",
    "increments",
    "independent",
    "known_extents",
    "licm",
    "polish",
    "reuse_buffers",
    "simplify",
    "storage",
    "wide_sums",
]


def simplify(f: Function) -> Function:
    """Copies, common subexpressions, invariants, dead code and sums, until little is left to do."""
    f = known_extents(f)
    for _ in range(2):
        before = size(f)
        f = dce(licm(copies(cse(copies(f)))))
        f = increments(accumulators(f))
        if size(f) == before:
            break
    return f


def size(f: Function) -> int:
    return sum(1 + len(used(s)) for s in walk(f.body))


def polish(f: Function) -> Function:
    """The last touch: buffers made once; for the reader fewer names, and expressions as somebody would write them."""
    f = reuse_buffers(dce(dead_stores(dce(f))))
    return fold(coalesce(wide_sums(f)))
