"""Each simplifying pass on small programs, as text before and after; all of them on random programs."""

from __future__ import annotations

import textwrap
import warnings
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcead.simplify import (
    accumulators,
    coalesce,
    copies,
    cse,
    dce,
    dead_stores,
    fold,
    increments,
    known_extents,
    licm,
    polish,
    simplify,
    storage,
)
from tests.random_programs import random_program, run
from tests.written_programs import FLOAT, VECTOR, body, text_of, written


def check(change, before: str, after: str, **types) -> None:
    assert text_of(change(written(before, **types))) == body(after)


# ---- copies -------------------------------------------------------------------------------------


def test_copies_and_constants_reach_their_readers():
    check(
        copies,
        """
        def f(x, a, n):
            y = x
            k = 2
            m = k * 3
            y_1 = y * 1.0
            z = a[k] + y_1
            for i in range(m):
                z_1 = z + y
            return z
        """,
        """
            y = x
            k = 2
            m = 6
            y_1 = x
            z = a[2] + x
            for i in range(6):
                z_1 = z + x
            return z
        """,
    )


def test_a_copy_ends_when_either_name_is_bound_again():
    check(
        copies,
        """
        def f(x):
            y = x
            x = x + 1.0
            z = y * x
            y = x
            for i in range(3):
                y_1 = y + x
                y, x = y_1, y
            return y, z
        """,
        """
            y = x
            x = x + 1.0
            z = y * x
            y = x
            for i in range(3):
                y_1 = y + x
                y, x = y_1, y
            return y, z
        """,
    )


def test_integer_arithmetic_is_done_and_floats_are_left_alone():
    check(
        copies,
        """
        def f(x, a):
            n = a.shape[0]
            m = n + 0
            j = max(m, 0)
            k = trips(0, n, 1)
            y = x + 0.0
            z = 2.0 * 3.0
            u = y / 1.0
            return y, z, u, j, k
        """,
        """
            n = a.shape[0]
            m = n
            j = n
            k = n
            y = x + 0.0
            z = 2.0 * 3.0
            u = y
            return y, z, y, n, n
        """,
    )


def test_constants_that_the_name_converts_stay():
    # Numba makes `x` a float because of its other binding; `x // 2` must not become integer arithmetic
    check(
        copies,
        """
        def f(y):
            x = 1
            z = x // 2
            x = y
            return z
        """,
        """
            x = 1
            z = x // 2
            x = y
            return z
        """,
    )


def test_decided_branches_and_loops():
    check(
        copies,
        """
        def f(x):
            k = 2
            q = k > 1
            if q:
                y = x
            else:
                y = 0.0
            for i in range(0):
                y = 1.0
            for j in range(1):
                y = y + x
            return y
        """,
        """
            k = 2
            q = True
            y = x
            j = 0
            y = x + x
            return y
        """,
    )


def test_exit_copies_of_carried_names_stay():
    text = """
        def f(x):
            s = 0.0
            for i in range(3):
                s_1 = s * x
                s = s_1
            s_2 = s
            return s_2
        """
    assert "return s_2" in text_of(copies(written(text)))


# ---- dce ------------------------------------------------------------------------------------------


def test_dead_code_with_its_loops_arrays_and_counters():
    check(
        dce,
        """
        def f(x, a):
            n = a.shape[0]
            b = np.zeros(n)
            k = 0
            y = 0.0
            for i in range(n):
                b[i] = x
                k = k + 1
                z = b[i]
            while True:
                q = k < 3
                if not q:
                    break
                k = k + 1
            for j in range(n):
                u = a[j]
                y = y + u
            return y
        """,
        """
            n = a.shape[0]
            y = 0.0
            for j in range(n):
                u = a[j]
                y = y + u
            return y
        """,
    )


def test_what_may_raise_stays_with_its_condition():
    check(
        dce,
        """
        def f(x, a, b):
            n = a.shape[0]
            m = b.shape[0]
            k = broadcast_extent(n, m)
            q = x > 0.0
            for i in range(n):
                if q:
                    raise ValueError("no")
            return x
        """,
        """
            n = a.shape[0]
            m = b.shape[0]
            k = broadcast_extent(n, m)
            q = x > 0.0
            for i in range(n):
                if q:
                    raise ValueError('no')
            return x
        """,
    )


def test_stores_after_the_last_read_go_and_others_stay():
    check(
        dce,
        """
        def f(x, n):
            b = np.zeros(n)
            c = np.zeros(n)
            y = 0.0
            for i in range(n):
                b[i] = x
                y = b[0]
                b[i] = 0.0
            b[0] = y
            c[0] = y
            return y, c
        """,
        """
            b = np.zeros(n)
            c = np.zeros(n)
            y = 0.0
            for i in range(n):
                b[i] = x
                y = b[0]
                b[i] = 0.0
            c[0] = y
            return y, c
        """,
    )


def test_stores_through_another_name_of_the_memory_are_seen():
    text = """
        def f(x, n):
            a = np.zeros(n)
            b = np.zeros(n)
            a, b = b, a
            a[0] = x
            a, b = b, a
            y = b[0]
            return y
        """
    assert "a[0] = x" in text_of(dce(written(text)))
    assert len({storage(written(text))[n] for n in "ab"}) == 1


def test_dead_stacks():
    check(
        dce,
        """
        def f(x, b):
            stack.append(b)
            kept.append(b)
            b = np.zeros(3)
            c = stack.pop()
            d = kept.pop()
            y = d[0]
            return y
        """,
        """
            kept = []
            kept.append(b)
            d = kept.pop()
            y = d[0]
            return y
        """,
        stack=VECTOR,
        kept=VECTOR,
    )


def test_breaks_stay_with_their_loop():
    check(
        dce,
        """
        def f(x, n):
            y = 0.0
            for i in range(n):
                y = y + x
                z = y * 2.0
                q = y > 3.0
                if q:
                    z = 1.0
                    break
            return y
        """,
        """
            y = 0.0
            for i in range(n):
                y = y + x
                q = y > 3.0
                if q:
                    break
            return y
        """,
    )


# ---- cse and licm -----------------------------------------------------------------------------------


def test_common_subexpressions_and_loads():
    check(
        cse,
        """
        def f(x, a, b):
            n = a.shape[0]
            y = x * x
            z = a[0]
            for i in range(n):
                u = x * x
                m = a.shape[0]
                v = a[0]
                b[i] = u
                w = b[i]
                a[i] = v
                t = a[0]
            return y, z
        """,
        """
            n = a.shape[0]
            y = x * x
            z = a[0]
            for i in range(n):
                u = y
                m = n
                v = a[0]
                b[i] = u
                w = u
                a[i] = v
                t = a[0]
            return y, z
        """,
    )


def test_allocations_are_never_common():
    text = """
        def f(n):
            a = np.zeros(n)
            b = np.zeros(n)
            return a, b
        """
    assert text_of(cse(written(text))).count("np.zeros") == 2


def test_invariants_leave_all_loops_they_can():
    check(
        licm,
        """
        def f(x, y, A, n):
            s = 0.0
            for i in range(n):
                for j in range(n):
                    m = A.shape[1]
                    u = x * y
                    t = u * s
                    v = x / y
                    k = i * 2
                    w = A[0, k]
                    s = t + v
                    if s:
                        z = x + y
                        s = z
            return s, m
        """,
        """
            s = 0.0
            u = x * y
            for i in range(n):
                k = i * 2
                for j in range(n):
                    m = A.shape[1]
                    t = u * s
                    v = x / y
                    w = A[0, k]
                    s = t + v
                    if s:
                        z = x + y
                        s = z
            return s, m
        """,
    )


# ---- accumulators ---------------------------------------------------------------------------------------


def test_sums_become_accumulations_through_branches_and_inner_loops():
    check(
        accumulators,
        """
        def f(x, a, n, q):
            s, r = 0.0, 1.0
            for i in range(n):
                s_1 = s + x
                s_2, = s_1,
                for j in range(n):
                    t = a[j]
                    s_3 = t + s_2
                    s_2, = s_3,
                s_4 = s_2
                if q:
                    s_5 = s_4 - t
                    s_6, = s_5,
                else:
                    s_6, = s_4,
                r_1 = r * x
                s, r = s_6, r_1
            s_7 = s
            return s_7, r
        """,
        """
            s, r = 0.0, 1.0
            for i in range(n):
                s += x
                for j in range(n):
                    t = a[j]
                    s += t
                if q:
                    s -= t
                r_1 = r * x
                r = r_1
            s_7 = s
            return s_7, r
        """,
    )


@pytest.mark.parametrize(
    "inside",
    [
        "s_1 = s + x; y = s * x; s, = s_1,",  # read otherwise
        "s_1 = s + s; s, = s_1,",  # not linear in the sum with slope one
        "s_1 = s + x; s_2 = s + y; s, = s_2,",  # the first sum is forgotten
        "s_1 = x - s; s, = s_1,",
        "s_1 = s * 2.0; s, = s_1,",
        "s_1 = s + x\nif q:\n    s, = s_1,",
    ],
)
def test_other_recurrences_stay(inside):
    loop = textwrap.indent("for i in range(n):\n" + textwrap.indent(inside, "    "), "    ")
    f = written(f"def f(x, y, n, q):\n    s, = 0.0,\n{loop}\n    return s")
    assert text_of(accumulators(f)) == text_of(f)


def test_element_increments():
    check(
        increments,
        """
        def f(x, a, n):
            for i in range(n):
                t = a[i]
                y = x * 2.0
                t_1 = t + y
                a[i] = t_1
                u = a[0]
                u_1 = u - y
                a[i] = u_1
            return a
        """,
        """
            for i in range(n):
                y = x * 2.0
                a[i] += y
                u = a[0]
                u_1 = u - y
                a[i] = u_1
            return a
        """,
    )


# ---- extents -----------------------------------------------------------------------------------------------


def test_extents_follow_from_how_arrays_are_made():
    check(
        known_extents,
        """
        def f(A, B, n, m):
            C = np.dot(A, B)
            D = np.empty((n, m))
            a = np.dot(D, b)
            for i in range(a.shape[0]):
                E = np.zeros((i, n))
                k = E.shape[0]
            b_bar = np.zeros(C.shape[0])
            c = np.zeros(C.shape[1])
            return a, D, k
        """,
        """
            C = np.dot(A, B)
            D = np.empty((n, m))
            a = np.dot(D, b)
            for i in range(n):
                E = np.zeros((i, n))
                k = E.shape[0]
            b_bar = np.zeros(A.shape[0])
            c = np.zeros(B.shape[1])
            return a, D, k
        """,
    )


def test_exchanged_arrays_keep_common_extents():
    text = """
        def f(x, n, m):
            a = np.empty(n)
            b = np.zeros(n)
            c = np.zeros(m)
            d = np.zeros(n)
            for i in range(n):
                a, b = b, a
                c, d = d, c
            k = a.shape[0]
            j = c.shape[0]
            return k, j
        """
    assert "k = n\n" in text_of(known_extents(written(text)))
    assert "j = c.shape[0]\n" in text_of(known_extents(written(text)))


def test_extents_of_arrays_made_in_loops_hold_nearby():
    check(
        cse,
        """
        def f(b, n):
            for i in range(n):
                a = np.zeros(i)
                k = a.shape[0]
                c = np.zeros(b.shape[0])
                b = a
                m = c.shape[0]
            return k
        """,
        """
            for i in range(n):
                a = np.zeros(i)
                k = i
                c = np.zeros(b.shape[0])
                b = a
                m = c.shape[0]
            return k
        """,
    )


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


# ---- for the reader --------------------------------------------------------------------------------------------


def test_joined_names_become_one():
    check(
        coalesce,
        """
        def f(x, n, q):
            y, z = x, 1.0
            for i in range(n):
                y_1 = y * z
                z_1 = z + y
                y, z = y_1, z_1
            y_2 = y
            if q:
                y_3 = y_2 * 2.0
                y_4, = y_3,
            else:
                y_4, = y_2,
            return y_4
        """,
        """
            y, z = x, 1.0
            for i in range(n):
                y_1 = y * z
                z = z + y
                y = y_1
            if q:
                y = y * 2.0
            return y
        """,
    )


def test_exchanged_names_stay_two():
    text = """
        def f(u, u_1):
            for i in range(3):
                u, u_1 = u_1, u
            return u, u_1
        """
    assert "u, u_1 = u_1, u" in text_of(coalesce(written(text)))


def test_temporaries_are_nested_and_user_names_kept():
    check(
        fold,
        """
        def f(x, a, n):
            _t1 = x * 2.0
            _t2 = np.sin(_t1)
            y = _t2 + _t2
            _t3 = a[0]
            a[0] = y
            z = _t3 * y
            _t4 = n - 1
            s = 0.0
            for i in range(_t4):
                _t5 = a[i]
                _t6 = _t5 * x
                s = s + _t6
            w = s * z
            return w
        """,
        """
            _t2 = np.sin(x * 2.0)
            y = _t2 + _t2
            _t3 = a[0]
            a[0] = y
            z = _t3 * y
            s = 0.0
            for i in range(n - 1):
                s += a[i] * x
            w = s * z
            return w
        """,
    )


def test_sums_and_differences_in_one_expression():
    check(
        fold,
        """
        def f(x, y, a):
            _t1 = x * y
            y_bar = -_t1
            _t2 = -y
            _t3 = _t2 * 4.0
            y_bar_1 = x + _t3
            y_bar_1 -= x
            _t4 = -y_bar
            a[0] -= _t4
            a[1] -= y_bar_1
            return a
        """,
        """
            y_bar = -(x * y)
            y_bar_1 = x - y * 4.0 - x
            a[0] += y_bar
            a[1] -= y_bar_1
            return a
        """,
        y_bar=FLOAT,
        y_bar_1=FLOAT,
    )


def test_conditions_of_while_loops():
    check(
        fold,
        """
        def f(x, n):
            m = 0
            while True:
                _t1 = m < n
                _t2 = x < 10.0
                _t3 = _t1 and _t2
                if not _t3:
                    break
                x = x * 2.0
                m = m + 1
            return x
        """,
        """
            m = 0
            while m < n and x < 10.0:
                x = x * 2.0
                m += 1
            return x
        """,
    )


# ---- properties ---------------------------------------------------------------------------------------------------


PASSES = (
    accumulators,
    coalesce,
    copies,
    cse,
    dce,
    dead_stores,
    fold,
    increments,
    known_extents,
    licm,
    polish,
    simplify,
)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_no_pass_changes_a_result(seed):
    f = random_program(Random(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow
        expected = run(f)
        for change in PASSES:
            for value, same in zip(run(change(f)), expected, strict=True):
                np.testing.assert_array_equal(value, same, change.__name__)
