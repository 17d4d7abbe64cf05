"""Fourier transforms: functions one by one are on the page of functions, programs are here."""

import differences
import numpy as np
import pytest
from program_table import numbers

import sourcead
from sourcead import compile as compiler

X, H = numbers(4, 6), numbers(4, 6, seed=3)


def power(x, h):
    y = np.fft.rfft(x * h)
    return np.sum(np.abs(y) ** 2 * np.arange(y.shape[1]))


def filtered(x, h):
    return np.sum(np.fft.ifft2(np.fft.fft2(x) * np.fft.fft2(h)).real ** 3)


def burgers(u, nu):
    k = 2j * np.pi * np.fft.fftfreq(u.shape[0])
    for _ in range(3):
        slope = np.fft.ifft(k * np.fft.fft(u)).real
        u = u - 0.1 * u * slope + nu * np.fft.irfft(np.fft.rfft(u) ** 2, u.shape[0])
    return np.sum(u * u)


CASES = [(power, (X, H)), (filtered, (X, H)), (burgers, (X[0], 0.01))]


@pytest.mark.parametrize(("f", "args"), CASES)
def test_gradients(f, args):
    value, grads = sourcead.value_and_grad(f, (0, 1), jit=False, cache=False)(*args)
    np.testing.assert_allclose(value, f(*args), 1e-12)
    for got, want in zip(grads, differences.gradient(f, args, (0, 1)), strict=True):
        np.testing.assert_allclose(got, want, 1e-7, 1e-8)


def test_forward_against_reverse():
    x_dot = numbers(4, 6, seed=5)
    _, y_dot = sourcead.jvp(filtered, (X, H), (x_dot, np.zeros_like(H)), jit=False)
    x_bar = sourcead.grad(filtered, jit=False, cache=False)(X, H)
    np.testing.assert_allclose(y_dot, np.sum(x_bar * x_dot), 1e-12)


def test_compiled():
    pytest.importorskip("rocket_fft")
    got = sourcead.grad(filtered, (0, 1), cache=False)(X, H)
    for a, b in zip(got, sourcead.grad(filtered, (0, 1), jit=False, cache=False)(X, H), strict=True):
        np.testing.assert_allclose(a, b, 1e-12)


def test_refused_where_nothing_compiles_it(monkeypatch):
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    with pytest.raises(sourcead.Unsupported, match="rocket-fft") as e:
        sourcead.grad(power, cache=False)(X, H)
    assert "np.fft.rfft" in e.value.findings[0].loc.text
