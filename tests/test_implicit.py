"""`implicit_root` and `fixed_point`: gradients of solutions, against differences and against their iterations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from sourcead import Unsupported, check_grads, fixed_point, grad, implicit_root


@njit
def newton(guess, a, power):
    x = guess
    for _ in range(60):
        x -= (x**power - a) / (power * x ** (power - 1))
    return x


def residual(x, power, a):
    return x**power - a


root = implicit_root(newton, residual)


def test_a_number_in_both_modes_and_second_order():
    check_grads(lambda a: a * root(1.0, a, 3), (2.0,), jit=False)
    got = grad(root, argnums=(0, 1), jit=False)(1.5, 8.0, 3)
    assert got == (0.0, pytest.approx(1.0 / 12.0, rel=1e-13))
    assert root(1.5, 8.0, 3) == pytest.approx(2.0)


kepler = fixed_point(lambda x, e, m: m + e * math.sin(x))


def test_fixed_points():
    check_grads(kepler, (1.0, 0.3, 0.8), argnums=(1, 2), order=1, jit=False)
    assert grad(kepler, jit=False)(1.0, 0.3, 0.8) == 0.0
    x = kepler(1.0, 0.3, 0.8)
    assert x == pytest.approx(0.8 + 0.3 * math.sin(x), rel=1e-12)
    with pytest.raises(ValueError, match="does not converge"):
        fixed_point(lambda x, a: a * x + 1.0, limit=50)(0.0, 2.0)


def test_arrays_in_tuples_with_a_solver_for_the_linear_system():
    def step(x, p):
        a, b = p
        return 0.3 * np.cos(a * x) + b

    def diagonal(v, transposed, x, p):
        return v / (-0.3 * p[0] * np.sin(p[0] * x) - 1.0)

    settled = fixed_point(step, linear_solve=diagonal)

    def f(a, b):
        return np.sum(settled(np.zeros(3), (a, b)) ** 2)

    check_grads(f, (np.array([0.4, 1.2, -0.7]), 0.5), order=1, modes=("rev",), jit=False)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"must be parameters of `newton`.*`b` is none"):
        implicit_root(newton, lambda x, b: x - b)
    with pytest.raises(TypeError, match="nothing to differentiate by"):
        fixed_point(lambda x: x)
    with pytest.raises(TypeError, match="`solve` must be a function"):
        implicit_root(3.0, residual)
    pair = implicit_root(lambda a: (a, a), lambda x, a: x)
    with pytest.raises(Unsupported, match="return a real number or an array"):
        grad(lambda a: pair(a)[0], jit=False)(2.0)
    mixed = implicit_root(lambda p: p[0] * p[1], lambda x, p: x - p[0] * p[1])
    with pytest.raises(Unsupported, match="holds other things than floating-point numbers"):
        grad(lambda a: mixed((a, 3)), jit=False)(2.0)
