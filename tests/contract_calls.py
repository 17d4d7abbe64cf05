"""Programs for what docs/contract.md says of calls and of memory: one for each item of the column "supported"."""

from __future__ import annotations

import math

import numpy as np
from contract_table import shown_by, supported
from numba import njit
from program_table import numbers

import sourcead
from sourcead import grad, jvp

V, W, M = numbers(4), numbers(4, seed=1), numbers(3, 4)
TABLE, FACTORS, NAME = np.array([1.5, 2.5]), (2.0, 3.0), "cube"


def scaled(x, factor=2.0, *rest, power=1, **more):
    return factor * x**power + len(rest) * x + more.get("shift", 0.0)


square = njit(lambda x: x * x)


def cube(x):
    return x**3


slope, along_cube = sourcead.grad(cube, cache=False), sourcead.jvp_fn(cube, cache=False)


# ---- calls -------------------------------------------------------------------------------------------

CALLS, RECURSIVE = "functions of your own", "functions that call themselves, or each other, inner ones too"
supported(f"{CALLS}: plain", 0.7)(
    lambda x: scaled(x) * square(x) + scaled(x, 3.0, x, x, power=2, shift=x) + scaled(*(x, 2.0), power=3)
)
supported(f"{CALLS}: functions that", 0.7)(lambda x: (lambda g, t: g(t[0](x)) * t[1])(math.sin, (math.exp, x)))
supported("derivatives: calls of gradients", 0.7)(lambda x: slope(x * x) * x + along_cube(x, x)[1])
supported("derivatives: grad(f)(x)", 0.7)(lambda x: grad(cube)(x) * jvp(cube, (x,), (x,))[1])


def power(x, n):
    return 1.0 if n == 0 else x * other_power(x, n - 1)


def other_power(x, n):
    return 1.0 if n == 0 else math.sin(x) * power(x, n - 1)


def total(v):
    return v[0] ** 2 if len(v) == 1 else total(v[: len(v) // 2]) * 2.0 + total(v[len(v) // 2 :])


def applied(g, t, n):
    return t[0] * t[1] if n == 0 else applied(g, (g(t[0]), t[1]), n - 1)


def halves(x, v, n):
    if n == 0:
        return x, v
    y, w = halves(x * 0.5 + v[0], v * v, n - 1)
    return y * x, w + v


def doubled(v, n):
    if n > 0:
        v[n] = v[n - 1] * v[n]
        doubled(v, n - 1)


@supported(f"{RECURSIVE}: changing", V)
def _(v):
    doubled(v, 3)
    return np.sum(v * v)


@supported(f"{RECURSIVE}: of numbers", 0.7, V)
def _(x, v):
    def inner(y, n):
        return y if n == 0 else inner(y * x, n - 1) + y

    return power(x, 4) * inner(x, 3) + applied(math.sin, (x, 2.0), 2)


shown_by("functions with a rule of yours: of numbers", "test_custom.py", "test_named_tuples_flags_and_none")
shown_by(f"{RECURSIVE}: drawing", "recursive_programs.py", "numbers_drawn_in_a_recursion")
supported(f"{RECURSIVE}: giving", 0.7, V)(lambda x, v: halves(x, v, 3)[0] + total(v))
supported("globals", 0.7)(lambda x: x * TABLE[0] * FACTORS[1] + square(x) if NAME == "cube" else x)

# ---- memory ------------------------------------------------------------------------------------------


@supported("views, written through too: slices", M)
def _(m):
    row, part, t = m[0], m[1:, ::2], m.T
    row[1] = part[0, 1] * 2.0
    part *= row[0]
    t[3] = t[0] * t[2]
    return np.sum(m * m)


@supported("views, written through too: reshape", M)
def _(m):
    r, f = m.reshape(4, 3), m.ravel()
    r[0] = r[1] * r[2]
    f[3] *= f[5]
    m.flat[7] = f[0] * f[1]
    return np.sum(m * m) + np.sum(m.T.ravel()[:3] ** 2)


@supported("second names: b = a", V)
def _(x):
    a = b = np.zeros(4)
    c = a
    b[:] = x * x
    c[1] = a[0] * b[2]
    return np.sum(a * a)


@supported("second names: u, v = v, u", V)
def _(x):
    u, v = x * 2.0, np.zeros(4)
    for _ in range(3):
        for i in range(1, 4):
            v[i] = u[i] * u[i - 1]
        u, v = v, u
    return np.sum(u * u) + v[1]


@supported("second names: a name", V, M)
def _(x, m):
    row = m[0]
    for i in range(3):
        row[i] = row[i + 1] * x[i]
        row = m[i] if x[i] > 0.0 else x
    return np.sum(m * m) + np.sum(row * x)
