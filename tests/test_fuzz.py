"""Random user functions: the gradient is right along random directions, or refused in the user's terms.

A few; `python -m tests.fuzz --minutes 60` runs many.
"""

from __future__ import annotations

import fuzz
import shrinking
from generator import programs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(programs(2), st.integers(0, 1000))
def test_random_programs(source: str, seed: int) -> None:
    fuzz.check(source, seed)


def test_wrong_programs_become_smaller():
    loop = "    for i in range(3):\n        s += x[i]\n        x[i] = 2.0 + s\n"
    source = f"def program(x, s):\n{loop}    t = s\n    return t\n"
    small = shrinking.shrunk(source, lambda text: "x[i] = 2.0" in text)
    assert "s += x[i]" not in small and "t = s" not in small and "x[i] = 2.0" in small and "+ s" not in small


def test_the_report(tmp_path, capsys):
    log = str(tmp_path / "log")
    for total in (2, 4):
        assert fuzz.main(["--programs", "2", "--largest", "1", "--compile-every", "0", "--log", log]) == 0
        assert f"{total} programs, 0 compiled" in capsys.readouterr().out
