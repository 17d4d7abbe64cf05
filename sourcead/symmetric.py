"""Gradients that reverse mode goes over as a whole.

Reverse mode does not go over tapes that grow, stacks of arrays and pullbacks. It need not: second derivatives are
symmetric, so what an adjoint `v` of the gradient of `h` hands to the arguments is the Hessian times `v`, the tangent of
the gradient along `v`, which forward mode finds for every program that has a gradient. Such a gradient stays a call in
the program; its pullback is forward mode over reverse mode of `h`.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from numba.core import types

from . import primitives as p
from .emit import RESERVED
from .forward import forward
from .infer import is_array
from .ir import (
    Accum,
    Assign,
    Call,
    Expr,
    Function,
    Loc,
    Namer,
    Pop,
    Push,
    Raise,
    Return,
    Stmt,
    Unpack,
    Var,
    children,
    in_bundle,
    names,
    operands,
    walk,
)
from .outcome import BOTH
from .reverse import reverse
from .routines import DERIVED, Origin, Pullback, Routine
from .simplify.effects import draws
from .structure import leaf_types


@dataclass(frozen=True)
class GradientCall(Routine):
    """The gradient `derivative` for arguments of the types `arguments`; `program` computes it."""

    derivative: Any = None
    arguments: tuple[Any, ...] = ()
    program: Any = field(default=None, compare=False)

    @property
    def users_name(self) -> str:
        return f"{super().users_name}_grad"

    @property
    def pure(self) -> bool:
        return not any(isinstance(s, Raise) for s in walk(self.program.body))


def reversible(f: Function) -> bool:
    """Does reverse mode go over the program?"""

    def grows(e: Expr) -> bool:
        return isinstance(e, Call) and (e.fn is p.grown or isinstance(e.fn, DERIVED) or any(map(grows, children(e))))

    return not any(isinstance(s, Push | Pop) or any(map(grows, operands(s))) for s in walk(f.body))


def gradient_call(g: Any, argtypes: tuple[Any, ...], f: Function) -> GradientCall | None:
    """The gradient, whose program is `f`, as a call, where reverse mode would not go over the program."""
    if g.mode.seeded or g.has_aux or reversible(f) or any(map(draws, walk(f.body))):
        return None
    end = f.body[-1]
    assert isinstance(end, Return)
    each = tuple(parts(end.values[0]))
    flat = replace(f, body=(*f.body[:-1], replace(end, values=each)), arguments=(), tuple_result=len(each) > 1)
    leaves = tuple(t for a in argtypes for t in leaf_types(a))
    results = (Origin(),) * len(each)
    return GradientCall(
        g.function, argtypes=leaves, results=results, derivative=g, arguments=tuple(argtypes), program=flat
    )


def parts(e: Expr) -> Iterator[Expr]:
    """The numbers and arrays in what is returned."""
    if isinstance(e, Call) and e.fn is p.pack:
        for a in e.args:
            yield from parts(a)
    else:
        yield e


def called(
    fn: GradientCall, args: tuple[Expr, ...], kinds: tuple[Any, ...], loc: Loc | None, name: Callable[[Any], Var]
) -> tuple[tuple[Var, ...], Stmt]:
    """The call, and names for its results, which have the types `kinds`."""
    targets = tuple(map(name, kinds))
    value = Call(fn, args)
    return targets, Unpack(loc, targets, value) if len(targets) > 1 else Assign(loc, targets[0], value)


def calling(fn: GradientCall, f: Function, kinds: tuple[Any, ...]) -> Function:
    """A program that does nothing but call the gradient, whose program is `f`."""
    loc, fresh, known = f.body[-1].loc, Namer(names(f) | RESERVED), dict(f.types)

    def name(t: Any) -> Var:
        v = Var(fresh.temp())
        known[v.name] = t
        return v

    targets, call = called(fn, tuple(map(Var, f.params)), kinds, loc, name)
    left = iter(targets)

    def like(e: Expr) -> Expr:
        return replace(e, args=tuple(map(like, e.args))) if isinstance(e, Call) and e.fn is p.pack else next(left)

    end = f.body[-1]
    assert isinstance(end, Return)
    return replace(f, body=(call, Return(loc, tuple(map(like, end.values)))), types=known)


def pullback(r: Pullback, primal: Function, stages: Callable[[Function], dict[str, Function]]) -> Function:
    """The program that adds what adjoints of the gradient hand to the arguments; primal: of what is differentiated.

    stages: from what `reverse` made to a finished program
    """
    fn = r.routine
    assert isinstance(fn, GradientCall)
    wrt = tuple(primal.params[k] for k in r.wrt)
    f = stages(reverse(primal, wrt, value=False, single=False))["fuse"]
    by = [n for k in fn.derivative.argnums for n in in_bundle(primal.called_with[k][1])]
    first = int(fn.derivative.value)
    moved = tuple(by[k - first] for k in r.results if k >= first)
    gradient: Expr = f.body[-1].values[0]  # type: ignore[attr-defined]
    tangent: Expr | None = None
    seeds: tuple[str, ...] = ()
    if moved:
        kinds = tuple(contiguous(primal.types[n]) for n in moved)
        f = forward(f, moved, kinds, single=False, result=BOTH)
        gradient, tangent = f.body[-1].values[0].args  # type: ignore[attr-defined]
        seeds = f.params[: len(moved)]
    return finished(r, primal, f, wrt, gradient, tangent, seeds)


def finished(
    r: Pullback,
    primal: Function,
    f: Function,
    wrt: tuple[str, ...],
    gradient: Expr,
    tangent: Expr | None,
    seeds: tuple[str, ...],
) -> Function:
    """`f` with adjoints that it adds to; seeds: its parameters for the adjoints of gradients."""
    loc, fresh, known = f.body[-1].loc, Namer(names(f) | RESERVED), dict(f.types)
    body = list(f.body[:-1])
    given = seeds
    scale: Var | None = None
    if len(r.results) > len(seeds):  # the value has an adjoint too
        scale = Var(fresh("seed"))
        known[scale.name] = value_type(r.routine)  # type: ignore[arg-type]
        given = (scale.name, *seeds)
    bars: dict[str, Var] = {}
    numbers: list[Expr] = []
    each = zip(wrt, children(gradient), children(tangent) if tangent is not None else (None,) * len(wrt), strict=True)
    for n, g, d in each:
        share = None if scale is None else Call(op.mul, (g, scale))
        if is_array(primal.types[n]):
            bars[n] = Var(fresh(f"{n}_bar"))
            known[bars[n].name] = contiguous(primal.types[n])
            body += [Accum(loc, bars[n], e) for e in (d, share) if e is not None]
            continue
        total = Var(fresh(f"{n}_bar"))
        known[total.name] = primal.types[n]
        one, *more = (e for e in (d, share) if e is not None)
        body += [Assign(loc, total, one), *(Accum(loc, total, e) for e in more)]
        numbers.append(total)
    body.append(Return(loc, (Call(p.pack, (*numbers, *bars.values())),)))
    arrays = [b.name for b in bars.values()]
    kinds = [primal.types[n] for n in wrt if n not in bars] + [known[b] for b in arrays]
    own = f.params[len(seeds) :]
    return replace(
        f,
        name=f"{primal.name}_pullback",
        params=(*arrays, *own, *given),
        arguments=(),
        body=tuple(body),
        types=known,
        returns=types.Tuple(kinds),
        tuple_result=False,
    )


def value_type(fn: GradientCall) -> Any:
    v = fn.program.body[-1].values[0]
    return fn.program.types[v.name] if isinstance(v, Var) else types.float64


def contiguous(t: Any) -> Any:
    return types.Array(t.dtype, t.ndim, "C") if is_array(t) else t
