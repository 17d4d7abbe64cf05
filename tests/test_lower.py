"""Lowering: the lowered program computes what the user's function computes, in Python and compiled."""

from __future__ import annotations

import numpy as np
import pytest
from lowering import agree, empty, ints, k3, lowered, m, one, q, rng, sq, v, w
from numba import njit

from sourcead.emit import to_function
from sourcead.ir import (
    Accum,
    Index,
    walk,
)

# ---- elementwise expressions and broadcasting -------------------------------------------------


def tree(x, y):
    return np.sum(x * y + 2.0 * np.sin(x) / (1.0 + y**2))


def broadcast_row(a, x):
    return np.sum(a * x + x)


def broadcast_column(a, x):
    return np.sum(a * x[:, None] - x.reshape(-1, 1))


def outer_product(x, y):
    return np.sum(x[:, None] * y[None, :] ** 2)


def named(x, y):
    d = x - y
    e = np.exp(-d * d)
    return np.sum(d * e) + e[0]


def scalar_array(x, s):
    return np.sum(s * x + s)


def where_safe(x):
    return np.sum(np.where(x > 0, np.log(np.abs(x)), 0.1 * x))


def where_scalar(x, s):
    return np.sum(np.where(s > 0.0, x, 2.0))


def clipped(x):
    return np.sum(np.clip(x, -0.5, 0.5) * x) + np.sum(np.maximum(x, 0.0) * np.minimum(x, 1.0))


def logical(x, y):
    mask = (x > 0) & (y > 0) | ~(x < y)
    return np.sum(np.where(mask, x, y)) + np.sum(mask)


def compare_count(x):
    return np.sum(x > 0.0) + np.mean(x > 0.0)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (tree, (v, w)),
        (tree, (v, one)),
        (tree, (one, v)),
        (tree, (empty, empty)),
        (tree, (empty, one)),
        (tree, (m, q)),
        (tree, (m, v)),
        (tree, (m, m[:, :1].copy())),
        (tree, (m[:1].copy(), m)),
        (tree, (m, m[:1, :1].copy())),
        (tree, (k3, k3[0])),
        (tree, (v.astype(np.float32), w.astype(np.float32))),
        (tree, (m[:, ::2], q[:, 1:4])),
        (tree, (m.T, m.T)),
        (broadcast_row, (m, v)),
        (broadcast_column, (m, m[:, 0].copy())),
        (outer_product, (v, ints.astype(float))),
        (named, (v, w)),
        (named, (v, one)),
        (scalar_array, (v, 2.0)),
        (scalar_array, (v, 3)),
        (where_safe, (v,)),
        (where_safe, (np.array([0.0, 1.0]),)),
        (where_scalar, (v, 1.0)),
        (where_scalar, (v, -1.0)),
        (clipped, (v,)),
        (logical, (v, w)),
        (compare_count, (v,)),
    ],
)
def test_elementwise(f, args):
    agree(f, *args)


def test_shapes_that_do_not_fit():
    for a, b in ((v, v[:3].copy()), (m, v[:4].copy())):
        g = to_function(lowered(tree, a, b))
        with pytest.raises(ValueError):
            g(a, b)
        with pytest.raises(ValueError):
            njit(g)(a, b)


# ---- views ---------------------------------------------------------------------------------------


def slices(x):
    return np.sum(x[1:] * x[:-1]) + np.sum(x[::2]) + np.sum(x[::-1] * x) + np.sum(x[-3:]) + np.sum(x[1:-1] ** 2)


def slices_out_of_range(x):
    return (
        np.sum(x[2:100]) + np.sum(x[100:]) + np.sum(x[-100:2]) + np.sum(x[3:1]) + np.sum(x[:-100]) + np.sum(x[4:0:-2])
    )


def slices_by_variable(x, a, b, c):
    return np.sum(x[a:b]) + np.sum(x[a:]) + np.sum(x[:b]) + np.sum(x[a:b:c]) + np.sum(x[::c]) + np.sum(x[b:a:-1])


def windows(x, k):
    s = 0.0
    for i in range(len(x) - len(k) + 1):
        s += np.sum(x[i : i + len(k)] * k) ** 2
    return s


def stencil(u):
    lap = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
    return np.sum(lap**2)


def view_of_view(a):
    b = a[1:, ::2].T
    c = b[1:][:, ::-1]
    return np.sum(c * c) + c[0, 0] + c[-1, -1]


def rows_and_columns(a):
    s = 0.0
    for i in range(a.shape[0]):
        row = a[i]
        s += np.sum(row * a[-1]) + row[-1] + row[1:][0]
    return s + np.sum(a[:, 1]) + np.sum(a[:, -1] * a[0, 0])


def new_axes(x):
    y = np.expand_dims(x, 0) + x[:, np.newaxis]
    return np.sum(y**2) + np.sum(np.expand_dims(x * 2.0, 1) * y)


def ellipsis(a):
    return np.sum(a[..., 0] * 2.0) + np.sum(a[0, ..., 1]) + np.sum(a[...])


def permutations(a):
    b = np.transpose(a, (2, 0, 1))
    return np.sum(b[1] * b[0]) + b[0, 1, 2] + np.sum(np.swapaxes(a, 0, 2)[3])


def flips(a):
    return np.sum(np.flip(a) * a) + np.sum(np.fliplr(a)[0] * a[0]) + np.sum(np.flipud(a)[0])


def reshapes(x):
    a = x[:4].reshape(2, 2)
    b = x.reshape(-1)
    c = np.reshape(x, (1, -1))
    return np.sum(a * a.T) + np.sum(b**2) + np.sum(c * 3.0)


def reshape_matrix(a):
    return np.sum(a.reshape(2, 10)[1] ** 2) + np.sum(a.ravel()[::3]) + np.sum(a.flatten() * 2.0) + a.reshape(-1)[7]


def unpack(z):
    w1 = z[0:6].reshape(2, 3)
    b1 = z[6:8]
    h = np.tanh(w1 @ z[8:11] + b1)
    return np.sum(h * h)


def gathers(x, i):
    return np.sum(x[i] ** 2) + np.sum(x[i][1:])


def gather_rows(a, i):
    return np.sum(a[i] * 2.0) + np.sum(a[:, i] ** 2)


def element_of_expression(x, y):
    return (x * y)[1] + (x + y)[1:][0] + (x - y)[-1]


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (slices, (v,)),
        (slices, (one,)),
        (slices, (empty,)),
        (slices_out_of_range, (v,)),
        (slices_out_of_range, (one,)),
        (slices_by_variable, (v, 1, 4, 2)),
        (slices_by_variable, (v, -3, -1, 2)),
        (slices_by_variable, (v, 3, 1, -1)),
        (slices_by_variable, (v, -10, 10, -2)),
        (slices_by_variable, (v, 10, -10, 3)),
        (windows, (v, np.array([1.0, -2.0, 0.5]))),
        (stencil, (sq,)),
        (stencil, (np.ones((1, 2)),)),
        (view_of_view, (m,)),
        (rows_and_columns, (m,)),
        (rows_and_columns, (m.T,)),
        (new_axes, (v,)),
        (ellipsis, (k3,)),
        (permutations, (k3,)),
        (flips, (m,)),
        (reshapes, (v,)),
        (reshape_matrix, (m,)),
        (unpack, (rng.normal(size=11),)),
        (gathers, (v, ints)),
        (gathers, (v, -1 - ints)),
        (gather_rows, (sq, ints)),
        (element_of_expression, (v, w)),
        (element_of_expression, (v, one)),
    ],
)
def test_views(f, args):
    agree(f, *args)


# ---- stores ------------------------------------------------------------------------------------------


def store_slices(x):
    a = np.zeros(5)
    a[1:] = x[1:] * 2.0
    a[:2] = 7.0
    a[::2] += x[::2]
    a[:] *= 3.0
    a -= x
    a[-1] += 1.0
    a /= 2.0
    return np.sum(a * a)


def store_overlap(x):
    a = x.copy()
    a[1:] = a[1:] * a[:-1]
    a[:] = a[::-1]
    a[:-1] += a[1:]
    a[:] = a[0:1] * a
    return np.sum(a * np.arange(5.0))


def store_rows(x):
    h = np.zeros((3, 5))
    h[0] = x
    for t in range(1, 3):
        h[t] = np.sin(h[t - 1]) + x
        h[t] *= 2.0
        h[t, 0] = 1.0
        h[t, 1:] += h[t - 1, :-1]
    h[:, 2] = 4.0
    return np.sum(h**2)


def store_broadcast(a, x):
    b = np.ones_like(a)
    b[:] = x
    b += x
    b[1] = 0.5
    b *= a
    return np.sum(b)


def store_masked(a):
    b = a.copy()
    b[b < 0] = 0.5
    b[a > 1.0] = a[0, 0]
    c = b[0]
    c[1:][c[:-1] > 0.5] = 3.0
    return np.sum(b * a)


def write_through_view(a):
    b = a.copy()
    c = b.T
    c[0] = 1.0
    row = b[1]
    row += b[0] * 2.0
    row[0] *= 3.0
    d = c[1:, ::2]
    d[0, 0] = 9.0
    return np.sum(b * a)


def parameter_written(x, s):
    x[0] = s
    x *= 2.0
    return np.sum(x)


def alias(x):
    a = x * 2.0
    b = a
    b[0] = 5.0
    a += 1.0
    return np.sum(b) + a[1]


def updates(a, x):
    b = a.copy()
    for i in range(4):
        for j in range(5):
            b[i, j] += x[j] * b[i, j]
            b[i, j] -= 0.5
            b[i, -1] += b[i, j]
    return np.sum(b)


def in_loop(x, n):
    s = 0.0
    a = np.zeros(len(x))
    for k in range(n):
        a += x * k
        s += a[0]
        if k > 1:
            a[1] = s
    return s + np.sum(a)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (store_slices, (v,)),
        (store_overlap, (v,)),
        (store_rows, (v,)),
        (store_broadcast, (m, v)),
        (store_broadcast, (m, one)),
        (store_masked, (m,)),
        (write_through_view, (m,)),
        (parameter_written, (v, 3.0)),
        (parameter_written, (m[0], 3.0)),
        (alias, (v,)),
        (updates, (m, v)),
        (in_loop, (v, 4)),
        (in_loop, (v, 0)),
    ],
)
def test_stores(f, args):
    agree(f, *args)


def test_updates_are_accumulations():
    g = lowered(updates, m, v)
    assert sum(isinstance(s, Accum) and isinstance(s.target, Index) for s in walk(g.body)) == 3


def test_store_of_the_wrong_length():
    def f(x, y):
        a = x.copy()
        a[:] = y
        return np.sum(a)

    agree(f, v, one)
    g = to_function(lowered(f, v, w))
    with pytest.raises(ValueError):
        g(v, w[:2].copy())
    with pytest.raises(ValueError):
        g(one, w)


def test_overlapping_arguments():
    def f(x, y):
        x[0] = 2.0
        return np.sum(x * y)

    agree(f, v, w)
    g = to_function(lowered(f, v, v))
    for h in (g, njit(g)):
        with pytest.raises(ValueError, match="overlap"):
            h(v, v)
        with pytest.raises(ValueError, match="overlap"):
            h(v[1:], v[:-1])
        h(v[:2], v[2:4])
