"""Programs with linear algebra: solutions, factorisations, norms; in loops, in branches, with stores into results."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program

REGULAR = numbers(3, 3, seed=5) + 2.0 * np.eye(3)
SYMMETRIC = REGULAR @ REGULAR.T + np.diag([0.0, 1.0, 3.0])
TALL, WIDE = numbers(4, 3, seed=1), numbers(2, 4, seed=2)


@program(REGULAR, numbers(3, seed=2), numbers(3, 2, seed=3))
def solutions(a, b, c):
    x = np.linalg.solve(a, b)
    y = np.linalg.solve(a.T, c)
    z = np.linalg.solve(a + np.eye(3), c[:, 0] * x)
    return np.sum(x * x) + np.sum(np.sin(y)) + x @ y[:, 1] + np.sum(z)


@program(REGULAR, 1.3)
def inverse_and_determinants(a, t):
    b = np.linalg.inv(a * t)
    b[0, 1] = t * b[1, 1]  # the result is changed after it was made
    sign, logdet = np.linalg.slogdet(a - 5.0 * np.eye(3))
    return np.sum(b * b) * np.linalg.det(a) + sign * logdet * t + np.linalg.inv(b)[2, 0]


@program(SYMMETRIC, numbers(3, seed=2))
def gaussian_likelihood(c, x):
    low = np.linalg.cholesky(c)
    z = np.linalg.solve(low, x)
    return -0.5 * np.sum(z * z) - np.sum(np.log(np.diag(low)))


@program(SYMMETRIC)
def eigenvectors(a):
    w, v = np.linalg.eigh(a)
    back = (v * np.sqrt(w)) @ v.T
    return np.sum(back**3) + v[0, 1] ** 2 * w[2] + np.sum(np.log(np.linalg.eigvalsh(a)))


@program(TALL, numbers(4, seed=2))
def factors(a, b):
    q, r = np.linalg.qr(a)
    return np.sum(np.linalg.solve(r, q.T @ b) ** 2) + q[0, 0] * r[1, 2] ** 2


@program(TALL, WIDE)
def singular_vectors(a, c):
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    t = np.linalg.svd(c)[1]
    return np.sum((u[:, :2] * s[:2]) @ vt[:2] * a) + s[0] / s[2] + t[1] * np.sum(vt[0] ** 3)


@program(TALL, numbers(4, seed=2), WIDE)
def least_squares(a, b, c):
    x = np.linalg.lstsq(a, b)[0]
    y, _, rank, _ = np.linalg.lstsq(c, b[:2])
    return np.sum(x * x) + y[0] ** 2 * rank + np.sum(np.linalg.pinv(a) ** 3)


@program(REGULAR, numbers(3, seed=2))
def norms(a, x):
    n = np.linalg.norm
    s = n(x, 1) + n(x, np.inf) * n(x, 2) + n(x, 3) + n(x - 4.0, -np.inf)
    s += n(a) * n(a, 1) + n(a, np.inf) + n(a, 2) * n(a, -2) + n(a, "fro") * n(a, "nuc")
    return s + np.linalg.cond(a) + np.linalg.cond(a, 1)


@program(REGULAR)
def powers(a):
    p = np.linalg.matrix_power
    return np.sum(p(a, 5)) + p(a, -2)[0, 1] + p(a, 0)[0, 0] + p(a, 1)[0, 2] + np.trace(p(a, 2))


@program(REGULAR, numbers(3, seed=2), 4)
def inverse_iteration(a, x, n):
    shift = 0.0
    for k in range(n):
        y = np.linalg.solve(a - shift * np.eye(3), x)
        x = y / np.linalg.norm(y)
        if k % 2 == 1:
            shift = 0.1 * (x @ (a @ x))
            a = np.linalg.inv(a)
    return x @ (a @ x) + shift


def updated(p, h, r):
    gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + r)
    return gain, p - gain @ h @ p


@program(numbers(4, 2, seed=1), 0.9 * np.eye(2) + 0.1, np.array([[1.0, 0.5]]), 0.3)
def kalman_filter(data, f, h, noise):
    x, p, total = np.zeros(2), np.eye(2), 0.0
    r = np.full((1, 1), noise)
    for t in range(data.shape[0]):
        x, p = f @ x, f @ p @ f.T + 0.1 * np.eye(2)
        gain, p = updated(p, h, r)
        e = data[t, 0] - (h @ x)[0]
        x = x + gain[:, 0] * e
        total += e * e / p[0, 0] + np.log(np.linalg.det(p))
    return total


@program(np.stack([SYMMETRIC, SYMMETRIC + 0.3 * np.diag([1.0, 2.0, 0.5])]), numbers(3, seed=4))
def decompositions_in_a_loop(stack, x):
    s = 0.0
    for k in range(stack.shape[0]):
        a = stack[k].copy()
        for i in range(2):
            w, v = np.linalg.eigh(a)
            if w[0] > 1e3:
                break
            s += w[i] * (v[:, i] @ x) ** 2
            q, r = np.linalg.qr(a)
            a = r @ q
            a[1, 1] += np.linalg.slogdet(a)[1]
        s += np.linalg.cholesky(stack[k] + s * s * np.eye(3))[2, 0]
    return s


@program(REGULAR.astype(np.float32), numbers(3, seed=2).astype(np.float32))
def single_precision_solution(a, b):
    x = np.linalg.solve(a, b)
    w, v = np.linalg.eigh(a)
    return np.sum(x * x) + np.sum(np.linalg.inv(a) * a.T) + w[2] * v[0, 0] ** 2


@program(REGULAR, argnums=(0,))
def unused_factors(a):
    _, v = np.linalg.eigh(a)
    _, r = np.linalg.qr(a)
    return np.sum(r * r) + v[0, 0] ** 2


@program(numbers(3, 3), numbers(3))
def general_eigen(a, w):
    b = a @ a.T + np.diag(np.arange(3.0)) + 0.1 * a
    e, v = np.linalg.eig(b)
    return np.sum(e * e) + np.sum(v * v * np.outer(w, e)) + np.sum(np.linalg.eigvals(b) ** 3)
