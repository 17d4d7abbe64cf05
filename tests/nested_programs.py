"""Loops in loops: names that inner loops leave behind, arrays made and exchanged in them, stores that overlap."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program


@program(numbers(3))
def array_carried_by_inner_loop(x):
    s = 1.0
    for k in range(3):
        a = x * (k + 1)
        for _ in range(2):
            a = np.sin(a * x)
        s += np.sum(a * a) * s
    return s


@program(numbers(3))
def left_by_inner_loop(x):
    s = 1.0
    for k in range(3):
        for i in range(2 + k % 2):
            last = x[(i + k) % 3] * s
        s += last * x[i] * last
    return s


@program(numbers(3))
def left_by_branches_of_inner_loop(x):
    s = 1.0
    for _ in range(3):
        for i in range(3):
            if x[i] * s > 0.1:
                t = x[i] * s
                u = np.cos(x * i)
            else:
                t = -x[i]
                u = x * t
        s += t * x[i] * t + np.sum(u * u)
    return s


@program(numbers(3))
def pair_that_is_found(x):
    s = 1.0
    for _ in range(3):
        for j in range(3):
            for i in range(3):
                if x[i] * x[j] * s > 0.2:
                    break
            else:
                continue
            break
        s += x[i] * x[j] * s
    return s


@program(numbers(4))
def buffers_of_each_iteration(x):
    s = 1.0
    for k in range(2):
        u = x * s
        w = np.zeros(4)
        z = x * x
        for _ in range(2 + k):
            for i in range(1, 3):
                w[i] = u[i] + 0.1 * (u[i - 1] * z[i + 1]) * s
            u, w, z = w, z, u
            if u[1] > 0.4:
                break
            z[0] *= u[1]
        for _ in range(3):
            for i in range(1, 3):
                w[i] += 0.2 * z[i - 1] * u[i]
            u, w = w, u
        s += np.sum(u * u * w) + z[2]
    return s


@program(numbers(4))
def exchanged_at_every_level(x):
    a = x.copy()
    b = np.zeros(4)
    s = 0.0
    for k in range(3):
        for j in range(2):
            n = 0
            while n < 2:
                for i in range(4):
                    b[i] = a[i] * a[i - 1] + 0.5
                a, b = b, a
                n += 1
            s += a[j] * b[k]
        a, b = b, a
    return s + np.sum(a * b)


@program(numbers(4), 3)
def lengths_that_change(x, n):
    s = 0.5
    for k in range(n):
        p = np.ones(k + 1)
        for j in range(k):
            q = np.empty(k + 1)
            for i in range(k + 1):
                q[i] = p[i] * x[j] + x[i]
            if q[0] > 0.7:
                continue
            p = q
        s += np.sum(p * p) * s
    return s


@program(numbers(4))
def stored_into_and_read_again(x):
    s = 0.5
    for k in range(3):
        t = x * (k + 1)
        s += t[0] * t[1] * s
        t[0] = np.cos(s)
        s += t[0] * t[2]
        t[1] *= s
        s += np.sum(t)
    return s


@program(numbers(4), numbers(4, 4))
def recurrent_network(x, a):
    s = 0.0
    for _ in range(3):
        h = np.zeros(4)
        for _ in range(3):
            h = np.tanh(a @ h + x)
            if h[0] > 0.9:
                break
        s += h @ h
        x = x * 0.9 + h * 0.1
    return s


@program(numbers(4), numbers(4, 4) + 2.0 * np.eye(4))
def power_iteration(x, a):
    for _ in range(2):
        y = x
        for _ in range(2):
            z = a @ y
            y = z / np.sqrt(np.sum(z * z))
        eigenvalue = y @ (a @ y)
        a = a - eigenvalue * np.outer(y, y)
    return np.sum(a * a) + eigenvalue


@program(numbers(3), True)
def array_on_one_side(x, flag):
    if flag:
        e = np.sin(x)
    y = x * x
    if flag:
        y = y * e
    return np.sum(y)


@program(numbers(3), False)
def array_on_no_side(x, flag):
    if flag:
        e = np.sin(x)
    y = x * x
    if flag:
        y = y * e
    return np.sum(y)


def first_over(a, limit):
    for i in range(len(a)):
        if a[i] > limit:
            return a[i] * 2
    return limit


@program(numbers(4), numbers(4, seed=1), -0.7)
def early_return_in_a_loop(x, y, t):
    for k in range(3):
        t *= first_over(x, y[k])
        x[::-1] += x
    return t


@program(numbers(4), numbers(4, 4))
def overlapping_stores(x, a):
    x[1:] = x[:-1] * 2
    x[:-1] += x[1:]
    x[::-1] = x
    x[1:3] *= x[2:]
    a[1:, 1:] = a[:-1, :-1] * a[1:, :-1]
    a[:, 0] = a[0]
    a += a.T
    a *= a[0]
    return np.sum(x * np.arange(4)) + np.sum(a * a)


def scaled(x, w=None):
    if w is None:
        s = x[0] * 2.0
    else:
        s = x[0] * w[0]
    return s


@program(numbers(3))
def decided_by_constants(x):
    s = scaled(x) + scaled(x, x)
    if 1.0 > 2.0:
        u = s * s
        s = u + 1.0
    while 2 < 1:
        v = s * s
        s = v
    return s * x[1]


@program(numbers(0), numbers(0, 3), numbers(3))
def no_elements(x, a, y):
    s = 1.0
    for v in x:
        s *= v
    return s * np.sum(a @ y) + np.sum(x * x) + np.sum(np.exp(a), axis=0)[1] + y[0]


@program(numbers(1), numbers(3, 1), numbers(1, 4), numbers(4))
def axes_of_length_one(x, a, b, y):
    return np.sum(np.exp(a * b)) + np.sum(x * y * y) + np.sum((b - a) * y / (1.0 + x * x))
