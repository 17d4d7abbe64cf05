"""How far `sourcead.vecmath` is from the true values: `python -m tests.vecmath_points [--points N] [NAME ...]`.

Random numbers of all magnitudes, ones next to where functions change their ways, and special ones, against mpmath.
Prints the largest error in units in the last place, and where it was found. A million points of all functions take some
ten minutes.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
from numba import njit

from sourcead import vecmath

mp.mp.prec = 140

TRUE: dict[str, Callable[[Any], Any]] = {
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
}

SPECIAL: dict[str, dict[float, float]] = {
    "exp": {0.0: 1.0, math.inf: math.inf, -math.inf: 0.0},
    "expm1": {math.inf: math.inf, -math.inf: -1.0},
    "log": {0.0: -math.inf, math.inf: math.inf, -1.0: math.nan, -math.inf: math.nan},
    "log1p": {-1.0: -math.inf, math.inf: math.inf, -2.0: math.nan, -math.inf: math.nan},
    "tanh": {math.inf: 1.0, -math.inf: -1.0},
    "sigmoid": {0.0: 0.5, math.inf: 1.0, -math.inf: 0.0},
    "softplus": {math.inf: math.inf, -math.inf: 0.0},
    "sin": {math.inf: math.nan, -math.inf: math.nan},
    "cos": {0.0: 1.0, math.inf: math.nan, -math.inf: math.nan},
    "tan": {math.inf: math.nan, -math.inf: math.nan},
}
"""Values that are no limits of arithmetic."""

ODD = ("expm1", "log1p", "tanh", "sin", "tan")
"""Functions that give back a zero with its sign."""


def loop(name: str) -> Any:
    """The function, applied to the elements of an array in a loop that can be vectorised."""
    f = getattr(vecmath, name)

    @njit(error_model="numpy")
    def apply(x: Any, y: Any) -> None:
        for i in range(len(x)):
            y[i] = f(x[i])

    return apply


def edges(name: str, dtype: Any) -> list[float]:
    """Arguments where something changes: where results are infinite, subnormal, zero; where large ones begin."""
    info = np.finfo(dtype)
    largest, smallest = math.log(float(info.max)), math.log(float(info.smallest_subnormal))
    normal = math.log(float(info.tiny))
    out = [0.0, 1.0, -1.0, 0.5, math.sqrt(0.5), math.sqrt(2.0), math.log(2.0) / 2, math.log(2.0), math.log(3.0) / 2]
    out += [
        largest,
        normal,
        smallest,
        -largest,
        -normal,
        -smallest,
        math.pi / 4,
        math.pi / 2,
        math.pi,
        2.0**16,
        2.0**26,
    ]
    out += [float(x) for x in (info.max, info.tiny, info.smallest_subnormal, info.eps, 2.0**-60, 2.0**60)]
    return out + [-x for x in out]


def sample(name: str, dtype: Any, n: int, seed: int = 0) -> Any:
    """Some `n` arguments: any bits, usual sizes, neighbours of edges and of multiples of pi/2."""
    rng = np.random.default_rng(seed)
    info, k = np.finfo(dtype), max(n // 10, 1)
    with np.errstate(all="ignore"):
        anything = rng.integers(0, 2**info.bits, 2 * k, dtype=f"u{info.bits // 8}").view(dtype)
        sizes = [rng.standard_normal(k) * s for s in (1e-3, 0.3, 1.0, 4.0, 30.0, 300.0)]
        near = np.array(edges(name, dtype))
        near = np.repeat(near, max(k // len(near), 5)) * (
            1.0 + rng.integers(-4, 5, len(near) * max(k // len(near), 5)) * info.eps
        )
        multiples = rng.integers(1, 2**14, k) * (math.pi / 2)
        found = np.concatenate(
            [x.astype(dtype) for x in (anything, *sizes, 1.0 + rng.standard_normal(k) * 1e-3, near, multiples)]
        )
    return found[np.isfinite(found)]


def errors(name: str, x: Any, y: Any) -> Any:
    """Errors of the results in units in the last place; infinite where a nan is wrong, or an infinity by much."""
    dtype = x.dtype
    info = np.finfo(dtype)
    limit = mp.mpf(float(info.max)) * (1 + mp.mpf(2) ** -(info.nmant + 2))  # what rounds to infinity
    out = np.empty(len(x))
    for i, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        true = SPECIAL[name].get(a)
        exact = TRUE[name](mp.mpf(a)) if true is None and not math.isnan(a) else None
        if exact is not None and isinstance(exact, mp.mpc):
            exact, true = None, math.nan
        if exact is None:
            true = math.nan if true is None else true
            out[i] = 0.0 if b == true or (math.isnan(true) and math.isnan(b)) else math.inf
        elif abs(exact) > limit:
            out[i] = 0.0 if math.isinf(b) and (b > 0) == (exact > 0) else 1.0 if abs(b) == info.max else math.inf
        elif not math.isfinite(b):
            out[i] = math.inf
        else:
            exponent = max(int(mp.frexp(exact)[1]) - 1, info.minexp) if exact else info.minexp
            out[i] = float(abs(mp.mpf(b) - exact) / mp.mpf(2) ** (exponent - info.nmant))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description="Errors of sourcead.vecmath in units in the last place.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TRUE))
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(f"{'function':10}{'type':10}{'points':>10}{'largest':>9}{'over 1':>9}  at")
    for name in given.names or TRUE:
        apply = loop(name)
        for dtype in (np.float64, np.float32):
            x = sample(name, dtype, given.points, given.seed)
            y = np.empty_like(x)
            apply(x, y)
            e = errors(name, x, y)
            worst = int(np.argmax(e))
            share = float(np.mean(e > 1.0))
            print(f"{name:10}{dtype.__name__:10}{len(x):10}{e[worst]:9.3f}{share:9.1e}  {x[worst]!r}", flush=True)


if __name__ == "__main__":
    main()
