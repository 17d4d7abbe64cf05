"""How far `sourcead.vecmath` is from the true values: `python -m tests.vecmath_points [NAME ...] [--points N]`.

Random numbers of all magnitudes, ones next to where functions change their ways, and special ones, against mpmath.
Prints the largest error in units in the last place, and where it was found. A million points of all functions take half
an hour. With `--singles`, all numbers in single precision, or every so many of them, against the function in double.
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
    "sqrt": mp.sqrt,
    "erf": mp.erf,
    "pow": mp.power,
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
    "sqrt": {math.inf: math.inf, -1.0: math.nan, -math.inf: math.nan},
    "erf": {math.inf: 1.0, -math.inf: -1.0},
}
"""Values that are no limits of arithmetic."""

ODD = ("expm1", "log1p", "tanh", "sin", "tan", "sqrt", "erf")
"""Functions that give back a zero with its sign."""


def loop(name: str) -> Any:
    """The function in a loop over arrays that can be vectorised, called with the results first."""
    f = getattr(vecmath, name)

    @njit(error_model="numpy")
    def of_one(y: Any, x: Any) -> None:
        for i in range(len(x)):
            y[i] = f(x[i])

    @njit(error_model="numpy")
    def of_two(z: Any, x: Any, y: Any) -> None:
        for i in range(len(x)):
            z[i] = f(x[i], y[i])

    return of_two if name == "pow" else of_one


def edges(dtype: Any) -> Any:
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
    return np.array(out + [-x for x in out])


def sample(name: str, dtype: Any, n: int, seed: int = 0) -> tuple[Any, ...]:
    """Some `n` arguments, or pairs of them for `pow`."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        x = numbers(dtype, n, rng)
        if name != "pow":
            return (x,)
        half = len(x) // 2
        bases = np.abs(x[half:])
        large = rng.uniform(1.0, math.log(float(np.finfo(dtype).max)), half)  # exponents for large and small results
        exponents = np.concatenate([rng.permutation(x)[half:], (rng.standard_normal(half) * 4.0).astype(dtype)])
        found = (large / np.log(bases[:half].astype(np.float64))).astype(dtype)
        x = np.concatenate([rng.permutation(x)[:half], bases[:half], bases[:half], -bases[:half]])
        y = np.concatenate([exponents[: 2 * half], found, np.round(exponents[-half:])])
        return x, np.where(np.isfinite(y), y, dtype(1.5))


def numbers(dtype: Any, n: int, rng: np.random.Generator) -> Any:
    """Any bits, usual sizes, neighbours of edges and of multiples of pi/2."""
    info, k = np.finfo(dtype), max(n // 10, 1)
    anything = rng.integers(0, 2**info.bits, 2 * k, dtype=f"u{info.bits // 8}").view(dtype)
    sizes = [rng.standard_normal(k) * s for s in (1e-3, 0.3, 1.0, 4.0, 30.0, 300.0)]
    near = np.repeat(edges(dtype), max(k // len(edges(dtype)), 5))
    near = near * (1.0 + rng.integers(-4, 5, len(near)) * info.eps)
    multiples = rng.integers(1, 2**14, k) * (math.pi / 2)
    around_one = 1.0 + rng.standard_normal(k) * 1e-3
    found = np.concatenate([x.astype(dtype) for x in (anything, *sizes, around_one, near, multiples)])
    return found[np.isfinite(found)]


def errors(name: str, args: tuple[Any, ...], y: Any) -> Any:
    """Errors of the results in units in the last place; infinite where a nan is wrong, or an infinity by much."""
    info = np.finfo(y.dtype)
    return np.array([error(name, a, b, info) for *a, b in zip(*(v.tolist() for v in (*args, y)), strict=True)])


def error(name: str, args: list[float], y: float, info: Any) -> float:
    exact = true_value(name, args)
    limit = mp.mpf(float(info.max)) * (1 + mp.mpf(2) ** -(info.nmant + 2))  # what rounds to infinity
    if mp.isnan(exact) or mp.isinf(exact):
        return 0.0 if y == exact or (math.isnan(y) and mp.isnan(exact)) else math.inf
    if abs(exact) > limit:
        return 0.0 if y == math.copysign(math.inf, exact) else 1.0 if y == math.copysign(info.max, exact) else math.inf
    if not math.isfinite(y):
        return math.inf
    exponent = max(int(mp.frexp(exact)[1]) - 1, info.minexp) if exact else info.minexp
    return float(abs(mp.mpf(y) - exact) / mp.mpf(2) ** (exponent - info.nmant))


def true_value(name: str, args: list[float]) -> Any:
    if name == "pow":
        return true_power(*args)
    (x,) = args
    exact = mp.mpf(SPECIAL[name][x]) if x in SPECIAL[name] else TRUE[name](mp.mpf(x))
    return mp.nan if isinstance(exact, mp.mpc) else exact


def true_power(x: float, y: float) -> Any:
    """NumPy has the special values; what is too large or small for mpmath is far outside of any format."""
    with np.errstate(all="ignore"):
        found = float(np.power(np.float64(x), y))
    size = abs(y * math.log(abs(x))) if x != 0.0 and math.isfinite(x) and math.isfinite(y) else math.inf
    return mp.mpf(found) if x in (0.0, 1.0) or y == 0.0 or size > 1e4 or math.isnan(found) else mp.power(x, y)


def singles(name: str, stride: int) -> tuple[float, float, float]:
    """The largest error over every so many of all `float32` numbers, the share of errors over 1, and where."""
    apply, info = loop(name), np.finfo(np.float32)
    largest, over, where = 0.0, 0, 0.0
    for start in range(0, 2**32, stride << 22):
        x = np.arange(start, min(start + (stride << 22), 2**32), stride, dtype=np.uint32).view(np.float32)
        with np.errstate(all="ignore"):
            apply(y := np.empty_like(x), x)
            apply(exact := np.empty(len(x)), x.astype(np.float64))
            unit = np.exp2(np.maximum(np.floor(np.log2(np.abs(exact))), info.minexp) - info.nmant)
            found = np.abs(y - exact) / unit
            same = (y == exact.astype(np.float32)) | (np.isnan(y) & np.isnan(exact))
            found = np.where(same, np.minimum(found, 0.5), np.where(np.isfinite(found), found, math.inf))
            found[np.isnan(found)] = 0.0
        over += int(np.count_nonzero(found > 1.0))
        if found.max() > largest:
            largest, where = float(found.max()), float(x[found.argmax()])
    return largest, over * stride / 2**32, where


def main() -> None:
    parser = argparse.ArgumentParser(description="Errors of sourcead.vecmath in units in the last place.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TRUE))
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--singles", type=int, metavar="STRIDE", help="every so many of all numbers in single precision"
    )
    given = parser.parse_args()
    print(f"{'function':10}{'type':10}{'points':>12}{'largest':>9}{'over 1':>9}  at")

    def row(name: str, dtype: Any, points: int, largest: float, share: float, at: str) -> None:
        print(f"{name:10}{dtype.__name__:10}{points:12}{largest:9.3f}{share:9.1e}  {at}", flush=True)

    for name in given.names or TRUE:
        if given.singles:
            if name in SPECIAL:
                largest, share, where = singles(name, given.singles)
                row(name, np.float32, 2**32 // given.singles, largest, share, str(np.float32(where)))
            continue
        apply = loop(name)
        for dtype in (np.float64, np.float32):
            args = sample(name, dtype, given.points, given.seed)
            apply(y := np.empty_like(args[0]), *args)
            e = errors(name, args, y)
            worst = int(np.argmax(e))
            row(name, dtype, len(y), e[worst], float(np.mean(e > 1.0)), ", ".join(str(x[worst]) for x in args))


if __name__ == "__main__":
    main()
