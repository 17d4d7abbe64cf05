"""Random user functions: the gradient is right along random directions, or refused in the user's terms.

`python tests/test_fuzz.py 1000 [first seed]` runs as many programs and prints what is wrong.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections import Counter
from random import Random
from typing import Any

import differences
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_sources import arguments, load, random_source

import sourcead
from sourcead.errors import RuleMissing, Unsupported


def check(source: str, seed: int = 0) -> str:
    """Differentiate a random program: "right", "refused: ...", or "unfit" (overflow, a kink near by, not for Numba)."""
    f = load(source)
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    args = arguments(seed, list(names))
    try:
        value = differences.value(f, args)
        r = np.random.RandomState(seed)
        direction = {k: r.uniform(-1.0, 1.0, np.shape(a)) for k, a in enumerate(args)}
        wanted = [differences.directional(f, args, direction, step) for step in (3e-4, 1e-4)]
    except (ZeroDivisionError, OverflowError, ValueError, IndexError, TypeError):
        return "unfit"
    scale = max(1.0, abs(value), abs(wanted[0]))
    if not np.isfinite(value + wanted[0] + wanted[1]) or scale > 1e5 or abs(wanted[0] - wanted[1]) > 1e-7 * scale:
        return "unfit"
    try:
        got, grads = sourcead.value_and_grad(f, tuple(range(len(args))), jit=False, cache=False)(*args)
    except (Unsupported, RuleMissing) as refusal:
        what = str(refusal).split("\n")[0]
        return "unfit" if "cannot unify" in what else f"refused: {what}"
    assert abs(got - value) <= 1e-9 * scale, (got, value)
    slope = sum(np.sum(g * direction[k]) for k, g in enumerate(grads))
    assert abs(slope - wanted[0]) <= 1e-6 * scale, (slope, wanted[0])
    return "right"


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_random_programs(random: Any) -> None:
    check(random_source(random))


def main(count: int, first: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(first, first + count):
        source = random_source(Random(seed))
        signal.setitimer(signal.ITIMER_VIRTUAL, 60.0)
        try:
            seen[check(source, seed)] += 1
        except Exception as e:
            seen["wrong"] += 1
            where = traceback.extract_tb(e.__traceback__)[-1]
            print(
                f"\n==== seed {seed}: {type(e).__name__}: {e} [{where.filename}:{where.lineno}]\n{source}", flush=True
            )
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        if (seed + 1 - first) % 20 == 0:
            print(f"{seed + 1 - first} done, {seen['right']} right, {seen['wrong']} wrong", flush=True)
    for what, times in seen.most_common():
        print(f"{times:6d} {what}")


def too_long(*_: Any) -> None:
    raise TimeoutError


if __name__ == "__main__":
    signal.signal(signal.SIGVTALRM, too_long)
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
