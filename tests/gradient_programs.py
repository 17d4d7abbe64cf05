"""Functions that call gradients."""

from __future__ import annotations

import numpy as np
from program_table import program

from sourcead import grad, value_and_grad

Q = np.array([0.1, 0.5, -0.3, 0.8])
V = np.array([0.3, -0.2, 0.1, 0.4])


def energy(q, k):
    s = 0.0
    for i in range(q.shape[0] - 1):
        d = q[i + 1] - q[i]
        s += 0.5 * k * d * d + 0.1 * d**4
    return s


force = grad(energy, jit=False, cache=False)
energy_and_slopes = value_and_grad(energy, (0, 1), jit=False, cache=False)
curvature = grad(grad(lambda x, a: np.sin(a * x) * x, jit=False, cache=False), jit=False, cache=False)


@program(Q, V, 1.3)
def springs(q, v, k):
    q, v = q.copy(), v.copy()
    for _ in range(3):
        v -= 0.1 * force(q, k)
        q += 0.1 * v
    return np.sum(q * q) + energy(v, k)


@program(Q, 0.7)
def value_and_both_slopes(q, k):
    e, (by_q, by_k) = energy_and_slopes(q * k, k=k)
    again = force(q * k, k)
    again[0] = 0.0
    return e * by_k + np.sum(by_q * again)


def descended(q, k):
    for _ in range(2):
        q = q - 0.2 * force(q, k)
    return q


@program(Q, 0.7)
def differentiated_descent(q, k):
    return energy(descended(q, k), k) if k > 0.0 else 0.0


@program(0.4, 1.3)
def third_derivative(x, a):
    total = 0.0
    for i in range(3):
        if i != 1:
            total += curvature(x + i, a)
    return total


def table_energy(z, w):
    m = w[: z.shape[0]] * z  # which of the two is stretched is known when it runs
    c = (m[None, :] + np.sin(z)[:, None]) ** 2
    return np.sum(c * np.outer(z, z)) + np.sum(z * 0.5) ** 3


table_slope = grad(table_energy, (0, 1), jit=False, cache=False)


@program(Q[:3], V)
def slopes_of_stretched_arrays(z, w):
    by_z, by_w = table_slope(z, w)
    return np.sum(by_z * z) + np.sum(by_w**2)


@program(Q[:3], V[:1])
def slopes_of_one_number_stretched(z, w):
    by_z, by_w = table_slope(z, w)
    return np.sum(by_z * z) * by_w[0]
