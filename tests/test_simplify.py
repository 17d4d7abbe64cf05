"""Each simplifying pass on small programs, as text before and after; all of them on random programs."""

from __future__ import annotations

import warnings
from random import Random

import numpy as np
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
    reuse_buffers,
    simplify,
    storage,
)
from tests.random_programs import random_program, run
from tests.written_programs import VECTOR, body, text_of, written


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


def test_buffers_are_made_once():
    check(
        reuse_buffers,
        """
        def f(x, n, y):
            m = max(n, 0)
            s = y
            for i in range(n):
                a = np.empty(m)
                b = np.empty(m)
                c = np.empty(n)
                d = np.zeros(m)
                e = np.empty(i)
                for j in range(n):
                    a[j] = x
                    t = a[j]
                    s += t
                    c[j] = t
                    b[j] = s
            return s, b
        """,
        """
            m = max(n, 0)
            s = y
            a = np.empty(m)
            for i in range(n):
                b = np.empty(m)
                c = np.empty(n)
                d = np.zeros(m)
                e = np.empty(i)
                for j in range(n):
                    a[j] = x
                    t = a[j]
                    s += t
                    c[j] = t
                    b[j] = s
            return s, b
        """,
    )


def test_buffers_that_outlive_an_iteration_are_made_anew():
    text = """
        def f(x, b, n):
            m = max(n, 0)
            for i in range(n):
                a = np.empty(m)
                a[0] = x
                b, = a,
                c = np.empty(m)
                c[0] = x
                stack.append(c)
            c = stack.pop()
            return b, c
        """
    f = written(text, stack=VECTOR)
    assert text_of(reuse_buffers(f)) == text_of(f)


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
    reuse_buffers,
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
