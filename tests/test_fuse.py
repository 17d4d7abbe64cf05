"""Loop fusion, contraction and definition instead of accumulation: text before and after, and random programs."""

from __future__ import annotations

import textwrap
import warnings
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcead.ir import For, names, walk
from sourcead.simplify import dead_stores, fuse, independent, polish, simplify, storage
from sourcead.simplify.contract import contract, define
from sourcead.simplify.fuse import join
from sourcead.ssa import ssa
from tests.random_programs import random_program, run
from tests.written_programs import FLOAT, body, text_of, written


def check(change, before: str, after: str, **types) -> None:
    assert text_of(change(written(before, **types))) == body(after)


def loops(text: str, **types) -> int:
    """How many loops are left after joining."""
    return sum(isinstance(s, For) for s in walk(join(written(text, **types)).body))


def pair(first: str, second: str, between: str = "", end: str = "return a, b, c, s") -> str:
    def lines(s: str, indent: str) -> str:
        return "".join(f"{indent}{x}\n" for x in s.split("; ") if x)

    return (
        "def f(a, b, c, x, s, y, n, m, q):\n"
        f"    for i in range(n):\n{lines(first, '        ')}{lines(between, '    ')}"
        f"    for j in range(n):\n{lines(second, '        ')}    {end}\n"
    )


# ---- joining ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a[i] = x", "b[j] = x"),
        ("a[i] = x", "t = a[j]; b[j] = t"),
        ("t = a[i]; b[i] = t", "t = c[j]; b[j] += t"),
        ("t = a[i]; s_bar += t", "t = b[j]; s_bar += t"),
        ("t = a[i]; s += t", "b[j] = x"),
        ("a_bar[0] += x", "a_bar[0] += y"),
        ("t = a[0]; b[i] = t", "t = a[1]; c[j] = t"),
        ("t = a[i]; t_1 = t * s; s = t_1", "b[j] = x"),
    ],
)
def test_loops_that_may_be_joined(first, second):
    text = pair(first, second, end="return a, b, c, s, s_bar, a_bar").replace("n, m, q", "n, m, q, s_bar, a_bar")
    assert loops(text, s_bar=FLOAT) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a[i] = x", "t = a[0]; b[j] = t"),
        ("a[0] = x", "b[j] = x; t = a[j]; c[j] = t"),
        ("k = i - 1; a[i] = x", "k = j + 1; t = a[k]; b[j] = t"),
        ("t = a[i]; s += t", "b[j] = s"),
        ("b[i] = s", "t = a[j]; s += t"),
        ("t = a[i]; s += t", "t = b[j]; s += t"),  # would round otherwise than the user's program
        ("a[0] += x", "a[0] += y"),
        ("s += x", "s = y"),
        ("t = b[i]; s = t", "a[j] = s"),
        ("a[0] += x", "t = a[j]; b[j] = t"),
        ("a[m] = x", "a[m] = y"),
        ("if q:\n            break", "a[j] = x"),
        ("a[i] = x", "if q:\n            raise ValueError('no')"),
        ("t = x; u = t; a[i] = u", "t = y; b[j] = u"),
    ],
)
def test_loops_that_may_not_be_joined(first, second):
    assert loops(pair(first, second)) == 2


def test_exchanged_buffers_are_two():
    text = pair("a[0] = x", "t = b[j]; c[j] = t")
    exchanged = text.replace("    for i", "    a, b = b, a\n    for i", 1)
    between = text.replace("    for j", "    a, b = b, a\n    for j", 1)
    assert (loops(text), loops(exchanged), loops(between)) == (1, 1, 2)


def test_memory_shared_by_two_names_is_one():
    text = pair("a[0] = x", "t = b[j]; c[j] = t")
    stretched = text.replace("    for i", "    b = stretch(a, n)\n    for i", 1)
    assert loops(stretched) == 2


def test_negative_counters_may_mean_the_same_element():
    text = pair("a[i] = x", "t = a[j]; b[j] = t")
    assert loops(text.replace("range(n)", "range(m, n)")) == 2
    assert loops(text.replace("range(n)", "range(1, n)")) == 1


def test_statements_between_move_out_of_the_way():
    check(
        join,
        """
        def f(a, b, x, n):
            s, r = 0.0, 0.0
            for i in range(n):
                t = a[i]
                s += t
            y = s * x
            z = x * 2.0
            for j in range(n):
                u = b[j]
                v = u * z
                r += v
            w = r * y
            return w
        """,
        """
            s, r = 0.0, 0.0
            z = x * 2.0
            for i in range(n):
                t = a[i]
                s += t
                u = b[i]
                v = u * z
                r += v
            y = s * x
            w = r * y
            return w
        """,
    )


def test_a_loop_that_waits_for_the_other_is_left():
    assert loops(pair("t = a[i]; s += t", "b[j] = z", between="z = s * x")) == 2


def test_nests_are_joined_inside_and_counters_do_not_collide():
    check(
        join,
        """
        def f(A, B, x, n, m):
            for i in range(n):
                for j in range(m):
                    A[i, j] = x
            for j in range(n):
                for i in range(m):
                    t = A[j, i]
                    B[j, i] = t
            return A, B
        """,
        """
            for i in range(n):
                for j in range(m):
                    A[i, j] = x
                    t = A[i, j]
                    B[i, j] = t
            return A, B
        """,
    )


def test_the_backward_sweep_joins_the_forward_sweep():
    check(
        lambda f: polish(simplify(fuse(simplify(f)))),
        """
        def loss_grad(x, a):
            n = a.shape[0]
            s = 0.0
            t_saved = np.empty(n)
            for i in range(n):
                t = a[i]
                t_saved[i] = t
                _t1 = t * t
                s += _t1
            y = s * x
            y_bar = 1.0
            s_bar = y_bar * x
            a_bar = np.zeros(n)
            for i in range(n):
                t = t_saved[i]
                _t2 = s_bar * t
                t_bar = _t2
                _t3 = s_bar * t
                t_bar += _t3
                a_bar[i] += t_bar
            return y, a_bar
        """,
        """
            n = a.shape[0]
            s = 0.0
            a_bar = np.empty(n)
            for i in range(n):
                t = a[i]
                s += t * t
                _t2 = x * t
                t_bar = _t2 + _t2
                a_bar[i] = t_bar
            y = s * x
            return y, a_bar
        """,
        y_bar=written("def f(x):\n    return x").types["x"],
        s_bar=written("def f(x):\n    return x").types["x"],
        t_bar=written("def f(x):\n    return x").types["x"],
    )


# ---- the order of iterations ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t = a[i]; b[i] = t", True),
        ("t = a[i]; s += t", True),
        ("t = a[i]; b[0] += t", True),
        ("t = b[i]; b[i] = x; a[i] += t", True),
        ("a[0] = x", False),
        ("s_1 = s * x; s = s_1", False),
        ("k = i - 1; t = a[k]; a[i] = t", False),
        ("s += x; b[i] = s", False),
        ("if q:\n            break", False),
        ("k = i - 1; t = a[k]; b[i] = t", True),
    ],
)
def test_independent_iterations(text, expected):
    f = written(pair(text, "pass"))
    loop = next(s for s in f.body if isinstance(s, For))
    assert independent(loop.body, "i", storage(f)) is expected


def test_a_name_wanted_behind_the_loop_needs_the_last_iteration():
    f = written(pair("t = a[i]", "pass"))
    loop = next(s for s in f.body if isinstance(s, For))
    assert independent(loop.body, "i", storage(f))
    assert not independent(loop.body, "i", storage(f), live={"t"})


# ---- contraction ---------------------------------------------------------------------------------------


def test_an_array_for_one_iteration_is_a_scalar():
    check(
        contract,
        """
        def f(A, x, n, m):
            B = np.empty((n, m))
            C = np.zeros((n, m))
            s = 0.0
            for i in range(n):
                for j in range(m):
                    t = A[i, j]
                    B[i, j] = t
                    C[i, j] += t
                    u = B[i, j]
                    v = C[i, j]
                    s += u
                    s += v
            return s
        """,
        """
            s = 0.0
            for i in range(n):
                for j in range(m):
                    t = A[i, j]
                    B = t
                    C = 0.0
                    C += t
                    u = B
                    v = C
                    s += u
                    s += v
            return s
        """,
    )


@pytest.mark.parametrize(
    "text",
    [
        "b = np.empty(n)\nfor i in range(n):\n    b[i] = x\nt = b[0]\nreturn t",
        "b = np.empty(n)\nfor i in range(n):\n    b[i] = x\n    t = b[0]\nreturn t",
        "b = np.empty(n)\nfor i in range(n):\n    b[i] = x\nreturn b",
        "b = np.empty(n)\nfor i in range(n):\n    b[i] = x\n    a, b = b, a\nreturn x",
        "b = np.zeros(n)\nfor i in range(n):\n    for j in range(n):\n        b[i] += x\n        a[j] = b[i]\nreturn a",
        "b = np.empty(n)\nfor i in range(n):\n    if q:\n        b[i] = x\n    t = b[i]\nreturn t",
        "b = np.empty(n)\nfor i in range(n):\n    b[i] = x\n    i = i + 1\n    t = b[i]\nreturn t",
        "b = np.empty(n)\nfor i in range(n):\n    b[i] = x\n    t = b[i]\nm = b.shape[0]\nreturn t, m",
        "b = np.empty(n)\nfor i in range(n):\n    b[i] = k\n    t = b[i]\nreturn t",  # an int stored in floats
    ],
)
def test_arrays_that_stay(text):
    f = written("def f(a, x, n, k, q):\n" + "".join(f"    {line}\n" for line in text.splitlines()))
    assert contract(f) is f


# ---- definition instead of accumulation ------------------------------------------------------------------


def test_the_first_addition_to_zeros_is_a_store():
    check(
        define,
        """
        def f(A, B, x, n, m):
            C = np.zeros((n, m))
            D = np.zeros((n, m))
            s = 0.0
            for i in range(n):
                for j in range(m):
                    t = A[i, j]
                    C[i, j] += t
                    C[i, j] += x
            D += np.dot(A, B)
            y = 0.0
            y += x
            z = x
            z += y
            return C, D, y, z
        """,
        """
            C = np.empty((n, m))
            s = 0.0
            for i in range(n):
                for j in range(m):
                    t = A[i, j]
                    C[i, j] = t
                    C[i, j] += x
            D = np.dot(A, B)
            y = x
            z = x + y
            return C, D, y, z
        """,
    )


@pytest.mark.parametrize(
    "text",
    [
        "b = np.zeros(n)\nfor i in range(m):\n    b[i] += x",
        "b = np.zeros(n)\nfor i in range(1, n):\n    b[i] += x",
        "b = np.zeros(n)\nfor i in range(n):\n    for j in range(n):\n        b[i] += x",
        "b = np.zeros(n)\nfor i in range(n):\n    if q:\n        b[i] += x",
        "b = np.zeros(n)\nfor i in range(n):\n    b[0] += x",
        "b = np.zeros(n)\nfor i in range(n):\n    b[i] += x\n    if q:\n        break",
        "b = np.zeros(n)\nt = b[0]\nfor i in range(n):\n    b[i] += t",
        "b = np.zeros(n)\nfor i in range(n):\n    b[i] += x\n    t = b[0]\n    a[i] = t",
        "b = np.zeros(n)\nfor i in range(n):\n    t = b[i]\n    b[i] += t",
        "b = np.zeros(n)\nb += np.dot(a, a)",
    ],
)
def test_zeros_that_are_needed(text):
    f = written("def f(a, x, n, m, q):\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "    return b")
    assert define(f) is f


# ---- stores ----------------------------------------------------------------------------------------------------


def test_elements_that_nobody_looks_at_again_are_not_cleared():
    check(
        dead_stores,
        """
        def f(A, x, n, m):
            B = np.zeros((n, m))
            C = np.zeros((n, m))
            for i in range(n):
                for j in range(m):
                    B[i, j] = x
                    C[i, j] = x
            s = 0.0
            for i in range(n):
                for j in range(m):
                    t = B[i, j]
                    B[i, j] = 0.0
                    u = C[0, j]
                    C[i, j] = 0.0
                    s += t
                    s += u
            return s
        """,
        """
            B = np.zeros((n, m))
            C = np.zeros((n, m))
            for i in range(n):
                for j in range(m):
                    B[i, j] = x
                    C[i, j] = x
            s = 0.0
            for i in range(n):
                for j in range(m):
                    t = B[i, j]
                    u = C[0, j]
                    C[i, j] = 0.0
                    s += t
                    s += u
            return s
        """,
    )


@pytest.mark.parametrize(
    "body",
    [
        "for i in range(n):\n    for j in range(n):\n        t = b[j]\n        b[j] = 0.0\n        s += t",
        "for i in range(n):\n    b[i] = 0.0\n    t = b[i]\n    s += t",
        "for i in range(n):\n    t = b[i]\n    b[i] = 0.0\n    if q:\n        s = b[i]",
        "for i in range(n):\n    t = b[i]\n    b[i] = 0.0\n    s += t\ns = b[0]",
        "for i in range(m, n):\n    t = b[i]\n    b[i] = 0.0\n    s += t",
    ],
)
def test_elements_that_are_read_again_are_cleared(body):
    f = written("def f(x, s, n, m, q):\n    b = np.ones(n)\n" + textwrap.indent(body, "    ") + "\n    return s")
    assert text_of(dead_stores(f)) == text_of(f)


# ---- properties --------------------------------------------------------------------------------------------------


def everything(f):
    return polish(simplify(fuse(simplify(f))))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_no_result_changes(seed):
    f = random_program(Random(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow
        expected = run(f)
        for change in (join, contract, define, fuse, everything):
            for value, same in zip(run(change(f)), expected, strict=True):
                np.testing.assert_array_equal(value, same, change.__name__)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**9))
def test_no_result_changes_in_single_definition_form(seed):
    f = random_program(Random(seed), stacks=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow
        expected = run(f)
        single = ssa(f)
        single = replace(single, types={n: f.types[original(n, f.types)] for n in names(single)})
        for change in (simplify, everything):
            for value, same in zip(run(change(single)), expected, strict=True):
                np.testing.assert_array_equal(value, same, change.__name__)


def original(name: str, known) -> str:
    """The name that `ssa` made this one from."""
    while name not in known:
        name = name.rsplit("_", 1)[0]
    return name
