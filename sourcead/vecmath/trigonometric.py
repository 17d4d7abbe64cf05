"""sin, cos and tan.

`x = k pi/2 + r`, with `pi/2` in three parts (Cody and Waite, 1980): `k` times the first, taken from `x` in one fma, is
exact, and the third keeps `r` accurate where `x` comes near to a multiple of `pi/2`.
"""

from __future__ import annotations

from .coefficients import COS_C, HALF_PI, SIN_S, TAN_T
from .lanes import Int, Real, fma, from_bits, polynomial, where
from .rare import Range, repaired

TWO_BY_PI = 0.6366197723675814


def reduced(x: Real) -> tuple[Int, Real, Real]:
    """`k`, and `r` with what rounding added to it."""
    first, second, third = HALF_PI[x.format.precision]
    shifted = fma(x, TWO_BY_PI, x.format.shifter)
    k = shifted - x.format.shifter
    whole = fma(k, -first, x)
    r = fma(k, -second, whole)
    change = r - whole
    added = fma(k, second, change)
    if x.format.precision == 24:  # the second part is not short enough for `change` to be exact
        added = added + (r - (whole + change))
    return shifted.bits(), r, fma(k, third, added)


def beyond(x: Real, single: int = 16) -> Range:
    """Where `k` may be wrong, or `r` inaccurate: from 2^26 on, in `float32` 2^16 or as given."""
    f = x.format
    bound = f.bias + (26 if f.precision == 53 else single)
    return Range(bound << f.fraction, (1 << (f.width - 1)) - 1, signed=False)


def sine_and_cosine(r: Real, added: Real) -> tuple[Real, Real]:
    z = r * r
    half = z * 0.5
    c = 1.0 - half
    # a difference, in which -0 stays what it is
    sine = r - fma(r * z, polynomial(z, negated(SIN_S[r.format.precision])), added * c)
    cosine = c + fma(r, added, fma(z * z, polynomial(z, COS_C[r.format.precision]), (1.0 - c) - half))
    return sine, cosine


def negated(coefficients: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(-c for c in coefficients)


def turned(k: Int, y: Real) -> Real:
    """`-y` where the second last bit of `k` is set."""
    f = y.format
    return from_bits(y.bits() ^ ((k & 2) << (f.width - 2)))


def sin(x: Real) -> Real:
    k, r, added = reduced(x)
    sine, cosine = sine_and_cosine(r, added)
    y = turned(k, where((k & 1).equals(0), sine, cosine))
    return repaired("sin", x, y, beyond(x))


def cos(x: Real) -> Real:
    k, r, added = reduced(x)
    sine, cosine = sine_and_cosine(r, added)
    return repaired("cos", x, turned(k + 1, where((k & 1).equals(0), cosine, sine)), beyond(x))


def tan(x: Real) -> Real:
    k, r, added = reduced(x)
    z = r * r
    slope = fma(z, fma(z, 0.62, 1.0), 1.0)  # about 1 + tan(r)^2
    t = r - fma(r * z, polynomial(z, negated(TAN_T[x.format.precision])), added * slope)
    y = where((k & 1).equals(0), t, -1.0 / t)
    # with larger numbers r may exceed pi/4 a little: t is greater than 1 there, and not accurate enough for its inverse
    return repaired("tan", x, y, beyond(x, single=13))
