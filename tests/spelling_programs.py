"""Statements and expressions of Python that stand in terms of others."""

from __future__ import annotations

import numpy as np
from program_table import program

P = np.array([0.3, -0.7, 1.1])


@program(P, 0.8)
def bound_in_expressions(p, x):
    s = 0.0
    if (y := x * p[0]) > 0:
        s += y
    n = 0
    while (z := x * n) < 5.0:
        s += z * p[n % 3]
        n += 1
    return s * (w := p[1]) + w * y + z


@program(P, 0.8)
def deleted_names(p, x):
    a = x * x
    b = a * p
    del a
    a = b[1]
    d = {"u": x, "v": a}
    del d["u"]
    v = [x, a, p[2]]
    del v[0]
    s = 0.0
    for i in range(40):
        t = p[i % 3] * x
        s += t * t
        del t
    return a * len(d) + v[0] + s


@program(P, 0.8)
def matched(p, x):
    s = 0.0
    for i in range(8):
        match i % 5:
            case 0:
                s += p[0] * x
            case 1 | 2:
                s *= x
            case n if n > 3:
                s += n * p[1]
            case _:
                s -= x
    mode = "b"
    match mode:
        case "a":
            s = 0.0
        case "b":
            s *= 2
    t = (x, p[0], 1)
    match t:
        case (a, b):
            s = 0.0
        case (a, b, 1):
            s += a * b
        case _:
            s = 0.0
    match (i, n):
        case (7, 4):
            s *= 3
        case (k, 2):
            s *= k
    match None:
        case None:
            s += x
    return s


@program(P, 0.8, tags="rows")
def lists_as_indices(p, x):
    y = np.zeros(5)
    y[[0, 2]] = p[[1, 2]] * x
    y[[4]] += x
    idx = [i for i in range(p.shape[0])]
    A = np.outer(p, p)
    return np.sum(y * y) + p[idx][1] * x + np.sum(A[[0, 1], [1, 2]]) + np.sum(A[:, [2, 0]] * x)


@program(P, 0.8)
def functions_that_fill(p, x):
    A = np.outer(p, p)
    np.fill_diagonal(A, x)
    b = p.copy()
    np.put(b, np.array([0, 2]), x * 2)
    np.put(b, [1], x)
    c = p.copy()
    c.fill(p[1])
    return np.sum(A @ b) + c.item(1) + A.item(1)


@program(P, 0.8)
def asserted(p, x):
    assert x > 0, "x must be positive"
    assert p.shape[0] == 3, f"bad {p.shape[0]}"
    if x > 1e9:
        raise ValueError(f"x is {x}")
    "a string"
    return x * p[0]
