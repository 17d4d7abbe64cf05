"""Extents that are taken to be equal, and what happens when they are not."""

from __future__ import annotations

import differences
import numpy as np
import pytest
from numba import njit
from program_table import numbers

import sourcead


def layer(x, w, b):
    h = np.tanh(x @ w + b)
    return np.sum(h * h)


X, W, B, ONE = numbers(4, 3), numbers(3, 5), numbers(5), numbers(1)


def right(f, g, *args):
    value, grads = g(*args)
    assert np.isclose(value, differences.value(f, args), 1e-12)
    for got, want in zip(grads, differences.gradient(f, args, tuple(range(len(args)))), strict=True):
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, 1e-7, 1e-8)


def test_the_plain_program_and_the_other_one():
    g = sourcead.value_and_grad(layer, (0, 1, 2), jit=False)
    right(layer, g, X, W, B)
    assert "stretch" not in g.source(X, W, B)
    assert not g.others
    right(layer, g, X, W, ONE)
    right(layer, g, X, W, B)
    with pytest.raises(ValueError, match="could not be broadcast"):
        g(X, W, numbers(4))


def test_compiled():
    g = sourcead.value_and_grad(layer, (0, 1, 2))
    for b in (ONE, B):
        right(layer, g, X, W, b)

    @njit
    def by_b(x, w, b):
        return g(x, w, b)[1][2]

    for b in (B, ONE):
        np.testing.assert_array_equal(by_b(X, W, b), g(X, W, b)[1][2])


def distances(x, y):
    d = x - y
    return np.sum(d * d)


def test_two_columns_that_make_a_table():
    right(distances, sourcead.value_and_grad(distances, (0, 1), jit=False), numbers(4, 1), numbers(1, 3))


def grows(x, n):
    y = x
    for _ in range(n):
        y = np.append(y, y[-1:] * x[0])
    return np.sum(y * y)


def changes_its_extent(x, n):
    y = x
    s = 0.0
    for k in range(n):
        s += np.sum(y * y)
        y = x[: len(x) - k] * 2.0
    return s + np.sum(y)


@pytest.mark.parametrize("f", [grows, changes_its_extent])
def test_arrays_that_a_loop_makes_anew(f):
    value, grad = sourcead.value_and_grad(f, jit=False)(X[0], 2)
    assert np.isclose(value, f(X[0], 2))
    (want,) = differences.gradient(lambda x: f(x, 2), (X[0],), (0,))
    np.testing.assert_allclose(grad, want, 1e-7)


def recurrent(w, h, x):
    for t in range(len(x)):
        h = np.tanh(w @ h + x[t])
    return np.sum(h)


def test_tapes_of_loops_have_known_extents():
    g = sourcead.value_and_grad(recurrent, (0, 1, 2), jit=False)
    args = numbers(3, 3), numbers(3), numbers(4, 3)
    right(recurrent, g, *args)
    assert "grown(" not in g.source(*args)
    right(recurrent, g, numbers(3, 3), numbers(3), numbers(4, 1))


def noisy(x, b):
    return np.sum((x + b) * np.random.rand())


def test_nothing_is_drawn_twice():
    assert "Unequal" not in sourcead.grad(noisy).source(X[0], B)


def test_changed_arguments_are_as_before():
    def f(x, b):
        x[0] = 2.0
        x *= b
        return np.sum(x * x)

    x, b = numbers(4), numbers(1)
    before = x.copy()
    right(f, sourcead.value_and_grad(f, (0, 1), jit=False), x, b)
    np.testing.assert_array_equal(x, before)


def test_gradients_of_gradients():
    def slope(x, b):
        return np.sum(first(x, b) ** 2)

    first = sourcead.grad(lambda x, b: np.sum(np.sin(x) * b))
    second = sourcead.grad(slope, (0, 1), jit=False)
    for b in (numbers(4), numbers(1)):
        gx, gb = second(numbers(4), b)
        c, s = np.cos(numbers(4)), np.sin(numbers(4))
        np.testing.assert_allclose(gx, -2.0 * c * s * b * b, 1e-12)
        np.testing.assert_allclose(gb, 2.0 * c * c * b if len(b) == 4 else [np.sum(2.0 * c * c * b)], 1e-12)


def test_pulled_back():
    def two(x, b):
        return x + b, np.sum(x * b)

    for b in (numbers(4), numbers(1)):
        _, back = sourcead.vjp(two, numbers(4), b)
        gx, gb = back((np.ones(4), 1.0))
        np.testing.assert_allclose(gx, 1.0 + b * np.ones(4))
        assert gb.shape == b.shape


def pairs(m, x):
    d = x[:, 0:1].T - x[:, 0:1]
    return np.sum(m * m.T * d * d)


def fixed_parts(p, x):
    a = p[:, 0:1] - p[:, 1:2]
    return np.sum(a * x[:3]) + np.sum(x[-2:] * x[:2]) + np.sum(x[3:3])


def test_slices_of_fixed_length():
    g = sourcead.value_and_grad(fixed_parts, (0, 1), jit=False)
    args = numbers(4, 3), numbers(5)
    right(fixed_parts, g, *args)
    assert "for j in range(3)" in g.source(*args)
    right(fixed_parts, g, numbers(4, 3), numbers(2))


def test_columns_that_meet_their_transposes():
    """Equal extents would contradict one another: the program is made for any extents at once."""
    g = sourcead.value_and_grad(pairs, (0, 1), jit=False)
    args = numbers(3, 1), numbers(3, 2)
    right(pairs, g, *args)
