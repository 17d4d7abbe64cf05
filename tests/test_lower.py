"""Lowering: the lowered program computes what the user's function computes, in Python and compiled."""

from __future__ import annotations

import operator as op

import numpy as np
import pytest
from numba import njit, typeof, types

from sourcead import primitives as p
from sourcead.emit import to_function, to_source
from sourcead.errors import Unsupported
from sourcead.frontend import parse
from sourcead.infer import infer
from sourcead.ir import (
    Accum,
    Assign,
    Call,
    Const,
    For,
    Function,
    If,
    Index,
    Move,
    Return,
    Slice,
    Var,
    operands,
    variables,
    walk,
)
from sourcead.lower import lower
from sourcead.ssa import ssa


def lowered(f, *args) -> Function:
    return lower(infer(ssa(parse(f)), tuple(typeof(a) for a in args)))


def fresh(args):
    return [a.copy(order="K") if isinstance(a, np.ndarray) else a for a in args]


def check_form(f: Function) -> None:
    """What lowering promises: no views, no array expressions, one definition a name."""
    defined: set[str] = set()
    array = {n for n, t in f.types.items() if isinstance(t, types.Array)}
    for s in walk(f.body):
        if isinstance(s, Assign) and isinstance(s.target, Var):
            assert s.target.name not in defined, f"{s.target.name} is defined twice"
            defined.add(s.target.name)
            if s.target.name in array:
                assert isinstance(s.value, Call), "an array is an allocation or the result of a call"
                assert s.value.fn.__name__ in ("empty", "zeros", "ones", "dot", "stretch")
        if isinstance(s, (Assign, Accum)) and isinstance(s.target, Index):
            assert len(s.target.index) == f.types[s.target.array.name].ndim
            assert not isinstance(s.value, Call)
        for e in operands(s):
            assert not isinstance(e, Slice)
        for n in variables(*operands(s)):
            assert n in f.types or n in f.constants, f"{n} has no type"


def agree(f, *args, compile_: bool = False):
    g = lowered(f, *args)
    check_form(g)
    want = f(*fresh(args))
    mine = fresh(args)
    python = to_function(g)
    np.testing.assert_allclose(python(*mine), want, rtol=1e-6 if "float32" in str(typeof(args)) else 1e-12)
    for a, b in zip(mine, args, strict=True):
        np.testing.assert_array_equal(a, b)  # the caller's arrays are never changed
    if compile_:
        np.testing.assert_allclose(njit(python)(*mine), want, rtol=1e-5 if "float32" in str(typeof(args)) else 1e-12)
    again = lower(g)
    check_form(again)
    np.testing.assert_allclose(to_function(again)(*mine), want, rtol=1e-6 if "float32" in str(typeof(args)) else 1e-12)
    return g


rng = np.random.default_rng(0)
v, w, m, q = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
sq, k3, ints = rng.normal(size=(4, 4)), rng.normal(size=(2, 3, 4)), np.array([3, 0, 2, 2])
one, empty = np.array([1.5]), np.zeros(0)


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


# ---- joined arrays --------------------------------------------------------------------------------------


def swap(x, n):
    u = x.copy()
    z = np.zeros_like(x)
    for _ in range(n):
        for i in range(1, len(x) - 1):
            z[i] = 0.5 * (u[i - 1] + u[i + 1])
        u, z = z, u
    return np.sum(u * u)


def rebound(x, n):
    y = x
    for k in range(n):
        y = np.sin(y) + k
    return np.sum(y * x)


def chosen(x, c):
    if c > 0:
        y = x * 2.0
    else:
        y = x
    return np.sum(y * x)


def chosen_copy(x, y, c):
    if c > 0:
        z = x
    else:
        z = y
    s = 0.0
    for i in range(len(z)):
        s += z[i] * x[i]
    return s


def recurrent(xs, u, b):
    h = np.zeros(len(b))
    s = 0.0
    for t in range(xs.shape[0]):
        h = np.tanh(u @ h + xs[t, 0] + b)
        s += np.sum(h)
    return s + h[0]


def shrinking(x):
    while len(x) > 1:
        x = x[: len(x) // 2] + x[len(x) // 2 : 2 * (len(x) // 2)]
    return x[0]


def best_row(a):
    best = a[0]
    for i in range(1, a.shape[0]):
        if np.sum(a[i]) > np.sum(best):
            best = a[i]
    return np.sum(best**2)


def power_method(a, n):
    x = np.ones(a.shape[0])
    for _ in range(n):
        y = a @ x
        x = y / np.sqrt(np.sum(y * y))
    return x @ (a @ x)


def newton(x):
    d = np.ones_like(x)
    while np.max(np.abs(d)) > 1e-8:
        d = (x * x - 2.0) / (2.0 * x)
        x = x - d
    return np.sum(x)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (swap, (v, 3)),
        (swap, (v, 0)),
        (rebound, (v, 3)),
        (rebound, (v, 0)),
        (chosen, (v, 1.0)),
        (chosen, (v, -1.0)),
        (chosen_copy, (v, w, 1.0)),
        (chosen_copy, (v, w, -1.0)),
        (recurrent, (m, sq, v[:4].copy())),
        (shrinking, (v,)),
        (shrinking, (rng.normal(size=16),)),
        (best_row, (m,)),
        (power_method, (sq + sq.T, 4)),
        (newton, (np.abs(v) + 1.0,)),
    ],
)
def test_joined(f, args):
    agree(f, *args)


def test_two_names_for_one_array():
    def f(x):
        a = x * 2.0
        b = a
        for i in range(3):
            b[0] = 1.0
            b = b * 2.0
        return np.sum(a) + np.sum(b)

    with pytest.raises(Unsupported, match="two names for one array"):
        lowered(f, v)


# ---- reductions ---------------------------------------------------------------------------------------------


def reductions(a):
    return (
        np.sum(a) + np.prod(a) + np.mean(a) + np.var(a) + np.std(a) + a.max() - a.min()
        + np.argmax(a) + a.argmin() + np.any(a > 1.0) + np.all(a > -10.0)
    )  # fmt: skip


def over_rows(a):
    s = np.sum(a, axis=0) * np.arange(a.shape[1])
    return np.sum(s) + np.sum(a.sum(axis=0) ** 2) + np.sum(np.sum(a * a, axis=-1))


def over_axes(a):
    r = np.sum(np.argmax(a[0])) + 0.0
    for i in range(a.shape[0]):
        r += np.max(a[i]) * np.min(a[i] * 2.0)
    return r


def running(a):
    c = np.cumsum(a)
    return np.sum(c * c) + np.sum(np.cumprod(a)[1:])


def builtins_(x):
    return sum(x) + max(x) * min(x) + max(x[0], x[1]) + abs(x[0])


def norms(x, a):
    return np.linalg.norm(x) + np.linalg.norm(a) + np.linalg.norm(0.0 * x)


def softmax_loss(z):
    e = np.exp(z - np.max(z))
    y = e / np.sum(e)
    return -np.log(y[1]) + np.sum(y * np.log(y))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (reductions, (v,)),
        (reductions, (m,)),
        (reductions, (v.astype(np.float32),)),
        (over_rows, (m,)),
        (over_rows, (m.T,)),
        (over_axes, (m,)),
        (running, (v,)),
        (running, (m,)),
        (builtins_, (v,)),
        (norms, (v, m)),
        (softmax_loss, (v,)),
    ],
)
def test_reductions(f, args):
    agree(f, *args)


def test_keepdims_and_tuples_of_axes():
    """Numba does not type these, so they are lowered from a program typed by hand."""

    def f(a):
        return np.sum(np.max(a, axis=1))

    with pytest.raises(Unsupported):
        lowered(f, m)


def test_extrema_of_nan_and_nothing():
    def f(x):
        return np.max(x) + np.min(x)

    g = to_function(lowered(f, v))
    assert np.isnan(g(np.array([1.0, np.nan, 2.0])))
    for h in (g, njit(g)):
        with pytest.raises(ValueError):
            h(empty)

    def first(x):
        return np.argmax(x)

    assert to_function(lowered(first, v))(np.array([1.0, np.nan, 2.0, np.nan])) == 1
    assert to_function(lowered(first, v))(np.array([1.0, 3.0, 3.0])) == 1


# ---- new arrays, and arrays put together -------------------------------------------------------------------


def creation(n, x):
    a = np.full(n, 2.0) + np.ones(n) * np.arange(n) + np.zeros(n)
    b = np.arange(1.0, 3.0, 0.5)
    c = np.linspace(0.0, 1.0, n) + np.arange(2, 2 + n)
    d = np.eye(n) + np.identity(n) * x[0]
    e = np.array([x[0], x[1] ** 2, 1.0])
    f = np.array([[x[0], 1.0], [x[1], x[2]]])
    g = np.full_like(x, 3.0) + np.ones_like(x) + np.empty_like(x) * 0.0
    h = np.zeros((n, n)) + d
    i = np.asarray(x) * np.float64(2.0) + np.array(x)
    return (
        np.sum(a * a) + np.sum(b) + np.sum(c * c) + np.sum(d * d) + np.sum(e) + np.sum(f**2) + np.sum(g)
        + np.sum(h[1]) + np.sum(i) + np.sum(x.astype(np.float32)) + np.sum(np.ascontiguousarray(x))
    )  # fmt: skip


def joining(x, y):
    a = np.concatenate((x, y, np.zeros(2)))
    b = np.stack((x, y)) * 2.0
    c = np.hstack((x, y[1:])) ** 2
    d = np.vstack((x, y, x * y))
    e = np.append(x, 3.0)
    return np.sum(a * a) + np.sum(b[1] * x) + np.sum(c) + np.sum(d @ x) + np.sum(e)


def rearranging(x, a):
    r = np.repeat(x, 3)
    o = np.roll(x, 2) * x + np.roll(x, -1)
    d = np.diag(x) + np.diag(x[1:], 1)[:5, :5] if False else np.diag(x)
    t = np.trace(a) + np.sum(np.diag(a) ** 2)
    k = np.kron(a, a)
    u = np.outer(x, x)
    return np.sum(r * r) + np.sum(o) + np.sum(d @ x) + t + np.sum(k * k) + np.sum(u * u) + np.sum(np.diff(x) ** 2)


def triangles(a):
    return np.sum(np.tril(a) * 2.0) + np.sum(np.triu(a, 1) ** 2)


def queries(a):
    n, k = a.shape
    s = a.size + len(a) + a.shape[1]
    b = np.zeros(a.shape)
    c = np.zeros((n, k), dtype=a.dtype)
    d = np.zeros(a.shape[0])
    return s * np.sum(a) + np.sum(b + c) + np.sum(d) + n * k


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (creation, (5, v)),
        (joining, (v, w)),
        (rearranging, (v, sq)),
        (triangles, (sq,)),
        (queries, (m,)),
    ],
)
def test_creation(f, args):
    agree(f, *args)


# ---- products -------------------------------------------------------------------------------------------------


def products(a, x, y):
    return (
        np.sum(a @ x) + np.sum(y @ a) + x @ x + np.sum(np.dot(a, a.T)) + np.sum(a.T @ a) + np.dot(a[0], x)
        + np.sum(a[:, 1] @ a) + np.sum((a * 2.0) @ (x + 1.0)) + np.sum(a[1:] @ x) + np.vdot(x, x)
    )  # fmt: skip


def network(x, w1, b1, w2, b2):
    h = x @ w1 + b1
    h = np.where(h > 0, h, 0.01 * h)
    z = h @ w2 + b2
    z = z - np.max(z)
    return np.log(np.sum(np.exp(z))) - z[1]


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (products, (m, v, v[:4].copy())),
        (products, (np.asfortranarray(m), v, v[:4].copy())),
        (network, (v, rng.normal(size=(5, 4)), v[:4].copy(), rng.normal(size=(4, 3)), v[:3].copy())),
        (network, (v, rng.normal(size=(5, 4)), one, rng.normal(size=(4, 3)), one)),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_products(f, args):
    agree(f, *args)


def test_atoms_take_rows_and_transposes_in_place():
    def f(a, x):
        return np.sum(a.T @ x) + np.dot(a[1], a[0])

    g = lowered(f, sq, v[:4].copy())
    allocations = [
        s for s in walk(g.body) if isinstance(s, Assign) and isinstance(s.value, Call) and s.value.fn is np.empty
    ]
    assert not allocations


# ---- array-valued adjoints of atoms ---------------------------------------------------------------------------


def adjoint_program(*statements) -> Function:
    """`statements` between the allocation of the adjoints of a matrix, a vector and a cube, and their return."""
    array = {n: types.Array(types.float64, k, "C") for n, k in {"a": 2, "b": 2, "x": 1, "y": 1, "c": 3}.items()}
    bars = {"a_bar": array["a"], "x_bar": array["x"], "c_bar": array["c"]}
    body = []
    for n in bars:
        shape = tuple(Call(p.shape, (Var(n[0]), Const(k))) for k in range(array[n[0]].ndim))
        body.append(Assign(None, Var(n), Call(np.zeros, (Call(p.pack, shape), Const(np.float64)))))
    known = {**array, **bars, "s": types.float64, "t": types.int64}
    end = Return(None, tuple(Var(n) for n in bars))
    return Function("f", ("a", "b", "x", "y", "c", "s", "t"), (*body, *statements, end), known)


T, OUTER, DOT = np.transpose, np.outer, np.dot
a_bar, x_bar, c_bar = Var("a_bar"), Var("x_bar"), Var("c_bar")
A, B, X, Y, S, t = (Var(n) for n in "abxyst")
row, cube_row = Index(a_bar, (t,)), Index(c_bar, (t, Const(1)))


@pytest.mark.parametrize(
    "statement",
    [
        Accum(None, a_bar, B),
        Accum(None, row, X),
        Accum(None, cube_row, Index(A, (t,))),
        Accum(None, a_bar, Call(OUTER, (X, Y))),
        Accum(None, a_bar, Call(OUTER, (Index(B, (t,)), Y))),
        Accum(None, x_bar, Call(op.mul, (S, Y))),
        Accum(None, row, Call(op.mul, (S, Index(B, (t,))))),
        Accum(None, a_bar, Call(op.neg, (B,))),
        Accum(None, a_bar, Call(T, (B,))),
        Accum(None, a_bar, Call(DOT, (B, Call(T, (A,))))),
        Accum(None, x_bar, Call(DOT, (Call(T, (A,)), Index(B, (t,))))),
        Accum(None, row, Call(DOT, (Call(T, (A,)), X))),
        Accum(None, a_bar, Call(op.add, (Call(OUTER, (X, Y)), B))),
        Assign(None, a_bar, Call(OUTER, (X, Y))),
        Assign(None, x_bar, Call(op.mul, (S, Y))),
        Assign(None, row, X),
    ],
    ids=lambda s: repr(s.value)[:60],
)
def test_adjoints_of_atoms(statement):
    f = adjoint_program(statement)
    g = lower(f, adjoint=True)
    args = [rng.normal(size=n) for n in ((3, 3), (3, 3), 3, 3, (3, 2, 3))] + [2.5, 1]
    for got, want in zip(to_function(g)(*args), to_function(f)(*args), strict=True):
        np.testing.assert_allclose(got, want)
    for s in walk(g.body):
        if isinstance(s, (Assign, Accum)) and isinstance(s.target, Index):
            assert len(s.target.index) == f.types[s.target.array.name].ndim
        assert not any(isinstance(e, Call) and e.fn is OUTER for e in operands(s))
    again = lower(g, adjoint=True)
    assert to_source(again) == to_source(g)


def test_outer_products_need_no_temporary():
    g = lower(adjoint_program(Accum(None, a_bar, Call(OUTER, (X, Y)))), adjoint=True)
    assert (
        len([s for s in walk(g.body) if isinstance(s, Assign) and isinstance(s.value, Call) and s.value.fn is np.empty])
        == 0
    )


# ---- compiled ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (tree, (m, v)),
        (tree, (v.astype(np.float32), w.astype(np.float32))),
        (logical, (v, w)),
        (slices_by_variable, (v, -3, -1, 2)),
        (view_of_view, (m,)),
        (store_slices, (v,)),
        (parameter_written, (m[0], 3.0)),
        (swap, (v, 3)),
        (shrinking, (v,)),
        (best_row, (m.T,)),
        (reductions, (m,)),
        (creation, (5, v)),
        (rearranging, (v, sq)),
        (products, (m, v, v[:4].copy())),
    ],
)
def test_compiled(f, args):
    agree(f, *args, compile_=True)


# ---- refusals ----------------------------------------------------------------------------------------------------


def test_findings_are_reported_together():
    def f(x, i):
        a = x[x > 0]
        b = x.copy()
        b[i] = 2.0
        return np.sum(a) + np.sum(b)

    with pytest.raises(Unsupported) as e:
        lowered(f, v, ints)
    assert len(e.value.findings) == 2


table = np.ones(3)


def test_global_arrays():
    def f(x):
        return np.sum(table * x[:3])

    agree(f, v)

    def g(x):
        table[0] = x[0]
        return np.sum(table)

    with pytest.raises(Unsupported):
        lowered(g, v)


def test_moves_bind_no_views():
    g = lowered(best_row, m)
    for s in walk(g.body):
        if isinstance(s, Move):
            assert all(not isinstance(x, Index) for x in s.sources)


def filled_in_a_loop(x, w, n):
    a = np.zeros(len(x))
    b = np.zeros((n, len(x)))
    row = b[0]
    s = 0.0
    for k in range(n):
        a[0] = k + x[0]
        row += a
        s += np.sum(a * w) + np.sum(b * w)
    return s


@pytest.mark.parametrize("x", [v, one])
def test_stretched_arrays_are_not_stale(x):
    agree(filled_in_a_loop, x, v, 3)


def test_shapes_are_compared_before_loops():
    def f(x, w, n):
        s = 0.0
        for k in range(n):
            if k > 1:
                s += np.sum(x * w) * k
            s += np.sum(x[1:] * w[1:])
        return s

    g = lowered(f, v, w, 3)
    (loop,) = (s for s in g.body if isinstance(s, For))
    assert not any(isinstance(e, Call) and e.fn is max for s in walk(loop.body) for e in operands(s))
    branch = next(s for s in loop.body if isinstance(s, If))
    assert any(isinstance(e, Call) and e.fn is p.broadcast_extent for s in walk(branch.then) for e in operands(s))
    agree(f, v, w, 3)
