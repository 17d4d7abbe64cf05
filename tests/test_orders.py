"""Derivatives of programs that call derivatives: of every order, and in every order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numba import njit
from program_table import numbers
from programs import PROGRAMS

from sourcead import grad, hvp, jvp, jvp_fn, value_and_grad, vjp_fn

X, V = numbers(3, low=0.2, high=1.5), numbers(3, seed=5)


def energy(x, w):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i]) * w * x[i]
    return s


def pair(x, w):
    return x * w, np.sum(x)


def loop_of_unknown_length(x, w):
    s, k = 0.0, 0
    while s < 3.0:
        s += x[k % 3] ** 2 * w + 0.5
        k += 1
    return s * s


def arrays_made_in_a_loop(x, w):
    for _ in range(3):
        x = np.sin(x * w) + x
    return np.sum(x * x)


def power(x, n):
    return x * power(x, n - 1) if n > 0 else 1.0


def recursive(x, w):
    return power(x[0] * w, 3) + x[1]


force, both = grad(energy), value_and_grad(energy, (0, 1))
pushed, pulled = jvp_fn(energy, (0, 1)), vjp_fn(pair, (0, 1))


def of_gradients(x, w):
    g = force(x, w)
    return np.sum(g * g) * w


def of_values_and_gradients(x, w):
    v, (a, b) = both(x, w)
    return v * b + np.sum(a * x)


def of_tangents(x, w):
    v, t = pushed((x * x, w), x, w)
    return v * t


def of_tangents_made_inside(x, w):
    v, t = jvp(energy, (x, w), (x * x, w))
    (a, b), (c, d) = jvp(pair, (x, w), (x, None))
    return v * t + np.sum(a * c) * b * d


def of_products_with_hessians(x, w):
    p = hvp(energy)(x, x, w)
    return np.sum(p * p)


def of_pullbacks(x, w):
    v, (x_bar, w_bar) = pulled((x, w), x, w)
    return np.sum(x_bar) * w_bar * v[1]


def trained(x, w):
    """Some steps of descent, by the step and the start."""
    for _ in range(3):
        x = x - 0.1 * w * grad(energy)(x, 1.0)
    return energy(x, 1.0)


NESTED = [of_gradients, of_values_and_gradients, of_tangents, of_tangents_made_inside]
NESTED += [of_products_with_hessians, of_pullbacks, trained]


def differences(f: Any, x: Any, w: float, dx: Any, dw: float) -> Any:
    h = 1e-4
    ahead, behind = ([f(x + k * h * dx, w + k * h * dw) for k in s] for s in ((1, 2), (-1, -2)))
    return (8 * (ahead[0] - behind[0]) - (ahead[1] - behind[1])) / (12 * h)


@pytest.mark.parametrize("f", NESTED)
def test_functions_that_call_derivatives(f: Any) -> None:
    want = differences(f, X, 0.7, V, 0.3)
    by_x, by_w = grad(f, (0, 1), jit=False)(X, 0.7)
    assert np.sum(by_x * V) + by_w * 0.3 == pytest.approx(want, 1e-7)
    assert jvp(f, (X, 0.7), (V, 0.3), jit=False)[1] == pytest.approx(want, 1e-7)


TWICE = [energy, loop_of_unknown_length, arrays_made_in_a_loop, recursive]


@pytest.mark.parametrize("h", TWICE)
def test_reverse_over_reverse(h: Any) -> None:
    """Gradients over which reverse mode does not go are taken as a whole."""
    slope, both = grad(h, (0, 1), jit=False), value_and_grad(h, (0, 1), jit=False)

    def f(x, w):
        a, b = slope(x, w)
        v, (c, d) = both(x * w, w)
        return np.sum(a * c) * b + v * d

    by_x, by_w = grad(f, (0, 1), jit=False)(X, 0.7)
    want = differences(f, X, 0.7, V, 0.3)
    assert np.sum(by_x * V) + by_w * 0.3 == pytest.approx(want, 1e-6)


@pytest.mark.parametrize("h", TWICE)
def test_second_derivatives(h: Any) -> None:
    """Forward mode goes over every gradient."""
    g = grad(h, (0, 1), jit=False)
    product = hvp(h, (0, 1), jit=False)((V, 0.3), X, 0.7)
    for k in range(2):
        want = differences(lambda x, w, k=k: g(x, w)[k], X, 0.7, V, 0.3)
        np.testing.assert_allclose(product[k], want, 1e-6, 1e-8)


RECURSIVE = "tree_over_an_array quicksort spectrum several_results exchanged_arguments rule_in_a_recursion"


@pytest.mark.parametrize("name", RECURSIVE.split())
def test_second_derivatives_of_programs(name: str) -> None:
    case, rng = PROGRAMS[name], np.random.RandomState(0)
    v = tuple(rng.uniform(-1, 1, np.shape(case.args[k]))[()] for k in case.argnums)
    g = grad(case.f, case.argnums, jit=False)

    def at(t: float) -> Any:
        args = list(case.fresh())
        for k, d in zip(case.argnums, v, strict=True):
            args[k] = args[k] + t * d
        return g(*args)

    product, h = hvp(case.f, case.argnums, jit=False)(v, *case.fresh()), 1e-5
    for p, a, b in zip(product, at(h), at(-h), strict=True):
        np.testing.assert_allclose(p, (a - b) / (2 * h), 1e-5, 1e-6)


def cubic(x):
    return np.sum(x**3 * x[0]) + math.exp(x[1])


def test_third_derivatives() -> None:
    """In all orders of modes."""
    g = grad(cubic, jit=False)
    second = jvp_fn(g, jit=False)
    third = jvp_fn(second, 1, jit=False)(V, V, X)[1][1]
    want = differences(lambda x, _: second(V, x)[1], X, 0.0, V, 0.0)
    np.testing.assert_allclose(third, want, 1e-7)

    def along(x, v):
        return jvp_fn(jvp_fn(cubic, jit=False), 1, jit=False)(v, v, x)[1][1]

    assert grad(along, jit=False)(X, V) == pytest.approx(third)
    assert grad(lambda x, v: np.sum(hvp(cubic)(v, x) * v), jit=False)(X, V) == pytest.approx(third)


def test_perturbations_are_not_confused() -> None:
    """d/dx (x d/dy (x + y)) is 1: the inner derivative does not see the outer one."""

    def inner(y, x):
        return x + y

    def outer(x):
        return x * jvp(inner_, (1.0, x), (1.0, None))[1]

    inner_ = inner
    assert jvp(outer, (2.0,), (1.0,), jit=False)[1] == 1.0
    assert grad(outer, jit=False)(2.0) == 1.0

    def product(y, x):
        return x * y

    def twice(x):
        return x * grad(product)(x, x)  # x * x, of which the derivative is 2 x

    assert jvp(twice, (3.0,), (1.0,), jit=False)[1] == 6.0
    assert grad(twice, jit=False)(3.0) == 6.0
    assert jvp(lambda x: jvp(twice, (x,), (x,))[1], (3.0,), (1.0,), jit=False)[1] == 12.0


step = grad(trained, (0, 1))


@njit
def used(x, w):
    by_x, by_w = step(x, w)
    return np.sum(by_x) + by_w


def test_compiled() -> None:
    by_x, by_w = grad(trained, (0, 1), jit=False)(X, 0.7)
    assert used(X, 0.7) == pytest.approx(np.sum(by_x) + by_w)
    got = hvp(loop_of_unknown_length)(V, X, 0.7)
    np.testing.assert_allclose(got, hvp(loop_of_unknown_length, jit=False)(V, X, 0.7))
