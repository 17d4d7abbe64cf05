"""Rules that users give: compiled, called from njit code, over external code; refusals; second order."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
from collections import namedtuple

import differences
import numpy as np
import pytest
from numba import njit, objmode
from rule_programs import layer, rule_that_saves

from sourcead import Unsupported, check_grads, custom_rule, grad, jvp, jvp_fn, tape, value_and_grad, vjp_fn

X = np.array([0.4, 1.1, 0.7])

libm = ctypes.CDLL(ctypes.util.find_library("m"))
c_cbrt = libm.cbrt
c_cbrt.restype, c_cbrt.argtypes = ctypes.c_double, [ctypes.c_double]


@custom_rule
@njit
def cube_root(x):
    return c_cbrt(x)


@cube_root.pullback
def cube_root_pullback(x, y, y_bar):
    return y_bar / (3.0 * y * y)


@cube_root.pushforward
def cube_root_pushforward(x, y, x_dot):
    return x_dot / (3.0 * y * y)


def sum_of_roots(x):
    s = 0.0
    for i in range(len(x)):
        s += cube_root(x[i]) * x[i]
    return s


def test_external_code():
    want = 4.0 / 3.0 * np.cbrt(X)
    np.testing.assert_allclose(grad(sum_of_roots, jit=False)(X), want, rtol=1e-13)
    gradient = grad(sum_of_roots)

    @njit
    def from_compiled_code(x):
        return gradient(x)

    np.testing.assert_allclose(from_compiled_code(X), want, rtol=1e-13)
    assert njit(sum_of_roots)(X) == pytest.approx(sum_of_roots(X))


@custom_rule
@njit
def erf_in_python(x):
    with objmode(y="float64"):
        y = math.erf(x)
    return y


@erf_in_python.pullback
def erf_in_python_pullback(x, y, y_bar):
    return y_bar * 2.0 / math.sqrt(math.pi) * math.exp(-x * x)


def test_a_rule_of_its_own_is_a_function_to_differentiate():
    assert grad(erf_in_python, jit=False)(0.4) == pytest.approx(2.0 / math.sqrt(math.pi) * math.exp(-0.16), rel=1e-14)
    assert grad(cube_root)(8.0) == pytest.approx(1.0 / 12.0, rel=1e-14)


@custom_rule
def halves(p):
    return p[0] * 0.5, np.sum(p[1]) * 0.5, 7


@halves.pullback
def halves_pullback(p, y, y_bar):
    a_bar, b_bar, _ = y_bar
    return a_bar * 0.5, np.full(p[1].shape, 0.5 * b_bar)


def test_several_results_pulled_back():
    def f(a, b):
        u, v, n = halves((a, b))
        return u * n, v

    _, (a_bar, b_bar) = vjp_fn(f, (0, 1), jit=False)((np.ones(3), 3.0), X, X)
    np.testing.assert_allclose(a_bar, 3.5)
    np.testing.assert_allclose(b_bar, 1.5)


def test_single_precision():
    @custom_rule
    def times(x, w):
        return x * w

    @times.pullback
    def times_pullback(x, w, y, y_bar):
        return y_bar * w, np.sum(y_bar * x)

    x = X.astype(np.float32)
    value, (x_bar, w_bar) = value_and_grad(lambda x, w: np.sum(times(x, w)), (0, 1), jit=False)(x, np.float32(2.0))
    assert value.dtype == x_bar.dtype == w_bar.dtype == np.float32
    np.testing.assert_allclose(x_bar, 2.0)


Pair = namedtuple("Pair", "a b")


@custom_rule
def scaled_pair(p, how, w=None):
    factor = 2.0 if how == "twice" else 1.0
    if w is None:
        return Pair(factor * p.a * p.b, p.a)
    return Pair(factor * p.a * p.b * w, p.a)


@scaled_pair.pullback
def scaled_pair_pullback(p, how, w, y, y_bar):
    factor = 2.0 if how == "twice" else 1.0
    if w is None:
        return Pair(factor * y_bar.a * p.b + y_bar.b, factor * y_bar.a * p.a), None, None
    p_bar = Pair(factor * w * y_bar.a * p.b + y_bar.b, factor * w * y_bar.a * p.a)
    return p_bar, None, factor * p.a * p.b * y_bar.a


def test_named_tuples_flags_and_none():
    def f(a, b, w):
        q = scaled_pair(Pair(a, b), "twice")
        u, v = scaled_pair(q, "once", w=w)
        return q.a * u + v

    check_grads(f, (1.3, 0.4, 0.7), order=1, modes=("rev",), jit=False)


def test_the_tape_follows_rules():
    assert tape.grad(cube_root)(8.0) == pytest.approx(1.0 / 12.0, rel=1e-14)
    np.testing.assert_allclose(tape.grad(sum_of_roots)(X), 4.0 / 3.0 * np.cbrt(X), rtol=1e-13)
    only = custom_rule(lambda x: x * 2.0)
    only.pushforward(lambda x, y, x_dot: 2.0 * x_dot)
    with pytest.raises(Unsupported, match="has no pullback"):
        tape.grad(only)(8.0)


# ---- refusals --------------------------------------------------------------------------------------------


def refused(rule, *args, match):
    """The text of the refusal; it quotes a line of this file."""
    f = {1: lambda a: np.sum(rule(a)), 2: lambda a, b: np.sum(rule(a, b))}[len(args)]
    with pytest.raises(Unsupported, match=match) as e:
        grad(f, jit=False)(*args)
    assert "test_custom.py" in str(e.value)
    return str(e.value)


def identity(pullback):
    @custom_rule
    def f(a):
        return a * 1.0

    f.pullback(pullback)
    return f


def test_adjoints_of_the_wrong_kind():
    @custom_rule
    def both(a, b):
        return a * b

    @both.pullback
    def both_pullback(a, b, y, y_bar):
        return y_bar * b

    text = refused(both, 2.0, 3.0, match="gives 1 adjoint, and there are 2 arguments: `a`, `b`")
    assert "return y_bar * b" in text and "^^^^" in text
    refused(identity(lambda a, y, y_bar: np.sum(y_bar)), X, match="an array of real numbers with 1 axis")
    refused(identity(lambda a, y, y_bar: (y_bar, 1.0)), X, match="gives 2 adjoints, and there are 1 argument")
    refused(identity(lambda a, y, y_bar: y_bar * 1j), X, match="complex adjoint for `a`, which is real")
    text = refused(identity(lambda y, y_bar: y_bar), X, match="has other parameters")
    assert "it is called as pullback(a, y, y_bar)" in text
    refused(identity(lambda a, y, y_bar: y_bar.nothing), X, match="Numba cannot compile the pullback of `f`")


def test_adjoints_of_the_wrong_shape():
    with pytest.raises(ValueError, match=r"for `a` an array of another shape[^$]*test_custom\.py"):
        grad(lambda x: np.sum(identity_of_wrong_shape(x)), jit=False)(X)


identity_of_wrong_shape = identity(lambda a, y, y_bar: y_bar[1:])


def test_functions_that_write_into_their_arguments():
    @custom_rule
    def normalised(x):
        x /= np.sum(x)
        return x.copy()

    @normalised.pullback
    def normalised_pullback(x, y, y_bar):
        return y_bar

    @custom_rule
    def shifted(x):
        x[0] = 1.0
        return x.copy()

    shifted.pullback(normalised_pullback)
    refused(shifted, X, match="writes into an argument")
    refused(normalised, X, match="writes into an argument")


view_of_argument = custom_rule(lambda x: x[1:])
view_of_argument.pullback(lambda x, y, y_bar: x)


def test_functions_that_return_their_arguments():
    with pytest.raises(ValueError, match="must return a copy"):
        grad(lambda x: np.sum(view_of_argument(x)), jit=False)(X)


def test_no_rule():
    @custom_rule
    def f(a):
        return a

    text = refused(f, 2.0, match="`f` has no rule yet")
    assert "@f.pullback" in text
    f.pushforward(lambda a, y, a_dot: a_dot)
    refused(f, X, match="has a pushforward only")
    with pytest.raises(TypeError, match="must be a Python function"):
        f.pullback(3.0)
    with pytest.raises(TypeError, match="takes a function"):
        custom_rule(np.sin)
    with pytest.raises(TypeError, match="takes a function"):
        custom_rule(grad(cube_root))


def test_what_a_function_may_return():
    @custom_rule
    def f(a):
        return a

    @f.forward
    def f_forward(a):
        return a

    f.pullback(lambda saved, y_bar: 0.0)
    refused(f, 2.0, match="must return a pair")
    f.forward(lambda a: ((a, a), None))
    refused(f, 2.0, match="gives a result of type UniTuple.float64 x 2., and `f` gives float64")


# ---- forward mode -----------------------------------------------------------------------------------------


def test_tangents():
    value, tangent = jvp(sum_of_roots, (X,), (np.ones(3),))
    assert value == pytest.approx(sum_of_roots(X))
    assert tangent == pytest.approx(np.sum(4.0 / 3.0 * np.cbrt(X)), rel=1e-13)
    args = X, 0.9, 1.3
    one = [jvp(rule_that_saves, args, (e, 1.0, 0.5), jit=False)[1] for e in np.eye(3)]
    several = jvp_fn(rule_that_saves, (0, 1, 2), jit=False, several=True)
    np.testing.assert_allclose(several((np.eye(3), np.ones(3), np.full(3, 0.5)), *args)[1], one, rtol=1e-14)


def test_tangents_of_tangents():
    def f(w, b, z):
        u, v = layer((w, b), z)
        return np.sum(u * u) * v

    args, v, u = (X, 0.9, 1.3), (np.array([1.0, 2.0, -1.0]), 0.5), (np.array([0.3, -2.0, 1.0]), 0.7, 0.2)
    first = jvp_fn(f, (0, 1), jit=False)
    got = jvp_fn(first, (1, 2, 3), jit=False)(u, v, *args)[1][1]
    want = differences.directional(lambda *xs: first(v, *xs)[1], args, dict(enumerate(u)))
    assert got == pytest.approx(want, rel=1e-8)


@custom_rule
def energy(p, x, n):
    return np.sum(np.sin(x * p[0]) ** n) * p[1].real


@energy.pullback
def energy_pullback(p, x, n, y, y_bar):
    s, c = np.sin(x * p[0]), np.cos(x * p[0])
    d = n * s ** (n - 1) * c * p[1].real
    return (y_bar * np.sum(d * x), y_bar * np.sum(s**n) + 0j), y_bar * d * p[0], None


@custom_rule
def power_and_difference(a, b, n):
    return np.array([a * b, a**n]), a - b


@power_and_difference.pushforward
def power_and_difference_pushforward(a, b, n, y, a_dot, b_dot, n_dot):
    return np.array([a_dot * b + a * b_dot, n * a ** (n - 1) * a_dot]), a_dot - b_dot


def test_the_other_part_follows():
    """A pushforward where the result is a number, a pullback where the arguments are."""
    check_grads(lambda a, z, x: energy((a, z), x, 2), (1.3, 0.4 + 0.2j, X), order=1, jit=False)

    def f(a, b):
        u, v = power_and_difference(a, b, 3)
        return u[0] * v + u[1]

    check_grads(f, (1.3, 0.4), jit=False)


def test_tangents_of_the_wrong_kind():
    @custom_rule
    def f(a):
        return a * 1.0

    f.pullback(lambda a, y, y_bar: y_bar)
    with pytest.raises(Unsupported, match=r"`f` has no pushforward[^$]*@f\.pushforward"):
        jvp(f, (X,), (X,), jit=False)
    f.pushforward(lambda a, y, a_dot: np.sum(a_dot))
    with pytest.raises(Unsupported, match="an array of real numbers with 1 axis, something of type float64"):
        jvp(f, (X,), (X,), jit=False)
    f.pushforward(lambda a, y: a)
    with pytest.raises(Unsupported, match="has other parameters") as e:
        jvp(f, (X,), (X,), jit=False)
    assert "pushforward(a, y, a_dot)" in str(e.value)
    f.pushforward(lambda a, y, a_dot: a_dot[1:])
    with pytest.raises(ValueError, match="of another shape than that of the result"):
        jvp(f, (X,), (X,), jit=False)


# ---- second order ------------------------------------------------------------------------------------------


def steps(a, b):
    s = a
    for _ in range(3):
        s = geometric_mean(s, b) + cube_root(s)
    return s


@custom_rule
def geometric_mean(a, b):
    return np.sqrt(a * b)


@geometric_mean.forward
def geometric_mean_forward(a, b):
    y = np.sqrt(a * b)
    return y, (a, b, y)


@geometric_mean.pullback
def geometric_mean_pullback(saved, y_bar):
    a, b, y = saved
    return 0.5 * y_bar * y / a, 0.5 * y_bar * y / b


def test_second_derivatives():
    first = grad(steps, jit=False)
    for k in (0, 1):
        second = grad(lambda a, b: np.sin(first(a, b)), k, jit=False)
        want = differences.gradient(lambda a, b: np.sin(first(a, b)), (1.3, 0.7), (k,))
        assert second(1.3, 0.7) == pytest.approx(float(want[0]), rel=1e-9)
    third = grad(grad(grad(cube_root, jit=False), jit=False), jit=False)
    assert third(1.7) == pytest.approx(10.0 / 27.0 * 1.7 ** (-8.0 / 3.0), rel=1e-12)


def test_second_derivatives_of_arrays():
    def f(w, b, z):
        u, v = layer((w, b), z)
        s, t = layer((u, v), z * v)
        return np.sum(s * s) * v + t

    first = grad(f, (0, 2), jit=False)

    def g(w, b, z):
        w_bar, z_bar = first(w, b, z)
        return np.sum(w_bar * w_bar) * z_bar

    args = X, 0.9, 1.3
    got = grad(g, (0, 1, 2), jit=False)(*args)
    for a, b in zip(got, differences.gradient(g, args, (0, 1, 2)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7)


def test_second_derivatives_through_external_code():
    @custom_rule
    def f(x):
        return c_cbrt(x)

    @f.forward
    def f_forward(x):
        y = c_cbrt(x)
        return y, y

    @f.pullback
    def f_pullback(y, y_bar):
        return y_bar / (3.0 * c_cbrt(y * y * y) * y)

    assert grad(f, jit=False)(8.0) == pytest.approx(1.0 / 12.0)
    with pytest.raises(Unsupported, match="a second derivative of `f`: the forward of `f` would have to be") as e:
        grad(grad(f, jit=False), jit=False)(8.0)
    assert "let the pullback take the arguments and the result" in str(e.value)
    assert "y = c_cbrt(x)" in str(e.value)
