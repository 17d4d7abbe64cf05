"""Log-likelihood of a Gaussian mixture, covariances by their inverse Cholesky factors, rows packed."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import njit

from sourcead import value_and_grad

from .case import Arguments, Case


def log_likelihood(weights, means, logs, lower, x):
    """`logs`: logarithms of the factors' diagonals; `lower`: what stands below them, column by column."""
    n, d = x.shape
    kinds = weights.shape[0]
    centred = np.empty(d)
    scaled = np.empty(d)
    terms = np.empty(kinds)
    total = 0.0
    for i in range(n):
        for k in range(kinds):
            log_det = 0.0
            for j in range(d):
                centred[j] = x[i, j] - means[k, j]
                scaled[j] = math.exp(logs[k, j]) * centred[j]
                log_det += logs[k, j]
            at = 0
            for j in range(d):
                for r in range(j + 1, d):
                    scaled[r] += lower[k, at] * centred[j]
                    at += 1
            square = 0.0
            for j in range(d):
                square += scaled[j] * scaled[j]
            terms[k] = weights[k] + log_det - 0.5 * square
        top = np.max(terms)
        mass = 0.0
        for k in range(kinds):
            mass += math.exp(terms[k] - top)
        total += top + math.log(mass)
    mass = 0.0
    for k in range(kinds):
        mass += math.exp(weights[k])
    return total - n * math.log(mass)


@njit(error_model="numpy")
def residual(centred, scaled, x, mean, diagonal, lower):
    """Centre and scale one point for one kind; half its squared length."""
    d = x.shape[0]
    for j in range(d):
        centred[j] = x[j] - mean[j]
        scaled[j] = diagonal[j] * centred[j]
    at = 0
    for j in range(d):
        for r in range(j + 1, d):
            scaled[r] += lower[at] * centred[j]
            at += 1
    square = 0.0
    for j in range(d):
        square += scaled[j] * scaled[j]
    return 0.5 * square


@njit(error_model="numpy")
def residual_adjoint(g_mean, g_log, g_lower, centred, scaled, diagonal, lower, share):
    """Accumulate what one kind's parameters are worth to one point that belongs to it by `share`."""
    d = centred.shape[0]
    at = 0
    for j in range(d):
        by_centred = scaled[j] * diagonal[j]
        g_log[j] += share * (1.0 - scaled[j] * diagonal[j] * centred[j])
        for r in range(j + 1, d):
            by_centred += scaled[r] * lower[at]
            g_lower[at] -= share * scaled[r] * centred[j]
            at += 1
        g_mean[j] += share * by_centred


@njit(error_model="numpy")
def normalise(terms):
    """Turn logarithms into shares that add up to one; the logarithm of their sum."""
    top = np.max(terms)
    mass = 0.0
    for k in range(terms.shape[0]):
        terms[k] = math.exp(terms[k] - top)
        mass += terms[k]
    for k in range(terms.shape[0]):
        terms[k] /= mass
    return top + math.log(mass)


@njit(error_model="numpy")
def by_hand(centred, scaled, terms, diagonal, g_weights, g_means, g_logs, g_lower, weights, means, logs, lower, x):
    n, kinds = x.shape[0], weights.shape[0]
    g_weights[:] = 0.0
    g_means[:] = 0.0
    g_logs[:] = 0.0
    g_lower[:] = 0.0
    log_det = np.empty(kinds)
    for k in range(kinds):
        log_det[k] = np.sum(logs[k])
        for j in range(logs.shape[1]):
            diagonal[k, j] = math.exp(logs[k, j])
    total = 0.0
    for i in range(n):
        for k in range(kinds):
            half_square = residual(centred[k], scaled[k], x[i], means[k], diagonal[k], lower[k])
            terms[k] = weights[k] + log_det[k] - half_square
        total += normalise(terms)
        for k in range(kinds):
            g_weights[k] += terms[k]
            residual_adjoint(g_means[k], g_logs[k], g_lower[k], centred[k], scaled[k], diagonal[k], lower[k], terms[k])
    terms[:] = weights
    value = total - n * normalise(terms)
    for k in range(kinds):
        g_weights[k] -= n * terms[k]
    return value, (g_weights, g_means, g_logs, g_lower)


def arguments(n: int, d: int, kinds: int) -> Arguments:
    rng = np.random.default_rng(5)
    lower = 0.3 * rng.standard_normal((kinds, d * (d - 1) // 2))
    weights, means, logs = (
        rng.standard_normal(kinds),
        rng.standard_normal((kinds, d)),
        rng.uniform(-0.5, 0.5, (kinds, d)),
    )
    return weights, means, logs, lower, rng.standard_normal((n, d))


def case(n: int = 1000, d: int = 10, kinds: int = 25) -> Case:
    below = d * (d - 1) // 2
    work = (kinds, d), (kinds, d), kinds, (kinds, d)
    gradients = kinds, (kinds, d), (kinds, d), (kinds, below)
    hand = partial(by_hand, *map(np.empty, work), *map(np.empty, gradients))
    gradient = value_and_grad(log_likelihood, argnums=(0, 1, 2, 3))
    primal = njit(error_model="numpy")(log_likelihood)
    return Case(f"GMM {n} x {d}, K {kinds}", primal, gradient, hand, partial(arguments, n, d, kinds))
