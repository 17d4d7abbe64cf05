"""Programs whose emitted adjoints are kept in `golden/`; their line numbers are quoted there, so add at the end."""

from __future__ import annotations

import numpy as np

GOLDEN = {}


def golden(*args, argnums=None):
    """Register a program; it is differentiated by all arguments that hold floats."""

    def register(f):
        floats = tuple(k for k, a in enumerate(args) if np.asarray(a).dtype.kind == "f")
        GOLDEN[f.__name__] = f, args, floats if argnums is None else argnums
        return f

    return register


def numbers(*shape):
    return np.random.RandomState(sum(shape)).uniform(-1.0, 1.0, shape)


@golden(0.5, 1.5)
def straight_line(x, y):
    a = x * np.sin(y)
    b = a + x / y
    return b * np.exp(-a)


@golden(0.5, 1.5)
def branch(x, y):
    if x < y:
        z = x * x
    else:
        z = y * np.log(x)
    return z * y


@golden(numbers(5))
def accumulation(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += np.tanh(x[i]) * x[i]
    return s


@golden(0.3, 2.7, 20)
def recurrence(x, r, n):
    for _ in range(n):
        x = r * x * (1.0 - x)
    return x


@golden(numbers(4, 4), 3)
def relaxation(u, steps):
    n, m = u.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] * u[i, j + 1])
    return np.sum(u * u)


@golden(2.0)
def square_root(a):
    x = a
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


@golden(numbers(6), 0.8)
def first_crossing(x, level):
    s = 0.0
    for v in x:
        s += v * v
        if s > level:
            return s * level
    return s


@golden(numbers(6), numbers(6), 2.0)
def weighted_error(x, y, w):
    d = (x - y) * w
    return np.mean(d * d / (1.0 + np.abs(d)))


@golden(numbers(4, 5), numbers(5, 3), numbers(3))
def layer(x, w, b):
    h = np.maximum(x @ w + b, 0.0)
    return np.sum(h * h)


def smooth_step(t, k=4.0):
    return 1.0 / (1.0 + np.exp(-k * t))


@golden(0.2, 0.7)
def calls(x, y):
    return smooth_step(x) * smooth_step(y - x, k=2.0)


@golden(numbers(6), 0.1, 3)
def diffusion(u, c, steps):
    v = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, v = v, u
    return np.sum(u * u)


@golden(np.tril(numbers(4, 4)) + 2.0 * np.eye(4), numbers(4))
def triangular_solve(a, b):
    n = b.shape[0]
    x = b.copy()
    for i in range(n):
        for j in range(i):
            x[i] -= a[i, j] * x[j]
        x[i] /= a[i, i]
    return np.sum(x * x)
