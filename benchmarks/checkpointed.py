"""A loop over time of which ten states are kept (`ours`), against the same loop recorded (`hand`)."""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit

from sourcead import checkpointed, value_and_grad

from .case import Arguments, Case


def energy(u0, kappa, steps):
    u, v = u0.copy(), u0.copy()
    for _ in checkpointed(range(steps), budget=10):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + kappa * (u[i - 1] - 2.0 * u[i] + u[i + 1]) - 1e-4 * u[i] * u[i]
        u, v = v, u
    return np.sum(u * u)


def recorded(u0, kappa, steps):
    u, v = u0.copy(), u0.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + kappa * (u[i - 1] - 2.0 * u[i] + u[i + 1]) - 1e-4 * u[i] * u[i]
        u, v = v, u
    return np.sum(u * u)


def arguments(n: int, steps: int) -> Arguments:
    return np.random.default_rng(4).random(n), 0.2, steps


def case(n: int, steps: int = 10_000) -> Case:
    ours, hand = (value_and_grad(f, argnums=(0, 1)) for f in (energy, recorded))
    return Case(
        f"checkpointed: {n}, T {steps}", njit(error_model="numpy")(recorded), ours, hand, partial(arguments, n, steps)
    )
