"""Random control flow: parsing, single definitions and a second round of them change no result."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from sourcead.emit import to_function
from sourcead.frontend import parse
from sourcead.ssa import ssa
from sourcead.verify import SINGLE, verify

POINTS = ((1, 2, 3), (0, 5, 0), (7, -4, 6), (-3, -3, 2))
NAMES = ("a", "b", "c", "d")
RANGES = (
    "range(3)",
    "range(n, -1, -2)",
    "range(b % 4)",
    "range(2, 9, 1 + c % 3)",
    "reversed(range(1, 4))",
    "reversed(range(0, 7, 1 + n % 3))",
    "(1, c, d)",
)
PAIRS = ("enumerate(range(2, 5), c)", "enumerate(range(a % 3, 5, 1 + d % 2))", "zip(range(4), range(5, 1, -1))")

HELPER = """
def h(u, v):
    if u > v:
        for i in range(3):
            if u % 3 == i:
                return u - i
        u = u + 1
    elif u == v:
        return 2 * u
    return v - u
"""


class Writer:
    """Writes one function of integers: every kind of jump, at any depth."""

    def __init__(self, seed: int):
        self.r = Random(seed)
        self.counters = 0

    def name(self) -> str:
        return self.r.choice(NAMES)

    def condition(self) -> str:
        n, small = self.r.choice((*NAMES, "n")), self.r.randint(-3, 9)
        match self.r.randrange(7):
            case 0:
                return f"{n} % {self.r.randint(2, 3)} == 1"
            case 1:
                return f"{n} > {small}"
            case 2:
                return f"{self.name()} < {self.name()}"
            case 3:
                return f"{self.condition()} and {self.condition()}"
            case 4:
                return f"{self.condition()} or 7 // ({n} % 3 + 1) > {small}"
            case 5:
                return f"not {n} > {small}"
        return f"{self.r.randint(-5, 2)} < {self.name()} <= {self.name()} < 50"

    def value(self) -> str:
        match self.r.randrange(6):
            case 0:
                return str(self.r.randint(-3, 5))
            case 1:
                return f"{self.name()} + {self.name()}"
            case 2:
                return f"{self.name()} - n % 5"
            case 3:
                return f"({self.value()} if {self.condition()} else {self.name()})"
            case 4:
                return f"h({self.name()}, {self.name()}) % 11"
        return self.name()

    def block(self, depth: int, in_loop: bool) -> Iterator[str]:
        for _ in range(self.r.randint(1, 4)):
            lines = list(self.statement(depth, in_loop))
            yield from ("    " + line for line in lines or ["pass"])

    def statement(self, depth: int, in_loop: bool) -> Iterator[str]:
        kind = self.r.randrange(11)
        x, y = self.r.sample(NAMES, 2)
        if kind < 3 or depth > 2 and kind > 5:
            yield f"{x} = {self.value()}"
        elif kind == 3:
            yield f"{x} += {self.value()}"
        elif kind == 4:
            yield f"{x}, {y} = {self.value()}, {x}"
        elif kind == 5:
            jumps = [f"return {self.value()}"] * (depth > 0) + ["break", "continue"] * in_loop
            if jumps:
                yield f"if {self.condition()}:" if self.r.random() < 0.9 else "if n == n:"
                yield f"    {self.r.choice(jumps)}"
        elif kind < 8:
            yield f"if {self.condition()}:"
            yield from self.block(depth + 1, in_loop)
            if self.r.random() < 0.3:
                yield f"elif {self.condition()}:"
                yield from self.block(depth + 1, in_loop)
            if self.r.random() < 0.6:
                yield "else:"
                yield from self.block(depth + 1, in_loop)
        else:
            yield from self.loop(depth, in_loop)

    def loop(self, depth: int, in_loop: bool) -> Iterator[str]:
        i = self.r.choice(("i", "j", "a"))
        if self.r.random() < 0.6:
            pair = self.r.random() < 0.3
            yield f"for {i}{', c' * pair} in {self.r.choice(PAIRS if pair else RANGES)}:"
        else:
            self.counters += 1
            w = f"w{self.counters}"
            yield f"{w} = 0"
            yield f"while {self.r.choice(('True', self.condition(), f'{w} < 3'))}:"
            yield f"    {w} += 1"
            yield f"    if {w} > {self.r.randint(1, 4)}:"
            yield f"        {self.r.choice(('break', f'return {w}'))}"
        yield from self.block(depth + 1, True)
        if self.r.random() < 0.3:
            yield "else:"
            yield from self.block(depth + 1, in_loop)

    def function(self, name: str) -> str:
        body = "\n".join(self.block(0, False))
        return f"def {name}(a, b, n):\n    c, d = a - b, 1\n{body}\n    return a + 3 * b + 5 * c + 7 * d\n"


def load(path: Path, text: str) -> ModuleType:
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(3))
def test_random_control_flow(seed: int, tmp_path: Path) -> None:
    count = 12
    text = HELPER + "\n".join(Writer(1000 * seed + k).function(f"f{k}") for k in range(count))
    module = load(tmp_path / f"jumps{seed}.py", text)
    for k in range(count):
        f = getattr(module, f"f{k}")
        parsed = verify(parse(f))
        once = verify(ssa(parsed), SINGLE)
        twice = verify(ssa(once), SINGLE)
        runs = [to_function(g) for g in (parsed, once, twice)]
        for point in POINTS:
            assert [run(*point) for run in runs] == [f(*point)] * 3, (f.__name__, point)
