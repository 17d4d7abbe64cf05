"""Which function lowers calls of which callable.

A handler takes the builder and the call's arguments: values, operands, or tuples of these for shapes and
sequences of arrays. It returns a value, an expression of scalars, or a tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Handler = Callable[..., Any]
HANDLERS: dict[Callable[..., Any], Handler] = {}


def lowers(*fns: Callable[..., Any]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for fn in fns:
            HANDLERS[fn] = handler
        return handler

    return register
