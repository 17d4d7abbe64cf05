"""The network 784-64-64-10 with leaky ReLU and its loss, as plain functions of NumPy arrays.

Each is written as suits who runs it: as loops over the lit pixels for the compiler, and as whole-array operations for
the tape, which pays for every operation that it records. A batch is a list of the images chosen, never a copy of them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba.extending import register_jitable

SIZES = (784, 64, 64, 10)
LEAK = 0.01
PARAMETERS = (0, 1, 2, 3, 4, 5)  # the arguments of `loss` that are trained


@register_jitable  # a plain function in Python, and callable in compiled code
def leaky_relu(x):
    y = np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = x[i, j] if x[i, j] >= 0.0 else LEAK * x[i, j]
    return y


@register_jitable
def first_layer(W, b, chosen, values, pixels, starts):
    """`X[chosen] @ W + b` for a sparse `X`: the grey values of image i begin at `starts[i]`, each with its pixel."""
    h = np.empty((chosen.shape[0], b.shape[0]), values.dtype)
    for i in range(chosen.shape[0]):
        for j in range(b.shape[0]):
            h[i, j] = b[j]
        for p in range(starts[chosen[i]], starts[chosen[i] + 1]):
            x, k = values[p], pixels[p]
            for j in range(b.shape[0]):
                h[i, j] += x * W[k, j]
    return h


@register_jitable
def logits(W1, b1, W2, b2, W3, b3, chosen, values, pixels, starts):
    """Unnormalised log-probabilities of the ten digits, a row an image."""
    h1 = leaky_relu(first_layer(W1, b1, chosen, values, pixels, starts))
    h2 = leaky_relu(h1 @ W2 + b2)
    return h2 @ W3 + b3


def loss(W1, b1, W2, b2, W3, b3, labels, chosen, values, pixels, starts):
    """Mean softmax cross-entropy; the largest logit is subtracted so that no exponential overflows."""
    z = logits(W1, b1, W2, b2, W3, b3, chosen, values, pixels, starts)
    total = 0.0
    for i in range(z.shape[0]):
        top = np.max(z[i])
        total += top + np.log(np.sum(np.exp(z[i] - top))) - z[i, labels[chosen[i]]]
    return total / z.shape[0]


def logits_vectorised(W1, b1, W2, b2, W3, b3, chosen, X):
    """What `logits` computes, with NumPy's fast matrix product throughout."""
    z1 = X[chosen] @ W1 + b1
    z2 = np.maximum(z1, LEAK * z1) @ W2 + b2
    return np.maximum(z2, LEAK * z2) @ W3 + b3


def loss_vectorised(W1, b1, W2, b2, W3, b3, labels, chosen, X):
    """What `loss` computes, as a dozen operations on whole arrays."""
    z = logits_vectorised(W1, b1, W2, b2, W3, b3, chosen, X)
    z = z - np.max(z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(z.shape[0]), labels[chosen]])


def initial_parameters(seed: int, dtype: type) -> tuple[np.ndarray, ...]:
    """He initialisation: weights of variance 2 / fan-in, biases zero."""
    rng = np.random.default_rng(seed)
    parameters = []
    for fan_in, fan_out in pairwise(SIZES):
        parameters.append((rng.standard_normal((fan_in, fan_out)) * np.sqrt(2.0 / fan_in)).astype(dtype))
        parameters.append(np.zeros(fan_out, dtype))
    return tuple(parameters)
