"""Functions that are spelled in the language itself: values as NumPy's, gradients as differences."""

import differences
import numpy as np
import pytest
from numpy.polynomial import polynomial as poly

import sourcead
from sourcead.library.table import SPELLINGS

r = np.random.RandomState(3)
x, y, t, m = r.uniform(-1, 1, 7), r.uniform(-1, 1, 4), np.sort(r.uniform(0, 1, 7)), r.uniform(-1, 1, (3, 5))
holes = np.where(np.arange(7) == 2, np.nan, x)
angles = np.cumsum(r.uniform(0, 4, 9))
zeros = np.array([0.0, 0.0, 1.0, 2.0, 0.0, 3.0, 0.0])


def weigh(a):
    """A number that depends on every element in a way of its own."""
    a = np.asarray(a)
    flat = a.ravel()
    return np.sum(flat * flat * np.arange(1.0, flat.size + 1.0))


CASES = {
    np.interp: (
        lambda x, xp, fp: weigh(np.interp(x, xp, fp)) + np.interp(0.3, xp, fp),
        (r.uniform(-1, 2, (2, 3)), t, x),
    ),
    np.trapezoid: (
        lambda m, y, x: np.trapezoid(y, x) + np.trapezoid(y, dx=0.3) ** 2 + weigh(np.trapezoid(m)),
        (m, x, t),
    ),
    np.convolve: (
        lambda a, v: (
            weigh(np.convolve(a, v)) + weigh(np.convolve(v, a, "same")) + weigh(np.convolve(a, v, mode="valid"))
        ),
        (x, y),
    ),
    np.correlate: (
        lambda a, v: weigh(np.correlate(a, v)) + weigh(np.correlate(v, a, "same")) + weigh(np.correlate(v, a, "full")),
        (x, y),
    ),
    np.unwrap: (lambda a: weigh(np.unwrap(a % (2 * np.pi))), (angles,)),
    np.sinc: (lambda a: weigh(np.sinc(a)) + np.sinc(a[0]), (x,)),
    np.average: (lambda a, w: np.average(a) + np.average(a, weights=w) ** 2, (x, t)),
    np.ptp: (lambda a: np.ptp(a) ** 2, (m,)),
    np.cov: (
        lambda m, a, b: weigh(np.cov(m)) + weigh(np.cov(m, rowvar=False, ddof=2)) + weigh(np.cov(a, b, bias=True)),
        (m, x, t),
    ),
    np.corrcoef: (lambda m, a, b: weigh(np.corrcoef(m)) + np.corrcoef(a, b)[0, 1] ** 2, (m, x, t)),
    np.nansum: (lambda a: np.nansum(a) ** 2, (holes,)),
    np.nanprod: (lambda a: np.nanprod(a) ** 2, (holes,)),
    np.nanmean: (lambda a: np.nanmean(a) ** 2, (holes,)),
    np.nanvar: (lambda a: np.nanvar(a) ** 2, (holes,)),
    np.nanstd: (lambda a: np.nanstd(a) ** 2, (holes,)),
    np.nanmax: (lambda a: np.nanmax(a) ** 2, (holes,)),
    np.nanmin: (lambda a: np.nanmin(a) ** 2, (holes,)),
    np.nanmedian: (lambda a: np.nanmedian(a) ** 2, (holes,)),
    np.nancumsum: (lambda a: weigh(np.nancumsum(a)), (holes,)),
    np.nancumprod: (lambda a: weigh(np.nancumprod(a)), (holes,)),
    np.nanpercentile: (lambda a: np.nanpercentile(a, 30.0) ** 2, (holes,)),
    np.nanquantile: (lambda a: weigh(np.nanquantile(a, np.array([0.2, 0.7]))), (holes,)),
    np.cross: (lambda a, b: weigh(np.cross(a, b)) + weigh(np.cross(a, b[0])), (m[:, :3] * 1.0, m[:, 1:4] * 1.0)),
    np.rot90: (lambda a: weigh(np.rot90(a)) + weigh(np.rot90(a, 2)) + weigh(np.rot90(a, k=-1)), (m,)),
    np.dstack: (lambda a, b, m: weigh(np.dstack((a, b))) + weigh(np.dstack((m, m * m))), (x, t, m)),
    np.atleast_3d: (lambda a, m: weigh(np.atleast_3d(a)) + weigh(np.atleast_3d(m)), (x, m)),
    np.diagflat: (lambda a: weigh(np.diagflat(a)) + weigh(np.diagflat(a, -1)), (y,)),
    np.ediff1d: (lambda a: weigh(np.ediff1d(a)) + weigh(np.ediff1d(a, to_begin=a[:2], to_end=a[3:])), (x,)),
    np.vander: (lambda a: weigh(np.vander(a)) + weigh(np.vander(a, 3, increasing=True)), (y,)),
    np.resize: (lambda a: weigh(np.resize(a, (3, 7))) + weigh(np.resize(a, 3)), (y,)),
    np.delete: (lambda a: weigh(np.delete(a, 2)) + weigh(np.delete(a, np.array([0, 3, 3]))), (x,)),
    np.insert: (lambda a: weigh(np.insert(a, 2, a[0] * 2)) + weigh(np.insert(a, -2, a[:2])), (x,)),
    np.trim_zeros: (lambda a: weigh(np.trim_zeros(a)) + weigh(np.trim_zeros(a, "b")), (zeros,)),
    np.tri: (lambda m: weigh(np.tri(3, 5, 1) * m), (m,)),
    np.geomspace: (lambda a, b: weigh(np.geomspace(a, b, 5)), (1.2, 2.5)),
    np.logspace: (lambda a, b: weigh(np.logspace(a, b, num=4)), (0.2, 0.5)),
    np.select: (lambda a: weigh(np.select((a > 0.5, a < -0.2), (a**2, a**3), 1.5) * a), (x,)),
    np.nan_to_num: (lambda a: weigh(np.nan_to_num(a)) + np.nan_to_num(a[0]), (holes,)),
    poly.polyval: (lambda x, c: weigh(poly.polyval(x, c)) + poly.polyval(0.3, c), (m, y)),
    poly.polyadd: (lambda a, b: weigh(poly.polyadd(a, b)), (x, y)),
    poly.polysub: (lambda a, b: weigh(poly.polysub(a, b)), (y, x)),
    poly.polymul: (lambda a, b: weigh(poly.polymul(a, b)), (y, x)),
    poly.polyint: (lambda a: weigh(poly.polyint(a)) + weigh(poly.polyint(a, 2)), (y,)),
    np.union1d: (lambda a, b: weigh(np.union1d(a, b)), (x, y)),
    np.intersect1d: (lambda a, b: weigh(np.intersect1d(a, np.concatenate((a[2:4], b)))), (x, y)),
    np.setdiff1d: (lambda a, b: weigh(np.setdiff1d(a, np.concatenate((a[2:4], b)))), (x, y)),
    np.setxor1d: (lambda a, b: weigh(np.setxor1d(a, b)), (x, y)),
}
UNALIKE = {np.intersect1d, np.setdiff1d}  # an element there has another one's value: differences would part them


def test_every_function_has_a_case():
    assert set(SPELLINGS) == set(CASES)


@pytest.mark.parametrize("fn", CASES, ids=lambda fn: fn.__name__)
def test_values_and_gradients(fn):
    f, args = CASES[fn]
    everything = tuple(range(len(args)))
    value, grads = sourcead.value_and_grad(f, everything, jit=False, cache=False)(*args)
    np.testing.assert_allclose(value, f(*args), 1e-12)
    for got, want in zip(grads, differences.gradient(f, args, everything), strict=True):
        if fn in UNALIKE:
            continue
        # An element that is nan has no differences; what the function leaves out receives nothing.
        np.testing.assert_allclose(got, np.where(np.isnan(want), 0.0, want), 1e-7, 1e-8)


def test_compiled():
    f, args = CASES[np.interp]
    got = sourcead.grad(f, (0, 1, 2), cache=False)(*args)
    for a, b in zip(got, sourcead.grad(f, (0, 1, 2), jit=False, cache=False)(*args), strict=True):
        np.testing.assert_allclose(a, b, 1e-12)


def test_an_element_of_a_selection_has_its_own_derivative():
    g = sourcead.grad(CASES[np.intersect1d][0], (0, 1), jit=False, cache=False)(x, y)
    common = np.sort(x[2:4])
    assert np.count_nonzero(g[0]) == 2
    np.testing.assert_allclose(np.sort(g[0][2:4] / x[2:4]), np.sort(2.0 * (np.argsort(np.argsort(x[2:4])) + 1)))
    assert not g[1].any() and len(common) == 2


def test_in_a_loop_and_in_helpers():
    def f(x, fp):
        s = 0.0
        for i in range(3):
            s += np.interp(x * i, np.arange(4.0), fp) ** 2
            fp = np.convolve(fp, fp[:1])
        return s

    args = 0.7, y
    got = sourcead.grad(f, (0, 1), jit=False, cache=False)(*args)
    for a, b in zip(got, differences.gradient(f, args, (0, 1)), strict=True):
        np.testing.assert_allclose(a, b, 1e-7, 1e-8)


def test_what_is_not_spelled_is_refused():
    with pytest.raises(sourcead.errors.Unsupported, match=r"np\.trapezoid"):
        sourcead.grad(lambda a: np.trapezoid(a, axis=0)[0], jit=False, cache=False)(m)
