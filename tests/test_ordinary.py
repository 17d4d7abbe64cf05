"""Partials, bound methods and keyword-only parameters as ordinary functions; methods of objects."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

import sourcead


def weighted(a, b, x, *, k=2.0, n=3):
    return a * x**n + b * k * x


@dataclasses.dataclass
class Layer:
    w: np.ndarray
    b: float
    scale = 3.0

    def hidden(self, x):
        return np.tanh(self.w * x + self.b)

    def loss(self, x):
        return np.sum(self.hidden(x)) * self.scale


class Spring:
    def __init__(self, k):
        self.k = k
        self.v = np.array([1.0, 2.0])

    def energy(self, x, n=2):
        return self.half(x) * n + np.sum(self.v) * x

    def half(self, x):
        return self.k * x * x


LAYER = Layer(np.array([0.3, 0.5]), 0.1)
SLOPE = 1 - np.tanh(LAYER.w * 0.8 + LAYER.b) ** 2


def of_layer(layer, x):
    return layer.loss(x)


def gradient(f, argnums=0, jit=False):
    return sourcead.grad(f, argnums, jit=jit, cache=False)


@pytest.mark.parametrize("jit", [False, True])
def test_keyword_only_parameters(jit):
    g = gradient(weighted, (2, 3), jit)
    assert g(1.5, 0.5, 0.25, k=4.0) == pytest.approx((1.5 * 3 * 0.25**2 + 0.5 * 4, 0.5 * 0.25))
    assert gradient(lambda x, *, k=3.0: x * k)(1.0) == 3.0


def test_partial():
    g = gradient(functools.partial(weighted, 1.5, k=4.0), (0, 1))
    assert g(0.5, 0.25) == pytest.approx((4 * 0.25, 1.5 * 3 * 0.25**2 + 0.5 * 4))
    assert gradient(functools.partial(LAYER.loss))(0.8) == pytest.approx(3 * np.sum(LAYER.w * SLOPE))


def test_bound_methods():
    assert gradient(LAYER.loss)(0.8) == pytest.approx(3 * np.sum(LAYER.w * SLOPE))
    assert [gradient(Spring(k).energy)(0.8) for k in (1.0, 3.0)] == pytest.approx(
        [2 * 2 * 0.8 + 3, 2 * 3 * 2 * 0.8 + 3]
    )


def test_methods_of_an_argument():
    g = gradient(of_layer)(LAYER, 0.8)
    np.testing.assert_allclose(g.w, 3 * SLOPE * 0.8)
    assert g.b == pytest.approx(3 * np.sum(SLOPE))
