"""Random user functions: the gradient is right along random directions, or refused in the user's terms.

A few; `python -m tests.fuzz --minutes 60` runs many.
"""

from __future__ import annotations

from typing import Any

import fuzz
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_sources import random_source


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_random_programs(random: Any) -> None:
    fuzz.check(random_source(random, largest=4))


def test_wrong_programs_become_smaller():
    source = (
        "def program(x, s):\n    for i in range(3):\n        s += x[i]\n        x[i] = 2.0\n    t = s\n    return t\n"
    )
    small = fuzz.shrunk(source, lambda text: "x[i] = 2.0" in text)
    assert "s += x[i]" not in small and "t = s" not in small and "x[i] = 2.0" in small


def test_the_report(capsys):
    assert fuzz.main(["--programs", "2", "--minutes", "1", "--largest", "1", "--compile-every", "0"]) == 0
    assert "2 programs, 0 compiled" in capsys.readouterr().out
