"""Arrays and rows of arrays under several names, which the program writes through."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program


@program(numbers(3, 3), 0)
def rows_that_change_names(m, k):
    a, b, c = m[0], m[1], m[2]
    for i in range(4):
        if i % 2 == k:
            a, b, c = b, c, a
        else:
            a, b = b, a
        for j in range(3):
            c[j] = a[j] * b[j - 1] + c[j]
    return np.sum(m * m) + a[0] * b[1]


@program(numbers(6))
def two_rows_in_turn(x):
    m = np.zeros((2, 6))
    now, then = m[0], m[1]
    now[:] = x
    for _ in range(3):
        for i in range(1, 5):
            then[i] = now[i - 1] * now[i + 1]
        now, then = then, now
    now[0] = x[1] * 3.0
    return np.sum(m * m * np.arange(1.0, 7.0)) + np.sum(now)


@program(numbers(4, 3))
def row_before(m):
    s, before = 0.0, m[0]
    for i in range(1, m.shape[0]):
        row = m[i]
        for j in range(m.shape[1]):
            row[j] = row[j] * before[j - 1] + before[j]
        s += np.sum(before * row)
        before = row
    return s + np.sum(before)


@program(numbers(5), True)
def row_by_branch(x, c):
    m = np.outer(x, x)
    row = m[1] if c else m[2]
    other = row
    for t in range(3):
        row[t] = other[t + 1] * x[t]
        other = m[t + 2] if x[t] > 0 else m[0]
        other[1] += row[2]
    return np.sum(m * m) + other[0]


@program(numbers(6))
def shrinking_view(x):
    v = x * 2.0
    for k in range(3):
        v = v[1:]
        v[0] *= x[k]
    return np.sum(v * v)


@program(numbers(4), 3)
def copy_before_a_loop_rebinds(x, k):
    w = x * 1.5
    w[k % 4] = x[1] ** 2
    v = w.copy()
    for _ in range(2):
        w = w * w
    return np.sum(w * x) + np.sum(v * v * v)


@program(numbers(3, seed=5))
def names_in_turn(x):
    a, b = x, x
    for i in range(3):
        b = a
        a = x * x[i]
        b[0] = a[1] * 2.0
    return np.sum(a * b)


@program(np.array([0.3, 0.5, -0.2]))
def row_or_new_array(x):
    m = np.outer(x, x)
    row = m[0]
    for i in range(3):
        new = x * row[i]
        row[1] += new[0]
        row = new if x[i] > 0.4 else m[i]
        row[0] *= 2.0
    return np.sum(m * m) + np.sum(row)


@program(np.array([0.3, 0.5, -0.2]), 0)
def second_name_in_a_branch(x, k):
    if k == 1:
        a = x * 2.0
        b = a[1:]
    else:
        a = x * 3.0
        b = x[1:]
    b[0] = x[1] * x[2]
    return np.sum(a * x) + np.sum(b * b)


@program(numbers(3))
def second_name_of_new_arrays(x):
    a = x * 2.0
    b = a
    for i in range(3):
        b[0] += a[1] * x[i]
        a = a * x
        b = a
    return np.sum(a * b)


@program(numbers(3))
def first_of_several(x):
    a = x * 2.0
    first = a
    for i in range(3):
        if i == 1:
            first = a
        a = a * x
        first[0] += a[1]
    return np.sum(a * first)


@program(np.array([0.3, 0.5, -0.2]), 40)
def buffers_by_number(x, n):
    m = np.outer(x, x)
    rows = [m[0], m[:, 1], x]
    s = 0.0
    for k in range(n):
        s += np.sum(rows[k % 3])
        rows[-(k % 3)][1] *= 0.9
        if k == 7:
            rows[(k + 1) % 3][:] = rows[k % 3] * x
    return s + np.sum(m * m)
