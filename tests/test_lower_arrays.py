"""Lowering, continued: joined arrays, reductions, new arrays, products, adjoints of atoms, refusals."""

from __future__ import annotations

import operator as op

import numpy as np
import pytest
from lowering import agree, empty, ints, lowered, m, one, rng, sq, v, w
from numba import njit, types
from test_lower import logical, parameter_written, slices_by_variable, store_slices, tree, view_of_view

from sourcead import primitives as p
from sourcead.emit import to_function, to_source
from sourcead.errors import Unsupported
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
    Var,
    operands,
    walk,
)
from sourcead.lower import lower

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


def two_names_in_a_loop(x):
    for i in range(3):
        t = x * i
        u, v = t, t[1:]
        if i == 1:
            u, v = x, x[:2]
        v[0] = 1.0
        x = x + u
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
        (two_names_in_a_loop, (v[:2],)),
    ],
)
def test_joined(f, args):
    agree(f, *args)


def test_two_names_for_one_array():
    def f(x):
        a, b, c = x * 1.0, x * 2.0, x * 3.0
        for i in range(3):
            if x[i] > 0.4:
                a = b
            b, c = x * x[i], b
            a[0] += x[i]
        return np.sum(a * b * c)

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
    def f(a):
        return np.sum(np.max(a, axis=1))

    assert to_function(lowered(f, m))(m) == f(m)


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
        a = np.diff(x, i[1])
        b = np.diff(x, i[0])
        return np.sum(a) + np.sum(b) + np.sum(i)

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
