"""Parsed programs do what the user's functions do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from programs import PROGRAMS, Program

from sourcead.emit import to_function
from sourcead.fingerprint import fingerprint
from sourcead.frontend import parse
from sourcead.ir import Const, For, Function, If, Index, Raise, Return, Var, While, names, walk
from sourcead.verify import verify

# np.where prints as a choice between scalars, which is what it is after lowering
RUNNABLE = [c for c in PROGRAMS.values() if not c.tags & {"where", "rows"}]  # not before types are known
ALL = pytest.mark.parametrize("case", RUNNABLE, ids=lambda c: c.name)


def same(f: Function, case: Program) -> None:
    """The program, run as Python, gives what the user's function gives, and does the same to its arguments."""
    theirs, ours = case.fresh(), case.fresh()
    want = getattr(case.f, "py_func", case.f)(*theirs)
    got = to_function(f)(*ours)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    for a, b in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12)


@ALL
def test_same_results(case: Program) -> None:
    same(verify(parse(case.f)), case)


def compare(pyfunc: Any, *points: tuple[Any, ...]) -> Function:
    f = verify(parse(pyfunc))
    run = to_function(f)
    for p in points:
        np.testing.assert_allclose(run(*p), pyfunc(*p), rtol=1e-12)
    return f


def statements(f: Function, kind: type) -> list[Any]:
    return [s for s in walk(f.body) if isinstance(s, kind)]


# ---- names ----------------------------------------------------------------------------------------


def test_user_names_are_kept() -> None:
    f = parse(PROGRAMS["carried_pair"].f)
    assert f.params == ("x",)
    assert {"a", "b", "v"} <= names(f)


def test_names_that_emitted_code_needs_are_evaded() -> None:
    def f(max, np_):
        len = max * 2.0
        range = np.sin(len)
        return range * np_

    made = compare(f, (0.3, 0.4))
    assert not {"len", "range", "max"} & names(made)


def test_activations_have_names_of_their_own() -> None:
    def helper(t):
        s = t * 2.0
        t = s + 1.0
        return s * t

    def f(s):
        t = helper(s) + helper(s + 1.0)
        return t * s

    compare(f, (0.3,))


def test_counter_is_the_users_when_he_leaves_it_alone() -> None:
    def f(x):
        s = 0.0
        for i in range(3):
            s += x[i]
        for i in range(2):
            s *= x[i]
        return s

    assert [s.var.name for s in statements(compare(f, (np.arange(1.0, 4.0),)), For)] == ["i", "i"]


def test_counter_in_nested_loops_of_one_name() -> None:
    def f(x):
        s = 0.0
        for i in range(3):
            for i in range(2):
                s += x[i] * (i + 1)
            s += x[i]
        return s

    compare(f, (np.array([0.5, -1.0, 2.0]),))


# ---- places ------------------------------------------------------------------------------------------


def test_places() -> None:
    def f(x):
        y = x * 2.0 + np.sin(x)  # é
        return y

    first = f.__code__.co_firstlineno
    locs = [s.loc for s in parse(f).body]
    assert all(loc.file == __file__ for loc in locs)
    assert {loc.line for loc in locs} == {first + 1, first + 2}
    sine = next(loc for loc in locs if loc.text[loc.col : loc.end_col] == "np.sin(x)")
    assert sine.text.startswith("y = x * 2.0")


def test_lambdas_on_one_line() -> None:
    fs = [lambda x: x + 1.0, lambda x: x + 2.0, lambda y: (lambda x: x * y)(3.0)]
    for f in fs:
        compare(f, (0.5,))


def test_functions_that_are_compiled_already() -> None:
    @njit
    def f(x):
        return np.sin(x) * x

    assert to_function(parse(f))(0.3) == f.py_func(0.3)


# ---- control flow ------------------------------------------------------------------------------------------


def test_known_conditions_are_pruned() -> None:
    assert not statements(parse(PROGRAMS["pruned_branch"].f), If)
    assert not statements(parse(PROGRAMS["other_branch"].f), Raise)

    def helper(x, order=1, names=None):
        if names is not None:
            x = names[0]
        return x if order == 1 else x * x

    def f(x):
        return helper(x, order=2) + helper(x)

    assert not statements(compare(f, (0.7,)), If)


@pytest.mark.parametrize("n", [0, 1, 4, 7])
def test_jumps_of_all_kinds(n: int) -> None:
    def f(x, n):
        total = 0.0
        for i in range(n):
            if i == 5:
                if x > 100.0:
                    return total
                total += 1.0
                if total > 50.0:
                    break
            while True:
                total += x
                if total > 3.0 * i:
                    if total > 1000.0:
                        return -1.0
                    break
                if total < -10.0:
                    continue
                total += 0.5
            else:
                total = -5.0
            if i % 2:
                continue
            for j in range(3):
                if j == i:
                    break
            else:
                total += 100.0
                continue
            total += j * x
        else:
            total *= 2.0
        return total

    compare(f, (0.7, n), (3.0, n), (200.0, n))


def test_short_circuits_evaluate_what_python_evaluates() -> None:
    def f(x, i):
        a = i < 3 and x[i] > 0.0 and x[i + 1] > 0.0
        b = i >= 3 or x[i] > 0.0 or x[2] / x[i] > 1.0
        c = 0.0 < x[0] < (x[i] if i < 3 else 2.0) <= 5.0
        return float(a) + 2.0 * float(b) + 4.0 * float(c)

    x = np.array([1.0, -2.0, 3.0, 0.5])
    compare(f, *((x, i) for i in range(8)))


def test_missing_variable_is_not_read_behind_and() -> None:
    def f(x, flag):
        if flag:
            y = x * 2.0
        if flag and y > 1.0:
            return y
        return x

    compare(f, (0.3, True), (3.0, True), (0.3, False))


def test_unpacking_checks_the_number_of_items() -> None:
    def f(x):
        a, b = x
        return a * b

    run = to_function(parse(f))
    assert run(np.array([2.0, 3.0])) == 6.0
    with pytest.raises(ValueError, match="2 values"):
        run(np.ones(3))

    def g(x):
        n, m = x.shape
        return x[0, 0] * n * m

    with pytest.raises(ValueError, match="2 axes"):
        to_function(parse(g))(np.ones((2, 2, 2)))


def test_exceptions() -> None:
    def f(x):
        if x < 0.0:
            raise ValueError("negative")
        assert x < 2.0, "large"
        return x

    run = to_function(parse(f))
    assert run(1.0) == 1.0
    with pytest.raises(ValueError, match="negative"):
        run(-1.0)
    with pytest.raises(AssertionError, match="large"):
        run(3.0)


def test_loops_over_what_is_rebound() -> None:
    def f(x):
        s = 0.0
        for x in x:  # noqa: B020
            s += x * x
        return s * x

    compare(f, (np.array([1.0, 2.0, 0.5]),))


def test_what_an_earlier_iteration_left() -> None:
    def f(x):
        s = 0.0
        for i in range(len(x)):
            if i > 0:
                s += before * x[i]  # noqa: F821
            before = x[i]
        return s * before

    compare(f, (np.array([1.0, 2.0, 0.5]),))


def test_index_is_evaluated_once() -> None:
    def f(x, k):
        i = 0
        x[i + k] += x[i] * 2.0
        x[i + k] *= 3.0
        return x[k]

    f_loads = [s for s in parse(f).body if isinstance(getattr(s, "value", None), Index)]
    assert len(f_loads) == 4
    assert to_function(parse(f))(np.array([1.0, 2.0]), 1) == f(np.array([1.0, 2.0]), 1)


def test_tuple_items_are_what_they_were() -> None:
    def f(x, y):
        t = (x, y)
        x = 5.0
        u = (t[1], t)
        t = (x, x)
        return u[0] * u[1][0] + t[0]

    compare(f, (0.3, 0.7))


def test_tuples_in_branches_and_loops() -> None:
    def f(x, n):
        t = (x, 1.0)
        for _ in range(n):
            t = (t[1], t[0] + t[1]) if x > 0.0 else (t[0] * x, x)
        if n > 2:
            t = t[::-1]
        return t[0] - 2.0 * t[1]

    compare(f, (0.3, 0), (0.3, 3), (-0.3, 2))


def test_results() -> None:
    def f(x):
        if x > 0.0:
            return x, 1.0
        return -x, 2.0

    made = parse(f)
    assert made.tuple_result
    assert to_function(made)(3.0) == (3.0, 1.0)
    assert to_function(made)(-3.0) == (3.0, 2.0)
    assert isinstance(made.body[-1], Return)
    assert len(made.body[-1].values) == 2


def test_constants() -> None:
    made = parse(PROGRAMS["module_constants"].f)
    assert list(made.constants) == ["WEIGHTS"]
    two = np.float32(2)
    assert parse(lambda x: x * two).body[0].value.args == (Var("x"), Const(two))


def test_while_test_is_evaluated_each_time() -> None:
    made = parse(PROGRAMS["guarded_while"].f)
    (loop,) = statements(made, While)
    assert loop.test


# ---- fingerprints ----------------------------------------------------------------------------------------------


def test_fingerprints() -> None:
    seen = set()
    for case in PROGRAMS.values():
        key = fingerprint(case.f)
        assert key is not None
        assert key == fingerprint(case.f)
        seen.add(key)
    assert len(seen) == len(PROGRAMS)


def test_fingerprint_sees_values_and_callees(monkeypatch: pytest.MonkeyPatch) -> None:
    import array_programs as programs

    case = PROGRAMS["module_constants"]
    before = fingerprint(case.f)
    monkeypatch.setattr(programs, "SCALE", 1.5)
    changed = fingerprint(case.f)
    monkeypatch.setattr(programs, "WEIGHTS", np.array([0.5, -1.0, 2.5]))
    assert len({before, changed, fingerprint(case.f)}) == 3

    before = fingerprint(PROGRAMS["helpers"].f)
    monkeypatch.setattr(programs, "square", lambda v: v * v * 1.0)
    assert fingerprint(PROGRAMS["helpers"].f) != before


def test_fingerprint_follows_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    import array_programs as programs

    def f(x):
        return programs.clamp(x, 0.0, 1.0)

    before = fingerprint(f)
    monkeypatch.setattr(programs, "SCALE", 3.0)
    assert fingerprint(f) == before
    monkeypatch.setattr(programs, "clamp", lambda v, low, high: v)
    assert fingerprint(f) != before


# ---- closures, functions as values, static tuples --------------------------------------------------------------

K = 3.0


def defaults_are_evaluated_at_the_definition(x):
    k = 2.0

    def g(v, w=k):
        return v * w * k

    k = 5.0
    return g(x)


def functions_made_by_functions(x):
    def outer(a):
        def inner(b):
            return a * b + x

        return inner

    g = outer(2.0)
    h = outer(x)
    return g(3.0) * h(x)


def functions_in_a_tuple(x):
    fs = (np.sin, np.cos, lambda t: t * x)
    s = 0.0
    for g in fs:
        s += g(x)
    return s + fs[1](s)


def function_of_functions(x):
    def twice(g):
        return lambda t: g(g(t))

    return twice(twice(lambda t: t * t + x))(x)


def closure_sees_the_names_as_of_the_call(x):
    s = 0.0
    for i in range(3):

        def g(t):
            return t * i + s

        s = g(x)
    return g(s)


def tuples_exchanged(x):
    a = b = (x, x + 1.0)
    a, b = (b[1], a), a[0]
    return a[1][0] * b + a[0]


def globals_behind_locals(x):
    K = x * 2

    def g():
        return K

    return g() + global_k()


def global_k():
    return K


def call_in_a_while_test(x):
    n = 0
    while (lambda t: t < 4.0)(n * x):
        n += 1
    return n * x


def nested_unpacking(x):
    s = 0.0
    for (i, (a, b)), c in zip(enumerate(((x, 2.0), (3.0, x))), (1.0, x)):
        s += i * a + b * c
    return s


def tuple_grown_in_an_unrolled_loop(x):
    t = ()
    for v in (x, 2.0, x * x):
        t += (v,)
    return t[0] + t[-1] * len(t) + sum(t) + max(t)


@pytest.mark.parametrize(
    "f",
    [
        defaults_are_evaluated_at_the_definition,
        functions_made_by_functions,
        functions_in_a_tuple,
        function_of_functions,
        closure_sees_the_names_as_of_the_call,
        tuples_exchanged,
        globals_behind_locals,
        call_in_a_while_test,
        nested_unpacking,
        tuple_grown_in_an_unrolled_loop,
    ],
)
def test_static_things(f: Any) -> None:
    compare(f, (0.7,), (1.3,))
