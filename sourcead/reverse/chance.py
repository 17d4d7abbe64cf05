"""Random numbers whose distribution depends on what is differentiated."""

from __future__ import annotations

from ..analyses import active
from ..errors import Findings, spelled
from ..ir import Assign, Call, Function, Var, walk
from ..rules import is_draw, rule_of


def refuse_draws(f: Function, wrt: tuple[str, ...]) -> None:
    """Refuse draws by parameters through which something flows, where there is no formula for the number drawn."""
    made = [
        (s, s.value)
        for s in walk(f.body)
        if isinstance(s, Assign) and isinstance(s.value, Call) and is_draw(s.value.fn) and s.value.fn is not print
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
    findings.check()


__all__ = ["refuse_draws"]
