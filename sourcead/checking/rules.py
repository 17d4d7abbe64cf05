"""`check_rule`: a rule that a user gives, tested against its function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..custom import CustomRule
from ..errors import Finding
from . import points
from .grads import check_grads


def check_rule(rule: CustomRule, *samples: Sequence[Any], order: int = 1, rtol: float | None = None) -> None:
    """Test a rule at some points: each sample is a tuple of arguments.

    The function and its parts leave their arguments alone; `forward` gives the function's result; pullback and
    pushforward agree with differences of the function, and with each other by an inner product (`check_grads`); with
    `order=2` so do second derivatives. The parts are compiled. AssertionError says what is wrong, and quotes the rule.

    >>> from sourcead import check_rule, custom_rule
    >>> @custom_rule
    ... def cube(x):
    ...     return x * x * x
    >>> @cube.pullback
    ... def cube_pullback(x, y, y_bar):
    ...     return 3.0 * x * x * y_bar
    >>> check_rule(cube, (2.0,), (-1.0,), order=2)
    """
    if not isinstance(rule, CustomRule):
        raise TypeError(f"check_rule takes a function with a rule (custom_rule), not {rule!r}")
    modes = [m for m, part in (("fwd", "pushforward"), ("rev", "pullback")) if part in rule.parts]
    if not modes or not samples:
        raise ValueError(f"`{rule.__name__}` needs a pullback or a pushforward, and at least one sample")
    for sample in samples:
        args = tuple(sample)
        check_values(rule, args)
        for mode in modes:
            told(rule, mode, args, [mode], order, rtol)
        if len(modes) > 1:
            told(rule, "rev", args, modes, order, rtol)


def told(rule: CustomRule, mode: str, args: tuple[Any, ...], modes: list[str], order: int, rtol: float | None) -> None:
    """`check_grads`, quoting the rule where it fails."""
    try:
        check_grads(rule, args, order, modes, rtol=rtol, jit=False)
    except AssertionError as e:
        place = rule.place("pushforward" if mode == "fwd" else "pullback")
        raise AssertionError(str(Finding(place, str(e)))) from None


def check_values(rule: CustomRule, args: tuple[Any, ...]) -> None:
    """The function, and `forward`, give the same, and write into nothing."""
    results = {}
    for kind in ("", "forward") if "forward" in rule.parts else ("",):
        given = points.copied(args)
        results[kind] = rule.compiled(kind)(*given)
        for (path, x), y in zip(named(rule, args), (x for _, x in named(rule, given)), strict=True):
            if not same(x, y):
                what = f"{rule.title(kind)} changes `{path}`: a function with a rule must not write into its arguments"
                raise AssertionError(str(Finding(rule.place(kind), what)))
    if "forward" in results:
        for (path, x), (_, y) in zip(
            points.leaves(results[""], "result"), points.leaves(results["forward"][0], "result"), strict=True
        ):
            if not np.allclose(x, y, 1e-12, 0.0, equal_nan=True):
                what = f"{rule.title('forward')} gives {y} where {rule.title('')} gives {x} (`{path}`)"
                raise AssertionError(str(Finding(rule.place("forward"), what)))


def named(rule: CustomRule, args: Sequence[Any]) -> Iterator[points.Leaf]:
    """The values in arguments, with how the user calls them."""
    for n, v in zip(rule.parameters, args, strict=False):
        yield from points.leaves(v, n)


def same(x: Any, y: Any) -> bool:
    return bool(np.array_equal(x, y, equal_nan=points.is_floating(x))) if isinstance(x, np.ndarray) else True
