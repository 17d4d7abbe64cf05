"""The backward sweep over a tape."""

from __future__ import annotations

from typing import Any

import numpy as np

from sourcead.rules.array import unbroadcast

from .pulls import CAREFUL
from .record import Edge, Tape


def gradients(tape: Tape, y: int, seed: Any, inputs: int) -> tuple[list[Any], bytearray]:
    """The gradients of variable `y` with respect to the first `inputs` variables; None where nothing arrived.

    The second result tells which of them nobody else holds.

    When an invalid operation is met the sweep is repeated with pulls in which nothing times infinity is nothing.
    That is what `np.where(x > 0, np.sqrt(x), 0)` needs at zero, and others should not pay for.
    """
    invalid: list[str] = []
    with np.errstate(all="ignore", invalid="call", call=lambda kind, flag: invalid.append(kind)):
        bars, mine = sweep(tape.edges, tape.count, y, seed, inputs, careful=False)
    if invalid:
        with np.errstate(all="ignore"):
            bars, mine = sweep(tape.edges, tape.count, y, seed, inputs, careful=True)
    return bars, mine


def sweep(edges: list[Edge], count: int, y: int, seed: Any, inputs: int, careful: bool) -> tuple[list[Any], bytearray]:
    bars: list[Any] = [None] * count
    mine = bytearray(count)  # is the adjoint an array that nobody else holds?
    bars[y] = seed
    last = y
    for out, parent, pull, saved, shape, fresh in reversed(edges):
        y_bar = bars[out]
        if y_bar is None:
            continue
        if out != last:
            if last >= inputs:
                bars[last] = None  # all of its readers have been served
            last = out
        bar = bars[parent]
        if pull is None:
            index, repeated, dtype = saved
            if bar is None:
                bars[parent] = bar = np.zeros(shape, dtype)
            elif not mine[parent]:
                bars[parent] = bar = np.array(bar)
            mine[parent] = 1
            if repeated:
                np.add.at(bar, index, y_bar)
            else:
                bar[index] += y_bar
            continue
        if careful:
            pull = CAREFUL.get(pull, pull)
        share = pull(y_bar, *saved)
        if shape is not None:
            share = fold(share, shape)
            fresh = True
        if bar is None:
            bars[parent] = share
            mine[parent] = fresh
        elif mine[parent]:
            bar += share
            bars[parent] = bar  # a number is not changed in place
        else:
            bars[parent] = bar + share
            mine[parent] = 1
    return bars[:inputs], mine


def fold(share: Any, shape: tuple[int, ...]) -> Any:
    """The share of an argument that was broadcast."""
    if shape == ():
        return np.add.reduce(share, None)
    if share.ndim == 2 and share.shape[1:] == shape:  # a row added to a matrix
        return np.add.reduce(share, 0)
    return unbroadcast(share, shape)
