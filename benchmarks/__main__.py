"""python -m benchmarks [--only WORD] [--seconds S] [--json FILE]"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import scipy.linalg  # noqa: F401  the BLAS that compiled code calls: loaded now, so that its threads can be limited
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from . import calls, checkpointed, gmm, heat, logistic, lorenz, lstm, mlp, modes, parallel, sumexp
from .case import Case, Row, measure

CASES: dict[str, Callable[[], Case]] = {
    "mlp1": partial(mlp.case, 1),
    "mlp32": partial(mlp.case, 32),
    "mlp256": partial(mlp.case, 256),
    "lorenz": lorenz.case,
    "lstm": lstm.case,
    "heat": heat.case,
    "sumexp": sumexp.case,
    "gmm": gmm.case,
    "logistic": logistic.case,
    "call": calls.case,
    **{f"jvp-{name}": partial(modes.along, name) for name in modes.PROGRAMS},
    **{f"hvp-{name}": partial(modes.second, name) for name in modes.PROGRAMS},
    **{f"checkpointed-{n}": partial(checkpointed.case, n) for n in (100, 1000, 10_000)},
    "jacobian-columns": modes.jacobian,
    "jacobian-rows": modes.rows,
    **{f"parallel-{name}": partial(parallel.case, name) for name in parallel.PROGRAMS},
}


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed of gradients, as ratios.")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--seconds", type=float, default=2.0, help="time spent on a case (default 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    return parser.parse_args(argv)


def table(rows: list[Row]) -> Table:
    result = Table(title="minimum of interleaved calls, one process", box=SIMPLE, pad_edge=False)
    result.add_column("program", no_wrap=True)
    for heading in ("primal\nms", "ours /\nprimal", "hand /\nprimal", "ours /\nhand", "differ\nby", "first\ncall s"):
        result.add_column(heading, justify="right")
    for row in rows:
        ratios = (f"{r:.2f}" for r in (row.ours_per_primal, row.hand_per_primal, row.ours_per_hand))
        other = f"{row.difference:.0e}", f"{row.compile_seconds:.1f}"
        result.add_row(row.name, f"{row.primal * 1e3:.4g}", *ratios, *other)
    return result


def main(argv: Sequence[str] | None = None) -> None:
    chosen = options(argv)
    console = Console()
    rows = []
    for name in chosen.only:
        with console.status(name):
            rows.append(measure(CASES[name](), chosen.seconds))
    console.print(table(rows))
    if chosen.json:
        ratios = ("ours_per_primal", "hand_per_primal", "ours_per_hand")
        figures = [asdict(row) | {r: getattr(row, r) for r in ratios} for row in rows]
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    with threadpool_limits(1):  # comparisons need no second thread
        main()
