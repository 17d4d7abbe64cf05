"""Programs for what docs/contract.md says of indices, parallel loops and functions: one for each item."""

from __future__ import annotations

import numpy as np
import scipy.special as sp
from contract_table import supported
from numba import prange
from numpy.polynomial import polynomial
from program_table import numbers

import sourcead

sourcead.special.known()
V, W, M = numbers(4), numbers(4, seed=1), numbers(3, 4)
P, A, S = np.abs(V) + 0.3, numbers(2, 4, 3), numbers(3, 3) + 3.0 * np.eye(3)
AT, MASK = np.array([2, 0, 2]), np.array([True, False, True, True])


def weigh(a):
    """A number that depends on every element in a way of its own."""
    a = np.asarray(a)
    flat = a.ravel()
    return np.sum(flat * flat * np.arange(1.0, flat.size + 1.0))


# ---- indices: read, stored into, changed in place -------------------------------------------------------


@supported("integers, negative", M)
def _(a):
    a[1, -1] = a[0, 2] ** 2
    a[-2, 0] *= a[1, -1]
    return np.sum(a * a)


@supported("slices, any", M)
def _(a):
    a[1:, ::-2] = a[:2, 1::2] ** 2
    a[::2] *= a[1]
    return np.sum(a * a)


@supported("a new axis", V, A)
def _(v, a):
    a[..., 0] = v * a[..., 1]
    a[..., 1:] += v[:, None]
    return np.sum(a * a)


@supported("an array of integers", M, AT)
def _(a, at):
    a[at, 0] = a[at, 1] * np.array([1.0, 2.0, 3.0])
    a[:, at] += a[:, at] ** 2
    return np.sum(a[at] ** 2) + np.sum(a * a)


@supported("several of them", A, np.array([0, 1, 0]), AT)
def _(a, i, j):
    a[i, j] = a[i, 3] ** 2
    a[:, j, i] *= 3.0
    return weigh(a) + weigh(a[i, j])


@supported("a mask", M, MASK)
def _(a, mask):
    a[a > 0] = a[a > 0] ** 2
    a[1, mask] += 3.0
    a[:, mask & ~(a[0] > 0.5)] *= a[:, :1]
    return weigh(a) + weigh(a[:, mask])


@supported("a tuple in a variable", M)
def _(a):
    t = (1, 2)
    a[t] *= a[0, 1]
    a[np.nonzero(a > 0)] *= 2.0
    return weigh(a)


@supported("a list of integers", M)
def _(a):
    at = [i for i in range(2)]
    a[[0, 2]] = a[[2, 1]] ** 2
    return weigh(a) + weigh(a[:, at])


# ---- parallel loops ------------------------------------------------------------------------------------


@supported("elements and rows at the loop's own", M, parallel=True)
def _(m):
    y = np.empty((3, 4))
    for i in prange(3):
        y[i] = m[i] ** 2
        y[i, 0] *= m[i, 1]
    return np.sum(y * y)


@supported("scalars, and arrays at any index", 0.7, M, parallel=True)
def _(x, m):
    y = np.empty(3)
    for i in prange(3):
        y[i] = x * m[2 - i, 0] * m[0, 1] ** 2
    return np.sum(y * y)


@supported("s += x", V, AT, parallel=True)
def _(v, at):
    s, a, b = 0.0, np.zeros(4), np.zeros(4)
    for i in prange(3):
        s += v[i] ** 2
        a[at[i]] += v[i] * v[3]
        b += v * v[i]
    return s + np.sum(a * b)


@supported("arrays, scalars, inner loops", M, parallel=True)
def _(m):
    y = np.empty(3)
    for i in prange(3):
        w = m[i] * m[0]
        t = w[0] ** 2
        while t < 2.0:
            t = t * 1.5 + 0.5
        for j in range(i):
            if w[j] > 0:
                t *= w[j]
        y[i] = t
    return np.sum(y * y)


@supported("s *= x", V, parallel=True)
def _(v):
    s = 1.0
    for i in prange(4):
        s *= v[i]
    return s


@supported("prange inside", M, parallel=True)
def _(m):
    y = np.empty((3, 4))
    for i in prange(3):
        for j in prange(4):
            y[i, j] = m[i, j] ** 2 * m[0, j]
    return np.sum(y * y)


@supported("steps other than 1", V, parallel=True)
def _(v):
    y = np.zeros(4)
    for i in prange(0, 4, 2):
        y[i] = v[i] ** 3
    return np.sum(y[::-1] * y)


@supported("stores at other indices", V, AT, parallel=True)
def _(v, at):
    y = np.zeros(4)
    for i in prange(3):
        y[at[i]] = v[i] ** 2 * v[3]
    return np.sum(y * y)


@supported("raise, assert", V, parallel=True)
def _(v):
    y = np.empty(4)
    for i in prange(4):
        if v[i] > 5.0:
            raise ValueError("too large")
        y[i] = v[i] ** 3
    return np.sum(y * y)


# ---- functions -----------------------------------------------------------------------------------------

GAMMA, LOGISTIC, BESSEL = "gamma and beta functions", "logistic and entropy functions", "Bessel functions"
supported("error functions", P)(lambda x: np.sum(sp.erf(x) * sp.erfcx(x) + sp.ndtr(x) * sp.ndtri(x / 3.0)))
supported(f"{GAMMA}: gamma", P, W)(lambda x, y: np.sum(sp.gammaln(x) + sp.psi(x) * sp.beta(x, x + y * y)))
supported(f"{GAMMA}: in their last", P)(lambda x: np.sum(sp.gammainc(1.5, x) * sp.betainc(0.5, 2.0, x / 3.0)))
supported(f"{LOGISTIC}: expit", P)(lambda x: np.sum(sp.expit(x) * sp.xlogy(x, x) + sp.entr(x)))
supported(f"{LOGISTIC}: logsumexp", M)(lambda m: sp.logsumexp(m) + weigh(sp.logsumexp(m, axis=0, keepdims=True)))
supported(f"{BESSEL}: j0", P)(lambda x: np.sum(sp.j0(x) * sp.k1(x) + sp.i0e(x)))
supported(f"{BESSEL}: in their last", P)(lambda x: np.sum(sp.jv(1.5, x) * sp.kn(2, x)))
supported("integrals and series", P)(
    lambda x: np.sum(sp.exp1(x) * sp.ellipk(x / 3.0) + sp.hyp2f1(1.0, 2.0, 3.0, x / 3))
)
supported("others: huber", P)(lambda x: np.sum(sp.boxcox(x, 0.3) * sp.exprel(x) + sp.pseudo_huber(0.7, x)))

SUMS, PRODUCTS, LINEAR = "sums and the like", "products", "linear algebra (np.linalg)"
supported(f"{SUMS}: sum", V, M)(
    lambda v, m: np.sum(v) + v.mean() * np.var(v) + np.prod(v) * np.max(v) + weigh(np.cumsum(v)) + np.trace(m[:, :3])
)
supported(f"{SUMS}: with axis", A)(
    lambda a: weigh(a.sum(axis=(0, 2))) + weigh(np.max(a, axis=0, keepdims=True)) + weigh(a.std(axis=1))
)
supported(f"{SUMS}: np.add.reduce", M)(
    lambda m: weigh(np.add.reduce(m)) + weigh(np.logaddexp.reduce(m, axis=1)) + weigh(np.maximum.accumulate(m[0]))
)
supported(f"{PRODUCTS}: @ np.dot", V, M)(
    lambda v, m: weigh(m @ v) + np.dot(v, v) + weigh(np.outer(v, v)) + np.vdot(v, v)
)
supported(f"{PRODUCTS}: @ of stacks", A)(lambda a: weigh(a @ np.swapaxes(a, 1, 2)))
supported(f"{PRODUCTS}: einsum", A)(lambda a: weigh(np.einsum("ijk,ilk->jl", a, a)))
supported(f"{PRODUCTS}: np.add.outer", V)(lambda v: weigh(np.add.outer(v, v)) + weigh(np.multiply.outer(v, v)))
supported(f"{LINEAR}: solve", S, V[:3])(
    lambda s, b: weigh(np.linalg.solve(s, b)) + np.linalg.det(s) + np.linalg.slogdet(s)[1] + np.linalg.norm(s)
)
supported(f"{LINEAR}: inv", A)(lambda a: weigh(np.linalg.inv(a[:, :2, :2] + 3.0 * np.eye(2))))


def drawn(kind):
    def program(x):
        np.random.seed(3)
        return kind(x)

    return program


RANDOM = "random numbers (np.random)"
supported(f"{RANDOM}: seed", V)(drawn(lambda x: np.sum(x * np.random.rand(4)) * x[0] + np.random.poisson(3.0)))
supported(f"{RANDOM}: randint", V)(drawn(lambda x: x[np.random.randint(4)] ** 2 + weigh(np.random.permutation(x))))
supported(f"{RANDOM}: by their", P)(drawn(lambda x: np.random.normal(x[0], x[1]) ** 2 * np.random.exponential(x[2])))

supported("shapes", A, V)(
    lambda a, v: weigh(np.moveaxis(a, 0, 2)) + weigh(a.reshape(6, 4)) + weigh(np.flip(np.broadcast_to(v, (2, 4))))
)
supported("joining", V, W)(lambda v, w: weigh(np.concatenate((v, w))) + weigh(np.stack((np.roll(v, 1), w), axis=1)))
supported("parts", M, V)(lambda m, v: weigh(np.split(v, 2)[1]) + weigh(np.diag(m[:, :3])) + weigh(np.tril(m)))
supported("geometry", M)(lambda m: weigh(np.cross(m[0, :3], m[1, 1:])) + weigh(np.rot90(m)))
supported("order", V, M)(lambda v, m: weigh(np.sort(v)) + np.median(v) ** 2 + weigh(v[np.argsort(v)]))
supported("statistics", M, V)(lambda m, v: weigh(np.cov(m)) + np.average(v, weights=v * v) + np.ptp(v) * np.nanmean(v))
supported("curves: interp", V, W)(
    lambda v, w: weigh(np.interp(v, np.array([-2.0, 0.0, 2.0]), w[:3])) + weigh(np.convolve(v, w))
)
supported("curves: polyval", V, W)(lambda v, w: weigh(polynomial.polyval(v, w)) + weigh(polynomial.polymul(v, w)))
supported("sets", V, W)(lambda v, w: weigh(np.union1d(v, w)) + weigh(np.setdiff1d(v, w[:2])))
supported("places", V, W)(
    lambda v, w: weigh(np.take(v, AT)) + weigh(v[np.flatnonzero(w > 0)]) + weigh(np.bincount(AT, v[:3]))
)


@supported("filling in place", V, M)
def _(v, m):
    y = np.empty(4)
    np.multiply(v, v, out=y)
    np.fill_diagonal(m[:, :3], v[0])
    np.copyto(m[2], y * v)
    y[1:3].fill(v[1] ** 2)
    np.putmask(m[::2], m[::2] > 0.2, v)
    np.place(m, m < 0, v[:2] * y[0])
    np.put(m.T, np.array([1, 5]), v[2])
    return weigh(y) + weigh(m)


supported("making", 0.7, V)(
    lambda x, v: weigh(np.full(3, x) * np.ones(3)) + weigh(np.linspace(x, 2.0, 4) * v) + weigh(np.array([x, x * x]))
)
supported("Fourier transforms", V, W)(lambda v, w: np.sum(np.abs(np.fft.fft(v) * np.fft.ifft(w)) ** 2))
