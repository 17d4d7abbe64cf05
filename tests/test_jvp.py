"""Jacobian-vector products: against differences, from Python and from compiled code."""

from __future__ import annotations

import doctest
import sys
from dataclasses import dataclass
from typing import Any

import differences
import numpy as np
import pytest
from numba import njit
from program_table import numbers
from test_vjp import CASES, flat, outcome, polar, written

import sourcead
from sourcead import Unsupported, grad, jvp, jvp_fn

X = numbers(6, low=0.2, high=1.5)


def random_like(v: Any, rng: Any) -> Any:
    d = rng.uniform(-1, 1, np.shape(v))
    return d + 1j * rng.uniform(-1, 1, np.shape(v)) if np.iscomplexobj(v) else d[()]


@pytest.mark.parametrize(("f", "args", "outnums"), CASES, ids=[f.__name__ for f, _, _ in CASES])
def test_against_differences(f: Any, args: Any, outnums: Any) -> None:
    wrt = tuple(k for k, a in enumerate(args) if isinstance(a, np.ndarray))
    rng = np.random.RandomState(0)
    dots = tuple(random_like(args[k], rng) for k in wrt)
    want = outcome(f, args, outnums)
    own = differences.fresh(args)
    value, tangent = jvp_fn(f, wrt, outnums, jit=False, cache=False)(dots, *own)
    for a, b in zip(own, args, strict=True):
        np.testing.assert_array_equal(a, b)
    direction = dict(zip(wrt, dots, strict=True))

    def at(t: float) -> Any:
        return flat(outcome(f, differences.moved(args, direction, t), outnums))

    h = differences.STEP
    steps = [(w, at(k * h), at(-k * h)) for k, w in differences.WEIGHTS]
    for k, (a, b, dot) in enumerate(zip(flat(value), flat(want), flat(tangent), strict=True)):
        np.testing.assert_allclose(a, b, 1e-12)
        if np.asarray(b).dtype.kind not in "fc":
            assert dot is None
            continue
        assert np.shape(dot) == np.shape(b)
        np.testing.assert_allclose(dot, sum(w * (x[k] - y[k]) for w, x, y in steps) / h, 1e-8, 1e-9)


along_polar = jvp_fn(polar, (0, 1))
along_written = jvp_fn(written, (0, 1), outnums=(1, 2))


@njit
def used(x):
    (u, v), (u_dot, v_dot) = along_polar((1.0, 0.5), x, 0.1)
    (a, b), (a_dot, b_dot) = along_written((X, X), X, X.copy(), X + 1.0)
    return u * u_dot - v * v_dot + np.sum(a_dot * b_dot) + a[0] * b[1]


def test_in_compiled_code() -> None:
    (u, v), (u_dot, v_dot) = jvp_fn(polar, (0, 1), jit=False)((1.0, 0.5), 2.0, 0.1)
    (a, b), (a_dot, b_dot) = jvp_fn(written, (0, 1), (1, 2), jit=False)((X, X), X, X.copy(), X + 1.0)
    want = u * u_dot - v * v_dot + np.sum(a_dot * b_dot) + a[0] * b[1]
    assert used(2.0) == pytest.approx(want, 1e-12)


@dataclass
class Layer:
    w: Any
    b: Any


def test_structured_arguments() -> None:
    def f(p, layer, n):
        return p["w"] * n, np.sum(p["b"] * layer.w) + layer.b

    p, layer = {"w": X, "b": X}, Layer(X, 2.0)
    value, dot = jvp(f, (p, layer, 3), ({"w": X, "b": None}, Layer(X + 1.0, 0.5), None), jit=False)
    np.testing.assert_allclose(value[0], 3 * X)
    np.testing.assert_allclose(dot[0], 3 * X)
    assert dot[1] == pytest.approx(np.sum(X * (X + 1.0)) + 0.5)


def test_single_precision_and_conversions() -> None:
    def f(x, s):
        return x * s, s

    x = X.astype(np.float32)
    _, (dot, s_dot) = jvp(f, (x, np.float32(2.0)), (X, 1), jit=False)
    assert dot.dtype == np.float32 and s_dot.dtype == np.float32
    np.testing.assert_allclose(dot, 2 * X + x, 1e-6)


def test_aux_and_decorator() -> None:
    @jvp_fn(has_aux=True, jit=False, cache=False)
    def f(x):
        return np.sin(x), (x[0], 2)

    (value, aux), dot = f(X, X)
    np.testing.assert_allclose(dot, np.cos(X) * X)
    assert aux == (X[0], 2)
    assert np.array_equal(value, np.sin(X))


def test_source_quotes_the_program() -> None:
    text = jvp_fn(polar, jit=False).source(1.0, 2.0, 0.5)
    assert "def polar_jvp(r_dot, r, t):" in text
    assert ": return r * np.cos(t), r * np.sin(t)" in text
    assert "grad" not in text and "bar" not in text


def recursive(x, n):
    return x * x * recursive(x, n - 1) if n > 0 else np.sin(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: jvp_fn(polar, (0, 1), jit=False)(1.0, 2.0, 3.0), TypeError, "`tangents` must be a tuple of 2"),
        (lambda: jvp_fn(polar, jit=False)(X, 2.0, 3.0), TypeError, "`tangents` must be of the same kind as `r`"),
        (lambda: jvp_fn(polar, jit=False)(1j, 2.0, 3.0), TypeError, "`tangents` is complex, but `r`"),
        (lambda: jvp_fn(np.sin, jit=False), TypeError, "takes a Python function"),
        (lambda: jvp(polar, (1.0, 2.0), (1.0,)), TypeError, "2 primals, but 1 tangents"),
        (lambda: jvp(polar, (1.0, 2.0), (None, None)), TypeError, "all tangents are None"),
        (lambda: jvp(polar, (3, 1.0), (1.0, None)), TypeError, "jvp requires real .*`r`.* give None as its tangent"),
        (lambda: jvp(polar, 1.0, 1.0), TypeError, "`primals` must be a tuple"),
        (lambda: jvp(written, (X, X, X), (X[1:], None, None), outnums=1, jit=False), ValueError, "tangent of x must"),
        (lambda: jvp_fn(written, jit=False)(X, X, X + 1.0, X), Unsupported, "returns nothing"),
        (lambda: jvp_fn(polar, outnums=1, has_aux=True), TypeError, "has_aux and outnums"),
    ],
)
def test_what_does_not_fit(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_docstrings() -> None:
    assert doctest.testmod(sys.modules["sourcead.modes.jvp"]).failed == 0
    assert {"jvp", "jvp_fn"} <= set(dir(sourcead))


def test_of_gradients() -> None:
    """Forward over reverse, and once more; reverse over forward."""
    A = np.array([[2.0, 0.5], [0.5, 1.0]])

    def f(x):
        return np.sum(x**3) + x[0] * (A @ x)[1]

    x, v = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    hessian = np.diag(6 * x) + np.array([[1.0, 1.0], [1.0, 0.0]])
    g = grad(f, jit=False)
    value, product = jvp_fn(g, jit=False)(v, x)
    np.testing.assert_allclose(value, g(x))
    np.testing.assert_allclose(product, hessian @ v)
    third = jvp_fn(jvp_fn(g, jit=False), 1, jit=False)(v, v, x)[1]
    np.testing.assert_allclose(third[1], 6 * v * v)


def test_recursion() -> None:
    for n in (0, 3):
        value, dot = jvp(recursive, (0.7, n), (1.0, None), jit=False)
        assert value == pytest.approx(recursive(0.7, n))
        assert dot == pytest.approx(grad(recursive, jit=False)(0.7, n))
        second = jvp(grad(recursive, jit=False), (0.7, n), (1.0, None), jit=False)[1]
        h = 1e-5
        g = grad(recursive, jit=False)
        assert second == pytest.approx((g(0.7 + h, n) - g(0.7 - h, n)) / 2 / h, 1e-6)
