"""A machine that looks for wrong gradients: random programs, compared with witnesses.

`python -m tests.fuzz --minutes 10` makes random user functions and differentiates them. Each gradient is compared with
central differences along a random direction, with forward mode, with the tape where it can run the program, and now
and then with compiled code. It prints every program that is wrong, made as small as it stays wrong, and ends with a
report. With `--log FILE` it goes on where the last run with that file ended, and reports on all of them.

What becomes of a program:

* right; raises as it should
* unfit: near a kink, an overflow or a division by zero, or not for Numba
* refused, with the reason
* wrong: another number than a witness, or no exception where the program raises one
* error: the compiler broke down, or took too long
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

sys.path.insert(0, str(Path(__file__).parent))

import differences
import numpy as np
from generator import arguments, load, random_source
from shrinking import shrunk

import sourcead
from sourcead import tape
from sourcead.errors import RuleMissing, SourceadError, Unsupported

SECONDS = 60.0  # of processor time a program may take
FAILED = ("wrong", "error")


# ---- one program -------------------------------------------------------------------------------------


class Case:
    """A program with arguments, and what differences say about it."""

    def __init__(self, source: str, seed: int):
        self.f = load(source)
        self.names = self.f.__code__.co_varnames[: self.f.__code__.co_argcount]
        self.args = arguments(seed, list(self.names))
        r = np.random.RandomState(seed + 1)
        smooth = [k for k, a in enumerate(self.args) if n_numbers(a)]
        few = [k for k in smooth if r.uniform() < 0.6]
        self.wrt = tuple(few if few and r.uniform() < 0.5 else smooth)
        self.direction = {k: differences.each(lambda v: _direction(r, v), self.args[k]) for k in self.wrt}
        self.loose = 1e5 if "single" in self.names else 1.0  # single precision

    @property
    def doubles(self) -> list[Any]:
        """The arguments in double precision."""
        return [a.astype(float) if getattr(a, "dtype", None) == np.float32 else a for a in self.args]

    def run(self) -> tuple[float, bool]:
        """The value of the program, and whether its result is a pair."""
        with np.errstate(all="ignore"):
            result = self.f(*differences.fresh(self.args))
        pair = isinstance(result, tuple)
        return float(result[0] if pair else result), pair

    def number(self, *args: Any) -> float:
        result = self.f(*args)
        return result[0] if isinstance(result, tuple) else result

    def slopes(self) -> list[float]:
        return [differences.directional(self.number, self.doubles, self.direction, h) for h in (3e-4, 1e-4)]

    def at_a_kink(self, scale: float) -> bool:
        """Whether the slopes ahead and behind differ."""
        there, h = differences.moved, 1e-5
        values = [differences.value(self.number, there(self.doubles, self.direction, k * h)) for k in (-2, -1, 0, 1, 2)]
        behind, ahead = (3 * values[2] - 4 * values[1] + values[0]) / 2, (4 * values[3] - 3 * values[2] - values[4]) / 2
        return bool(abs(ahead - behind) / h > 1e-4 * scale)

    def overflows(self) -> bool:
        """Whether the program holds numbers on its way that are too large."""
        found: list[bool] = []

        def look(frame: Any, *_: Any) -> Any:
            for v in frame.f_locals.values():
                if isinstance(v, (float, np.ndarray, np.floating)) and np.asarray(v).dtype.kind == "f":
                    found.append(bool(np.any(~(np.abs(v) < 1e60))))
            return look

        sys.settrace(look)
        try:
            self.run()
        finally:
            sys.settrace(None)
        return any(found)

    def asks_for_no_angle(self) -> bool:
        """Whether the program takes the angle of the origin, which has no derivative, not even an infinite one."""
        found: list[bool] = []

        def watched(y: Any, x: Any) -> Any:
            found.append(bool(np.any((np.asarray(y) == 0) & (np.asarray(x) == 0))))
            return np.arctan2(y, x)

        space, there = self.f.__globals__, SimpleNamespace(**vars(np))
        there.arctan2 = watched
        space["np"] = there
        try:
            self.run()
        finally:
            space["np"] = np
        return any(found)

    def along(self, grads: Any) -> float:
        """The slope along the direction that a gradient gives."""
        total: list[float] = []
        for k, g in zip(self.wrt, grads, strict=True):
            differences.each(lambda d, g: total.append(np.sum(np.real(np.conj(g) * d))), self.direction[k], g)
        return float(sum(total))


def n_numbers(a: Any) -> int:
    found: list[Any] = []
    differences.each(lambda v: found.append(v), a)
    return len(found) if all(np.asarray(v).dtype.kind in "fc" for v in found) else 0


def _direction(r: np.random.RandomState, v: Any) -> Any:
    d = r.uniform(-1.0, 1.0, np.shape(v))
    d = d + 1j * r.uniform(-1.0, 1.0, np.shape(v)) if np.iscomplexobj(v) else d
    return d if np.ndim(v) else d.item() if isinstance(d, np.ndarray) else d


def check(source: str, seed: int = 0, compiled: bool = False) -> str:
    """Differentiate a program: "right", "raises", "refused: ..." or "unfit: ..."; AssertionError if it is wrong."""
    case = Case(source, seed)
    try:
        value, pair = case.run()
    except Exception as e:
        if type(e) in (ValueError, AssertionError) and ("raise " in source or "assert " in source):
            return raises(case, type(e), gives_pair(source))
        return f"unfit: {type(e).__name__}"
    try:
        wanted = case.slopes()
    except Exception as e:
        return f"unfit: {type(e).__name__} nearby"
    scale = max(1.0, abs(value), abs(wanted[0]))
    if not np.isfinite(value + wanted[0] + wanted[1]) or scale > 1e5:
        return "unfit: large"
    if abs(wanted[0] - wanted[1]) > 1e-7 * scale:
        return "unfit: kink"
    if abs(differences.value(case.number, case.doubles) - value) > 1e-9 * case.loose * scale:
        return "unfit: single precision"
    options = {"has_aux": pair, "cache": False}
    args = differences.fresh(case.args)
    try:
        got = _parts(sourcead.value_and_grad(case.f, case.wrt, jit=False, **options)(*args), pair)
    except (Unsupported, RuleMissing) as refusal:
        return refused(refusal)
    except TypeError as e:
        if "the result must be a float" in str(e):
            return "unfit: not a float"
        raise
    except ZeroDivisionError:  # of Python's own numbers
        if case.asks_for_no_angle():
            return "unfit: no angle"
        raise
    _same(args, case.args)
    assert abs(got[0] - value) <= 1e-9 * case.loose * scale, ("value", got[0], value)
    slope = case.along(got[1])
    if not abs(slope - wanted[0]) <= 1e-6 * min(case.loose, 1e3) * scale:
        if case.at_a_kink(scale):
            return "unfit: kink"
        if not np.isfinite(slope) and case.overflows():
            return "unfit: large on the way"
        if np.isnan(slope) and case.asks_for_no_angle():
            return "unfit: no angle"
        raise AssertionError("slope", slope, wanted[0])
    forwards(case, options, value, slope, scale)
    _agree("tape", taped(case), got, scale, case)
    if compiled and "np.random" not in source:  # Numba has a generator of its own
        fast = sourcead.value_and_grad(case.f, case.wrt, **options)(*differences.fresh(case.args))
        _agree("compiled", _parts(fast, pair), got, scale, case)
    return "right"


def forwards(case: Case, options: dict[str, Any], value: float, slope: float, scale: float) -> None:
    """Forward mode gives the slope that the gradient gives."""
    args = differences.fresh(case.args)
    dots = tuple(case.direction[k] for k in case.wrt)
    got, dot = sourcead.jvp_fn(case.f, case.wrt, jit=False, **options)(dots, *args)
    _same(args, case.args)
    got = got[0] if options["has_aux"] else got
    assert abs(got - value) <= 1e-9 * case.loose * scale, ("value of forward mode", got, value)
    if np.isfinite(slope) and not abs(dot - slope) <= 1e-7 * min(case.loose, 1e4) * scale:
        raise AssertionError("forward", dot, slope)


def gives_pair(source: str) -> bool:
    """Does the program return a pair of its result and something else?"""
    last = ast.parse(source).body[-1].body[-1]  # type: ignore[attr-defined]
    return isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple)


def raises(case: Case, error: type[Exception], pair: bool) -> str:
    """The gradient raises what the program raises."""
    try:
        sourcead.grad(case.f, case.wrt, has_aux=pair, jit=False, cache=False)(*differences.fresh(case.args))
    except (Unsupported, RuleMissing) as refusal:
        return refused(refusal)
    except error as e:
        if not isinstance(e, SourceadError) and "program" in str(traceback.extract_tb(e.__traceback__)):
            return "raises"
        raise
    raise AssertionError(f"no {error.__name__}")


def refused(e: Exception) -> str:
    what = str(e).split("\n")[0]
    return "unfit: not for Numba" if "cannot unify" in what or "Numba cannot type" in what else f"refused: {what}"


def taped(case: Case) -> Any:
    """What the tape says; None where it cannot run the program."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tape.value_and_grad(case.number, case.wrt)(*differences.fresh(case.args))
    except (SourceadError, TypeError, AttributeError, ValueError, IndexError):
        return None


def _parts(result: Any, pair: bool) -> Any:
    kept, grads = result
    return (kept[0] if pair else kept), grads


def _same(args: Iterable[Any], before: Iterable[Any]) -> None:
    for a, b in zip(args, before, strict=True):
        differences.each(lambda v, w: np.testing.assert_array_equal(v, w, "the argument was changed"), a, b)


def _agree(who: str, theirs: Any, ours: Any, scale: float, case: Case) -> None:
    if theirs is None:
        return
    assert abs(theirs[0] - ours[0]) <= 1e-9 * case.loose * scale, (who, theirs[0], ours[0])
    loose = min(case.loose, 1e4)
    for a, b in zip(theirs[1], ours[1], strict=True):
        differences.each(
            lambda v, w: np.testing.assert_allclose(v, w, 1e-7 * loose, 1e-8 * loose * scale, err_msg=who), a, b
        )


def outcome(source: str, seed: int, compiled: bool = False) -> str:
    """What `check` says, or "wrong: ..." or "error: ..."."""
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return check(source, seed, compiled)
    except Exception as e:
        where = traceback.extract_tb(e.__traceback__)[-1]
        file = Path(where.filename).name
        kind = "wrong" if isinstance(e, AssertionError) and "sourcead" not in where.filename else "error"
        return f"{kind}: {type(e).__name__}: {' '.join(str(e).split())[:300]} [{file}:{where.lineno}]"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


def _too_long(*_: Any) -> None:
    raise TimeoutError


# ---- many ----------------------------------------------------------------------------------------------

Job = tuple[int, int, bool]  # the number of a program, its size, whether it is compiled


def one(job: Job) -> tuple[Job, str, str]:
    """The outcome of one program, and the program if it is wrong."""
    seed, largest, compiled = job
    source = random_source(seed, largest)
    found = outcome(source, seed, compiled)
    if not found.startswith(FAILED):
        return job, found, ""
    kind = _kind(found)
    small = shrunk(source, lambda text: _kind(outcome(text, seed, compiled)) == kind)
    return job, found, small


def _kind(found: str) -> list[str]:
    return found.split(":")[:2]


def several(jobs: list[Job]) -> list[tuple[Job, str, str]]:
    return [one(job) for job in jobs]


def run(jobs: Iterator[Job], processes: int, end: float) -> Iterator[tuple[Job, str, str]]:
    """The outcomes; each process makes a thousand programs: compiled code is never given back."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, max_tasks_per_child=100) as pool:
        while time.monotonic() < end:
            portions = [portion for _ in range(processes) if (portion := [j for _, j in zip(range(10), jobs)])]
            if not portions:
                return
            for found in pool.map(several, portions):
                yield from found


class Report:
    """What became of programs: from a log, and from this run."""

    def __init__(self, log: str | None):
        self.seen: Counter[str] = Counter()
        self.compiled = self.last = 0
        self.file: TextIO | None = None
        if log is not None:
            path = Path(log)
            for line in path.read_text().splitlines() if path.exists() else []:
                seed, largest, compiled, found = line.split(" ", 3)
                self.add((int(seed), int(largest), bool(int(compiled))), found)
            self.file = path.open("a")

    def add(self, job: Job, found: str) -> None:
        seed, largest, compiled = job
        self.last = max(self.last, seed)
        self.seen[found] += 1
        self.compiled += compiled and found.startswith(("right", *FAILED))
        if self.file is not None:
            print(seed, largest, int(compiled), found, file=self.file, flush=True)

    def of(self, *kinds: str) -> int:
        return sum(n for what, n in self.seen.items() if what.startswith(kinds))

    def __str__(self) -> str:
        kinds = ("right", "raises", "unfit", "refused", "wrong", "error")
        line = f"{self.seen.total()} programs, {self.compiled} compiled: "
        return line + ", ".join(f"{self.of(kind)} {kind}" for kind in kinds)


def options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--programs", type=int, default=10**9, help="stop after as many")
    parser.add_argument("--seed", type=int, default=1, help="the first program; the next ones follow")
    parser.add_argument(
        "--largest", type=int, default=4, help="size of the largest programs, 1 to 8 (default 4); most are small"
    )
    parser.add_argument("--compile-every", type=int, default=60, help="compile one program in as many (0: none)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--log", help="write here what became of each program, and go on where it ends")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    o = options(argv)
    end = time.monotonic() + 60.0 * o.minutes
    report = Report(o.log)
    first = max(o.seed, report.last + 1)
    jobs: Callable[[int], Job] = lambda s: (s, o.largest, bool(o.compile_every) and s % o.compile_every == 0)  # noqa: E731
    for job, found, source in run(map(jobs, range(first, first + o.programs)), o.jobs, end):
        report.add(job, found)
        if source:
            print(f"\n==== program {job[0]}: {found}\n{source}", flush=True)
        if job[0] % 50 == 0:
            print(report, flush=True)
    print(report)
    for what, times in report.seen.most_common():
        print(f"{times:7d} {what}")
    return 1 if report.of(*FAILED) else 0


if __name__ == "__main__":
    sys.exit(main())
