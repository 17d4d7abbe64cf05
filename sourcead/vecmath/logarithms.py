"""log and log1p.

`x = 2^k m` with `m` between sqrt(1/2) and sqrt(2), and `log(m) = 2 atanh(s)` with `s = d / (2 + d)`, `d = m - 1`, is
`d - s (d - s^2 R(s^2))`: nothing large is rounded (K. C. Ng, in FDLIBM, 1993).
"""

from __future__ import annotations

from math import inf, nan

from .coefficients import LN2_SHORT, LOG_R
from .lanes import Int, Real, copysign, fma, from_bits, polynomial, where

SQRT_HALF = {53: 0x3FE6A09E667F3BCD, 24: 0x3F3504F3}
"""The bits of it."""


def split(x: Real) -> tuple[Int, Real]:
    """`k` plus the bias, and `m`, for normal `x`."""
    f = x.format
    root = SQRT_HALF[f.precision]
    shifted = x.bits() + ((f.bias << f.fraction) - root)
    return shifted.logical_shift(f.fraction), from_bits((shifted & ((1 << f.fraction) - 1)) + root)


def as_real(k: Int, bias: Real | float) -> Real:
    """`k - bias` for small `k`; `bias` includes the shifter."""
    f = k.format
    return from_bits(k + ((f.bias + f.fraction) << f.fraction | 1 << (f.fraction - 1))) - bias


def of_parts(k: Real, d: Real, correction: Real | None = None) -> Real:
    """`k ln 2 + log(1 + d) + correction`."""
    high, low = LN2_SHORT[d.format.precision]
    s = d / (d + 2.0)
    z = s * s
    rest = k * low if correction is None else fma(k, low, correction)
    rest = rest - s * fma(-z, polynomial(z, LOG_R[d.format.precision]), d)
    return fma(k, high, d + rest)


def normal(x: Real) -> tuple[Real, Real]:
    """`k` and `m` of positive finite numbers, also of those that are not normal."""
    f = x.format
    small = x < f.tiny
    k, m = split(where(small, x * 2.0 ** (f.fraction + 2), x))
    bias = f.shifter + f.bias
    return as_real(k, where(small, x.constant(bias + f.fraction + 2), bias)), m


def log(x: Real) -> Real:
    k, m = normal(x)
    return beyond(of_parts(k, m - 1.0), x, 0.0)


def beyond(y: Real, x: Real, least: float) -> Real:
    """`y`, but -inf where `x` is `least`, nan below, inf at inf."""
    y = where(x < inf, y, x)
    return where(x > least, y, where(x.equals(least), x.constant(-inf), nan))


def log1p(x: Real) -> Real:
    f = x.format
    u = x + 1.0
    back = u - 1.0
    lost = (1.0 - (u - back)) + (x - back)  # u + lost = 1 + x (Knuth's sum)
    k, m = split(u)
    d = m - 1.0
    # lost / u = 2^-k lost / m is small: 1 / m may be rough, except where m is next to 1
    scale = from_bits((2 * f.bias - k) << f.fraction)
    lost = where(x < 2.0**60, lost * scale * fma(d, d - 1.0, 1.0), 0.0)
    y = of_parts(as_real(k, f.shifter + f.bias), d, lost)
    return copysign(beyond(y, x, -1.0), x)
