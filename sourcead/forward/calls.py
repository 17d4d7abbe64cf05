"""Calls of functions that call themselves, and of their pullbacks: one call gives results and tangents together."""

from __future__ import annotations

from numba.core import types

from .. import primitives as p
from ..custom import Ruled
from ..errors import Unsupported
from ..infer import is_float
from ..ir import Assign, Call, Const, Expr, Stmt, Unpack, Var
from ..routines import Pushforward
from .context import Tangents


def call_with_tangents(s: Stmt, c: Tangents) -> list[Stmt]:
    """The call of the pushforward in the place of the call."""
    assert isinstance(s, (Assign, Unpack))
    value = s.value
    assert isinstance(value, Call)
    if isinstance(value.fn, Ruled) and not value.fn.offers("pushforward"):
        name = value.fn.rule.__name__
        raise Unsupported(f"`{name}` has no pushforward, for forward mode", s.loc, f"attach one: @{name}.pushforward")
    given = {k: a.name for k, a in enumerate(value.args) if isinstance(a, Var) and a.name in c.active}
    if isinstance(s, Assign):
        assert isinstance(s.target, Var)
        if isinstance(c.types[s.target.name], types.BaseTuple):
            return tuple_with_tangents(s, s.target, value, given, c)
        targets: tuple[Var, ...] = (s.target,)
    else:
        targets = s.targets
    wanted = {k: t.name for k, t in enumerate(targets) if t.name in c.active}
    if not wanted or not given:
        return [s, *(Assign(s.loc, c.dot(n), c.zeros(n)) for n in wanted.values())]
    dots = tuple(map(c.dot, wanted.values()))
    return [Unpack(s.loc, (*targets, *dots), pushed(value, given, tuple(wanted), c))]


def pushed(value: Call, given: dict[int, str], results: tuple[int, ...], c: Tangents) -> Call:
    """Arguments that are changed come first, with their tangents."""
    n = getattr(value.fn, "arrays", 0)
    fn = Pushforward(value.fn, tuple(given), results, sum(k < n for k in given) + n, c.directions is not None)
    first = [c.dot(m) for k, m in given.items() if k < n]
    others = [c.dot(m) for k, m in given.items() if k >= n]
    return Call(fn, (*value.args[:n], *first, *value.args[n:], *others))


def tuple_with_tangents(s: Assign, y: Var, value: Call, given: dict[int, str], c: Tangents) -> list[Stmt]:
    """A pullback, whose result is taken apart later: tangents follow the items of its result."""
    kind = c.types[y.name]
    n = getattr(value.fn, "arrays", 0)
    numbers = len(kind) - n
    changed = [numbers + k for k in range(n) if k in given]
    read = [k for k in range(numbers) if is_float(kind[k])] if y.name in c.active else []
    if not given or not (changed or read):
        return [s]
    wanted = (*read, *changed)
    c.items[y.name] = {k: len(kind) + m for m, k in enumerate(wanted)}
    c.types[y.name] = types.Tuple([*kind, *(c.dot_type(kind[k]) for k in wanted)])
    return [Assign(s.loc, y, pushed(value, given, wanted, c))]


def item_tangent(value: Call, c: Tangents) -> Expr | None:
    """The tangent of an item of such a tuple; None for zero."""
    y, k = value.args
    assert isinstance(y, Var)
    assert isinstance(k, Const)
    at = c.items[y.name].get(k.value)
    return None if at is None else Call(p.item, (y, Const(at)))
