"""Indexing and ordering at the edges: ties, places out of range, masks that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from index_programs import W, X

import sourcead
from sourcead.errors import Unsupported


def gradient(f: Any, *args: Any) -> Any:
    return sourcead.grad(f, jit=False, cache=False)(*args)


def test_of_equal_indices_the_last_one_is_stored() -> None:
    def f(x, i):
        y = np.zeros(3)
        y[i] = x
        return (y * np.array([1.0, 10.0, 100.0])).sum()

    np.testing.assert_array_equal(gradient(f, np.ones(4), np.array([0, 2, 2, 0])), [0.0, 0.0, 100.0, 1.0])


def test_equal_elements_keep_their_order() -> None:
    def f(x, w):
        return (np.sort(x) * w).sum()

    x = np.array([2.0, 1.0, 2.0, 1.0])
    np.testing.assert_array_equal(gradient(f, x, np.array([1.0, 2.0, 3.0, 4.0])), [3.0, 1.0, 4.0, 2.0])


def test_the_first_of_equal_elements_is_unique() -> None:
    x = np.array([2.0, 1.0, 2.0, 1.0])
    np.testing.assert_array_equal(gradient(lambda x: (np.unique(x) * np.array([1.0, 3.0])).sum(), x), [3, 1, 0, 0])


def test_median_of_equal_elements() -> None:
    np.testing.assert_array_equal(
        gradient(lambda x: np.median(x), np.array([1.0, 1.0, 0.0, 1.0, 3.0])), [0, 1, 0, 0, 0]
    )


@pytest.mark.parametrize("index", [np.array([0, 7]), np.array([-6])])
def test_out_of_range(index: Any) -> None:
    def read(x, i):
        return x[i].sum()

    def of_a_part(x, i):
        return x[1:4][i].sum()

    def stored(x, i):
        y = x * x
        y[i] = 1.0
        return y.sum()

    def taken(x, i):
        return np.take(x, i).sum()

    for f in (read, of_a_part, stored, taken):
        with pytest.raises(IndexError):
            f(X, index)
        with pytest.raises(IndexError):
            gradient(f, X, index)


def test_masks_must_have_the_shape_of_the_array() -> None:
    def read(x, m):
        return x[m].sum()

    def stored(x, m):
        y = x * 1.0
        y[m] = 2.0
        return y.sum()

    for f in (read, stored):
        with pytest.raises(IndexError, match="boolean index did not match"):
            gradient(f, X, np.array([True, False]))


def test_wrong_number_of_values() -> None:
    def f(x, m):
        y = x * 1.0
        y[m] = x[:2]
        return y.sum()

    with pytest.raises(ValueError):
        gradient(f, X, X > 0)


def test_no_elements() -> None:
    def f(x, w):
        y = np.sort(x[x > 5.0])
        s = (y * y).sum() + (w[np.argsort(y)]).sum()
        return s + x[0] * (y.shape[0] + 1) + np.unique(y).sum()

    np.testing.assert_array_equal(gradient(f, X, W), [1.0, 0.0, 0.0, 0.0, 0.0])


def test_nan_is_seen() -> None:
    assert np.isnan(
        sourcead.value_and_grad(lambda x: np.median(x), jit=False, cache=False)(np.array([1.0, np.nan, 2.0]))[0]
    )


def test_percentile_out_of_range() -> None:
    with pytest.raises(ValueError, match="range"):
        gradient(lambda x: np.percentile(x, 101.0), X)


def test_a_refusal_names_the_function() -> None:
    with pytest.raises(Unsupported, match=r"it has no np\.sort for these arguments"):
        gradient(lambda x: np.sort(x, order=None)[0], X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.partition(x, (1, 2))[0],
        lambda x: np.put(x, 0, 1.0),
        lambda x: np.sort(x, kind="stable")[0],
    ],
)
def test_refused(f: Any) -> None:
    with pytest.raises(Unsupported):
        gradient(f, X)
