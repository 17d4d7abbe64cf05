"""Linear algebra beyond what the programs and the rule table test: conventions, refusals, layouts, second order."""

from __future__ import annotations

import differences
import numpy as np
import pytest

import sourcead
from sourcead import tape
from sourcead.errors import Unsupported

RNG = np.random.default_rng(4)
A = RNG.normal(size=(3, 3)) + 2.0 * np.eye(3)
S = A @ A.T + np.diag([0.0, 1.0, 3.0])


def grad(f, **options):
    return sourcead.grad(f, jit=False, cache=False, **options)


def log_eigenvalue(a):
    return np.log(np.linalg.eigvalsh(a)[0])


def corner(a):
    return np.linalg.cholesky(a)[2, 1]


@pytest.mark.parametrize("f", [log_eigenvalue, corner])
def test_gradients_lie_on_the_triangle_that_is_read(f):
    (want,) = differences.gradient(f, (S,), (0,))
    for g in (grad(f)(S), tape.grad(f)(S)):
        assert not np.triu(g, 1).any()
        np.testing.assert_allclose(g, want, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(g, grad(f)(np.tril(S) + 7.0 * np.triu(RNG.normal(size=(3, 3)), 1)), rtol=1e-12)


def test_equal_eigenvalues():
    def total(a):
        w, _ = np.linalg.eigh(a)
        return np.sum(w * w)

    def component(a):
        w, v = np.linalg.eigh(a)
        return v[0, 0] ** 3 + v[1, 0] + w[0]

    np.testing.assert_allclose(grad(total)(2.0 * np.eye(3)), 4.0 * np.eye(3))
    with np.errstate(all="ignore"):
        assert not np.isfinite(grad(component)(2.0 * np.eye(3))).all()


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(np.linalg.inv(a)),
        lambda a: np.linalg.solve(a, a[0])[1],
        lambda a: np.linalg.det(a),
        lambda a: np.linalg.slogdet(a)[1],
        lambda a: np.linalg.cholesky(a)[0, 0],
    ],
)
def test_singular_matrices_raise(f):
    with pytest.raises(np.linalg.LinAlgError):
        grad(f)(-np.ones((3, 3)))


def full_matrices(a):
    u, s, _ = np.linalg.svd(a)
    return u[0, 0] * s[0]


def residuals(a):
    _, r, _, _ = np.linalg.lstsq(a, a[:, 0])
    return r[0]


def power(a, n):
    return np.linalg.matrix_power(a, n)[0, 0]


def order(a, p):
    return np.linalg.norm(a, p)


def stack(a):
    return np.sum(np.linalg.inv(a[None]))


@pytest.mark.parametrize(
    ("f", "args", "words"),
    [
        (full_matrices, (A,), "full matrices"),
        (residuals, (A,), "only the solution"),
        (power, (A, 2), "not a constant"),
        (order, (A, 1), "not a constant"),
    ],
)
def test_refusals(f, args, words):
    with pytest.raises(Unsupported, match=words):
        grad(f)(*args)


def along_a_line(t, c, d, b):
    a = c + t * d
    _, logdet = np.linalg.slogdet(a)
    low = np.linalg.cholesky(a)
    return np.sum(np.linalg.solve(a, b) ** 2) + logdet * np.linalg.det(a) + np.sum(np.linalg.inv(a) * d) + low[2, 0]


def test_second_order():
    """The formulas are linear algebra again."""
    args = 0.3, S, RNG.normal(size=(3, 3)), RNG.normal(size=3)
    first = grad(along_a_line)
    (want,) = differences.gradient(first, args, (0,))
    np.testing.assert_allclose(grad(first)(*args), want, rtol=1e-8)


def spans(a, b):
    """Columns, transposes, slices: made contiguous where they have to be."""
    x = np.linalg.solve(a[::2, ::2], b[:, 0])
    y = np.linalg.inv(a[1:3, 1:3].T)
    q, r = np.linalg.qr(b.T[:, :2])
    return np.sum(x * x) + np.sum(y) * q[0, 1] + r[0, 1] + np.linalg.norm(b[:, 1], 1) + np.linalg.det(a[1:, 1:])


def check_layout(f, a, b, jit):
    got = sourcead.grad(f, (0, 1), jit=jit, cache=False)(a, b)
    for g, w in zip(got, differences.gradient(f, (a, b), (0, 1)), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-7, atol=1e-8)


def test_layouts():
    a, b = RNG.normal(size=(4, 4)) + 3.0 * np.eye(4), RNG.normal(size=(2, 2))
    big = np.zeros((8, 8))
    big[::2, ::2] = a
    for m in (a, np.asfortranarray(a), big[::2, ::2]):
        check_layout(spans, m, b.T, False)
    check_layout(
        lambda a, b: np.linalg.det(a[1:, 1:]) * np.sum(np.linalg.solve(a.T, b)), big[::2, ::2], b[0, :1] + a[0], True
    )


# ---- complex matrices ------------------------------------------------------------------------------------


R = np.random.RandomState(4)
Z = R.uniform(-1, 1, (3, 3)) + 1j * R.uniform(-1, 1, (3, 3))


def factorised(z):
    w, v = np.linalg.eigh(z)
    return np.sum(np.abs(v) * w)


def test_complex_matrices_compiled():
    got = sourcead.grad(factorised, cache=False)(Z)
    np.testing.assert_allclose(got, grad(factorised)(Z), 1e-10, 1e-12)


def test_the_phase_of_a_vector_has_no_derivative():
    f = sourcead.grad(lambda z: np.sum(np.linalg.eigh(np.conj(z.T) @ z)[1].real), jit=False, cache=False)
    assert np.isnan(f(Z)).any()


def test_no_tangents_of_complex_factorisations():
    with pytest.raises(sourcead.Unsupported, match="has no tangent"):
        sourcead.jvp(factorised, (Z,), (Z,), jit=False)
