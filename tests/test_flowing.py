"""What flows back from nothing is nothing, infinite slope or not."""

from __future__ import annotations

import numpy as np
import pytest

import sourcead
from sourcead import tape

X = np.array([0.0, 0.25, 1.0])


def masked_logarithm(x):
    r = np.log(x)
    return np.sum(np.where(x > 0, r, 0.0))


def masked_quotient(x):
    r = 1.0 / x
    return np.sum(np.where(x != 0, r, 0.0))


def chosen_logarithms(x):
    r = np.log(x)
    return np.sum(r[x > 0])


def mended_quotient(x):
    r = x / x
    r[np.isnan(r)] = 0.0
    return np.sum(r * x)


def distances(x):
    d = x[:, None] - x
    r = np.sqrt(d * d)
    return np.sum(np.triu(r, 1))


def overwritten(x):
    y = np.sqrt(x)
    y[0] = 2.0
    return np.sum(y)


def angles(x):
    a = np.arctan2(x, 2.0 * x)
    return np.sum(a[1:] * x[1:])


ANGLE = np.arctan2(1.0, 2.0)
CASES = {
    masked_logarithm: [0.0, 4.0, 1.0],
    masked_quotient: [0.0, -16.0, -1.0],
    chosen_logarithms: [0.0, 4.0, 1.0],
    mended_quotient: [0.0, 1.0, 1.0],
    distances: [-2.0, 0.0, 2.0],
    overwritten: [0.0, 1.0, 0.5],
    angles: [0.0, ANGLE, ANGLE],
}


@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nothing_flows(f):
    np.testing.assert_allclose(sourcead.grad(f, jit=False)(X), CASES[f], 1e-14)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_tape_does_the_same():
    for f in (masked_logarithm, masked_quotient, distances):
        np.testing.assert_allclose(tape.grad(f)(X), CASES[f], 1e-14)


def test_compiled_in_single_precision():
    g = sourcead.grad(distances)(X.astype(np.float32))
    assert g.dtype == np.float32
    np.testing.assert_allclose(g, CASES[distances])


def test_what_flows_is_seen():
    """An infinite slope that counts is no zero."""
    assert sourcead.grad(lambda x: np.sum(np.sqrt(x)), jit=False)(np.array([0.0, 1.0]))[0] == np.inf


def weighted(t, x):
    y = np.zeros(1)
    y[0] = np.sqrt(x)
    return t * y[0]


def test_second_derivatives_where_nothing_flows():
    """At `t = 0` nothing flows to `x`; the derivative of that by `t` is there all the same."""

    def slope(t, x):
        return first(t, x)

    first = sourcead.grad(weighted, 1)
    assert first(0.0, 4.0) == 0.0
    assert sourcead.grad(slope, 0, jit=False)(0.0, 4.0) == 0.25


def surely(x, y):
    return np.log(x) + x / y


def test_what_surely_counts_is_not_guarded():
    """Where `y` is zero the result is infinite already."""
    assert " if " not in sourcead.grad(surely, (0, 1)).source(1.0, 2.0)
