"""Adjoints of linear algebra: the formulas of the rule table as statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba.core import types

from ..derived import Derived
from ..errors import RuleMissing, Unsupported
from ..infer import is_complex
from ..ir import Accum, Assign, Call, Expr, Loc, Stmt, Var, rebuild, variables
from ..rules import is_atom, rule_of
from .atoms import conjugate, rank, target, transposed, untwisted
from .context import Context, scalar_type


def atom_shares(value: Call, y: Any, y_bar: Any, loc: Loc | None, c: Context) -> list[Stmt]:
    """What the rule of an atom gives its operands; `y` and `y_bar` are tuples when it has several results."""
    rule = rule_of(value.fn)
    if rule is None:
        raise RuleMissing(value.fn, loc)
    args, made = value.args, y
    kinds = [scalar_type(c.types[n]) for a in args for n in variables(a)]
    element = next(filter(is_complex, kinds), scalar_type(c.types[(y[0] if isinstance(y, tuple) else y).name]))
    try:
        if is_complex(element) and rule.of_complex is not None:
            found = rule.of_complex(y_bar, y, *args, rank=lambda e: rank(e, c))
        else:
            if isinstance(y, Var) and is_complex(element):  # of holomorphic functions, as for numbers
                args, made = tuple(conjugate(a, c) for a in args), conjugate(y, c)
            found = rule.pullback(args, made, y_bar, rank=lambda e: rank(e, c))
    except TypeError as e:
        raise Unsupported(str(e), loc) from None
    named = Named(c, loc, element)
    for operand, share in zip(value.args, found, strict=True):
        place = target(operand, c)
        if place is None or share is None:
            continue
        if isinstance(operand, Call):
            share = transposed(share)
        named.out.append(Accum(loc, place, named.parts(untwisted(share))))
    return named.out


@dataclass
class Named:
    """Expressions of arrays as statements: each atom gets a name, once, and what stands between them stays nested."""

    c: Derived
    loc: Loc | None
    element: Any
    out: list[Stmt] = field(default_factory=list)
    known: dict[Expr, Expr] = field(default_factory=dict)

    def parts(self, e: Expr) -> Expr:
        """The expression with names for the atoms in it."""
        match e:
            case Call(fn) if is_atom(fn):
                return self.operand(e)
            case Call():
                return rebuild(e, self.parts)
        return e

    def operand(self, e: Expr) -> Expr:
        """What an atom may take: a name, its transpose or a row."""
        match e:
            case Call(np.transpose, (Call() as a,)):
                return Call(np.transpose, (self.operand(a),))
            case Call(np.transpose):
                return e
            case Call(fn) if e not in self.known:
                value = rebuild(e, self.operand if is_atom(fn) else self.parts)
                ndim = rank(e, self.c)
                layout = "F" if is_atom(fn) and fn is not np.dot and ndim == 2 else "C"
                name = self.c.temp(types.Array(self.element, ndim, layout) if ndim else self.element)
                self.out.append(Assign(self.loc, name, value))
                self.known[e] = name
        return self.known.get(e, e)
