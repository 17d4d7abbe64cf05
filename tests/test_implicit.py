"""`implicit_root` and `fixed_point`: gradients of solutions, against differences and against their iterations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from sourcead import Unsupported, check_grads, fixed_point, grad, hessian, implicit_root, jacrev


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


def matvec(k, u):
    return k * u + 0.5 * np.sum(u)


def iterated(k, b):
    """Solves `k * u + 0.5 * sum(u) = b` by going round; nothing happens where `b` is zero."""
    u, r = np.zeros(len(b)), b.copy()
    while np.max(np.abs(r)) > 1e-14:
        u = u + r / (k + 1.5)
        r = b - matvec(k, u)
    return u


linear = implicit_root(
    iterated, lambda u, k, b: matvec(k, u) - b, linear_solve=lambda v, transposed, u, k, b: iterated(k, v)
)


def test_second_derivatives_where_the_adjoint_is_zero():
    """At the minimum of a misfit the Hessian is `J.T @ J`, though nothing is to be solved for."""
    k, b = np.array([1.0, 2.0]), np.array([1.0, -0.4])
    wanted = iterated(k, b)

    def misfit(k):
        return 0.5 * np.sum((linear(k, b) - wanted) ** 2)

    by_rows = jacrev(lambda k: linear(k, b), jit=False)(k)
    inverse = np.linalg.inv(np.diag(k) + 0.5)
    np.testing.assert_allclose(by_rows, -inverse * wanted, rtol=1e-10)
    np.testing.assert_allclose(hessian(misfit, jit=False)(k), by_rows.T @ by_rows, rtol=1e-9)


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
