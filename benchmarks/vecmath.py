"""How fast `sourcead.vecmath` is: `python -m benchmarks.vecmath [--sizes N ...] [--seconds S] [NAME ...]`.

Nanoseconds for an element, in loops over arrays: ours, NumPy's, and Numba's with the C library.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special as sp
from numba import njit
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from sourcead import vecmath


def logistic(x: Any, y: Any) -> Any:
    """As it is written with NumPy."""
    return np.divide(1.0, 1.0 + np.exp(-x), out=y)


NUMPY: dict[str, Callable[..., Any]] = {
    **{n: getattr(np, n) for n in ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "tan", "sqrt")},
    "sigmoid": logistic,
    "softplus": lambda x, y: np.logaddexp(x, 0.0, out=y),
    "erf": sp.erf,  # SciPy's: NumPy has none
    "pow": lambda x, y: np.power(x, x, out=y),
}
OURS = {"pow": "vecmath.pow(x[i], x[i])"}
NUMBA = {
    "sigmoid": "1.0 / (1.0 + np.exp(-x[i]))",
    "softplus": "np.log1p(np.exp(x[i]))",
    "erf": "math.erf(x[i])",
    "pow": "x[i] ** x[i]",
}


def applied(text: str) -> Any:
    """A compiled loop that puts this into `y[i]`."""
    space: dict[str, Any] = {"np": np, "math": math, "vecmath": vecmath}
    exec(f"def loop(x, y):\n    for i in range(len(x)):\n        y[i] = {text}", space)
    return njit(space["loop"], error_model="numpy")


def fastest(calls: Sequence[Callable[[], Any]], seconds: float) -> list[float]:
    """The least time of each, in turns."""
    best, end = [float("inf")] * len(calls), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for k, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[k] = min(best[k], time.perf_counter() - start)
    return best


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vecmath", description="Speed of sourcead.vecmath.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NUMPY))
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=0.5, help="time spent on a row (default 0.5)")
    given = parser.parse_args(argv)
    table = Table(title="ns / element, minimum of interleaved calls", box=SIMPLE, pad_edge=False)
    for heading in (
        "function",
        "type",
        "elements",
        "vecmath",
        "NumPy",
        "Numba",
        "NumPy /\nvecmath",
        "Numba /\nvecmath",
    ):
        table.add_column(heading, justify="left" if heading in ("function", "type") else "right", no_wrap=True)
    console, rng = Console(), np.random.default_rng(0)
    for name in given.names or NUMPY:
        with console.status(name):
            loops = applied(OURS.get(name, f"vecmath.{name}(x[i])")), applied(NUMBA.get(name, f"np.{name}(x[i])"))
            for dtype in (np.float64, np.float32):
                for n in given.sizes:
                    x = rng.uniform(0.1, 4.1, n).astype(dtype)
                    y = np.empty_like(x)
                    calls = [lambda f=f, x=x, y=y: f(x, y) for f in (loops[0], NUMPY[name], loops[1])]
                    for call in calls:
                        call()
                    ours, numpy, numba = (t / n * 1e9 for t in fastest(calls, given.seconds))
                    figures = ours, numpy, numba, numpy / ours, numba / ours
                    table.add_row(name, dtype.__name__, f"{n:,}", *(f"{v:.2f}" for v in figures))
    console.print(table)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
