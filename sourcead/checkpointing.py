"""What a function says about the memory that its gradient may use; without a gradient it means nothing."""

from __future__ import annotations

from typing import Any

from numba.extending import overload


def checkpointed(over: Any, budget: int) -> Any:
    """`over`: what a `for` loop goes over, or the condition of a `while` loop.

    The gradient through the loop keeps at most `budget` states of it at once (what an iteration takes over from the
    one before: numbers, and whole arrays), and computes the others again from these, in the order of Griewank and
    Walther, "Algorithm 799: revolve" (2000).  The results are the same bit for bit.  For n iterations with
    `n <= (budget + r)! / (budget! r!)` no iteration runs more than `r` times again.

    `budget` is a number known when compiling, at least 1.
    """
    return over


@overload(checkpointed)
def _checkpointed(over, budget):  # type: ignore[no-untyped-def]
    return lambda over, budget: over
