"""Lists of computed length whose items are arrays or tuples."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from program_table import program

P = np.array([0.3, -0.7, 1.1])
State = namedtuple("State", "speed place")


@program(P, 0.8, tags="rows")
def history_of_arrays(p, x):
    hist = []
    for t in range(p.shape[0] + 2):
        hist.append(p * x * t)
    s = 0.0
    for v in hist:
        s += v[1] * v[0]
    return s + hist[-1][0] + hist[2][1] * len(hist)


@program(P, 0.8)
def orbit_of_steps(p, x):
    xs = [p.copy()]
    for t in range(40):
        y = xs[-1]
        z = np.empty(3)
        for i in range(3):
            z[i] = np.sin(y[i] * x) + y[(i + 1) % 3] * 0.1
        xs.append(z)
    a = np.array(xs)
    return np.sum(a * a) + a[3, 1] + xs[7][2]


@program(P, 0.8, tags="rows")
def items_changed_in_place(p, x):
    xs = []
    for _ in range(p.shape[0] * 11):
        xs.append(np.zeros(3))
    for t in range(len(xs)):
        for i in range(3):
            xs[t][i] = p[i] * t * x
            xs[t][i] *= x
    s = 0.0
    for t in range(1, len(xs)):
        s += xs[t][1] * xs[t - 1][2]
    return s


@program(P, 0.8, tags="rows")
def rebound_and_appended(p, x):
    h = p * x
    hs = []
    for _ in range(50):
        hs.append(h)
        h = np.tanh(h * x + p)
    s = 0.0
    for t in range(49, -1, -1):
        s = s * 0.5 + np.sum(hs[t] * h)
    return s


@program(P, 0.8, tags="rows")
def stack_of_arrays(p, x):
    stack = [p]
    s = 0.0
    n = 0
    while len(stack) > 0:
        v = stack.pop()
        s += np.sum(v * v)
        n += 1
        if n < 40:
            stack.append(v * 0.9)
            if n < 10:
                stack.append(v * x)
    return s


@program(P, 0.8, tags="rows")
def matrices_in_a_list(p, x):
    ms = []
    a = np.outer(p, p) * x
    m = np.eye(3)
    for _ in range(p.shape[0] + 3):
        m = m @ a * 0.5
        ms.append(m)
    total = np.zeros((3, 3))
    for m in ms:
        total += m * m
    return np.sum(total) + ms[1][0, 1]


@program(P, 0.8, tags="rows")
def items_replaced(p, x):
    hs = []
    for i in range(40):
        hs.append(p * i)
    a = hs[0]
    hs[0] = p * x
    hs[1] = hs[0] * 2
    return np.sum(a) + np.sum(hs[1] * hs[2])


@program(P, 0.8, tags="rows")
def buffers_copied_into_a_list(p, x):
    u = p.copy()
    v = p * x
    hs = []
    for t in range(40):
        for i in range(3):
            v[i] = u[i] * x + 0.1 * t
        u, v = v, u
        hs.append(u.copy())
    return np.sum(hs[4] * hs[30]) + np.sum(sum(hs) * p) + np.sum(np.stack(hs) ** 2)


@program(P, 0.8, tags="rows")
def tuples_in_a_list(p, x):
    hs = []
    for t in range(50):
        hs.append((t * x, p * t))
    s = 0.0
    for a, b in hs:
        s += a * b[1]
    hs[2] = (x, p * 2)
    return s + hs[3][0] * hs[2][1][0]


@program(P, 0.8, tags="rows")
def named_tuples_in_a_list(p, x):
    hs = []
    q = State(x, p)
    for _ in range(50):
        hs.append(q)
        q = State(q.speed * 0.9, q.place * q.speed)
    s = 0.0
    for r in hs:
        s += r.speed * r.place[1]
    return s + hs[3].speed


@program(P, 0.8)
def stack_of_tuples(p, x):
    stack = []
    stack.append((0, p[0] * x))
    s = 0.0
    while len(stack) > 0:
        depth, v = stack.pop()
        s += v * v
        if depth < 5:
            stack.append((depth + 1, v * x))
            stack.append((depth + 1, v * p[1]))
    return s


@program(P, 0.8)
def tuples_of_comprehensions(p, x):
    pairs = [(v * x, i) for i, v in enumerate(p)]
    return sum([a * i for a, i in pairs])


@program(P, 0.8, tags="rows")
def lists_of_each_iteration(p, x):
    s = 0.0
    for k in range(40):
        vs = []
        for j in range(k + 1):
            vs.append(p * x * j)
        for v in vs:
            s += v[1] * v[2]
        s += np.sum(vs[-1])
    return s


@program(P, 0.8, tags="rows")
def items_added_to(p, x):
    hs = []
    for i in range(40):
        hs.append(p * i * x)
    for i in range(40):
        hs[i] += p
    hs[2] *= x
    return np.sum(hs[2] * hs[3])
