"""Lists of arrays: where Python's sharing would be seen, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sourcead
from sourcead.errors import Unsupported

P = np.array([0.3, -0.7, 1.1])


def changed_after_append(p):
    xs = []
    y = p.copy()
    for t in range(40):
        y[0] = t
        xs.append(y)
    return xs[0][0]


def changed_in_the_list(p):
    xs = []
    for i in range(40):
        xs.append(p * i)
    a = xs[1]
    for i in range(3):
        xs[i][0] = 1.0
        xs.append(a)
    return xs[1][0]


def twice_in_the_list(p):
    xs = []
    a = p * 2
    for _ in range(40):
        xs.append(a)
    xs[0][0] = 5.0
    return xs[1][0]


def two_kinds(p):
    xs = []
    for i in range(40):
        xs.append(p)
        xs.append(1.0 * i)
    return xs[1]


def tuples_of_two_forms(p):
    xs = []
    for i in range(40):
        xs.append((1.0, i))
        xs.append((1.0, 2.0, i))
    return xs[1][0] * p[0]


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (changed_after_append, "`y` is changed, and it is an item of a list too"),
        (changed_in_the_list, "`a` is in a list too, and was changed there"),
        (twice_in_the_list, "one array may be in the list twice"),
        (two_kinds, "the items of a list are of different types"),
        (tuples_of_two_forms, "must be tuples of the same form"),
    ],
)
def test_refused(f: Callable[..., Any], words: str) -> None:
    with pytest.raises(Unsupported) as e:
        sourcead.grad(f, jit=False, cache=False)(P)
    assert words in str(e.value)


def different_shapes(p):
    xs = []
    for t in range(40):
        xs.append(p[: t % 3])
    return np.sum(xs[2])


def test_shapes_are_checked_when_running() -> None:
    with pytest.raises(ValueError, match="same shape"):
        sourcead.grad(different_shapes, jit=False, cache=False)(P)
