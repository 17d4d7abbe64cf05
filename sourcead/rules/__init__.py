"""The rule table: how each function is differentiated, one line of mathematics a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import array, complex_linalg, draws, fourier, linalg, linalg_tangents, scalar
from .array import dot_left, dot_right
from .draws import is_draw
from .kinds import RULES, Fixed, Rule, atom, bilinear, constant, elementwise, general, linear
from .slopes import may_be_infinite

__all__ = [
    "RULES",
    "Fixed",
    "Rule",
    "array",
    "atom",
    "bilinear",
    "complex_linalg",
    "constant",
    "cost",
    "dot_left",
    "dot_right",
    "draws",
    "elementwise",
    "fourier",
    "general",
    "is_atom",
    "is_constant",
    "is_draw",
    "is_elementwise",
    "linalg",
    "linalg_tangents",
    "linear",
    "may_be_infinite",
    "result_extents",
    "rule_of",
    "scalar",
]


def rule_of(fn: Callable[..., Any]) -> Rule | None:
    """The rule of a function; None when there is none."""
    try:
        return RULES.get(fn)
    except TypeError:  # a callable that cannot be hashed
        return None


def is_elementwise(fn: Callable[..., Any]) -> bool:
    rule = rule_of(fn)
    return rule is not None and rule.kind == "elementwise"


def is_constant(fn: Callable[..., Any]) -> bool:
    """Is the derivative zero wherever it exists, so that nothing flows to the arguments?"""
    rule = rule_of(fn)
    return rule is not None and rule.kind == "constant"


def is_atom(fn: Callable[..., Any]) -> bool:
    """Does the compiler keep this a call on whole arrays?"""
    rule = rule_of(fn)
    return rule is not None and (rule.kind == "atom" or fn is np.dot)


def result_extents(fn: Callable[..., Any]) -> Callable[..., tuple[Any, ...]] | None:
    """The extents of the results of an atom, from those of its array arguments; None where that is not plain."""
    rule = rule_of(fn)
    return rule.extents if rule is not None else None


def cost(fn: Callable[..., Any]) -> int:
    """What computing `fn` again would cost, in additions."""
    rule = rule_of(fn)
    return rule.cost if rule is not None else 1000
