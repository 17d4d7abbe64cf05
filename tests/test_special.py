"""SciPy's special functions in compiled code, at the ends of the line, and `logsumexp` and its kin."""

from __future__ import annotations

import ctypes
import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.special as sp
from numba import njit

import sourcead
from sourcead import grad, special, tape
from sourcead.rules import RULES
from sourcead.special import compiled

special.known()
r = np.random.RandomState(5)
m = r.uniform(-2, 2, (3, 4))


def weigh(a):
    flat = a.ravel()
    return np.sum(flat * flat * np.arange(1.0, flat.size + 1.0))


def test_stays_finite():
    big = np.array([1000.0, 0.0, -1000.0])
    g = grad(lambda x: sp.logsumexp(x), jit=False)
    np.testing.assert_array_equal(g(big), [1.0, 0.0, 0.0])
    np.testing.assert_allclose(g(np.array([0.0, -50.0])), [1.0, math.exp(-50.0)], rtol=1e-12)
    g = grad(lambda x: weigh(sp.softmax(x)), jit=False)
    assert np.isfinite(g(big)).all()
    g = grad(lambda x: np.sum(sp.log_softmax(x)), jit=False)
    np.testing.assert_allclose(g(big), [-2.0, 1.0, 1.0])


# From the asymptotic expansion DLMF 10.40.1 of `exp(-x) * i0(x)`.
FALL = sum((k + 0.5) * a / 1000.0 ** (k + 1.5) for k, a in enumerate((1.0, 1 / 8, 9 / 128, 225 / 3072)))
FALL /= math.sqrt(2.0 * math.pi)

# Function: derivatives at -inf, -1000, 0, 1000, inf (from 60 digits where they are no limits).
ENDS = {
    sp.erf: (0.0, 0.0, 2.0 / math.sqrt(math.pi), 0.0, 0.0),
    sp.erfc: (0.0, 0.0, -2.0 / math.sqrt(math.pi), 0.0, 0.0),
    sp.erfcx: (-math.inf, -math.inf, -2.0 / math.sqrt(math.pi), -5.641887372918136e-07, 0.0),
    sp.dawsn: (0.0, -5.000007500018751e-07, 1.0, -5.000007500018751e-07, 0.0),
    sp.ndtr: (0.0, 0.0, 1.0 / math.sqrt(2.0 * math.pi), 0.0, 0.0),
    sp.log_ndtr: (math.inf, 1000.000999998, 2.0 / math.sqrt(2.0 * math.pi), 0.0, 0.0),
    sp.gammaln: (math.nan, math.nan, -math.inf, 6.907255195648812, math.inf),
    sp.expit: (0.0, 0.0, 0.25, 0.0, 0.0),
    sp.log_expit: (1.0, 1.0, 0.5, 0.0, 0.0),
    sp.exprel: (0.0, 9.99999e-7 + 1e-12, 0.5, math.inf, math.inf),
    sp.entr: (math.nan, math.nan, math.inf, -math.log(1000.0) - 1.0, -math.inf),
    sp.i0e: (0.0, FALL, 0.0, -FALL, 0.0),
    sp.j0: (math.nan, 0.004728311907089523, 0.0, -0.004728311907089523, math.nan),
}


@pytest.mark.parametrize("fn", ENDS, ids=lambda f: f.__name__)
def test_ends_of_the_line(fn):
    x = np.array([-np.inf, -1000.0, 0.0, 1000.0, np.inf, np.nan])
    with np.errstate(all="ignore"):
        (got,) = RULES[fn].partials(x, fn(x))
    np.testing.assert_allclose(got[:5], ENDS[fn], rtol=1e-9)
    assert np.isnan(got[5])


def test_zero_times_a_logarithm():
    g = grad(lambda x, y: sp.xlogy(x, y), (0, 1), jit=False)
    assert g(0.0, 2.0) == (math.log(2.0), 0.0)
    assert g(0.0, 0.0) == (-math.inf, 0.0)
    assert grad(lambda x, y: sp.kl_div(x, y), 1, jit=False)(0.0, 0.0) == 1.0


def test_parameters_without_a_derivative_are_refused():
    def f(order, x):
        return sp.jv(order, x)

    with pytest.raises(sourcead.errors.Unsupported, match=r"the derivative of scipy.special.jv by its first argument"):
        grad(f, jit=False)(1.0, 2.0)
    with pytest.raises(sourcead.errors.Unsupported, match="by its first argument is not known"):
        tape.grad(f)(1.0, 2.0)
    assert grad(f, argnums=1, jit=False)(1.0, 2.0) == pytest.approx(sp.jvp(1.0, 2.0))


def mixed(x, s):
    y = sp.jv(1, x) * s + sp.gammaln(x * x) + sp.expit(s * x) + sp.xlogy(x, s)
    return np.sum(y * sp.ndtr(x)) + sp.psi(s) + sp.polygamma(1, s) + sp.logsumexp(x)


def test_compiled():
    x = np.linspace(0.1, 2.0, 5)
    g = grad(mixed, (0, 1))
    for got, want in zip(g(x, 1.5), grad(mixed, (0, 1), jit=False)(x, 1.5), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    assert g.primal(x, 1.5) == pytest.approx(mixed(x, 1.5), rel=1e-12)


def test_on_the_tape():
    def f(x):
        return np.sum(sp.j1(x) * sp.ndtr(x) + sp.xlogy(x, x + 4.0))

    np.testing.assert_allclose(tape.grad(f)(m), grad(f, jit=False)(m), rtol=1e-12)


POINTS = np.array([-1000.0, -1.5, -0.3, 0.0, 0.7, 1.0, 1000.0, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("fn", compiled.ELEMENTARY, ids=lambda fn: fn.__name__)
def test_elementary_kernels(fn):
    """Ours give what SciPy's give."""
    kernel = compiled.ELEMENTARY[fn]
    points = [(n, x) for n in range(3) for x in POINTS[1:7]]
    if fn is not sp.polygamma:
        points = list(itertools.product(*[POINTS] * kernel.__code__.co_argcount))
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patched:
        patched.setattr(compiled.math, "exp", np.exp)  # Python's raises where compiled code gives inf
        patched.setattr(compiled.math, "log1p", np.log1p)
        got = [kernel(*map(np.float64, p)) for p in points]
        want = [fn(*p) for p in points]
    np.testing.assert_allclose(got, want, rtol=1e-13)


def test_types():
    f = njit(lambda x: sp.j0(x))
    assert f(np.float32(0.7)) == sp.j0(np.float32(0.7))
    assert f(2) == sp.j0(2.0)
    np.testing.assert_array_equal(f(m), sp.j0(m))
    g = grad(lambda x: np.sum(sp.j0(x) * sp.expit(x)), jit=False)
    assert g(m.astype(np.float32)).dtype == np.float32


def test_without_an_entry_point():
    address = compiled.through_python(sp.jv)
    c = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double, ctypes.c_int)(address)
    assert c(1.0, 2.0, 0) == sp.jv(1.0, 2.0)


PROCESS = """
import scipy.special as sp
from numba import njit
from sourcead import grad

@grad
def f(x):
    return sp.j0(x) * sp.gammaln(x)

@njit(cache=True)
def twice(x):
    return 2.0 * f(x)

print(f(1.3), twice(1.3), sum(twice.stats.cache_hits.values()))
"""


def test_another_process(tmp_path, monkeypatch):
    """The code on disk finds the functions, whose addresses are others then."""
    monkeypatch.setenv("SOURCEAD_CACHE_DIR", str(tmp_path / "cache"))
    program = tmp_path / "program.py"
    program.write_text(PROCESS)
    runs = [
        subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert runs[0][:2] == runs[1][:2]
    assert runs[1][2] == "1"
