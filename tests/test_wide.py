"""Long sums in single precision: added up in double precision, results single."""

import numpy as np
import pytest

import sourcead


def statistics(x, w):
    return np.sum(x * w) + np.mean(x) + np.var(x)


def rows(m, b):
    return np.sum((m + b) * m) + np.sum(np.sum(m, axis=0) * b)


def test_emitted():
    x, w = np.arange(6, dtype=np.float32), np.float32(2.0)
    text = sourcead.grad(statistics, (0, 1), jit=False, cache=False).source(x, w)
    assert "w_bar = 0.0" in text
    assert "w_bar += np.float64(" in text
    assert "np.float32(w_bar)" in text
    double = sourcead.grad(statistics, (0, 1), jit=False, cache=False).source(x.astype(float), 2.0)
    assert "np.float64(" not in double


def test_rows():
    """The adjoint of a row that is added to each row of a matrix; sums of columns."""
    m = np.random.RandomState(0).uniform(5.0, 6.0, (10**6, 2)).astype(np.float32)
    value, b_bar = sourcead.value_and_grad(rows, 1, cache=False)(m, np.ones(2, np.float32))
    assert b_bar.dtype == np.float32
    np.testing.assert_allclose(value, rows(m.astype(float), np.ones(2)), 1e-6)
    np.testing.assert_allclose(b_bar, 2.0 * np.sum(m.astype(float), axis=0), 1e-6)


@pytest.mark.parametrize("complex_", [False, True])
def test_million(complex_):
    x = np.random.RandomState(0).uniform(5.0, 6.0, 10**6).astype(np.float32)
    if complex_:
        g, x = sourcead.value_and_grad(lambda x, w: np.abs(np.sum(x * w)), (0, 1), cache=False), x * np.complex64(1j)
        want = np.abs(2.0 * np.sum(x.astype(complex)))
    else:
        g = sourcead.value_and_grad(statistics, (0, 1), cache=False)
        want = statistics(x.astype(float), 2.0)
    value, (x_bar, w_bar) = g(x, np.float32(2.0))
    assert x_bar.dtype == x.dtype
    np.testing.assert_allclose(value, want, 1e-6)
    np.testing.assert_allclose(w_bar, np.abs(np.sum(x.astype(complex))), 1e-6)
