"""Extents that are taken to be equal, and slices that are taken to lie within their arrays.

Two arrays whose shapes are known only at run time can be added if their extents are equal, or one of them is 1.  Equal
ones make one plain loop; for the others every access, every tape and every adjoint has to be prepared.  So the program
is made for equal extents, checks them, mostly on entry, and raises `primitives.Unequal`; a call from Python then goes
on with the program for any extents, which is compiled when the first such call comes.  Compiled callers cannot catch
exceptions: what they call has both programs in it (`or_else`).

Programs are functions of their arguments, and change nothing: what the first one did is lost without a trace.  Those
that draw random numbers or print are made for any extents at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from . import primitives as p
from .emit import RESERVED
from .ir import (
    Assign,
    Call,
    Function,
    If,
    Namer,
    Raise,
    Stmt,
    Var,
    blocks,
    rename,
    variable_names,
    walk,
    with_blocks,
    writes,
)


@dataclass(frozen=True)
class Otherwise:
    """The program that takes over where extents are not equal."""

    name: str

    def __call__(self, *args: Any) -> Any:
        raise NotImplementedError


def or_else(f: Function, general: Callable[[], Function]) -> Function:
    """A finished program that calls another one, with its own arguments, where it would raise `Unequal`."""
    if not any(map(raises, walk(f.body))):
        return f
    g = general()
    taken = Namer({n for h in (f, g) for n in (*variable_names(h), h.name)} | RESERVED)
    name = taken(f"{f.name}_of_any_extents")
    own = {n: taken(f"{n}_given") for n, _ in f.called_with if n in writes(*f.body)}
    call = Call(Otherwise(name), tuple(Var(own.get(n, n)) for n, _ in f.called_with))

    def instead(s: Stmt) -> Stmt:
        if isinstance(s, Raise) and raises(s):
            return replace(s, args=(call,))
        return with_blocks(s, tuple(tuple(map(instead, b)) for b in blocks(s)))

    renamed = {n: taken(n) for n, a in g.constants.items() if f.constants.get(n, a) is not a}
    constants = dict(f.constants) | {renamed.get(n, n): a for n, a in g.constants.items()}
    g = replace(g, name=name, body=tuple(rename(s, renamed) for s in g.body), constants={})
    head = tuple(Assign(None, Var(new), Var(n)) for n, new in own.items())
    return replace(f, body=(*head, *map(instead, f.body)), constants=constants, routines=(g,))


def contradicted(f: Function) -> bool:
    """Can the extents not all be equal, as in `x - x.T` for a column `x`? Then a check has become a certain error."""
    return any(raises(s) for s in f.body) or any(certain(s) for s in walk(f.body))


def certain(s: Stmt) -> bool:
    alone = 1 if isinstance(s, If) else 0
    return any(len(b) > alone and any(map(raises, b)) for b in blocks(s))


def raises(s: Stmt) -> bool:
    return isinstance(s, Raise) and s.exc is p.Unequal
