"""What one reverse transformation knows about its program, and the names it makes."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..analyses import Definition, Scope, active, definitions, scopes
from ..derived import INT, Derived, adjoint_type, dtype, plain, scalar_type, zero
from ..emit import RESERVED
from ..ir import Assign, Expr, Function, Namer, Stmt, Var, names
from ..simplify.effects import storage
from ..simplify.extents import lasting_extents

__all__ = ["INT", "Context", "adjoint_type", "context", "dtype", "plain", "scalar_type", "zero"]


@dataclass(kw_only=True)
class Context(Derived):
    where: dict[Stmt, Scope]
    root: Scope
    defs: dict[str, Definition]
    same: dict[str, str]  # storage classes
    at_once: dict[str, str]  # the same while no array name is bound again
    lasting: dict[str, tuple[Expr | None, ...]]  # extents of arrays that never change
    bars: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)  # adjoints that are parameters
    counted: frozenset[str] = frozenset()  # scalars that are infinite only if the result is
    again: bool = False  # the result will be differentiated: no array may be another one or not

    def bar(self, name: str) -> Var:
        """The adjoint of a name."""
        if name not in self.bars:
            bar = self.bars[name] = self.fresh(f"{plain(name)}_bar", self.types[name])
            for classes in (self.same, self.at_once):  # adjoints share memory as primals do
                classes[bar] = f"{classes.get(name, name)} adjoint"
        return Var(self.bars[name])

    def value_of(self, name: str) -> Expr | None:
        """What a name of the primal was computed from, if it is bound once."""
        d = self.defs.get(name)
        s = d.stmts[0] if d is not None and d.kind == "single" else None
        return s.value if isinstance(s, Assign) and isinstance(s.target, Var) else None


def context(f: Function, wrt: tuple[str, ...], results: tuple[str, ...]) -> Context:
    where, root = scopes(f)
    return Context(
        f=f,
        where=where,
        root=root,
        defs=definitions(f, where, root),
        same=storage(f),
        at_once=storage(f, at_once=True),
        active=active(f, wrt, results),
        namer=Namer(names(f) | RESERVED),
        types=dict(f.types),
        lasting=lasting_extents(f),
    )
