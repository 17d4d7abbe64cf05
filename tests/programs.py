"""Programs as users write them, with sample arguments: every stage of the compiler is run on all of them.

`@program(*args)` registers a function; `argnums` are the arguments it is differentiated by (by default all that
hold floats), `tags` say what is special about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import exp, sqrt
from typing import Any

import numpy as np
from numba import njit

PROGRAMS: dict[str, Program] = {}


@dataclass(frozen=True)
class Program:
    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    argnums: tuple[int, ...]
    tags: frozenset[str]

    def fresh(self) -> tuple[Any, ...]:
        """The sample arguments, copied: a program may write into its arrays."""
        return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in self.args)


def program(*args: Any, argnums: tuple[int, ...] | None = None, tags: str = "") -> Callable[..., Any]:
    def is_real(a: Any) -> bool:
        return np.asarray(a).dtype.kind == "f"

    def register(f: Callable[..., Any], name: str = "") -> Callable[..., Any]:
        wrt = tuple(k for k, a in enumerate(args) if is_real(a)) if argnums is None else argnums
        name = name or f.__name__
        assert name not in PROGRAMS, name
        PROGRAMS[name] = Program(name, f, args, wrt, frozenset(tags.split()))
        return f

    return register


def numbers(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    return np.random.RandomState(seed + sum(shape)).uniform(low, high, shape)


# ---- straight lines of scalars -----------------------------------------------------------------


@program(0.7, -1.3)
def polynomial(x, y):
    """A docstring is no statement."""
    return 3.0 * x**3 - 2 * x * y**2 + y - 1


@program(0.4, 1.7)
def scalar_functions(x, y):
    a = math.sin(x) * np.cos(y) + exp(-x * y)
    b = sqrt(y) + np.log(y) - np.tanh(x) + np.arctan2(y, x)
    return a / b + abs(x - y) + max(x, y) * min(x, 2.0)


@program(1.2, 0.5)
def reused_names(x, y):
    t = x * y
    t = t + x
    x = t * t
    t = np.sin(x) + y
    return t * x


@program(0.3, 0.9, 2.0)
def tuple_assignments(a, b, c):
    a, b = b, a * c
    (u, v), w = (a + b, a - b), a
    u, v, w = w, u, v
    p = q = u * w
    p += 1.0
    return u * v + w * p - q


@program(0.6)
def augmented_operators(x):
    y: float = x
    y += 2.0
    y -= x * x
    y *= 1.5
    y /= x + 3.0
    y **= 2
    return -y + +x


# ---- branches ---------------------------------------------------------------------------------------


@program(0.8, 0.3)
def three_ways(x, y):
    if x > 1.0:
        z = x * y
    elif x > 0.5:
        z = x + y * y
        y = 2.0 * y
    else:
        z = x - y
    return z * y


@program(-0.4, 2.0)
def ternaries(x, y):
    a = x if x > 0.0 else -x * y
    b = (a if a > y else y) * (1.0 if x < y else 2.0)
    return a * b


@program(1.5, True)
def only_on_one_side(x, flag):
    if flag:
        extra = np.sin(x)
    y = x * x
    if flag:
        y = y * extra
    return y


@program(0.25, 0.5, 0.75)
def chained_comparisons(x, y, z):
    s = 0.0
    if 0.0 < x < y < z:
        s += x * y * z
    if not x < y <= y < 0.5 * z:
        s += x
    return s + (y if x <= y != z else z)


@program(numbers(4), 4)
def guarded_loads(x, n):
    s = 0.0
    for i in range(n + 2):
        if i < n and x[i] > 0.0:
            s += x[i] * x[i]
        if i >= n or x[i] < -0.5:
            s += 0.125
    return s * x[0]


@program(1.1, 0.0, argnums=(0,))
def guarded_division(x, y):
    big = y != 0.0 and x / y > 1.0
    use = x or y
    return use * (2.0 if big else 3.0) * (x and 4.0)


@program(2.0)
def nested_returns(x):
    if x > 0.0:
        if x > 10.0:
            return x
        y = x * x
        if x > 1.0:
            return y * x
    else:
        y = -x
    return y + 1.0


@program(0.5)
def raises_elsewhere(x):
    if x < 0.0:
        raise ValueError("x must not be negative")
    assert x < 10.0, "too large"
    return np.sqrt(x)


# ---- for loops ---------------------------------------------------------------------------------------


@program(numbers(5))
def sum_of_squares(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] ** 2
    return s


@program(numbers(6), 5, 0, -2)
def any_range(x, start, stop, step):
    s = 0.0
    for i in range(start, stop, step):
        s = s * x[i] + x[i]
    for i in range(2, 5):
        s += x[i] * i
    for i in range(4, -1, -3):
        s -= x[i] * s
    return s


@program(numbers(4), numbers(4, seed=1))
def arrays_and_zips(x, y):
    s = 0.0
    for v in x:
        s += v * v
    for i, v in enumerate(y, 1):
        s += i * v
    for k, (u, v) in enumerate(zip(x, y)):
        s += u * v * k
    for i, u in zip(range(1, 9, 2), x):
        s += u / i
    return s


@program(numbers(3, 4))
def rows_of_a_matrix(a):
    s = 0.0
    for row in a:
        t = 1.0
        for v in row:
            t *= v
        s += t
    return s


@program(numbers(3, 2), numbers(3, 2, seed=2))
def index_spaces(a, b):
    n, m = a.shape
    s = 0.0
    for i, j in np.ndindex(n, m):
        s += a[i, j] * b[i, j]
    for i, j in np.ndindex(b.shape):
        s += b[i, j] * (i + 1)
    for v in a.flat:
        s += v**3
    for i in reversed(range(1, n)):
        s = s * a[i, 0]
    return s


@program(numbers(6))
def overwritten_counter(x):
    n = x.shape[0]
    s = 0.0
    for i in range(n):
        i = (3 * i + 1) % n
        s += x[i] * (i + 1)
    return s


@program(numbers(5))
def counter_after_loop(x):
    s = 0.0
    i = 0
    for i in range(x.size - 2):
        s += x[i]
    for _ in range(0):
        i = 7
    return s * x[i] + x[i + 1]


@program(numbers(5), 2)
def bound_changes(x, n):
    s = 0.0
    for i in range(n):
        n = n + 1
        s += x[n] * (i + 1)
    return s * n


@program(numbers(7))
def continue_and_break(x):
    s = 1.0
    for i in range(7):
        if i % 3 == 1:
            continue
        if x[i] > 0.9:
            break
        for j in range(i):
            if j == 2:
                continue
            if x[j] * s < -0.5:
                break
            s += x[i] * x[j]
        s *= 1.01
    return s


@program(numbers(4, 4), 1.0)
def return_from_a_nest(a, limit):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            s += a[i, j] ** 2
            if s > limit:
                return s * a[i, j]
        s += 0.01
    return s


@program(numbers(4), 9.0)
def loop_else(x, limit):
    s = 0.0
    for v in x:
        if v > limit:
            s = 100.0
            break
        s += v * v
    else:
        s *= 2.0
    k = 0
    while k < 3:
        s += x[k]
        if s > 50.0:
            break
        k += 1
    else:
        s += x[3] ** 2
    return s


@program(numbers(5))
def carried_pair(x):
    a, b = 0.5, 1.0
    for v in x:
        a, b = b, a * v + b
    return a * b


@program(numbers(5))
def running_maximum(x):
    best = x[0]
    where = 0
    for i in range(1, x.shape[0]):
        if x[i] > best:
            best = x[i]
            where = i
    return best * (where + 1)


@program(numbers(4))
def last_that_fits(x):
    found = False
    for i in range(4):
        if x[i] < 0.5:
            last = x[i] * x[i]
            found = True
    if found:
        return last + x[0]
    return x[0]


@program(numbers(5))
def earlier_iterations(x):
    s = 0.0
    before = 2.0
    for i in range(5):
        if i > 0:
            s += before * x[i]
        before = x[i] * x[i]
        if x[i] > 0.5:
            kept = s * before
            continue
        if i == 4:
            kept = 1.0
    return s + kept


@program(numbers(5), 3)
def zero_trips(x, n):
    s = x[0]
    t = 2.0 * s
    for i in range(n, 3):
        s = s * x[i]
        t = s
    return s + t


# ---- while loops ----------------------------------------------------------------------------------------


@program(5.0)
def halving(x):
    n = 0
    while abs(x) > 0.1:
        x *= 0.5
        n += 1
    return x * n


@program(2.0)
def newton_root(a):
    x = a
    while True:
        step = (x * x - a) / (2.0 * x)
        x = x - step
        if abs(step) < 1e-12:
            break
    return x


@program(numbers(6))
def guarded_while(x):
    i = 0
    s = 1.0
    while i < x.shape[0] and x[i] < 0.95:
        s = s * (1.0 + x[i])
        i += 1
    return s


@program(0.3, 20)
def endless_with_returns(x, n):
    k = 0
    y = x
    while True:
        y = np.cos(y)
        k += 1
        if k > n:
            return y
        if y > 100.0:
            return x


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
