"""What the parts of the generator share: types, names in scope, choices, lines.

A part registers functions that make a statement (`@statement`) or the text of an expression (`@number`, `@array`,
...). They are functions of the `Maker`; one that finds nothing to do here returns False or None, and another is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple, TypeVar

N, M = 4, 3
Item = TypeVar("Item")
Shape = tuple[int, ...]


class Type(NamedTuple):
    """A number or an array of numbers: `f` floats, `i` integers, `b` bools, `c` complex ones."""

    kind: str
    shape: Shape = ()


class Tuple(NamedTuple):
    """A tuple; with `keys` of a named one (attributes) or a dict (strings in quotes)."""

    items: tuple[Any, ...]
    keys: tuple[str, ...] = ()


class List(NamedTuple):
    """A list of floats of unknown length; not empty."""


class Ragged(NamedTuple):
    """A vector of floats of unknown length, perhaps empty."""


FLOAT, INT, BOOL, COMPLEX = Type("f"), Type("i"), Type("b"), Type("c")
VECTOR, SHORT, MATRIX, SQUARE = Type("f", (N,)), Type("f", (M,)), Type("f", (N, M)), Type("f", (N, N))
ARRAYS = (VECTOR, SHORT, MATRIX, SQUARE)

Makes = Callable[..., Any]
STATEMENTS: list[Makes] = []
NUMBERS: list[Makes] = []
INTEGERS: list[Makes] = []
CONDITIONS: list[Makes] = []
ARRAY_EXPRESSIONS: list[Makes] = []
COMPLEXES: list[Makes] = []


def statement(make: Makes) -> Makes:
    STATEMENTS.append(make)
    return make


def compound(make: Makes) -> Makes:
    """A statement that holds others: none where the nest is deep already."""
    return statement(wraps(make)(lambda m: False if m.deep() else make(m)))


def number(make: Makes) -> Makes:
    NUMBERS.append(make)
    return make


def integer(make: Makes) -> Makes:
    INTEGERS.append(make)
    return make


def condition(make: Makes) -> Makes:
    CONDITIONS.append(make)
    return make


def array(make: Makes) -> Makes:
    ARRAY_EXPRESSIONS.append(make)
    return make


def complexes(make: Makes) -> Makes:
    COMPLEXES.append(make)
    return make


class Choices:
    """Choices between so many possibilities, of which the first is the simplest."""

    def __init__(self, below: Callable[[int], int]):
        self._below = below

    def below(self, n: int) -> int:
        return self._below(n) if n > 1 else 0

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def choice(self, items: Sequence[Item]) -> Item:
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent

    def some(self, items: Sequence[Item], least: int, most: int) -> list[Item]:
        """Different ones, in their order."""
        left = list(range(len(items)))
        n = min(len(items), self.between(least, most))
        taken = {left.pop(self.below(len(left))) for _ in range(n)}
        return [item for k, item in enumerate(items) if k in taken]

    def two(self, items: Sequence[Item]) -> tuple[Item, Item]:
        k = self.below(len(items))
        rest = [*items[:k], *items[k + 1 :]]
        return items[k], self.choice(rest)


class Helper(NamedTuple):
    """A function that programs may call: names and types of its parameters, how many have defaults, its result."""

    name: str
    parameters: tuple[tuple[str, Any], ...]
    defaults: int
    result: Any  # None: it changes its first argument


class Maker:
    """Makes one function, statement by statement."""

    def __init__(self, choices: Choices, parameters: dict[str, Any], helpers: Sequence[Helper] = ()):
        self.c = choices
        self.scope: dict[str, Any] = dict(parameters)
        self.below: dict[str, int] = {}  # integers in scope that are an index below this bound
        self.held: set[str] = set()  # names that may not be bound again here
        self.parts: set[str] = set()  # names of parts of arrays: not bound again, not exchanged
        self.constant: set[str] = set()  # arrays that may not be written
        self.flags: dict[str, dict[str, Type]] = {}  # bools, and what is defined when they are true
        self.closures: list[str] = []  # functions of one number, defined inside
        self.helpers = list(helpers)
        self.lines: list[str] = []
        self.draws = False  # random numbers may be drawn
        self.aux = False  # the result is a pair
        self.depth = 1
        self.loops = 0
        self.count = 0
        # every program prefers other things: seldom ones meet more often then
        self.statements = self.c.some(STATEMENTS, 2, 7)
        self.numbers = self.c.some(NUMBERS, 2, 8)
        self.array_makers = self.c.some(ARRAY_EXPRESSIONS, 2, 8)
        self.nesting = self.c.choice([8, 20, 35])
        self.leaving = self.c.choice([0, 10, 30])

    # ---- lines and names

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def new(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def fresh(self, type: Type) -> str:
        """A name to bind: a new one, or one of this type that is bound already."""
        old = [n for n in self.names(type) if self.free(n)]
        if old and self.c.chance(40):
            return self.c.choice(old)
        return self.new("eauv"[len(type.shape)] if type.kind == "f" else {"i": "k", "b": "c", "c": "z"}[type.kind])

    def returned(self, text: str) -> str:
        return f"return {text}, {self.number(1)}" if self.aux else f"return {text}"

    def free(self, name: str) -> bool:
        return name not in self.held and name not in self.parts and name not in self.constant

    def bind(self, name: str, type: Any) -> None:
        self.scope[name] = type
        self.below.pop(name, None)
        self.parts.discard(name)

    def names(self, type: Any) -> list[str]:
        return sorted(n for n, t in self.scope.items() if t == type)

    def of(self, kind: type) -> list[str]:
        return sorted(n for n, t in self.scope.items() if isinstance(t, kind))

    def arrays(self, kind: str = "f", writable: bool = False) -> list[str]:
        """All arrays of a kind."""
        found = [n for n in self.of(Type) if self.scope[n].shape and self.scope[n].kind == kind]
        return [n for n in found if n not in self.constant and n not in self.held] if writable else found

    @contextmanager
    def nested(self, **bounds: int) -> Iterator[None]:
        """A block: what is first bound there is not read behind it."""
        kept = dict(self.scope), dict(self.below), list(self.closures), dict(self.flags)
        self.scope.update(dict.fromkeys(bounds, INT))
        self.below.update(bounds)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self.depth -= 1
        below = self.below
        self.scope, self.below, self.closures, self.flags = kept
        self.below = {n: b for n, b in self.below.items() if below.get(n) == b}

    @contextmanager
    def loop(self, *held: str, **bounds: int) -> Iterator[None]:
        """The body of a loop, where some names may not be bound again."""
        # what is an index when the body begins is still one when it begins again
        kept, self.held = self.held, self.held | set(held) | set(self.below)
        self.loops += 1
        with self.nested(**bounds):
            yield
        self.loops -= 1
        self.held = kept

    # ---- what the registered functions make

    def block(self, least: int, most: int) -> None:
        for _ in range(self.c.between(least, most)):
            self.statement()

    def deep(self) -> bool:
        return self.depth > 3 or len(self.lines) > 25

    def statement(self) -> None:
        from .flow import branch, loop

        if not self.deep() and self.c.chance(self.nesting):
            (loop if self.c.chance(65) else branch)(self)
            return
        for _ in range(4):
            if self.c.choice(self.statements)(self) is not False:
                return
        self.line("pass")

    def _first(self, makes: Sequence[Makes], *args: Any) -> str | None:
        for _ in range(3):
            text = self.c.choice(makes)(self, *args)
            if text is not None:
                return text
        return None

    def literal(self) -> str:
        return f"{self.c.between(-19, 19) / 8 + 0.03:.3g}" if self.c.chance(90) else str(self.c.between(1, 3))

    def number(self, depth: int) -> str:
        """A float."""
        from .scalars import element

        if depth > 0 and not self.c.chance(15):
            text = self._first(self.numbers, depth)
            if text is not None:
                return text
        k = self.c.below(10)
        names = self.names(FLOAT)
        if k < 6 and names:
            return self.c.choice(names)
        return (element(self) if k < 8 else None) or self.literal()

    def integer(self, depth: int = 1) -> str:
        return self._first(INTEGERS, depth) or str(self.c.between(-2, 3))

    def condition(self) -> str:
        return self._first(CONDITIONS) or f"{self.number(1)} > {self.number(0)}"

    def complex(self, depth: int) -> str:
        return self._first(COMPLEXES, depth) or f"complex({self.number(0)}, {self.number(0)})"

    def array(self, shape: Shape, depth: int) -> str:
        """An expression of floats with this shape."""
        from .arrays import part

        if depth > 0 and not self.c.chance(20):
            text = self._first(self.array_makers, shape, depth)
            if text is not None:
                return text
        return self.named(shape) if self.c.chance(75) else part(self, shape)

    def named(self, shape: Shape) -> str:
        """An array of this shape: a name if there is one."""
        from .arrays import part

        names = self.names(Type("f", shape))
        return self.c.choice(names) if names else part(self, shape)

    def operand(self, shape: Shape, depth: int) -> str:
        """Something that broadcasts against this shape."""
        k = self.c.below(100)
        if k < 35:
            return self.number(min(depth, 1))
        if len(shape) == 2 and k < 55:
            return self.array(shape[1:], depth)
        if len(shape) == 2 and k < 68:
            return f"{self.named(shape[:1])}[:, {self.c.choice(['None', 'np.newaxis'])}]"
        return self.array(shape, depth)
