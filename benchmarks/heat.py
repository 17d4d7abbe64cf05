"""Explicit steps of the heat equation, in place with two arrays that change places."""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit

from sourcead import value_and_grad

from .case import Arguments, Case


def energy(u0, kappa, steps):
    n, m = u0.shape
    u = u0.copy()
    v = u0.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                v[i, j] = u[i, j] + kappa * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
        u, v = v, u
    return np.sum(u * u)


@njit(error_model="numpy")
def stencil(v, u, kappa):
    n, m = u.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            v[i, j] = u[i, j] + kappa * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])


@njit(error_model="numpy")
def frame_adjoint(frame, w, kappa):
    """The frame is read by its inner neighbours only."""
    n, m = w.shape
    for j in range(1, m - 1):
        frame[0, j] += kappa * w[1, j]
        frame[n - 1, j] += kappa * w[n - 2, j]
    for i in range(1, n - 1):
        frame[i, 0] += kappa * w[i, 1]
        frame[i, m - 1] += kappa * w[i, m - 2]


@njit(error_model="numpy")
def laplace_dot(w, u):
    """What a unit of kappa changes in one step, weighted."""
    n, m = u.shape
    total = 0.0
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            total += w[i, j] * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
    return total


@njit(error_model="numpy")
def by_hand(record, w, w_new, frame, u0, kappa, steps):
    """The stencil is symmetric: inside, the adjoint of a step is the step itself; `w` is zero on the frame."""
    n, m = u0.shape
    for t in range(steps + 1):
        record[t, 0], record[t, n - 1] = u0[0], u0[n - 1]
        record[t, :, 0], record[t, :, m - 1] = u0[:, 0], u0[:, m - 1]
    record[0] = u0
    for t in range(steps):
        stencil(record[t + 1], record[t], kappa)
    value = 0.0
    w[:] = 0.0
    w_new[:] = 0.0
    frame[:] = 0.0
    for i in range(n):
        for j in range(m):
            last = record[steps, i, j]
            value += last * last
            if 0 < i < n - 1 and 0 < j < m - 1:
                w[i, j] = 2.0 * last
            else:
                frame[i, j] = 2.0 * last
    by_kappa = 0.0
    for t in range(steps - 1, -1, -1):
        by_kappa += laplace_dot(w, record[t])
        frame_adjoint(frame, w, kappa)
        stencil(w_new, w, kappa)
        w, w_new = w_new, w
    for i in range(n):
        for j in range(m):
            w[i, j] += frame[i, j]
    return value, (w, by_kappa)


def arguments(n: int, steps: int) -> Arguments:
    return np.random.default_rng(3).random((n, n)), 0.2, steps


def case(n: int = 256, steps: int = 100) -> Case:
    hand = partial(by_hand, np.empty((steps + 1, n, n)), *(np.empty((n, n)) for _ in range(3)))
    gradient = value_and_grad(energy, argnums=(0, 1))
    primal = njit(error_model="numpy")(energy)
    return Case(f"heat {n} x {n}, T {steps}", primal, gradient, hand, partial(arguments, n, steps))
