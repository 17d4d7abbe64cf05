"""Gradients called from compiled code."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from sourcead import grad, value_and_grad


def cubic(x, a=1.0):
    return a * x * x * x


slope = grad(cubic)
both = value_and_grad(cubic, (0, 1))


@njit
def newton(x, n):
    for _ in range(n):
        v, (d, _) = both(x, 1.0)
        x = x - v / d
    return x


def test_a_global_first_met_in_compiled_code():
    assert not both.specialisations
    assert newton(1.0, 60) == pytest.approx(0.0, abs=1e-9)
    assert len(both.specialisations) == 1


def test_a_closure_variable():
    def runner(g):
        @njit
        def run(x):
            return g(x)

        return run

    assert runner(grad(lambda x: x * x))(3.0) == 6.0
    assert runner(grad(lambda x: x * x * x))(3.0) == pytest.approx(27.0)


def test_defaults_keywords_and_literals():
    @njit
    def run(x):
        return slope(x), slope(x, 2.0), slope(x, a=2.0), slope(a=2.0, x=x), slope(1.0, a=2)

    assert run(1.0) == (3.0, 6.0, 6.0, 6.0, 6.0)


def test_an_argument():
    @njit
    def call(g, x):
        return g(x)

    one, two = grad(lambda x: x * x), grad(lambda x: 5.0 * x)
    assert [call(one, 1.0), call(two, 1.0), call(one, 3.0)] == [2.0, 5.0, 6.0]


def test_through_another_function():
    @njit
    def inner(x):
        return slope(x)

    @njit
    def outer(x):
        return inner(x) + slope(x)

    assert outer(1.0) == 6.0


def test_training_loop_over_arrays():
    @value_and_grad
    def loss(w, x, y):
        r = 0.0
        for i in range(len(x)):
            r += (w[0] * x[i] + w[1] - y[i]) ** 2
        return r / len(x)

    @njit
    def train(w, x, y, steps):
        value = 0.0
        for _ in range(steps):
            value, g = loss(w, x, y)
            w = w - 0.5 * g
        return value, w

    x = np.linspace(0, 1, 20)
    value, w = train(np.zeros(2), x, 3 * x - 1, 1000)
    assert value < 1e-8
    np.testing.assert_allclose(w, [3, -1], atol=1e-3)


def test_a_type_that_is_settled_later():
    @njit
    def run(n):
        x, s = 0, 0.0
        for _ in range(n):
            s += slope(x)
            x = x + 0.5
        return s

    assert run(3) == pytest.approx(3 * (0.25 + 1.0))


def test_integer_argument_is_explained():
    @njit
    def run(n):
        return slope(n)

    with pytest.raises(TypingError, match=r"grad requires real or complex inputs .* argument 0 \(`x`\) of `cubic`"):
        run(3)


def test_unsupported_construct_is_explained():
    @grad
    def odd(x):
        terms = {x, 1.0}
        return x * len(terms)

    @njit
    def run(x):
        return odd(x)

    with pytest.raises(TypingError) as caught:
        run(1.0)
    assert "terms = {x, 1.0}" in str(caught.value)
    assert "test_in_njit.py" in str(caught.value)


def test_exceptions_cross():
    @grad
    def strict(x):
        if x < 0.0:
            raise ValueError("negative")
        return x * x

    @njit
    def run(x):
        return strict(x)

    @njit
    def careful(x):
        try:
            return strict(x)
        except Exception:
            return -1.0

    assert run(1.0) == 2.0
    assert careful(-1.0) == -1.0
    with pytest.raises(ValueError, match="negative"):
        run(-1.0)


def test_caches_of_callers_are_never_stale(tmp_path, monkeypatch):
    """Numba keeps `run` on disk with the gradient inside; the gradient lives in another file."""
    model = "from sourcead import grad\nC = {}\n\ndef f(x):\n    return C * x * x\n\nslope = grad(f)\n"
    (tmp_path / "train.py").write_text(
        textwrap.dedent("""
        import sys
        from numba import njit
        import models
        from models import slope

        @njit(cache=True)
        def run(x):
            return slope(x) + 1.0

        @njit(cache=True)
        def by_module(x):
            return models.slope(x) + 1.0

        print(run(1.0), by_module(1.0), sum(run.stats.cache_hits.values()), sum(by_module.stats.cache_hits.values()))
        """)
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(tmp_path)]))

    def run(c):
        (tmp_path / "models.py").write_text(model.format(c))
        return subprocess.run(
            [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.split()

    assert run("2.0") == ["5.0", "5.0", "0", "0"]
    assert run("2.0") == ["5.0", "5.0", "1", "1"]
    assert run("3.0") == ["7.0", "7.0", "0", "0"]
    assert run("3.0") == ["7.0", "7.0", "1", "1"]
