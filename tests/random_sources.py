"""Random user functions, as source text: what somebody might write between `def` and `return`."""

from __future__ import annotations

import itertools
import linecache
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import numpy as np

N, M = 4, 3
Shape = tuple[int, ...]
PARAMETERS: dict[str, Shape] = {"x": (N,), "y": (N,), "w": (N, M), "q": (N, N), "z": (M,), "s": (), "t": ()}
_serial = itertools.count(1)


# ---- functions that the random ones call ------------------------------------------------------------


def wave(v, k=1.5):
    return np.sin(k * v) + 0.25 * v


def clipped(v, low, high):
    if v < low:
        return low + 0.1 * v
    if v > high:
        return high
    return v


def norm2(a):
    total = 0.0
    for v in a:
        total += v * v
    return total


def damp(a, c):
    for i in range(a.shape[0]):
        a[i] = c * a[i]


def turned(u, v):
    return u * 0.8 - v * 0.6, u * 0.6 + v * 0.8


def first_over(a, limit):
    for i in range(len(a)):
        if a[i] > limit:
            return a[i] * (i + 1)
    return limit


HELPERS = (wave, clipped, norm2, damp, turned, first_over)


def load(source: str, name: str = "program") -> Callable[..., Any]:
    """The function of a text, where `inspect` finds its source."""
    filename = f"<random program {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    space: dict[str, Any] = {"np": np, "math": math, **{f.__name__: f for f in HELPERS}}
    exec(compile(source, filename, "exec"), space)
    return space[name]


def arguments(seed: int, names: list[str]) -> list[Any]:
    r = np.random.RandomState(seed)
    return [r.uniform(-1.0, 1.0, PARAMETERS[n]) if PARAMETERS[n] else float(r.uniform(-1.0, 1.0)) for n in names]


def random_source(random: Random, largest: int = 6) -> str:
    """A module with `program` (and sometimes `inner`, which it calls); `largest` bounds the number of statements."""
    chosen = [n for n in PARAMETERS if random.random() < 0.7] or ["x"]
    text = ""
    own = random.random() < 0.3
    if own:
        helper = Maker(random, {"a": (N,), "c": ()})
        text = helper.function("inner", ["a", "c"], size=2) + "\n\n"
    maker = Maker(random, {n: PARAMETERS[n] for n in chosen}, own)
    return text + maker.function("program", chosen, size=random.randint(1, largest))


class Maker:
    """Makes one function, statement by statement."""

    def __init__(self, random: Random, parameters: dict[str, Shape], helper: bool = False):
        self.r = random
        self.shapes: dict[str, Shape] = dict(parameters)
        self.ints: dict[str, int] = {}  # counters in scope, with the bound they stay below
        self.held: set[str] = set()  # names that may not be bound again here
        self.flags: dict[str, dict[str, Shape]] = {}  # booleans, and what is defined when they are true
        self.closures: list[str] = []  # functions of one number, defined inside
        self.lines: list[str] = []
        self.depth = 1
        self.loops = 0
        self.count = 0
        self.helper = helper
        # every program prefers other statements: seldom ones meet more often then
        kinds = [self.assign, self.change, self.array_assign, self.store, self.slice_store, self.several]
        kinds += [self.guarded, self.closure, self.growing]
        self.kinds = random.sample(kinds, random.randint(2, len(kinds)))
        self.nesting = random.choice([0.1, 0.2, 0.35])
        self.leaving = random.choice([0.0, 0.1, 0.3])

    def function(self, name: str, parameters: list[str], size: int) -> str:
        self.lines.append(f"def {name}({', '.join(parameters)}):")
        for n in parameters:
            if self.shapes[n] and self.r.random() < 0.5:
                self.line(f"{n} = {n}.copy()" if self.r.random() < 0.7 else f"{n} = {n} * 0.75")
        for _ in range(self.r.randint(0, 2)):
            self.line(f"{self.fresh()} = {self.scalar(1)}")
        self.block(size, size + 3)
        ends = [self.scalar(2), *(self.of_everything(n) for n in sorted(self.shapes) if self.r.random() < 0.6)]
        self.line("return " + " + ".join(ends))
        return "\n".join(self.lines) + "\n"

    def of_everything(self, n: str) -> str:
        return f"np.sum({n} * {n})" if self.shapes[n] else f"np.tanh({n})"

    # ---- helpers of the maker

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def fresh(self, shape: Shape = ()) -> str:
        """A scalar's or array's name: a new one, or one that is bound already."""
        old = [n for n, s in self.shapes.items() if s == shape and n not in self.held]
        if old and self.r.random() < 0.4:
            return self.r.choice(sorted(old))
        self.count += 1
        name = f"{'abuv'[len(shape)] if shape else 'e'}{self.count}"
        return name

    def bind(self, name: str, shape: Shape) -> None:
        self.shapes[name] = shape

    @contextmanager
    def nested(self, **ints: int) -> Iterator[None]:
        """A block: what is first bound there is not read behind it."""
        shapes, old, closures = dict(self.shapes), dict(self.ints), list(self.closures)
        flags = dict(self.flags)
        self.ints.update(ints)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self.depth -= 1
        self.shapes, self.ints, self.closures, self.flags = shapes, old, closures, flags

    def names(self, shape: Shape) -> list[str]:
        return sorted(n for n, s in self.shapes.items() if s == shape)

    def pick(self, *choices: Callable[[], str | None]) -> str:
        """One of the texts that can be made here."""
        for make in self.r.sample(choices, len(choices)):
            text = make()
            if text is not None:
                return text
        raise AssertionError

    def number(self) -> str:
        return f"{self.r.randint(-19, 19) / 8 + 0.03:.3g}" if self.r.random() < 0.9 else str(self.r.randint(1, 3))

    # ---- expressions

    def index(self, extent: int) -> str:
        """An integer within an axis of this extent."""
        fits = [n for n, bound in self.ints.items() if bound <= extent]
        k = self.r.random()
        if fits and k < 0.6:
            i = self.r.choice(sorted(fits))
            return self.r.choice([i, i, i, f"({i} + 1) % {extent}", f"-1 - {i}", f"{i} - 1", f"{extent - 1} - {i}"])
        if self.ints and k < 0.75:
            return f"({self.r.choice(sorted(self.ints))} * 2 + 1) % {extent}"
        return str(self.r.randint(-extent, extent - 1))

    def element(self) -> str | None:
        arrays = [n for n, s in self.shapes.items() if s]
        if not arrays:
            return None
        n = self.r.choice(sorted(arrays))
        shape = self.shapes[n]
        return f"{n}[{', '.join(map(self.index, shape))}]"

    def scalar(self, depth: int) -> str:
        r = self.r
        if depth <= 0:
            return self.pick(self.number, self.element, self.scalar_name, self.scalar_name)
        k = r.random()
        if k < 0.4:
            a, b = self.scalar(depth - 1), self.scalar(depth - 1)
            return r.choice([f"({a} + {b})", f"({a} - {b})", f"{a} * {b}", f"{a} / (1.5 + {b} * {b})"])
        if k < 0.6:
            fn = r.choice(["np.sin", "math.cos", "np.tanh", "abs", "-", "np.exp(-0.1 * ", "math.sqrt(2.0 + np.abs("])
            return fn + f"({self.scalar(depth - 1)})" + ")" * (fn.count("(") if "(" in fn else 0)
        if k < 0.66:
            fn = r.choice(["max", "min", "np.maximum", "np.fmin", "np.hypot"])
            return f"{fn}({self.scalar(depth - 1)}, {self.scalar(depth - 1)})"
        if k < 0.72:
            return f"({self.scalar(depth - 1)} if {self.condition()} else {self.scalar(depth - 1)})"
        if k < 0.84:
            return self.reduction(depth - 1)
        if k < 0.9:
            return self.call(depth - 1)
        if k < 0.93 and self.ints:
            return f"{r.choice(sorted(self.ints))} * {self.scalar(depth - 1)}"
        return f"({self.scalar(depth - 1)}) ** {r.choice(['2', '3', '2.0'])}"

    def scalar_name(self) -> str | None:
        found = self.names(())
        return self.r.choice(found) if found else None

    def call(self, depth: int) -> str:
        a = self.array((N,), 0)
        choices = [
            f"wave({self.scalar(depth)})",
            f"wave({self.scalar(depth)}, k={self.number()})",
            f"clipped({self.scalar(depth)}, -0.53, high=0.61)",
            f"norm2({a})",
            f"turned({self.scalar(depth)}, {self.scalar(depth)})[{self.r.randint(0, 1)}]",
            f"first_over({a}, {self.scalar(0)})",
        ]
        choices += [f"{g}({self.scalar(depth)})" for g in self.closures]
        if self.helper:
            choices += [f"inner({a}, {self.scalar(depth)})"] * 3
        return self.r.choice(choices)

    def reduction(self, depth: int) -> str:
        shape = self.r.choice([(N,), (N,), (M,), (N, M), (N, N), (N - 1,), (N - 2,)])
        a = self.array(shape, depth)
        form = self.r.choice(
            ["np.sum({})", "({}).sum()", "np.mean({})", "np.max({})", "({}).min()", "dot", "np.prod({})"]
        )
        if form == "dot":
            return f"np.dot({a}, {self.array(shape, 0)})" if len(shape) == 1 else f"np.sum({a})"
        return form.format(a)

    def condition(self) -> str:
        a, b = self.scalar(1), self.scalar(0)
        simple = f"{a} {self.r.choice(['<', '>', '<=', '>='])} {b}"
        k = self.r.random()
        if k < 0.15 and self.ints:
            return f"{self.r.choice(sorted(self.ints))} {self.r.choice(['==', '!=', '<', '>='])} {self.r.randint(0, 3)}"
        if k < 0.3:
            return f"{simple} {self.r.choice(['and', 'or'])} {self.scalar(0)} < {self.scalar(0)}"
        if k < 0.36:
            return f"not {simple}"
        if k < 0.42:
            return f"-0.9 < {self.scalar(0)} < {b}"
        return simple

    def array(self, shape: Shape, depth: int) -> str:
        """An array expression of this shape."""
        r = self.r
        named = self.names(shape)
        if depth <= 0 or r.random() < 0.25:
            return r.choice(named) if named and r.random() < 0.8 else self.view(shape)
        k = r.random()
        if k < 0.4:
            a, b = self.array(shape, depth - 1), self.operand(shape, depth - 1)
            a, b = (a, b) if r.random() < 0.6 else (b, a)
            return r.choice([f"({a} + {b})", f"({a} - {b})", f"{a} * {b}", f"{a} / (2.0 + np.abs({b}))"])
        if k < 0.58:
            fn = r.choice(["np.sin", "np.tanh", "np.abs", "-", "np.exp(-", "np.square", "np.copy"])
            return fn + f"({self.array(shape, depth - 1)})" + ")" * fn.count("(")
        if k < 0.66:
            a, b = self.array(shape, depth - 1), self.operand(shape, 0)
            return r.choice([f"np.maximum({a}, {b})", f"np.minimum({b}, {a})", f"np.where({a} > {b}, {a}, {b} * 0.5)"])
        if k < 0.8 and len(shape) == 1 and shape[0] in (N, M):
            return self.product(shape, depth - 1)
        if k < 0.86 and len(shape) == 1 and shape[0] in (N, M):
            axis, inner = (1, (N, M)) if shape == (N,) else (0, (N, M))
            return f"np.{r.choice(['sum', 'mean'])}({self.array(inner, depth - 1)}, axis={axis})"
        if k < 0.9 and shape == (N, N):
            return f"{self.array((N, N), depth - 1)} @ {self.atom((N, N))}"
        if k < 0.93 and shape == (M,):
            return f"np.array([{self.scalar(1)}, {self.scalar(0)}, {self.scalar(0)}])"
        return self.view(shape)

    def atom(self, shape: Shape) -> str:
        named = self.names(shape)
        return self.r.choice(named) if named else self.view(shape)

    def product(self, shape: Shape, depth: int) -> str:
        v, u, a = self.array((N,), depth), self.array((M,), depth), self.atom((N, M))
        square = self.atom((N, N))
        if shape == (N,):
            return self.r.choice(
                [f"{a} @ {u}", f"np.dot({square}, {v})", f"np.dot({v}, {square}.T)", f"({v} @ {square})"]
            )
        return self.r.choice([f"{v} @ {a}", f"np.dot({a}.T, {v})"])

    def operand(self, shape: Shape, depth: int) -> str:
        """Something that broadcasts against this shape."""
        k = self.r.random()
        if k < 0.35:
            return self.scalar(min(depth, 1))
        if len(shape) == 2 and k < 0.55:
            return self.array(shape[1:], depth)
        if len(shape) == 2 and k < 0.68:
            return f"{self.atom(shape[:1])}[:, {self.r.choice(['None', 'np.newaxis'])}]"
        return self.array(shape, depth)

    def view(self, shape: Shape) -> str:
        """A new constant array or a part of a named one."""
        r = self.r
        options: list[str] = []
        for n, s in sorted(self.shapes.items()):
            if len(s) == 1 and len(shape) == 1:
                options += self.parts(n, s[0], shape[0])
            elif len(s) == 2 and len(shape) == 1:
                options += [f"{n}[{self.index(s[0])}]"] if s[1:] == shape else []
                options += [f"{n}[:, {self.index(s[1])}]"] if s[:1] == shape else []
                options += [f"{n}[{self.index(s[0])}, 1:]"] if (s[1] - 1,) == shape else []
            elif len(s) == 2 and s[::-1] == shape:
                options.append(f"{n}.T")
        if options and r.random() < 0.85:
            return r.choice(options)
        made = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        return r.choice([f"np.full(({made}), {self.number()})", f"np.ones(({made}))"])

    @staticmethod
    def parts(n: str, extent: int, wanted: int) -> list[str]:
        """Slices of a vector that have an extent."""
        out = [f"{n}[::-1]"] if extent == wanted else []
        if extent == wanted + 1:
            out += [f"{n}[1:]", f"{n}[:-1]", f"{n}[:{wanted}]", f"{n}[-2::-1]"]
        if extent == wanted + 2:
            out += [f"{n}[1:-1]", f"{n}[2:]", f"{n}[:-2]"]
        if (extent + 1) // 2 == wanted:
            out += [f"{n}[::2]", f"{n}[::-2]"]
        return out

    # ---- statements

    def block(self, least: int, most: int) -> None:
        for _ in range(self.r.randint(least, most)):
            self.statement()

    def statement(self) -> None:
        k = self.r.random()
        if k < self.nesting and self.depth < 5 and len(self.lines) < 40:
            self.loop()
        elif k < 1.6 * self.nesting and self.depth < 5 and len(self.lines) < 40:
            self.branch()
        else:
            self.r.choice(self.kinds)()

    def assign(self) -> None:
        text = self.scalar(2)
        if self.loops and self.r.random() < 0.6:
            text = f"np.sin({text})"
        name = self.fresh()
        chain = f"{self.fresh_other(name)} = " if self.r.random() < 0.05 else ""
        self.line(f"{chain}{name} = {text}")
        self.bind(name, ())

    def fresh_other(self, name: str) -> str:
        self.count += 1
        self.bind(f"f{self.count}", ())
        return f"f{self.count}"

    def change(self) -> None:
        """An augmented assignment of a scalar."""
        name = self.scalar_name()
        if name is None or name in self.held:
            return self.assign()
        self.line(f"{name} {self.r.choice(['+=', '+=', '-=', '*='])} {self.scalar(2 if not self.loops else 1)}")

    def array_assign(self) -> None:
        shape = self.r.choice([(N,), (N,), (M,), (N, M), (N, N)])
        text = self.array(shape, 2)
        if text in self.shapes or "[" in text and "(" not in text:
            text = f"{text} * {self.number()}"  # no second name for an array
        if self.loops and self.r.random() < 0.5:
            text = f"np.tanh({text})"
        name = self.fresh(shape)
        self.line(f"{name} = {text}")
        self.bind(name, shape)

    def store(self) -> None:
        """Into one element."""
        arrays = [n for n, s in self.shapes.items() if s]
        if not arrays:
            return self.assign()
        n = self.r.choice(sorted(arrays))
        place = f"{n}[{', '.join(map(self.index, self.shapes[n]))}]"
        if self.loops and self.r.random() < 0.4:
            self.line(f"{place} = np.cos({self.scalar(2)})")
        elif self.r.random() < 0.1 and len(self.shapes[n]) == 1:
            other = f"{n}[{self.index(self.shapes[n][0])}]"
            self.line(f"{place}, {other} = {other}, {place}")
        else:
            self.line(
                f"{place} {self.r.choice(['=', '=', '+=', '+=', '-=', '*='])} {self.scalar(2 - min(self.loops, 1))}"
            )

    def slice_store(self) -> None:
        arrays = [n for n, s in self.shapes.items() if s]
        if not arrays:
            return self.assign()
        n = self.r.choice(sorted(arrays))
        s = self.shapes[n]
        places: list[tuple[str, Shape]] = [("[:]", s), ("[...]", s)]
        if len(s) == 1:
            places += [("[1:]", (s[0] - 1,)), ("[:-1]", (s[0] - 1,)), ("[::2]", ((s[0] + 1) // 2,)), ("[::-1]", s)]
        else:
            places += [(f"[{self.index(s[0])}]", s[1:]), (f"[:, {self.index(s[1])}]", s[:1])]
            places += [("[1:]", (s[0] - 1, s[1])), (f"[{self.index(s[0])}, 1:]", (s[1] - 1,))]
        place, shape = self.r.choice(places)
        sign = self.r.choice(["=", "=", "+=", "*="])
        value = self.operand(shape, 1) if len(shape) == 1 or shape in ((N, M), (N, N)) else self.scalar(1)
        if self.loops:
            value = f"0.5 * {value}"
        if self.r.random() < 0.1 and sign != "=":
            place, value = "", self.operand(s, 1)
        self.line(f"{n}{place} {sign} {value}")

    def guarded(self) -> None:
        """Names that exist only when a flag is set, bound under it and used under it."""
        if self.flags and self.r.random() < 0.7:
            flag = self.r.choice(sorted(self.flags))
        else:
            self.count += 1
            flag = f"c{self.count}"
            self.line(f"{flag} = {self.condition()}")
            self.flags[flag] = {}
        defined = dict(self.flags[flag])
        self.line(f"if {flag}:")
        with self.nested():
            self.shapes.update(defined)
            before = dict(self.shapes)
            self.count += 1
            shape = self.r.choice([(), (), (N,), (N, M)])
            name = self.r.choice([n for n, s in defined.items() if s == shape] or [f"g{self.count}"])
            self.line(f"{name} = {f'np.sin({self.array(shape, 1)})' if shape else self.scalar(2)}")
            self.shapes[name] = shape
            if before and self.r.random() < 0.7:
                self.change()
        self.flags[flag] = {**defined, name: shape}

    def closure(self) -> None:
        if self.loops or self.depth > 1:
            return self.assign()
        self.count += 1
        name = f"h{self.count}"
        self.line(f"def {name}(v):")
        self.depth += 1
        self.line(f"return {self.r.choice(['v', 'np.sin(v)', 'v * v'])} * {self.scalar(1)} + {self.scalar(0)}")
        self.depth -= 1
        self.closures.append(name)

    def growing(self) -> None:
        """A vector whose length changes from trip to trip."""
        if self.depth > 3:
            return self.assign()
        self.count += 1
        a, b, k = f"a{self.count}", f"b{self.count}", f"k{self.count}"
        self.line(f"{a} = {self.atom((N,))}[:{self.r.randint(1, 2)}] * {self.number()}")
        self.line(f"for {k} in range({self.r.randint(0, 3)}):")
        with self.nested(**{k: M}):
            if self.r.random() < 0.5:
                self.line(f"{b} = np.zeros(len({a}) + 1)")
                self.line(f"{b}[1:] = {a} * {self.scalar(1)}")
                self.line(f"{b}[0] = {a}[-1] * {self.scalar(0)}")
            else:
                self.line(f"{b} = np.tanh({a} + {self.scalar(1)})")
            if self.r.random() < 0.3:
                self.line(f"if np.sum({b}) > {self.number()}:")
                with self.nested():
                    self.line(self.r.choice(["break", "continue"]))
            self.line(f"{a} = {b}")
        target = self.scalar_name()
        if target is not None and target not in self.held:
            self.line(f"{target} += np.sum({a} * {a})")

    def several(self) -> None:
        k = self.r.random()
        vectors = [n for n in self.names((N,)) if n not in self.held]
        scalars = [n for n in self.names(()) if n not in self.held]
        if k < 0.35 and len(vectors) > 1:
            a, b = self.r.sample(vectors, 2)
            self.line(f"{a}, {b} = {b}, {a}")
        elif k < 0.6 and len(scalars) > 1:
            a, b = self.r.sample(scalars, 2)
            self.line(f"{a}, {b} = {self.r.choice([b, self.scalar(1)])}, {a} * {self.number()}")
        elif k < 0.75 and vectors:
            self.line(f"damp({self.r.choice(vectors)}, {self.scalar(1)})")
        elif k < 0.9 and len(scalars) > 1:
            a, b = self.r.sample(scalars, 2)
            self.line(f"{a}, {b} = turned({self.scalar(1)}, {b})")
        else:
            self.assign()

    def branch(self) -> None:
        self.line(f"if {self.condition()}:")
        with self.nested():
            self.block(1, 2)
            self.leave()
        if self.r.random() < 0.3:
            self.line(f"elif {self.condition()}:")
            with self.nested():
                self.block(0, 2)
        if self.r.random() < 0.5:
            self.line("else:")
            with self.nested():
                self.block(1, 2)
                self.leave()

    def leave(self) -> None:
        """Sometimes the way out: of an iteration, a loop, the function."""
        k = self.r.random()
        if k < 0.3 * self.leaving:
            self.line(f"return {self.scalar(1)}")
        elif self.loops and k < self.leaving:
            self.line(self.r.choice(["break", "continue"]))

    def loop(self) -> None:
        self.count += 1
        i = f"i{self.count}"
        r = self.r
        k = r.random()
        held = set(self.held)
        ints, bound = {i: N}, None
        if k < 0.15:
            self.line(f"{i} = 0")
            self.line(f"while {i} < {r.randint(1, 3)}" + (f" and ({self.condition()}):" if r.random() < 0.5 else ":"))
            bound = f"{i} += 1"
        elif k < 0.2:
            self.line(f"{i} = 0")
            self.line("while True:")
            bound = f"{i} += 1"
        elif k < 0.32 and self.names((N,)):
            n = r.choice(self.names((N,)))
            self.held = held | {n, f"e{self.count}"}
            self.line(f"for {i}, e{self.count} in enumerate({n}):")
        elif k < 0.4 and len(self.names((N,))) > 1:
            a, b = r.sample(self.names((N,)), 2)
            self.held = held | {a, b}
            self.line(f"for e{self.count}, f{self.count} in zip({a}, {b}):")
            ints = {}
        else:
            ranges = [str(N), str(M), f"1, {N - 1}", f"{N - 1}, -1, -1", f"0, {N}, 2", "2, 2", f"1, {N}"]
            sized = [f"{n}.shape[0]" for n in self.names((N,))] + [f"len({n})" for n in self.names((M,))]
            inner = [f"{j}, {N}" for j in self.ints] + [f"{j} + 1" for j, b in self.ints.items() if b <= N]
            self.line(f"for {i} in range({r.choice(ranges + sized + inner)}):")
        self.loops += 1
        with self.nested(**ints):
            if self.lines[-1].lstrip().startswith("for") and f"e{i[1:]}" in self.lines[-1]:
                self.bind(f"e{i[1:]}", ())
            if bound and self.lines[-1].endswith("while True:"):
                self.line(f"if {i} > 1 or {self.condition()}:")
                self.lines.append("    " * (self.depth + 1) + "break")
            if bound:
                if r.random() < 0.5:
                    self.line(bound)
                    self.ints.pop(i)
                    self.block(1, 3)
                else:
                    self.block_without_jumps()
                    self.line(bound)
            else:
                self.block(1, 4)
        self.loops -= 1
        self.held = held
        if r.random() < 0.06:
            self.line("else:")
            with self.nested():
                self.block(1, 1)

    def block_without_jumps(self) -> None:
        loops, self.loops = self.loops, 0
        depth = self.depth
        for _ in range(self.r.randint(1, 3)):
            self.r.choice([self.assign, self.store, self.change, self.slice_store])()
        assert depth == self.depth
        self.loops = loops
