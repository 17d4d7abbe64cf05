"""Copies and constants go where they are read; integer arithmetic on constants is done now.

Floating-point arithmetic is the user's and stays as it is, but for `x * 1.0` and `x / 1.0`.
"""

from __future__ import annotations

import operator as op
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numba
import numpy as np
from numba import types as nt

from .. import primitives as prim
from ..ir import (
    Assign,
    Block,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
    Move,
    Raise,
    Return,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    children,
    map_exprs,
    rebuild,
    substitute,
    variables,
    walk,
    with_blocks,
    with_body,
    writes,
)
from .effects import is_int_const

Env = dict[str, Expr]

_FOLDED = frozenset(
    {
        *(op.add, op.sub, op.mul, op.floordiv, op.mod, op.neg, op.lt, op.le, op.gt, op.ge, op.eq, op.ne, op.not_),
        *(min, max, abs, prim.both, prim.either, prim.select, prim.trips),
    }
)


def copies(f: Function) -> Function:
    """Replace every name that holds a copy of another name, or a constant, by it where both still hold."""
    p = _Pass(f.types, non_negative(f), unequal(f))
    return with_body(f, p.block(f.body, {}))


def unequal(f: Function) -> dict[str, tuple[Expr, Expr]]:
    """The conditions `n != m` under which extents are not as they were taken to be, of names that keep their values."""
    if not any(map(is_extent_check, walk(f.body))):
        return {}
    times = Counter(n for s in walk(f.body) for n in bound(s))
    found = {}
    for s in walk(f.body):
        match s:
            case Assign(_, Var(t), Call(op.ne, (a, b))) if all(times[n] <= 1 for n in (t, *variables(a, b))):
                found[t] = (a, b)
    return found


def is_extent_check(s: Stmt) -> bool:
    """`if n != m: raise Unequal(...)`, and other checks of extents that another program stands behind"""
    return isinstance(s, If) and len(s.then) == 1 and isinstance(s.then[0], Raise) and s.then[0].exc is prim.Unequal


def non_negative(f: Function) -> set[str]:
    """Names that surely hold integers of at least 0: extents, and what is only bound to such."""
    candidates: dict[str, list[Expr | None]] = {}
    for s in walk(f.body):
        if isinstance(s, Assign) and isinstance(s.target, Var):
            candidates.setdefault(s.target.name, []).append(s.value)
        elif isinstance(s, Move):
            for t, v in zip(s.targets, s.sources, strict=True):
                candidates.setdefault(t.name, []).append(v)
        elif isinstance(s, For):
            up = isinstance(s.step, Const) and s.step.value > 0
            candidates.setdefault(s.var.name, []).append(s.start if up else None)
        else:
            for n in bound(s):
                candidates.setdefault(n, []).append(None)
    sure = {n for n in candidates if n not in f.params and n not in f.constants}
    while True:
        bad = {n for n in sure if not all(at_least_zero(v, sure) for v in candidates[n])}
        if not bad:
            return sure
        sure -= bad


def at_least_zero(e: Expr | None, sure: set[str]) -> bool:
    match e:
        case Const(int(v)):
            return not isinstance(v, bool) and v >= 0
        case Var(n):
            return n in sure
        case Call(prim.shape) | Call(prim.trips):
            return True
        case Call(op.add | op.mul | op.floordiv | op.mod) | Call(prim.broadcast_extent):
            return all(at_least_zero(a, sure) for a in e.args)
        case Call(fn, args) if fn is max:
            return any(at_least_zero(a, sure) for a in args)
        case Call(fn, args) if fn is min:
            return all(at_least_zero(a, sure) for a in args)
    return False


class _Pass:
    def __init__(self, types: Mapping[str, Any], non_negative: set[str], unequal: Mapping[str, tuple[Expr, Expr]]):
        self.types = types
        self.non_negative = non_negative
        self.unequal = unequal

    def block(self, b: Block, env: Env) -> Block:
        """Rewrite a block; `env` (name -> what it is a copy of) is brought up to date."""
        out: list[Stmt] = []
        exits: set[str] = set()  # carried names of the loop just left: `s_1 = s` behind it stays
        for s in b:
            if isinstance(s, For | While):
                exits = writes(s)
            elif not (isinstance(s, Assign) and isinstance(s.value, Var)):
                exits = set()
            new = self.statement(s, env)
            out.extend(new)
            if exits and isinstance(s, Assign) and isinstance(s.value, Var) and s.value.name in exits:
                _kill(env, bound(s))
            if new and isinstance(new[-1], Break | Return):
                break
        return tuple(out)

    def statement(self, s: Stmt, env: Env) -> Block:
        match s:
            case If():
                return self.branch(s, env)
            case For() | While():
                return self.loop(s, env)
        s = map_exprs(s, lambda e: self.simplify(substitute(e, env)))
        if isinstance(s, Move):
            kept = [(t, v) for t, v in zip(s.targets, s.sources, strict=True) if t != v]
            if not kept:
                return ()
            if len(kept) < len(s.targets):
                s = replace(s, targets=tuple(t for t, _ in kept), sources=tuple(v for _, v in kept))
        elif isinstance(s, Assign) and s.target == s.value:
            return ()
        _kill(env, bound(s))
        if isinstance(s, Assign) and isinstance(s.target, Var) and isinstance(s.value, Var | Const):
            self.record(env, s.target, s.value)
        return (s,)

    def record(self, env: Env, t: Var, v: Expr) -> None:
        """`t` now holds `v`: use it, unless the assignment converts to another type."""
        if isinstance(v, Var):
            same = self.types.get(t.name) == self.types.get(v.name)
        else:
            same = isinstance(v, Const) and t.name in self.types and self.types[t.name] == type_of_const(v)
            same = same or (isinstance(v, Const) and t.name not in self.types)
        if same and t != v:
            env[t.name] = v

    def branch(self, s: If, env: Env) -> Block:
        cond = self.simplify(substitute(s.cond, env))
        if isinstance(cond, Const) and isinstance(cond.value, (bool, np.bool_)):
            return self.block(s.then if cond.value else s.orelse, env)
        if isinstance(cond, Var) and cond.name in self.unequal and is_extent_check(s):
            return self.equated(replace(s, cond=cond), env)
        then_env, else_env = dict(env), dict(env)
        then, orelse = self.block(s.then, then_env), self.block(s.orelse, else_env)
        env.clear()
        env.update({n: v for n, v in then_env.items() if else_env.get(n) == v})
        if not then and not orelse:
            return ()
        return (with_blocks(map_exprs(s, lambda _: cond), (then, orelse)),)

    def equated(self, s: If, env: Env) -> Block:
        """A check that two extents are equal; behind it one stands for both, rather one that has the user's name."""
        assert isinstance(s.cond, Var)
        a, b = (substitute(e, env) for e in self.unequal[s.cond.name])
        if a == b:
            return ()
        if not isinstance(b, Var) or isinstance(a, Var) and a.name.startswith("_t") and not b.name.startswith("_t"):
            a, b = b, a
        if isinstance(b, Var):
            env.update({n: a for n, v in env.items() if v == b})
            env[b.name] = a
        return (s,)

    def loop(self, s: For | While, env: Env) -> Block:
        if isinstance(s, For):
            new = map_exprs(s, lambda e: self.simplify(substitute(e, env)))
            assert isinstance(new, For)
            s = new
            bounds = [e.value for e in (s.start, s.stop, s.step) if isinstance(e, Const)]
            if len(bounds) == 3:
                r = range(*bounds)
                if len(r) == 0:
                    return ()
                if len(r) == 1 and not s.snapshots and not _breaks(s.body) and not _carries(s.body):
                    first = Assign(s.loc, s.var, Const(int(r[0])))
                    return self.block((first, *s.body), env)
        _kill(env, writes(s))
        if isinstance(s, For):
            return (with_blocks(s, (self.block(s.body, dict(env)),)),)
        inner = dict(env)
        test = self.block(s.test, inner)
        cond = self.simplify(substitute(s.cond, inner))
        if isinstance(cond, Const) and cond.value is False:
            env.update(inner)
            return test
        return (with_blocks(map_exprs(s, lambda _: cond), (test, self.block(s.body, inner))),)

    # ---- expressions

    def simplify(self, e: Expr) -> Expr:
        if children(e) and not isinstance(e, Index):
            e = rebuild(e, lambda c: self.simplify(c) if isinstance(c, Call) else c)
        if isinstance(e, Call) and not e.kwargs:
            return self.call(e)
        return e

    def call(self, e: Call) -> Expr:
        folded = fold_constants(e)
        if folded is not None:
            return folded
        a = e.args
        if e.fn is prim.trips and is_int_const(a[0], 0) and is_int_const(a[2], 1) and self.at_least_zero(a[1]):
            return a[1]
        if e.fn is max and len(a) == 2:
            for x, y in ((a[0], a[1]), (a[1], a[0])):
                if is_int_const(y, 0) and self.at_least_zero(x):
                    return x
        if e.fn in (prim.both, prim.either):
            return self.logic(e)
        if e.fn in (prim.select, prim.flowing) and isinstance(a[0], Const):
            return a[1] if a[0].value else a[2]
        return self.identity(e) or e

    def at_least_zero(self, e: Expr) -> bool:
        return at_least_zero(e, self.non_negative)

    def logic(self, e: Call) -> Expr:
        """`True and x` is `x`, `False and x` is `False`, for booleans."""
        neutral = e.fn is prim.both
        for x, y in ((e.args[0], e.args[1]), (e.args[1], e.args[0])):
            boolean = isinstance(y, Var) and isinstance(self.types.get(y.name), nt.Boolean)
            if isinstance(x, Const) and type(x.value) is bool and boolean:
                return y if x.value is neutral else Const(not neutral)
        return e

    def identity(self, e: Call) -> Expr | None:
        """`n + 0`, `1 * n`, `x * 1.0`: the other operand, when it has the type of the result; `n == n` is true."""
        if len(e.args) != 2:
            return None
        x, y = e.args
        if e.fn in (op.add, op.mul) and isinstance(x, Const):
            x, y = y, x
        if not isinstance(x, Var) or x.name not in self.types:
            return None
        t = self.types[x.name]
        if isinstance(t, nt.Integer) and x == y and e.fn in (op.eq, op.ne):
            return Const(e.fn is op.eq)
        if isinstance(t, nt.Integer) and t.bitwidth == 64 and t.signed:
            neutral = 0 if e.fn in (op.add, op.sub) else 1 if e.fn in (op.mul, op.floordiv) else None
            return x if neutral is not None and is_int_const(y, neutral) else None
        if t == nt.float64 and e.fn in (op.mul, op.truediv):
            one = isinstance(y, Const) and type(y.value) in (int, float) and y.value == 1
            return x if one else None
        return None


def type_of_const(c: Const) -> Any:
    """The Numba type a name bound to this constant has."""
    try:
        return numba.typeof(c.value)
    except ValueError:
        return None


def fold_constants(e: Call) -> Const | None:
    """The value of an operation on integer and boolean constants."""
    if e.fn not in _FOLDED or not e.args:
        return None
    if not all(isinstance(a, Const) and type(a.value) in (int, bool) for a in e.args):
        return None
    values = [a.value for a in e.args if isinstance(a, Const)]
    if e.fn in (op.floordiv, op.mod) and values[1] == 0:
        return None
    v = e.fn(*values)
    return Const(v) if type(v) in (int, bool) and abs(v) < 2**62 else None


def _carries(b: Block) -> bool:
    """Does the body hand names to the next iteration? Without its loop they would be bound twice in one place."""
    match b[-1:]:
        case (Move(),):
            return True
        case (If() as s,):
            return _carries(s.then) or _carries(s.orelse)
    return False


def _breaks(b: Block) -> bool:
    """Does the block leave the loop around it?"""
    return any(isinstance(s, Break) or (not isinstance(s, For | While) and any(map(_breaks, blocks(s)))) for s in b)


def _kill(env: Env, names: Any) -> None:
    """Forget what rests on names that are bound anew."""
    gone = set(names)
    for n in [n for n, v in env.items() if n in gone or (isinstance(v, Var) and v.name in gone)]:
        del env[n]
