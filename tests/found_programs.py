"""Programs that random ones were made smaller to, after they had been differentiated wrongly."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program


@program(numbers(4, 3), 0.7)
def masked_store_then_sum(w, t):
    w[w > 0.28] = t
    return np.sum(w)


def overwrite_first(a):
    a[0] = 5.0
    return 1.0


@program(numbers(2))
def operands_before_calls_that_change_them(x):
    y = x.copy()
    s = y[0] * overwrite_first(y) + y[0]
    y[1] = y[1] + overwrite_first(y) * x[0]
    return s * y[1]


def applied(f, value, times):
    for _ in range(times):
        value = f(value)
    return value


@program(numbers(3))
def given_integer_that_becomes_a_float(x):
    return np.sum(x) * applied(lambda v: v * x[0], 3, times=2)


def halfway(f, value, times=1):
    for _ in range(times):
        value = f(value)
    return value


@program(0.7)
def result_of_a_loop_that_joins_another(t):
    if halfway(lambda h: h * -1.22, 0.28) > 5.5:
        raise ValueError("too large")
    return halfway(lambda h: h * t, max(-1.84, t))
