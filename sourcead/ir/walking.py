"""The shape of the program form, and walks over it: the only functions that know it."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from .nodes import (
    Accum,
    Assign,
    Block,
    Call,
    Expr,
    For,
    Function,
    If,
    Index,
    Move,
    Pop,
    Push,
    Raise,
    Return,
    Slice,
    Stmt,
    Unpack,
    Var,
    While,
    once,
)

T = TypeVar("T")

# ---- shape -------------------------------------------------------------------------------


def blocks(s: Stmt) -> tuple[Block, ...]:
    """The blocks inside a statement, in the order in which they run."""
    match s:
        case If():
            return (s.then, s.orelse)
        case For():
            return (s.body,)
        case While():
            return (s.test, s.body)
    return ()


def same(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    """Do the two hold the same statements (or expressions), each the very same?"""
    return a is b or len(a) == len(b) and all(map(op.is_, a, b))


def with_body(f: Function, body: Block) -> Function:
    """The program with another body (itself when nothing changed)."""
    return f if same(f.body, body) else replace(f, body=body)


def with_blocks(s: Stmt, new: tuple[Block, ...]) -> Stmt:
    """The same statement around other blocks (itself when nothing changed)."""
    if all(map(same, blocks(s), new)):
        return s
    match s:
        case If():
            return replace(s, then=new[0], orelse=new[1])
        case For():
            return replace(s, body=new[0])
        case While():
            return replace(s, test=new[0], body=new[1])
    return s


@once
def operands(s: Stmt) -> tuple[Expr, ...]:
    """The expressions the statement itself (not its blocks) evaluates, store indices included."""
    match s:
        case Assign(_, t, v):
            return (v, *t.index) if isinstance(t, Index) else (v,)
        case Unpack():
            return (s.value,)
        case Accum(_, t, v):
            return (v, t)
        case Move():
            return s.sources
        case Push(_, stack, v):
            return (stack, v)
        case Pop(_, _, stack):
            return (stack,)
        case If() | While():
            return (s.cond,)
        case For():
            return (s.start, s.stop, s.step)
        case Raise():
            return s.args
        case Return():
            return s.values
    return ()


@once
def written(s: Stmt) -> tuple[str, ...]:
    """The names the statement itself (not its blocks) binds, or whose elements it changes."""
    match s:
        case Assign(_, t, _) | Accum(_, t, _):
            return (t.array.name if isinstance(t, Index) else t.name,)
        case Move() | Unpack():
            return tuple(t.name for t in s.targets)
        case Push(_, stack, _):
            return (stack.name,)
        case Pop(_, t, stack):
            return (t.name, stack.name)
        case For():
            return (s.var.name,)
    return ()


@once
def bound(s: Stmt) -> tuple[str, ...]:
    """The names the statement itself (re)binds; stores into elements do not count."""
    match s:
        case Assign(_, Var(n), _):
            return (n,)
        case Accum(_, Var(n), _):
            return (n,)
        case Move() | Unpack():
            return tuple(t.name for t in s.targets)
        case Pop(_, t, _):
            return (t.name,)
        case For():
            return (s.var.name,)
    return ()


def map_exprs(s: Stmt, fn: Callable[[Expr], Expr], target: Callable[[Var], Var] | None = None) -> Stmt:
    """The statement with `fn` applied to every expression it evaluates, `target` to every name it writes (itself when
    nothing changed: what is remembered with it then stays)."""
    tv = target or (lambda v: v)

    def lvalue(t: Var | Index) -> Var | Index:
        if not isinstance(t, Index):
            return tv(t)
        array, index = tv(t.array), each(fn, t.index)
        return t if array is t.array and index is t.index else Index(array, index)

    match s:
        case Assign(loc, t, v) | Accum(loc, t, v):
            place, value = lvalue(t), fn(v)
            return s if place is t and value is v else type(s)(loc, place, value)
        case Unpack(loc, targets, v):
            names, call = each(tv, targets), fn(v)
            assert isinstance(call, Call)
            return s if names is targets and call is v else Unpack(loc, names, call)
        case Move(loc, targets, sources):
            names, values = each(tv, targets), each(fn, sources)
            return s if names is targets and values is sources else Move(loc, names, values)
        case Push(loc, stack, v):
            kept, value = tv(stack), fn(v)
            assert isinstance(value, Var)
            return s if kept is stack and value is v else Push(loc, kept, value)
        case Pop(loc, t, stack):
            name, kept = tv(t), tv(stack)
            return s if name is t and kept is stack else Pop(loc, name, kept)
        case If() | While():
            cond = fn(s.cond)
            return s if cond is s.cond else replace(s, cond=cond)
        case For(_, var, start, stop, step):
            old = (var, start, stop, step)
            new = (tv(var), fn(start), fn(stop), fn(step))
            return s if same(old, new) else replace(s, var=new[0], start=new[1], stop=new[2], step=new[3])
        case Raise(loc, exc, args):
            return s if (given := each(fn, args)) is args else Raise(loc, exc, given)
        case Return(loc, values):
            return s if (results := each(fn, values)) is values else Return(loc, results)
    return s


def each(fn: Callable[[T], T], items: tuple[T, ...]) -> tuple[T, ...]:
    """`fn` of every item (the same tuple when nothing changed)."""
    new = tuple(map(fn, items))
    return items if same(items, new) else new


# ---- walking --------------------------------------------------------------------------


def children(e: Expr) -> tuple[Expr, ...]:
    kind = type(e)  # this is where passes spend their time: `match` would double it
    if kind is Call:
        return (*e.args, *(v for _, v in e.kwargs)) if e.kwargs else e.args  # type: ignore[attr-defined]
    if kind is Index:
        return (e.array, *e.index)  # type: ignore[attr-defined]
    if kind is Slice:
        return tuple(x for x in (e.start, e.stop, e.step) if x is not None)  # type: ignore[attr-defined]
    return ()


def rebuild(e: Expr, fn: Callable[[Expr], Expr]) -> Expr:
    """The expression with `fn` applied to its children (itself when nothing changed)."""
    if not (old := children(e)):
        return e
    if (new := each(fn, old)) is old:
        return e
    match e:
        case Call():
            n = len(e.args)
            return Call(e.fn, new[:n], tuple((k, v) for (k, _), v in zip(e.kwargs, new[n:], strict=True)))
        case Index():
            array = new[0]
            assert isinstance(array, Var)
            return Index(array, new[1:])
        case Slice():
            left = iter(new)
            return Slice(*(None if x is None else next(left) for x in (e.start, e.stop, e.step)))
    return e


@once
def _variables(e: Expr) -> tuple[str, ...]:
    if isinstance(e, Var):
        return (e.name,)
    return tuple(n for c in children(e) for n in _variables(c))


def variables(*exprs: Expr) -> list[str]:
    """The names an expression reads, with repetitions, left to right."""
    return [n for e in exprs for n in _variables(e)]


@once
def used(s: Stmt) -> tuple[str, ...]:
    """The names that the statement itself (not its blocks) reads, with repetitions."""
    return tuple(variables(*operands(s)))


def substitute(e: Expr, env: Mapping[str, Expr]) -> Expr:
    """Replace variables by expressions."""
    if isinstance(e, Var):
        return env.get(e.name, e)
    if env.keys().isdisjoint(_variables(e)):
        return e
    return rebuild(e, lambda c: substitute(c, env))


def rename(s: Stmt, names: Mapping[str, str]) -> Stmt:
    """The statement, blocks included, with names replaced wherever they stand."""
    env = {k: Var(v) for k, v in names.items()}
    s = map_exprs(s, lambda e: substitute(e, env), lambda v: env.get(v.name, v))
    return with_blocks(s, tuple(tuple(rename(c, names) for c in b) for b in blocks(s)))


@once
def _inside(s: Stmt) -> tuple[Stmt, ...]:
    return tuple(walk(t for b in blocks(s) for t in b))


def walk(block: Iterable[Stmt]) -> Iterator[Stmt]:
    """Every statement, outer before inner, in order."""
    for s in block:
        yield s
        if isinstance(s, (If, For, While)):
            yield from _inside(s)


@once
def _routine_names(e: Expr) -> frozenset[str]:
    """The user's functions that an expression calls."""
    own = {e.fn.__name__} if isinstance(e, Call) and hasattr(e.fn, "argtypes") else set()
    return frozenset(own.union(*map(_routine_names, children(e))))


def reads(*stmts: Stmt) -> set[str]:
    """Names whose values the statements, blocks included, use (a store reads no array)."""
    return set().union(*map(_reads, stmts))


def writes(*stmts: Stmt) -> set[str]:
    """Names the statements, blocks included, bind or change."""
    return set().union(*map(_writes, stmts))


@once
def _reads(s: Stmt) -> frozenset[str]:
    return frozenset(used(s)).union(*(_reads(t) for b in blocks(s) for t in b))


@once
def _writes(s: Stmt) -> frozenset[str]:
    return frozenset(written(s)).union(*(_writes(t) for b in blocks(s) for t in b))


def variable_names(f: Function) -> set[str]:
    """Every name in the program that stands for a value."""
    return set(f.params) | set(f.constants) | reads(*f.body) | writes(*f.body)


def names(f: Function) -> set[str]:
    """Every name that occurs in the program."""
    return variable_names(f) | {n for s in walk(f.body) for e in operands(s) for n in _routine_names(e)}


class Namer:
    """Gives names that nobody uses yet; the one place where names are made."""

    def __init__(self, taken: Iterable[str]):
        self.taken = set(taken)
        self.temps = sum(n.startswith("_t") for n in self.taken)

    def __call__(self, base: str) -> str:
        """`base` itself when it is free, otherwise `base_1`, `base_2`, ..."""
        name, k = base, 0
        while name in self.taken:
            k += 1
            name = f"{base}_{k}"
        self.taken.add(name)
        return name

    def temp(self) -> str:
        """A name for a value that the user did not name: `_t1`, `_t2`, ..."""
        while (name := f"_t{self.temps + 1}") in self.taken:
            self.temps += 1
        self.taken.add(name)
        return name
