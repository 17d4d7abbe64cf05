"""Functions that call themselves, or each other."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from program_table import program

from sourcead import grad

X = np.array([0.4, 1.1, 0.7, 1.6, 0.9, 1.3])


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    return half * half * (x if n % 2 else 1.0)


@program(0.9)
def integer_power(x):
    return power(x, 11) - 2.0 * power(x * x, 3)


@program(0.7, 0.3, 6)
def fibonacci_like(a, b, n):
    if n < 2:
        return a * n + b
    return np.sin(a) * fibonacci_like(a, b, n - 1) + b * fibonacci_like(a, b, n - 2)


def product_tree(x, lo, hi):
    if hi - lo == 1:
        return x[lo] * x[lo]
    mid = (lo + hi) // 2
    return np.sin(product_tree(x, lo, mid)) * product_tree(x, mid, hi) + x[mid]


@program(X)
def tree_over_an_array(x):
    return product_tree(x, 0, x.shape[0]) * x[0]


@njit
def horner(c, x, k):
    if k == c.shape[0]:
        return 0.0
    return c[k] + x * horner(c, x, k + 1)


@program(X, 0.8)
def recursive_horner(c, x):
    total = 0.0
    for k in range(3):
        total += horner(c, x + k, k) ** 2
        c = c * 1.1
    return total


def even_part(x, n):
    if n == 0:
        return x
    return np.cos(x) + 0.5 * odd_part(x, n - 1)


def odd_part(x, n):
    if n == 0:
        return 1.0
    return x * even_part(x * 0.9, n - 1)


@program(0.6)
def one_another(x):
    return even_part(x, 5) * odd_part(x, 4)


def shrink(v, depth):
    if depth == 0 or v.shape[0] < 2:
        return np.sum(v * v)
    return shrink(v[1:] * v[:-1], depth - 1) + v[0]


@program(X)
def recursion_on_slices(x):
    return shrink(x, 3)


def descend(a, b, tolerance):
    """Simpson-like refinement: how deep depends on the values."""
    mid = 0.5 * (a + b)
    coarse = (b - a) * math.exp(-mid * mid)
    fine = 0.5 * (b - a) * (math.exp(-((0.5 * (a + mid)) ** 2)) + math.exp(-((0.5 * (mid + b)) ** 2)))
    if abs(fine - coarse) < tolerance:
        return fine
    return descend(a, mid, 0.5 * tolerance) + descend(mid, b, 0.5 * tolerance)


@program(0.1, 1.7)
def adaptive_quadrature(a, b):
    return descend(a, b, 1e-3)


def weighted(w, x, n):
    s = 0.0
    for i in range(x.shape[0]):
        y = w[i] * x[i]
        if y > 0.5:
            s += y * y
        else:
            s -= y
    if n == 0:
        return s
    return s * weighted(x, w, n - 1) + weighted(w, w, n - 1)


@program(X[:3], X[2:5])
def exchanged_arguments(w, x):
    return weighted(w, x, 2)


def ackermann(m, n, x):
    if m == 0:
        return x + n
    if n == 0:
        return ackermann(m - 1, 1, x)
    return ackermann(m - 1, int(n), halved(m, n - 1, x))


def halved(m, n, x):
    return 0.5 * ackermann(m, n, x)


@program(0.7)
def result_known_through_one_another(x):
    return ackermann(2, 2, x)


# ---- functions that change their arguments, and give arrays, several things or nothing --------------------------


def partitioned(a, lo, hi):
    if lo >= hi:
        return
    last = lo
    for j in range(lo, hi):
        if a[j] < a[hi]:
            a[last], a[j] = a[j], a[last]
            last += 1
    a[last], a[hi] = a[hi], a[last]
    partitioned(a, lo, last - 1)
    partitioned(a, last + 1, hi)


@program(X)
def quicksort(x):
    partitioned(x, 0, x.shape[0] - 1)
    s = 0.0
    for i in range(x.shape[0]):
        s += (i + 1) * x[i] ** 2
    return s


def fourier(x):
    n = x.shape[0]
    if n == 1:
        return x
    even, odd = fourier(x[::2]), fourier(x[1::2])
    turned = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
    return np.concatenate((even + turned, even - turned))


@program(X[:4])
def spectrum(x):
    z = fourier(x * (1.0 + 0.5j))
    return np.sum(np.abs(z) ** 2 * np.arange(4)) + z[1].real * z[1].imag


def sum_and_product(x, lo, hi):
    if hi - lo == 1:
        return x[lo], (x[lo] ** 2, 1)
    mid = (lo + hi) // 2
    s, (p, n) = sum_and_product(x, lo, mid)
    t = sum_and_product(x, mid, hi)
    return s + t[0], (p * t[1][0], n + t[1][1])


@program(X)
def several_results(x):
    s, (p, n) = sum_and_product(x, 0, len(x))
    return s * p / n


def visited(values, left, right, k, out, depth):
    if k < 0:
        return 0.0
    out[k] = values[k] * depth
    a = visited(values, left, right, left[k], out, depth + 1)
    return a * visited(values, left, right, right[k], out, depth + 1) + values[k] + out[k]


@program(X)
def tree_traversal(x):
    left, right = np.array([1, 3, -1, -1, -1, -1]), np.array([2, 4, 5, -1, -1, -1])
    out = np.zeros(6)
    return visited(x, left, right, 0, out, 1) + np.sum(out**2)


def added_up(x, n, acc):
    if n == 0:
        acc[0] += np.sum(x)
        return acc
    acc = added_up(x * 2.0, n - 1, acc)
    acc[1] += x[0]
    return acc


@program(X)
def accumulator_given_back(x):
    acc = np.zeros(2)
    acc = added_up(x, 2, acc)
    return acc[0] * acc[1]


def doubled(x, n):
    return x if n == 0 else doubled(x * 2.0, n - 1)


@program(X)
def result_changed_that_may_be_an_argument(x):
    y = doubled(x * x, 2)
    y /= 3.0
    z = added_up(y * x, 1, y.copy())
    z[2:] *= z[0]
    return np.sum(z) * x[0]


def flattened(x, n):
    if n == 0:
        return x[0]
    b = x.ravel()
    b[0] *= 2.0
    return flattened(x, n - 1) + b[0]


@program(X)
def copy_of_what_is_not_contiguous(x):
    return flattened(x[::2], 2) * flattened(x * x, 2)


def rows_chained(a, k):
    if k == a.shape[0]:
        return
    row = a[k]
    row *= a[k - 1]
    row += 1.0
    rows_chained(a, k + 1)


@program(X.reshape(3, 2))
def part_of_an_array_changed(a):
    b = a * 1.5
    for _ in range(2):
        rows_chained(b, 1)
        rows_chained(b[1:], 1)
    return np.sum(b**2)


def assigned(w, used, k, so_far):
    if k == used.shape[0]:
        return so_far
    s = 0.0
    for i in range(used.shape[0]):
        if used[i] == 0:
            used[i] = 1
            s += assigned(w, used, k + 1, so_far * w[k, i])
            used[i] = 0
    return s


@program(np.arange(9.0).reshape(3, 3) / 5 + 0.1)
def permanent_by_backtracking(w):
    return assigned(w, np.zeros(3, np.int64), 0, 1.0)


def damped(a, n):
    if n > 0:
        a[n - 1] = a[n - 1] * a[n]
        driven(a, n - 1)


def driven(a, n):
    if n > 0:
        a[n] += np.sin(a[n - 1])
        damped(a, n - 1)


@program(X)
def changed_by_one_another(x):
    damped(x, 5)
    return np.sum(x**2)


# ---- arguments that share memory --------------------------------------------------------------------------------


def mixed(a, b, n):
    if n == 0:
        return a[0]
    a[n] += b[n - 1] * 0.5
    b[0] *= a[n]
    return mixed(b, a, n - 1)


@program(X)
def parts_of_one_array_changed(x):
    mixed(x[2:], x[:4], 3)
    a = x.reshape(2, 3) * 1.0
    for i in range(2):
        a[0, 1] *= mixed(a[-1], a[i], 2)
    return mixed(a[:, 0], a[::-1, 1], 1) + mixed(a.ravel()[1:], a[1], 2) + np.sum(a**2) + np.sum(x * x)


def exchanged(a, b):
    n = a.shape[0]
    if n == 1:
        a[0, 0], b[0, 0] = b[0, 0], a[0, 0] * 0.5
        return
    h = n // 2
    for i in range(2):
        for j in range(2):
            exchanged(a[i * h : (i + 1) * h, j * h : (j + 1) * h], b[j * h : (j + 1) * h, i * h : (i + 1) * h])


@program(np.linspace(0.1, 1.6, 16).reshape(4, 4))
def transposed_in_place(a):
    b = a * a
    exchanged(b[:2, 2:], b[2:, :2])
    exchanged(b[1:3, 1:3], b[1:3, 1:3])
    return np.sum(b * b * np.arange(16.0).reshape(4, 4))


# ---- functions, tuples and None as arguments; gradients inside ---------------------------------------------------


def refined(f, a, b, tolerance):
    mid = 0.5 * (a + b)
    coarse, fine = (b - a) * f(mid), 0.5 * (b - a) * (f(0.5 * (a + mid)) + f(0.5 * (mid + b)))
    if abs(fine - coarse) < tolerance:
        return fine
    return refined(f, a, mid, 0.5 * tolerance) + refined(f, mid, b, 0.5 * tolerance)


def bell(t):
    return math.exp(-t * t)


@program(0.1, 1.7, 0.8)
def function_as_argument(a, b, k):
    return refined(bell, a, b, 1e-2) * refined(lambda t: np.sin(k * t) * t, a, b, 1e-2)


def in_a_tree(tree, x, *, scale=0.5):
    if tree is None:
        return x
    left, right = tree
    return x * in_a_tree(left, scale * x) + in_a_tree(right, x, scale=0.7)


@program(0.8)
def nested_tuples_as_argument(x):
    return in_a_tree(((None, None), (None, (None, None))), x)


def stepped(state, n):
    if n == 0:
        return state[0] * state[1]
    x, v = state
    return stepped((x + 0.1 * v, v - 0.1 * np.sin(x)), n - 1)


@program(0.8, 0.3)
def tuple_rebuilt_in_each_call(x, v):
    return stepped((x, v), 3)


def applied(f, *xs, times=2, **others):
    if times == 0:
        return xs[0] * others["scale"]
    return applied(f, f(xs[1]), xs[0], times=times - 1, scale=others["scale"] * 0.9)


@program(0.8, 0.3)
def any_number_of_arguments(x, y):
    return applied(lambda t: np.sin(x * t), x, y, scale=y)


# ---- inner functions ------------------------------------------------------------------------------------------------


@program(X, 5)
def inner_function_with_a_memory(x, n):
    known = np.zeros(n + 1)

    def fib(k):
        if k < 2:
            return x[k]
        if known[k] == 0.0:
            known[k] = fib(k - 1) * 0.5 + fib(k - 2) * x[k]
        return known[k]

    return fib(n) + known[3]


@program(X)
def inner_functions_that_call_one_another(x):
    out = np.ones(6)

    def up(n):
        if n < 5:
            out[n] *= x[n]
            down(n + 1)

    def down(n, scale=x[0]):
        if n < 5:
            out[n + 1] += out[n] * scale
            up(n + 1)

    up(0)
    down(2, 0.5)
    return np.sum(out**2)


def polynomial(c, x):
    def rest(k):
        return c[k] if k == len(c) - 1 else c[k] + x * rest(k + 1)

    return rest(0)


@program(X)
def inner_functions_of_several_calls(x):
    def power(n):
        return k if n == 0 else k * power(n - 1)

    k = x[1] * 2.0
    s = power(2)
    k = x[2]
    return s + power(3) + polynomial(x[:3], x[0]) * polynomial(x[3:], k)


@program(X)
def inner_function_in_a_recursion(x):
    weights = [x[0], x[1]]

    def outer(n, v):
        def inner(m):
            return v if m == 0 else x[n] * inner(m - 1) + outer(n - 1, v * weights[0])

        return weights[1] * v if n == 0 else inner(2) + outer(n - 1, v * 0.9)

    return outer(3, x[1])


# ---- random numbers ---------------------------------------------------------------------------------------------


def branching(x, n):
    u = np.random.rand()
    if n == 0 or u < 0.2:
        return np.sin(x) * u
    return branching(np.random.normal(x, x * x), n - 1) * branching(x * u, n - 1) + np.random.rand()


@program(0.6)
def numbers_drawn_in_a_recursion(x):
    np.random.seed(7)
    s = 0.0
    for _ in range(3):
        s += branching(x * np.random.rand(), 3) * np.random.exponential(x)
    return s


# ---- gradients ------------------------------------------------------------------------------------------------------


cubes = grad(lambda x: np.sum(x**3), jit=False)


def descended(x, n):
    if n == 0:
        return np.sum(x)
    return descended(x - 0.1 * cubes(x), n - 1)


@program(X)
def gradient_in_a_recursion(x):
    return descended(x, 2)
