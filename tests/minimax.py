"""The coefficients in `sourcead/vecmath/coefficients.py`: `python -m tests.minimax > sourcead/vecmath/coefficients.py`.

Polynomials whose largest weighted error is least, by Remez' exchange algorithm (Cheney, "Introduction to Approximation
Theory" (1966), chapter 3), and constants in parts, computed with mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp

mp.mp.prec = 240
Real = Callable[[Any], Any]


def remez(f: Real, degree: int, a: Any, b: Any, weight: Real) -> tuple[list[Any], Any]:
    """The polynomial `p` of this degree with the least maximum of `|f - p| * weight` on `[a, b]`, and that maximum."""
    a, b, n = mp.mpf(a), mp.mpf(b), degree + 2
    points = [chebyshev(a, b, (k + mp.mpf(1) / 2) / n) for k in range(n)]
    found: list[Any] = []
    for _ in range(20):
        system, right = mp.matrix(n, n), mp.matrix(n, 1)
        for i, x in enumerate(points):
            for k in range(n - 1):
                system[i, k] = x**k
            system[i, n - 1] = (-1) ** i / weight(x)
            right[i] = f(x)
        *found, level = mp.lu_solve(system, right)
        grid = [chebyshev(a, b, mp.mpf(k) / (24 * n)) for k in range(24 * n + 1)]
        errors = [(f(x) - mp.polyval(found[::-1], x)) * weight(x) for x in grid]
        peaks = extrema(grid, errors)
        while len(peaks) > n:
            peaks.pop(0 if peaks[0][1] < peaks[-1][1] else -1)
        points = [x for x, _ in peaks]
        if len(points) < n or max(e for _, e in peaks) < abs(level) * (1 + mp.mpf(10) ** -4):
            break
    return found, abs(level)


def chebyshev(a: Any, b: Any, t: Any) -> Any:
    return (a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * t)


def extrema(grid: Sequence[Any], errors: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Where the error is largest, between changes of sign: by a parabola through three points."""
    peaks: list[tuple[Any, Any]] = []
    start = 0
    for stop in range(1, len(grid) + 1):
        if stop < len(grid) and mp.sign(errors[stop]) == mp.sign(errors[start]):
            continue
        k = max(range(start, stop), key=lambda i: abs(errors[i]))
        x = grid[k]
        if 0 < k < len(grid) - 1:
            (u, v, w), (p, q, r) = grid[k - 1 : k + 2], errors[k - 1 : k + 2]
            bend = (v - u) * (q - r) - (v - w) * (q - p)
            if bend != 0:
                moved = v - ((v - u) ** 2 * (q - r) - (v - w) ** 2 * (q - p)) / (2 * bend)
                x = moved if u < moved < w else x
        peaks.append((x, abs(errors[k])))
        start = stop
    return peaks


def parts(x: Any, *bits: int) -> tuple[float, ...]:
    """`x` as a sum of numbers with so many bits, all but the last cut off."""
    out = []
    for k, n in enumerate(bits):
        unit = mp.mpf(2) ** (mp.floor(mp.log(abs(x), 2)) - n + 1)
        part = (mp.floor if k < len(bits) - 1 else mp.nint)(x / unit) * unit
        out.append(float(part))
        x -= part
    return tuple(out)


@dataclass(frozen=True)
class Series:
    """A function to be approximated, in both precisions."""

    name: str
    text: str
    f: Real
    near_zero: Real  # the beginning of its series: `f` itself is 0 / 0 there
    ranges: tuple[tuple[Any, Any], tuple[Any, Any]]  # float64, float32
    weight: Real
    degrees: tuple[int, int]

    def value(self, x: Any) -> Any:
        return self.near_zero(x) if abs(x) < mp.mpf(2) ** -40 else self.f(x)


def third(z: Any, f: Real) -> Any:
    """`(f(r) - r) / r^3` with `r = sqrt(z)`."""
    r = mp.sqrt(z)
    return (f(r) - r) / (r * z)


HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.0001")
S2 = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mp.mpf("1.0001")) ** 2
QUARTER = tuple((0, (mp.pi / 4 + mp.mpf(d)) ** 2) for d in ("0.0001", "0.008"))

SERIES = [
    Series(
        "EXP_Q",
        "(exp(r) - 1 - r) / r^2",
        lambda x: (mp.expm1(x) - x) / x**2,
        lambda x: mp.mpf(1) / 2 + x / 6,
        ((-HALF_LN2, HALF_LN2),) * 2,
        lambda x: (abs(x) + mp.mpf("0.02")) ** 2 / mp.exp(x),
        (9, 4),
    ),
    Series(
        "LOG_R",
        "(log((1 + s) / (1 - s)) / s - 2) / s^2 in s^2",
        lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z,
        lambda z: mp.mpf(2) / 3 + z * 2 / 5,
        ((0, S2),) * 2,
        lambda z: z + mp.mpf("0.0005"),
        (6, 2),
    ),
    Series(
        "POW_Q",
        "(log((1 + s) / (1 - s)) / s - 2 - 2/3 s^2) / s^4 in s^2",
        lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2 - z * 2 / 3) / z**2,
        lambda z: mp.mpf(2) / 5 + z * 2 / 7,
        ((0, S2),) * 2,
        lambda z: (z + mp.mpf("0.0005")) ** 2,
        (6, 2),
    ),
    Series(
        "SIN_S",
        "(sin(r) - r) / r^3 in r^2",
        lambda z: third(z, mp.sin),
        lambda z: -mp.mpf(1) / 6 + z / 120,
        QUARTER,
        lambda z: z + mp.mpf("0.001"),
        (5, 2),
    ),
    Series(
        "COS_C",
        "(cos(r) - 1 + r^2 / 2) / r^4 in r^2",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
        lambda z: mp.mpf(1) / 24 - z / 720,
        QUARTER,
        lambda z: (z + mp.mpf("0.01")) ** 2,
        (5, 2),
    ),
    Series(
        "TAN_T",
        "(tan(r) - r) / r^3 in r^2",
        lambda z: third(z, mp.tan),
        lambda z: mp.mpf(1) / 3 + z * 2 / 15,
        QUARTER,
        lambda z: z + mp.mpf("0.001"),
        (14, 5),
    ),
    Series(
        "ERF_E",
        "erf(x) / x - 1 in x^2, up to 1",
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1,
        lambda z: 2 / mp.sqrt(mp.pi) * (1 - z / 3) - 1,
        ((0, 1),) * 2,
        lambda z: mp.mpf(1),
        (11, 6),
    ),
    Series(
        "ERFC_LOG",
        "log(1 - erf(x)) from 1 to 6, in float32 to 4",
        lambda x: mp.log(mp.erfc(x)),
        lambda x: 0,
        ((1, 6), (1, 4)),
        mp.erfc,
        (16, 6),
    ),
]

CONSTANTS = [
    ("LN2", "ln 2 in two parts", mp.log(2), (53, 53), (24, 24)),
    ("LN2_SHORT", "the same; a multiple of the first by an exponent is exact", mp.log(2), (32, 53), (15, 24)),
    ("TWO_THIRDS", "2/3 in two parts", mp.mpf(2) / 3, (53, 53), (24, 24)),
    ("HALF_PI", "pi/2 in three parts; the second is short in float64", mp.pi / 2, (53, 27, 53), (24, 24, 24)),
]


def table(name: str, text: str, double: Sequence[float], single: Sequence[float], bits: str = "") -> str:
    rows = (
        f"    {p}: (\n" + "".join(f"        {c!r},\n" for c in cs) + "    ),\n"
        for p, cs in ((53, double), (24, single))
    )
    return f'{name} = {{\n{"".join(rows)}}}\n"""{text}{bits}"""\n'


def main() -> None:
    print('"""Coefficients of polynomials, and constants in parts: written by `python -m tests.minimax`."""\n')
    for s in SERIES:
        ways = zip(s.ranges, s.degrees, strict=True)
        (double, d), (single, e) = (remez(s.value, n, a, b, s.weight) for (a, b), n in ways)
        bits = f"; weighted error 2^{float(mp.log(d, 2)):.1f}, 2^{float(mp.log(e, 2)):.1f}"
        print(table(s.name, s.text, list(map(float, double)), list(map(float, single)), bits))
    for i, (name, text, x, double_bits, single_bits) in enumerate(CONSTANTS):
        end = "" if i == len(CONSTANTS) - 1 else "\n"
        print(table(name, text, parts(x, *double_bits), parts(x, *single_bits)), end=end)


if __name__ == "__main__":
    main()
