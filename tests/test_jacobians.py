"""Whole Jacobians and Hessians: against differences of what they are derivatives of, and one another."""

from __future__ import annotations

import doctest
import sys
from typing import Any

import numpy as np
import pytest
from numba import njit
from program_table import numbers

import sourcead
from sourcead import grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, value_grad_hvp

A, X = numbers(2, 3), numbers(3, low=0.2, high=1.5)
H = 1e-6


def results(x, w, n):
    y = np.sin(A @ x) * w
    return y, n, (x * y[0])[:, None] * x


def by_differences(f: Any, x: np.ndarray) -> np.ndarray:
    """Of one result by one array, column by column."""
    steps = [H * np.reshape(e, x.shape) for e in np.eye(x.size)]
    return np.stack([(f(x + e) - f(x - e)) / (2 * H) for e in steps], -1).reshape(np.shape(f(x)) + x.shape)


@pytest.mark.parametrize("make", [jacfwd, jacrev, jacobian])
@pytest.mark.parametrize("chunk", [None, 2])
def test_of_several_results_and_arguments(make: Any, chunk: int | None) -> None:
    found = make(results, (0, 1), chunk=chunk, jit=False)(X, 0.5, 3)
    assert found[1] is None
    for k in (0, 2):
        np.testing.assert_allclose(found[k][0], by_differences(lambda x, k=k: results(x, 0.5, 3)[k], X), 1e-7, 1e-8)
        by_w = (results(X, 0.5 + H, 3)[k] - results(X, 0.5 - H, 3)[k]) / (2 * H)
        np.testing.assert_allclose(found[k][1], by_w, 1e-7, 1e-8)


def test_chosen_by_shape() -> None:
    wide, high = jacobian(lambda x: x[:2] * x[1:], jit=False), jacobian(lambda x: x[:, None] * x, jit=False)
    assert "vjp" in wide.source(X) and "vjp" not in high.source(X)
    np.testing.assert_allclose(wide(X), jacfwd(lambda x: x[:2] * x[1:], jit=False)(X))
    np.testing.assert_allclose(high(X), jacrev(lambda x: x[:, None] * x, jit=False)(X))


def written(x, y):
    y[:] = x * y


def test_of_what_is_written() -> None:
    for make in (jacfwd, jacrev):
        by_x, by_y = make(written, (0, 1), 1, jit=False)(X, X + 1.0)
        np.testing.assert_allclose(by_x, np.diag(X + 1.0))
        np.testing.assert_allclose(by_y, np.diag(X))


def energy(p):
    return np.sum(p["a"] ** 3) * p["b"]


def test_hessians_of_containers() -> None:
    p, v = {"a": X, "b": 2.0}, {"a": X + 1.0, "b": 1.0}
    found = hessian(energy, jit=False)(p)
    np.testing.assert_allclose(found["a"]["a"], np.diag(12.0 * X))
    np.testing.assert_allclose(found["a"]["b"], 3.0 * X**2)
    np.testing.assert_allclose(found["b"]["a"], 3.0 * X**2)
    assert found["b"]["b"] == 0.0
    value, gradient, product = value_grad_hvp(energy, jit=False)(v, p)
    assert value == pytest.approx(energy(p))
    np.testing.assert_allclose(gradient["a"], grad(energy, jit=False)(p)["a"])
    np.testing.assert_allclose(product["a"], 12.0 * X * v["a"] + 3.0 * X**2)
    assert product["b"] == pytest.approx(np.sum(3.0 * X**2 * v["a"]))
    np.testing.assert_allclose(hvp(energy, jit=False)(v, p)["a"], product["a"])


def rosenbrock(x, w):
    s = 0.0
    for i in range(len(x) - 1):
        s += w * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return s


product = hvp(rosenbrock, (0, 1))


@njit
def used(x, w):
    by_x, by_w = product((x, 1.0), x, w)
    return np.sum(by_x) * by_w


def test_compiled() -> None:
    by_x, by_w = hvp(rosenbrock, (0, 1), jit=False)((X, 1.0), X, 2.0)
    assert used(X, 2.0) == pytest.approx(np.sum(by_x) * by_w)
    second = hessian(rosenbrock)(X, 2.0)
    np.testing.assert_allclose(second, second.T)
    np.testing.assert_allclose(second, by_differences(lambda x: grad(rosenbrock, jit=False)(x, 2.0), X), 1e-6)
    J = jacrev(lambda x: np.cumsum(x * x))
    np.testing.assert_allclose(J(X), np.tril(np.ones((3, 3))) * 2 * X)


def test_random_numbers_are_drawn_once() -> None:
    def f(x):
        y = np.empty(len(x))
        for i in range(len(x)):
            y[i] = x[i] * np.random.normal()
        return y

    for make in (jacfwd, jacrev):
        J = make(f, chunk=1, jit=False)(X)
        assert np.count_nonzero(J) == 3
        np.random.seed(3)
        J = jacfwd(f, chunk=1, jit=False)(X)
        np.random.seed(3)
        np.testing.assert_allclose(J.sum(axis=1) * X, f(X))


def test_empty() -> None:
    assert jacfwd(lambda x: x * 2.0, jit=False)(np.zeros(0)).shape == (0, 0)
    assert jacrev(lambda x: x * 2.0, jit=False)(np.zeros(0)).shape == (0, 0)


def test_what_is_not_defined() -> None:
    z = X * (1 + 1j)
    with pytest.raises(TypeError, match="by complex numbers is not defined"):
        jacfwd(lambda z: z * z, jit=False)(z)
    with pytest.raises(TypeError, match="complex results: use jacfwd"):
        jacrev(lambda x: x * 1j, jit=False)(X)
    np.testing.assert_allclose(jacfwd(lambda x: x * 1j, jit=False)(X), 1j * np.eye(3))
    with pytest.raises(TypeError, match="not a Jacobian"):
        jvp(jacfwd(results), (X, 0.5, 3), (X, None, None))


def test_docstrings() -> None:
    assert doctest.testmod(sys.modules["sourcead.modes.jacobians"]).failed == 0
    assert {"jacfwd", "jacrev", "jacobian", "hessian", "hvp", "value_grad_hvp"} <= set(dir(sourcead))
