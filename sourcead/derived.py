"""What a transformation knows about the program that it derives from another: names, their types, activity."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import typeof
from numba.core import types

from . import primitives as p
from .infer import among_complex, complex_kind, is_array, is_complex, real_of
from .ir import Assign, Call, Const, Expr, Function, Index, Loc, Namer, Stmt, Var

INT = types.int64


@dataclass(kw_only=True)
class Derived:
    f: Function
    active: set[str]
    namer: Namer
    types: dict[str, Any]
    made: set[str] = field(default_factory=set)  # names that are not the primal's

    def fresh(self, base: str, type_: Any) -> str:
        name = self.namer(base)
        self.types[name] = adjoint_type(type_) if is_array(type_) else type_
        self.made.add(name)
        return name

    def temp(self, type_: Any) -> Var:
        name = self.namer.temp()
        self.types[name] = type_
        self.made.add(name)
        return Var(name)

    def is_active(self, e: Expr) -> bool:
        match e:
            case Var(n) | Index(Var(n), _):
                return n in self.active
        return False

    def flat(self, e: Expr, loc: Loc | None, type_: Any, out: list[Stmt]) -> Expr:
        """An operand with the value of `e`; the statements that compute it go to `out`."""
        value = self.value(e, loc, type_, out)
        if not isinstance(value, (Call, Index)):
            return value
        t = self.temp(self.kind(value, type_))
        out.append(Assign(loc, t, value))
        return t

    def value(self, e: Expr, loc: Loc | None, type_: Any, out: list[Stmt]) -> Expr:
        """The same as one call or one element of operands."""
        match e:
            case Call(fn, args, kwargs):
                operands = tuple(self.flat(a, loc, type_, out) for a in args)
                # rules say np.where, for the tape's sake; on scalars that is a choice
                return Call(p.select if fn is np.where else fn, operands, kwargs)
            case Index(array, index):
                return Index(array, tuple(self.flat(i, loc, INT, out) for i in index))
        return e

    def kind(self, value: Expr, type_: Any) -> Any:
        """The type of a part of a share: among complex numbers not all of them are complex."""
        if not isinstance(value, Call):
            return type_
        operands = self.operand_types(value)
        return complex_kind(value.fn, operands, type_) if among_complex(value.fn, (type_, *operands)) else type_

    def operand_types(self, e: Call) -> list[Any]:
        """The types of what the value of a scalar call is made of."""
        args = e.args[1:] if e.fn in (p.select, p.flowing, np.where) else e.args
        return [self.types[a.name] if isinstance(a, Var) else typeof(a.value) for a in args]  # type: ignore

    def real(self, e: Expr, to: str, loc: Loc | None, out: list[Stmt]) -> Expr:
        """What flows to the adjoint of `to`: of a complex share, a real operand takes the real part."""
        if not isinstance(e, Var) or not is_complex(self.types[e.name]) or is_complex(self.types[to]):
            return e
        t = self.temp(real_of(self.types[e.name]))
        out.append(Assign(loc, t, Call(np.real, (e,))))
        return t


def plain(name: str) -> str:
    """The user's name of which `name` is a version."""
    return re.sub(r"(?<=[^_\d])(_\d+)+$", "", name)


def adjoint_type(t: types.Array) -> types.Array:
    """Adjoint arrays are new: contiguous and writable whatever the primal is."""
    return types.Array(t.dtype, t.ndim, "C")


def scalar_type(t: Any) -> Any:
    return t.dtype if is_array(t) else t


def zero(t: Any) -> Const:
    """The zero of a scalar type."""
    if isinstance(t, types.Complex):
        return Const(0j) if t.bitwidth == 128 else Const(np.complex64(0))
    if isinstance(t, types.Float):
        return Const(0.0) if t.bitwidth == 64 else Const(np.float32(0.0))
    return Const(False) if isinstance(t, types.Boolean) else Const(0)


def dtype(t: Any) -> Const:
    """The NumPy scalar type of a scalar or array, as emitted code names it."""
    t = scalar_type(t)
    if isinstance(t, types.Boolean):
        return Const(np.bool_)
    return Const(getattr(np, str(t)))
