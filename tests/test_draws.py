"""Random numbers: formulas of the draws, the generator afterwards, refusals."""

from __future__ import annotations

import differences
import numpy as np
import pytest
from numba import njit

import sourcead
from sourcead.errors import Unsupported
from sourcead.rules import RULES
from sourcead.rules.draws import DRAWS, is_method

SAMPLES = {"normal": (0.3, 1.2), "laplace": (0.3, 1.2), "logistic": (0.3, 1.2), "gumbel": (0.3, 1.2)}
SAMPLES |= {"uniform": (-0.3, 1.1), "exponential": (0.8,), "rayleigh": (0.8,), "lognormal": (0.2, 0.4)}
SAMPLES |= {"weibull": (1.3,), "pareto": (2.5,), "power": (1.7,), "gamma": (2.2, 0.8)}
FORMULAS = [fn for fn in DRAWS if RULES[fn].partials is not None and not is_method(fn)]
SEED = 12


@njit
def all_draws(p, q):
    """What Numba draws, each distribution from the same state."""
    out = np.empty(12)
    for k in range(12):
        np.random.seed(SEED)
        if k == 0:
            out[k] = np.random.normal(p[0], q[0])
        elif k == 1:
            out[k] = np.random.laplace(p[1], q[1])
        elif k == 2:
            out[k] = np.random.logistic(p[2], q[2])
        elif k == 3:
            out[k] = np.random.gumbel(p[3], q[3])
        elif k == 4:
            out[k] = np.random.uniform(p[4], q[4])
        elif k == 5:
            out[k] = np.random.exponential(p[5])
        elif k == 6:
            out[k] = np.random.rayleigh(p[6])
        elif k == 7:
            out[k] = np.random.lognormal(p[7], q[7])
        elif k == 8:
            out[k] = np.random.weibull(p[8])
        elif k == 9:
            out[k] = np.random.pareto(p[9])
        elif k == 10:
            out[k] = np.random.power(p[10])
        else:
            out[k] = np.random.gamma(p[11], q[11])
    return out


def test_formulas_in_compiled_code():
    """Numba's algorithms are those that the formulas belong to."""
    names = list(SAMPLES)
    assert sorted(names) == sorted(fn.__name__ for fn in FORMULAS)
    p, q = np.array([SAMPLES[n][0] for n in names]), np.array([(*SAMPLES[n], 0.0)[1] for n in names])
    y, h = all_draws(p, q), 1e-6
    by_p, by_q = ((all_draws(p + a, q + b) - all_draws(p - a, q - b)) / (2 * h) for a, b in ((h, 0.0), (0.0, h)))
    for k, n in enumerate(names):
        partials = RULES[getattr(np.random, n)].partials(*SAMPLES[n], y[k])
        for got, want in zip(partials, (by_p[k], by_q[k]), strict=False):
            if got is not None:
                assert got == pytest.approx(want, rel=1e-6, abs=1e-8), n


@pytest.mark.parametrize("fn", FORMULAS, ids=lambda f: f.__name__)
def test_formulas(fn):
    """NumPy's algorithms too."""
    args = SAMPLES[fn.__name__]

    def drawn(*args):
        np.random.seed(SEED)
        return fn(*args)

    y, h = drawn(*args), 1e-6
    for k, got in enumerate(RULES[fn].partials(*args, y)):
        if got is not None:
            ahead, behind = ([a + s * h * (j == k) for j, a in enumerate(args)] for s in (1, -1))
            assert got == pytest.approx((drawn(*ahead) - drawn(*behind)) / (2 * h), rel=1e-6, abs=1e-8)


def noisy(x, n):
    s = 0.0
    for i in range(n):
        z = np.random.normal(x[i % 3], 1.0)
        if np.random.rand() < 0.5:
            s += z * z * np.random.exponential(x[0] ** 2)
    np.random.rand()  # nobody reads it, and yet
    return s + np.sum(np.random.randn(3) * x)


def test_the_generator_is_left_as_by_the_function():
    x = np.array([0.4, -0.7, 1.1])
    g = sourcead.value_and_grad(noisy, jit=False, cache=False)
    np.random.seed(4)
    want = noisy(x, 7), np.random.rand()
    np.random.seed(4)
    value, _ = g(x, 7)
    assert (value, np.random.rand()) == want


def halved(x, n):
    """Which parts of `x` are halved is drawn."""
    if n == 0 or np.random.rand() < 0.1:
        return np.sum(x) * np.random.normal(x[0], 0.5)
    np.random.shuffle(x)
    return np.sin(halved(x[:2], n - 1)) * np.random.rand() + halved(x * 0.5, n - 1) * x[1]


@pytest.mark.parametrize("f", [noisy, halved])
def test_the_generator_of_compiled_code(f):
    x = np.array([0.4, -0.7, 1.1])
    g = sourcead.value_and_grad(f, cache=False)

    def plain(x, n):
        return g.primal(x.copy(), n)

    @njit
    def seeded(k):
        np.random.seed(k)

    @njit
    def draw():
        return np.random.rand()

    seeded(4)
    want = plain(x, 4), draw()
    seeded(4)
    value, grad = g(x, 4)
    assert (value, draw()) == (pytest.approx(want[0], rel=1e-12), want[1])
    for i in range(3):
        ends = []
        for h in (1e-6, -1e-6):
            seeded(4)
            ends.append(plain(x + h * (np.arange(3) == i), 4))
        assert grad[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-7)


def shape_of_gamma(x):
    return np.random.gamma(x, 1.0)


def rate_of_poisson(x):
    return x * np.random.poisson(x * x)


def array_of_parameters(x):
    return np.sum(np.random.normal(x, 1.0))


@pytest.mark.parametrize(
    ("f", "args", "words"),
    [
        (shape_of_gamma, (1.5,), "no derivative by this parameter"),
        (rate_of_poisson, (1.5,), "no derivative by this parameter"),
        (lambda x: x * np.random.default_rng(1).normal(), (1.5,), "random"),
    ],
)
def test_refusals(f, args, words):
    with pytest.raises(Unsupported, match=words):
        sourcead.grad(f, jit=False, cache=False)(*args)


def printing(p):
    s = 0.0
    for v in p:
        print("term", v, s)
        s += np.sin(v * v)
    print(p.shape[0], p)
    return s


def printing_itself(p):
    print("half", p)
    if p.shape[0] == 1:
        return p[0] * p[0]
    return printing_itself(p[:1]) * np.sin(printing_itself(p[1:]))


@pytest.mark.parametrize(("f", "jit"), [(printing, False), (printing, True), (printing_itself, False)])
def test_prints_once(f, jit: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """What the function prints, its gradient prints, in the same order and not again in the backward sweep."""
    p = np.array([0.5, 2.0])
    f(p)
    want = capfd.readouterr().out
    sourcead.grad(f, jit=jit, cache=False)(p)
    assert capfd.readouterr().out.split() == want.split()


# ---- generators ------------------------------------------------------------------------------------------


def from_generator(mu, sigma, rng):
    s = rng.uniform(mu, sigma, (2, 3)) * rng.integers(1, 5)
    for _ in range(3):
        s = s + rng.normal(mu, sigma) ** 2 * rng.random()
    return np.sum(s * rng.weibull(sigma) + rng.lognormal(mu, sigma))


@pytest.mark.parametrize("jit", [False, True])
def test_generators(jit):
    """The gradient and the state afterwards, of a generator that is an argument."""
    used, there = np.random.default_rng(5), np.random.default_rng(5)
    value, grads = sourcead.value_and_grad(from_generator, (0, 1), jit=jit, cache=False)(0.3, 1.2, used)
    np.testing.assert_allclose(value, from_generator(0.3, 1.2, there), 1e-12)
    assert used.bit_generator.state == there.bit_generator.state
    want = differences.gradient(lambda a, b: from_generator(a, b, np.random.default_rng(5)), (0.3, 1.2), (0, 1))
    np.testing.assert_allclose(grads, want, 1e-7)


def test_generators_of_pullbacks_and_jacobians():
    """Every run draws what the first one drew."""
    f, x = lambda x, rng: np.exp(x) * rng.normal(0.0, 1.0, 3), np.arange(3.0)
    used, there = np.random.default_rng(5), np.random.default_rng(5)
    y = f(x, there)
    value, pullback = sourcead.vjp(f, x, used, jit=False)
    assert used.bit_generator.state == there.bit_generator.state
    np.testing.assert_allclose(value, y)
    np.testing.assert_allclose([pullback(np.ones(3))[0], pullback(np.ones(3))[0]], [y, y])
    np.testing.assert_allclose(sourcead.jacrev(f, jit=False)(x, np.random.default_rng(5)), np.diag(y))


def walk(x, rng, n):
    return x if n == 0 else walk(x * rng.normal(), rng, n - 1)


def test_generators_given_to_functions_that_call_themselves():
    with pytest.raises(Unsupported, match="calls itself"):
        sourcead.grad(lambda x, rng: walk(x, rng, 3), jit=False)(0.5, np.random.default_rng(5))
