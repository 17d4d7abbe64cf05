"""Passes that run on primals only: counters, checks and values that move to where they cost least."""

import numpy as np
import pytest
from numba import typeof, types

from sourcead import grad
from sourcead.emit import to_function
from sourcead.ir import For, If, Move, Raise, walk
from sourcead.pipeline import primal_stages
from sourcead.simplify import simplify
from sourcead.simplify.guards import guards
from sourcead.simplify.induction import induction
from sourcead.simplify.sink import sink


def lowered(f, *args):
    """The program in single-definition form, lowered and simplified."""
    stages = primal_stages(f, tuple(map(typeof, args)))
    return simplify(stages["lower"])


def counters(f):
    """Integers that loops carry from one iteration to the next."""
    loops = (s for s in walk(f.body) if isinstance(s, For))
    moves = (m for s in loops for m in walk(s.body) if isinstance(m, Move))
    return {t.name for m in moves for t in m.targets if isinstance(f.types[t.name], types.Integer)}


def packed_triangle(x, n):
    s = 0.0
    p = 2
    for i in range(n):
        for j in range(i, n):
            s += x[p] * (i + j)
            p += 1
    return s * x[p]


def every_third(x):
    s = 0.0
    k = 1
    for i in range(2, 5):
        s += x[k] * i
        k += 3
    return s + k


def backwards(x, n):
    s = 0.0
    k = n
    for _ in range(n):
        k -= 1
        s = s * 0.5 + x[k]
    return s


def until(x, limit):
    s = 0.0
    k = 0
    for i in range(5):
        if s > limit:
            break
        s += x[k] * i
        k += 1
    return s * k


@pytest.mark.parametrize(
    ("f", "args", "left"),
    [
        (packed_triangle, (np.arange(1.0, 20.0), 4), 1),  # the outer loop adds another amount each time
        (packed_triangle, (np.arange(1.0, 20.0), 0), 1),
        (every_third, (np.arange(1.0, 12.0),), 0),
        (backwards, (np.arange(1.0, 6.0), 5), 0),
        (backwards, (np.arange(1.0, 6.0), 0), 0),
        (until, (np.arange(1.0, 6.0), 4.0), 1),  # a loop that is left early keeps its counters
    ],
)
def test_induction(f, args, left):
    before = lowered(f, *args)
    after = induction(before)
    assert to_function(after)(*args) == to_function(before)(*args) == f(*args)
    assert len(counters(after)) == left


def rows(z):
    s = 0.0
    for i in range(z.shape[0]):
        s += np.max(z[i])
    return s


def checked(x, n):
    s = 0.0
    for i in range(x.shape[0]):
        if n < 0:
            raise ValueError("n is negative")
        s += x[i]
    return s


def test_guards_stand_before_the_loop():
    for f, args in ((rows, (np.ones((2, 3)),)), (checked, (np.ones(3), 2))):
        program = guards(lowered(f, *args))
        assert not any(isinstance(t, Raise) for s in program.body if isinstance(s, For) for t in walk((s,)))
        assert to_function(program)(*args) == f(*args)


@pytest.mark.parametrize("jit", [False, True])
def test_guards_raise_what_the_function_raises(jit):
    g = grad(checked, jit=jit)
    with pytest.raises(ValueError, match="n is negative"):
        g(np.ones(3), -1)
    assert g(np.ones(0), -1).shape == (0,)  # no trip, no check


def guarded_log(x):
    y = np.log(x)
    return y * 2.0 if x > 0.0 else 0.0


def both_branches(x):
    y = np.exp(x)
    return y * 2.0 if x > 0.0 else y


def test_sink():
    program = sink(lowered(guarded_log, 1.0))
    assert not any("np.log" in repr(s) for s in program.body if not isinstance(s, If))
    assert to_function(program)(0.0) == 0.0
    assert to_function(sink(lowered(both_branches, 1.0)))(1.0) == both_branches(1.0)


def test_where_on_scalars_is_safe():
    def f(x):
        return np.where(x > 0.0, np.log(x), 0.0) * 3.0

    g = grad(f, jit=False)
    assert g(0.0) == 0.0
    assert g(2.0) == 1.5


def test_a_loop_of_one_trip_keeps_its_carried_names():
    """Inlined, the body would bind the name a second time, and the adjoint would read the wrong value."""

    def f(x):
        v = x
        for _ in range(1):
            v = v * np.sin(v)
        return v * v

    x = 0.7
    y, y_dot = x * np.sin(x), np.sin(x) + x * np.cos(x)
    assert np.isclose(grad(f, jit=False)(x), 2.0 * y * y_dot)
