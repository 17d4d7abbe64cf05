"""`stop_gradient`: what it is given is a constant to every engine."""

import numpy as np
import pytest
from numba import njit

import sourcead
from sourcead import grad, stop_gradient, tape

x = np.array([0.5, -1.5, 2.0])


def weighted(x):
    w = stop_gradient(x * x + 1.0)  # weights, of which nothing is wanted
    s = 0.0
    for i in range(len(x)):
        s += w[i] * x[i] ** 2 * stop_gradient(x[i])
    return s / stop_gradient(np.sum(w))


def want(x):
    w = x * x + 1.0
    return w * 2.0 * x * x / np.sum(w)


@pytest.mark.parametrize("engine", [lambda f: grad(f, jit=False), grad, tape.grad])
def test_engines(engine):
    np.testing.assert_allclose(engine(weighted)(x), want(x), rtol=1e-13)


def test_an_array_is_copied():
    def f(x):
        w = stop_gradient(x)
        w[0] = 3.0
        return x[0] * w[0] + x[1] * w[1]

    np.testing.assert_allclose(grad(f, jit=False)(x), [3.0, -1.5, 0.0])
    assert njit(f)(x) == f(x) == grad(f).primal(x) == pytest.approx(0.5 * 3.0 + 1.5**2)
    assert x[0] == 0.5


def test_numbers_keep_their_type():
    f = njit(lambda v: stop_gradient(v))
    assert isinstance(f(3), int)
    assert f(2j) == 2j == stop_gradient(2j)
    g = grad(lambda z: (z * stop_gradient(z)).real, jit=False)
    assert g(1.0 + 2.0j) == np.conj(1.0 + 2.0j)


def test_second_order():
    def f(v):
        return stop_gradient(v) * v * v

    inner = grad(f, jit=False)
    assert inner(3.0) == 18.0
    # The first derivative is 2 c v with c held, so the second one is 2 c.
    assert grad(inner, jit=False)(3.0) == 6.0


def test_nothing_else_is_given():
    assert sourcead.grad(lambda v: stop_gradient(v) ** 2, jit=False)(3.0) == 0.0
