"""Recognise handwritten digits: a network trained natively, its gradient made by source transformation.

The forward pass, the backward pass and the update run inside one compiled function; then the same
network, from the same start and with the same batches, is trained with the tape engine.

    python examples/train_mnist.py --epochs 20 --batch 32
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import scipy.linalg  # noqa: F401  the BLAS that compiled code calls: loaded now, so that its threads can be limited
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from threadpoolctl import threadpool_limits

from mnist import compare, data, network, training
from mnist.training import Progress, Settings

console = Console()


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=32, help="images a step (default 32)")
    parser.add_argument("--rate", type=float, default=0.2, help="learning rate (default 0.2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=["float64", "float32"], default="float64")
    parser.add_argument("--no-tape", action="store_true", help="train by source transformation only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the pictures (default out)")
    chosen = parser.parse_args(argv)
    if chosen.epochs < 1 or chosen.batch < 1:
        parser.error("--epochs and --batch must be at least 1")
    return chosen


def watch(title: str, progress: Progress, running: Callable[[], bool], lines: bool = False) -> None:
    """A progress bar over the epochs (over nothing while compiling); `lines`: a line an epoch besides."""
    epochs = len(progress.losses)
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    ]
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=epochs or None)
        shown = 0
        while True:
            alive = running()  # asked before looking, so that the last epoch is seen
            done = progress.finished_epochs()
            for k in range(shown, done if lines else 0):
                loss, accuracy = progress.losses[k], progress.accuracies[k]
                console.print(f"epoch {k + 1:3d}   loss {loss:.4f}   test accuracy {accuracy:.4f}", highlight=False)
            shown = done
            bar.update(task, completed=done)
            if not alive:
                return
            time.sleep(0.05)


def result_table(rows: list[tuple[str, compare.Run, compare.Run | None, float | None]]) -> Table:
    table = Table(title="one training, two engines: seconds, first gradients, final test accuracies")
    for heading in ("", "sourcead", "tape", "ratio", "max |difference|", "accuracy", "tape's"):
        table.add_column(heading, justify="right")
    for name, ours, taped, difference in rows:
        cells = [name, f"{ours.seconds:.3f} s", "-", "-", "-", f"{ours.accuracy:.4f}", "-"]
        if taped is not None:
            cells[2:5] = [f"{taped.seconds:.3f} s", f"{taped.seconds / ours.seconds:.1f}", f"{difference:.1e}"]
            cells[6] = f"{taped.accuracy:.4f}"
        table.add_row(*cells)
    return table


def main(argv: Sequence[str] | None = None) -> None:
    chosen = options(argv)
    dtype = np.dtype(chosen.precision).type
    settings = Settings(chosen.epochs, chosen.batch, chosen.rate, chosen.seed, dtype)
    with console.status("reading the digits"):
        digits = data.load(settings.seed, dtype)
    start = network.initial_parameters(settings.seed, dtype)
    console.print(f"{len(digits.X)} training and {len(digits.X_test)} test images, network {network.SIZES}")

    compiled = compare.timed_run(training.native, start, digits, settings._replace(epochs=0), watch, "compiling")
    console.print(f"compiled in {compiled.seconds:.1f} s")
    ours = compare.timed_run(training.native, start, digits, settings, partial(watch, lines=True), "sourcead")
    figures = {
        "test_accuracy": ours.accuracy,
        "train_seconds_source": ours.seconds,
        "compile_seconds": compiled.seconds,
        "train_seconds_tape": None,
        "max_gradient_difference": None,
        "epochs": settings.epochs,
        "ratio_batch_1": None,
    }
    rows, curves = [(f"batch {settings.batch}", ours, None, None)], {"sourcead": ours.progress}
    if not chosen.no_tape:
        taped = compare.timed_run(compare.taped, start, digits, settings, watch, "tape")
        single, single_taped = compare.batch_1(start, digits, settings, watch)
        difference, difference_1 = (compare.first_gradient_difference(start, digits, b) for b in (settings.batch, 1))
        rows = [(rows[0][0], ours, taped, difference), ("batch 1", single, single_taped, difference_1)]
        curves["tape"] = taped.progress
        figures["train_seconds_tape"] = taped.seconds
        figures["max_gradient_difference"] = max(difference, difference_1)
        figures["ratio_batch_1"] = single_taped.seconds / single.seconds
    console.print(result_table(rows))

    from mnist import plots  # matplotlib is slow to import: after the training

    pictures = plots.draw_all(chosen.out, ours.parameters, digits, curves)
    console.print("pictures: " + ", ".join(map(str, pictures)))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    with threadpool_limits(1):  # for products of this size a second thread costs more than it helps
        main()
