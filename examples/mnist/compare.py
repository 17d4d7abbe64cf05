"""The same training by source transformation and by the tape, timed, with the numbers that must agree."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sourcead import tape

from . import training
from .data import Digits, dense
from .network import PARAMETERS, logits_vectorised, loss_vectorised
from .training import Engine, Progress, Settings

BATCH_1_STEPS = 500

tape_loss_and_gradient = tape.value_and_grad(loss_vectorised, argnums=PARAMETERS)
taped = Engine(training.training_loop(tape_loss_and_gradient, logits_vectorised, training.descend), dense)

Watch = Callable[[str, Progress, Callable[[], bool]], None]


@dataclass
class Run:
    """One training: what it learned and how long it took."""

    parameters: tuple[np.ndarray, ...]
    seconds: float
    progress: Progress

    @property
    def accuracy(self) -> float:
        return float(self.progress.accuracies[-1]) if len(self.progress.accuracies) else float("nan")


def timed_run(engine: Engine, start: Any, digits: Digits, settings: Settings, watch: Watch, title: str) -> Run:
    """Train in a thread of its own while `watch(title, progress, running)` shows how far it is."""
    progress = Progress(settings.epochs)
    data = (engine.form(digits.X), digits.labels, engine.form(digits.X_test), digits.labels_test)
    outcome: dict[str, Any] = {}

    def work() -> None:
        begin = time.perf_counter()
        try:
            outcome["parameters"] = training.run(engine, start, data, settings, progress)
        except BaseException as error:  # told in the main thread
            outcome["error"] = error
        outcome["seconds"] = time.perf_counter() - begin

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    watch(title, progress, thread.is_alive)
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return Run(outcome["parameters"], outcome["seconds"], progress)


def first_gradient_difference(start: tuple[np.ndarray, ...], digits: Digits, batch: int) -> float:
    """Largest difference of any element of the first minibatch's gradient between the two engines."""
    chosen = np.arange(batch)
    _, ours = training.loss_and_gradient(*start, digits.labels, chosen, *training.native.form(digits.X))
    _, theirs = tape_loss_and_gradient(*start, digits.labels, chosen, *taped.form(digits.X))
    return max(float(np.max(np.abs(a - b))) for a, b in zip(ours, theirs, strict=True))


def batch_1(start: tuple[np.ndarray, ...], digits: Digits, settings: Settings, watch: Watch) -> tuple[Run, Run]:
    """A short training image by image with both engines."""
    short = Digits(digits.X[:BATCH_1_STEPS], digits.labels[:BATCH_1_STEPS], digits.X_test, digits.labels_test)
    single = settings._replace(epochs=1, batch=1, rate=settings.rate / 10)
    ours = timed_run(training.native, start, short, single, watch, "sourcead, batch 1")
    return ours, timed_run(taped, start, short, single, watch, "tape, batch 1")
