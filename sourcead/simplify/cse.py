"""Compute once what is surely the same: pure scalar calls, extents and element loads.

An expression is available from its first computation on, in nested blocks too, until an operand or the name
that holds it is bound anew, or (loads) something is stored into its memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import primitives as prim
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
    Move,
    Slice,
    Stmt,
    Var,
    While,
    bound,
    children,
    map_exprs,
    rebuild,
    variables,
    walk,
    with_blocks,
    with_body,
)
from .effects import Effects, class_of, effects, is_allocation, is_pure, is_scalar_call, memory_read, storage
from .extents import extents_of


@dataclass(frozen=True)
class Held:
    """What else has the value of an expression (a name, mostly), and what that rests on."""

    value: Expr
    uses: frozenset[str]
    loads: frozenset[str]


Env = dict[Expr, Held]


def cse(f: Function) -> Function:
    """Replace later computations of an available expression by the name that holds it."""
    joined = {n for s in walk(f.body) if isinstance(s, Move | Accum) for n in bound(s)}
    p = _Pass(storage(f), f.types, joined)
    return with_body(f, p.block(f.body, {}))


@dataclass
class _Pass:
    classes: Mapping[str, str]
    types: Mapping[str, Any]
    joined: set[str]  # bound to values of several types, perhaps: they hold nothing for others

    def block(self, b: Block, env: Env) -> Block:
        new = (self.statement(s, env) for s in b)
        return tuple(s for s in new if s is not None)

    def statement(self, s: Stmt, env: Env) -> Stmt | None:
        match s:
            case If():
                s = map_exprs(s, lambda e: self.known(e, env))
                assert isinstance(s, If)
                new = with_blocks(s, (self.block(s.then, dict(env)), self.block(s.orelse, dict(env))))
                self.kill(env, effects((s,), self.classes))
                return new
            case For():
                s = map_exprs(s, lambda e: self.known(e, env))
                assert isinstance(s, For)
                self.kill(env, effects((s,), self.classes))
                return with_blocks(s, (self.block(s.body, dict(env)),))
            case While():
                self.kill(env, effects((s,), self.classes))
                inner = dict(env)
                test = self.block(s.test, inner)
                # what the test computes is not used outside it
                body = self.block(s.body, self.body_env(s, env))
                return with_blocks(map_exprs(s, lambda e: self.known(e, inner)), (test, body))
        s = map_exprs(s, lambda e: self.known(e, env))
        if isinstance(s, Assign) and s.target == s.value:
            return None  # the same statement once more
        self.kill(env, effects((s,), self.classes))
        if isinstance(s, Assign) and isinstance(s.target, Var):
            self.record(env, s.target.name, s.value)
            self.record_extents(env, s.target, s.value)
        elif isinstance(s, Assign) and isinstance(s.target, Index) and isinstance(s.value, Var):
            self.record_store(env, s.target, s.value)
        return s

    def body_env(self, s: While, env: Env) -> Env:
        env = dict(env)
        self.kill(env, effects(s.test, self.classes))
        return env

    def known(self, e: Expr, env: Env) -> Expr:
        """The expression with every available part replaced by its name, whole expressions first."""
        if e in env:
            return env[e].value
        if not isinstance(e, Call):
            return e
        return rebuild(e, lambda c: self.known(c, env))

    def kill(self, env: Env, x: Effects) -> None:
        for e in [e for e, h in env.items() if h.uses & x.binds or h.loads & x.stores]:
            del env[e]

    def record(self, env: Env, name: str, e: Expr) -> None:
        if name in variables(e) or name in self.joined or not self.reusable(name, e):
            return
        loads = frozenset(class_of(self.classes, n) for n in memory_read(e))
        env.setdefault(e, Held(Var(name), frozenset((name, *variables(e))), loads))

    def record_extents(self, env: Env, a: Var, e: Expr) -> None:
        """After `a = np.empty((n, m))`, `shape(a, 0)` is `n`."""
        if not is_allocation(e) or a.name in variables(e):
            return
        for k, n in enumerate(extents_of(e, self.types, {}) or ()):
            if isinstance(n, Var | Const | Call):
                read = Call(prim.shape, (a, Const(k)))
                env[read] = Held(
                    self.known(n, env), frozenset((a.name, *variables(n, self.known(n, env)))), frozenset()
                )

    def record_store(self, env: Env, place: Index, v: Var) -> None:
        """`a[i] = v`: until something is stored into `a`, `a[i]` is `v` (when the store does not round it)."""
        array, value = self.types.get(place.array.name), self.types.get(v.name)
        if array is None or getattr(array, "dtype", None) != value or not _element(place):
            return
        loads = frozenset({class_of(self.classes, place.array.name)})
        env[place] = Held(v, frozenset({v.name, *variables(place)}), loads)

    def reusable(self, name: str, e: Expr) -> bool:
        """Is the value a scalar that the same expression gives again?"""
        if isinstance(e, Index):
            return _element(e) and self.same_type(name, e)
        if not is_pure(e) or not all(isinstance(a, Var | Const | Call) for a in children(e)):
            return False
        return is_scalar_call(e) and not hasattr(self.types.get(name), "ndim")

    def same_type(self, name: str, e: Index) -> bool:
        """Does the name hold the element unconverted?"""
        array = self.types.get(e.array.name)
        return array is None or name not in self.types or getattr(array, "dtype", None) == self.types[name]


def _element(e: Index) -> bool:
    return all(isinstance(i, Var | Const) and not isinstance(i, Slice) for i in e.index)
