"""Gradients that are called inside a function to be differentiated.

`force = grad(energy)(q)` stays a call until the types are known and array code is lowered; then the program of the
gradient stands in for it, like the body of any other function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numba

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
    children,
    names,
    rename,
    variable_names,
    walk,
    with_blocks,
)
from .routines import Routine


@dataclass(frozen=True, eq=False)
class GradientOf:
    """One number or array of what a gradient returns: the value (None), or the gradient by its k-th argument."""

    gradient: Any
    argument: int | None

    @property
    def __name__(self) -> str:
        name = self.gradient.py_func.__name__.strip("<>")
        if self.argument is None:
            return f"value_of_{name}"
        return f"grad_{name}" if self.gradient.single else f"grad_{name}_{self.argument}"

    def __eq__(self, o: object) -> bool:
        return isinstance(o, GradientOf) and o.gradient is self.gradient and o.argument == self.argument

    def __hash__(self) -> int:
        return hash((id(self.gradient), self.argument))

    def __call__(self, *args: Any) -> Any:
        returned = self.gradient(*args)
        value, grads = returned if self.gradient.value else (None, returned)
        if self.argument is None:
            return value
        return grads if self.gradient.single else grads[self.gradient.argnums.index(self.argument)]

    def typed(self, args: tuple[Expr, ...]) -> Call:
        """A call of the same type that is quickly compiled."""
        k = self.argument
        own = f"value_{id(self.gradient)}"  # functions may have the same name
        return Call(Routine(self.gradient.py_func, name=own), args) if k is None else Call(p.like, (args[k],))


Stages = Callable[..., dict[str, Function]]


def expanded(f: Function, stages: Stages) -> Function:
    """The lowered program, with the programs of gradients in the places of their calls.

    stages: `derivative_stages`, which derives them.
    """
    if not any(map(gradient_call, walk(f.body))):
        return f
    work = _Expansion(f, stages, Namer(names(f)), dict(f.types), dict(f.constants))
    body = work.block(f.body)
    return replace(f, body=body, types=work.types, constants=work.constants)


def gradient_call(s: Stmt) -> tuple[GradientOf, tuple[Expr, ...]] | None:
    """The gradient, and its arguments, whose result a statement gives a name."""
    match s:
        case Assign(_, Var(), Call(GradientOf() as fn, args)):
            return fn, args
    return None


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
            call = gradient_call(s)
            if call is None:
                known.clear()
                out.append(with_blocks(s, tuple(self.block(c) for c in blocks(s))))
                continue
            fn, args = call
            key = fn.gradient, args
            if fn.argument not in known.get(key, {}):  # each array is handed out once
                known = {key: self.program(fn.gradient, args, s, out)}
            out.append(Assign(s.loc, Var(bound(s)[0]), known[key].pop(fn.argument)))
        return tuple(out)

    def program(self, g: Any, args: tuple[Expr, ...], s: Stmt, out: list[Stmt]) -> Returned:
        """Put the program of the gradient behind `out`: what it returns, part by part."""
        argtypes = tuple(self.types[a.name] if isinstance(a, Var) else typeof_constant(a) for a in args)
        try:
            check_arguments(g.py_func, argtypes, g.argnums)
        except TypeError as e:
            raise Unsupported(str(e), s.loc) from e
        wanted = g.argnums[0] if g.single else g.argnums
        inner = self.stages(g.pyfunc, argtypes, wanted, value=g.value, has_aux=False, again="reverse")["fuse"]
        new = {n: self.fresh(n) for n in sorted(variable_names(inner))}
        self.types.update({new[n]: t for n, t in inner.types.items() if n in new})
        self.constants.update({new[n]: a for n, a in inner.constants.items()})
        out += [Assign(s.loc, Var(new[n]), a) for n, a in zip(inner.params, args, strict=True)]
        *body, end = (rename(t, new) for t in inner.body)
        assert isinstance(end, Return)
        out += body
        (returned,) = end.values
        value, grads = children(returned) if g.value else (returned, returned)
        each = (grads,) if g.single else children(grads)
        return {None: value, **dict(zip(g.argnums, each, strict=True))}


Returned = dict[int | None, Expr]


def typeof_constant(e: Expr) -> Any:
    assert isinstance(e, Const)
    return numba.typeof(e.value)
