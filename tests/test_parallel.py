"""`prange` with `parallel=True`: what runs in parallel, what stays in order, what is refused; equal results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import differences
import numba
import numpy as np
import pytest
from numba import njit, prange
from program_table import numbers

from sourcead import value_and_grad
from sourcead.cache import code_of
from sourcead.errors import Unsupported

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], int]] = {}


def program(*args: Any, loops: int) -> Callable[..., Any]:
    """Registers a program; `loops`: how many `prange` loops its gradient has."""

    def register(f: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS[f.__name__] = f, args, loops
        return f

    return register


@program(100.0, 0.2, 105.0, numbers(7), loops=1)
def option(s0, vol, strike, z):
    total = 0.0
    for i in prange(z.shape[0]):
        total += max(s0 * math.exp(vol * z[i]) - strike, 0.0)
    return total / z.shape[0]


@program(numbers(3), numbers(5, 3), loops=1)
def shared_vector(w, x):
    total = 0.0
    for i in prange(x.shape[0]):
        z = 0.0
        for j in range(w.shape[0]):
            z += x[i, j] * w[j]
        total += math.log1p(math.exp(z))
    return total


@program(numbers(4, 3), loops=2)
def pair_forces(x):
    n = x.shape[0]
    force = np.zeros((n, 3))
    for i in prange(n):
        for j in range(n):
            if j != i:
                r = 0.1
                for k in range(3):
                    r += (x[j, k] - x[i, k]) ** 2
                for k in range(3):
                    force[i, k] += (x[j, k] - x[i, k]) / r
    return np.sum(force * force)


@program(numbers(5, 4), 0.3, loops=2)
def diffusion(u, kappa):
    v = np.zeros(u.shape)
    w = u.copy()
    for _ in range(3):
        for i in prange(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                v[i, j] = w[i, j] + kappa * (w[i - 1, j] + w[i + 1, j] * w[i, j - 1] + w[i, j + 1])
        w, v = v, w
    return np.sum(w * w)


@program(numbers(6), np.array([0, 2, 2, 1, 5, 0]), loops=2)
def scatter(x, at):
    counts = np.zeros(6)
    for i in prange(6):
        counts[at[i]] += x[i] * x[at[5 - i]]
    return np.sum(counts * counts)


@program(numbers(4, 5), loops=2)
def array_sum(x):
    acc = np.zeros(5)
    for i in prange(x.shape[0]):
        acc += np.sin(x[i])
    return np.dot(acc, acc)


@program(numbers(4, 3), numbers(3), loops=1)
def private_array(x, w):
    total = 0.0
    for i in prange(x.shape[0]):
        row = np.empty(3)
        for j in range(3):
            row[j] = np.exp(x[i, j] * w[j])
        total += row[0] * row[1] / row[2]
    return total


@program(numbers(3, 4), loops=1)
def nested(x):
    total = 0.0
    for i in prange(x.shape[0]):
        for j in prange(x.shape[1]):
            total += x[i, j] ** 3
    return total


@program(np.array([1.5, 2.5, 4.0]), loops=1)
def roots(a):
    total = 0.0
    for i in prange(a.shape[0]):
        r = a[i]
        while abs(r * r - a[i]) > 1e-13:
            r = 0.5 * (r + a[i] / r)
        total += r
    return total


@program(numbers(9), np.array([0, 2, 2, 5, 9]), numbers(4), loops=2)
def ragged_rows(x, first, scale):
    out = np.zeros(4)
    for i in prange(4):
        y = 1.0
        for k in range(first[i], first[i + 1]):
            y = math.sin(y * x[k] + scale[i])
        out[i] = y * y
    return np.dot(out, out)


@program(numbers(4, 3), 0.7, loops=2)
def private_arrays_in_time(x, c):
    total = 0.0
    for t in range(3):
        c = math.sin(c) + t
        for i in prange(4):
            row = np.empty(3)
            for j in range(3):
                row[j] = math.exp(x[i, j] * c)
            best = row[0]
            while best < 3.0:
                best = best * best + row[1] + 1.0
            total += best * row[2]
    return total


@program(numbers(4, 3), numbers(2, 4), numbers(5, 3), numbers(5, 2), loops=1)
def network(w, v, x, y):
    loss = 0.0
    for i in prange(x.shape[0]):
        h = np.tanh(w @ x[i])
        loss += np.sum((v @ h - y[i]) ** 2)
    return loss


@program(numbers(4, 3), loops=0)
def own_elements_changed(x):
    y = x.copy()
    for i in prange(4):
        row = np.empty(3)
        for j in range(3):
            row[j] = math.sin(y[i, j])
        for j in range(3):
            y[i, j] = y[i, j] * row[2 - j]
    return np.sum(y * y * y)


@program(numbers(5, low=0.5), loops=0)
def product_and_largest(x):
    p = 1.0
    top = 0.0
    for i in prange(5):
        t = math.sin(x[i])
        if t > 0.6:
            p *= t
        top = max(top, t * t)
    return p * top


@program(numbers(5, low=0.5), loops=0)
def in_order(x):
    a = x.copy()
    for i in prange(1, 5):
        a[i] = a[i - 1] * a[i]
    return a[4]


def gradient(name: str, **options: Any) -> Any:
    f, args, _ = PROGRAMS[name]
    wrt = tuple(k for k, a in enumerate(args) if np.asarray(a).dtype.kind == "f")
    return value_and_grad(f, wrt, cache=False, **options)


@pytest.fixture
def three_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops are cut in parts however short they are."""
    monkeypatch.setattr("sourcead.primitives.threads", lambda: 3)


def backwards(*bounds: int) -> range:
    return range(*bounds)[::-1]


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.usefixtures("three_threads")
def test_parts_add_up(name: str) -> None:
    f, args, _ = PROGRAMS[name]
    g = gradient(name, jit=False, parallel=True)
    g(*args)
    (spec,) = g.specialisations.values()
    spec.function.__globals__["prange"] = backwards
    value, grads = g(*args)
    want = gradient(name, jit=False)(*args)
    np.testing.assert_allclose(value, want[0], 1e-12)
    wrt = [k for k, a in enumerate(args) if np.asarray(a).dtype.kind == "f"]
    for got, serial, difference in zip(grads, want[1], differences.gradient(f, args, wrt), strict=True):
        np.testing.assert_allclose(got, serial, 1e-11, 1e-13)
        np.testing.assert_allclose(got, difference, 1e-8, 1e-9)


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_parallel(name: str) -> None:
    _, args, loops = PROGRAMS[name]
    text = gradient(name, jit=False, parallel=True).source(*args)
    assert sum("in prange(" in line and "#" not in line for line in text.splitlines()) == loops, text
    assert "prange" not in "".join(
        line for line in gradient(name, jit=False).source(*args).splitlines() if "#" not in line
    )


def carried(x):
    s = 0.0
    for i in prange(x.shape[0]):
        s = 0.5 * s + x[i]
    return s


def mixed(x):
    s = 1.0
    for i in prange(x.shape[0]):
        s = max(s * x[i], 0.5)
    return s


def compared(x):
    s = 0.0
    for i in prange(x.shape[0]):
        if x[i] > s:
            s = x[i]
    return s


def last(x):
    y = 0.0
    for i in prange(x.shape[0]):
        y = x[i] * x[i]
    return y


def left(x):
    s = 0.0
    for i in prange(x.shape[0]):
        if x[i] > 0.5:
            break
        s += x[i]
    return s


def drawn(x):
    s = 0.0
    for i in prange(x.shape[0]):
        s += x[i] * np.random.normal(0.0, 1.0)
    return s


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (carried, "`s` is carried from one iteration of a `prange` loop to the next"),
        (mixed, "`s` is carried from one iteration"),
        (compared, "`s` is carried from one iteration"),
        (last, "`y` is carried from one iteration"),
        (left, "is left early"),
        (drawn, "random numbers are drawn inside a `prange` loop"),
    ],
)
def test_refused(f: Any, what: str) -> None:
    x = numbers(4)
    with pytest.raises(Unsupported, match=what) as error:
        value_and_grad(f, parallel=True, jit=False, cache=False)(x)
    assert "prange(x.shape[0])" in str(error.value)
    value_and_grad(f, jit=False, cache=False)(x)


def test_compiled() -> None:
    """Equal to the loop in order but for rounding, bit for bit from call to call; kept on disk; called by njit code."""
    rng = np.random.default_rng(0)
    args = rng.standard_normal(8), rng.standard_normal((2000, 8))
    g = value_and_grad(shared_vector, (0, 1), parallel=True)
    value, grads = g(*args)
    want = value_and_grad(shared_vector, (0, 1), jit=False)(*args)
    np.testing.assert_allclose(value, want[0], 1e-12)
    for got, serial, again in zip(grads, want[1], g(*args)[1], strict=True):
        np.testing.assert_allclose(got, serial, 1e-10, 1e-12)
        np.testing.assert_array_equal(got, again)
    (spec,) = g.specialisations.values()
    assert not code_of(spec.result).has_dynamic_globals

    @njit(parallel=True)
    def twice(w, x):
        values = np.zeros(2)
        for k in prange(1):
            values[k] = g(w, x)[0]
        values[1] = g(w, x)[0]
        return values

    if numba.threading_layer() != "workqueue":
        np.testing.assert_array_equal(twice(*args), [value, value])
