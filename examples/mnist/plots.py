"""Pictures of a finished training, written to a folder as PNG files."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from .data import Digits
from .network import logits_vectorised
from .training import Progress


def draw_all(
    folder: Path, parameters: tuple[np.ndarray, ...], digits: Digits, curves: dict[str, Progress]
) -> list[Path]:
    """All pictures; `curves` maps the name of an engine to what its training reached."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "curves.png": learning_curves(curves),
        "misclassified.png": misclassified(parameters, digits),
        "weights.png": first_layer(parameters[0]),
    }
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=120)
        plt.close(figure)
    return [folder / name for name in figures]


def learning_curves(curves: dict[str, Progress]) -> plt.Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    styles = ["-", "--", ":"]
    for (name, progress), style in zip(curves.items(), styles, strict=False):
        epochs = np.arange(1, len(progress.losses) + 1)
        left.plot(epochs, progress.losses, style, marker=".", label=name)
        right.plot(epochs, progress.accuracies, style, marker=".", label=name)
    left.set(title="training loss", xlabel="epoch", ylabel="mean cross-entropy", yscale="log")
    right.set(title="test accuracy", xlabel="epoch", ylabel="share of test images recognised")
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def misclassified(parameters: tuple[np.ndarray, ...], digits: Digits, rows: int = 4, columns: int = 8) -> plt.Figure:
    """Test images that the network takes for another digit, those it is surest of first."""
    z = logits_vectorised(*parameters, slice(None), digits.X_test)
    guess = np.argmax(z, axis=1)
    z = z - np.max(z, axis=1, keepdims=True)
    confidence = 1.0 / np.sum(np.exp(z), axis=1)
    wrong = np.flatnonzero(guess != digits.labels_test)
    wrong = wrong[np.argsort(-confidence[wrong])]
    figure, axes = plt.subplots(rows, columns, figsize=(1.3 * columns, 1.55 * rows + 0.5), layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, k in zip(axes.flat, wrong, strict=False):
        ax.imshow(digits.X_test[k].reshape(28, 28), cmap="gray_r", vmin=0.0, vmax=1.0)
        ax.set_title(f"{digits.labels_test[k]} as {guess[k]} ({confidence[k]:.0%})", fontsize=8)
    figure.suptitle(f"{len(wrong)} of {len(guess)} test digits misclassified: true digit as guess (confidence)")
    return figure


def first_layer(W1: np.ndarray, side: int = 8) -> plt.Figure:
    """What each unit of the first layer looks for: red raises it, blue lowers it."""
    figure, axes = plt.subplots(side, side, figsize=(8, 8.6), layout="constrained")
    limit = np.percentile(np.abs(W1), 99.5)
    for unit, ax in enumerate(axes.flat):
        image = ax.imshow(W1[:, unit].reshape(28, 28), cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.axis("off")
    figure.colorbar(image, ax=axes, shrink=0.5, label="weight")
    figure.suptitle("weights of the 64 units of the first layer")
    return figure
