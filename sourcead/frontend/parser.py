"""The state of a parse: the statements so far, the activations, the names; and how values get names."""

from __future__ import annotations

import ast
import builtins
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import primitives as p
from ..emit import RESERVED
from ..errors import Findings, Unsupported
from ..ir import Assign, Block, Call, Const, Expr, If, Index, Loc, Namer, Raise, Stmt, Var, bound, variables
from ..routines import Routine
from ..rules import is_draw
from .activation import Activation, Moment, join, owner, stored
from .jumps import completes, goes_on
from .values import (
    Dictionary,
    Earlier,
    Listing,
    Record,
    Refusal,
    Refused,
    Static,
    Tup,
    Unclear,
    Value,
    is_code,
    is_operand,
    wrap,
)


@dataclass(frozen=True)
class State:
    """What `Parser.restore` goes back to."""

    statements: int
    findings: int
    unknown_indices: int
    missing: frozenset[str]
    moment: Moment
    trusted: frozenset[str]
    result: Value | None
    returned: int
    jumps: list[tuple[int, int]]  # how many were met, for each loop around


def has_effects(s: Stmt) -> bool:
    """May a statement change what others read, or draw random numbers? Of control flow it is taken for granted."""
    match s:
        case Assign(_, Var(), Call(fn)):
            return is_draw(fn) or isinstance(fn, Routine)
        case Assign(_, Var()):
            return False
    return True


class Parser:
    """What the functions of this package share while they turn a tree into a program."""

    def __init__(self) -> None:
        self.out: list[Stmt] = []
        self.namer = Namer(RESERVED)
        self.findings = Findings()
        self.constants: dict[str, Any] = {}  # arrays, and classes of named tuples
        self.never_none: set[str] = set()  # parameters that are not None, whatever happens
        self._frozen: dict[int, tuple[np.ndarray, Var]] = {}
        self.stack: list[Activation] = []
        self.around: list[Activation] = []  # functions in which inner ones were defined that are given
        self.labels = 0
        self.missing: set[str] = set()
        self.routines: dict[Any, str] = {}  # names of functions that stay calls
        self.pending: set[Any] = set()  # results of such functions whose structure is not known yet
        self.opaque: set[Any] = set()  # results of functions that are not looked into
        self.serial = itertools.count(1)  # of lists
        self.store: dict[str, Value] = {}  # what lists and dicts hold
        self.kept: dict[Any, str] = {}  # the names of their items
        self.forms: dict[str, Value] = {}  # of the items of lists that were empty when a loop began
        self.iterated: set[str] = set()  # lists that loops around go over
        self.lent: set[str] = set()  # lists and dicts of a function that stays a call, which belong to its callers
        self.unknown_indices = 0  # of tuples and dicts, met so far

    @property
    def act(self) -> Activation:
        return self.stack[-1]

    def loc(self, node: ast.AST) -> Loc:
        return self.act.source.loc(node)

    def label(self) -> str:
        self.labels += 1
        return f"L{self.labels}"

    # ---- parsing on trial --------------------------------------------------------------------------

    def state(self) -> State:
        a = self.act
        return State(
            len(self.out),
            len(self.findings.found),
            self.unknown_indices,
            frozenset(self.missing),
            a.moment(),
            frozenset(a.trusted),
            a.result,
            len(a.returned),
            [(len(s.broken), len(s.skipped)) for s in a.loops],
        )

    def restore(self, s: State) -> None:
        """Forget what was parsed since; the names that it made stay taken."""
        a = self.act
        del self.out[s.statements :]
        del self.findings.found[s.findings :]
        self.unknown_indices, self.missing = s.unknown_indices, set(s.missing)
        a.set(s.moment)
        a.trusted, a.result = set(s.trusted), s.result
        del a.returned[s.returned :]
        del a.loops[len(s.jumps) :]
        for site, (broken, skipped) in zip(a.loops, s.jumps, strict=True):
            del site.broken[broken:]
            del site.skipped[skipped:]

    # ---- statements ------------------------------------------------------------------------------

    def emit(self, node: ast.AST, target: Var | Index, value: Expr) -> None:
        self.out.append(Assign(self.loc(node), target, value))

    @contextmanager
    def block(self) -> Iterator[list[Stmt]]:
        """Statements made inside go to the list this gives."""
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = outer

    def branch(self, node: ast.AST, cond: Expr, then: Callable[[], Any], orelse: Callable[[], Any]) -> None:
        """An `If` whose branches are parsed by two functions; afterwards names mean what both branches say."""
        start = self.act.moment()
        made: list[Block] = []
        ends: list[Moment] = []
        for side in (then, orelse):
            self.act.set(start)
            with self.block() as out:
                side()
            made.append(tuple(out))
            if completes(made[-1]):
                ends.append(self.act.moment())
        self.act.set(join(ends) or start)
        self.out.append(If(self.loc(node), cond, made[0], made[1]))

    def reachable(self) -> bool:
        return not self.out or goes_on(self.out[-1])

    # ---- refusals --------------------------------------------------------------------------------

    def note(self, r: Refusal, node: ast.AST) -> None:
        """Record a refusal, unless it only follows from one that is recorded already."""
        if r.what:
            self.findings.add(r.loc or self.loc(node), r.what, r.remedy)

    @contextmanager
    def attempt(self, node: ast.AST) -> Iterator[None]:
        """Parse a statement; when it is refused, go on with the next one."""
        try:
            yield
            return
        except Refusal as r:
            self.note(r, node)
        except Unsupported as e:
            for f in e.findings:
                self.findings.add(f.loc, f.what, f.remedy)
        for name in stored([node]):
            self.act.env[name] = Refused()

    def each(self, nodes: Iterable[ast.expr], fn: Callable[[ast.expr], Any]) -> list[Any]:
        """`fn` of each node; all are tried before the first refusal ends the statement."""
        made: list[Any] = []
        marks, nodes, failed = [], list(nodes), False
        for n in nodes:
            try:
                made.append(fn(n))
                marks.append(len(self.out))
            except Refusal as r:
                self.note(r, n)
                failed = True
        if failed:
            raise Refusal
        for k in reversed(range(len(made) - 1)):
            made[k] = self.before(nodes[k], made[k], marks[k])
        return made

    def before(self, node: ast.AST, v: Any, mark: int) -> Any:
        """A value that is computed where it stands in the program: before the statements made since then, if these
        may change what it reads."""
        later = self.out[mark:]
        if not later or isinstance(v, Const) or not is_code(v):
            return v
        if isinstance(v, Var):
            if not any(v.name in bound(s) or not isinstance(s, Assign) for s in later):
                return v
        elif not any(map(has_effects, later)):
            return v
        t = Var(self.namer.temp())
        self.out.insert(mark, Assign(self.loc(node), t, v))
        return t

    # ---- names -----------------------------------------------------------------------------------

    def variable(self, key: Any, base: str) -> Var:
        """The program's name for a name (or an item of a tuple) of the current activation."""
        unique = self.kept if in_store(key) else self.act.unique
        if key not in unique:
            unique[key] = self.namer(base)
        return Var(unique[key])

    def own(self, key: str) -> None:
        """A list or a dict is about to change."""
        if key in self.lent:
            raise Refusal(
                "a function that calls itself cannot change a list or a dict of its callers", "give it an array instead"
            )

    def local(self, name: str) -> str:
        """The program's name for a local name of the user's."""
        return self.variable(name, name).name

    def lookup(self, name: str) -> Value:
        home = self.owner(name)
        if home is not None:
            match home.env.get(name):
                case Earlier(var):
                    home.trusted.add(name)
                    return var
                case None:
                    home.env[name] = Refused()
                    raise Refusal(f"`{name}` is read before anything is assigned to it", "assign it first")
                case Unclear(why, remedy):
                    raise Refusal(why, remedy)
                case Refused():
                    raise Refusal
                case value:
                    return value
        a = self.act
        if name in a.cells:
            return self.wrap(a.cells[name], name)
        if name in a.globals:
            return self.wrap(a.globals[name], name)
        if hasattr(builtins, name):
            return self.wrap(getattr(builtins, name), name)
        if name in self.missing:
            raise Refusal
        self.missing.add(name)
        raise Refusal(f"the name `{name}` is not defined", "define it before the gradient is called")

    def owner(self, name: str) -> Activation | None:
        return owner(self.act, name)

    def wrap(self, x: Any, hint: str) -> Value:
        return wrap(x, lambda a: self.freeze(a, hint))

    def enter(self, act: Activation) -> None:
        """From here on names are those of this activation."""
        act.store = self.store
        self.stack = [*self.stack, act]

    def freeze(self, a: np.ndarray, hint: str) -> Var:
        """A frozen global: the array as it is now."""
        if a.dtype.kind not in "biufc":
            raise Refusal(f"`{hint}` is an array of {a.dtype}", "use arrays of numbers")
        if id(a) not in self._frozen:
            var = Var(self.namer(hint))
            self._frozen[id(a)] = a, var
            self.constants[var.name] = np.array(a, order="C")
        return self._frozen[id(a)][1]

    def named(self, cls: Any) -> str:
        """What the program calls the class of a named tuple."""
        name = next((n for n, c in self.constants.items() if c is cls), None)
        if name is None:
            name = self.namer(cls.__name__)
            self.constants[name] = cls
        return name

    # ---- values ----------------------------------------------------------------------------------

    def temp(self, node: ast.AST, value: Expr) -> Var:
        t = Var(self.namer.temp())
        self.emit(node, t, value)
        return t

    def operand(self, node: ast.AST, v: Value) -> Expr:
        """The value as a variable or a constant."""
        if is_operand(v):
            return v  # type: ignore[return-value]
        return self.temp(node, self.code(v))

    def code(self, v: Value) -> Expr:
        """The value as something the program computes."""
        if is_code(v):
            return v  # type: ignore[return-value]
        match v:
            case Tup():
                raise Refusal("a tuple or a list cannot be used here", "use its items one by one, or an array")
            case Listing():
                raise Refusal("a tuple or a list cannot be used here", "use its items one by one, or an array")
            case Record() | Dictionary():
                raise Refusal("a dict or an object cannot be used here", "use its items one by one")
            case Static(x):
                raise Refusal(f"{describe(x)} cannot be used as a number or an array here", "pass numbers and arrays")
            case Refused():
                raise Refusal
            case Unclear(why, remedy):
                raise Refusal(why, remedy)
        raise Refusal("a function cannot be used as a number or an array here", "call it")

    def keep(self, node: ast.AST, key: Any, base: str, value: Value) -> Value:
        """Give a value a name of its own; what the name then stands for.

        A tuple is kept item by item, things known while parsing need no code.
        """
        pairs: list[tuple[Var, Expr]] = []
        kept = self.plan(key, base, value, pairs)
        self.parallel(node, pairs)
        return kept

    def plan(self, key: Any, base: str, value: Value, pairs: list[tuple[Var, Expr]]) -> Value:
        """What a name will stand for, and in `pairs` the assignments that takes."""
        if isinstance(value, (Tup, Record)):
            items = tuple(
                self.plan((key, k), f"{base}_{f}", v, pairs)
                for k, (v, f) in enumerate(zip(value.items, labels(value), strict=True))
            )
            return replace(value, items=items)
        if not is_code(value) or value == Const(None) and isinstance(root(key), str) and self.stays(root(key), value):
            return value
        var = self.variable(key, base)
        pairs.append((var, value))  # type: ignore[arg-type]
        return var

    def parallel(self, node: ast.AST, pairs: list[tuple[Var, Expr]]) -> None:
        """`a, b = x, y`: all values are taken before the first name changes."""
        changed: set[str] = set()
        values: list[Expr] = []
        for target, value in pairs:
            values.append(self.temp(node, value) if changed & set(variables(value)) else value)
            changed.add(target.name)
        for (target, _), value in zip(pairs, values, strict=True):
            if value != target:
                self.emit(node, target, value)

    def now(self, node: ast.AST, v: Expr) -> Expr:
        """The value as it is now, whatever happens to the variable."""
        return v if isinstance(v, Const) else self.temp(node, v)

    def bind(self, node: ast.AST, name: str, value: Value, parameter: bool = False) -> None:
        """`name = value` in the current activation; of a parameter, in front of its body."""
        if isinstance(value, Refused):
            raise Refusal
        self.act.env[name] = value if self.stays(name, value, int(parameter)) else self.keep(node, name, name, value)
        self.act.certain.add(name)

    def stays(self, name: str, value: Value, before: int = 0) -> bool:
        """Is the name this constant wherever it is read, so that it is known while parsing?

        before: how often it is assigned in front of the body
        """
        fixed = isinstance(value, Const) and (value.value is None or isinstance(value.value, (str, int)))
        return fixed and self.act.assigned[name] + before == 1 and name not in self.act.trusted

    # ---- checks that Python makes -------------------------------------------------------------------

    def require(self, node: ast.AST, ok: Call, exc: type[Exception], message: str) -> None:
        """Raise `exc` when the program runs unless `ok`."""
        wrong = self.temp(node, ok)
        self.out.append(If(self.loc(node), wrong, (), (Raise(self.loc(node), exc, (Const(message),)),)))

    def extent(self, node: ast.AST, array: Expr, axis: int = 0) -> Expr:
        return self.temp(node, Call(p.shape, (array, Const(axis))))


def in_store(key: Any) -> bool:
    """Is it the key of a list or a dict, or of one of its items?"""
    return isinstance(root(key), str) and root(key).startswith("[")


def root(key: Any) -> Any:
    """The key of the name, or of the list or dict, of which this is the key of an item."""
    while isinstance(key, tuple):
        key = key[0]
    return key


def labels(value: Tup | Record) -> list[str]:
    """What goes into the names of the items."""
    names = [str(n) for n in (value.fields if isinstance(value, Tup) else value.names)]
    return [n if n.isidentifier() or n.isdigit() else str(k) for k, n in enumerate(names)] or [
        str(k) for k in range(len(value.items))
    ]


def describe(x: Any) -> str:
    """A Python object in the user's words."""
    name = getattr(x, "__name__", None)
    kind = {"module": "the module", "type": "the type"}.get(type(x).__name__, "the function" if callable(x) else "")
    if name and kind:
        return f"{kind} `{name}`"
    article = "an" if type(x).__name__[0] in "aeiou" else "a"
    return f"{article} {type(x).__name__}"
