"""Programs of arrays, and programs made of several functions."""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit
from program_table import numbers, program

# ---- arrays: elements -----------------------------------------------------------------------------------------


@program(numbers(5))
def prefix_products(x):
    y = np.empty(5)
    y[0] = x[0]
    for i in range(1, 5):
        y[i] = y[i - 1] * x[i]
    return y[-1] + y[2]


@program(numbers(4), numbers(4, seed=3))
def written_argument(x, y):
    for i in range(4):
        x[i] *= y[i]
        y[i] = x[i] + y[i]
    x[0] += y[1] * y[2]
    return x[0] * x[3] + y[0]


@program(numbers(3, 3), numbers(3, 3, seed=1))
def matrix_product_by_hand(a, b):
    n = a.shape[0]
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * b[k, j]
    s = 0.0
    for i in range(n):
        s += c[i, i] * c[i][0]
    return s


@program(numbers(8), np.array([2, 0, 5, 2, 7]))
def gather_and_scatter(x, index):
    y = np.zeros_like(x)
    for k in index:
        y[k] += x[k] * x[k]
    s = 0.0
    for k in range(len(index)):
        s += y[index[k]] * (k + 1)
    return s


@program(numbers(6))
def bubble_sort(x):
    n = x.shape[0]
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    s = 0.0
    for i in range(n):
        s += x[i] * (i + 1)
    return s


@program(numbers(3), 2.5)
def element_chain(x, s):
    y = np.zeros(3)
    y[0] = x[0] * s
    y[1] = y[0] * y[0]
    y[0] = y[1] + x[1]
    y[2] = y[0] * y[1]
    y[-1] -= x[2]
    return y[2]


# ---- stencils and time steps ---------------------------------------------------------------------------------------


@program(numbers(7), 3)
def diffusion_with_swap(u, steps):
    v = np.copy(u)
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + 0.2 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, v = v, u
    return np.sum(u * u)


@program(numbers(5, 5), 2)
def slice_stencil(u, steps):
    u = u.copy()
    for _ in range(steps):
        lap = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        u[1:-1, 1:-1] += 0.1 * lap
    return np.sum(u * u)


@program(np.array([1.0, 1.0, 1.0]), 5)
def lorenz_steps(state, n):
    x, y, z = state[0], state[1], state[2]
    dt = 0.01
    for _ in range(n):
        dx = 10.0 * (y - x)
        dy = x * (28.0 - z) - y
        dz = x * y - 8.0 / 3.0 * z
        x, y, z = x + dt * dx, y + dt * dy, z + dt * dz
    return x * x + y - z


@program(numbers(4), numbers(4, seed=5))
def leapfrog(q, p):
    for _ in range(3):
        p = p - 0.05 * np.sin(q)
        q = q + 0.1 * p
        p -= 0.05 * np.sin(q)
    return np.sum(p * p) + np.sum(np.cos(q))


# ---- array expressions ---------------------------------------------------------------------------------


@program(numbers(4), numbers(3, 4))
def broadcasting(x, a):
    b = (a - x) * 2.0 + x[np.newaxis, :] / (1.0 + a**2)
    return np.sum(b * b)


@program(numbers(3, 4))
def reductions(a):
    m = np.sum(a, axis=0) / 3.0
    s = a.sum(axis=1)
    top = np.max(a)
    return np.sum(m * m) + np.mean(a) + s[0] * s[2] + top + a.min() + np.prod(a[0]) + np.var(a[1])


@program(numbers(3, 4), numbers(4, 2), numbers(3))
def matrix_products(a, b, w):
    c = a @ b
    d = np.dot(c, c.T)
    return np.sum(d) + w @ d @ w + np.dot(a[0], a[1])


@program(numbers(4, 5), numbers(5, 3), numbers(3), np.array([0, 2, 1, 2]))
def small_network(x, w, b, labels):
    h = np.maximum(0.1 * (x @ w), x @ w)
    z = h + b
    loss = 0.0
    for i in range(z.shape[0]):
        m = np.max(z[i])
        loss += m + np.log(np.sum(np.exp(z[i] - m))) - z[i, labels[i]]
    return loss / z.shape[0]


@program(numbers(6), tags="where")
def choices_by_element(x):
    y = np.where(x > 0.0, x * x, -x)
    return np.sum(np.clip(y, 0.05, 0.6)) + np.sum(np.abs(x) * np.sign(x))


@program(numbers(2, 3))
def shapes(a):
    r = a.reshape(3, 2)
    t = a.T
    n, m = t.shape
    flat = a.ravel()
    return np.sum(r[:, 0] * t[:, 1]) * n + m * flat[a.ndim] + flat.size * np.sum(a.flatten()[::2])


@program(numbers(6))
def slices_of_slices(x):
    y = x[1:-1]
    z = y[::2]
    return np.sum(z * z) + np.sum(x[::-1] * x) + y[0] * z[-1]


@program(1.5, 0.5)
def arrays_of_scalars(a, b):
    v = np.array([a, a * b, 2.0, b])
    m = np.array([[a, b], [b, 1.0]])
    return np.sum(v * v) + m[0, 1] * m[0, 0] + np.sum(np.array((1.0, 2.0)) * m[1])


@program(numbers(5))
def linspaces(x):
    grid = np.linspace(0.0, 1.0, 5)
    ones = np.ones(5)
    full = np.full(5, 0.5)
    index = np.arange(5)
    return np.sum(x * grid * ones + full * x**2 * index)


@program(numbers(3, 4))
def whole_array_stores(a):
    b = np.empty(a.shape)
    b[:] = a
    b[0] = a[1] * 2.0
    b[:, 1] = 0.5
    b[1:, ::2] *= 3.0
    b[...] = b * a
    return np.sum(b)


@program(numbers(4).astype(np.float32), np.float32(0.5))
def single_precision(x, s):
    return np.sum(np.tanh(x * s)) * s


@program(numbers(5))
def float_of_counts(x):
    count = 0
    for v in x:
        if v > 0.0:
            count += 1
    return float(count) * x[0] + int(3.7) * x[1] + x.astype(np.float64)[2]


# ---- helpers, closures, constants ----------------------------------------------------------------------

SCALE = 1.75
WEIGHTS = np.array([0.5, -1.0, 2.0])
SETTINGS = (0.25, 3)
MODE = "smooth"


@program(numbers(3))
def module_constants(x):
    c, n = SETTINGS
    s = c
    if MODE == "smooth":
        s += SCALE * np.sum(WEIGHTS * x)
    else:
        print("never compiled")
    for i in range(n):
        s += WEIGHTS[i] * x[i] ** 2
    return s * np.pi


def square(v):
    return v * v


@njit
def blend(a, b, t=0.5, bias=0.0):
    return a * (1.0 - t) + b * t + bias


@program(0.7, 1.9)
def helpers(x, y):
    a = blend(x, y)
    b = blend(square(x), b=y, t=0.25) + blend(x, y, bias=a)
    return a * b + square(blend(a, b, 0.1))


@njit
def polar(x, y):
    r = np.sqrt(x * x + y * y)
    return r, np.arctan2(y, x)


@program(0.8, 0.6)
def tuple_results(x, y):
    r, t = polar(x, y)
    both = polar(y, x)
    u, v = both
    return r * t + both[0] * u - v * len(both)


@njit
def first_above(x, limit):
    for i in range(x.shape[0]):
        if x[i] > limit:
            return x[i] * i
    return -limit


@program(numbers(5), 0.1)
def helper_with_early_return(x, limit):
    s = first_above(x, limit) * limit
    for k in range(2):
        s += first_above(x, s) * x[k]
    return s


def clamp(v, low, high):
    if v < low:
        return low
    if v > high:
        return high
    return v


@program(numbers(4))
def branching_helper(x):
    s = 0.0
    for v in x:
        s += clamp(v, -0.5, 0.5) * v
    return s


@njit
def scale_in_place(a, s):
    for i in range(a.shape[0]):
        a[i] *= s


@program(numbers(4), 1.5)
def in_place_helper(x, s):
    y = x.copy()
    for _ in range(2):
        scale_in_place(y, s)
    return np.sum(y * x)


def integrate(f, a, b, n=4):
    h = (b - a) / n
    s = 0.5 * (f(a) + f(b))
    for i in range(1, n):
        s += f(a + i * h)
    return s * h


@program(0.5, 2.0)
def functions_as_arguments(p, b):
    return integrate(lambda t: t**p, 1.0, b) + integrate(np.exp, 0.0, p, n=2) + integrate(square, 0.0, b)


@program(1.3, 3)
def nested_functions(x, n):
    k = 0.5

    def step(v, w=2.0):
        return k * v * w + x

    y = x
    for _ in range(n):
        k = k + 0.1
        y = step(y) * 0.5
    return step(y, w=1.0)


def make_power(n, weight):
    table = np.array([1.0, 2.0, 3.0])

    def power(x):
        y = weight
        for i in range(n):
            y = y * x * table[i]
        return y

    return power


program(1.2)(make_power(3, 0.5), "closure_power")
program(0.9)(make_power(2, 2.0), "closure_square")
program(0.4)(lambda x: np.sin(x) * x, "a_lambda")
one, other = (lambda x: x * 2.0 + x**2), (lambda x: x * 3.0)
program(1.1)(one, "first_lambda"), program(1.1)(other, "second_lambda")
program(1.4)(njit(lambda x: blend(x, x * x)), "compiled_lambda")


def switched(fast):
    def f(x):
        if fast:
            return x * x
        elif fast is None:
            raise RuntimeError("never")
        return x * x * x

    return f


program(1.6)(switched(True), "pruned_branch")
program(1.6)(switched(False), "other_branch")

weighted = partial(blend, t=0.75)


@program(0.2, 0.9)
def partial_application(x, y):
    act = np.tanh if SCALE > 1.0 else np.sin
    return act(weighted(x, y)) + weighted(y, x, bias=1.0)


@program(0.5, 0.25)
def tuples_unrolled(x, y):
    t = (x, y, x * y)
    s = 0.0
    for i, v in enumerate(t):
        if i == 1:
            continue
        s += v * (i + 1)
    t = (t[1], t[0]) + (s,)
    return t[0] * s + t[-1] * max(t)


@program(numbers(3), 2)
def arrays_where_other_branches_raise(x, kind):
    s = 0.0
    for i in range(x.size):
        if kind == 1:
            y = x * x[i]
        elif kind == 2:
            z = np.exp(x)
            y = z * x[i]
            y[0] *= y[1]
        else:
            raise ValueError("no such kind")
        y[1] *= y[0]
        s += np.sum(y * y)
    return s


@program(numbers(3, 3), numbers(3), np.array([1, 0, 2]))
def results_into_arrays(a, x, counts):
    b = a.copy()
    np.fill_diagonal(b, x[0])
    c = np.ndarray((3, 3))
    np.dot(a, b, c)
    np.subtract(c, a, c)
    return np.sum(c * c) + np.sum(np.repeat(x * x, counts) ** 2) + np.sum(np.roll(a, 2) * b) + np.sum(np.diff(x, 2))
