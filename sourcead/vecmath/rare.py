"""Arguments that a formula does not reach: rare ones, left to the C library.

A branch in a loop would keep it from being vectorised, a call too, unless LLVM is told of a function for vectors that
takes its place. So `repaired` is a call of a small function, `x, y -> y`, or the library's value where `x` is such an
argument; and for each width of vectors there is one that looks at all its elements and returns at once when none is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from .lanes import Format, Real


@dataclass(frozen=True)
class Range:
    """Numbers whose bits, as an unsigned integer, lie between two others; with their sign, or without."""

    low: int
    high: int
    signed: bool = True

    def holds(self, builder: Any, x: Any, f: Format, n: int = 0) -> Any:
        """The test of a number, or of a vector of `n`."""
        kind = ir.VectorType(f.integer, n) if n else f.integer

        def constant(i: int) -> Any:
            return ir.Constant(kind, [i] * n if n else i)

        bits = builder.bitcast(x, kind)
        if not self.signed:
            bits = builder.and_(bits, constant((1 << (f.width - 1)) - 1))
        return builder.icmp_unsigned("<=", builder.sub(bits, constant(self.low)), constant(self.high - self.low))


ATTRIBUTES = ("nounwind", "readnone")


def repaired(name: str, x: Real, y: Real, rare: Range) -> Real:
    """`y`, but what the C library's function says of `x` where it is one of the rare arguments."""
    fn = one(x.builder.module, name, x.format, rare)
    return Real(x.builder, x.builder.call(fn, [x.value, y.value]), x.format)


def widths(f: Format) -> tuple[int, ...]:
    """As many elements as there may be in a vector."""
    return (2, 4, 8) if f.precision == 53 else (2, 4, 8, 16)


def declared(module: Any, symbol: str, result: Any, args: list[Any], *attributes: str) -> tuple[Any, bool]:
    """A function of the module, and whether it is new."""
    fn = module.globals.get(symbol)
    if fn is not None:
        return fn, False
    fn = ir.Function(module, ir.FunctionType(result, args), symbol)
    for a in (*ATTRIBUTES, "willreturn", *attributes):
        set.add(fn.attributes, a)  # llvmlite does not know all that LLVM does
    return fn, True


def one(module: Any, name: str, f: Format, rare: Range) -> Any:
    symbol = f"sourcead_rare_{name}_{f.width}"
    names = {n: f"{symbol}_{n}" for n in widths(f)}
    variants = ",".join(f"_ZGV_LLVM_N{n}vv_{symbol}({v})" for n, v in names.items())
    fn, new = declared(module, symbol, f.real, [f.real] * 2, "noinline", f'"vector-function-abi-variant"="{variants}"')
    if not new:
        return fn
    fn.linkage = "internal"
    library, _ = declared(module, name if f.precision == 53 else name + "f", f.real, [f.real])
    x, y = fn.args
    builder = ir.IRBuilder(fn.append_basic_block())
    with builder.if_then(rare.holds(builder, x, f), likely=False):
        builder.ret(builder.call(library, [x]))
    builder.ret(y)
    keep(module, [many(fn, n, v, f, rare) for n, v in names.items()])
    return fn


def many(fn: Any, n: int, symbol: str, f: Format, rare: Range) -> Any:
    """The same for a vector."""
    vector, index = ir.VectorType(f.real, n), ir.IntType(32)
    all_, _ = declared(fn.module, symbol, vector, [vector] * 2)
    each, _ = declared(fn.module, symbol + "_each", vector, [vector] * 2, "noinline", "cold")
    all_.linkage = each.linkage = "internal"
    builder = ir.IRBuilder(all_.append_basic_block())
    found = builder.bitcast(rare.holds(builder, all_.args[0], f, n), ir.IntType(n))
    with builder.if_then(builder.icmp_unsigned("!=", found, ir.Constant(found.type, 0)), likely=False):
        builder.ret(builder.call(each, all_.args))
    builder.ret(all_.args[1])
    builder = ir.IRBuilder(each.append_basic_block())
    x, y = each.args
    for k in range(n):
        at = ir.Constant(index, k)
        one = builder.call(fn, [builder.extract_element(x, at), builder.extract_element(y, at)])
        y = builder.insert_element(y, one, at)
    builder.ret(y)
    return all_


def keep(module: Any, functions: list[Any]) -> None:
    """Functions that nothing calls so far are not to be removed."""
    pointer = ir.IntType(8).as_pointer()
    known = module.globals.get("llvm.compiler.used")
    items = [fn.bitcast(pointer) for fn in functions]
    if known is not None:
        items = [*known.initializer.constant, *items]
        del module.globals["llvm.compiler.used"]
    kind = ir.ArrayType(pointer, len(items))
    used = ir.GlobalVariable(module, kind, "llvm.compiler.used") if known is None else known
    if known is not None:
        module.globals["llvm.compiler.used"] = known
        known.value_type = kind
    used.linkage, used.section, used.initializer = "appending", "llvm.metadata", ir.Constant(kind, items)
