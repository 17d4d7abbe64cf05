"""What the functions that stay calls do to the arrays they are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import typeof
from numba.core import types

from .custom import Ruled
from .infer import infer, is_array
from .ir import Assign, Block, Call, Const, Expr, Function, Namer, Return, Stmt, Var, blocks, names, walk, with_blocks
from .lower.storage import Storage, analyse, changed
from .lower.updates import updates
from .reverse.seeds import results_of
from .routines import Origin, Routine
from .simplify.effects import draws
from .spelled import spelled_out
from .ssa import ssa


def known_calls(f: Function) -> Function:
    """The typed program, in which calls of routines say which arguments they change and which they may hand back."""
    if not any(routine_call(s) for s in walk(f.body)):
        return f
    return with_facts(f, facts(f))


def routine_call(s: Stmt) -> Call | None:
    match s:
        case Assign(_, Var(), Call(Routine()) as call):
            return call
    return None


def typed_routine(call: Call, f: Function) -> Routine:
    assert isinstance(call.fn, Routine)
    found = (f.types[a.name] if isinstance(a, Var) else typeof(a.value) for a in call.args)  # type: ignore[attr-defined]
    argtypes = tuple(map(types.unliteral, found))
    if isinstance(call.fn, Ruled):
        return call.fn.typed(argtypes)
    return replace(call.fn, argtypes=argtypes, changes=(), results=(), by_layout=False, draws=False)


def with_facts(f: Function, known: dict[Routine, Routine]) -> Function:
    def one(s: Stmt) -> Stmt:
        call = routine_call(s)
        if call is None:
            return with_blocks(s, tuple(map(each, blocks(s))))
        assert isinstance(s, Assign)
        r = typed_routine(call, f)
        return replace(s, value=replace(call, fn=r if isinstance(r, Ruled) else known[r]))

    def each(b: Block) -> Block:
        return tuple(map(one, b))

    return replace(f, body=each(f.body))


def facts(f: Function) -> dict[Routine, Routine]:
    """The routines that a program reaches, and the same with what they do: from nothing, until nothing changes."""
    programs: dict[Routine, Function] = {}
    waiting = [typed_routine(call, f) for s in walk(f.body) if (call := routine_call(s))]
    while waiting:
        r = waiting.pop()
        if r not in programs and not isinstance(r, Ruled):
            g = programs[r] = spelled_out(infer(ssa(r.parsed), r.argtypes))
            waiting += [typed_routine(call, g) for s in walk(g.body) if (call := routine_call(s))]
    known = {r: r for r in programs}
    while True:
        new = {r: described(r, with_facts(g, known)) for r, g in programs.items()}
        if new == known:
            return known
        known = new


def described(r: Routine, f: Function) -> Routine:
    """The routine with what its program, whose calls are known, does to its arguments."""
    st = analyse(updates(f))
    numbers = {n: k for k, n in enumerate(f.params)}
    written = tuple(sorted(numbers[n] for n in changed(st) if n in numbers))
    results = tuple(origin(v, st, numbers) for v in results_of(f.body[-1]))
    by_layout = any(map(looks_at_layout, walk(f.body)))
    return replace(r, changes=written, results=results, by_layout=by_layout, draws=any(map(draws, f.body)))


def looks_at_layout(s: Stmt) -> bool:
    """Is what it gives a view of a contiguous array, and a copy of any other?"""
    match s:
        case Assign(_, _, Call(Routine() as r)):
            return r.by_layout
        case Assign(_, _, Call(np.ravel | np.ascontiguousarray)):
            return True
    return False


def origin(v: Expr, st: Storage, numbers: dict[str, int]) -> Origin:
    if not isinstance(v, Var) or not st.is_array(v.name):
        return Origin()
    (memory,) = st.memories(v.name)
    if memory in numbers and st.identity(v.name) == memory:
        return Origin(numbers[memory], ())
    found = (k for n, k in numbers.items() if st.is_array(n) and memory in st.reach(frozenset({n})))
    return Origin(None, tuple(sorted(found)))


def with_outcome(f: Function, r: Routine) -> Function:
    """The typed program of a routine: it returns new arrays only, those for its changed arguments last."""
    st, fresh, known = analyse(updates(f)), Namer(names(f)), dict(f.types)
    *body, returned = f.body
    results: list[Expr] = []
    for v, origin in zip(results_of(returned), r.results, strict=True):
        if is_none(v, f) or origin.argument is not None:
            continue
        if isinstance(v, Var) and is_array(known[v.name]) and not own_array(v.name, st, results):
            new = Var(fresh(v.name))
            t = known[v.name]
            known[new.name] = types.Array(t.dtype, t.ndim, "C")
            body.append(Assign(returned.loc, new, Call(np.copy, (v,))))
            v = new
        results.append(v)
    results += [Var(f.params[k]) for k in r.changes]
    end = Return(returned.loc, tuple(results) or (Const(0),))
    return replace(f, body=(*body, end), types=known, tuple_result=len(results) > 1)


def is_none(v: Expr, f: Function) -> bool:
    return v == Const(None) or isinstance(v, Var) and isinstance(f.types[v.name], types.NoneType)


def own_array(n: str, st: Storage, before: list[Expr]) -> bool:
    """Is it made by the function itself, contiguous, and returned once?"""
    (memory,) = st.memories(n)
    if memory in (*st.f.params, *st.f.constants) or st.identity(n) != memory or st.f.types[n].layout != "C":
        return False
    return all(memory not in st.memories(v.name) for v in before if isinstance(v, Var) and st.is_array(v.name))
