"""Forward mode, and forward over reverse.

| row | `primal` | `ours` | `hand` |
|---|---|---|---|
| `jvp` | the function | the derivative along a direction | the gradient, and its product with the direction |
| `hvp` | the gradient | the Hessian times a direction | differences of two gradients |
| `jacobian` | the function | all 26 columns at once | one after another |
| `jacobian rows` | the function | all 26 rows at once, by reverse mode | one after another |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import njit

from sourcead import grad, hvp, jacrev, jvp_fn, vjp_fn

from . import gmm, heat, logistic, lorenz, lstm
from .case import Arguments, Case

Program = tuple[Callable[..., Any], tuple[int, ...], Callable[[], Arguments]]

PROGRAMS: dict[str, Program] = {
    "lorenz": (lorenz.final_distance, (0, 1, 2, 3, 4, 5), partial(lorenz.arguments, 20_000)),
    "lstm": (lstm.squared_error, (0, 1, 2, 3), partial(lstm.arguments, 100, 64, 32)),
    "heat": (heat.energy, (0, 1), partial(heat.arguments, 64, 20)),
    "gmm": (gmm.log_likelihood, (0, 1, 2, 3), partial(gmm.arguments, 200, 10, 5)),
    "logistic": (logistic.loss, (0, 1), partial(logistic.arguments, 5000, 50)),
}


def directions(args: Arguments, wrt: tuple[int, ...]) -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    return tuple(rng.standard_normal(np.shape(args[k]))[()] for k in wrt)


def along(name: str) -> Case:
    f, wrt, arguments = PROGRAMS[name]
    v = directions(arguments(), wrt)
    pushed, gradient = jvp_fn(f, wrt), grad(f, wrt)

    def by_gradient(*args: Any) -> float:
        return sum(float(np.sum(g * d)) for g, d in zip(gradient(*args), v, strict=True))

    return Case(f"jvp: {name}", njit(error_model="numpy")(f), lambda *a: pushed(v, *a)[1], by_gradient, arguments)


def second(name: str) -> Case:
    f, wrt, arguments = PROGRAMS[name]
    v = directions(arguments(), wrt)
    product, gradient = hvp(f, wrt), grad(f, wrt)
    h = 1e-6

    def by_differences(*args: Any) -> Any:
        def at(t: float) -> Any:
            moved = list(args)
            for k, d in zip(wrt, v, strict=True):
                moved[k] = args[k] + t * d
            return gradient(*moved)

        return tuple((a - b) / (2 * h) for a, b in zip(at(h), at(-h), strict=True))

    return Case(f"hvp: {name}", gradient, lambda *a: product(v, *a), by_differences, arguments)


COLUMNS = 26


def reactions(y, rates, steps, dt):
    """Concentrations after some time: species in a ring, of which each reacts with the next two."""
    n = y.shape[0]
    y = y.copy()
    change = np.empty(n)
    for _ in range(steps):
        for i in range(n):
            a, b = y[i - 1], y[i - 2]
            change[i] = rates[i] * a * math.exp(-b) - y[i] / (1.0 + a * b)
        for i in range(n):
            y[i] += dt * change[i]
    return y


def arguments(steps: int) -> Arguments:
    rng = np.random.default_rng(3)
    return rng.random(COLUMNS), 0.5 + rng.random(COLUMNS), steps, 0.01


def jacobian(steps: int = 200) -> Case:
    pushed, single, eye = jvp_fn(reactions, several=True), jvp_fn(reactions), np.eye(COLUMNS)

    def one_by_one(*args: Any) -> Any:
        return np.stack([single(e, *args)[1] for e in eye], axis=-1)

    primal, title = njit(error_model="numpy")(reactions), f"jacobian, {COLUMNS} columns"
    return Case(title, primal, lambda *a: pushed(eye, *a)[1], one_by_one, partial(arguments, steps))


def rows(steps: int = 200) -> Case:
    pulled, single, eye = jacrev(reactions), vjp_fn(reactions), np.eye(COLUMNS)

    def one_by_one(*args: Any) -> Any:
        return np.stack([single(e, *args)[1] for e in eye])

    primal, title = njit(error_model="numpy")(reactions), f"jacobian, {COLUMNS} rows"
    return Case(title, primal, pulled, one_by_one, partial(arguments, steps))
