"""NumPy functions that are spelled in the language itself, and put in the places of their calls.

What stands in `table.SPELLINGS` stays a call until the types are known. Then the program of the function that its
chooser picks takes the call's place, as if the user had written that function as a helper of his own: the derivative
follows from its statements, and there is no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from numba import types

from ..frontend import of_types, parse
from ..infer import infer
from ..ir import (
    Assign,
    Block,
    Call,
    Const,
    Expr,
    Function,
    Loc,
    Namer,
    Return,
    Stmt,
    Unpack,
    Var,
    blocks,
    names,
    rename,
    variable_names,
    walk,
    with_blocks,
)
from ..primitives import pack
from ..spellings import SPELLINGS, Spelling, spellings
from ..ssa import ssa
from ..stand_ins import literal, stands_for
from ..structure import leaf_types
from . import (  # noqa: F401  (they register spellings)
    arrangement,
    axes,
    curves,
    draws,
    fourier,
    grids,
    polynomials,
    predicates,
    products,
    statistics,
    without_nan,
)

__all__ = ["spelled_out"]


def spelled_out(f: Function) -> Function:
    """The typed program with the programs of library functions in the places of their calls."""
    if not any(map(library_call, walk(f.body))):
        return f
    work = _Work(Namer(names(f)), dict(f.types), dict(f.constants))
    body = work.block(f.body)
    return ssa(replace(f, body=body, types=work.types, constants=work.constants)) if work.spelled else f


def library_call(s: Stmt) -> Call | None:
    match s:
        case Assign(_, _, Call() as call) | Unpack(_, _, call) if spellings(call.fn, len(call.args), dict(call.kwargs)):
            return call
    return None


@dataclass
class _Work:
    fresh: Namer
    types: dict[str, Any]
    constants: dict[str, Any]
    spelled: bool = False

    def block(self, b: Block) -> Block:
        return tuple(t for s in b for t in self.statement(s))

    def statement(self, s: Stmt) -> Iterator[Stmt]:
        call = library_call(s)
        found = None if call is None else self.program(call)
        if found is None:
            yield with_blocks(s, tuple(map(self.block, blocks(s))))
            return
        self.spelled = True
        inner, given = found
        new = {n: self.fresh(n) for n in sorted(variable_names(inner))}
        self.types.update({new[n]: t for n, t in inner.types.items() if n in new})
        self.constants.update({new[n]: a for n, a in inner.constants.items()})
        *body, end = (placed(rename(t, new), s.loc) for t in inner.body)
        assert isinstance(end, Return)
        operands = (leaf for a in given for leaf in leaves(a))
        for n, operand in zip(inner.params, operands, strict=True):
            yield Assign(s.loc, Var(new[n]), operand)
        yield from body
        targets = s.targets if isinstance(s, Unpack) else (s.target,)  # type: ignore[attr-defined]
        for target, value in zip(targets, end.values, strict=True):
            yield Assign(s.loc, target, value)

    def program(self, call: Call) -> tuple[Function, tuple[Expr, ...]] | None:
        """What stands for a call, and its arguments, one for each parameter."""
        for s in spellings(call.fn, len(call.args), dict(call.kwargs)):
            try:
                bound = s.signature.bind(*call.args, **dict(call.kwargs))
            except TypeError:
                continue
            bound.apply_defaults()
            given = tuple(map(operand, bound.args))
            f = program(s, tuple(map(self.type_of, given)))
            if f is not None:
                return f, given
        return None

    def type_of(self, e: Expr) -> Any:
        match e:
            case Var(n):
                return self.types[n]
            case Const(v):
                return literal(v)
            case Call(_, args):
                return types.Tuple(tuple(map(self.type_of, args)))
        raise TypeError(e)


def operand(a: Any) -> Expr:
    """An argument, or a default value."""
    if isinstance(a, tuple):
        return Call(pack, tuple(map(operand, a)))
    return a if isinstance(a, Expr) else Const(a)


def placed(s: Stmt, loc: Loc | None) -> Stmt:
    """The statement at a place in the user's source."""
    return with_blocks(replace(s, loc=loc), tuple(tuple(placed(t, loc) for t in b) for b in blocks(s)))


def leaves(e: Expr) -> Iterator[Expr]:
    """The values in an argument, which may be a tuple."""
    if isinstance(e, Call):
        for a in e.args:
            yield from leaves(a)
    else:
        yield e


_programs: dict[tuple[Any, ...], Function | None] = {}


def program(s: Spelling, argtypes: tuple[types.Type, ...]) -> Function | None:
    """The typed program of a library function for arguments of these types."""
    key = s.choose, argtypes
    if key not in _programs:
        chosen = s.choose(*argtypes)
        if chosen is None:
            _programs[key] = None
        else:
            plain = tuple(map(types.unliteral, argtypes))
            f = infer(ssa(parse(chosen, of_types(plain))), tuple(leaf for t in plain for leaf in leaf_types(t)))
            _programs[key] = spelled_out(f)
    return _programs[key]


def typer(s: Spelling) -> Callable[..., Any]:
    """What tells type inference the types of the results."""

    def typed(*args: Any) -> Any:
        f = program(s, tuple(a if isinstance(a, types.Type) else literal(a) for a in with_defaults(s, args)))
        return None if f is None else returned(f)

    typed.__signature__ = s.signature  # type: ignore[attr-defined]
    return typed


def with_defaults(s: Spelling, args: tuple[Any, ...]) -> tuple[Any, ...]:
    bound = s.signature.bind(*args)
    bound.apply_defaults()
    return bound.args


def returned(f: Function) -> types.Type:
    """The type of what a program returns."""
    end = f.body[-1]
    assert isinstance(end, Return)
    found = [f.types[e.name] if isinstance(e, Var) else types.unliteral(literal(e.value)) for e in end.values]  # type: ignore[attr-defined]
    return types.Tuple(found) if f.tuple_result else found[0]


for _fn, _of_fn in SPELLINGS.items():
    for _s in _of_fn:
        stands_for(_fn, when=_s.when)(typer(_s))
