"""What is measured, and how: interleaved repeats in one process, the minimum of each program."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """A program three times: `primal`, `ours` (its gradient by sourcead), `hand` (written by hand).

    All three take `args()`; `ours` and `hand` return the same numbers.
    """

    name: str
    primal: Callable[..., Any]
    ours: Callable[..., Any]
    hand: Callable[..., Any]
    args: Callable[[], Arguments]


@dataclass(frozen=True)
class Row:
    """The figures of one case; times in seconds a call."""

    name: str
    primal: float
    ours: float
    hand: float
    compile_seconds: float
    difference: float

    @property
    def ours_per_primal(self) -> float:
        return self.ours / self.primal

    @property
    def hand_per_primal(self) -> float:
        return self.hand / self.primal

    @property
    def ours_per_hand(self) -> float:
        return self.ours / self.hand


def measure(case: Case, budget: float) -> Row:
    """Compile, compare the numbers, then time for about `budget` seconds."""
    case.primal(*case.args())
    begin = time.perf_counter()
    ours = case.ours(*case.args())
    compile_seconds = time.perf_counter() - begin
    difference = relative_difference(flat(ours), flat(case.hand(*case.args())))
    times = interleaved_minima([case.primal, case.ours, case.hand], case.args(), budget)
    return Row(case.name, *times, compile_seconds, difference)


def interleaved_minima(programs: list[Callable[..., Any]], args: Arguments, budget: float) -> list[float]:
    """Seconds a call of each program: the minimum over rounds in which they take turns.

    Turns share what the machine does meanwhile, so that ratios are good even where times are not.
    """
    repeats = [max(1, round(2e-3 / once(program, args, 1))) for program in programs]
    best = [float("inf")] * len(programs)
    begin = time.perf_counter()
    rounds = 0
    while rounds < 5 or time.perf_counter() - begin < budget:
        for k, program in enumerate(programs):
            best[k] = min(best[k], once(program, args, repeats[k]))
        rounds += 1
    return best


def once(program: Callable[..., Any], args: Arguments, repeats: int) -> float:
    begin = time.perf_counter()
    for _ in range(repeats):
        program(*args)
    return (time.perf_counter() - begin) / repeats


def flat(result: Any) -> np.ndarray:
    """All numbers of a nested result in a row."""
    if isinstance(result, tuple):
        return np.concatenate([flat(part) for part in result])
    return np.ravel(np.asarray(result, dtype=float))


def relative_difference(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference, relative to the largest number."""
    return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))
