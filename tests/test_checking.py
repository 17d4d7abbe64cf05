"""`check_grads` and `check_rule`: they pass what is right, and find what is not."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
import rule_programs
from test_custom import cube_root, geometric_mean

from sourcead import check_grads, check_rule, custom_rule, stop_gradient

X = np.array([0.4, 1.2, -0.7])
PLAIN = {"jit": False}
REVERSE = {"modes": ("rev",), "jit": False}
Pair = namedtuple("Pair", "a b")

RIGHT = [
    (lambda x: np.sum(np.sin(x) * x), (X,)),
    (lambda x, w: (np.sin(x) * w, w * w), (X, 0.3)),
    (lambda x, w: (np.sin(x) * w, w * w), (X.astype(np.float32), np.float32(0.3))),
    (lambda z, n: z**n * np.conj(z), (np.array([1 + 2j, 0.3 - 0.1j]), 3)),
    (lambda p: p["W"] @ p["b"][0] + p["b"][1], ({"W": np.ones((2, 3)), "b": [X, 2.0]},)),
    (lambda p: p.a * p.b, (Pair(X, 2.0),)),
    (lambda x: np.log(x) + np.abs(x), (1e-3,)),
]


@pytest.mark.parametrize("case", range(len(RIGHT)))
def test_right_derivatives(case):
    f, args = RIGHT[case]
    check_grads(f, args, **PLAIN)


def test_third_order_and_compiled_code():
    check_grads(lambda x: x**3 * np.sin(x), (0.7,), order=3, **PLAIN)
    check_grads(lambda x: np.sum(x**3), (X,), order=1, modes=("rev",))


@custom_rule
def wrong(x, w):
    return np.sin(x) * w


@wrong.pullback
def wrong_pullback(x, w, y, y_bar):
    x_bar = y_bar * np.cos(x) * w
    x_bar[1] *= 1.1
    return x_bar, np.sum(y_bar * np.sin(x))


@custom_rule
def wrong_in_second_order(x):
    return x**3


@wrong_in_second_order.pullback
def wrong_in_second_order_pullback(x, y, y_bar):
    return y_bar * 3 * stop_gradient(x) * x


def test_wrong_derivatives_are_found():
    with pytest.raises(AssertionError, match=r"derivative of `wrong` by `x\[1\]` is wrong in reverse mode: .* off by"):
        check_grads(wrong, (X, 0.3), **REVERSE)
    with pytest.raises(AssertionError, match=r"by `p\[1\]\[1\]` is wrong"):
        check_grads(lambda p: wrong(p[1], p[0]), ((0.3, X),), **REVERSE)
    check_grads(wrong_in_second_order, (1.3,), order=1, **REVERSE)
    with pytest.raises(AssertionError, match="derivative of the gradient of `wrong_in_second_order` by `x` is wrong"):
        check_grads(wrong_in_second_order, (1.3,), **REVERSE)


def test_modes_that_disagree_are_found():
    @custom_rule
    def f(x):
        return np.sin(x)

    f.pullback(lambda x, y, y_bar: y_bar * np.cos(x))
    f.pushforward(lambda x, y, x_dot: x_dot * np.cos(x) * 1.01)
    with pytest.raises(AssertionError, match="derivative of `f` by `x` is wrong in forward mode"):
        check_grads(f, (0.3,), **PLAIN)
    with pytest.raises(AssertionError, match=r"is wrong in forward mode[^$]*test_checking.py:\d+: f.pushforward"):
        check_rule(f, (0.3,))


def test_points_where_there_is_no_derivative():
    with pytest.raises(AssertionError, match="do not settle"):
        check_grads(lambda x: np.floor(x) + x, (2.0,), **PLAIN)


def test_what_is_asked_for():
    with pytest.raises(ValueError, match="modes are 'fwd' and 'rev', not 'back'"):
        check_grads(lambda x: x, (1.0,), modes=("back",))
    with pytest.raises(TypeError, match="takes a function with a rule"):
        check_rule(lambda x: x, (1.0,))
    with pytest.raises(ValueError, match="at least one sample"):
        check_rule(wrong)


def test_rules():
    check_rule(cube_root, (2.0,), (-3.0,), order=2)
    check_rule(geometric_mean, (2.0, 3.0), order=2)
    check_rule(rule_programs.layer, ((X, 0.3), 1.5))
    check_rule(rule_programs.scaled, (X, 0.3, 2, True))
    with pytest.raises(AssertionError, match=r"`x\[1\]` is wrong[^$]*test_checking.py:\d+: return x_bar"):
        check_rule(wrong, (X, 0.3))


def test_rules_of_functions_that_write():
    @custom_rule
    def f(x):
        x[0] += 1.0
        return x * 2.0

    f.pullback(lambda x, y, y_bar: y_bar * 2.0)
    with pytest.raises(AssertionError, match=r"`f` changes `x`[^$]*return x \* 2.0"):
        check_rule(f, (X,))

    @custom_rule
    def g(x):
        return x * 2.0

    g.forward(lambda x: (x * 3.0, None))
    g.pullback(lambda saved, y_bar: y_bar * 2.0)
    with pytest.raises(AssertionError, match=r"the forward of `g` gives 6\.0 where `g` gives 4.0"):
        check_rule(g, (2.0,))
