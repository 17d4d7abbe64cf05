"""One training step of the network 784-128-10 with ReLU: forward, backward, update."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import njit

from sourcead import value_and_grad

from .case import Arguments, Case

INPUTS, HIDDEN, CLASSES = 784, 128, 10


def loss(W1, b1, W2, b2, X, labels):
    h = np.maximum(X @ W1 + b1, 0.0)
    z = h @ W2 + b2
    total = 0.0
    for i in range(X.shape[0]):
        top = np.max(z[i])
        total += top + np.log(np.sum(np.exp(z[i] - top))) - z[i, labels[i]]
    return total / X.shape[0]


loss_and_gradient = value_and_grad(loss, argnums=(0, 1, 2, 3))


@njit(error_model="numpy")
def descend(weights, gradient, rate):
    w, g = weights.reshape(-1), gradient.reshape(-1)
    for i in range(w.size):
        w[i] -= rate * g[i]


@njit(error_model="numpy")
def forward(W1, b1, W2, b2, X, labels, rate):
    return primal(W1, b1, W2, b2, X, labels)


@njit(error_model="numpy")
def step(W1, b1, W2, b2, X, labels, rate):
    value, (gW1, gb1, gW2, gb2) = loss_and_gradient(W1, b1, W2, b2, X, labels)
    descend(W1, gW1, rate)
    descend(b1, gb1, rate)
    descend(W2, gW2, rate)
    descend(b2, gb2, rate)
    return value, W1, b1, W2, b2


primal = njit(error_model="numpy")(loss)


@njit(error_model="numpy")
def softmax_adjoint(z, b2, labels):
    """The loss; leaves its gradient by the logits in `z`, which comes in without the bias."""
    n, classes = z.shape
    total = 0.0
    for i in range(n):
        top = -np.inf
        for c in range(classes):
            z[i, c] += b2[c]
            top = max(top, z[i, c])
        picked = z[i, labels[i]]
        s = 0.0
        for c in range(classes):
            z[i, c] = math.exp(z[i, c] - top)
            s += z[i, c]
        total += top + math.log(s) - picked
        scale = 1.0 / (s * n)
        for c in range(classes):
            z[i, c] *= scale
        z[i, labels[i]] -= 1.0 / n
    return total / n


@njit(error_model="numpy")
def rank_one_update(W, b, x, g, rate):
    """W -= rate x g^T without the gradient ever standing in memory; rows of zeros are left out."""
    for k in range(x.shape[0]):
        scaled = rate * x[k]
        if scaled != 0.0:
            for j in range(g.shape[0]):
                W[k, j] -= scaled * g[j]
    for j in range(g.shape[0]):
        b[j] -= rate * g[j]


@njit(error_model="numpy")
def bias_update(b, g, rate):
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            b[j] -= rate * g[i, j]


@njit(error_model="numpy")
def step_by_hand(h, z, gh, gW1, gW2, W1, b1, W2, b2, X, labels, rate):
    n = X.shape[0]
    np.dot(X, W1, h)
    for i in range(n):
        for j in range(h.shape[1]):
            h[i, j] = max(h[i, j] + b1[j], 0.0)
    np.dot(h, W2, z)
    value = softmax_adjoint(z, b2, labels)
    np.dot(z, W2.T, gh)
    for i in range(n):
        for j in range(h.shape[1]):
            if h[i, j] <= 0.0:
                gh[i, j] = 0.0
    if n == 1:
        rank_one_update(W2, b2, h[0], z[0], rate)
        rank_one_update(W1, b1, X[0], gh[0], rate)
    else:
        np.dot(h.T, z, gW2)
        np.dot(X.T, gh, gW1)
        descend(W2, gW2, rate)
        descend(W1, gW1, rate)
        bias_update(b2, z, rate)
        bias_update(b1, gh, rate)
    return value, W1, b1, W2, b2


def arguments(batch: int, rate: float) -> Arguments:
    rng = np.random.default_rng(1)
    W1 = rng.standard_normal((INPUTS, HIDDEN)) / math.sqrt(INPUTS)
    W2 = rng.standard_normal((HIDDEN, CLASSES)) / math.sqrt(HIDDEN)
    X = np.maximum(rng.uniform(-1.0, 1.0, (batch, INPUTS)), 0.0)  # half of the pixels dark, as in images of digits
    labels = rng.integers(0, CLASSES, batch)
    return W1, np.zeros(HIDDEN), W2, np.zeros(CLASSES), X, labels, rate


def case(batch: int, rate: float = 1e-6) -> Case:
    """A tiny rate, so that thousands of timed steps leave the network what it was."""
    shapes = (batch, HIDDEN), (batch, CLASSES), (batch, HIDDEN), (INPUTS, HIDDEN), (HIDDEN, CLASSES)
    hand = partial(step_by_hand, *map(np.empty, shapes))
    return Case(f"MLP step, batch {batch}", forward, step, hand, partial(arguments, batch, rate))
