"""Lists and dicts that are changed: under several names, in helpers, in branches and loops."""

from __future__ import annotations

import numpy as np
from program_table import program

P = np.array([0.3, -0.7, 1.1])


def add_two(out, v):
    out.append(v)
    out.append(v * 2)


def put_both(d, v):
    d["a"] = v
    d["b"] += v * 2


def add_many(out, v, n):
    for i in range(n):
        out.append(v * i)


@program(P, 0.8)
def list_changed_in_a_helper(p, x):
    out = []
    add_two(out, p[0] * x)
    add_two(out, x)
    return out[0] * out[1] * out[2] * out[3] * len(out)


@program(P, 0.8)
def helper_that_appends_in_a_loop(p, x):
    out = []
    for i in range(50):
        add_two(out, p[i % 3] * x)
    return sum(out) * out[7]


@program(P, 0.8)
def helper_with_a_loop_that_appends(p, x):
    out = []
    add_many(out, x, p.shape[0] * 20)
    add_many(out, p[0], 5)
    return sum(out) * out[7]


@program(P, 0.8)
def items_of_a_dict_assigned(p, x):
    d = {}
    d["a"] = x
    d["b"] = p * x
    d["a"] += p[0]
    d["b"][1] = 5 * x
    return d["a"] * np.sum(d["b"]) * len(d)


@program(P, 0.8)
def dict_as_accumulators(p, x):
    d = {"a": 0.0, "b": 1}
    for i in range(50):
        d["a"] += p[i % 3] * x
        d["b"] = d["a"] * 0.5
    return d["a"] * d["b"]


@program(P, 0.8)
def dict_changed_in_a_helper(p, x):
    d = dict(a=x, b=p[1])
    put_both(d, x * p[2])
    for i in range(40):
        put_both(d, d["b"] * 0.1)
    return d["a"] * d["b"]


@program(P, 0.8)
def dict_changed_in_branches(p, x):
    d = {"a": x}
    if p[0] > 0:
        d["a"] = p[1] * x
    else:
        d["a"] = 0
    if x > 0:
        d["a"] *= 2
    return d["a"]


@program(P, 0.8)
def list_of_the_function_around(p, x):
    out = []

    def add(v):
        out.append(v)

    for i in range(40):
        add(p[i % 3] * x)
    return sum(out) * out[1]


@program(P, 0.8)
def dict_changed_in_a_loop_over_it(p, x):
    d = {"a": x, "b": p[0]}
    for k in d:
        d[k] *= 2
    for k, v in d.items():
        d[k] = v * v
    e = d
    e["c"] = p[1]
    d.update(e)
    d.update(z=x)
    v = d.pop("a")
    return d["c"] * d["b"] * v * d["z"]


@program(P, 0.8)
def dict_comprehensions(p, x):
    d = {k: p[k] * x for k in range(3)}
    e = {n: v for n, v in zip(("u", "v", "w"), (x, p[0], p[1]))}
    return d[0] * d[2] * e["u"] * e["w"]


@program(P, 0.8, tags="rows")
def dict_of_lists(p, x):
    d = {"xs": [], "ts": []}
    for i in range(40):
        d["xs"].append(p * i * x)
        d["ts"].append(i * x)
    return d["xs"][3][1] * d["ts"][5]


@program(P, 0.8)
def lists_in_a_tuple(p, x):
    a = []
    b = []
    r = (a, b)
    for i in range(40):
        r[0].append(x * i)
        b.append(p[i % 3])
    return sum(a) * sum(b)


@program(P, 0.8)
def appended_on_the_way_out(p, x):
    out = []

    def f(v):
        out.append(v)
        if v > 0:
            return v
        out.append(2 * v)
        return -v

    s = 0.0
    for i in range(40):
        s += f(p[i % 3] * x)
    return s * sum(out)


@program(P, 0.8)
def list_added_to(p, x):
    a = [x]
    a += [p[0], p[1] * x]
    for i in range(40):
        a += [x * i]
    return sum(a) * a[1] * a[9]


@program(P, 0.8)
def extended_by_arrays(p, x):
    a = [x]
    a.extend(p * x)
    b = []
    for i in range(40):
        b.append(x * i)
    a.extend(b)
    return sum(a) * a[1] * a[9]
