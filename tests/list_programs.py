"""Lists inside of functions: known item by item, and of computed length."""

from __future__ import annotations

import numba
import numpy as np
from program_table import program

P = np.array([0.3, -0.7, 1.1])


def squares(p):
    out = []
    for v in p:
        out.append(v * v)
    out.append(1.0)
    return out


def two_items(p):
    out = [p[0], p[1]]
    return out, len(out)


@program(P, 0.8)
def list_of_known_items(p, x):
    v = [x, p[0], 2.0]
    v.append(x * x)
    v[1] = v[0] * v[3]
    v[-1] += p[1]
    s = v.pop()
    for k in v:
        s += k * k
    return s * len(v) + sum(v) + max(v) - min(v)


@program(P, 0.8)
def two_names_of_a_list(p, x):
    a = [x, 1.0]
    b = a
    b.append(p[0])
    a[0] = p[1]
    return a[2] * b[0] * len(a)


@program(P, 0.8)
def appended_in_a_loop(p, x):
    v = []
    for i in range(p.shape[0]):
        v.append(p[i] * x * i)
    s = 0.0
    for k in v:
        s += k * k
    return s + sum(v) * v[-1] + v[1] * len(v)


@program(P, 0.8)
def list_comprehensions(p, x):
    v = [w * w * x for w in p]
    u = [v[i] * v[i - 1] for i in range(len(v)) if v[i] > 0.1]
    return sum(v) + sum(u) * 3 + sum(w * x for w in p) + max(w for w in v)


@program(P, 0.8)
def arrays_of_comprehensions(p, x):
    v = np.array([w * x for w in p])
    u = np.array([np.sin(v[i]) for i in range(3)])
    return np.sum(v * v) + v @ u


@program(P, 0.8)
def list_of_arrays(p, x):
    hs = [p]
    for t in range(4):
        hs.append(np.tanh(hs[-1] * x + p))
    s = 0.0
    for t in range(len(hs)):
        s += np.sum(hs[t] * hs[t - 1])
    return s


@program(P, 0.8)
def repeated_zeros(p, x):
    acc = [0.0] * 3
    for i in range(7):
        acc[i % 3] += p[i % 3] * x * i
    b = [0.0] * p.shape[0]
    for i in range(p.shape[0]):
        b[i] = p[i] * x
        b[i] *= 2
    return sum(acc) * sum(b)


@program(P, 0.8)
def list_as_a_stack(p, x):
    stack = [x, x * x]
    s = 0.0
    n = 0
    while len(stack) > 0:
        v = stack.pop()
        s += v * p[n % 3]
        n += 1
        if n < 6 and v > 0.1:
            stack.append(v * 0.9)
            stack.append(v * p[0])
    return s


@program(P, 0.8)
def lists_in_lists(p, x):
    m = [[x, p[0]], [p[1], x * x]]
    m[0][1] = 3 * x
    s = 0.0
    for row in m:
        for v in row:
            s += v * v
    return s + np.sum(np.array(m))


@program(P, 0.8)
def lists_of_helpers(p, x):
    v = squares(p)
    u, n = two_items(p)
    u.append(x)
    v.append(u[2])
    return sum(v) * u[0] * n * len(v)


@program(P, 0.8)
def appended_in_branches(p, x):
    v = [x]
    if p[0] > 0:
        v.append(p[0])
    else:
        v.append(p[1])
    w = [x]
    if p[0] > 0:
        w.append(p[0])
    for i in range(3):
        if p[i] < 0:
            w.append(p[i] * x)
    return v[1] * sum(v) * sum(w) * len(w)


@program(P, 0.8)
def list_that_reads_itself(p, x):
    v = [x]
    for i in range(50):
        v.append(v[i] * 0.9 + p[i % 3] * v[-1] * 0.1)
    s = 0.0
    for i in range(len(v)):
        s += v[i] * v[-i]
    return s


@program(P, 0.8)
def list_of_layers(p, x):
    layers = [(p, x), (p * 2, 1.0)]
    layers.append((p * p, x * x))
    h = 0.0
    for w, b in layers:
        h = np.tanh(np.sum(w) * h + b)
    return h + len(layers)


@program(P, 0.8)
def generator_expressions(p, x):
    return sum(p[i] * p[j] for i in range(3) for j in range(i)) + sum((v * x for v in p), x) + sum([v for v in p])


@program(P, 0.8)
def exchanged_lists(p, x):
    a = [x, p[0]]
    b = [p[1], 2.0]
    a, b = b, a
    a[0], a[1] = a[1], a[0] * x
    return a[0] * b[0] + a[1] * b[1]


@program(P, 0.8)
def zipped_lists(p, x):
    a = [v * x for v in p]
    b = [v + 1 for v in p]
    s = 0.0
    for u, w in zip(a, b):
        s += u * w
    for i, u in enumerate(a):
        s += i * u
    for u in reversed(b):
        s = s * 0.5 + u
    return s


@program(P, 0.8)
def typed_list(p, x):
    v = numba.typed.List()
    for w in p:
        v.append(w * x)
    return v[0] * v[2]


@program(P, 0.8)
def list_of_each_iteration(p, x):
    s = 0.0
    for k in range(p.shape[0]):
        v = []
        for j in range(k + 1):
            v.append(p[j] * x * s + 1)
        s += sum(v) * v[-1]
    return s


@program(P, 0.8)
def nested_comprehensions(p, x):
    rows = [p * i * x for i in range(3)]
    M = np.array([[v * w for v in p] for w in (1.0, x, 2.0)])
    return np.sum(rows[1] * rows[2]) + np.sum(M @ p)


@program(P, 0.8)
def appended_until_break(p, x):
    v = []
    for i in range(100):
        if i * x > 3.0:
            break
        v.append(p[i % 3] * i)
        if len(v) > 20:
            break
    return sum(v) * v[2]


@program(P, 0.8)
def comprehension_beside_names(p, x):
    items = 2.0
    return sum(v * items for v in p) * x + sum([v * items for v in p])


@program(P, 0.8)
def list_as_a_condition(p, x):
    s = [x]
    t = 0.0
    n = 0
    while s:
        v = s.pop()
        t += v * v
        n += 1
        if not s and n < 4:
            s.append(v * p[n % 3] * 2)
    return t


@program(P, 0.8)
def functions_of_lists(p, x):
    v = [w * x for w in p]
    u = [x, 2.0, p[0]]
    return (
        np.sum(v) * np.mean(u)
        + np.max(u) * np.dot(v, u)
        + np.sum(np.concatenate([p, p * x]))
        + np.sum(np.stack([p, p * x])[1])
    )


@program(P, 0.8)
def list_of_changing_arrays(p, x):
    h = p * x
    hs = [h]
    h[0] = 5.0
    hs.append(h)
    h[1] *= 2
    return np.sum(hs[0] * hs[1])


@program(P, 0.8)
def two_names_of_a_growing_list(p, x):
    a = [x]
    b = a
    for i in range(p.shape[0]):
        b.append(p[i] * a[-1])
    a[1] = x * 3
    return sum(b) * a[3]


@program(P, 0.8)
def rows_that_grow(p, x):
    rows = [[x, p[0]], [p[1], 1.0]]
    for r in rows:
        r.append(r[0] * r[1])
        r[0] = 2 * x
    return rows[0][2] * rows[1][2] * rows[0][0]


@program(P, 0.8)
def appended_and_changed(p, x):
    v = []
    for i in range(p.shape[0]):
        v.append(p[i] if p[i] > 0 else -x)
        if i == 1:
            continue
        v[i] *= x
    return v[0] * v[1] * v[2]


@program(P, 0.8)
def appended_in_inner_loops(p, x):
    out = []
    for i in range(p.shape[0]):
        for j in range(i + 1):
            if (i + j) % 2 == 0:
                out.append(p[i] * p[j] * x)
            else:
                out.append(x)
        if len(out) > 2:
            out.pop()
    s = 0.0
    for k, v in enumerate(out):
        s += v * k
    return s + out[0]


@program(P, 0.8)
def extended_and_sliced(p, x):
    v = [x]
    v.extend([p[0], p[1]])
    v = v + [x * x]
    w = v[1:]
    w[0] = 9 * x
    return v[1] * w[0] * len(w) + v[-1]


@program(P, 0.8)
def appended_until_return(p, x):
    v = []
    for i in range(p.shape[0]):
        v.append(p[i] * x)
        if v[-1] < 0:
            return v[0] * v[-1]
    return sum(v)


@program(P, 0.8)
def integers_and_numbers(p, x):
    v = [1, 2]
    for i in range(p.shape[0]):
        v.append(p[i])
    return v[0] / v[1] * v[2] * x


@program(P, 0.8)
def list_of_functions(p, x):
    fs = [np.sin, np.cos]
    fs.append(lambda z: z * z)
    h = x
    for f in fs:
        h = f(h)
    return h + p[0]


@program(P, 0.8)
def short_loop_that_breaks(p, x):
    v = []
    for i in range(5):
        v.append(x * i)
        if x * i > 1.0:
            break
    return sum(v)


@program(P, 0.8)
def appended_in_while(p, x):
    xs = [x]
    while xs[-1] < 5.0 and len(xs) < 40:
        xs.append(xs[-1] * 1.3 + p[2])
    return xs[-1] + xs[len(xs) // 2]


@program(P, 0.8)
def sum_with_a_start(p, x):
    return sum([v * v for v in p], x)


@program(P, 0.8)
def appended_to_no_zeros(p, x):
    v = [x] * (p.shape[0] - 3)
    for w in p:
        v.append(w * x)
    return v[0] * v[1] * v[2] * len(v)


@program(np.array([0.3, 0.5, -0.2]), 3)
def breadth_first(x, n):
    queue = [(x[0], 0)]
    s = 0.0
    while len(queue) > 0:
        v, depth = queue.pop(0)
        s = s * 0.9 + v
        if depth < n:
            queue.append((v * x[1], depth + 1))
            queue.insert(0, (v * x[2], depth + 1))
    return s


@program(np.array([0.3, 0.5, -0.2]), 5, tags="rows")
def rows_that_move_up(x, n):
    items = [x * 1.0]
    for i in range(n):
        items.append(items[i] * x + 0.1)
    v = items.pop(0)
    w = items.pop(1)
    del items[-1]
    return np.sum(v * w) + np.sum(items[0] * items[-1] * v)
