"""Arithmetic that writes LLVM code: a formula applied to `Real`s becomes the straight-line code that computes it.

There are no branches to be had, so what is written here is vectorised wherever the loop around it is. Each instruction
carries a flag that changes nothing (`arcp` concerns divisions by the same number, of which there are none to share):
Numba's `fastmath` adds flags to instructions that have none, and would let LLVM reorder sums that must not be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

EXACT = ("arcp",)


@dataclass(frozen=True)
class Format:
    """A binary format of IEEE 754."""

    real: Any  # LLVM's type
    integer: Any  # of the same width
    precision: int  # bits of the significand, the hidden one too
    bias: int  # of the exponent

    @property
    def width(self) -> int:
        return int(self.integer.width)

    @property
    def fraction(self) -> int:
        """Bits stored of the significand."""
        return self.precision - 1

    @property
    def shifter(self) -> float:
        """Adding it rounds to an integer, which the last bits then show: 1.5 * 2^52 for float64."""
        return 1.5 * 2.0**self.fraction

    @property
    def tiny(self) -> float:
        """The smallest normal number."""
        return float(2.0 ** (1 - self.bias))


DOUBLE = Format(ir.DoubleType(), ir.IntType(64), 53, 1023)
SINGLE = Format(ir.FloatType(), ir.IntType(32), 24, 127)


class Value:
    """A value in the code that is being written."""

    def __init__(self, builder: Any, value: Any, format: Format):
        self.builder, self.value, self.format = builder, value, format

    def __bool__(self) -> bool:
        raise TypeError("there are no branches here: use where(condition, a, b)")


class Truth(Value):
    """A condition."""

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.builder, self.builder.and_(self.value, other.value), self.format)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.builder, self.builder.or_(self.value, other.value), self.format)

    def __xor__(self, other: Truth) -> Truth:
        return Truth(self.builder, self.builder.xor(self.value, other.value), self.format)

    def __invert__(self) -> Truth:
        return Truth(self.builder, self.builder.not_(self.value), self.format)


class Int(Value):
    """An integer as wide as the format, in two's complement."""

    def _of(self, other: Int | int) -> Any:
        return ir.Constant(self.format.integer, other) if isinstance(other, int) else other.value

    def _new(self, value: Any) -> Int:
        return Int(self.builder, value, self.format)

    def __add__(self, other: Int | int) -> Int:
        return self._new(self.builder.add(self.value, self._of(other)))

    def __sub__(self, other: Int | int) -> Int:
        return self._new(self.builder.sub(self.value, self._of(other)))

    def __rsub__(self, other: int) -> Int:
        return self._new(self.builder.sub(self._of(other), self.value))

    def __and__(self, other: Int | int) -> Int:
        return self._new(self.builder.and_(self.value, self._of(other)))

    def __or__(self, other: Int | int) -> Int:
        return self._new(self.builder.or_(self.value, self._of(other)))

    def __xor__(self, other: Int | int) -> Int:
        return self._new(self.builder.xor(self.value, self._of(other)))

    def __lshift__(self, bits: int) -> Int:
        return self._new(self.builder.shl(self.value, self._of(bits)))

    def __rshift__(self, bits: int) -> Int:
        """With the sign."""
        return self._new(self.builder.ashr(self.value, self._of(bits)))

    def logical_shift(self, bits: int) -> Int:
        """To the right, zeros moving in."""
        return self._new(self.builder.lshr(self.value, self._of(bits)))

    def __lt__(self, other: Int | int) -> Truth:
        return Truth(self.builder, self.builder.icmp_signed("<", self.value, self._of(other)), self.format)

    def equals(self, other: Int | int) -> Truth:
        return Truth(self.builder, self.builder.icmp_signed("==", self.value, self._of(other)), self.format)


class Real(Value):
    """A floating-point number."""

    def _of(self, other: Real | float) -> Any:
        return other.value if isinstance(other, Real) else ir.Constant(self.format.real, float(other))

    def _new(self, value: Any) -> Real:
        return Real(self.builder, value, self.format)

    def constant(self, c: float) -> Real:
        return self._new(self._of(c))

    def __add__(self, other: Real | float) -> Real:
        return self._new(self.builder.fadd(self.value, self._of(other), flags=EXACT))

    def __radd__(self, other: float) -> Real:
        return self._new(self.builder.fadd(self._of(other), self.value, flags=EXACT))

    def __sub__(self, other: Real | float) -> Real:
        return self._new(self.builder.fsub(self.value, self._of(other), flags=EXACT))

    def __rsub__(self, other: float) -> Real:
        return self._new(self.builder.fsub(self._of(other), self.value, flags=EXACT))

    def __mul__(self, other: Real | float) -> Real:
        return self._new(self.builder.fmul(self.value, self._of(other), flags=EXACT))

    __rmul__ = __mul__

    def __truediv__(self, other: Real | float) -> Real:
        return self._new(self.builder.fdiv(self.value, self._of(other), flags=EXACT))

    def __rtruediv__(self, other: float) -> Real:
        return self._new(self.builder.fdiv(self._of(other), self.value, flags=EXACT))

    def __neg__(self) -> Real:
        return self._new(self.builder.fneg(self.value, flags=EXACT))

    def __abs__(self) -> Real:
        return self.call("fabs", self)

    def _compare(self, sign: str, other: Real | float) -> Truth:
        return Truth(
            self.builder, self.builder.fcmp_ordered(sign, self.value, self._of(other), flags=EXACT), self.format
        )

    def __lt__(self, other: Real | float) -> Truth:
        return self._compare("<", other)

    def __le__(self, other: Real | float) -> Truth:
        return self._compare("<=", other)

    def __gt__(self, other: Real | float) -> Truth:
        return self._compare(">", other)

    def __ge__(self, other: Real | float) -> Truth:
        return self._compare(">=", other)

    def equals(self, other: Real | float) -> Truth:
        return self._compare("==", other)

    def unordered(self, other: Real) -> Truth:
        """Is one of them nan?"""
        found = self.builder.fcmp_unordered("uno", self.value, other.value, flags=EXACT)
        return Truth(self.builder, found, self.format)

    def bits(self) -> Int:
        return Int(self.builder, self.builder.bitcast(self.value, self.format.integer), self.format)

    def call(self, name: str, *args: Real | float) -> Real:
        """One of LLVM's functions, as wide as the format."""
        real = self.format.real
        symbol = f"llvm.{name}.f{self.format.width}"
        module = self.builder.module
        fn = module.globals.get(symbol)
        if fn is None:
            fn = ir.Function(module, ir.FunctionType(real, [real] * len(args)), symbol)
        return self._new(self.builder.call(fn, [self._of(a) for a in args], fastmath=()))


# ---- words for formulas ----------------------------------------------------------------------------------


def fma(a: Real, b: Real | float, c: Real | float) -> Real:
    """`a * b + c`, rounded once."""
    return a.call("fma", a, b, c)


def trunc(x: Real) -> Real:
    """`x` without its fraction."""
    return x.call("trunc", x)


def copysign(a: Real | float, b: Real) -> Real:
    return b.call("copysign", a, b)


def where(condition: Truth, a: Any, b: Any) -> Any:
    """One of two numbers; at least one of them is a `Value`."""
    like = a if isinstance(a, Value) else b
    assert isinstance(like, (Real, Int))
    return like._new(condition.builder.select(condition.value, like._of(a), like._of(b)))


def from_bits(i: Int) -> Real:
    return Real(i.builder, i.builder.bitcast(i.value, i.format.real), i.format)


def polynomial(x: Real, coefficients: tuple[float, ...]) -> Real:
    """`c0 + c1 x + ...`: Horner's rule, for even and odd terms apart where they are small: these need not wait for one
    another."""
    first, second, *rest = coefficients
    if len(rest) < 5:
        return horner(x, coefficients)
    square = x * x
    tail = fma(x, horner(square, tuple(rest[1::2])), horner(square, tuple(rest[::2])))
    return fma(x, fma(x, tail, second), first)


def horner(x: Real, coefficients: tuple[float, ...]) -> Real:
    *rest, last = coefficients
    y: Real | float = last
    for c in reversed(rest):
        y = fma(x, y, c)
    assert isinstance(y, Real)
    return y


def clamp(x: Real, low: float, high: float) -> Real:
    """`x` between two bounds; nan stays nan."""
    x = where(x > high, high, x)
    return where(x < low, low, x)
