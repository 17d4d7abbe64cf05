"""Arguments that share memory: the value of the function itself, the derivative by the memory on entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import differences
import numpy as np
import pytest
from numba import njit

import sourcead

Cut = Callable[[np.ndarray], tuple[Any, ...]]


def shifted(x, y):
    for i in range(1, len(x)):
        x[i] = x[i - 1] * y[i] + x[i]
    return np.sum(x * x) + np.sum(y * y * y)


def matrices(a, b, k):
    a[k] = b[:, 0] * a[k]
    b[0] += a[1] * b[1]
    a.ravel()[2] *= b[1, 1]
    return np.sum(a * a) + np.sum(b * b * b)


def three(x, y, z):
    y[0] = x[1] * z[0]
    z[:2] = x[:2] * y[:2]
    return np.sum(x * x) + np.sum(y) * np.sum(z)


def only_read(x, y):
    return np.sum(x * y)


CUTS: list[tuple[Any, tuple[int, ...], Cut]] = [
    (shifted, (8,), lambda m: (m[:4], m[2:6])),
    (shifted, (5,), lambda m: (m, m)),
    (shifted, (8,), lambda m: (m[::-2], m[:4])),
    (matrices, (4, 3), lambda m: (m[:3], m[1:], 1)),
    (matrices, (3, 3), lambda m: (m, m.T, 2)),
    (matrices, (4, 4), lambda m: (m[:3, :3], m[1:, 1:], 2)),
    (three, (6,), lambda m: (m[:3], m[2:5], m[3:])),
    (three, (9,), lambda m: (m[:3], np.full(3, 0.5), m[1:4])),
]


def expected(f: Any, memory: np.ndarray, cut: Cut) -> tuple[float, np.ndarray]:
    """Value and derivative by the memory on entry."""

    def total(m: np.ndarray) -> float:
        return f(*cut(m.copy()))

    (by_memory,) = differences.gradient(total, (memory,), (0,))
    return total(memory), by_memory


@pytest.mark.parametrize(("f", "shape", "cut"), CUTS)
def test_plain_python(f: Any, shape: tuple[int, ...], cut: Cut) -> None:
    memory = np.random.RandomState(3).uniform(0.5, 1.5, shape)
    wrt = tuple(k for k, a in enumerate(cut(memory)) if isinstance(a, np.ndarray))
    before = memory.copy()
    value, gradients = sourcead.value_and_grad(f, wrt, jit=False, cache=False)(*cut(memory))
    np.testing.assert_array_equal(memory, before)
    want, by_memory = expected(f, memory, cut)
    np.testing.assert_allclose(value, want)
    for k, g in zip(wrt, gradients, strict=True):
        if np.shares_memory(cut(memory)[k], memory):
            np.testing.assert_allclose(g, cut(by_memory)[k], 1e-7, 1e-8)
    one = sourcead.grad(f, wrt[-1], jit=False, cache=False)(*cut(memory))
    np.testing.assert_array_equal(one, gradients[-1])


def test_compiled() -> None:
    memory = np.random.RandomState(3).uniform(0.5, 1.5, 8)
    g = sourcead.grad(shifted, (0, 1), cache=False)
    _, by_memory = expected(shifted, memory, CUTS[0][2])
    for _ in range(2):  # compiled on the first call
        for got, want in zip(g(memory[:4], memory[2:6]), (by_memory[:4], by_memory[2:6]), strict=True):
            np.testing.assert_allclose(got, want, 1e-7)
    apart = memory[:4].copy(), memory[2:6].copy()
    for got, want in zip(g(*apart), differences.gradient(shifted, apart, (0, 1)), strict=True):
        np.testing.assert_allclose(got, want, 1e-7)
    assert len(g.specialisations) == len(g.shared) == 1

    @njit
    def inside(x, y):
        return g(x, y)

    with pytest.raises(ValueError, match="arguments x and y overlap"):
        inside(memory[:4], memory[2:6])


def test_arguments_that_are_only_read_are_independent() -> None:
    x = np.array([1.0, 2.0])
    for got in sourcead.grad(only_read, (0, 1), jit=False, cache=False)(x, x):
        np.testing.assert_array_equal(got, x)


def parts_of_complex(z, x):
    z[0] = x[1] * 2.0
    return np.sum(z.real * x)


def test_refused() -> None:
    def in_tuple(t):
        a, b = t
        a[1:] = b[:-1] * 2.0
        return np.sum(a * b)

    x, z = np.ones(3), np.ones(3, complex)
    with pytest.raises(ValueError, match="overlap"):
        sourcead.grad(in_tuple, jit=False, cache=False)((x, x))
    with pytest.raises(ValueError, match="arguments z and x overlap"):
        sourcead.grad(parts_of_complex, jit=False, cache=False)(z, z.real)


def test_pullbacks() -> None:
    def several(x, y):
        x[1:] = y[:-1] * x[:-1]
        return x * 2.0, y[0] * x[1]

    memory = np.random.RandomState(3).uniform(0.5, 1.5, 6)
    seeds = (np.array([1.0, 2.0, 3.0, 4.0]), 5.0)

    def total(x, y):
        a, b = several(x, y)
        return np.sum(a * seeds[0]) + b * seeds[1]

    def cut(m):
        return m[:4], m[2:]

    _, by_memory = expected(total, memory, cut)
    first, pullback = sourcead.vjp(several, *cut(memory), jit=False, cache=False)
    direct = sourcead.vjp_fn(several, (0, 1), jit=False, cache=False)(seeds, *cut(memory))
    for value, gradients in (direct, (first, pullback(seeds))):
        np.testing.assert_allclose(value[0], several(*cut(memory.copy()))[0])
        for got, want in zip(gradients, cut(by_memory), strict=True):
            np.testing.assert_allclose(got, want, 1e-7)


@pytest.mark.parametrize(("f", "shape", "cut"), CUTS)
@pytest.mark.parametrize("several", [False, True])
def test_tangents_of_memory(f: Any, shape: tuple[int, ...], cut: Cut, several: bool) -> None:
    rng = np.random.RandomState(0)
    memory, v = rng.uniform(0.5, 1.5, shape), rng.uniform(-1.0, 1.0, shape)
    args, covered = cut(memory), np.zeros(shape, bool)
    wrt = tuple(k for k, a in enumerate(args) if isinstance(a, np.ndarray) and np.shares_memory(a, memory))
    for k in wrt:
        cut(covered)[k][...] = True
    _, by_memory = expected(f, memory, cut)
    dots = tuple(cut(v)[k] for k in wrt)
    dots = tuple(np.stack([d, 2.0 * d], axis=-1) for d in dots) if several else dots
    _, tangent = sourcead.jvp_fn(f, wrt, several=several, jit=False, cache=False)(dots, *args)
    want = np.sum(by_memory * v * covered)
    np.testing.assert_allclose(tangent, [want, 2.0 * want] if several else want, 1e-7)


def test_tangents_that_differ() -> None:
    m = np.ones(8)
    along = sourcead.jvp_fn(shifted, (0, 1), jit=False, cache=False)
    with pytest.raises(ValueError, match="the tangent of y differs from that of an argument that it overlaps with"):
        along((np.ones(4), np.zeros(4)), m[:4], m[2:6])
    by_x = along((np.ones(4), None), m[:4], m[2:6])[1]
    assert by_x == pytest.approx(along((np.ones(4), np.array([1.0, 1.0, 0.0, 0.0])), m[:4], m[2:6])[1])
