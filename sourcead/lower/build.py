"""Building lowered code: statements, fresh names, values that are known already."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba import typeof
from numba.core import types
from numba.np.numpy_support import as_dtype, from_dtype

from .. import primitives as p
from ..emit import RESERVED
from ..errors import Unsupported
from ..infer import among_complex, complex_kind
from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
    Loc,
    Move,
    Namer,
    Raise,
    Stmt,
    Var,
    names,
    used,
    variables,
    walk,
    written,
)

INT = types.intp
ZERO, ONE = Const(0), Const(1)
FOLDS: dict[Callable[..., Any], Callable[..., Any]] = {
    op.add: op.add,
    op.sub: op.sub,
    op.mul: op.mul,
    max: max,
    min: min,
}
NEVER_RAISING = frozenset({*FOLDS, op.ne, op.lt, p.trips})


class Varying(Exception):
    """An array that was thought to keep its extents where control flow joins does not: lower again."""


def scalar_type(dtype: Any) -> Const:
    """How a program names a Numba scalar type: `np.float64`, ..."""
    return Const(as_dtype(dtype).type)


def number(value: Any, dtype: Any) -> Const:
    """A constant of a dtype; the everyday ones are plain Python numbers."""
    if isinstance(dtype, types.Boolean):
        return Const(bool(value))
    if dtype is types.float64:
        return Const(float(value))
    if dtype is types.int64:
        return Const(int(value))
    if dtype is types.complex128:
        return Const(complex(value))
    return Const(as_dtype(dtype).type(value))


class Builder:
    """The program being made: what stands so far, the types of its names, and what is known of its arrays."""

    def __init__(self, f: Function, adjoint: bool, varying: set[str], equal: bool = False):
        self.f, self.adjoint, self.varying = f, adjoint, varying
        self.equal = equal  # are extents taken to be equal where they must be, or one of them 1?
        self.sums: dict[Expr, Call] = {}  # what integers were computed from
        self.types: dict[str, Any] = dict(f.types)
        self.names = Namer({*names(f), *RESERVED})
        self.entry: list[Stmt] = []  # extents of parameters, read once at the top
        self.out: list[Stmt] = []
        self.scopes: list[dict[Any, Any]] = [{}]  # of the blocks around: what is known and defined there,
        self.outs: list[list[Stmt]] = [self.out]  # their statements so far,
        self.loops = [False]  # and whether they are loops' bodies
        self.extents: dict[str, tuple[Expr, ...]] = {}
        self.loc: Loc | None = None
        self.defining = ""  # the name that the statement at hand defines
        self.target: str | None = None  # the array that the statement at hand defines, until it is made
        self.targets: tuple[str, ...] = ()  # likewise of a statement that unpacks several results
        self.wanted: Any = None  # the type of what the statement at hand defines
        self.base = "s"  # after whom accumulators are called
        self.env: dict[str, Any] = {}  # names that stand for symbolic values
        self.poison: set[str] = set()  # names whose definition was refused
        self.joined: set[str] = set()
        self.moved = {t.name for s in walk(f.body) if isinstance(s, Move) for t in s.targets}
        self.later: Block = ()  # what follows in the block
        self.settled = False  # is this the way into a loop?
        self.storage: Any = None
        self.slots: dict[Any, Var] = {}  # the integers that tell which place such a name is
        self.forms: Any = None  # of the names that stand for one place or another, see `joins`
        self.findings: Any = None
        self.readers = readers(f)
        self.scalars = definitions(f)
        self.given = {} if adjoint else given_extents(f)
        self.counters = {s.var.name: s for s in walk(f.body) if isinstance(s, For)}
        self.in_place = False  # must a view that the statement at hand makes be one, rather than a copy?
        self.stored: set[str] = set()  # the arrays that are changed after they were made
        self.stretches: set[str] = set()  # the arrays that are others, or copies of them, by extents found at run time

    # ---- statements

    def emit(self, s: Stmt) -> None:
        self.out.append(s)
        for n in written(s):
            self.scopes[-1][n] = True  # defined here
        if isinstance(s, Move):
            self.moved.update(written(s))

    def assign(self, target: Var | Index, value: Expr) -> None:
        self.emit(Assign(self.loc, target, value))

    def accumulate(self, target: Var | Index, value: Expr) -> None:
        self.emit(Accum(self.loc, target, value))

    def move(self, targets: tuple[Var, ...], sources: tuple[Expr, ...]) -> None:
        self.emit(Move(self.loc, targets, sources))

    def fresh(self, type_: Any, base: str | None = None) -> Var:
        name = self.names.temp() if base is None else self.names(base)
        self.types[name] = type_
        return Var(name)

    def let(self, e: Expr, type_: Any, base: str | None = None) -> Expr:
        """An operand with the value of `e`."""
        if isinstance(e, (Var, Const)):
            return e
        v = self.fresh(type_, base)
        self.assign(v, e)
        return v

    def known(self, key: Any) -> Any:
        """What was computed before in a place that dominates this one."""
        return next((scope[key] for scope in reversed(self.scopes) if key in scope), None)

    def remember(self, key: Any, value: Any) -> Any:
        if not self.adjoint:  # names of adjoint code are bound again and again
            self.scopes[-1][key] = value
        return value

    def integer(self, fn: Callable[..., Any], *args: Expr, base: str | None = None) -> Expr:
        """Integer arithmetic, folded when constant and not repeated when known."""
        if fn in FOLDS and all(isinstance(a, Const) for a in args):
            return Const(FOLDS[fn](*(a.value for a in args)))  # type: ignore[attr-defined]
        if (fn in (op.add, op.sub) and args[1] == ZERO) or (fn in (op.mul, op.floordiv) and args[1] == ONE):
            return args[0]
        if (fn is op.add and args[0] == ZERO) or (fn is op.mul and args[0] == ONE):
            return args[1]
        if fn is op.mul and ZERO in args:
            return ZERO
        if fn is op.add and isinstance(args[1], Const) and args[1].value < 0:
            return self.integer(op.sub, args[0], Const(-args[1].value), base=base)
        e = Call(fn, args)
        found = self.known(e)
        if found is None:
            with self.hoisted(e):
                found = self.remember(e, self.let(e, INT, base))
            self.sums[found] = e
        return found

    @contextmanager
    def hoisted(self, e: Call) -> Iterator[None]:
        """What is emitted inside goes in front of the loops around in which `e` stays the same.

        A loop that is not run at all may so raise an error of shapes that do not fit. Branches are left on the way out
        of a loop where extents are taken to be equal: another program takes over if they are not.
        """
        k = here = len(self.scopes) - 1
        if not self.adjoint and e.fn not in (op.floordiv, op.mod):
            needs = set(variables(e))
            leaves_branches = self.equal and e.fn in NEVER_RAISING
            while here and (self.loops[here] or leaves_branches):
                if any(n in self.scopes[here] or n in self.moved for n in needs):
                    break
                here -= 1
                k = here if self.loops[here + 1] else k
        old = self.out, self.scopes, self.outs, self.loops
        self.out, self.scopes, self.outs, self.loops = self.outs[k], old[1][: k + 1], old[2][: k + 1], old[3][: k + 1]
        try:
            yield
        finally:
            self.out, self.scopes, self.outs, self.loops = old

    @contextmanager
    def collect(self, loop: bool = False, counter: str | None = None) -> Iterator[list[Stmt]]:
        """Statements emitted inside go to a block of their own."""
        outer = self.out
        inner: list[Stmt] = []
        self.out = inner
        self.scopes.append({} if counter is None else {counter: True})
        self.outs.append(inner)
        self.loops.append(loop)
        try:
            yield inner
        finally:
            self.out = outer
            for stack in (self.scopes, self.outs, self.loops):
                stack.pop()

    @contextmanager
    def loop(self, stop: Expr, base: str = "i", start: Expr = ZERO, step: Expr = ONE) -> Iterator[Var]:
        i = self.fresh(INT, base)
        with self.collect(True, i.name) as body:
            self.scopes[-1][("counter", i.name)] = True
            yield i
        self.emit(For(self.loc, i, start, stop, step, tuple(body)))

    @contextmanager
    def nest(self, extents: tuple[Expr, ...], reuse: tuple[Expr, ...] = ()) -> Iterator[tuple[Expr, ...]]:
        """A loop nest over a box; an axis of constant extent 1 needs no loop."""
        if not extents:
            yield reuse
        elif extents[0] == ONE:
            with self.nest(extents[1:], (*reuse, ZERO)) as index:
                yield index
        else:
            with self.loop(extents[0], "ijkl"[min(len(reuse), 3)]) as i, self.nest(extents[1:], (*reuse, i)) as index:
                yield index

    def choose(self, cond: Expr, then: Callable[[], Expr], orelse: Callable[[], Expr], type_: Any) -> Var:
        """`v = then() if cond else orelse()`, evaluating only the branch chosen."""
        v = self.fresh(type_)
        parts: list[Block] = []
        for value in (then, orelse):
            with self.collect() as block:
                self.move((v,), (self.let(value(), type_),))
            parts.append(tuple(block))
        self.emit(If(self.loc, cond, parts[0], parts[1]))
        return v

    def select(self, cond: Expr, then: tuple[Expr, ...], orelse: tuple[Expr, ...], type_: Any) -> tuple[Expr, ...]:
        """`then if cond else orelse`, several at once."""
        vs = tuple(self.fresh(type_) for _ in then)
        self.emit(If(self.loc, cond, (Move(self.loc, vs, then),), (Move(self.loc, vs, orelse),)))
        return vs

    def carry(
        self,
        over: tuple[Expr, ...],
        start: tuple[Expr, ...],
        step: Callable[[tuple[Expr, ...], tuple[Expr, ...]], tuple[Expr, ...]],
        type_: Any,
        base: str,
        done: tuple[Expr, ...] = (),
    ) -> tuple[Expr, ...]:
        """`v = start; for index in box: v = step(v, index)`; what each loop carries has a name of its own."""
        if len(done) == len(over):
            return step(start, done)
        if over[len(done)] == ONE:
            return self.carry(over, start, step, type_, base, (*done, ZERO))
        vs = tuple(self.fresh(type_, base) for _ in start)
        self.move(vs, start)
        with self.loop(over[len(done)], "ijkl"[min(len(done), 3)]) as i:
            self.move(vs, self.carry(over, vs, step, type_, base, (*done, i)))
        return tuple(self.let_copy(v, type_) for v in vs)

    def let_copy(self, v: Var, type_: Any) -> Var:
        """What a loop has accumulated or carried is read under another name after it."""
        t = self.fresh(type_)
        self.assign(t, v)
        return t

    def check(self, bad: Expr, message: str, error: type[Exception] = ValueError) -> None:
        self.emit(If(self.loc, bad, (Raise(self.loc, error, (Const(message),)),)))

    def refuse(self, what: str, remedy: str = "") -> Unsupported:
        return Unsupported(what, self.loc, remedy)

    def result_name(self) -> str:
        return self.base

    # ---- types

    def type_of(self, e: Any) -> Any:
        """The type of an operand."""
        match e:
            case Var(n):
                return self.types[n]
            case Const(v):
                return typeof(v)
            case Index(Var(n), _):
                return self.types[n].dtype
            case Call(p.shape):
                return INT
            case Call(fn, args) if among_complex(fn, map(self.type_of, args)):
                return complex_kind(fn, [self.type_of(a) for a in args], types.float64)
            case Call(_, args):
                return from_dtype(np.result_type(*(as_dtype(self.type_of(a)) for a in args)))
        raise self.refuse("a value of unknown type")

    def dtype(self, e: Any) -> Any:
        """The Numba scalar type that a `dtype` argument names."""
        match e:
            case Const(v) if isinstance(v, (type, np.dtype, str)):
                return from_dtype(np.dtype(v))
            case _ if isinstance(e, types.Type):
                return e
        raise self.refuse("a dtype that is not a constant", "write np.float64, np.int64, ...")

    # ---- arrays

    def allocate(
        self, extents: tuple[Expr, ...], dtype: Any, fn: Callable[..., Any] = np.empty, own: bool = True
    ) -> str:
        """A new array: the one the statement at hand defines if `own` and that is still to be made."""
        if own and self.target is not None:
            name, self.target = self.target, None
        else:
            name = self.names.temp()
        self.types[name] = types.Array(dtype, len(extents), "C")
        self.assign(Var(name), Call(fn, (Call(p.pack, extents), scalar_type(dtype))))
        if not self.adjoint:
            self.extents[name] = extents
        return name

    def extents_of(self, name: str) -> tuple[Expr, ...]:
        """One operand for each axis of an array."""
        if name in self.extents:
            return self.extents[name]
        ndim = self.types[name].ndim
        if name in self.f.constants:
            return tuple(Const(int(n)) for n in self.f.constants[name].shape)
        calls = tuple(Call(p.shape, (Var(name), Const(k))) for k in range(ndim))
        if self.adjoint:
            return calls
        if name in self.f.params:
            self.extents[name] = tuple(self.entry_extent(name, k, c) for k, c in enumerate(calls))
            return self.extents[name]
        found = self.known(("extents", name))
        if found is None:
            found = self.remember(
                ("extents", name), tuple(self.let(c, INT, f"{name}_n{k}") for k, c in enumerate(calls))
            )
        return found

    def entry_extent(self, name: str, k: int, e: Call) -> Var:
        """An extent of a parameter, under the user's name for it when there is one."""
        own = self.given.get((name, k))
        v = Var(own[0]) if own is not None else self.fresh(INT, f"{name}_n{k}")
        self.entry.append(Assign(own[1] if own is not None else self.loc, v, e))
        return v

    # ---- equal extents

    def same(self, n: Expr, m: Expr) -> bool:
        """Are two extents known to be equal?"""
        return n == m or self.affine(n) == self.affine(m) or self.leading(n) == self.leading(m)

    def leading(self, n: Expr) -> Expr:
        """The one that stands for all extents that were found to be equal to this one."""
        while (other := self.known(("leading", n))) is not None:
            n = other
        return n

    def take_equal(self, n: Expr, m: Expr) -> Expr:
        """Two extents as one: the program checks it, in front of the loops in which they stay the same."""
        n, m = self.leading(n), self.leading(m)
        if self.same(n, m):
            return n
        if isinstance(m, Const):
            n, m = m, n
        self.require_not(Call(op.ne, (n, m)), ("leading", m), n)
        return n

    def take_at_least(self, n: Expr, length: int) -> None:
        """An extent as one that leaves room for a slice."""
        key = ("at least", n)
        if (self.known(key) or 0) < length:
            self.require_not(Call(op.lt, (n, Const(length))), key, length)

    def require_not(self, bad: Call, key: Any, fact: Any) -> None:
        """A check of extents, and what is known behind it."""
        with self.hoisted(bad):
            self.check(self.let(bad, types.boolean), "extents are not what they are taken for", p.Unequal)
            self.remember(key, fact)

    def grown(self, n: Expr, m: Expr, depth: int = 6) -> bool:
        """Was `n` computed from `m`, so that they differ?"""
        e = self.sums.get(n) or (self.scalars.get(n.name) if isinstance(n, Var) else None)
        if not isinstance(e, Call) or e.fn not in (op.add, op.sub, op.mul, op.floordiv) or not depth:
            return False
        return any(a == m or self.grown(a, m, depth - 1) for a in e.args)

    # ---- facts about integers

    def non_negative(self, e: Expr, depth: int = 4) -> bool:
        match e:
            case Const(v):
                return v >= 0
            case Var(n) if self.known(("counter", n)):
                return True
            case Var(n) if any(e in x for x in self.extents.values()):
                return True
            case Var(n) if n in self.counters and depth:
                s = self.counters[n]
                up = isinstance(s.step, Const) and s.step.value > 0
                down = isinstance(s.step, Const) and s.step.value < 0 and self.at_least(s.stop, -1)
                return (up and self.non_negative(s.start, depth - 1)) or down
            case Var(n) if n in self.scalars and depth:
                match self.scalars[n]:
                    case Call(p.shape):
                        return True
                    case Call(op.add | op.mul | op.floordiv, (a, b)):
                        return self.non_negative(a, depth - 1) and self.non_negative(b, depth - 1)
                    case Var() | Const() as other:
                        return self.non_negative(other, depth - 1)
                    case Call(op.sub, (Var(m), Const(c))) if m in self.counters:  # `i - 1` in `range(1, n)`
                        s = self.counters[m]
                        return isinstance(s.step, Const) and s.step.value > 0 and self.at_least(s.start, c)
        return False

    def at_least(self, e: Expr, low: int) -> bool:
        return (isinstance(e, Const) and e.value >= low) or (low <= 0 and self.non_negative(e, 2))

    def affine(self, e: Expr, depth: int = 6) -> tuple[Expr | None, int]:
        """`e` as an operand plus a constant; the operand is None when `e` is a constant."""
        match e:
            case Const(v):
                return None, int(v)
            case Var(n) if n in self.scalars and depth:
                match self.scalars[n]:
                    case Call(op.add, (a, Const(c))) | Call(op.add, (Const(c), a)):
                        base, k = self.affine(a, depth - 1)
                        return base, k + int(c)
                    case Call(op.sub, (a, Const(c))):
                        base, k = self.affine(a, depth - 1)
                        return base, k - int(c)
                    case Call(p.shape, (Var(x), Const(k))) if x in self.f.params or x in self.extents:
                        if self.extents_of(x)[k] != e:
                            return self.affine(self.extents_of(x)[k], depth - 1)
                    case Var() | Const() as other:
                        return self.affine(other, depth - 1)
        return e, 0


def definitions(f: Function) -> dict[str, Expr]:
    """The values of the integers that are assigned once (no joined names: those have `Move`s)."""
    found: dict[str, Expr] = {}
    times: dict[str, int] = {}
    for s in walk(f.body):
        for n in written(s):
            times[n] = times.get(n, 0) + 1
        if (
            isinstance(s, Assign)
            and isinstance(s.target, Var)
            and isinstance(f.types.get(s.target.name), types.Integer)
        ):
            found[s.target.name] = s.value
    return {n: e for n, e in found.items() if times[n] == 1}


def readers(f: Function) -> dict[str, list[Stmt]]:
    """The statements that read a name themselves."""
    found: dict[str, list[Stmt]] = {}
    for s in walk(f.body):
        for n in {*used(s), *stored_array(s)}:
            found.setdefault(n, []).append(s)
    return found


def stored_array(s: Stmt) -> tuple[str, ...]:
    return (s.target.array.name,) if isinstance(s, (Assign, Accum)) and isinstance(s.target, Index) else ()


def given_extents(f: Function) -> dict[tuple[str, int], tuple[str, Loc | None]]:
    """The user's own names for extents of parameters: `n = x.shape[0]`, `n, m = x.shape`, `n = len(x)`."""
    found: dict[tuple[str, int], tuple[str, Loc | None]] = {}
    shapes: dict[str, str] = {}
    for s in f.body:
        match s:
            case Assign(loc, Var(n), Call(p.shape, (Var(x), Const(int() as k)))) if x in f.params:
                found.setdefault((x, k), (n, loc))
            case Assign(loc, Var(n), Call(fn, (Var(x),))) if fn is len and x in f.params:
                found.setdefault((x, 0), (n, loc))
            case Assign(_, Var(t), Call(p.shape_of, (Var(x),))) if x in f.params:
                shapes[t] = x
            case Assign(loc, Var(n), Index(Var(t), (Const(int() as k),))) if t in shapes and k >= 0:
                found.setdefault((shapes[t], k), (n, loc))
    return {key: v for key, v in found.items() if not v[0].startswith("_t")}
