"""Names that stand for one array or another, and views of another shape, all of them written through."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program


@program(numbers(4), numbers(4, seed=1), True)
def one_array_or_another(a, b, c):
    v = a if c else b
    v[:] = a * b
    v[0] += v[1]
    return np.sum(a * a * a) + np.sum(b * b) + v[2]


@program(numbers(4), numbers(5, seed=1))
def arrays_in_turn(a, b):
    for i in range(4):
        v = a if i % 2 == 0 else b
        v[i] = a[i - 1] * b[i] + v[i - 2]
    return np.sum(a * a) + np.sum(b * b * b)


@program(numbers(6), 2)
def slices_of_different_form(x, k):
    y = x * x
    if k == 0:
        v = y[::2]
    elif k == 1:
        v = y[::-2]
    else:
        v = x[1::2]
    for i in range(len(v)):
        v[i] *= x[i]
    v[:] = v + y[3:]
    return np.sum(y * x) + np.sum(v * v)


@program(numbers(3, 4), numbers(4, 3, seed=2), True)
def rows_of_different_arrays(m, w, c):
    r = m[1] if c else w[:, 2]
    r[:] = r * r
    s = w[0] if c else m[0, 1:]
    s[1] = r[0] * 2.0
    return np.sum(m * m) + np.sum(w * w * w)


@program(numbers(6))
def swapped_while_views_are_held(x):
    a = x * 1.0
    b = np.zeros(6)
    va = a[1:4]
    vb = b[2:]
    cur, nxt = a, b
    for k in range(3):
        for i in range(1, 5):
            nxt[i] = cur[i - 1] * cur[i + 1] + va[k] * vb[k]
        va[0] *= 1.5
        cur, nxt = nxt, cur
    return np.sum(cur * cur) + np.sum(va) + np.sum(vb * vb)


def filled(v, x):
    v[0] = x
    v[1:] *= x
    return v[1:]


@program(numbers(4), numbers(5, seed=1), 3)
def helper_writes_one_or_another(a, b, k):
    t = np.zeros(4) + a[0]
    for i in range(k):
        if i == 0:
            v = a
        elif i == 1:
            v = b
        else:
            v = t
        w = filled(v, a[1] * b[2])
        w[0] += v[2]
    return np.sum(a * a) + np.sum(b) + np.sum(t * t)


@program(numbers(4), False)
def parameter_or_new_array(x, c):
    v = x if c else x * 2.0
    v[1] = x[0] * x[2]
    v += x
    return np.sum(v * v) + np.sum(x * x * x)


@program(numbers(3, 3), numbers(3, 3, seed=4))
def matrices_in_turn(a, b):
    for t in range(3):
        m = a if t != 1 else b.T
        m[t] = a[t - 1] @ b
        m[:, t] += 0.5
        m *= 0.7
    return np.sum(a * a) + np.sum(b * b * b)


@program(numbers(5))
def choices_of_choices(x):
    y = x * x
    z = x + 1.0
    s = 0.0
    for i in range(3):
        v = y if i == 0 else z
        for j in range(2):
            w = v if j == 0 else x
            w[i + j] = w[j] * v[i]
            u = w[1:]
            u[0] += v[2]
        s += np.sum(v * w)
    return s + np.sum(x * y * z)


@program(numbers(5))
def bound_again_by_the_data(x):
    y = x * x
    v = x
    for i in range(4):
        v[i] = v[i + 1] * y[i]
        v = y if x[i] > 0.0 else x
    v[0] = 2.0 * y[1]
    return np.sum(x * y)


@program(numbers(6))
def chosen_by_a_mask(x):
    y = x * x
    idx = np.array([0, 2, 2, 1])
    v = x if x[0] > 100 else y
    v[idx] = x[idx] * y[idx]
    v[v > 0.5] = 0.25
    v[idx] += 1.0
    v[v > 0.9] *= 2.0
    return np.sum(x * x * x) + np.sum(y * y)


@program(numbers(6))
def red_and_black(x):
    u, v = x[::2], x[1::2]
    for k in range(4):
        w = u if k % 2 == 0 else v
        o = v if k % 2 == 0 else u
        w[1:] = 0.5 * (o[:-1] + o[1:]) * w[1:]
    return np.sum(x * x)


@program(numbers(4), 3)
def buffers_and_their_old_names(x, k):
    a, b = np.empty(4), np.empty(4)
    a[:] = x
    src, dst = a, b
    while k > 0:
        for i in range(4):
            dst[i] = 0.5 * src[i] + src[i - 1] * src[i - 2]
        src, dst = dst, src
        k -= 1
    src[0] *= 2.0
    return np.sum(src * src) + np.sum(a * x) + np.sum(b * x)


@program(numbers(2, 3), 4)
def stores_by_flat(a, k):
    a.flat[k] = a[0, 0] * a[1, 1]
    a.T.flat[1] *= 3.0
    for i in range(6):
        a.flat[i] += a.flat[i - 1] * a[0, 1]
    return np.sum(a * a * a)


@program(numbers(2, 3), numbers(6))
def shapes_of_one_memory(a, x):
    v = a.reshape(6)
    v[2] = a[0, 1] * a[1, 0]
    w = np.reshape(a, (3, 2))
    w[1] *= 2.0
    w[:, 0] = w[:, 1] * v[:3]
    u = a.ravel()
    u[:] = u * x + v
    a[0] = x[:3]
    return np.sum(w * w) + np.sum(v * u * x) + np.sum(a)


@program(numbers(8), numbers(4, 6), 2)
def parts_reshaped(a, m, k):
    p = a[2:8].reshape(2, 3)
    p[1] = p[0] * a[:3]
    p.reshape(-1)[2] += a[7]
    t = m.reshape(2, 2, 6)
    t[1, :, k:] = t[0, :, k:] * a[0]
    f = t[1].reshape(3, 4)
    f[1] += m[0, :4]
    return np.sum(a * a) + np.sum(p * p * p) + np.sum(m * m)


@program(numbers(3, 4))
def ravelled_copies(a):
    v = a.T.ravel()
    v[0] = 5.0 * a[1, 1]
    w = a[:, 1:].ravel()
    w[1] = 7.0 * a[1, 1]
    z = a.flatten()
    z[2] = a[0, 1] ** 2
    a[0] *= 2.0
    return np.sum(a * a) + np.sum(v * v) + np.sum(w) + np.sum(z * z)


@program(numbers(1, 1), np.zeros((0, 3)), numbers(1))
def small_shapes(a, e, x):
    v = a.reshape(1)
    v[0] = x[0] * a[0, 0]
    w = x.reshape(1, 1)
    w[0, 0] *= a[0, 0]
    w.ravel()[0] += 1.0
    e.reshape(3, 0)[:] = 1.0
    e.ravel()[:] = 2.0
    return a[0, 0] + x[0] * a[0, 0] + np.sum(e)


@program(numbers(2, 3), True)
def ravelled_or_a_row(a, c):
    v = a.ravel() if c else a[1]
    v[2] = a[0, 0] * a[1, 1]
    v *= 2.0
    return np.sum(a * a * a)


@program(numbers(6))
def shifts(x):
    x[1:] = x[:-1]
    x[:-1] += x[1:] * x[0]
    x[::-1] = x * x
    x[2:] *= x[:-2]
    m = np.outer(x, x)
    m[1:, 1:] = m[:-1, :-1]
    m[:, :-1] += m[:, 1:]
    m[:3, :3] = m[:3, :3].T
    return np.sum(x * x) + np.sum(m * x)


@program(numbers(2, 2, 3), 1)
def reshaped_and_cut(a, k):
    s = a[k]
    if a[0, 0, 0] > 5.0:
        s = a[:, 1]
    s[1] = s[0] * a[0, 1]
    t = s.T
    t[2] *= 3.0
    r = a.reshape(4, 3)[1:3]
    r[0, :2] = t[0]
    return np.sum(a * a)


@program(numbers(4), True)
def counters_of_one_element(x, c):
    acc, other = np.zeros(1), np.zeros(1)
    now = acc if c else other
    for i in range(4):
        now[0] += x[i] * (acc[0] + 1.0)
        now, other = other, now
    return acc[0] * 2.0 + other[0] + now[0] * now[0]


@program(numbers(4), 0.3)
def one_element_in_a_loop(x, c):
    acc, s = np.zeros(1), 0.0
    for i in range(4):
        one = np.empty(1)
        one[0] = x[i] * 2.0
        if x[i] > c:
            one[0] = one[0] * one[0]
            acc[0] = acc[0] * x[i] + 1.0
        one[0] += np.sin(one[0])
        acc[0] += np.sin(acc[0])
        s += one[0] * one[0]
    return s + acc[0]


@program(numbers(6), 2)
def views_of_choices_carried(x, k):
    y = x * 2.0
    v = x
    w = y[1:]
    for i in range(3):
        w[i] = v[i] * 2.0
        t = v[1:] if i < k else w
        t[0] += 1.0
        w = t
        v = y if i % 2 else x
    w[0] = v[0]
    return np.sum(x * x * y)


@program(numbers(2, 5), 3)
def rows_and_a_buffer_in_turn(a, k):
    cur, nxt = a[0], a[1]
    tmp = np.zeros(5)
    for _ in range(k):
        for i in range(5):
            tmp[i] = cur[i] * cur[i - 1]
        nxt[:] = tmp + nxt
        tmp, cur, nxt = cur, nxt, tmp
    tmp[0] = 1.0
    return np.sum(a * a) + np.sum(cur) + np.sum(nxt * tmp)
