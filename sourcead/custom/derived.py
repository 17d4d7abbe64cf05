"""The other part of a rule, where one follows from the one that the user wrote.

The result is one real number: its tangent is the inner product of the pullback of one with the tangents of the
arguments. The arguments are real numbers: the adjoint of each is that of the result times its tangent for a unit one.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
from numba.core import types

from ..infer import is_array, is_complex
from .written import written

if TYPE_CHECKING:
    from .rule import CustomRule


def derived(rule: CustomRule, kind: str, argtypes: tuple[Any, ...]) -> FunctionType:
    """The pushforward of a rule with a pullback, or the other way round, for arguments of these types."""
    return pushforward(rule, argtypes) if kind == "pushforward" else pullback(rule, argtypes)


def pushforward(rule: CustomRule, argtypes: tuple[Any, ...]) -> FunctionType:
    from .call import result_of

    n = len(rule.parameters)
    remembered, dots = argtypes[:-n], argtypes[-n:]
    bars = result_of(rule, "pullback", (*remembered, types.float64))
    whole = n == 1 and not (isinstance(bars, types.BaseTuple) and len(bars) == 1)
    given = [("bars", bars)] if whole else [(f"bars[{k}]", t) for k, t in enumerate(bars)]
    terms = [x for k, (e, t) in enumerate(given) for x in products(e, t, f"d{k}", dots[k])]
    names = tuple(f"r{k}" for k in range(len(remembered)))
    body = f"""bars = part_({", ".join((*names, "1.0"))})
        return {" + ".join(terms) or "0.0"}"""
    params = (*names, *(f"d{k}" for k in range(n)))
    return written(rule.__module__, "pushforward_", params, body, {"part_": rule.parts["pullback"], "np": np})


def pullback(rule: CustomRule, argtypes: tuple[Any, ...]) -> FunctionType:
    from .call import result_of

    *remembered, y_bar = argtypes
    n = len(rule.parameters)
    moving = [k for k in range(n) if isinstance(remembered[k], types.Float)]
    tangent = result_of(rule, "pushforward", (*remembered, *unit_types(n, moving)))
    names = tuple(f"r{k}" for k in range(len(remembered)))
    lines, results = [], ["None"] * n
    for k in moving:
        units = ("1.0" if j == k else "0.0" if j in moving else "None" for j in range(n))
        lines.append(f"t{k} = part_({', '.join((*names, *units))})")
        results[k] = " + ".join(products(f"t{k}", tangent, "y_bar", y_bar)) or "0.0"
    body = "\n        ".join((*lines, f"return {', '.join(results)}"))
    space = {"part_": rule.parts["pushforward"], "np": np}
    return written(rule.__module__, "pullback_", (*names, "y_bar"), body, space)


def unit_types(n: int, moving: list[int]) -> Iterator[Any]:
    for k in range(n):
        yield types.float64 if k in moving else types.none


def products(a: str, s: Any, b: str, t: Any) -> Iterator[str]:
    """The terms of the real inner product of two structures of numbers and arrays; None is zero."""
    if isinstance(s, types.NoneType) or isinstance(t, types.NoneType):
        return
    if isinstance(t, types.BaseTuple):
        for k in range(len(t)):
            yield from products(f"{a}[{k}]", s[k], f"{b}[{k}]", t[k])
        return
    product = f"(np.conj({a}) * {b}).real" if is_complex(t) else f"{a} * {b}"
    yield f"np.sum({product})" if is_array(t) else product
