"""Drop what nobody wants: values, stores, allocations, empty branches and loops, needless stacks.

What may raise stays, and so does what decides about it.
"""

from __future__ import annotations

from ..ir import Function, with_body
from .liveness import needed


def dce(f: Function) -> Function:
    """The statements of `f` whose results reach its value (or its exceptions)."""
    return with_body(f, needed(f))
