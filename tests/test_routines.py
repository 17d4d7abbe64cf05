"""Functions that call themselves: what is emitted, what is refused, cost."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

import sourcead
from sourcead import grad, value_and_grad
from sourcead.errors import Unsupported


def repeated(x, n):
    if n == 0:
        return x
    return np.sin(repeated(x, n - 1)) * 1.5


def linear(x, n):
    if n == 0:
        return x[0]
    return 0.5 * linear(x, n - 1) + x[n]


def added(a, b, n):
    a[0] += b[1]
    return a[0] if n == 0 else added(a, b, n - 1)


def one_or_the_other(x):
    y, z = x * 2.0, x * 3.0
    return added(y if x[0] > 0.0 else z, y, 2) + z[0]


def growing(x, n):
    if n == 0:
        return x
    return growing(x * x, n - 1)


def list_of_its_caller(x):
    path = []

    def rec(n):
        path.append(n)
        return x if n == 0 else x * rec(n - 1)

    return rec(3)


def grown_list(x):
    xs = []
    for i in range(40):
        xs.append(i * x)

    def rec(n):
        return xs[0] if n == 0 else xs[n] * rec(n - 1)

    return rec(3)


def given_itself(self, x, n):
    return x if n == 0 else x * self(self, x, n - 1)


def nested_deeper(t, n):
    return 1.0 if n == 0 else nested_deeper((t, 1.0), n - 1)


def careful(x, n):
    if n < 0:
        raise ValueError("n must not be negative")
    return x if n == 0 else x * careful(x, n - 2)


def named_like_a_variable(x, n):
    return x if n == 0 else 2.0 * named_like_a_variable(x, n - 1)


def changed_later(x):
    y, z = x * 2.0, x * x
    w = growing(y if x[0] > 0 else z, 1)
    w[0] = 1.0
    return np.sum(w) + y[0]


def test_the_emitted_text_holds_all_programs():
    g = value_and_grad(lambda x: repeated(x, 3), jit=False, cache=False)
    text = g.source(0.5)
    assert text.startswith("def f_grad(x):")
    assert "def repeated_pullback(x, n, seed):" in text and "def repeated(x, n):" in text
    space = {"np": np}
    exec(text, space)
    value, slope = space["f_grad"](0.5)
    assert (value, slope) == g(0.5)


def test_values_that_only_linear_code_passes_on_are_not_computed_again():
    text = grad(lambda x: linear(x, 2), jit=False, cache=False).source(np.ones(3))
    assert "def linear_pullback(" in text and "\ndef linear(" not in text
    assert "\n    linear_pullback(x_bar, " in text  # it only adds to x_bar
    assert ": def linear(x, n):\ndef linear_pullback(" in text


def test_called_in_compiled_code_and_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCEAD_CACHE_DIR", str(tmp_path))
    g = grad(lambda x: repeated(x, 2))

    @njit
    def use(x):
        return g(x) + 1.0

    h = 1e-6
    want = (repeated(0.4 + h, 2) - repeated(0.4 - h, 2)) / (2 * h)
    assert use(0.4) == pytest.approx(want + 1.0, 1e-8)
    assert grad(lambda x: repeated(x, 2), jit=False)(0.4) == pytest.approx(want, 1e-8)


def test_what_the_primal_raises():
    g = grad(lambda x: careful(x, 3), jit=False, cache=False)
    with pytest.raises(ValueError, match="n must not be negative"):
        g(0.5)
    assert grad(lambda x: careful(x, 4), jit=False, cache=False)(2.0) == 12.0


def test_compiled_primal():
    assert grad(repeated).primal(0.3, 2) == pytest.approx(repeated(0.3, 2), 1e-14)
    assert grad(lambda x: repeated(x, 2)).primal(0.3) == pytest.approx(repeated(0.3, 2), 1e-14)


def test_root():
    assert grad(repeated, jit=False, cache=False)(0.3, 0) == 1.0
    assert sourcead.stages(repeated, 0.3, 2)["parse"]


@pytest.mark.parametrize(
    ("f", "args", "message"),
    [
        (one_or_the_other, (np.ones(3),), "`added` calls itself, and may be given an array twice that it changes"),
        (changed_later, (np.ones(3),), "may be its own argument, and one of them is changed while the other is in use"),
        (lambda x: nested_deeper((x,), 3), (0.5,), "with other kinds of arguments each time"),
        (list_of_its_caller, (0.5,), "cannot change a list or a dict of its callers"),
        (grown_list, (0.5,), "`rec` calls itself, and reads `xs`, which is not made of numbers, arrays and functions"),
        (lambda x: given_itself(given_itself, x, 3), (0.5,), "is called by functions that it makes or is given"),
    ],
)
def test_refusals(f, args, message):
    with pytest.raises(Unsupported, match=message):
        grad(f, jit=False, cache=False)(*args)


def test_second_derivatives():
    g = grad(lambda x: repeated(x, 3), jit=False)
    assert grad(g, jit=False, cache=False)(0.5) == pytest.approx((g(0.5 + 1e-5) - g(0.5 - 1e-5)) / 2e-5, 1e-6)
    second, third = grad(g, jit=False), grad(grad(g, jit=False), jit=False, cache=False)
    assert third(0.5) == pytest.approx((second(0.5 + 1e-5) - second(0.5 - 1e-5)) / 2e-5, 1e-6)


def test_a_variable_of_the_same_name():
    def f(x):
        named_like_a_variable_ = 2.0 * x
        return named_like_a_variable(named_like_a_variable_, 2)

    assert grad(f, jit=False, cache=False)(1.0) == 8.0
