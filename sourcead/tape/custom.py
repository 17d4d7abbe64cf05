"""Functions with rules of the user's (`custom_rule`) on the tape: their pullbacks are called in the backward sweep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import typeof

from sourcead.checking import points
from sourcead.custom import CustomRule
from sourcead.errors import Unsupported

from .record import Node, common_tape, kept, strip


def meets_tape(args: tuple[Any, ...]) -> bool:
    """Is a value on the tape among the arguments?"""
    return any(isinstance(x, Node) or isinstance(x, (tuple, list)) and meets_tape(tuple(x)) for x in args)


def call(rule: CustomRule, plain: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """The result of the rule's function; `plain` is that function for plain values."""
    if "pullback" not in rule.parts:
        raise Unsupported(f"`{rule.__name__}` has no pullback", None, f"attach one: @{rule.__name__}.pullback")
    active = [(k, x) for k, x in enumerate(points.values(args, args)) if isinstance(x, Node)]
    tape = common_tape([x for _, x in active])
    values = points.each(kept, strip(args))
    if "forward" in rule.parts:
        y, saved = rule.compiled("forward")(*values)
        remembered: tuple[Any, ...] = (saved,)
    else:
        y = plain(*values)
        remembered = (*values, y)
    numbers = iter(range(len(list(points.values(y, y)))))

    def recorded(part: Any) -> Any:
        j = next(numbers)
        if not points.is_floating(part):
            return part
        out = tape.constant(np.array(part)[()])
        for k, x in active:
            pull = partial(share, rule, values, y, j, k)
            tape.edges.append((out.k, x.k, pull, (remembered,), None, True))
        return out

    return points.each(recorded, y)


def share(rule: CustomRule, values: Any, y: Any, j: int, k: int, y_bar: Any, remembered: Any) -> Any:
    """What the `j`-th number or array in the result hands to the `k`-th one in the arguments."""
    numbers = iter(range(len(list(points.values(y, y)))))

    def seed(part: Any) -> Any:
        if next(numbers) == j:
            return y_bar
        return part * 0.0 if points.is_floating(part) else None

    given = (*remembered, points.each(seed, y))
    found = rule.compiled("pullback", tuple(map(typeof, given)))(*given)
    if len(values) == 1 and not (isinstance(found, tuple) and len(found) == 1):
        found = (found,)
    x, x_bar = list(zip(points.values(values, values), points.values(found, values), strict=True))[k]
    x = np.asarray(x)
    return np.zeros(x.shape, x.dtype)[()] if x_bar is None else np.array(x_bar, x.dtype)[()]
