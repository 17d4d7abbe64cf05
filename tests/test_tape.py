"""The tape engine against differences, against NumPy's own semantics of writes and views, and its refusals."""

from __future__ import annotations

import collections
import gc
import math
import operator as op
import time

import numpy as np
import pytest
from numba import njit

from sourcead import tape
from sourcead.errors import RuleMissing, Unsupported
from sourcead.rules import RULES, Fixed

rng = np.random.default_rng(5)
A, B, C = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(3, 4))
V, W = rng.normal(size=4), rng.normal(size=4)
S = A.T @ A + 4 * np.eye(4)


def along(f, args, dots, h=2e-3):
    def at(t):
        return f(*(x + t * d for x, d in zip(args, dots, strict=True)))

    return sum(w * (at(k * h) - at(-k * h)) for k, w in ((1, 45), (2, -9), (3, 1))) / (60 * h)


def check(f, *args, rtol=1e-7):
    """All gradients of `f` against differences; the arguments are left alone; the value is the function's."""
    before = [np.copy(a) for a in args]
    value, grads = tape.value_and_grad(f, argnums=tuple(range(len(args))))(*args)
    assert all(np.array_equal(a, b) for a, b in zip(args, before, strict=True))
    assert value == pytest.approx(float(f(*(np.copy(a) if np.ndim(a) else a for a in args))), rel=1e-12)
    dots = [np.random.default_rng(1).normal(size=np.shape(a)) for a in args]
    got = 0.0
    for g, a, d in zip(grads, args, dots, strict=True):
        assert type(g) is type(a)
        assert np.shape(g) == np.shape(a)
        got += np.sum(g * d)
    want = along(lambda *x: f(*(np.array(v) if np.ndim(v) else float(v) for v in x)), args, dots)
    assert got == pytest.approx(want, rel=rtol, abs=1e-9)


# ---- every rule, through the tape -------------------------------------------------------------------------


TAPED = [r for r in RULES.values() if r.samples and (isinstance(r.fn, np.ufunc) or r.kind != "elementwise")]
FREE = object()  # stands for an argument that is differentiated
NOT_BY_NAME = {np.array, np.asarray, np.ascontiguousarray}  # NumPy does not tell us about these


@pytest.mark.parametrize("rule", TAPED, ids=lambda r: r.fn.__name__)
def test_rules(rule):
    if rule.fn in NOT_BY_NAME:
        pytest.skip("not dispatched by NumPy")
    local = np.random.default_rng(3)
    free, slots = [], []
    for s in rule.samples:
        if isinstance(s, Fixed):
            slots.append(s.values[0])
            continue
        slots.append(FREE)
        if callable(s):
            free.append(s(local))
            continue
        shape = s if isinstance(s[0], int) else (3,)
        free.append(local.normal(size=shape) if isinstance(s[0], int) else local.uniform(*s, size=shape))
    results = call(rule.fn, slots, free)
    if not rule.results:
        results = (results,)
    used = 1 if rule.fn is np.linalg.lstsq else len(results)
    weights = [local.normal(size=np.shape(y)) for y in results[:used]]

    def f(*x):
        found = call(rule.fn, slots, x)
        return sum(np.sum(w * y) for w, y in zip(weights, found if rule.results else (found,), strict=False))

    check(f, *free, rtol=1e-6)


def call(fn, slots, free):
    rest = iter(free)
    return fn(*(next(rest) if s is FREE else s for s in slots))


SMOOTH = {
    "operators": lambda x, y: np.sum(-((x * y - x / (y * y + 2.0)) ** 2) + 2.0**y - 1.0 / (x * x + 1.0) + (+x) % 7.0),
    "reflected": lambda x, y: np.sum(C[:, 0] - x[:3] + C[:, 1] * y[:3] + C[:, 2] / (3.0 + x[:3] ** 2)),
    "broadcast": lambda x, y: np.sum((x[:, None] - y) ** 3 / (1.0 + y[None, :] ** 2)),
    "shared": lambda x, y: np.sum((z := x * y) * z + z),
    "methods": lambda x, y: x.sum() * y.mean() + x.dot(y) + x.reshape(2, 2).T.ravel()[1] * y.copy().max() + x.std(),
    "axes": lambda x, y: np.sum(np.exp(np.sum(x.reshape(2, 2), axis=0)) * np.max(y.reshape(2, 2), axis=1)),
    "where": lambda x, y: np.sum(np.where(x > y, x * y, x - y)),
    "clip": lambda x, y: np.sum(np.clip(x * y, -0.3, 0.4) * x) + np.sum(np.clip(y, None, 0.1) ** 2),
    "power": lambda x, y: np.sum(x**2 + x**3 * y**1 + (x * x + 1.0) ** y + abs(x) ** 1.5),
    "stack": lambda x, y: np.sum(np.concatenate((x, y * y))[2:6] * np.stack([x, y], axis=1)[:, 1]),
    "stacks": lambda x, y: np.sum(np.vstack((x, y)) @ B * 0.5) + np.sum(np.hstack((x, 2.0, y)) ** 2),
    "like": lambda x, y: np.sum(np.array([[x[0], y[1]], [1.0, x[2]]], like=x) ** 3),
    "index": lambda x, y: np.sum(x[[0, 0, 3]] * y[np.array([1, 1, 2])]) + x[-1] * y[1:][0] + np.sum(x[x > 0.0] ** 2),
    "matrices": lambda x, y: (
        np.sum((A @ x) * (C @ y)) + x @ S @ y + np.sum(np.outer(x, y) @ B) + np.trace(np.outer(x, y))
    ),
    "solve": lambda x, y: np.sum(np.linalg.solve(S + np.outer(x, x), y)) + np.linalg.norm(x - y),
    "determinant": lambda x, y: np.linalg.det(S + np.outer(x, y)) + np.sum(np.linalg.inv(S + np.diag(x * x)) * y),
    "cholesky": lambda x, y: np.sum(np.linalg.cholesky(S + np.outer(x, x) + np.diag(y * y)) * (A.T @ A)),
    "eigenvectors": lambda x, y: (
        np.sum((e := np.linalg.eigh(S @ S.T + np.outer(x, x)))[0] ** 2 * y) + np.sum(e[1][:, 0] ** 3)
    ),
    "factors": lambda x, y: (
        np.sum(np.linalg.qr(S + np.outer(x, y))[1] ** 2 * A.T[:, :1])
        + np.sum(np.linalg.svd(S + np.outer(x, y), False)[0] ** 3)
        + np.linalg.slogdet(S + np.outer(x, y))[1]
        + np.sum(np.linalg.matrix_power(S + np.outer(x, x), 3) * y)
    ),
    "iteration": lambda x, y: sum(a * b * b for a, b in zip(x, y, strict=True)) * len(x),
    "builtin": lambda x, y: max(x[0], y[0]) * min(x[1], 0.5) + abs(y[2]) + max(x),
    "ternary": lambda x, y: (x[0] ** 2 if x[0] > y[0] else y[0] ** 3) + (x[1] if not x[1] == y[1] else 0.0),
    "tied": lambda x, y: np.sum(np.tile(1.0, 4) * np.sort(x) * y) + np.prod(y) + np.var(x * y),
    "reduce": lambda x, y: np.add.reduce(x * y) + np.maximum.reduce(x) * np.multiply.reduce(y),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_programs(name):
    check(SMOOTH[name], V, W)


# ---- writes, aliases, views: as NumPy means them -------------------------------------------------------------


def element_writes(x, y):
    z = np.zeros_like(x)
    for i in range(4):
        z[i] = x[i] * y[3 - i]
        z[i] += z[i - 1] ** 2
    z[1:3] = y[:2] * z[2:]
    z[0] = 3.0
    return np.sum(z * x)


def writes_into_argument(x, y):
    x[0] = y[1] * x[1]
    x *= y
    return np.sum(x * x)


def second_name(x, y):
    z = x * 1.0
    w = z
    w += y
    z[2] = z[0] * z[1]
    return np.sum(z * w)


def numbers_are_rebound(x, y):
    s = x[0]
    t = s
    s += y[0]
    s *= t
    return s * t + x[0]


def view_is_written(x, y):
    z = np.zeros((2, 2), like=x)
    row = z[1]
    row[0] = x[0] * y[0]
    row += y[2:] * 2.0
    z[0][1] = x[3]
    return np.sum(z**2 * x.reshape(2, 2)) + row[0] * z[1, 0]


def base_is_written(x, y):
    z = x * y
    part, back = z[1:], z.reshape(2, 2).T
    z[2] = x[0] ** 2
    return np.sum(part * part) + np.sum(back * back) + part[0]


def written_through_shapes(x, y):
    z = x * 2.0
    m = z.reshape(2, 2)
    m.T[0] = y[:2] ** 2
    m[1] *= x[:2]
    return np.sum(z**3)


def slices_overlap(x, y):
    z = x * y
    z[1:] = z[:-1] * x[1:]
    z[:-1] += z[1:]
    return np.sum(z * z)


def rows_in_loop(x, y):
    z = np.zeros((3, 4), like=x)
    for k, row in enumerate(z):
        row += x * (k + 1.0)
        row[k] = y[k]
    return np.sum(z**2)


def repeated_write(x, y):
    z = x * 1.0
    z[np.array([0, 1, 0])] = y[:3] ** 2
    return np.sum(z * x)


def plain_array_overwritten(x, y):
    w = np.ones(4)
    s = 0.0
    for k in range(3):
        w[:] = k + 1.0
        s = s + np.sum(x * w * y) + w @ x
    return s


def filled(x, y):
    z = np.full(4, y[0], like=x)
    z[z > 10.0] = 0.0
    w = np.empty_like(x)
    w.fill(x[1])
    w[...] = w * z
    return np.sum(w)


WRITES = [
    *(element_writes, writes_into_argument, second_name, numbers_are_rebound, view_is_written, base_is_written),
    *(written_through_shapes, slices_overlap, rows_in_loop, repeated_write, plain_array_overwritten),
]


@pytest.mark.parametrize("f", [*WRITES, filled], ids=lambda f: f.__name__)
def test_writes(f):
    check(f, V, W)


def test_copies_are_no_views():
    def f(x):
        z = x * 1.0
        c = z.copy()
        g = z[[0, 1]]
        z[0] = 100.0
        c[1] = 0.0
        return np.sum(c) + np.sum(g)

    assert tape.grad(f)(V) == pytest.approx([2, 1, 1, 1])


# ---- conventions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "args", "want"),
    [
        (lambda x: np.abs(x), (0.0,), 0.0),
        (lambda x: max(x, 0.0), (0.0,), 1.0),
        (lambda x: np.maximum(x, 0.0), (0.0,), 1.0),
        (lambda x: np.maximum(0.0, x), (0.0,), 0.0),
        (lambda x: x**2 + x**1 + x**0, (0.0,), 1.0),
        (lambda x: 0.0**x, (1.7,), 0.0),
        (lambda x: np.where(x > 0, np.sqrt(x), 0.0), (0.0,), 0.0),
        (lambda x: np.where(x > 0, np.log(x) / x, 0.0), (0.0,), 0.0),
        (lambda x: np.hypot(x, 0.0), (0.0,), 0.0),
        (lambda x: np.floor(x) * x, (2.5,), 2.0),
        (lambda x: x * math.floor(x) + round(x), (2.5,), 2.0),
        (lambda x: 1.0, (2.5,), 0.0),
        (lambda x: np.sign(x), (2.5,), 0.0),
    ],
)
def test_conventions(f, args, want):
    with np.errstate(all="ignore"):
        got = tape.grad(f)(*args)
    assert type(got) is float
    assert got == want


def test_reductions_share_one_unit():
    x = np.array([1.0, 3.0, 3.0])
    assert tape.grad(lambda x: np.max(x))(x).tolist() == [0, 1, 0]
    assert tape.grad(lambda x: np.sum(np.clip(x, 1.0, 3.0)))(x).tolist() == [1, 1, 1]
    assert tape.grad(lambda x: np.linalg.norm(x))(0.0 * x).tolist() == [0, 0, 0]
    assert tape.grad(lambda x: np.prod(x))(np.array([0.0, 2.0, 5.0])).tolist() == [10, 0, 0]


# ---- interface --------------------------------------------------------------------------------------------------


def test_forms():
    @tape.grad
    def square(x):
        """Its square."""
        return x * x

    @tape.value_and_grad(argnums=1)
    def power(x, n):
        return x**n

    assert square(3.0) == 6.0
    assert (square.__name__, square.__doc__) == ("square", "Its square.")
    value, slope = power(2.0, 3.0)
    assert (value, slope) == (8.0, pytest.approx(8.0 * math.log(2.0)))
    assert tape.grad(lambda x, y: (x + y) * (y + 3.0), (1, 0))(1.0, 2.0) == (8.0, 5.0)
    assert tape.grad(lambda x, y: x * y, argnums=-1)(2.0, 3.0) == 2.0
    assert tape.grad(njit(lambda x: x * x))(3.0) == 6.0
    assert tape.grad(lambda x, *, scale: scale * x)(3.0, scale=2.0) == 2.0


def test_aux():
    def f(x):
        return np.sum(x * x), {"twice": 2.0 * x, "n": 3}

    g, aux = tape.grad(f, has_aux=True)(V)
    assert np.array_equal(g, 2 * V)
    assert type(aux["twice"]) is np.ndarray
    (y, aux), g = tape.value_and_grad(f, has_aux=True)(V)
    assert (y, aux["n"]) == (pytest.approx(V @ V), 3)
    with pytest.raises(TypeError, match="a pair"):
        tape.grad(lambda x: x, has_aux=True)(1.0)


def test_types_of_gradients():
    def f(x, y):
        return np.sum(x * y)

    gx, gy = tape.grad(f, (0, 1))(V.astype(np.float32), 2.0)
    assert (gx.dtype, type(gy)) == (np.float32, float)
    assert type(tape.grad(lambda x: x * x)(np.float32(1.5))) is np.float32
    unused = tape.grad(lambda x, y: np.sum(x), 1)(V, A)
    assert unused.shape == A.shape
    assert not unused.any()
    for g in tape.grad(lambda x, y: np.sum(x + y), (0, 1))(V, W):
        g += 1.0  # arrays of their own
        assert g.tolist() == [2.0] * 4


def test_structures():
    Layer = collections.namedtuple("Layer", "w b")

    def loss(layers, x):
        for w, b in layers:
            x = np.tanh(w @ x + b)
        return np.sum(x)

    (g,) = tape.grad(loss)((Layer(S, V),), W)
    assert isinstance(g, Layer)
    np.testing.assert_allclose(g.b, 1 - np.tanh(S @ W + V) ** 2)
    d = tape.grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": [3.0, 4.0]})
    assert d == {"a": 3.0, "b": [2.0, 0.0]}


def test_long_chain_is_linear():
    def f(x, n):
        for _ in range(n):
            x = 1.0000001 * x
        return x

    g = tape.grad(f)

    def seconds(n):
        start = time.process_time()
        assert g(1.0, n) == pytest.approx(1.0000001**n)
        return time.process_time() - start

    gc.collect()
    gc.disable()  # it would walk all that other tests have left
    try:
        seconds(100)
        small, large = min(seconds(5_000) for _ in range(3)), min(seconds(100_000) for _ in range(3))
    finally:
        gc.enable()
    assert large < 20 * small * 4


def test_an_exponent_that_is_a_number_of_numpy():
    exponent = np.float64(1.7)
    assert tape.grad(lambda x: x**exponent)(2.0) == pytest.approx(1.7 * 2.0**0.7)


def test_many_reads_of_one_array_are_linear():
    x = np.ones(20_000)
    start = time.perf_counter()
    assert np.array_equal(tape.grad(lambda x: sum(x[i] * x[i] for i in range(len(x))))(x), 2 * x)
    assert time.perf_counter() - start < 10


# ---- refusals -------------------------------------------------------------------------------------------------------


def stores_in_plain_array(x):
    a = np.zeros(3)
    a[1] = x
    return np.sum(a)


def adds_to_plain_array(x):
    a = np.zeros(3)
    a += x
    return np.sum(a)


@njit
def helper(x):
    return x * x


REFUSED = [
    (lambda x: math.sin(x), r"np\.sin\(x\) for math\.sin\(x\)"),
    (lambda x: float(x) * 2.0, r"leave out float\(x\)"),
    (stores_in_plain_array, r"np\.zeros_like\(x\)"),
    (adds_to_plain_array, r"write `a = a \+ x`"),
    (lambda x: np.sum(np.array([x, x])), r"np\.stack\(\[x, y\]\)"),
    (lambda x: np.i0(x), r"no rule"),
    (lambda x: helper(x), r"helper\.py_func"),
    (lambda x: tape.grad(lambda y: y * x)(x), r"sourcead\.grad\(sourcead\.grad\(f\)\)"),
    (lambda x: np.abs(x * 1j), "complex"),
    (lambda x: np.add(x, 1.0, where=True), "where="),
]


@pytest.mark.parametrize(("f", "message"), REFUSED)
def test_refused(f, message):
    with pytest.raises(TypeError, match=message):
        tape.grad(f)(0.5)


def test_missing_rule_names_the_function():
    with pytest.raises(RuleMissing, match=r"np\.i0"):
        tape.grad(lambda x: np.sum(np.i0(x)))(V)


def test_arguments_and_results():
    with pytest.raises(TypeError, match=r"floating type, but argument 0 is int; pass 1\.0"):
        tape.grad(lambda x: x * x)(1)
    with pytest.raises(TypeError, match="array of int64"):
        tape.grad(lambda x: np.sum(x))(np.arange(3))
    with pytest.raises(TypeError, match=r"array of shape \(4,\); reduce it first"):
        tape.grad(lambda x: x * 2.0)(V)
    with pytest.raises(TypeError, match="returned 3"):
        tape.grad(lambda x: 3)(1.0)
    with pytest.raises(TypeError, match="argnums=1 requires at least 2 positional arguments"):
        tape.grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(TypeError, match="argnums is an int"):
        tape.grad(lambda x: x, argnums="x")
    with pytest.raises(TypeError, match="takes a function"):
        tape.grad(3)


def test_values_do_not_leave_their_call():
    kept = []
    tape.grad(lambda x: (kept.append(x), x * x)[1])(2.0)
    with pytest.raises(Unsupported, match="another"):
        tape.grad(lambda x: x * kept[0])(3.0)
    with pytest.raises(Unsupported, match="another"):
        tape.grad(lambda x: kept[0] * 2.0)(3.0)


def test_inactive_arguments_are_protected():
    buffer = np.zeros(4)
    with pytest.raises(ValueError, match="read-only"):
        tape.grad(lambda x, b: op.setitem(b, 0, 1.0) or x * b[0])(2.0, buffer)
    assert not buffer.any()


def test_exceptions_of_the_function():
    def f(x):
        if x > 1.0:
            raise KeyError("too large")
        return x

    with pytest.raises(KeyError, match="too large"):
        tape.grad(f)(2.0)
    assert tape.grad(f)(0.5) == 1.0
