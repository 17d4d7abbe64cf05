"""Single definitions: the same results, the promised shape."""

from __future__ import annotations

import operator as op

import numpy as np
import pytest
from numba import types as nt
from programs import PROGRAMS, Program
from test_parse import RUNNABLE, same

from sourcead.emit import to_function
from sourcead.frontend import parse
from sourcead.ir import (
    Accum,
    Assign,
    Break,
    Call,
    Const,
    For,
    Function,
    If,
    Index,
    Loc,
    Move,
    Pop,
    Push,
    Return,
    Stmt,
    Var,
    bound,
    walk,
)
from sourcead.ssa import ssa
from sourcead.verify import SINGLE, verify, violations

ALL = pytest.mark.parametrize("case", RUNNABLE, ids=lambda c: c.name)
HERE = Loc("f.py", 1)


@ALL
def test_same_results(case: Program) -> None:
    once = verify(ssa(parse(case.f)), SINGLE)
    same(once, case)
    same(verify(ssa(once), SINGLE), case)


def moves(f: Function) -> list[Move]:
    return [s for s in walk(f.body) if isinstance(s, Move)]


def test_exchange_is_one_parallel_move() -> None:
    def f(u, v, n):
        for _ in range(n):
            u, v = v, u
        return u * 2.0 + v

    made = ssa(parse(f))
    inside = [s for s in walk(made.body) if isinstance(s, For)][0].body
    (move,) = inside
    assert isinstance(move, Move)
    assert set(zip(move.targets, move.sources, strict=True)) == {
        (a, b) for a, b in zip(move.targets, reversed(move.targets), strict=True)
    }
    assert to_function(made)(1.0, 2.0, 3) == 5.0


def test_copies_are_gone() -> None:
    def f(x):
        y = x
        z = y
        return z * y

    (product, _) = ssa(parse(f)).body
    assert product.value == Call(op.mul, (Var("x"), Var("x")))


def test_carried_names_are_copied_behind_the_loop() -> None:
    made = ssa(parse(PROGRAMS["sum_of_squares"].f))
    loop = next(s for s in made.body if isinstance(s, For))
    after = made.body[made.body.index(loop) + 1]
    assert isinstance(after, Assign)
    assert after.value in {t for m in moves(made) for t in m.targets}
    assert made.body[-1].values == (after.target,)


def test_dead_names_are_not_joined() -> None:
    def f(x, n):
        for i in range(n):
            t = x * i
            if t > 1.0:
                u = t
            else:
                u = -t
            x = u + 1.0
        return x

    joined = {t.name.split("_")[0] for m in moves(ssa(parse(f))) for t in m.targets}
    assert joined == {"u", "x"}


def test_every_leaf_of_a_body_has_its_move() -> None:
    made = ssa(parse(PROGRAMS["continue_and_break"].f))
    for s in walk(made.body):
        if isinstance(s, If) and any(isinstance(c, Break) for b in (s.then, s.orelse) for c in b):
            assert all(isinstance(c, (Break, Move, If, For, Assign)) for b in (s.then, s.orelse) for c in b[-1:])


def test_names_that_may_be_undefined_are_never_copied() -> None:
    case = PROGRAMS["last_that_fits"]
    made = ssa(parse(case.f))
    run = to_function(made)
    assert run(np.full(4, 2.0)) == case.f(np.full(4, 2.0))
    (shared,) = {t.name for m in moves(made) for t in m.targets if t.name.startswith("last")}
    assert not any(isinstance(s, Assign) and s.value == Var(shared) for s in walk(made.body))


def program(*body: Stmt, params: str = "x", **types: nt.Type) -> Function:
    return Function("f", tuple(params.split()), body, types)


def test_accumulation_defines_a_version() -> None:
    x, s = Var("x"), Var("s")
    f = program(
        Assign(HERE, s, Const(1.0)),
        For(HERE, Var("i"), Const(0), Const(3), Const(1), (Accum(HERE, s, Index(x, (Var("i"),))),)),
        Accum(HERE, s, Call(op.neg, (Const(2.0),))),
        Accum(HERE, Index(x, (Const(0),)), s),
        Return(HERE, (s, x)),
        s=nt.float64,
        x=nt.float64[::1],
        i=nt.int64,
    )
    made = verify(ssa(f), SINGLE)
    value, x_after = to_function(made)(np.array([1.0, 2.0, 3.0]))
    assert value == 5.0
    assert list(x_after) == [6.0, 2.0, 3.0]
    assert all(n in made.types for s in walk(made.body) for n in bound(s))
    assert all(isinstance(s.target, Index) for s in walk(made.body) if isinstance(s, Accum))


def test_stacks_keep_their_names() -> None:
    x, stack, i = Var("x"), Var("stack"), Var("i")
    f = program(
        For(HERE, i, Const(0), Const(3), Const(1), (Push(HERE, stack, x), Assign(HERE, x, Call(np.sin, (x,))))),
        For(HERE, i, Const(0), Const(3), Const(1), (Pop(HERE, x, stack),)),
        Return(HERE, (x,)),
        params="x stack",
    )
    made = verify(ssa(f), SINGLE)
    assert {s.stack for s in walk(made.body) if isinstance(s, (Push, Pop))} == {stack}
    assert to_function(made)(0.5, []) == 0.5


def test_assigned_parameters_get_new_names() -> None:
    def f(x):
        x = x * 2.0
        x = x + 1.0
        return x

    made = ssa(parse(f))
    assert made.params == ("x",)
    assert [s.target.name for s in made.body[:-1]] == ["x_1", "x_2"]


def test_places_are_kept() -> None:
    for case in PROGRAMS.values():
        assert not violations(ssa(parse(case.f)), ("located",))
