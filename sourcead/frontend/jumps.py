"""Jumps into tail position: `break`, `continue` and early `return` become the only form the passes know.

While parsing, a place that can be left early is a `Region`, and leaving it is a `Jump` to its label: a loop with its
`else` is a region (`break` leaves it), so is a loop's body (`continue`), and the body of every inlined function
(`return`).  `eliminate` removes both: what would follow an `If` that may jump moves into the branch that goes on, or is
guarded by a flag when both do; a loop is left by `Break`, with a flag when something must be skipped behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..ir import Assign, Block, Break, Const, For, If, Namer, Raise, Return, Stmt, Var, While, blocks, with_blocks

Labels = frozenset[str]
NOWHERE: Labels = frozenset()


@dataclass(frozen=True, eq=False)
class Region(Stmt):
    """A block that `Jump(label)` leaves."""

    label: str
    body: Block


@dataclass(frozen=True, eq=False)
class Jump(Stmt):
    """Goes to the end of the region `label`; `flag` is how a variable that records it is called."""

    label: str
    flag: str


def parts(s: Stmt) -> tuple[Block, ...]:
    return (s.body,) if isinstance(s, Region) else blocks(s)


def jumps(block: Iterable[Stmt]) -> dict[str, Jump]:
    """The jumps out of a block, by label."""
    found: dict[str, Jump] = {}
    for s in block:
        if isinstance(s, Jump):
            found.setdefault(s.label, s)
        for b in parts(s):
            found |= {k: j for k, j in jumps(b).items() if not (isinstance(s, Region) and k == s.label)}
    return found


def has_jumps(s: Stmt) -> bool:
    return isinstance(s, (Region, Jump)) or any(has_jumps(c) for b in parts(s) for c in b)


def completes(block: Block) -> bool:
    """Can control reach what follows the block?"""
    return all(goes_on(s) for s in block)


def goes_on(s: Stmt) -> bool:
    match s:
        case Jump() | Raise() | Return() | Break():
            return False
        case Region(_, label, body):
            return completes(body) or label in jumps(body)
        case If():
            return completes(s.then) or completes(s.orelse)
        case While(_, _, Const(value), body) if value:
            return breaks(body)
    return True


def breaks(body: Block) -> bool:
    """Is there a `Break` of the loop whose body this is?"""
    return any(isinstance(s, Break) or isinstance(s, (If, Region)) and any(map(breaks, parts(s))) for s in body)


# ---- elimination -----------------------------------------------------------------------------


def eliminate(block: Block, namer: Namer) -> Block:
    """The same program without regions and jumps."""
    return Eliminator(namer).tail(block, NOWHERE)


Flags = dict[str, Var]


class Eliminator:
    def __init__(self, namer: Namer):
        self.namer = namer

    def flags(self, taken: dict[str, Jump]) -> Flags:
        """New variables that say which of these jumps is taken: a flag serves one place only."""
        return {label: Var(self.namer(j.flag)) for label, j in taken.items()}

    def tail(self, block: Block, ends: Labels) -> Block:
        """The block with jumps at its tails only; those to `ends`, the regions that end where it ends, vanish."""
        out: list[Stmt] = []
        for k, s in enumerate(block):
            rest = block[k + 1 :]
            if not has_jumps(s):
                out.append(s)
                if not goes_on(s):
                    return tuple(out)
                continue
            match s:
                case Jump():
                    return tuple(out) if s.label in ends else (*out, s)
                case Region():
                    if not rest:
                        return (*out, *self.tail(s.body, ends | {s.label}))
                    return (*out, *self.tail((*self.tail(s.body, frozenset({s.label})), *rest), ends))
                case If() if jumps((s,)):
                    return (*out, *self.branch(s, rest, ends))
                case For() | While():
                    return (*out, *self.loop(s, rest, ends))
            out.append(with_blocks(s, tuple(self.tail(b, NOWHERE) for b in blocks(s))))
        return tuple(out)

    def branch(self, s: If, rest: Block, ends: Labels) -> Block:
        then_on, else_on = completes(s.then), completes(s.orelse)
        if rest and then_on and else_on:
            taken = jumps((s,))
            flags = self.flags(taken)
            flat = replace(s, then=self.tail(s.then, NOWHERE), orelse=self.tail(s.orelse, NOWHERE))
            guarded = self.tail((*checks(taken, flags), *rest), ends)
            return (*lowered(s, flags), noted(flat, flags), *guarded)
        then = self.tail(s.then + rest if then_on else s.then, ends)
        orelse = self.tail(s.orelse + rest if else_on else s.orelse, ends)
        return (replace(s, then=then, orelse=orelse),)

    def loop(self, s: For | While, rest: Block, ends: Labels) -> Block:
        endless = not goes_on(s)
        body = self.tail(s.body, NOWHERE)
        s = replace(s, test=self.tail(s.test, NOWHERE), body=body) if isinstance(s, While) else replace(s, body=body)
        taken = jumps(body)
        if len(taken) == 1 and endless:  # there is no other way out of the loop
            return (left(s, {}), *self.tail(tuple(taken.values()), ends))
        flags = self.flags({k: j for k, j in taken.items() if rest or k not in ends})
        return (*lowered(s, flags), left(s, flags), *self.tail((*checks(taken, flags), *rest), ends))


# ---- flags -------------------------------------------------------------------------------------


def lowered(s: Stmt, flags: Flags) -> Block:
    return tuple(Assign(s.loc, flag, Const(False)) for flag in flags.values())


def checks(taken: dict[str, Jump], flags: Flags) -> Block:
    return tuple(If(taken[label].loc, flag, (taken[label],)) for label, flag in flags.items())


def noted(s: Stmt, flags: Flags) -> Stmt:
    """Jumps at the tails set their flags instead."""
    match s:
        case Jump():
            return Assign(s.loc, flags[s.label], Const(True))
        case If():
            return with_blocks(s, tuple(tuple(noted(c, flags) for c in b) for b in blocks(s)))
    return s


def left(s: For | While, flags: Flags) -> Stmt:
    """The loop with `Break` for every jump out of it, the flag set when that has to be known afterwards."""

    def block(b: Block) -> Block:
        out: list[Stmt] = []
        for c in b:
            match c:
                case Jump():
                    out += [Assign(c.loc, flags[c.label], Const(True))] if c.label in flags else []
                    out.append(Break(c.loc))
                case If():
                    out.append(with_blocks(c, tuple(map(block, blocks(c)))))
                case _:
                    out.append(c)
        return tuple(out)

    return replace(s, body=block(s.body))
