"""pow: `exp(y log(x))`, with the logarithm in two parts, since an error in it is multiplied by up to 745.

A pair of numbers stands for its sum, exact but for a rest far below the last place of the first (T. J. Dekker, "A
floating-point technique for extending the available precision" (1971); products by fma).
"""

from __future__ import annotations

from math import inf, nan

from .coefficients import LN2_SHORT, POW_Q, TWO_THIRDS
from .exponentials import limits, reduced, scaled
from .lanes import Real, clamp, copysign, fma, polynomial, trunc, where
from .logarithms import normal

Pair = tuple[Real, Real]


def total(a: Real, b: Real) -> Pair:
    """`a + b` for `|a| >= |b|`, or `a == 0`."""
    s = a + b
    return s, b - (s - a)


def product(a: Pair, b: Pair) -> Pair:
    p = a[0] * b[0]
    return p, fma(a[0], b[1], fma(a[1], b[0], fma(a[0], b[0], -p)))


def logarithm(x: Real) -> Pair:
    """`log(x)` of finite positive numbers."""
    f = x.format
    k, m = normal(x)
    d = m - 1.0
    below, rest_below = total(x.constant(2.0), d)
    inverse = 1.0 / below
    s = d * inverse
    s_rest = inverse * fma(-s, rest_below, fma(-s, below, d))
    twice = s_rest + s_rest
    z = s * s
    z_rest = fma(s, twice, fma(s, s, -z))
    c, c_rest = (x.constant(c) for c in TWO_THIRDS[f.precision])
    r, r_rest = total(c, z * polynomial(z, POW_Q[f.precision]))
    t = product(product((s, s_rest), (z, z_rest)), (r, r_rest + c_rest))
    high, low = LN2_SHORT[f.precision]
    first, rest = total(s + s, t[0])
    whole, lost = total(k * high, first)
    return whole, fma(k, low, lost + (rest + (t[1] + twice)))


def pow(x: Real, y: Real) -> Real:
    f = x.format
    a = abs(x)
    log, rest = logarithm(a)
    log = where(a.equals(0.0), x.constant(-inf), where(a < inf, log, inf))
    p = y * log
    p_rest = fma(y, rest, fma(y, log, -p))
    near = clamp(p, *limits(f))
    size = scaled(*reduced(near, where(near.equals(p), p_rest, 0.0)))
    size = where(a.equals(1.0), 1.0, size)
    whole = trunc(y).equals(y)
    half = y * 0.5
    odd = whole & ~trunc(half).equals(half)
    size = where((x < 0.0) & (a < inf) & ~whole, nan, size)
    size = where(odd, copysign(size, x), size)
    size = where(x.unordered(y), nan, size)
    return where(y.equals(0.0) | x.equals(1.0), 1.0, size)


def sqrt(x: Real) -> Real:
    """An instruction of the processor."""
    return x.call("sqrt", x)
