"""Programs of scalars: branches and loops."""

from __future__ import annotations

import math
from math import exp, sqrt

import numpy as np
from program_table import numbers, program

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


@program(0.7, 2)
def other_branch_raises(x, kind):
    s = 1.0
    for _ in range(2):
        if kind == 1:
            y = x * x
        elif kind == 2:
            y = math.exp(x * s)
        else:
            raise ValueError("no such kind")
        s += y * y
    return s


@program(0.6)
def agreement_of_two_means(k):
    a = 1.0
    b = math.sqrt(1 - k * k)
    while True:
        an = (a + b) / 2
        b = math.sqrt(a * b)
        a = an
        if a - b < 1e-3:
            break
    return math.pi / (2 * a)
