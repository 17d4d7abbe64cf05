"""Derivatives that are called inside a function to be differentiated.

`force = grad(energy)(q)` stays a call until the types are known and array code is lowered; then the program of the
derivative stands in for it, like the body of any other function. Each number and array that it returns has a call
of its own until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numba
from numba.core import types

from . import primitives as p
from .checks import check_arguments
from .errors import Unsupported
from .ir import (
    Assign,
    Block,
    Call,
    Const,
    Expr,
    Function,
    Namer,
    Return,
    Stmt,
    Var,
    blocks,
    bound,
    names,
    rename,
    variable_names,
    walk,
    with_blocks,
)
from .routines import Routine, flat
from .structure import leaf_types

Takes = None | tuple["Takes", ...]  # how operands make an argument: one, or tuples of them


@dataclass(frozen=True)
class Part:
    """What a number or an array in a result is like: the operand numbered `operand`; or the item at `path` in what
    `function` gives for the operands from `first` on."""

    operand: int | None = None
    function: Any = None
    path: tuple[int, ...] = ()
    first: int = 0


@dataclass(frozen=True, eq=False)
class DerivativeOf:
    """One number or array of what a derivative returns, numbered from the left; its operands make the arguments."""

    derivative: Any
    number: int
    part: Part
    takes: tuple[Takes, ...]

    @property
    def __name__(self) -> str:
        name = self.derivative.py_func.__name__.strip("<>")
        what = self.derivative.mode.kind if self.part.operand is not None else "value"
        return f"{what}_{self.number}_of_{name}"

    def __eq__(self, o: object) -> bool:
        return isinstance(o, DerivativeOf) and o.derivative is self.derivative and o.number == self.number

    def __hash__(self) -> int:
        return hash((id(self.derivative), self.number))

    def __call__(self, *args: Any) -> Any:
        return list(flat(self.derivative(*self.arguments(args, tuple))))[self.number]

    def arguments(self, operands: tuple[Any, ...], make: Callable[[Any], Any]) -> tuple[Any, ...]:
        """The arguments made of operands."""
        left = iter(operands)

        def one(takes: Takes) -> Any:
            return next(left) if takes is None else make(tuple(map(one, takes)))

        return tuple(map(one, self.takes))

    def typed(self, args: tuple[Expr, ...]) -> Call:
        """A call of the same type that is quickly compiled."""
        q = self.part
        if q.operand is not None:
            return Call(p.like, (args[q.operand],))
        own = f"value_{id(q.function)}"  # functions may have the same name
        value = Call(Routine(q.function, name=own), args[q.first :])
        for k in q.path:
            value = Call(p.item, (value, Const(k)))
        return Call(p.like, (value,)) if q.path or self.derivative.mode.seeded else value


Stages = Callable[..., dict[str, Function]]


def expanded(f: Function, stages: Stages) -> Function:
    """The lowered program, with the programs of derivatives in the places of their calls.

    stages: `derivative_stages`, which derives them.
    """
    if not any(map(derivative_call, walk(f.body))):
        return f
    work = _Expansion(f, stages, Namer(names(f)), dict(f.types), dict(f.constants))
    body = work.block(f.body)
    return replace(f, body=body, types=work.types, constants=work.constants)


def derivative_call(s: Stmt) -> tuple[DerivativeOf, tuple[Expr, ...]] | None:
    """The derivative, and its operands, whose result a statement gives a name."""
    match s:
        case Assign(_, Var(), Call(DerivativeOf() as fn, args)):
            return fn, args
    return None


def looks_at_shapes(s: Stmt) -> bool:
    """Does it leave all arrays as they are?"""
    match s:
        case Assign(_, Var(), Call(p.shape)):
            return True
    return False


@dataclass
class _Expansion:
    f: Function
    stages: Stages
    fresh: Namer
    types: dict[str, Any]
    constants: dict[str, Any]

    def block(self, b: Block) -> Block:
        out: list[Stmt] = []
        known: dict[tuple[Any, tuple[Expr, ...]], Returned] = {}  # by what the statement before called
        for s in b:
            call = derivative_call(s)
            if call is None:
                if not looks_at_shapes(s):
                    known.clear()
                out.append(with_blocks(s, tuple(self.block(c) for c in blocks(s))))
                continue
            fn, args = call
            key = fn.derivative, args
            if fn.number not in known.get(key, {}):  # each array is handed out once
                known = {key: self.program(fn, args, s, out)}
            out.append(Assign(s.loc, Var(bound(s)[0]), known[key].pop(fn.number)))
        return tuple(out)

    def program(self, fn: DerivativeOf, args: tuple[Expr, ...], s: Stmt, out: list[Stmt]) -> Returned:
        """Put the program of the derivative behind `out`: what it returns, part by part."""
        g = fn.derivative
        operands = tuple(self.types[a.name] if isinstance(a, Var) else typeof_constant(a) for a in args)
        argtypes = fn.arguments(operands, types.Tuple)
        try:
            check_arguments(g.function, argtypes[int(g.mode.seeded) :], g.argnums)
            inner = self.stages(
                g.pyfunc,
                argtypes,
                g.argnums[0] if g.single else g.argnums,
                value=g.value,
                has_aux=g.has_aux,
                again="reverse",
                mode=g.mode,
            )["fuse"]
        except TypeError as e:
            raise Unsupported(str(e), s.loc) from e
        from .symmetric import called, gradient_call

        if (whole := gradient_call(g, argtypes, inner)) is not None:
            targets, call = called(whole, args, kinds_of(whole.program), s.loc, self.named)
            out.append(call)
            return dict(enumerate(targets))
        new = {n: self.fresh(n) for n in sorted(variable_names(inner))}
        self.types.update({new[n]: t for n, t in inner.types.items() if n in new})
        self.constants.update({new[n]: a for n, a in inner.constants.items()})
        out += [Assign(s.loc, Var(new[n]), a) for n, a in zip(inner.params, args, strict=True)]
        *body, end = (rename(t, new) for t in inner.body)
        assert isinstance(end, Return)
        out += body
        return dict(enumerate(leaves(end.values[0])))

    def named(self, t: Any) -> Var:
        name = self.fresh.temp()
        self.types[name] = t
        return Var(name)


def kinds_of(f: Function) -> tuple[Any, ...]:
    from .pipeline import result_type

    return leaf_types(result_type(f))


Returned = dict[int, Expr]


def leaves(e: Expr) -> Iterator[Expr]:
    """The numbers and arrays in what a program returns; what has no tangent counts as a number that does not change."""
    if isinstance(e, Call) and e.fn is p.pack:
        for a in e.args:
            yield from leaves(a)
    else:
        yield Const(0) if e == Const(None) else e


def typeof_constant(e: Expr) -> Any:
    assert isinstance(e, Const)
    return numba.typeof(e.value)
