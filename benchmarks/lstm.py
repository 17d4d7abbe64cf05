"""A long short-term memory cell over a sequence: matrix-vector products in a loop with carried state."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numba import njit
from numba.extending import register_jitable

from sourcead import value_and_grad

from .case import Arguments, Case


@register_jitable
def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def squared_error(W, U, b, v, inputs, wanted):
    """Error of one number read off the state after the last input; gates stacked as in, forget, out, new."""
    n = v.shape[0]
    h = np.zeros(n)
    c = np.zeros(n)
    for t in range(inputs.shape[0]):
        z = np.dot(W, inputs[t]) + np.dot(U, h) + b
        c = sigmoid(z[n : 2 * n]) * c + sigmoid(z[:n]) * np.tanh(z[3 * n :])
        h = sigmoid(z[2 * n : 3 * n]) * np.tanh(c)
    error = np.dot(v, h) - wanted
    return error * error


@njit(error_model="numpy")
def gate(x):
    return 1.0 / (1.0 + math.exp(-x))


@njit(error_model="numpy")
def run_cell(gates, cells, states, squashed, z, zh, W, U, b, inputs):
    """Forward sweep: gates after their nonlinearity, cells, their tanh and states of every time are kept."""
    n = states.shape[1]
    cells[0] = 0.0
    states[0] = 0.0
    for t in range(inputs.shape[0]):
        np.dot(W, inputs[t], z)
        np.dot(U, states[t], zh)
        for j in range(n):
            i = gate(z[j] + zh[j] + b[j])
            f = gate(z[n + j] + zh[n + j] + b[n + j])
            o = gate(z[2 * n + j] + zh[2 * n + j] + b[2 * n + j])
            g = math.tanh(z[3 * n + j] + zh[3 * n + j] + b[3 * n + j])
            gates[t, j], gates[t, n + j], gates[t, 2 * n + j], gates[t, 3 * n + j] = i, f, o, g
            cells[t + 1, j] = f * cells[t, j] + i * g
            squashed[t, j] = math.tanh(cells[t + 1, j])
            states[t + 1, j] = o * squashed[t, j]


@njit(error_model="numpy")
def gates_adjoint(gz, gh, gc, gates, cell, squashed):
    """From what state and cell are worth to what the four sums before the gates are worth; `gc` goes one step back."""
    n = gh.shape[0]
    for j in range(n):
        i, f, o, g = gates[j], gates[n + j], gates[2 * n + j], gates[3 * n + j]
        by_cell = gc[j] + gh[j] * o * (1.0 - squashed[j] * squashed[j])
        gz[j] = by_cell * g * i * (1.0 - i)
        gz[n + j] = by_cell * cell[j] * f * (1.0 - f)
        gz[2 * n + j] = gh[j] * squashed[j] * o * (1.0 - o)
        gz[3 * n + j] = by_cell * i * (1.0 - g * g)
        gc[j] = by_cell * f


@njit(error_model="numpy")
def by_hand(gates, cells, states, squashed, z, zh, gh, gc, gW, gU, gb, gv, W, U, b, v, inputs, wanted):
    run_cell(gates, cells, states, squashed, z, zh, W, U, b, inputs)
    steps = inputs.shape[0]
    error = np.dot(v, states[steps]) - wanted
    gW[:] = 0.0
    gU[:] = 0.0
    gb[:] = 0.0
    gc[:] = 0.0
    for j in range(v.shape[0]):
        gv[j] = 2.0 * error * states[steps, j]
        gh[j] = 2.0 * error * v[j]
    for t in range(steps - 1, -1, -1):
        gates_adjoint(z, gh, gc, gates[t], cells[t], squashed[t])
        for k in range(z.shape[0]):
            gb[k] += z[k]
            for j in range(gW.shape[1]):
                gW[k, j] += z[k] * inputs[t, j]
            for j in range(gU.shape[1]):
                gU[k, j] += z[k] * states[t, j]
        np.dot(U.T, z, gh)
    return error * error, (gW, gU, gb, gv)


def arguments(steps: int, hidden: int, inputs: int) -> Arguments:
    rng = np.random.default_rng(2)
    W = 0.3 * rng.standard_normal((4 * hidden, inputs))
    U = 0.3 * rng.standard_normal((4 * hidden, hidden))
    b = 0.1 * rng.standard_normal(4 * hidden)
    return W, U, b, rng.standard_normal(hidden), rng.standard_normal((steps, inputs)), 0.3


def case(steps: int = 50, hidden: int = 32, inputs: int = 16) -> Case:
    n = hidden
    shapes = (steps, 4 * n), (steps + 1, n), (steps + 1, n), (steps, n), 4 * n, 4 * n, n, n
    gradients = (4 * n, inputs), (4 * n, n), 4 * n, n
    hand = partial(by_hand, *map(np.empty, shapes), *map(np.empty, gradients))
    gradient = value_and_grad(squared_error, argnums=(0, 1, 2, 3))
    primal = njit(error_model="numpy")(squared_error)
    return Case(f"LSTM H {hidden}, T {steps}", primal, gradient, hand, partial(arguments, steps, n, inputs))
