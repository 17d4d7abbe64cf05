"""Pullbacks of functions with any results: against differences, from Python and from compiled code."""

from __future__ import annotations

import doctest
import inspect
import sys
from typing import Any

import differences
import numpy as np
import pytest
from numba import njit
from program_table import numbers

import sourcead
from sourcead import Unsupported, vjp, vjp_fn

X, A = numbers(6, low=0.2, high=1.5), numbers(3, 3)


def exchanged(x):
    u, v = x.copy(), np.zeros(6)
    for _ in range(3):
        for i in range(1, 5):
            v[i] = u[i - 1] * u[i + 1] + u[i]
        u, v = v, u
    return u, (v, 3)


def one_or_another(x):
    if x[0] > 1:
        y = x * 2
    else:
        y = x[::-1] ** 2
    return y


def argument_and_views(x):
    return x[1:3], x[::2], x, x


def matrices(a):
    return a.T, a[0], a @ a, np.linalg.inv(a + np.eye(3) * 3)


def written(x, a, b):
    a *= x
    b[:] = a[::-1] * b + x
    a[0] = b[1]


def written_and_returned(x, a):
    for i in range(6):
        if x[i] > 0.8:
            a[i] += x[i] ** 2
    return a[2] * x[0], a


def early(x, n):
    y = np.zeros(6)
    for i in range(6):
        if i > n:
            return y, x[i] * 1.0
        y[i] = x[i] ** 2
    return y, 1.0


def complex_results(z):
    return z.imag, np.exp(z), z[0]


def stretched(x, a):
    return x[:3] + a[0], a * a[:1]


def broadcast(x, a):
    shape = (x * a).shape
    return np.broadcast_to(x, shape), np.broadcast_to(a, shape)


def filled(x, y, n):
    if n >= 0:
        y[n] = x[n] * y[n - 1] + 1.0
        filled(x, y, n - 1)


CASES: list[tuple[Any, tuple[Any, ...], Any]] = [
    (exchanged, (X,), ()),
    (one_or_another, (X,), ()),
    (argument_and_views, (X,), ()),
    (matrices, (A,), ()),
    (written, (X, X + 1.0, X - 1.0), (1, 2)),
    (written_and_returned, (X, X + 1.0), 1),
    (early, (X, 3), ()),
    (complex_results, (X * (1 + 0.5j),), ()),
    (stretched, (X, A), ()),
    (broadcast, (X, X * 2), ()),
    (filled, (X, np.zeros(6), 5), 1),
]


def flat(v: Any) -> list[Any]:
    return [x for i in v for x in flat(i)] if isinstance(v, tuple) else [v]


def outcome(f: Any, args: Any, outnums: Any) -> Any:
    own = differences.fresh(args)
    result = f(*own)
    if outnums == ():
        return result
    last = own[outnums] if isinstance(outnums, int) else tuple(own[k] for k in outnums)
    return last if result is None else (result, last)


def seeds_for(v: Any, rng: Any) -> Any:
    if isinstance(v, tuple):
        return tuple(seeds_for(i, rng) for i in v)
    if np.asarray(v).dtype.kind not in "fc":
        return None
    s = rng.uniform(-1, 1, np.shape(v))
    return s + 1j * rng.uniform(-1, 1, np.shape(v)) if np.iscomplexobj(v) else s[()]


@pytest.mark.parametrize(("f", "args", "outnums"), CASES, ids=[f.__name__ for f, _, _ in CASES])
def test_against_differences(f: Any, args: Any, outnums: Any) -> None:
    wrt = tuple(k for k, a in enumerate(args) if isinstance(a, np.ndarray))
    want = outcome(f, args, outnums)
    seeds = seeds_for(want, np.random.RandomState(0))

    def product(*args: Any) -> float:
        pairs = zip(flat(seeds), flat(outcome(f, args, outnums)), strict=True)
        return sum(float(np.sum((np.conj(s) * y).real)) for s, y in pairs if s is not None)

    own = differences.fresh(args)
    value, gradients = vjp_fn(f, wrt, outnums, jit=False, cache=False)(seeds, *own)
    for a, b in zip(own, args, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(flat(value), flat(want), strict=True):
        np.testing.assert_allclose(a, b, 1e-12)
    for g, d in zip(gradients, differences.gradient(product, args, wrt), strict=True):
        np.testing.assert_allclose(g, d, 1e-8, 1e-9)


def polar(r, t=0.5):
    return r * np.cos(t), r * np.sin(t)


of_polar = vjp_fn(polar, (0, 1))
of_written = vjp_fn(written, (0, 1), outnums=(1, 2))


@njit
def used(x):
    value, (r_bar, t_bar) = of_polar((1.0, 0.5), x, 0.1)
    (a, b), (x_bar, a_bar) = of_written((X, X), X, X.copy(), X + 1.0)
    return value[0] * r_bar - t_bar + np.sum(x_bar * a_bar) + a[0] * b[1]


def test_in_compiled_code() -> None:
    value, (r_bar, t_bar) = vjp_fn(polar, (0, 1), jit=False)((1.0, 0.5), 2.0, 0.1)
    (a, b), (x_bar, a_bar) = vjp_fn(written, (0, 1), (1, 2), jit=False)((X, X), X, X.copy(), X + 1.0)
    want = value[0] * r_bar - t_bar + np.sum(x_bar * a_bar) + a[0] * b[1]
    assert used(2.0) == pytest.approx(want, 1e-12)
    assert of_polar((1.0, 0.5), 2.0)[0] == pytest.approx(polar(2.0))


def test_structured_arguments_and_point() -> None:
    def f(p, n):
        return p["w"] * n, np.sum(p["b"])

    p = {"w": X.copy(), "b": X.copy()}
    value, pullback = vjp(f, p, 3, jit=False)
    p["w"][:] = 0.0  # the point is that of the call
    gradient, nothing = pullback((np.ones(6), 2.0))
    np.testing.assert_allclose(value[0], 3 * X)
    np.testing.assert_allclose(gradient["w"], np.full(6, 3.0))
    np.testing.assert_allclose(gradient["b"], np.full(6, 2.0))
    assert nothing is None
    np.testing.assert_allclose(vjp(f, p, 3, argnums=0, jit=False)[1]((None, 1.0))["b"], np.ones(6))


def test_written_arguments_of_vjp() -> None:
    a, b = X + 1.0, X - 1.0
    (u, _), pullback = vjp(written, X, a, b, outnums=(1, 2), jit=False)
    np.testing.assert_array_equal(a, X + 1.0)
    np.testing.assert_allclose(u[1:], ((X + 1.0) * X)[1:])
    gradients = pullback((np.zeros(6), X))
    np.testing.assert_allclose(gradients[2], X * ((X + 1.0) * X)[::-1])


def test_aux_and_decorator() -> None:
    @vjp_fn(has_aux=True, jit=False, cache=False)
    def f(x):
        return np.sin(x), (x[0], 2)

    (value, aux), gradient = f(np.ones(6), X)
    np.testing.assert_allclose(gradient, np.cos(X))
    assert aux == (X[0], 2)
    assert np.array_equal(value, np.sin(X))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: vjp_fn(polar, jit=False)(1.0, 2.0, 3.0), TypeError, "`seeds` must be a tuple of 2"),
        (lambda: vjp_fn(matrices, jit=False)((A, A, A, A), A), TypeError, r"`seeds\[1\]` must be of the same kind"),
        (lambda: vjp_fn(polar, jit=False)((1j, 1.0), 2.0, 3.0), TypeError, r"`seeds\[0\]` is complex"),
        (lambda: vjp_fn(one_or_another, jit=False)(X[1:], X), ValueError, "must have the shape of the result"),
        (lambda: vjp_fn(written, jit=False)(X, X, X, X), Unsupported, "returns nothing"),
        (lambda: vjp_fn(of_polar, outnums=1), TypeError, "writes no results into its arguments"),
        (lambda: vjp_fn(polar, outnums=1, has_aux=True), TypeError, "has_aux and outnums"),
    ],
)
def test_what_does_not_fit(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_docstrings() -> None:
    assert inspect.signature(of_polar).parameters.keys() == {"seeds", "r", "t"}
    assert doctest.testmod(sys.modules["sourcead.modes.vjp"]).failed == 0
    assert {"vjp", "vjp_fn"} <= set(dir(sourcead))
