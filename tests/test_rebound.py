"""Names that are not defined on every path."""

import numpy as np
import pytest

from sourcead import grad


def used_between(x, a, b):
    z = 0.0
    if a:
        v = x * x
    if a:
        z += v * v
    if b:
        v = np.sin(x)
    if b:
        z += v * v * v
    return z


def kept_from_earlier(x, n):
    z = 0.0
    for i in range(n):
        if i % 2 == 0:
            v = x * (i + 1)
        if i >= 0:
            z += v * v
    return z


def bound_once(x, a):
    z = np.cos(x)
    if a:
        v = x * x
    if a:
        z += v * v
    return z


def on_both_branches(x, n):
    for i in range(n):
        v = x * (i + 1) if i % 2 == 0 else x * x
        x = x + v * v * 0.1
    return x + v


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (bound_once, (0.7, True)),
        (on_both_branches, (0.3, 4)),
        (kept_from_earlier, (0.7, 5)),
        (used_between, (0.7, True, True)),
        (used_between, (0.7, True, False)),
    ],
)
def test_right(f, args):
    h = 1e-6
    x, *rest = args
    differences = (f(x + h, *rest) - f(x - h, *rest)) / (2 * h)
    assert np.isclose(grad(f, jit=False)(*args), differences, rtol=1e-7)
