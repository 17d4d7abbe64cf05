"""The network 784-64-64-10 with leaky ReLU and its loss, as plain functions of NumPy arrays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba.extending import register_jitable

SIZES = (784, 64, 64, 10)
LEAK = 0.01
PARAMETERS = (0, 1, 2, 3, 4, 5)  # the arguments of `loss` that are trained


@register_jitable
def leaky_relu(x):
    return np.maximum(x, LEAK * x)


@register_jitable  # plain Python for the tape, and callable in compiled code
def logits(W1, b1, W2, b2, W3, b3, X):
    """Unnormalised log-probabilities of the ten digits, a row an image."""
    h1 = leaky_relu(X @ W1 + b1)
    h2 = leaky_relu(h1 @ W2 + b2)
    return h2 @ W3 + b3


def loss(W1, b1, W2, b2, W3, b3, X, labels):
    """Mean softmax cross-entropy; the largest logit is subtracted so that no exponential overflows."""
    z = logits(W1, b1, W2, b2, W3, b3, X)
    total = 0.0
    for i in range(z.shape[0]):
        top = np.max(z[i])
        total += top + np.log(np.sum(np.exp(z[i] - top))) - z[i, labels[i]]
    return total / z.shape[0]


def loss_vectorised(W1, b1, W2, b2, W3, b3, X, labels):
    """The same number as array operations only: what suits an engine that pays for every operation."""
    z = logits(W1, b1, W2, b2, W3, b3, X)
    z = z - np.max(z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(z.shape[0]), labels])


def initial_parameters(seed: int, dtype: type) -> tuple[np.ndarray, ...]:
    """He initialisation: weights of variance 2 / fan-in, biases zero."""
    rng = np.random.default_rng(seed)
    parameters = []
    for fan_in, fan_out in pairwise(SIZES):
        parameters.append((rng.standard_normal((fan_in, fan_out)) * np.sqrt(2.0 / fan_in)).astype(dtype))
        parameters.append(np.zeros(fan_out, dtype))
    return tuple(parameters)
