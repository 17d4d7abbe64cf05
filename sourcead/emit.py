"""Program → Python text → function: the only place that knows how nodes are spelled."""

from __future__ import annotations

import builtins
import cmath
import itertools
import linecache
import math
import operator as op
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numba import prange

from . import primitives as p
from . import stand_ins
from .ir import (
    Accum,
    Assign,
    Block,
    Break,
    Bundle,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
    Loc,
    Move,
    Pop,
    Push,
    Raise,
    Return,
    Slice,
    Stmt,
    Unpack,
    Var,
    While,
    is_const,
    walk,
)
from .nested import DerivativeOf
from .routines import DERIVED, Routine, called
from .rules.draws import is_method
from .special import known

TERNARY, OR, AND, NOT, COMPARE, BITS, SUM, PRODUCT, SIGN, POWER, ATOM = range(11)

INFIX: dict[Callable[..., Any], tuple[str, int]] = {
    op.add: ("+", SUM),
    op.sub: ("-", SUM),
    op.mul: ("*", PRODUCT),
    op.truediv: ("/", PRODUCT),
    op.floordiv: ("//", PRODUCT),
    op.mod: ("%", PRODUCT),
    op.matmul: ("@", PRODUCT),
    op.lt: ("<", COMPARE),
    op.le: ("<=", COMPARE),
    op.gt: (">", COMPARE),
    op.ge: (">=", COMPARE),
    op.eq: ("==", COMPARE),
    op.ne: ("!=", COMPARE),
    op.is_: ("is", COMPARE),
    op.is_not: ("is not", COMPARE),
    op.and_: ("&", BITS),
    op.or_: ("|", BITS),
    op.xor: ("^", BITS),
    op.lshift: ("<<", BITS),
    op.rshift: (">>", BITS),
    p.both: ("and", AND),
    p.either: ("or", OR),
}
PREFIX: dict[Callable[..., Any], tuple[str, int]] = {
    op.neg: ("-", SIGN),
    op.pos: ("+", SIGN),
    op.invert: ("~", SIGN),
    op.not_: ("not ", NOT),
}


# ---- expressions -----------------------------------------------------------------------


FOREVER = "0 < 1"
"""In a loop headed `while True`, Numba 0.68 keeps the first value of a name that the loop binds again when it is bound
before a `break` too."""


def expression(e: Expr, outer: int = TERNARY) -> str:
    """The text of an expression, in parentheses when it binds less tightly than `outer`."""
    match e:
        case Var(name):
            return name
        case Const(value):
            text, own = constant(value), ATOM
            if text.startswith("-"):
                own = SIGN
        case Index(array, index):
            text, own = f"{array.name}[{', '.join(map(expression, index))}]", ATOM
        case Slice(start, stop, step):
            parts = ["" if x is None else expression(x) for x in (start, stop)]
            text, own = ":".join(parts + ([expression(step)] if step is not None else [])), ATOM
        case Call():
            text, own = call_text(e)
        case _:
            raise TypeError(e)
    return f"({text})" if own < outer else text


def call_text(e: Call) -> tuple[str, int]:
    fn, a = e.fn, e.args
    if fn in INFIX and len(a) == 2:
        sign, own = INFIX[fn]
        # comparisons chain in Python, so both sides of one need parentheses
        left, right = (own + 1, own + 1) if own == COMPARE else (own, own + 1)
        return f"{expression(a[0], left)} {sign} {expression(a[1], right)}", own
    if fn in PREFIX:
        sign, own = PREFIX[fn]
        return f"{sign}{expression(a[0], own)}", own
    if fn is op.pow:
        return f"{expression(a[0], ATOM)} ** {expression(a[1], SIGN)}", POWER
    if fn is p.select:
        return f"{expression(a[1], OR)} if {expression(a[0], OR)} else {expression(a[2], TERNARY)}", TERNARY
    if fn is p.flowing:
        return f"{expression(a[1], OR)} if {expression(a[0], OR)} else {expression(a[2], TERNARY)}", TERNARY
    if fn is p.shape:
        return f"{expression(a[0], ATOM)}.shape[{expression(a[1])}]", ATOM
    if fn is p.item:
        return f"{expression(a[0], ATOM)}[{expression(a[1])}]", ATOM
    if fn is p.shape_of:
        return f"{expression(a[0], ATOM)}.shape", ATOM
    if fn is p.dtype_of:
        return f"{expression(a[0], ATOM)}.dtype", ATOM
    if fn is np.ndim:  # Numba knows the attribute only
        return f"{expression(a[0], ATOM)}.ndim", ATOM
    if fn is p.astype:
        return f"{expression(a[0], ATOM)}.astype({expression(a[1])})", ATOM
    if fn is p.pack:
        inner = ", ".join(map(expression, a))
        if e.kwargs:  # a named tuple; a constant of the program is its class
            ((_, cls),) = e.kwargs
            return f"{cls.value}({inner})", ATOM  # type: ignore[attr-defined]
        return f"({inner},)" if len(a) == 1 else f"({inner})", ATOM
    if fn is p.given:
        return f"{expression(a[0])}({', '.join(map(expression, a[1:]))})", ATOM
    if fn is p.array_of:
        return f"np.array({rows(e)})", ATOM
    if fn is p.trips:
        return f"len({range_text(*a)})", ATOM
    args = [*map(expression, a), *(f"{k}={expression(v)}" for k, v in e.kwargs)]
    if is_method(fn):
        return f"{args[0]}.{fn.__name__}({', '.join(args[1:])})", ATOM
    return f"{name_of(fn)}({', '.join(args)})", ATOM


def rows(e: Expr) -> str:
    if isinstance(e, Call) and e.fn is p.array_of:
        return f"[{', '.join(map(rows, e.args))}]"
    return expression(e)


def constant(value: Any) -> str:
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, np.dtype):
        return f"np.{value.type.__name__}"
    if isinstance(value, type):
        return value.__name__
    if value is Ellipsis:
        return "..."
    if isinstance(value, np.generic):
        return f"np.{type(value).__name__}({constant(value.item())})"
    if isinstance(value, float) and not math.isfinite(value):
        return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"
    if isinstance(value, complex):
        return complex_constant(value)
    return repr(value)


def complex_constant(z: complex) -> str:
    """`2j`, `(1+2j)`; by its parts where that text would lose the sign of a zero, or an infinity."""
    again = eval(repr(z), {"nan": math.nan, "inf": math.inf}) if math.isfinite(abs(z)) else None
    return repr(z) if repr(again) == repr(z) else f"complex({constant(z.real)}, {constant(z.imag)})"


MODULES = {
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.random": np.random,
    "np.random.Generator": np.random.Generator,
    "np.polynomial.polynomial": np.polynomial.polynomial,
    "np.polynomial.polyutils": np.polynomial.polyutils,
    "np.lib.stride_tricks": np.lib.stride_tricks,
    "math": math,
    "cmath": cmath,
    "operator": op,
}
"""Where functions are looked for, in this order."""


def name_of(fn: Callable[..., Any]) -> str:
    """How emitted code spells a callable."""
    if isinstance(fn, (Routine, *DERIVED, DerivativeOf)):
        return fn.__name__
    if fn is np.absolute:
        return "np.abs"
    if fn is np.conjugate:
        return "np.conj"
    name = getattr(fn, "__name__", repr(fn))
    module = getattr(fn, "__module__", None) or ""
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{name}"
    for prefix, home in MODULES.items():
        if getattr(home, name, None) is fn:
            return f"{prefix}.{name}"
    if isinstance(fn, np.ufunc):
        return f"np.{name}"
    if module in (p.__name__, stand_ins.__name__) or getattr(builtins, name, None) is fn:
        return name
    raise TypeError(f"emitted code cannot name {fn!r}")


def range_text(start: Expr, stop: Expr, step: Expr) -> str:
    args = [start, stop, step]
    if is_const(step, 1):
        args = [stop] if is_const(start, 0) else [start, stop]
    return f"range({', '.join(map(expression, args))})"


# ---- statements --------------------------------------------------------------------------


Line = tuple[str, Loc | None]


def statement(s: Stmt, indent: str) -> Iterator[Line]:
    inner = indent + "    "

    def line(text: str) -> Line:
        return indent + text, s.loc

    match s:
        case Assign(_, t, v):
            yield line(f"{expression(t)} = {expression(v)}")
        case Unpack(_, (), value):
            yield line(expression(value))
        case Unpack():
            yield line(f"{', '.join(map(expression, s.targets))} = {expression(s.value)}")
        case Accum(_, t, Call(op.neg, (v,))):
            yield line(f"{expression(t)} -= {expression(v)}")
        case Accum(_, t, Const(int(v))) if v < 0:
            yield line(f"{expression(t)} -= {-v}")
        case Accum(_, t, v):
            yield line(f"{expression(t)} += {expression(v)}")
        case Move():
            if s.targets:
                yield line(f"{', '.join(map(expression, s.targets))} = {', '.join(map(expression, s.sources))}")
        case Push(_, stack, v):
            yield line(f"{stack.name}.append({expression(v)})")
        case Pop(_, t, stack):
            yield line(f"{t.name} = {stack.name}.pop()")
        case If():
            yield from branch(s, indent, "if")
        case For(_, v, start, stop, step, body):
            yield line(f"for {v.name} in {'p' * s.parallel}{range_text(start, stop, step)}:")
            yield from block(body, inner)
        case While(_, test, cond, body):
            yield line(f"while {FOREVER if test or cond == Const(True) else expression(cond)}:")
            if test:
                yield from block(test, inner)
                yield inner + f"if not {expression(cond, COMPARE)}:", s.loc
                yield inner + "    break", s.loc
            yield from block(body, inner)
        case Break():
            yield line("break")
        case Raise(_, p.Unequal, (Call() as instead,)):  # another program takes over
            yield line(f"return {instead.fn.name}({', '.join(map(expression, instead.args))})")  # type: ignore[attr-defined]
        case Raise(_, exc, args):
            yield line(f"raise {exc.__name__}({', '.join(map(expression, args))})")
        case Return(_, values):
            yield line(f"return {', '.join(map(expression, values))}")
        case _:
            raise TypeError(s)


def branch(s: If, indent: str, word: str) -> Iterator[Line]:
    inner = indent + "    "
    if not s.then and s.orelse:
        yield f"{indent}{word} not {expression(s.cond, NOT)}:", s.loc
        yield from block(s.orelse, inner)
        return
    yield f"{indent}{word} {expression(s.cond)}:", s.loc
    yield from block(s.then, inner)
    match s.orelse:
        case ():
            pass
        case (If() as nested,) if nested.loc is None or s.loc is None or nested.loc.text.startswith("elif"):
            yield from branch(nested, indent, "elif")
        case _:
            yield f"{indent}else:", None
            yield from block(s.orelse, inner)


def block(b: Block, indent: str) -> Iterator[Line]:
    empty = True
    for s in b:
        for line in statement(s, indent):
            empty = False
            yield line
    if empty:
        yield indent + "pass", None


def lines(f: Function) -> list[Line]:
    """The program, line by line, each with the user's place it comes from."""
    out: list[Line] = [(f"def {f.name}({', '.join(n for n, _ in f.called_with)}):", None)]
    out += [(f"    {str(b)[1:-1]} = {n}", None) for n, b in f.arguments if isinstance(b, Bundle) and b.items]
    stacks = dict.fromkeys(s.stack.name for s in walk(f.body) if isinstance(s, Push))
    out += [(f"    {name} = []", None) for name in stacks]
    out += block(f.body[:-1], "    ") if len(f.body) > 1 else []
    for s in f.body[-1:]:
        if isinstance(s, Return):
            values = ", ".join(map(expression, s.values))
            one_tuple = f.tuple_result and len(s.values) == 1
            out.append((f"    return ({values},)" if one_tuple else f"    return {values}", s.loc))
        else:
            out += block((s,), "    ")
    return out


def to_source(f: Function, comments: bool = True) -> str:
    """Python text; with `comments`, each group of lines quotes the user's line it comes from."""
    home = next((loc.file for _, loc in lines(f) if loc is not None), None)
    parts = [program_text(lines(f), comments, home)]
    for g in f.routines:
        (head, _), *rest = lines(g)
        parts.append(program_text([(head, g.where), *rest], comments, home))
    return "\n\n".join(parts)


def program_text(lines: list[Line], comments: bool, home: str | None) -> str:
    """home: the file whose name needs not be told."""
    out: list[str] = []
    last: tuple[str, int] | None = None
    for text, loc in lines:
        if comments and loc is not None and loc.text and (loc.file, loc.line) != last:
            indent = text[: len(text) - len(text.lstrip())]
            where = f"{loc.line}" if loc.file == home else f"{loc.file.rsplit('/', 1)[-1]}:{loc.line}"
            quote = f"{indent}# {where}: {loc.text}"
            if not text.lstrip().startswith(("else:", "elif ")):
                out.append(quote)
                last = (loc.file, loc.line)
        out.append(text)
    return "\n".join(out) + "\n"


# ---- functions -----------------------------------------------------------------------------

_CALLED_BY_NAME = {k: v for k, v in vars(p).items() if getattr(v, "__module__", None) == p.__name__ and callable(v)}
_serial = itertools.count(1)

_BUILTINS = ("abs", "bool", "complex", "float", "int", "len", "max", "min", "pow", "range", "round", "sum")
RESERVED = frozenset({"np", "math", "cmath", "operator", "prange", "special", *_CALLED_BY_NAME, *_BUILTINS})
"""Names that no variable of an emitted program may have."""


def namespace(f: Function, routines: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The globals in which emitted code runs; `routines`: what the names of functions that stay calls stand for."""
    from .returns import by_numba

    known()
    if routines is None:
        routines = {r.__name__: r if r.argtypes else by_numba(r) for r in called(f.body, Routine)}
    gradients = {g.__name__: g for g in called(f.body, DerivativeOf)}
    modules = {name: home for name, home in MODULES.items() if "." not in name}
    stood_in = {s.fn.__name__: s.fn for s in stand_ins.STAND_INS.values()}
    return {"prange": prange, **modules, **_CALLED_BY_NAME, **stood_in, **routines, **gradients, **f.constants}


def to_function(
    f: Function, source: str | None = None, routines: Mapping[str, Any] | None = None
) -> Callable[..., Any]:
    """Compile the text to a Python function; tracebacks, `inspect` and `pdb` find its lines."""
    source = to_source(f) if source is None else source
    filename = f"<sourcead {f.name} {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    space = namespace(f, routines)
    exec(compile(source, filename, "exec"), space)
    return space[f.name]
