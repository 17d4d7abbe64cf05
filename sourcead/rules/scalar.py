"""The rule table, scalar functions: one line of mathematics each.

`x`, `a`, `b` are arguments, `y` is the result.  After the mathematics stands where to sample for the tests
(away from kinks, both signs where possible).  What holds *at* kinks is written in docs/conventions.md.
"""

from __future__ import annotations

import builtins
import math
import operator as op
from typing import Any

import numpy as np

from sourcead import primitives

from .kinds import Fixed, apply, conj, constant, elementwise, holomorphic, known, total, where

anywhere, positive, unit, above_one, negative = (-3.0, 3.0), (0.1, 3.0), (-0.9, 0.9), (1.1, 3.0), (-3.0, -0.1)
LN2, LN10, DEGREE = math.log(2.0), math.log(10.0), math.pi / 180.0


def math_has(*names: str) -> tuple[Any, ...]:
    """Functions of `math` that came with newer Pythons."""
    return tuple(getattr(math, n) for n in names if hasattr(math, n))


def equal(a: Any, b: Any) -> Any:
    """`a == b` (expressions compare by value, so the operator itself is not available to rules)."""
    return apply(op.eq, a, b)


# ---- arithmetic ----------------------------------------------------------------------------------


def power(x: Any, b: Any, y: Any) -> tuple[Any, Any]:
    """Partials of `x ** b`: never a logarithm for the base, none of a number that is not positive."""
    return power_base(x, b), power_exponent(x, y)


def power_base(x: Any, b: Any) -> Any:
    n = known(b)
    if isinstance(n, (int, float, np.number)):
        special: dict[Any, Any] = {0: 0.0, 1: 1.0, 2: 2.0 * x}
        return special[n] if n in special else float(n) * x ** (n - 1)
    return b * x ** where(equal(b, 0), 1, b - 1)  # x ** 0 is constant, at x = 0 too


def power_exponent(x: Any, y: Any) -> Any:
    base = known(x)
    if isinstance(base, (int, float)):
        return y * math.log(base) if base > 0 else 0.0
    return where(x > 0, y * np.log(x), 0.0)


def complex_power(y_bar: Any, x: Any, b: Any, y: Any) -> tuple[Any, Any]:
    """Shares of a complex `x ** b`: its logarithm exists for every base but 0."""
    base = apply(np.complex128, where(equal(x, 0.0), 1.0, x))
    exponent = where(equal(x, 0.0), 0.0j, y * np.log(base))
    return y_bar * conj(power_base(x, b)), y_bar * conj(exponent)


def along_complex_power(dots: Any, x: Any, b: Any, y: Any) -> Any:
    base = apply(np.complex128, where(equal(x, 0.0), 1.0, x))
    exponent = where(equal(x, 0.0), 0.0j, y * np.log(base))
    return total(p * d for p, d in zip((power_base(x, b), exponent), dots, strict=True) if d is not None)


holomorphic(op.add, np.add, lambda a, b, y: (1.0, 1.0), cost=1)
holomorphic(op.sub, np.subtract, lambda a, b, y: (1.0, -1.0), cost=1)
holomorphic(op.mul, np.multiply, lambda a, b, y: (b, a), cost=1)
holomorphic(op.truediv, np.divide, np.true_divide, lambda a, b, y: (1.0 / b, -(y / b)), (anywhere, positive), cost=4)
elementwise(
    *(op.pow, np.power, np.float_power, math.pow, pow),
    power,
    (positive, anywhere),
    cost=30,
    of_complex=complex_power,
    along_complex=along_complex_power,
)
holomorphic(op.neg, np.negative, lambda x, y: -1.0, cost=1)
holomorphic(op.pos, np.positive, lambda x, y: 1.0, cost=1)
elementwise(op.mod, np.mod, np.remainder, lambda a, b, y: (1.0, -(a // b)), (anywhere, (0.7, 0.9)), cost=8)
elementwise(np.fmod, math.fmod, lambda a, b, y: (1.0, -np.rint((a - y) / b)), (anywhere, (0.7, 0.9)), cost=8)
holomorphic(np.square, lambda x, y: 2.0 * x, cost=1)
holomorphic(np.reciprocal, lambda x, y: -(y * y), (positive,), cost=4)

elementwise(np.ldexp, math.ldexp, lambda x, n, y: (np.ldexp(1.0, n), 0.0), (anywhere, Fixed(0, 3, -2)), cost=5)

# ---- roots, exponentials, logarithms --------------------------------------------------------------

holomorphic(np.sqrt, math.sqrt, lambda x, y: 0.5 / y, (positive,), cost=5)
elementwise(np.cbrt, *math_has("cbrt"), lambda x, y: 1.0 / (3.0 * y * y), (positive,))
holomorphic(np.exp, math.exp, lambda x, y: y)
holomorphic(np.expm1, math.expm1, lambda x, y: y + 1.0)
elementwise(np.exp2, *math_has("exp2"), lambda x, y: y * LN2)
holomorphic(np.log1p, math.log1p, lambda x, y: 1.0 / (1.0 + x), (unit,))
holomorphic(np.log2, math.log2, lambda x, y: 1.0 / (x * LN2), (positive,))
holomorphic(np.log10, math.log10, lambda x, y: 1.0 / (x * LN10), (positive,))
elementwise(np.logaddexp, lambda a, b, y: (np.exp(a - y), np.exp(b - y)), cost=40)
elementwise(np.logaddexp2, lambda a, b, y: (np.exp2(a - y), np.exp2(b - y)), cost=40)


def logarithm(x: Any, *base_y: Any) -> Any:
    """`log(x)`, and `math.log(x, base)`."""
    if len(base_y) == 1:
        return 1.0 / x
    base, y = base_y
    return 1.0 / (x * np.log(base)), -(y / (base * np.log(base)))


holomorphic(np.log, math.log, logarithm, (positive,))

# ---- trigonometric and hyperbolic -------------------------------------------------------------------

holomorphic(np.sin, math.sin, lambda x, y: np.cos(x))
holomorphic(np.cos, math.cos, lambda x, y: -np.sin(x))
holomorphic(np.tan, math.tan, lambda x, y: 1.0 + y * y, (unit,), cost=30)
holomorphic(np.arcsin, math.asin, lambda x, y: 1.0 / np.sqrt(1.0 - x * x), (unit,))
holomorphic(np.arccos, math.acos, lambda x, y: -(1.0 / np.sqrt(1.0 - x * x)), (unit,))
holomorphic(np.arctan, math.atan, lambda x, y: 1.0 / (1.0 + x * x))
elementwise(np.arctan2, math.atan2, lambda a, b, y: (b / (a * a + b * b), -(a / (a * a + b * b))), cost=30)
holomorphic(np.sinh, math.sinh, lambda x, y: np.cosh(x))
holomorphic(np.cosh, math.cosh, lambda x, y: np.sinh(x))
holomorphic(np.tanh, math.tanh, lambda x, y: 1.0 - y * y)
holomorphic(np.arcsinh, math.asinh, lambda x, y: 1.0 / np.sqrt(1.0 + x * x), cost=30)
holomorphic(np.arccosh, math.acosh, lambda x, y: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)), (above_one,), cost=30)
holomorphic(np.arctanh, math.atanh, lambda x, y: 1.0 / (1.0 - x * x), (unit,), cost=30)
elementwise(np.deg2rad, np.radians, math.radians, lambda x, y: DEGREE, cost=1)
elementwise(np.rad2deg, np.degrees, math.degrees, lambda x, y: 1.0 / DEGREE, cost=1)


def hypotenuse(*args_y: Any) -> tuple[Any, ...]:
    """`x / y`, and at the origin 0, which is a subgradient there."""
    *args, y = args_y
    return tuple(x / where(y > 0, y, 1.0) for x in args)


elementwise(np.hypot, math.hypot, hypotenuse, (anywhere, positive), cost=10)

# ---- special functions ---------------------------------------------------------------------------------

elementwise(math.erf, lambda x, y: 2.0 / math.sqrt(math.pi) * np.exp(-(x * x)))
elementwise(math.erfc, lambda x, y: -(2.0 / math.sqrt(math.pi) * np.exp(-(x * x))))
elementwise(math.gamma, lambda x, y: y * apply(primitives.polygamma, 0, x), (positive,), cost=40)
elementwise(math.lgamma, lambda x, y: apply(primitives.polygamma, 0, x), ((-0.9, -0.1),), cost=40)
elementwise(
    primitives.polygamma,
    lambda n, x, y: (0.0, apply(primitives.polygamma, n + 1, x)),
    (Fixed(0, 1, 2), positive),
    cost=40,
)

# ---- selections: exactly one argument takes the whole unit, the first one when there is a tie ----------------


def largest(*args_y: Any) -> tuple[Any, ...]:
    *args, y = args_y
    if len(args) == 2:
        later = args[1] > args[0]
        return where(later, 0.0, 1.0), where(later, 1.0, 0.0)
    return first_equal(args, y)


def smallest(*args_y: Any) -> tuple[Any, ...]:
    *args, y = args_y
    if len(args) == 2:
        later = args[1] < args[0]
        return where(later, 0.0, 1.0), where(later, 1.0, 0.0)
    return first_equal(args, y)


def first_equal(args: list[Any], y: Any) -> tuple[Any, ...]:
    partials = []
    for k, x in enumerate(args):
        p = where(equal(x, y), 1.0, 0.0)
        for earlier in reversed(args[:k]):
            p = where(equal(earlier, y), 0.0, p)
        partials.append(p)
    return tuple(partials)


def clipped(x: Any, lo: Any, hi: Any, y: Any) -> tuple[Any, Any, Any]:
    """At a bound the unit goes to `x`; a bound of None does not exist; crossed bounds give `hi`, as in NumPy."""
    lo = -math.inf if known(lo) is None else lo
    hi = math.inf if known(hi) is None else hi
    crossed = known(lo) > known(hi)
    return (
        where(x < lo, 0.0, where(x > hi, 0.0, 1.0)),
        where(x < lo, where(crossed, 0.0, 1.0), 0.0),
        where(x > hi, 1.0, where(crossed, 1.0, 0.0)),
    )


elementwise(np.maximum, np.fmax, max, largest, (anywhere, anywhere), cost=1)
elementwise(np.minimum, np.fmin, min, smallest, (anywhere, anywhere), cost=1)
elementwise(np.clip, clipped, (anywhere, (-1.0, -0.5), (0.5, 1.0)), cost=2)
elementwise(
    np.where,
    primitives.select,
    lambda c, u, v, y: (0.0, where(c, 1.0, 0.0), where(c, 0.0, 1.0)),
    (Fixed(False, True), anywhere, anywhere),
    cost=1,
    of_complex=lambda y_bar, c, u, v, y: (0.0, where(c, y_bar, 0.0), where(c, 0.0, y_bar)),
)
elementwise(
    primitives.flowing,
    lambda y_bar, share, nothing, y: (0.0, 1.0, 0.0),
    (Fixed(0.5, 2.0), anywhere, Fixed(0.0)),
    cost=1,
    of_complex=lambda seed, y_bar, share, nothing, y: (0.0, seed, 0.0),
)
elementwise(
    *(np.abs, np.fabs, abs, math.fabs),
    lambda x, y: np.sign(x),
    (negative,),
    cost=1,
    of_complex=lambda y_bar, x, y: y_bar / where(y > 0, y, 1.0) * x,
    along_complex=lambda dots, x, y: inner(x, dots[0]) / where(y > 0, y, 1.0),
)
elementwise(
    np.copysign,
    math.copysign,
    lambda a, b, y: (np.copysign(1.0, a) * np.copysign(1.0, b), 0.0),
    (negative, positive),
    cost=2,
)
elementwise(np.nextafter, *math_has("nextafter"), lambda a, b, y: (1.0, 0.0), cost=2)
elementwise(np.heaviside, lambda x, h, y: (0.0, where(equal(x, 0.0), 1.0, 0.0)), cost=2)

# ---- conversions -------------------------------------------------------------------------------------------

elementwise(float, np.float64, np.float32, lambda x, y: 1.0, cost=1)

constant(int, round, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
constant(np.intp, np.uintp)

# ---- complex numbers: `z_bar` is `dL/dx + i dL/dy` of `z = x + iy` ----------------------------------------


def squared(z: Any) -> Any:
    """`|z| ** 2`"""
    return np.real(z) * np.real(z) + np.imag(z) * np.imag(z)


def inner(z: Any, w: Any) -> Any:
    """The real part of `conj(z) * w`"""
    return np.real(z) * np.real(w) + np.imag(z) * np.imag(w)


def outer(z: Any, w: Any) -> Any:
    """The imaginary part of `conj(z) * w`"""
    return np.real(z) * np.imag(w) - np.imag(z) * np.real(w)


def from_parts(y_bar: Any, *parts_y: Any) -> tuple[Any, ...]:
    """Shares of `complex(a)`, and of `complex(a, b)` with real parts."""
    return (y_bar,) if len(parts_y) == 2 else (np.real(y_bar), np.imag(y_bar))


def real_shares(y_bar: Any, x: Any, y: Any) -> Any:
    return apply(complex, y_bar, 0.0)


def imaginary_shares(y_bar: Any, x: Any, y: Any) -> Any:
    return apply(complex, 0.0, y_bar)


def along_parts(dots: Any, *parts_y: Any) -> Any:
    a, *b = (0.0 if d is None else d for d in dots)
    return apply(complex, a, *b)


def of(fn: Any) -> Any:
    """Functions that are linear over the real numbers."""
    return lambda dots, x, y: apply(fn, dots[0])


elementwise(np.real, lambda x, y: 1.0, cost=1, of_complex=real_shares, along_complex=of(np.real))
elementwise(np.imag, lambda x, y: 0.0, cost=1, of_complex=imaginary_shares, along_complex=of(np.imag))
elementwise(np.conj, lambda x, y: 1.0, cost=1, of_complex=lambda y_bar, x, y: conj(y_bar), along_complex=of(np.conj))
elementwise(
    np.angle,
    lambda x, y: 0.0,
    cost=30,
    of_complex=lambda y_bar, x, y: y_bar / squared(x) * (1.0j * x),
    along_complex=lambda dots, x, y: outer(x, dots[0]) / squared(x),
)
elementwise(
    *(np.complex128, np.complex64),
    lambda x, y: 1.0,
    (),
    cost=1,
    of_complex=lambda y_bar, x, y: y_bar,
    along_complex=of(np.complex128),
)
elementwise(
    complex,
    lambda *parts_y: (1.0, 1.0j)[: len(parts_y) - 1],
    (),
    cost=1,
    of_complex=from_parts,
    along_complex=along_parts,
)

# ---- piecewise constant: no derivative, whatever the arguments ---------------------------------------------------

constant(op.eq, op.ne, np.equal, np.not_equal, op.not_, bool, np.bool_, of_complex=True)
constant(np.isnan, np.isinf, np.isfinite, primitives.both, primitives.either, primitives.shape, of_complex=True)
constant(op.lt, op.le, op.gt, op.ge, op.is_, op.is_not, op.invert, op.floordiv)
constant(op.and_, op.or_, op.xor, op.lshift, op.rshift, divmod)
constant(np.less, np.less_equal, np.greater, np.greater_equal, np.floor_divide)
constant(np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.bitwise_and, np.bitwise_or)
constant(np.bitwise_xor, np.invert, np.left_shift, np.right_shift)
constant(np.sign, np.signbit, np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.fix)
constant(math.floor, math.ceil, math.trunc, math.isnan, math.isinf, math.isfinite, math.isclose)
constant(math.gcd, math.factorial, math.isqrt, math.comb, math.perm)
constant(np.spacing, primitives.exponent)
constant(builtins.len, builtins.range, builtins.isinstance, primitives.trips)
constant(primitives.from_front, primitives.place_within)
constant(primitives.stop_gradient, of_complex=True)
