"""Stores into elements that no later statement and no later iteration looks at.

The adjoint of an assignment clears the adjoint element it has read; in the last loop over the array that is
of no use.  `dce` cannot see it: it does not tell elements apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..ir import (
    Accum,
    Assign,
    Block,
    Const,
    For,
    Function,
    If,
    Index,
    Stmt,
    Var,
    blocks,
    bound,
    walk,
    with_blocks,
    with_body,
)
from .dependence import Access, accesses, counts_up_from_zero, own_accesses
from .effects import class_of, is_pure, is_viewed, storage
from .liveness import Liveness, element, liveness


def dead_stores(f: Function) -> Function:
    """Drop the stores of a loop nest behind the last load from the same element, if nobody wants it afterwards."""
    p = _Pass(storage(f), liveness(f))
    return with_body(f, p.block(f.body))


@dataclass
class _Pass:
    classes: Mapping[str, str]
    live: Liveness

    def block(self, b: Block) -> Block:
        return tuple(self.statement(s) for s in b)

    def statement(self, s: Stmt) -> Stmt:
        new = s
        if isinstance(s, For) and s in self.live.after:
            stored = {
                class_of(self.classes, a.name) for a in accesses((s,)) if a.kind != "load" and a.place is not None
            }
            for c in sorted(stored):
                if element(c) not in self.live.after[s] and not is_viewed(c):
                    new = self.nest(new, c, ())
        if new is not s:
            return new
        return with_blocks(s, tuple(map(self.block, blocks(s))))

    def touches(self, s: Stmt, c: str) -> bool:
        return any(class_of(self.classes, a.name) == c for a in accesses((s,))) or any(
            class_of(self.classes, n) == c for x in walk((s,)) for n in bound(x)
        )

    def nest(self, s: Stmt, c: str, loops: tuple[For, ...]) -> Stmt:
        """Down to the block where the class is used, then the stores at its end go."""
        if isinstance(s, For):
            if not counts_up_from_zero(s):
                return s
            loops = (*loops, s)
        elif not isinstance(s, If):
            return s
        used = [b for b in blocks(s) if any(self.touches(x, c) for x in b)]
        if len(used) != 1 or any(class_of(self.classes, a.name) == c for a in own_accesses(s)):
            return s
        (b,) = used
        users = [x for x in b if self.touches(x, c)]
        if len(users) == 1 and blocks(users[0]):
            (only,) = users
            new: Block = tuple(self.nest(x, c, loops) if x is only else x for x in b)
        else:
            new = self.trim(b, c, loops)
        return with_blocks(s, tuple(new if x is b else x for x in blocks(s)))

    def trim(self, b: Block, c: str, loops: tuple[For, ...]) -> Block:
        found: list[Access] = [a for a in accesses(b) if class_of(self.classes, a.name) == c]
        place = found[0].place if found else None
        if place is None or any(a.place != place for a in found) or not all(s.var in place for s in loops):
            return b
        names = {n for s in walk(b) for n in bound(s)}
        if not all(isinstance(i, Var | Const) for i in place) or names & {i.name for i in place if isinstance(i, Var)}:
            return b
        if any(class_of(self.classes, n) == c for n in names):
            return b
        loads = [k for k, s in enumerate(b) if any(a.kind == "load" for a in accesses((s,)) if self.of(a, c))]
        last = max(loads, default=-1)
        return tuple(s for k, s in enumerate(b) if k < last or not self.is_store(s, c))

    def of(self, a: Access, c: str) -> bool:
        return class_of(self.classes, a.name) == c

    def is_store(self, s: Stmt, c: str) -> bool:
        if not isinstance(s, Assign | Accum) or not isinstance(s.target, Index) or not is_pure(s.value):
            return False
        return class_of(self.classes, s.target.array.name) == c
