"""What one forward transformation knows about its program: the tangents of names, and in how many directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..derived import INT, Derived, dtype, plain, scalar_type, zero
from ..infer import is_array
from ..ir import Assign, Call, Const, Expr, For, Index, Loc, Stmt, Var

Targets = Var | Index


@dataclass(kw_only=True)
class Tangents(Derived):
    """`directions` is the number of tangents that go along at once, the extent of one more axis; None for just one."""

    directions: Expr | None = None
    measured: str = ""  # the parameter whose last axis says how many
    dots: dict[str, str] = field(default_factory=dict)
    items: dict[str, dict[int, int]] = field(default_factory=dict)  # of tuples: where the tangent of each item is
    several: set[str] = field(default_factory=set)  # numbers that are bound more than once
    values: dict[str, Expr] = field(default_factory=dict)  # of names that are bound once
    top: list[Stmt] = field(default_factory=list)  # what stands before everything else

    def dot(self, name: str) -> Var:
        """The tangent of a name."""
        if name not in self.dots:
            self.dots[name] = self.fresh(f"{plain(name)}_dot", self.dot_type(self.types[name]))
            if name in self.several and self.directions is not None:
                self.top.append(self.room(name))
        return Var(self.dots[name])

    def dot_type(self, t: Any) -> Any:
        if self.directions is None:
            return t
        return types.Array(scalar_type(t), (t.ndim if is_array(t) else 0) + 1, "C")

    def value_of(self, name: str) -> Expr | None:
        """What a name of the primal was computed from, if it is bound once."""
        return self.values.get(name)

    def single(self) -> Tangents:
        """The same with one direction at a time."""
        return replace(self, directions=None)

    def room(self, name: str) -> Stmt:
        """Memory for the tangents of a number."""
        shape = Call(p.pack, (self.directions or Const(1),))
        return Assign(None, self.dot(name), Call(np.empty, (shape, dtype(self.types[name]))))

    def place(self, target: Targets, d: Var | None) -> Targets:
        """Where the tangent of a number or an element lies, in the direction `d`."""
        at = () if d is None else (d,)
        if isinstance(target, Index):
            return Index(self.dot(target.array.name), (*target.index, *at))
        return Index(self.dot(target.name), at) if at else self.dot(target.name)

    def along(self, e: Expr, d: Var | None) -> Expr | None:
        """The tangent of a number or an element; None where nothing varies."""
        return self.place(e, d) if isinstance(e, (Var, Index)) and self.is_active(e) else None

    def each(self, loc: Loc | None, out: list[Stmt], make: Callable[[Var | None, list[Stmt]], None]) -> None:
        """What `make` gives for one direction, for all of them."""
        if self.directions is None:
            make(None, out)
            return
        d, body = Var(self.fresh("d", INT)), list[Stmt]()
        make(d, body)
        out.append(For(loc, d, Const(0), self.directions, Const(1), tuple(body)))

    def zeros(self, name: str) -> Expr:
        """A tangent of zero for an array, or for a number."""
        t = self.types[name]
        shape = tuple(Call(p.shape, (Var(name), Const(k))) for k in range(t.ndim)) if is_array(t) else ()
        return self.zeros_of(shape, t)

    def zeros_of(self, shape: tuple[Expr, ...], t: Any, fn: Any = np.zeros) -> Expr:
        if self.directions is not None:
            shape = (*shape, self.directions)
        return Call(fn, (Call(p.pack, shape), dtype(t))) if shape else zero(t)
