"""A tiny call of each function that Numba knows, for `covered.py`: it is differentiated, or seen to be refused.

Arguments are named after what they are (`ARGUMENTS`); statements stand before the result. Functions with an elementwise
rule need none: they are called with the samples of their rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_r = np.random.RandomState(5)
_c = np.random.RandomState(6)

ARGUMENTS: dict[str, Any] = {
    "u": 0.3,
    "v": 0.8,
    "x": _r.uniform(-1, 1, 6),
    "y": _r.uniform(-1, 1, 4),
    "w": _r.uniform(-1, 1, 6),
    "t": np.sort(_r.uniform(0.1, 0.9, 6)),  # increasing
    "m": _r.uniform(-1, 1, (3, 4)),
    "s": _r.uniform(-1, 1, (3, 3)) + 3 * np.eye(3),
    "q": np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.4], [0.5, -0.4, 2.0]]),  # positive definite
    "d": np.diag([1.0, 2.0, 4.0]) + 0.1 * _r.uniform(-1, 1, (3, 3)),  # of real eigenvalues
    "g": np.array([[0.2, -1.0, 0.1], [1.1, 0.3, 0.2], [0.1, -0.2, 0.9]]),  # of complex eigenvalues
    "h": np.array([0.5, np.nan, -0.3, 0.9]),  # with a hole
    "o": np.array([0.0, 0.0, 0.7, 0.2, 0.0]),  # zeros at the ends
    "k": np.array([2, 0, 1, 2]),
    "j": np.array([[1, 0], [2, 1], [0, 0]]),
    "p": np.array([1.0, -2.5, 0.5, 1.0]),  # of a polynomial with real roots
    "n": 2,
    "rng": np.random.default_rng(7),
    "b": np.array([True, False, True, True, False, True]),
    "c": 0.4 - 0.3j,
    "z": _c.uniform(-1, 1, 4) + 1j * _c.uniform(-1, 1, 4),
    "M": _c.uniform(-1, 1, (4, 3)) + 1j * _c.uniform(-1, 1, (4, 3)),
    "S": _c.uniform(-1, 1, (3, 3)) + 1j * _c.uniform(-1, 1, (3, 3)) + 3 * np.eye(3),
    "Q": np.array([[4.0, 1.0j, 0.5], [-1.0j, 3.0, -0.4 + 0.2j], [0.5, -0.4 - 0.2j, 2.0]]),  # Hermitian
}


def of(template: str, names: str) -> list[str]:
    return [template.replace("F", name) for name in names.split()]


MATH = [
    *of("math.F(u)", "ceil floor trunc isfinite isinf isnan"),
    *("math.gcd(6, n)", "math.ldexp(u, n)", "math.nextafter(u, v)", "math.pow(v, u)"),
    *(
        "math.frexp(u)",
        "math.modf(v)",
    ),
]
CMATH = [
    *of("cmath.F(c)", "acos acosh asin asinh atan atanh cos cosh exp log log10 sin sinh sqrt tan tanh"),
    *of("cmath.F(c)", "isfinite isinf isnan phase polar"),
    "cmath.rect(u, v)",
]
ELEMENTWISE = [
    *of(
        "np.F(x)", "ceil floor rint sign signbit trunc isfinite isinf isnan isneginf isposinf isreal iscomplex spacing"
    ),
    *of("np.F(c * x)", "arcsin arccos arcsinh arccosh arctan arctanh exp sqrt log"),
    *of("np.F(x, w)", "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor"),
    *of("np.F(x, w)", "nextafter isclose allclose array_equal"),
    *of("np.F(k, k + 1)", "bitwise_and bitwise_or bitwise_xor left_shift right_shift bitwise_left_shift"),
    *of("np.F(k, k + 1)", "bitwise_right_shift gcd lcm"),
    *of("np.F(k)", "invert bitwise_invert bitwise_not"),
    *of("np.F(n)", "int16 int32 int64 uint16 uint32 byte ubyte uint intp uintp int8 uint8 uint64 longlong ulonglong"),
    *of("np.F(0.5)", "float32 single complex64 csingle"),
    *of("np.F(u)", "float64 double complex128 cdouble"),
    *of("np.F(u)", "bool bool_ short intc ushort uintc long ulong"),
    *(
        "np.logical_not(x)",
        "np.floor_divide(x, 0.3)",
        "np.ldexp(x, 2)",
        "np.modf(x)",
        "np.frexp(x)",
        "np.angle(z)",
        "np.conj(z)",
        "np.real(z)",
    ),
    *("np.imag(z)", "np.divmod(x, t)", "np.float_power(t, u)", "np.around(x, 1)", "np.round(x, 1)", "np.positive(x)"),
    *("np.nan_to_num(h)", "np.sinc(x)", "np.unwrap(6.0 * x)", "np.iscomplexobj(x)", "np.isrealobj(x)"),
    *("np.isscalar(u)", "np.isnat(np.datetime64('2020-01-01'))", "np.clip(x, -u, v)"),
    *("np.where(b, x, w)", "np.select([x > 0.5, x < 0.0], [x * x, w], v)"),
]
REDUCTIONS = [
    *of("np.F(m)", "sum mean var std prod max min amax amin ptp cumsum cumprod median argmax argmin all any trace"),
    *of("np.F(m)", "count_nonzero size shape ndim"),
    *of("np.F(h)", "nansum nanmean nanvar nanstd nanprod nanmax nanmin nancumsum nancumprod nanmedian nanargmax"),
    *of("np.F(h)", "nanargmin"),
    *of("np.F(x, 30.0)", "percentile nanpercentile"),
    *of("np.F(x, 0.3)", "quantile nanquantile"),
    *("np.average(x, weights=t)", "np.cov(m)", "np.corrcoef(m)", "np.bincount(k, y)", "np.histogram(x, 3)"),
    *("np.trapezoid(x, t)", "np.interp(t[1:5] + 0.01, t, x)", "np.convolve(x, y)", "np.correlate(x, y, 'full')"),
]
SHAPES = [
    *of("np.F(m)", "ravel transpose permute_dims copy flip fliplr flipud rot90 diagonal"),
    *of("np.F(x)", "asarray ascontiguousarray asarray_chkfinite asfortranarray atleast_1d atleast_2d atleast_3d array"),
    *of("np.F(x)", "diag diagflat ediff1d diff tril triu vander"),
    *of("np.F(m)", "tril triu"),
    *("np.reshape(m, (4, 3))", "np.resize(x, (2, 5))", "np.swapaxes(m, 0, 1)", "np.moveaxis(m, 0, 1)"),
    *("np.expand_dims(x, 0)", "np.broadcast_to(x, (2, 6))", "np.broadcast_arrays(m, y)", "np.repeat(x, 2)"),
    *(
        "np.broadcast_shapes((2, 1), (1, 3))",
        "np.squeeze(np.expand_dims(x, 0), 0)",
        "np.tile(x, 2)",
        "np.tile(x, (2, 1))",
    ),
    *(
        "np.roll(x, 2)",
        "np.append(x, y)",
        "np.delete(x, 2)",
        "np.insert(x, 2, u)",
        "np.trim_zeros(np.append(np.zeros(2), x))",
    ),
    *of("np.F((x, w))", "concatenate stack hstack vstack dstack column_stack row_stack concat"),
    *of("np.F(m, 2)[1]", "hsplit"),
    *("np.vsplit(m, 3)[1]", "np.dsplit(np.expand_dims(m, 0), 2)[1]", "np.split(x, 3)[1]", "np.array_split(x, 4)[1]"),
    *("np.fill_diagonal(s, u); s", "np.lib.stride_tricks.sliding_window_view(x, 3)"),
    *("np.lib.stride_tricks.as_strided(x, (3,), (16,))", "np.frombuffer(x, np.float64)"),
]
PLACES = [
    *("np.sort(x)", "np.argsort(x)", "np.partition(x, 2)", "np.argpartition(x, 2)", "np.unique(x)", "np.isin(k, k)"),
    *("np.searchsorted(t, x)", "np.digitize(x, t)", "np.nonzero(b)", "np.flatnonzero(b)", "np.argwhere(b)"),
    *("np.take(x, k)", "np.take_along_axis(m, j, 1)", "np.extract(b, x)", "np.triu_indices(n)", "np.tril_indices(n)"),
    *(
        "np.triu_indices_from(s)",
        "np.diagonal(np.ones((2, 3, 3)) * s, 1, 2, 1)",
        "np.tril_indices_from(s)",
        "np.indices((2, 3))",
    ),
    *of("np.F(x, w)", "union1d intersect1d setdiff1d setxor1d"),
]
MAKING = [
    *("np.arange(u, v, 0.2)", "np.linspace(u, v, 4)", "np.geomspace(u, v, 4)", "np.logspace(u, v, 4)"),
    *of("np.F(n)", "zeros ones eye identity bartlett blackman hamming hanning tri"),
    *of("np.F(x)", "zeros_like ones_like"),
    *("np.kaiser(4, u)", "np.full(3, u)", "np.full_like(x, u)", "np.iinfo(np.int32).max", "np.finfo(np.float64).eps"),
    *("np.dtype('float64').itemsize", "e = np.empty(6); e[:] = x; e", "e = np.empty_like(x); e[:] = x; e"),
    *("e = 0.0\n    for (i, j), a in np.ndenumerate(m): e += a * i\n    return e",),
    *("e = 0.0\n    for i, a in np.ndenumerate(m): e += a * i[0]\n    return e",),
    *("e = 0.0\n    for i in np.ndindex(3, 4): e += m[i]\n    return e",),
    *("e = 0.0\n    for a in np.nditer(m): e += a.item() ** 2\n    return e",),
]
PRODUCTS = [
    *("np.dot(m, y)", "np.vdot(z, z * c)", "np.outer(x, y)", "np.kron(s, m)", "np.cross(s, q)", "np.matmul(m, y)"),
    *("np.vecdot(x, w)",),
]
LINALG = [
    *of("np.linalg.F(s)", "det inv slogdet cond matrix_rank pinv norm"),
    *(
        "np.linalg.solve(s, s[0])",
        "np.linalg.lstsq(m.T, y)[0]",
        "np.linalg.matrix_power(s, 3)",
        "np.linalg.qr(s)",
        "np.linalg.svd(s, False)",
    ),
    *of("np.linalg.F(q)", "cholesky eigh eigvalsh"),
    *of("np.linalg.F(d)", "eig eigvals"),
    *of("np.linalg.F(S)", "det inv slogdet qr eigvals matrix_rank"),
    *of("np.linalg.F(Q)", "cholesky eigvalsh"),
    *("np.linalg.pinv(M)", "np.linalg.qr(M)", "np.linalg.lstsq(M, z)[0]", "np.linalg.solve(S, S[0])"),
    *("np.linalg.svd(M, False)[1]", "np.linalg.norm(M)", "np.linalg.matrix_power(S, 3)", "np.linalg.lstsq(M, M)[0]"),
    *("w, e = np.linalg.eigh(Q); np.abs(e)", "w, e = np.linalg.eig(S); np.abs(e)"),
    "w, e = np.linalg.eigh(Q); (e * w ** 0.5) @ np.conj(e.T)",
    "e, w, f = np.linalg.svd(M, False); (e * w ** 2) @ f, np.abs(e), np.abs(f)",
    "e, w, f = np.linalg.svd(M.T, False); e[:, :1] @ f[:1], np.abs(e) @ np.abs(f)",
]
FOURIER = [
    *of("np.fft.F(z)", "fft ifft hfft irfft"),
    *of("np.fft.F(x)", "fft ifft rfft ihfft fftshift ifftshift"),
    *of("np.fft.F(z, 7)", "fft irfft"),
    *of("np.fft.F(m, 3, 0, 'ortho')", "fft ifft rfft irfft ihfft hfft"),
    *of("np.fft.F(M)", "fftn ifftn irfftn fft2 ifft2 irfft2 fftshift"),
    *of("np.fft.F(M, (3, 5), (1, 0), 'forward')", "fftn ifftn irfftn"),
    *("np.fft.rfftn(m)", "np.fft.rfft2(m)", "np.fft.rfftn(m, (2, 5))", "np.fft.fftfreq(5, u)", "np.fft.rfftfreq(5, u)"),
    "np.fft.ifftshift(m, 1)",
]
POLYNOMIALS = [
    *of("np.polynomial.polynomial.F(x, y)", "polyadd polysub polymul polyval"),
    *("np.polynomial.polynomial.polyint(y)", "np.polynomial.polynomial.polydiv(x, y)"),
    *("np.polynomial.polyutils.trimseq(np.append(x, np.zeros(2)))", "np.polynomial.polyutils.as_series([x])[0]"),
    *("np.polynomial.polynomial.Polynomial(y)(u)", "np.roots(p)"),
]
DRAWS = [
    *of("np.random.seed(3); np.random.F(u, v)", "normal laplace logistic gumbel uniform"),
    *of("np.random.seed(3); np.random.F(v)", "exponential rayleigh weibull pareto power"),
    "np.random.seed(3); np.random.lognormal(u, v)",
    *("np.random.seed(3); np.random.gamma(2.0, v)", "np.random.seed(3); np.random.gamma(v, 2.0)"),
    *of("np.random.seed(3); np.random.F(v)", "standard_gamma standard_t chisquare"),
    *of("np.random.seed(3); np.random.F(2.0) * u", "standard_gamma standard_t chisquare"),
    *of("np.random.seed(3); np.random.F(u, v)", "beta f vonmises wald noncentral_chisquare"),
    *of("np.random.seed(3); np.random.F(2.0, 3.0) * u", "beta f vonmises wald noncentral_chisquare"),
    *of("np.random.seed(3); np.random.F() * u", "rand randn random random_sample ranf sample standard_normal"),
    *of("np.random.seed(3); np.random.F() * u", "standard_exponential standard_cauchy"),
    *of("np.random.seed(3); np.random.F(0.4)", "geometric logseries"),
    *of("np.random.seed(3); np.random.F(5, 0.4)", "binomial negative_binomial"),
    *("np.random.seed(3); np.random.triangular(0.1, 0.3, 0.9) * u", "np.random.seed(3); np.random.poisson(2.0)"),
    *("np.random.seed(3); np.random.hypergeometric(5, 4, 3)", "np.random.seed(3); np.random.zipf(3.0)"),
    *("np.random.seed(3); np.random.randint(2, 9)", "np.random.seed(3); np.random.permutation(x)"),
    *("np.random.seed(3); np.random.shuffle(x); x", "np.random.seed(3); np.random.choice(x)"),
    *(
        "np.random.seed(3); np.random.dirichlet(t)",
        "np.random.seed(3); np.random.dirichlet((0.5, 0.9), 2) * u",
        "np.random.seed(3); np.random.multinomial(5, [0.2, 0.5, 0.3])",
    ),
    "np.random.seed(3); u",
]
GENERATOR = [
    *of("rng.F(u, v)", "normal uniform laplace logistic lognormal"),
    *of("rng.F(v)", "exponential rayleigh weibull pareto power"),
    *of("rng.F() * u", "random standard_normal standard_exponential standard_cauchy"),
    *of("rng.F(2.0) * u", "standard_gamma standard_t chisquare poisson"),
    *of("rng.F(2.0, 3.0) * u", "beta f wald noncentral_chisquare"),
    *("rng.gamma(2.0, v)", "rng.triangular(0.1, 0.3, 0.9) * u", "rng.noncentral_f(3.0, 2.0, 1.0) * u", "rng.zipf(3.0)"),
    *("rng.geometric(0.4)", "rng.logseries(0.4)", "rng.binomial(5, 0.4)", "rng.negative_binomial(5, 0.4)"),
    *("rng.integers(2, 9)", "rng.normal(u, v, (2, 3))", "rng.permutation(x)", "rng.shuffle(x)", "rng.bit_generator"),
]
METHODS = [
    *of("m.F", "T shape size ndim real imag itemsize nbytes strides"),
    *of("m.F()", "sum mean var std prod max min argmax argmin all any cumsum cumprod copy flatten ravel transpose"),
    *("z.conj()", "z.conjugate()", "x.clip(u, v)", "x.dot(w)", "x.take(k)", "x.repeat(2)", "x.argsort()"),
    *("x.sort(); x", "x.fill(u); x", "m[:1, :1].item()", "b.nonzero()", "m.reshape(4, 3)", "x.astype(np.float64)"),
    *("m.flat[3]", "e = x.dtype; np.zeros(2, e) + u", "x.searchsorted(u)", "x.round(1)", "m.diagonal()", "m.trace()"),
    *("m.swapaxes(0, 1)", "x.view(np.int64)", "x.tobytes()", "x.flags.c_contiguous"),
]
BEYOND = [
    *of("np.F.outer(t, w + 2.0)", "add subtract multiply divide floor_divide power maximum minimum hypot arctan2"),
    *of("np.F.outer(t, w + 2.0)", "logaddexp remainder fmod copysign"),
    *of("np.F.reduce(m)", "add multiply maximum minimum logical_and logical_or logaddexp"),
    *of("np.F.accumulate(m, axis=1)", "add multiply maximum minimum"),
    *("np.rollaxis(m, 1)", "np.pad(m, 1)", "np.meshgrid(x, y)", "x[np.ix_(k, k)[0]]", "np.block([[s, q], [q, s]])"),
    *("np.einsum('ij,j->i', m, y)", "np.einsum('...j,...j', m, y)", "np.einsum('ii...->...', np.stack((s, q), 2))"),
    *("np.einsum('...ij,...jk->k...i', np.stack((s, q)), m)", "np.tensordot(m, s, axes=(0, 1))"),
    *(
        "np.einsum('i...,i...', np.ones((3, 2, 4)) * u, np.expand_dims(m, 1))",
        "np.inner(m, y)",
        "np.fix(x)",
        "np.put(x, k, u); x",
    ),
    *("np.copyto(x, w); x", "scipy.special.logsumexp(x)", "scipy.special.softmax(x)", "scipy.special.log_softmax(x)"),
    *("np.linalg.matmul(m, y)", "np.linalg.outer(x, y)", "np.linalg.cross(s, q)", "np.linalg.vecdot(x, w)"),
    *("np.linalg.svdvals(m)", "np.linalg.trace(s)", "np.linalg.matrix_transpose(m)", "np.linalg.multi_dot((s, m, y))"),
    *("math.isclose(u, v)", "math.factorial(n)", "math.isqrt(n)", "math.comb(4, n)", "math.perm(4, n)", "m.ctypes"),
    *("math.fmod(v, u)", "np.heaviside(0.0, u)", "np.heaviside(x, w)"),
    *("scipy.special.round(x)", "scipy.special.hyp2f1(0.5, 0.7, 1.5, u)"),
]
CALLS = [
    *(*MATH, *CMATH, *ELEMENTWISE, *REDUCTIONS, *SHAPES, *PLACES, *MAKING, *PRODUCTS),
    *(*LINALG, *FOURIER, *POLYNOMIALS, *DRAWS),
    *(*GENERATOR, *METHODS, *BEYOND),
]
