"""What a program must keep to, property by property: run by the tests between the passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from . import primitives as p
from .analyses import ALLOCATIONS, INTEGER_ATOMS
from .errors import InternalError
from .infer import is_array
from .ir import (
    Accum,
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
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
    blocks,
    bound,
    children,
    operands,
    used,
    walk,
)
from .nested import DerivativeOf
from .routines import DERIVED, Routine
from .rules import is_atom

CALLS = (Routine, *DERIVED, DerivativeOf)
NESTED = (p.pack, p.array_of)  # calls that may stand inside of a call


def flat(f: Function) -> Iterator[str]:
    """Operands are variables and constants; values are one call or one element of operands."""
    for s in walk(f.body):
        for e in operands(s):
            value = isinstance(s, (Assign, Accum, Unpack)) and e is s.value
            target = isinstance(s, Accum) and e is s.target
            if not (is_value(e) if value or target else is_operand(e)):
                yield f"{show(s)} is not flat"
        stored = s.value if isinstance(s, Assign) and isinstance(s.target, Index) else Const(None)
        if isinstance(stored, Call) and stored.fn is p.element:  # until types are known
            stored = stored.args[0]
        if not is_operand(stored):
            yield f"{show(s)} stores something that has no name"


def is_operand(e: Expr) -> bool:
    return isinstance(e, (Var, Const, Slice)) and all(isinstance(c, (Var, Const)) for c in parts(e))


def parts(e: Expr) -> tuple[Expr, ...]:
    return tuple(x for x in (e.start, e.stop, e.step) if x is not None) if isinstance(e, Slice) else ()


def is_value(e: Expr) -> bool:
    match e:
        case Call():
            return all(is_argument(a) for a in (*e.args, *(v for _, v in e.kwargs)))
        case Index():
            return all(map(is_operand, e.index))
    return is_operand(e)


def is_argument(e: Expr) -> bool:
    return is_operand(e) or isinstance(e, Call) and e.fn in NESTED and all(map(is_argument, e.args))


def located(f: Function) -> Iterator[str]:
    """Every statement says which line of the user's it comes from."""
    for s in walk(f.body):
        if s.loc is None:
            yield f"{show(s)} has no place"


def single(f: Function) -> Iterator[str]:
    """A name has one definition, or is bound by `Move`s only."""
    seen: dict[str, Stmt] = {n: Return(None, ()) for n in (*f.params, *f.constants)}
    for s in walk(f.body):
        for n in bound(s):
            if n in seen and not (isinstance(s, Move) and isinstance(seen[n], Move)):
                yield f"{n} is defined twice, the second time by {show(s)}"
            seen[n] = s


def summed(f: Function) -> Iterator[str]:
    """As `single`, but for the scalars that are added to."""
    sums = {s.target.name for s in walk(f.body) if isinstance(s, Accum) and isinstance(s.target, Var)}
    yield from (text for text in single(f) if text.split()[0] not in sums)


def tail_breaks(f: Function) -> Iterator[str]:
    """`Break` is the last thing that an iteration does."""

    def visit(b: Block, tail: bool) -> Iterator[str]:
        for k, s in enumerate(b):
            last = tail and k == len(b) - 1
            if isinstance(s, Break) and not last:
                yield "a break is not in tail position"
            inner = isinstance(s, (For, While)) or last and isinstance(s, If)
            for c in blocks(s):
                yield from visit(c, inner and not (isinstance(s, While) and c is s.test))

    yield from visit(f.body, False)


def returns_last(f: Function) -> Iterator[str]:
    """One `Return`, at the end; nothing behind a `Raise`."""
    if not f.body or not isinstance(f.body[-1], Return):
        yield "the last statement is not a return"
    if sum(isinstance(s, Return) for s in walk(f.body)) > 1:
        yield "there are several returns"
    for b in (f.body, *(b for s in walk(f.body) for b in blocks(s))):
        if any(isinstance(s, Raise) for s in b[:-1]):
            yield "something follows a raise"


def defined(f: Function) -> Iterator[str]:
    """What is read has been defined on some path to it."""
    known = {*f.params, *f.constants, *(s.stack.name for s in walk(f.body) if isinstance(s, Push))}

    def visit(b: Block) -> Iterator[str]:
        for s in b:
            carried = (
                {n for c in blocks(s) for t in walk(c) for n in bound(t)} if isinstance(s, (For, While)) else set()
            )
            if isinstance(s, While):
                yield from visit(s.test)
            known.update(carried)
            stored = s.target.array.name if isinstance(s, (Assign, Accum)) and isinstance(s.target, Index) else None
            for n in (*used(s), *([stored] if stored else [])):
                if n not in known:
                    yield f"{n} is read in {show(s)} and not defined on any path"
            known.update(bound(s))
            if isinstance(s, Pop):
                known.add(s.target.name)
            for c in blocks(s)[1 if isinstance(s, While) else 0 :]:
                yield from visit(c)

    yield from visit(f.body)


def scalar(f: Function) -> Iterator[str]:
    """No views, and whole arrays only in allocations and atoms."""
    whole = {
        *ALLOCATIONS,
        *INTEGER_ATOMS,
        np.transpose,
        np.copy,
        p.shape,
        p.pack,
        p.stretch,
        p.stretch_bar,
        p.unstretch,
        p.overlapping,
        p.seed_like,
    }

    def looks(e: Expr) -> Iterator[str]:
        match e:
            case Call(fn, args) if fn not in whole and not is_atom(fn) and not isinstance(fn, CALLS):
                yield from (n.name for n in args if isinstance(n, Var) and is_array(f.types.get(n.name)))
        for c in children(e):
            yield from looks(c)

    for s in walk(f.body):
        for e in operands(s):
            if any(isinstance(c, Slice) for c in inside(e)):
                yield f"{show(s)} makes a view"
            for n in looks(e):
                yield f"{show(s)} works on the whole array {n}"


def inside(e: Expr) -> Iterator[Expr]:
    yield e
    for c in children(e):
        yield from inside(c)


def typed(f: Function) -> Iterator[str]:
    """Every name has a type."""
    for n in sorted({n for s in walk(f.body) for n in bound(s)} - set(f.types)):
        yield f"{n} has no type"


def counters(f: Function) -> Iterator[str]:
    """The variable of a `For` is not assigned in its body."""
    for s in walk(f.body):
        if isinstance(s, For) and any(s.var.name in bound(t) for t in walk(s.body)):
            yield f"{show(s)} assigns its counter"


PROPERTIES: dict[str, Callable[[Function], Iterator[str]]] = {
    "flat": flat,
    "located": located,
    "single": single,
    "tail_breaks": tail_breaks,
    "returns_last": returns_last,
    "defined": defined,
    "summed": summed,
    "scalar": scalar,
    "counters": counters,
    "typed": typed,
}
PARSED = ("flat", "located", "tail_breaks", "returns_last", "defined", "counters")
SINGLE = (*PARSED, "single")
LOWERED = ("tail_breaks", "returns_last", "defined", "summed", "scalar")
SIMPLIFIED = (*LOWERED, "typed")
REVERSED = ("defined", "typed")


def violations(f: Function, properties: tuple[str, ...] = PARSED) -> list[str]:
    """What is wrong with a program."""
    return [f"{name}: {text}" for name in properties for text in PROPERTIES[name](f)]


def verify(f: Function, properties: tuple[str, ...] = PARSED) -> Function:
    """The program itself; `InternalError` when it breaks a promise."""
    found = violations(f, properties)
    if found:
        raise InternalError(f"{f.name} is not a well-formed program:\n  " + "\n  ".join(found) + f"\n{f!r}")
    return f


def show(s: Stmt) -> str:
    from .emit import statement

    return f"`{next(iter(statement(s, '')), ('nothing', None))[0]}`"
