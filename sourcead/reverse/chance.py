"""Random numbers: those whose distribution depends on what is differentiated, and those that are drawn again."""

from __future__ import annotations

from dataclasses import replace

from numba.core import types

from .. import primitives as p
from ..analyses import active
from ..errors import Findings, spelled
from ..ir import Assign, Block, Call, Function, Namer, Stmt, Unpack, Var, blocks, names, walk, with_blocks, with_body
from ..nested import DerivativeOf
from ..routines import Routine
from ..rules import is_draw, rule_of


def refuse_draws(f: Function, wrt: tuple[str, ...]) -> None:
    """Refuse draws by parameters through which something flows, where there is no formula for the number drawn."""
    made = [
        (s, s.value)
        for s in walk(f.body)
        if isinstance(s, Assign) and isinstance(s.value, Call) and is_draw(s.value.fn) and not prints(s)
    ]
    varied = active(f, wrt, tuple(f.types)) if made else set()
    findings = Findings()
    for s, value in made:
        rule = rule_of(value.fn)
        partials = rule.partials if rule is not None else None
        shares = partials(*value.args, Var("y")) if partials is not None and value.args else (None,) * len(value.args)
        for a, share in zip(value.args, shares, strict=True):
            if share is None and isinstance(a, Var) and a.name in varied:
                findings.add(
                    s.loc,
                    f"a number drawn by `{spelled(value.fn)}` has no derivative by this parameter",
                    "draw from a fixed distribution and transform the numbers, or weigh the draws",
                )
    for t in walk(f.body):
        if any(isinstance(f.types.get(n), types.NumPyRandomGeneratorType) for n in given_to_routines(t)):
            findings.add(
                t.loc,
                "a generator of random numbers is given to a function that calls itself",
                "draw before, and pass the numbers, or draw from np.random there",
            )
    findings.check()


def given_to_routines(s: Stmt) -> list[str]:
    """Names that are arguments of calls which the backward sweep runs again."""
    value = s.value if isinstance(s, (Assign, Unpack)) else None
    return [a.name for a in value.args if isinstance(a, Var)] if isinstance(value, Call) and again(value.fn) else []


def again(fn: object) -> bool:
    return isinstance(fn, (Routine, DerivativeOf))


def without_prints(f: Function) -> Function:
    """The program that is run again, for its pullback: what it prints is printed already."""

    def kept(b: Block) -> Block:
        return tuple(with_blocks(s, tuple(map(kept, blocks(s)))) for s in b if not prints(s))

    return with_body(f, kept(f.body))


def prints(s: Stmt) -> bool:
    return isinstance(s, Assign) and isinstance(s.value, Call) and s.value.fn is print


def drawing_again(f: Function, state: str) -> Function:
    """The program of a pullback, which draws what was drawn from `state` on, and leaves the generator as it is."""
    fresh, loc = Namer(names(f)), f.body[0].loc
    now, done = Var(fresh("generator_now")), [Var(fresh.temp()), Var(fresh.temp())]
    *body, returned = f.body
    start = Assign(loc, now, Call(p.generator_state, ())), Assign(loc, done[0], Call(p.set_generator, (Var(state),)))
    end = Assign(returned.loc, done[1], Call(p.set_generator, (now,)))
    known = {**f.types, now.name: types.Array(types.int64, 1, "C")} | {t.name: types.none for t in done}
    return replace(f, body=(*start, *body, end, returned), types=known)


__all__ = ["drawing_again", "refuse_draws", "without_prints"]
