"""Names that are bound again after they were read.

Single definitions leave one kind of name that is bound at several places: one that is not defined on every path.
The backward sweep finds its last value only, so such a name must not be read before a later binding.
"""

from __future__ import annotations

from ..analyses import common, place_in, reads_here
from ..errors import Findings
from ..ir import If, Stmt, walk
from .context import Context, plain


def refuse_rebound(c: Context) -> None:
    """Refuse programs that read a name which is bound at several places, in between."""
    findings = Findings()
    readers: dict[str, list[Stmt]] = {}
    for s in walk(c.f.body):
        for n in reads_here(s):
            readers.setdefault(n, []).append(s)
    for n, d in c.defs.items():
        if d.kind != "joined" or joined_once(d.stmts, c):
            continue
        if any(precedes(r, m, c) for r in readers.get(n, ()) for m in d.stmts):
            findings.add(
                d.stmts[-1].loc,
                f"`{plain(n)}` is not defined on every path, and is bound again after it was used",
                "give it a value before the first branch or loop, or use another name",
            )
    findings.check()


def joined_once(stmts: tuple[Stmt, ...], c: Context) -> bool:
    """Do all bindings stand in the branches of one `If`, not inside loops of it?"""
    top = c.where[stmts[0]]
    for s in stmts[1:]:
        top = common(top, c.where[s])
    if len(stmts) == 1:
        return True
    owners = {place_in(top, s, c.where) for s in stmts}
    return len(owners) == 1 and isinstance(next(iter(owners)), If)


def precedes(reader: Stmt, binding: Stmt, c: Context) -> bool:
    """Can `reader` run before `binding`?"""
    shared = common(c.where[reader], c.where[binding])
    one, two = place_in(shared, reader, c.where), place_in(shared, binding, c.where)
    return bool(shared.loops) or (one is not two and shared.position(one) < shared.position(two))
