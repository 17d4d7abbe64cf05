"""Random user functions, as source text: what somebody might write between `def` and `return`.

Every program is valid: it runs in Python, and Numba can type it.
"""

from __future__ import annotations

import itertools
import linecache
import math
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numba import literal_unroll, prange

from . import arrays, containers, flow, memory, scalars  # noqa: F401 (each registers what it makes)
from .calls import FUNCTIONS, TABLE, random_helpers
from .containers import Pair
from .maker import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    MATRIX,
    SHORT,
    SQUARE,
    VECTOR,
    Choices,
    List,
    M,
    Maker,
    N,
    Ragged,
    Tuple,
    Type,
)

PARAMETERS: dict[str, Any] = {"x": VECTOR, "s": FLOAT, "y": VECTOR, "w": MATRIX, "q": SQUARE, "z": SHORT, "t": FLOAT}
SELDOM: dict[str, Any] = {
    "single": VECTOR,
    "cs": Type("c", (N,)),
    "c": COMPLEX,
    "idx": Type("i", (M,)),
    "mask": Type("b", (N,)),
    "n": INT,
    "yes": BOOL,
    "pair": Tuple((VECTOR, FLOAT)),
    "named": Tuple((FLOAT, SHORT), ("left", "right")),
    "net": Tuple((VECTOR, FLOAT), ('"u"', '"v"')),
}
_serial = itertools.count(1)


def load(source: str, name: str = "program") -> Callable[..., Any]:
    """The function of a text, where `inspect` finds its source."""
    filename = f"<random program {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    space: dict[str, Any] = {"np": np, "math": math, "prange": prange, "literal_unroll": literal_unroll}
    space |= {"Pair": Pair, "TABLE": TABLE.copy(), **{f.__name__: f for f in FUNCTIONS}}
    exec(compile(source, filename, "exec"), space)
    return space[name]


def arguments(seed: int, names: list[str]) -> list[Any]:
    """Values for parameters of these names."""
    r = np.random.RandomState(seed)
    return [_argument(r, n, {**PARAMETERS, **SELDOM}[n]) for n in names]


def _argument(r: np.random.RandomState, name: str, type: Any) -> Any:
    if isinstance(type, Tuple):
        items = [_argument(r, "", t) for t in type.items]
        if name == "net":
            return dict(zip("uv", items, strict=True))
        return Pair(*items) if type.keys else tuple(items)
    a = r.uniform(-1.0, 1.0, type.shape)
    if name == "single":
        return a.astype(np.float32)
    if type.kind == "c":
        a = a + 1j * r.uniform(-1.0, 1.0, type.shape)
    elif type.kind == "b":
        a = a > 0
    elif type.kind == "i":
        a = r.randint(-M, M, type.shape) if type.shape else r.randint(0, M)
    if type.shape:
        return a
    return {"f": float, "c": complex, "i": int, "b": bool}[type.kind](a)


@st.composite
def programs(draw: Callable[[Any], Any], largest: int = 3) -> str:
    """Programs for tests with hypothesis, which makes them smaller as well."""
    return source(Choices(lambda n: draw(_below(n))), largest)


@cache
def _below(n: int) -> Any:
    return st.integers(0, n - 1)


def random_source(seed: int, largest: int = 3) -> str:
    """The program of a number: unlike those that hypothesis makes in a row, they have nothing to do with each other."""
    return source(Choices(Random(seed).randrange), largest)


def source(c: Choices, largest: int) -> str:
    """A module with `program`, and perhaps functions that it calls; `largest` bounds the number of its statements."""
    helpers, text = random_helpers(c, c.choice([0, 0, 1, 2]))
    chosen = c.some(list(PARAMETERS), 1, 5) + (c.some(list(SELDOM), 0, 2) if c.chance(50) else [])
    m = Maker(c, {n: {**PARAMETERS, **SELDOM}[n] for n in chosen}, helpers)
    m.parts.add("single")  # no other name has its type
    if c.chance(10):
        m.scope["TABLE"] = VECTOR
        m.constant.add("TABLE")
    m.lines.append(f"def program({', '.join(chosen)}):")
    body(m, min(largest, c.choice([1, 1, 1, 1, 2, c.between(2, 8)])))
    return text + "\n".join(m.lines) + "\n"


def body(m: Maker, size: int) -> None:
    c = m.c
    m.aux = c.chance(6)
    m.draws = c.chance(6)
    if m.draws:
        m.line(f"np.random.seed({c.below(100)})")
    for n in [*m.names(VECTOR), *m.names(MATRIX)]:
        if m.free(n) and c.chance(30):
            m.line(f"{n} = {n}.copy()" if c.chance(70) else f"{n} = {n} * 0.75")
    for _ in range(c.below(2)):
        name = m.fresh(FLOAT)
        m.line(f"{name} = {m.number(1)}")
        m.bind(name, FLOAT)
    m.block(size, size + 2)
    ends = [text for n in sorted(m.scope) if c.chance(55) for text in of_everything(n, m.scope[n])]
    m.line(m.returned(" + ".join([m.number(2), *ends])))


def of_everything(n: str, type: Any) -> list[str]:
    """Terms of the result: what became of a name."""
    match type:
        case Type("f", ()):
            return [f"np.tanh({n})"]
        case Type("f"):
            return [f"np.sum({n} * {n})"]
        case Type("c", ()):
            return [f"{n}.real", f"abs({n})"]
        case Type("c"):
            return [f"np.sum(({n} * {n}).imag)", f"np.sum(np.abs({n}))"]
        case Type("i" | "b", ()):
            return [f"{n} * 0.5"]
        case List():
            return [f"sum({n})", f"{n}[0] * {n}[-1]"]
        case Ragged():
            return [f"np.sum({n} * {n})"]
    return []
