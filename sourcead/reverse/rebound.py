"""Names that are bound again after they were read.

Single definitions leave one kind of name that is bound at several places: one that is not defined on every path.
The backward sweep finds its last value only, so such a name must not be read before a later binding.
"""

from __future__ import annotations

from ..analyses import Scope, common, place_in, reads_here
from ..errors import Findings
from ..infer import is_array
from ..ir import Stmt, walk
from .context import Context, plain


def refuse_rebound(c: Context) -> None:
    """Refuse programs that read a name which is bound at several places, in between."""
    findings = Findings()
    readers: dict[str, list[Stmt]] = {}
    for s in walk(c.f.body):
        for n in reads_here(s):
            readers.setdefault(n, []).append(s)
    for n, d in c.defs.items():
        if d.kind != "open":
            continue
        early = any(precedes(r, m, d.home, c) for r in readers.get(n, ()) for m in d.stmts)
        if early or is_array(c.types.get(n)) and n in c.active:
            findings.add(
                d.stmts[-1].loc,
                f"`{plain(n)}` is not defined on every path, and is bound again after it was used",
                "give it a value before the first branch or loop, or use another name",
            )
    findings.check()


def precedes(reader: Stmt, binding: Stmt, home: Scope, c: Context) -> bool:
    """Can `reader` run before `binding`, in one iteration of the name's home?"""
    shared = common(c.where[reader], c.where[binding])
    if len(shared.loops) > len(home.loops):
        return True
    one, two = place_in(shared, reader, c.where), place_in(shared, binding, c.where)
    return one is not two and shared.position(one) < shared.position(two)
