"""Sums as accumulations, and programs for the reader: names joined, expressions nested."""

from __future__ import annotations

import textwrap

import pytest

from sourcead.simplify import accumulators, coalesce, fold, increments
from tests.test_simplify import check
from tests.written_programs import FLOAT, text_of, written

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
