"""Programs that draw random numbers: in loops and branches, as arrays, with parameters that are differentiated."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program


@program(numbers(3, seed=1), 0.7, 1.3)
def reparameterised(x, loc, scale):
    np.random.seed(3)
    s = 0.0
    for i in range(3):
        z = np.random.normal(loc * x[i], scale)
        u = np.random.uniform(-scale, loc)
        e = np.random.exponential(scale * scale)
        s += z * u * x[i] + np.log(e)
    return s * np.random.rand() + np.random.normal(loc)


@program(numbers(4, seed=2), 0.8)
def arrays_of_draws(x, sigma):
    np.random.seed(5)
    noise = np.random.normal(0.0, sigma, 4)
    w = np.random.randn(4, 3)
    y = x + noise
    z = np.tanh(y @ w) * np.random.uniform(0.5, sigma, size=(2, 3))
    return np.sum(z * np.random.rand(2, 3)) + np.mean(np.random.standard_normal(5)) * sigma


@program(numbers(5, seed=3), 6)
def metropolis(x, n):
    np.random.seed(11)
    here, kept, s = 0.1, 0, 0.0
    while kept < n:
        step = here + 0.4 * np.random.randn()
        if np.random.random() < np.exp(-((step - x[0]) ** 2) + (here - x[0]) ** 2):
            here = step
        elif np.random.rand() < 0.3:
            here = 0.5 * here * x[kept % 5]
        kept += 1
        s += here * x[kept % 5] ** 2
    return s


@program(numbers(6, seed=4), numbers(6, seed=5))
def stochastic_gradient(w, data):
    np.random.seed(1)
    order = np.random.permutation(6)
    loss = 0.0
    for epoch in range(2):
        for k in order:
            if np.random.rand() < 0.2:
                continue
            e = w[k] * data[order[k]] - 0.3
            w[k] -= 0.1 * e * np.random.uniform(0.5, 1.5)
            loss += e * e
        mixed = np.random.permutation(data)
        np.random.shuffle(order)
        loss += mixed[0] * w[np.random.randint(0, 6)] + np.random.choice(w) * np.random.randint(3)
    picked = np.random.choice(data, 3) * np.random.choice(data, 3, False)
    return loss + np.sum(picked * w[:3])


@program(numbers(4, seed=6))
def shuffled_and_dropped(x):
    np.random.seed(2)
    np.random.rand()
    y = x * x
    np.random.shuffle(y)
    keep = np.random.rand(4) < 0.7
    unused = np.random.normal(x[0], 1.0)
    unused += 1.0
    z = np.where(keep, y * x, 0.0)
    for i in range(4):
        z[i] *= np.random.normal(z[i], 0.1) if x[i] > 0.0 else np.random.gamma(2.0, np.abs(x[i]))
    return np.sum(z) + np.random.binomial(5, 0.5) * x[1]


def walk(x, drift, n):
    path = np.empty(n)
    for t in range(n):
        x = x + drift * x * 0.1 + 0.2 * np.random.standard_normal()
        path[t] = x
    return path


@program(0.5, 0.3, 8)
def random_walks(x, drift, n):
    np.random.seed(9)
    total = 0.0
    for _ in range(3):
        total += np.max(walk(x, drift, n)) - np.mean(walk(x, drift, n)) ** 2
    return total
