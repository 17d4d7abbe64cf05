"""What functions that stay calls return: types from nothing upwards, until nothing changes.

In the first round only those paths of a function have types that call no such function; what they return is what it
returns as far as is known. Each further round knows what the one before has found.
"""

from __future__ import annotations

from typing import Any

from numba.core import errors
from numba.core.registry import cpu_target

from . import items
from .direct import NotDirect, Unknown, type_returned
from .emit import to_function
from .infer import TypedOnly, typeable
from .ir import Function
from .routines import Routine, as_python, called, once_a_compilation
from .ssa import ssa
from .stand_ins import asked


@once_a_compilation
def returned(r: Routine) -> Any:
    """The type of what a routine returns, for arguments of its types; raises NotDirect when it has none."""
    try:
        found = by_rounds(r)
    except (NotDirect, errors.NumbaError):
        found = asked(by_numba(r.untyped), r.argtypes)
    if found is None:
        raise NotDirect
    return found


def by_rounds(r: Routine) -> Any:
    known: dict[Routine, Any] = {r: None}

    def ask(inner: Routine) -> Any:
        if known.setdefault(inner) is None:
            raise Unknown
        return known[inner]

    while True:
        before = dict(known)
        for each in before:
            known[each] = together(known[each], type_returned(for_typing(each.untyped), each.argtypes, ask))
        if known == before:
            return known[r]


@once_a_compilation
def for_typing(r: Routine) -> Function:
    """Its program, of which only the types matter: a variable stands for the items of each list."""
    f = ssa(r.parsed)
    return typeable(items.trial(f, items.holders(f)))


def together(a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    found = cpu_target.typing_context.unify_types(a, b)
    if found is None:
        raise NotDirect
    return found


@once_a_compilation
def by_numba(r: Routine) -> TypedOnly:
    """A function by which Numba finds the types itself: the program, and those that it calls."""
    waiting, inner = [r], list[tuple[TypedOnly, Routine]]()
    made: dict[Routine, TypedOnly] = {}
    while waiting:
        now = waiting.pop()
        if now in made:
            continue
        g = for_typing(now)
        calls = [c.untyped for c in called(g.body, Routine)]
        made[now] = TypedOnly(to_function(g, routines=dict.fromkeys(c.__name__ for c in calls)))
        made[now].runs = as_python(now)
        inner += [(made[now], c) for c in calls]
        waiting += calls
    for caller, c in inner:
        caller.py_func.__globals__[c.__name__] = made[c]
    return made[r]
