"""Tuples, dicts and lists inside of functions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import literal_unroll
from program_table import numbers, program


class Pair(NamedTuple):
    first: Any
    second: Any = 2.0


def relu(z):
    return np.maximum(z, 0.0)


def square(z):
    return z * z


ACTIVATIONS = (np.tanh, relu, square)


@program(numbers(3), numbers(2), 0.8)
def tuple_of_different_arrays(a, b, x):
    s = 0.0
    for w in literal_unroll((a, b, b * x)):
        s += np.sum(w) * x
    return s * s


@program(numbers(3), 0.8)
def starred_targets(a, x):
    first, *rest = (a, x, x * x)
    s = np.sum(first)
    for r in rest:
        s += r * r
    *init, last = rest
    (p, *middle, q), c = (a[0], a[1], a[2], x), a
    return s * x + len(init) * last + p * q * len(middle) + middle[0] * np.sum(c)


def several(*ws):
    s = 0.0
    for w in ws:
        s += np.sum(w**2)
    return s + len(ws)


def named(a, *rest, scale=2.0, **others):
    s = a * scale
    for r in rest:
        s += np.sum(r)
    for _, v in others.items():
        s += v * len(others)
    return s + others.get("extra", 0.0)


@program(numbers(3), 0.8)
def starred_arguments(a, x):
    p = (a, x * a)
    options = {"extra": x * x, "scale": 1.5}
    s = several(*p, 3.0) * named(x, *p, scale=3.0)
    return s * named(x, extra=x) * named(x, **options) * several()


@program(numbers(3), 0.8)
def keyword_only(a, x):
    def g(a, *, b=2.0, c):
        return a * b + c

    return g(x, c=np.sum(a)) * g(x, b=x, c=1.0)


@program(numbers(3), 0.8)
def functions_in_tuples(a, x):
    h = x
    for w, act in zip(a * ACTIVATIONS[2](a), (1.0, 2.0, 3.0)):
        h = ACTIVATIONS[0](h * w + act)
    for act in ACTIVATIONS:
        h = act(h * 1.5)
    for k, f in enumerate((np.sin, lambda z: z * z, relu)):
        h = f(h) + k
    return h


def apply(f, *args, **kwargs):
    return f(*args, **kwargs)


@program(numbers(3), 0.8)
def functions_given_to_helpers(a, x):
    s = x
    for f in (np.sin, square, lambda z: apply(named, z, a[0], scale=0.5)):
        s = apply(f, s) + apply(square, s)
    return s


@program(numbers(3), 0.8)
def repeated_and_joined(a, x):
    t = (x, 2.0) * 2 + (1.0,)
    u = 3 * (x,)
    v = (1.0, *t[1:], *u)
    t += (x * x,)
    s = 0.0
    for w in v:
        s += w * w
    return s * u[2] * len(v) + sum(t) + max(t) + min(u) + np.sum(a)


@program(numbers(3), numbers(2), 0.8)
def indexed_by_short_ranges(a, b, x):
    p = (a, b, np.outer(a, b))
    s = 0.0
    for i in range(len(p)):
        s += np.sum(p[i]) * x * i
    for i in range(len(p) - 1, 0, -1):
        s += np.sum(p[i] * p[i])
    for i in range(1, len(p)):
        for j in range(i):
            s += np.sum(p[i]) * np.sum(p[j]) * (i + j)
        if s > 100.0:
            break
    return s * i


@program(numbers(3), 0.8)
def indexed_by_what_is_computed(a, x):
    t = (x, x * x, a[0])
    s = 0.0
    for i in range(40):
        s += t[i % 3] * i * x
    k = 0
    while k < 3:
        s *= t[k - 1]
        k += 1
    return s


@program(numbers(3), 0.8)
def named_tuples(a, x):
    p = Pair(a, x)
    q = Pair(second=p.second * 2.0, first=p.first * p[1])
    r = Pair(q)
    u, v = q
    return np.sum(u) * v * r.second + np.sum(r.first.first)


@program(numbers(3), 0.8)
def compared_tuples(a, x):
    s = x
    if a.shape == (3,):
        s = s * 2
    if a.shape != (3, 1):
        s = s * 5
    if (1, a.shape[0]) == (1, 3):
        s = s * 3
    if (1, 2) != (1, 2) or (x, x) == (x,):
        s = s * 7
    return s * np.sum(a)


@program(numbers(3), 0.8)
def exchanged_in_tuples(a, x):
    t = (a, a * x)
    for _ in range(3):
        t = (t[1] * 0.5, t[0] + 1.0)
    t = t[::-1]
    u = (t[0] * 2, x) if x > 0 else (t[1], 2 * x)
    return np.sum(t[0] * x) + np.sum(t[1] ** 2) * np.sum(u[0]) * u[1]


@program(numbers(3), 0.8)
def state_in_a_tuple(a, x):
    state = (x, 0.0, a)
    for k in range(4):
        p, v, w = state
        if p > 0.5:
            state = (p * 0.9 + v, v - 0.1 * p, w * 1.1)
        else:
            state = (p + v, v * 0.5, w - p)
        if k > 1 and v < -5.0:
            break
    return state[0] * state[1] + np.sum(state[2])


@program(numbers(3), 0.8)
def left_by_unrolled_loops(a, x):
    s = x
    for i, w in enumerate((a, 2.0 * a, 3.0)):
        if np.sum(w) * s > 1.0:
            break
        if i == 1:
            continue
        s += np.sum(w) * i
    else:
        s *= 2
    for v in (1, x):
        s += v
    for name in ("twice", "squared"):
        if name == "twice":
            s *= 2
        else:
            s *= s
    return s * i + v * s


@program(numbers(3), 0.8)
def dicts_of_known_keys(a, x):
    d = {"w0": a, "w1": a * x, "scale": x}
    s = d["scale"]
    for i in range(2):
        s += np.sum(d[f"w{i}"]) * (i + 1)
    for k in d:
        if k != "scale" and k in d:
            s *= np.sum(d[k])
    e = {"b": s, 3: x}
    keys, values = e.items()
    return s * e[3] * values[1] + len(keys)
