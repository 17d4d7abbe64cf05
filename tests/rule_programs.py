"""Functions with derivatives that the user gives."""

from __future__ import annotations

import numpy as np
from program_table import program

from sourcead import custom_rule

X = np.array([0.4, 1.1, 0.7])


@custom_rule
def scaled(x, w, n, flag=True):
    return x * w**n if flag else x.copy()


@scaled.pullback
def scaled_pullback(x, w, n, flag, y, y_bar):
    m = n if flag else 0
    return y_bar * w**m, np.sum(y_bar * x) * m * w ** (m - 1), None, None


@scaled.pushforward
def scaled_pushforward(x, w, n, flag, y, x_dot, w_dot, n_dot, flag_dot):
    m = n if flag else 0
    return x_dot * w**m + x * (m * w ** (m - 1) * w_dot)


@program(X, 0.9)
def rule_in_a_loop(x, w):
    s = 0.0
    for k in range(3):
        y = scaled(x, w, k + 1)
        x = y + x
        s += np.sum(y * scaled(x, n=2, w=w, flag=k > 1))
    return s


@custom_rule
def layer(params, z):
    w, b = params
    return np.sin(w * z), b * z


@layer.forward
def layer_forward(params, z):
    w, b = params
    return (np.sin(w * z), b * z), (np.cos(w * z), w, b, z)


@layer.pullback
def layer_pullback(saved, y_bar):
    c, w, b, z = saved
    u, v = y_bar
    return (u * c * z, v * z), np.sum(u * c * w) + v * b


@layer.pushforward
def layer_pushforward(saved, params_dot, z_dot):
    c, w, b, z = saved
    w_dot, b_dot = params_dot
    return c * (w_dot * z + w * z_dot), b_dot * z + b * z_dot


@program(X, 0.9, 1.3)
def rule_that_saves(w, b, z):
    for _ in range(2):
        u, v = layer((w, b), z)
        w[0] = u[1]
        z = z + v
    return u[0] + z


@custom_rule
def squared(z, r):
    return z * z * r


@squared.pullback
def squared_pullback(z, r, y, y_bar):
    return y_bar * np.conj(2 * z * r), np.sum((y_bar * np.conj(z * z)).real)


@squared.pushforward
def squared_pushforward(z, r, y, z_dot, r_dot):
    return 2 * z * z_dot * r + z * z * r_dot


@program(np.array([0.3 + 0.7j, 1.0 - 0.5j]), 1.2)
def rule_of_complex_numbers(z, r):
    y = squared(z, r)
    return np.sum(y.real + 2.0 * y.imag * y.real)


@custom_rule
def reversed_copy(a):
    return a[::-1].copy()


@reversed_copy.pullback
def reversed_copy_pullback(a, y, y_bar):
    return y_bar[::-1]


@reversed_copy.pushforward
def reversed_copy_pushforward(a, y, a_dot):
    return a_dot[::-1]


@program(X)
def results_are_new_arrays(x):
    y = reversed_copy(x)
    z = reversed_copy(x[:2])
    x[0] = 3.0 * z[1]
    z[1] *= 2.0
    return np.sum(y * x) * z[0] + z[1]


@custom_rule
def product(a, b):
    return np.sum(a * b)


@product.pullback
def product_pullback(a, b, y, y_bar):
    return y_bar * b, y_bar * a


@product.pushforward
def product_pushforward(a, b, y, a_dot, b_dot):
    return np.sum(a_dot * b + a * b_dot)


@program(X)
def argument_given_twice(x):
    return product(x, x) * product(x, 2.0 * x)


def deeper(x, n):
    if n == 0:
        return product(x, x)
    return deeper(scaled(x, 0.9, n), n - 1) * x[0]


@program(X)
def rule_in_a_recursion(x):
    return deeper(x, 2)
