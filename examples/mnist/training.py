"""Minibatch SGD: one loop, run natively with the compiled gradient or interpreted with the tape's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.extending import register_jitable

from sourcead import value_and_grad

from .data import sparse
from .network import PARAMETERS, logits, loss

loss_and_gradient = value_and_grad(loss, argnums=PARAMETERS)


def descend(weights, gradient, rate):
    """One step downhill, as NumPy does it."""
    weights -= rate * gradient


@njit(nogil=True)
def descend_native(weights, gradient, rate):
    """The same as a loop: no array for the product."""
    w, g = weights.reshape(-1), gradient.reshape(-1)
    for i in range(w.size):
        w[i] -= rate * g[i]


@register_jitable
def accuracy(z, labels):
    hits = 0
    for i in range(z.shape[0]):
        hits += np.argmax(z[i]) == labels[i]
    return hits / z.shape[0]


def training_loop(loss_and_gradient: Callable, logits: Callable, descend: Callable) -> Callable:
    """The whole training as one function: epochs x shuffle x minibatches x forward x backward x update."""

    def train(start, images, labels, images_test, labels_test, epochs, batch, rate, seed, losses, accuracies):
        W1, b1, W2, b2, W3, b3 = start
        W1, b1, W2, b2, W3, b3 = W1.copy(), b1.copy(), W2.copy(), b2.copy(), W3.copy(), b3.copy()
        batches = labels.shape[0] // batch
        order = np.arange(labels.shape[0])
        every_test = np.arange(labels_test.shape[0])
        np.random.seed(seed)  # Numba's generator and NumPy's give the same numbers
        for epoch in range(epochs):
            np.random.shuffle(order)
            total = 0.0
            for k in range(batches):
                chosen = order[k * batch : (k + 1) * batch]
                value, gradients = loss_and_gradient(W1, b1, W2, b2, W3, b3, labels, chosen, *images)
                gW1, gb1, gW2, gb2, gW3, gb3 = gradients
                descend(W1, gW1, rate)
                descend(b1, gb1, rate)
                descend(W2, gW2, rate)
                descend(b2, gb2, rate)
                descend(W3, gW3, rate)
                descend(b3, gb3, rate)
                total += value
            losses[epoch] = total / batches
            z = logits(W1, b1, W2, b2, W3, b3, every_test, *images_test)
            accuracies[epoch] = accuracy(z, labels_test)
        return W1, b1, W2, b2, W3, b3

    return train


class Engine(NamedTuple):
    """A way to train: the loop, and the form in which it wants the images."""

    train: Callable
    form: Callable


# The watcher of the progress bar lives in another thread: native code lets it run.
native = Engine(njit(nogil=True)(training_loop(loss_and_gradient, logits, descend_native)), sparse)


class Settings(NamedTuple):
    epochs: int
    batch: int
    rate: float
    seed: int
    dtype: type


class Progress:
    """What a running training has reached; filled by the training, read by whoever watches."""

    def __init__(self, epochs: int):
        self.losses = np.full(epochs, np.nan)
        self.accuracies = np.full(epochs, np.nan)

    def finished_epochs(self) -> int:
        return int(np.count_nonzero(~np.isnan(self.accuracies)))


def run(engine: Engine, start: tuple[np.ndarray, ...], data: Any, settings: Settings, progress: Progress) -> Any:
    """Train from `start`; the order of the images follows from the seed alone, whatever runs the loop."""
    epochs, batch, rate, seed, dtype = settings
    return engine.train(start, *data, epochs, batch, dtype(rate), seed, progress.losses, progress.accuracies)
