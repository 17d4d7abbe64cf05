"""The rule table: how each function is differentiated, one line of mathematics a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import array, scalar
from .array import dot_left, dot_right
from .kinds import RULES, Fixed, Rule, bilinear, constant, elementwise, general, linear

__all__ = [
    "RULES",
    "Fixed",
    "Rule",
    "array",
    "bilinear",
    "constant",
    "cost",
    "dot_left",
    "dot_right",
    "elementwise",
    "general",
    "is_constant",
    "is_elementwise",
    "linear",
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


def cost(fn: Callable[..., Any]) -> int:
    """What computing `fn` again would cost, in additions."""
    rule = rule_of(fn)
    return rule.cost if rule is not None else 1000
