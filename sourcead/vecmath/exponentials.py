"""exp and what comes down to it.

`exp(x) = 2^k exp(r)` with `k` the integer next to `x / ln 2`, and `ln 2` in two parts, so that `r = x - k ln 2` is as
good as exact (Cody and Waite, "Software Manual for the Elementary Functions" (1980), chapter 6). What is computed of
`exp(r)` is `exp(r) - 1 = r + r^2 Q(r)`, which is accurate for small `r` too, and which `expm1` and `tanh` need.
"""

from __future__ import annotations

from math import inf

from .coefficients import ERF_E, ERFC_LOG, EXP_Q, LN2
from .lanes import Format, Int, Real, clamp, copysign, fma, from_bits, polynomial, where
from .logarithms import log1p

LOG2_E = 1.4426950408889634


def reduced(x: Real, rest: Real | None = None) -> tuple[Int, Real]:
    """`k` and `exp(r) - 1` of `x`, and a small rest, within the range in which exp is finite, or a little more."""
    high, low = LN2[x.format.precision]
    shifted = fma(x, LOG2_E, x.format.shifter)
    k = shifted - x.format.shifter
    r = fma(k, -low, fma(k, -high, x))
    r = r if rest is None else r + rest
    return shifted.bits(), fma(r * r, polynomial(r, EXP_Q[x.format.precision]), r)


def power_of_two(k: Int) -> Real:
    """`2^k`, of which the last bits of `k` count; normal numbers only."""
    f = k.format
    return from_bits((k << f.fraction) + (f.bias << f.fraction))


def limits(f: Format) -> tuple[float, float]:
    """Where exp is 0 below, and infinite above."""
    return (-746.0, 710.0) if f.precision == 53 else (-104.0, 89.0)


def exp(x: Real) -> Real:
    return scaled(*reduced(clamp(x, *limits(x.format))))


def scaled(k: Int, p: Real) -> Real:
    """`2^k (1 + p)`; `2^k` need not be a normal number: a factor 2^half is taken out."""
    f = k.format
    half = (k << (f.width - f.fraction)) >> (f.width - f.fraction + 1)
    return (p + 1.0) * power_of_two(half) * power_of_two(k - half)


def expm1(x: Real) -> Real:
    f = x.format
    k, p = reduced(clamp(x, -40.0, limits(f)[1]))
    half = power_of_two(k - 1)  # 2^k may be infinite where the result is not
    y = fma(half, p, half - 0.5)
    return copysign(y + y, x)


def decaying(a: Real) -> tuple[Real, Real]:
    """`exp(-a) = s + t` for `a >= 0`, `s` a power of two; as good as 0 where it does not count next to 1."""
    k, p = reduced(where(a > 44.0, -44.0, -a))
    s = power_of_two(k)
    return s, s * p


def quotient(a: Real, b: Real, lost_of_a: Real | float, lost_of_b: Real) -> Real:
    """`(a + lost_of_a) / (b + lost_of_b)`, of sums of two numbers each, rounded nearly once."""
    inverse = 1.0 / b
    y = a * inverse
    return fma(inverse, fma(-y, lost_of_b, fma(-y, b, a) + lost_of_a), y)


def tanh(x: Real) -> Real:
    """`(1 - q) / (1 + q)` with `q = exp(-2 |x|)`."""
    s, t = decaying(abs(x) * 2.0)
    low, high = 1.0 - s, 1.0 + s
    a, b = low - t, high + t
    if x.format.precision == 24:
        return copysign(a / b, x)
    return copysign(quotient(a, b, (low - a) - t, (high - b) + t), x)


def sigmoid(x: Real) -> Real:
    q = exp(-abs(x))
    b = 1.0 + q
    return quotient(where(x < 0.0, q, 1.0), b, 0.0, (1.0 - b) + q)


def softplus(x: Real) -> Real:
    """`log(1 + exp(x))`."""
    y = log1p(exp(-abs(x))) + where(x > 0.0, x, 0.0)
    return where(x < inf, y, x)


def erf(x: Real) -> Real:
    """`x + x E(x^2)` up to 1, and `1 - exp(L(|x|))` above, where the error of the second term counts little."""
    f = x.format
    a = abs(x)
    near = fma(x, polynomial(x * x, ERF_E[f.precision]), x)
    last = 6.0 if f.precision == 53 else 4.0
    k, p = reduced(polynomial(where(a > last, last, a), ERFC_LOG[f.precision]))
    s = power_of_two(k)
    return where(a < 1.0, near, copysign((1.0 - s) - s * p, x))
