"""A machine that looks for wrong gradients: random programs, compared with witnesses.

`python -m tests.fuzz --minutes 10` makes random user functions and differentiates them. Each gradient is compared with
central differences along a random direction, with the tape where it can run the program, and now and then with
compiled code. It prints every program that is wrong, made as small as it stays wrong, and ends with a report. Programs
near a kink or an overflow, and those that Numba does not take, are unfit; refusals are listed by reason.
"""

from __future__ import annotations

import argparse
import ast
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import differences
import numpy as np
from random_sources import arguments, load, random_source

import sourcead
from sourcead import tape
from sourcead.errors import RuleMissing, SourceadError, Unsupported

SECONDS = 120.0  # of processor time a program may take


def check(source: str, seed: int = 0, compiled: bool = False) -> str:
    """Differentiate a program: "right", "refused: ..." or "unfit"; raises AssertionError, or an internal error."""
    f = load(source)
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    args = arguments(seed, list(names))
    r = np.random.RandomState(seed)
    direction = {k: r.uniform(-1.0, 1.0, np.shape(a)) for k, a in enumerate(args)}
    try:
        value = differences.value(f, args)
        wanted = [differences.directional(f, args, direction, step) for step in (3e-4, 1e-4)]
    except (ZeroDivisionError, OverflowError, ValueError, IndexError, TypeError):
        return "unfit"
    scale = max(1.0, abs(value), abs(wanted[0]))
    if not np.isfinite(value + wanted[0] + wanted[1]) or scale > 1e5 or abs(wanted[0] - wanted[1]) > 1e-7 * scale:
        return "unfit"
    everything = tuple(range(len(args)))
    try:
        got, grads = sourcead.value_and_grad(f, everything, jit=False, cache=False)(*args)
    except (Unsupported, RuleMissing) as refusal:
        what = str(refusal).split("\n")[0]
        return "unfit" if "cannot unify" in what or "Numba cannot type" in what else f"refused: {what}"
    assert abs(got - value) <= 1e-9 * scale, (got, value)
    slope = sum(np.sum(g * direction[k]) for k, g in enumerate(grads))
    assert abs(slope - wanted[0]) <= 1e-6 * scale, (slope, wanted[0])
    agree("tape", taped(f, everything, args), (got, grads), scale)
    if compiled:
        agree("compiled", sourcead.value_and_grad(f, everything, cache=False)(*args), (got, grads), scale)
    return "right"


def taped(f: Callable[..., Any], argnums: tuple[int, ...], args: list[Any]) -> Any:
    """What the tape says; None where it cannot run the program."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tape.value_and_grad(f, argnums)(*differences.fresh(args))
    except (SourceadError, TypeError, AttributeError, ValueError, IndexError):
        return None


def agree(who: str, theirs: Any, ours: Any, scale: float) -> None:
    if theirs is None:
        return
    assert abs(theirs[0] - ours[0]) <= 1e-9 * scale, (who, theirs[0], ours[0])
    for a, b in zip(theirs[1], ours[1], strict=True):
        np.testing.assert_allclose(a, b, 1e-7, 1e-8 * scale, err_msg=who)


# ---- smaller programs that are wrong too -------------------------------------------------------------


def smaller(source: str) -> Iterator[str]:
    """The program without one statement, or with the body of one in its place."""
    tree = ast.parse(source)
    places = [
        (node, name, k)
        for node in ast.walk(tree)
        for name in ("body", "orelse")
        if isinstance(getattr(node, name, None), list)
        for k in range(len(getattr(node, name)))
    ]
    for node, name, k in places:
        block = getattr(node, name)
        old = list(block)
        for new in ([], getattr(old[k], "body", None), getattr(old[k], "orelse", None)):
            if new is None or isinstance(old[k], (ast.FunctionDef, ast.Return)):
                continue
            block[k : k + 1] = new
            if block or name == "orelse":
                yield ast.unparse(tree)
            block[:] = old


def shrunk(source: str, wrong: Callable[[str], bool], tries: int = 200) -> str:
    """A program that is still wrong, without what it does not need for that."""
    while tries > 0:
        for candidate in smaller(source):
            tries -= 1
            if tries <= 0 or wrong(candidate):
                break
        else:
            return source
        if tries > 0:
            source = candidate
    return source


def outcome(source: str, seed: int, compiled: bool = False) -> str:
    """What `check` says, or "wrong: ..." """
    signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return check(source, seed, compiled)
    except Exception as e:
        where = traceback.extract_tb(e.__traceback__)[-1]
        return f"wrong: {type(e).__name__}: {str(e)[:300]} [{Path(where.filename).name}:{where.lineno}]"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


def too_long(*_: Any) -> None:
    raise TimeoutError


# ---- many ----------------------------------------------------------------------------------------------


def one(job: tuple[int, int, bool]) -> tuple[int, str, str]:
    """The outcome of one program, and the program if it is wrong."""
    seed, largest, compiled = job
    source = random_source(Random(seed), largest)
    found = outcome(source, seed, compiled)
    if not found.startswith("wrong"):
        return seed, found, ""
    kind = found.split(":")[:2]
    return seed, found, shrunk(source, lambda text: outcome(text, seed, compiled).split(":")[:2] == kind)


def options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--programs", type=int, default=10**9, help="stop after as many")
    parser.add_argument("--seed", type=int, default=0, help="the first program; the next ones follow")
    parser.add_argument("--largest", type=int, default=3, help="size of the programs, 1 to 8 (default 3)")
    parser.add_argument("--compile-every", type=int, default=60, help="compile one program in as many (0: none)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    o = options(argv)
    end = time.monotonic() + 60.0 * o.minutes
    seen: Counter[str] = Counter()
    compiled = done = 0
    with ProcessPoolExecutor(o.jobs) as pool:
        while time.monotonic() < end and done < o.programs:
            seeds = range(o.seed + done, o.seed + min(done + 10 * o.jobs, o.programs))
            jobs = [(s, o.largest, bool(o.compile_every) and s % o.compile_every == 0) for s in seeds]
            for seed, outcome, source in pool.map(one, jobs):
                seen[outcome] += 1
                if source:
                    print(f"\n==== seed {seed}: {outcome}\n{source}", flush=True)
            done += len(jobs)
            compiled += sum(c for *_, c in jobs)
            wrong = sum(n for what, n in seen.items() if what.startswith("wrong"))
            print(f"{done} programs, {compiled} compiled, {seen['right']} right, {wrong} wrong", flush=True)
    for what, times in seen.most_common():
        print(f"{times:7d} {what}")
    return 1 if any(what.startswith("wrong") for what in seen) else 0


if __name__ == "__main__":
    sys.exit(main())
