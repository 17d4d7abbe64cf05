"""What an inner loop leaves behind is a value of the iteration around it, and gets a name of its own.

A carried name has, after its loop, the value of the last iteration. In an outermost loop's program that value stands
until the backward sweep; inside of another loop it is made again and again, and must be recorded like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..analyses import definitions, scopes
from ..infer import is_array
from ..ir import Assign, Block, For, Function, Move, Namer, Stmt, Var, While, blocks, names, reads, rename, with_blocks


def settled(f: Function) -> Function:
    """The same program, in which carried names of inner loops are copied behind the loop, and the copies are read."""
    where, root = scopes(f)
    carried: dict[Stmt, list[str]] = {}
    for n, d in definitions(f, where, root).items():
        if d.kind == "carried" and d.home.owner is not None and where[d.home.owner].loops:
            carried.setdefault(d.home.owner, []).append(n)
    fresh, types = Namer(names(f)), dict(f.types)
    body = block(f.body, carried, fresh, types) if carried else f.body
    return replace(f, body=body, types=types)


def block(b: Block, carried: dict[Stmt, list[str]], fresh: Namer, types: dict[str, Any]) -> Block:
    out: list[Stmt] = []
    new: dict[str, str] = {}
    for k, s in enumerate(b):
        inside = with_blocks(s, tuple(block(c, carried, fresh, types) for c in blocks(s)))
        out.append(rename(inside, new) if new else inside)
        if not isinstance(s, (For, While)):
            continue
        for n in sorted(carried.get(s, ())):
            array = is_array(types.get(n))
            if not array and n not in reads(*b[k + 1 :]):
                continue
            last = new[n] = fresh(n)
            types[last] = types.get(n)
            # an array goes to a new name, as in any `Move`; two names at once would be two adjoints
            out.append(Move(s.loc, (Var(last),), (Var(n),)) if array else Assign(s.loc, Var(last), Var(n)))
    return tuple(out)
