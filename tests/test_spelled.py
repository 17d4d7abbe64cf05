"""Functions that are spelled in the language itself: values as NumPy's, gradients as differences."""

import operator as op

import covered
import differences
import numpy as np
import pytest
import scipy.special as sp
from numpy.polynomial import polynomial as poly

import sourcead
from sourcead import special, spelled
from sourcead.spellings import SPELLINGS

special.known()
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
    sp.logsumexp: (
        lambda m, x, t: (
            sp.logsumexp(m) ** 2
            + sp.logsumexp(x, b=t)
            + weigh(sp.logsumexp(m, axis=0))
            + weigh(sp.logsumexp(m, axis=-1, keepdims=True))
            + weigh(sp.logsumexp(m, axis=1, b=m * m))
            + sp.logsumexp(m, b=0.3)
        ),
        (m, x, t),
    ),
    sp.softmax: (lambda m, x: weigh(sp.softmax(m, axis=0)) + weigh(sp.softmax(m)) + weigh(sp.softmax(x)), (m, x)),
    sp.log_softmax: (lambda m, x: weigh(sp.log_softmax(m, axis=1)) + weigh(sp.log_softmax(x)), (m, x)),
}
A = r.uniform(-1, 1, (3, 4, 2))
AXES = {
    np.sum: lambda a: weigh(np.sum(a, axis=(0, 2))) + weigh(a.sum(axis=1, keepdims=True)) + weigh(np.sum(a, (0, 1))),
    np.mean: lambda a: (
        weigh(np.mean(a, axis=0)) + weigh(a.mean(axis=(1, 2))) + weigh(a - a.mean(axis=-1, keepdims=True))
    ),
    np.var: lambda a: weigh(np.var(a, axis=0)) + weigh(a.std(axis=1)),
    np.std: lambda a: weigh(np.std(a, axis=(0, 1), ddof=1, keepdims=True)),
    np.max: lambda a: weigh(np.max(a, axis=0)) + weigh(a.min(axis=1, keepdims=True)) + weigh(np.amax(a, axis=(0, 2))),
    np.prod: lambda a: weigh(np.prod(a, axis=0)) + weigh(a.prod(axis=(1, 2))),
    np.argmax: lambda a: weigh(np.argmax(a, axis=0) * np.sum(a, axis=0)),
    np.any: lambda a: weigh(np.any(a > 0, axis=0) * np.sum(a, axis=0)) + weigh(np.all(a > -1, axis=(0, 1)) * a),
    np.ptp: lambda a: weigh(np.ptp(a, axis=0)),
    np.exp: lambda a: weigh(
        np.exp(a - a.max(axis=-1, keepdims=True))
        / np.sum(np.exp(a - np.max(a, axis=-1, keepdims=True)), axis=-1, keepdims=True)
    ),
    np.cumsum: lambda a: weigh(np.cumsum(a, axis=1)),
    np.cumprod: lambda a: weigh(np.cumprod(a, axis=0)),
    np.linalg.norm: lambda a: (
        weigh(np.linalg.norm(a, axis=1))
        + weigh(np.linalg.norm(a, axis=-1, keepdims=True))
        + weigh(np.linalg.norm(a, np.inf, axis=0))
        + weigh(np.linalg.norm(a, 3, axis=0))
    ),
    np.sort: lambda a: weigh(np.sort(a, axis=0)) + weigh(np.sort(a, 1)),
    np.argsort: lambda a: weigh(np.argsort(a, axis=0) * a),
    np.median: lambda a: weigh(np.median(a, axis=0)) + weigh(np.median(a, axis=1, keepdims=True)),
    np.percentile: lambda a: weigh(np.percentile(a, 30.0, axis=0)),
    np.quantile: lambda a: weigh(np.quantile(a, 0.7, axis=1)),
    np.diff: lambda a: weigh(np.diff(a, axis=0)) + weigh(np.diff(a, 2, axis=1)),
    np.flip: lambda a: weigh(np.flip(a, axis=1)) + weigh(np.flip(a, (0, 2))),
    np.roll: lambda a: weigh(np.roll(a, 1, axis=1)) + weigh(np.roll(a, (1, -1), axis=(0, 1))),
    np.repeat: lambda a: weigh(np.repeat(a, 2, axis=1)) + weigh(np.repeat(a, np.array([1, 0, 2]), axis=0)),
    np.tile: lambda a: weigh(np.tile(a, (2, 1, 1))) + weigh(np.tile(a, 2)) + weigh(np.tile(a[0], (2, 1, 3))),
    np.stack: lambda a: weigh(np.stack((a, a * 2), axis=1)) + weigh(np.concatenate((a, a), axis=2)),
    np.split: lambda a: weigh(np.split(a, 2, axis=1)[1]) + weigh(np.split(a, (1, 2))[2]),
    np.array_split: lambda a: weigh(np.array_split(a, 3, axis=1)[0]) + weigh(np.array_split(a, 2)[1]),
    np.hsplit: lambda a: weigh(np.hsplit(a, 2)[1]),
    np.vsplit: lambda a: weigh(np.vsplit(a, 3)[1]),
    np.dsplit: lambda a: weigh(np.dsplit(a, 2)[1]),
    np.squeeze: lambda a: weigh(np.squeeze(a[:1], axis=0)),
    np.expand_dims: lambda a: weigh(np.expand_dims(a, (0, 2))),
    np.moveaxis: lambda a: weigh(np.moveaxis(a, 0, -1)) + weigh(np.moveaxis(a, (0, 1), (1, 0))),
    np.rollaxis: lambda a: weigh(np.rollaxis(a, 2)) + weigh(np.rollaxis(a, 0, 2)),
    np.matmul: lambda a: (
        weigh(a @ np.swapaxes(a, 1, 2)) + weigh(a @ a[0].T) + weigh(a[0].T @ a) + weigh(np.matmul(a[0].T, a[1]))
    ),
    op.matmul: lambda a: (
        weigh(a @ a[0, 0]) + weigh(a[0, :, 0] @ a) + weigh(a @ np.expand_dims(np.swapaxes(a, 1, 2), 1))
    ),
    np.tensordot: lambda a: weigh(np.tensordot(a, a, axes=([0, 2], [0, 2]))) + weigh(np.tensordot(a, a[0], axes=2)),
    np.einsum: lambda a: weigh(np.einsum("ijk,ilk->jl", a, a)),
    np.inner: lambda a: weigh(np.inner(a, a[0])) + np.inner(a[0, 0], a[1, 1]),
    np.vecdot: lambda a: weigh(np.vecdot(a[0], a[1])),
    np.add.outer: lambda a: weigh(np.add.outer(a[0, :, 0], a[1, :, 1])),
    np.multiply.outer: lambda a: weigh(np.multiply.outer(a[0], a[1, 0])),
    np.pad: lambda a: (
        weigh(np.pad(a, ((1, 2), (0, 1), (1, 1))))
        + weigh(np.pad(a, 1, mode="edge"))
        + weigh(np.pad(a[0], (2, 1), mode="constant", constant_values=3.0))
    ),
    "reflections": lambda a: (
        weigh(np.pad(a, 1, mode="reflect")) + weigh(np.pad(a, 2, mode="symmetric")) + weigh(np.pad(a, 3, mode="wrap"))
    ),
    np.take_along_axis: lambda a: weigh(np.take_along_axis(a, np.argsort(a, axis=1), axis=1)),
    np.logaddexp.reduce: lambda a: weigh(np.logaddexp.reduce(a, axis=1)) + np.logaddexp.reduce(a[0, :, 0]),
    np.add.reduce: lambda a: np.add.reduce(a[0, :, 0]) ** 2 + weigh(np.add.reduce(a)),
    np.multiply.reduce: lambda a: weigh(np.multiply.reduce(a)),
    np.maximum.reduce: lambda a: weigh(np.maximum.reduce(a, axis=2)),
    np.minimum.reduce: lambda a: weigh(np.minimum.reduce(a, axis=2)),
    np.logical_and.reduce: lambda a: weigh(np.logical_and.reduce(a > -1, axis=2) * a[:, :, 0]),
    np.logical_or.reduce: lambda a: weigh(np.logical_or.reduce(a > 0, axis=2) * a[:, :, 0]),
    np.add.accumulate: lambda a: weigh(np.add.accumulate(a[0, :, 0])) + weigh(np.add.accumulate(a, axis=1)),
    np.multiply.accumulate: lambda a: weigh(np.multiply.accumulate(a[0, :, 0])),
    np.maximum.accumulate: lambda a: weigh(np.maximum.accumulate(a[0, :, 0])) + weigh(np.maximum.accumulate(a, axis=1)),
    np.minimum.accumulate: lambda a: weigh(np.minimum.accumulate(a, axis=1)),
    np.meshgrid: lambda a: (
        weigh(np.meshgrid(a[0, :, 0], a[:, 0, 0])[0]) + weigh(np.meshgrid(a[0, :, 0], a[:, 0, 0], indexing="ij")[1])
    ),
    np.ix_: lambda a: weigh(a[np.ix_(np.array([0, 2]), np.array([1, 1]), np.array([0]))]),
    np.triu_indices: lambda a: weigh(a[:, :3, 0][np.triu_indices(3)]) + weigh(a[:, :3, 1][np.tril_indices(3, -1)]),
    np.tril_indices: lambda a: weigh(a[:, :3, 1][np.tril_indices(3, -1)]),
    np.histogram: lambda a: weigh(np.histogram(a, 3, (-1.0, 1.0))[0] * a[:, 0, 0]),
    np.block: lambda a: weigh(np.block([[a[0], a[1]], [a[1], a[2]]])),
    np.nansum: lambda a: weigh(np.nansum(a, axis=0)) + weigh(np.nanprod(a, axis=1)),
    np.nanmean: lambda a: weigh(np.nanmean(a, axis=1)) + weigh(np.nanvar(a, axis=0)) + weigh(np.nanstd(a, axis=0)),
    np.nanmax: lambda a: weigh(np.nanmax(a, axis=1)) + weigh(np.nanmin(a, axis=0)),
    np.average: lambda a: weigh(np.average(a, axis=0)) + weigh(np.average(a[0], axis=0, weights=a[1, :, 1])),
    np.linalg.inv: lambda a: weigh(np.linalg.inv(a[:2, :2, :2] + 3 * np.eye(2))),
    np.linalg.cholesky: lambda a: weigh(np.linalg.cholesky(a @ np.swapaxes(a, 1, 2) + 3 * np.eye(4))),
    np.linalg.det: lambda a: weigh(np.linalg.det(a[:, :2])),
    np.linalg.solve: lambda a: (
        weigh(np.linalg.solve(a[:2, :2] + 3 * np.eye(2), a[:2, 2:]))
        + weigh(np.linalg.solve(a[:2, :2] + 3 * np.eye(2), a[0, 0]))
    ),
}
UFUNCS = [fn for fn in SPELLINGS if isinstance(getattr(fn, "__self__", None), np.ufunc) and fn.__name__ == "outer"]
UFUNCS = [fn for fn in UFUNCS if fn not in AXES]
EINSUM = {
    "a": "ii->i; ij->ji; ij->j",
    "a,b": "ij,jk->ik; ij,kj->ki; ij,ij->; ij,ij->i; ij,kl->ijkl; ij,jk",
    "a,v": "ij,i->ij; ij,k->j; ij,j->i",
    "v,w": "i,j->ij; i,i->",
    "a,b,c": "ij,jk,kl->il; ij,jk,ik->i",
}
UNALIKE = {np.intersect1d, np.setdiff1d}  # an element there has another one's value: differences would part them


def test_every_function_has_a_case():
    assert spelled.spelled_out
    covered_ones = {covered.function(s.subject) for s in covered.samples()}
    assert set(SPELLINGS) <= {*CASES, *AXES, *UFUNCS, *covered_ones}


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


def agree(f, args):
    everything = tuple(range(len(args)))
    value, grads = sourcead.value_and_grad(f, everything, jit=False, cache=False)(*args)
    np.testing.assert_allclose(value, f(*args), 1e-12)
    for got, want in zip(grads, differences.gradient(f, args, everything), strict=True):
        np.testing.assert_allclose(got, want, 1e-7, 1e-8)


@pytest.mark.parametrize("fn", AXES, ids=lambda fn: fn if isinstance(fn, str) else fn.__name__)
def test_along_axes(fn):
    agree(AXES[fn], (A,))


@pytest.mark.parametrize("ufunc", [fn.__self__ for fn in UFUNCS], ids=lambda u: u.__name__)
def test_outer(ufunc):
    agree(lambda a, b: weigh(ufunc.outer(a, b)), (0.3 * t + 5.0, 0.1 * y + 2.05))


@pytest.mark.parametrize(("operands", "subscripts"), [(o, s) for o in EINSUM for s in EINSUM[o].split("; ")])
def test_einsum(operands, subscripts):
    given = {"a": m[:, :3], "b": m[:, 2:], "c": m[:, 1:4], "v": m[0, :3], "w": m[1, :3]}
    args = tuple(given[k].copy() for k in operands.split(","))
    f = {
        0: lambda a, b: np.einsum(subscripts, a, b) ** 2,
        1: lambda a: weigh(np.einsum(subscripts, a)),
        2: lambda a, b: weigh(np.einsum(subscripts, a, b)),
        3: lambda a, b, c: weigh(np.einsum(subscripts, a, b, c)),
    }
    agree(f[0 if subscripts in ("i,i->", "ij,ij->") else len(args)], args)


def weigh_on_the_tape(a):
    flat = np.ravel(a)
    return np.sum(flat * flat * np.arange(1.0, flat.size + 1.0))


NOT_MET = (np.polynomial.polynomial.__name__, "scipy")  # their functions do not tell NumPy of their arguments
ON_THE_TAPE = {fn: c for fn, c in CASES.items() if not (getattr(fn, "__module__", None) or "").startswith(NOT_MET)}
ON_THE_TAPE |= {fn: (f, (A,)) for fn, f in AXES.items() if fn not in ON_THE_TAPE}


@pytest.mark.parametrize("fn", ON_THE_TAPE, ids=lambda fn: fn if isinstance(fn, str) else fn.__name__)
def test_on_the_tape(fn, monkeypatch):
    """Their Python runs on values of the tape."""
    f, args = ON_THE_TAPE[fn]
    monkeypatch.setitem(globals(), "weigh", weigh_on_the_tape)
    everything = tuple(range(len(args)))
    grads = sourcead.tape.grad(f, everything)(*args)
    for got, want in zip(grads, differences.gradient(f, args, everything), strict=True):
        np.testing.assert_allclose(got, np.where(np.isnan(want) | (fn in UNALIKE), got, want), 1e-7, 1e-8)


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
