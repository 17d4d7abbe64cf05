"""Single definitions: every assignment gets a name of its own, joined by `Move`s where control flow meets.

Pruned (a join only for names that are read later) and structured: joins stand at the ends of branches, before
loops and at the ends of their bodies. Cytron et al., "Efficiently computing static single assignment form" (1991),
for the idea; structured control flow needs no dominance frontiers.
"""

from __future__ import annotations

import operator as op
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .infer import is_array
from .ir import (
    Accum,
    Assign,
    Block,
    Break,
    Call,
    Expr,
    For,
    Function,
    If,
    Index,
    Loc,
    Move,
    Namer,
    Pop,
    Push,
    Raise,
    Return,
    Stmt,
    Unpack,
    Var,
    While,
    blocks,
    bound,
    map_exprs,
    names,
    substitute,
    used,
    variables,
    walk,
)

Env = dict[str, Expr]


def ssa(f: Function) -> Function:
    """The program with one definition a name; plain copies `b = a` are gone."""
    p = _Pass(Namer(names(f)), f.types)
    p.used |= {*f.params, *f.constants}
    env: Env = {n: Var(n) for n in (*f.params, *f.constants)}
    body = tuple(p.block(f.body, env, frozenset(), frozenset()))
    kept = {n: t for n, t in f.types.items() if n in p.used or n in f.params}
    return replace(f, body=body, types={**kept, **p.types})


# ---- liveness: which names are read later ------------------------------------------------------

Live = frozenset[str]


class Liveness:
    """Names that are live at a place; `leave` are those live behind the loop around it."""

    def __init__(self) -> None:
        self.memo: dict[tuple[Stmt, Live, Live], Live] = {}  # nested loops ask the same again and again

    def before(self, s: Stmt, after: Live, leave: Live) -> Live:
        match s:
            case If():
                return self.start(s.then, after, leave) | self.start(s.orelse, after, leave) | reads_of(s)
            case For():
                return (self.head(s, after) - {s.var.name}) | reads_of(s)
            case While():
                return self.head(s, after)
            case Break():
                return leave
            case Raise() | Return():
                return reads_of(s)
        return (after - set(bound(s))) | reads_of(s)

    def start(self, b: Block, after: Live, leave: Live) -> Live:
        """Live at the start of a block."""
        for s in reversed(b):
            if not blocks(s):
                after = self.before(s, after, leave)
                continue
            key = s, after, leave
            if key not in self.memo:
                self.memo[key] = self.before(s, after, leave)
            after = self.memo[key]
        return after

    def tested(self, s: While, head: Live, after: Live) -> Live:
        """Live behind the test of a loop, when it goes on or ends."""
        return self.start(s.body, head, after) | after | frozenset(variables(s.cond))

    def head(self, s: For | While, after: Live) -> Live:
        """Live each time the loop's head is reached."""
        head = after
        while True:
            if isinstance(s, For):
                new = after | self.start(s.body, head, after)
            else:
                new = self.start(s.test, self.tested(s, head, after), after)
            if new <= head:
                return head
            head |= new


def reads_of(s: Stmt) -> Live:
    """Names a statement itself reads; a store needs the array it changes."""
    extra = (s.target.array.name,) if isinstance(s, (Assign, Accum)) and isinstance(s.target, Index) else ()
    return frozenset((*used(s), *extra))


# ---- renaming --------------------------------------------------------------------------------------


@dataclass
class _Pass:
    namer: Namer
    old_types: Mapping[str, Any]
    used: set[str] = field(default_factory=set)
    types: dict[str, Any] = field(default_factory=dict)
    carried: list[tuple[Loc | None, dict[str, str]]] = field(default_factory=list)  # of the loops around
    shared: dict[str, Var] = field(default_factory=dict)  # names that are not defined on every path
    live: Liveness = field(default_factory=Liveness)

    def version(self, n: str) -> str:
        """A name for a new definition of `n`: `n` itself, then `n_1`, `n_2`, ..."""
        if n in self.used:
            new = self.namer(n)
        else:
            new = n
        self.used.add(new)
        if n in self.old_types:
            self.types[new] = self.old_types[n]
        return new

    def open(self, n: str) -> Var:
        """The one name that stands for `n` wherever it is not defined on every path.

        Copying it where paths meet might read what was never assigned, so all of them bind this name.
        """
        if n not in self.shared:
            self.shared[n] = Var(self.version(n))
        return self.shared[n]

    def is_open(self, e: Expr | None) -> bool:
        return e is None or e in self.shared.values()

    def block(self, b: Block, env: Env, after: Live, leave: Live, tail: bool = False) -> list[Stmt]:
        """Rename a block; `env` becomes what the names mean at its end.

        A `tail` ends an iteration: each path through it that goes on ends with the `Move` of the carried names.
        """
        lives = [after]
        for s in reversed(b):
            lives.append(self.live.start((s,), lives[-1], leave))
        out: list[Stmt] = []
        for s, live in zip(b, reversed(lives[:-1]), strict=True):
            if tail and s is b[-1] and isinstance(s, If) and leaves(s):
                sides = (tuple(self.block(c, dict(env), live, leave, True)) for c in blocks(s))
                return [*out, If(s.loc, substitute(s.cond, env), *sides)]
            out += self.statement(s, env, live, leave)
        if tail and goes_on(out):
            out += self.join(*self.carried[-1], env)
        return out

    def statement(self, s: Stmt, env: Env, after: Live, leave: Live) -> list[Stmt]:
        match s:
            case If():
                return self.branches(s, env, after, leave)
            case For() | While():
                return self.loop(s, env, after)
            case Break():
                loc, joined = self.carried[-1]
                return [*self.join(loc, joined, env), s]
            case Assign(_, Var(n), value):
                new = substitute(value, env)
                if not isinstance(new, (Call, Index)) and not self.is_open(new):
                    env[n] = new  # a second name for the same value
                    return []
                return [self.define(s, n, new, env)]
            case Accum(loc, Var(n), value) if not is_array(self.old_types.get(n)):
                return self.add(s, n, substitute(value, env), env)
            case Move():
                return self.move(s, env)
            case Unpack():
                value = substitute(s.value, env)
                assert isinstance(value, Call)
                versions = tuple(Var(self.version(t.name)) for t in s.targets)
                env.update({t.name: v for t, v in zip(s.targets, versions, strict=True)})
                return [replace(s, targets=versions, value=value)]
            case Pop(_, Var(n), _):
                new_target = Var(self.version(n))
                env[n] = new_target
                return [replace(s, target=new_target)]
            case Push():
                value = substitute(s.value, env)
                if isinstance(value, Var):
                    return [replace(s, value=value)]
                named = Var(self.version(s.value.name))
                return [Assign(s.loc, named, value), replace(s, value=named)]
        return [self.renamed(s, env)]

    def move(self, s: Move, env: Env) -> list[Stmt]:
        """The targets are other names of the sources from here on; what may be undefined elsewhere is copied."""
        out: list[Stmt] = []
        now: Env = {}
        for t, v in zip(s.targets, s.sources, strict=True):
            now[t.name] = substitute(v, env)
            if self.is_open(now[t.name]) and self.shared.get(t.name) != now[t.name]:
                copied = Var(self.version(t.name))
                out.append(Assign(s.loc, copied, now[t.name]))
                now[t.name] = copied
        env.update(now)
        return out

    def define(self, s: Assign, n: str, value: Expr, env: Env) -> Stmt:
        target = Var(self.version(n))
        env[n] = target
        return replace(s, target=target, value=value)

    def add(self, s: Accum, n: str, value: Expr, env: Env) -> list[Stmt]:
        """`n += value` of a scalar defines the next version of `n`."""
        out: list[Stmt] = []
        fn = op.add
        if isinstance(value, Call) and value.fn is op.neg:
            fn, value = op.sub, value.args[0]
        if isinstance(value, (Call, Index)):
            t = self.namer.temp()
            if n in self.old_types:
                self.types[t] = self.old_types[n]
            out.append(Assign(s.loc, Var(t), value))
            value = Var(t)
        return [*out, self.define(Assign(s.loc, Var(n), value), n, Call(fn, (env.get(n, Var(n)), value)), env)]

    def renamed(self, s: Stmt, env: Env) -> Stmt:
        def name(v: Var) -> Var:
            now = env.get(v.name, v)
            assert isinstance(now, Var)
            return now

        return map_exprs(s, lambda e: substitute(e, env), name)

    def assigned(self, s: Stmt) -> list[str]:
        """Names bound inside a statement, in order; `Accum` into a whole array binds nothing."""
        inside = (t for b in blocks(s) for t in walk(b))
        rebinding = (t for t in inside if not (isinstance(t, Accum) and is_array(self.old_types.get(bound_name(t)))))
        return list(dict.fromkeys(n for t in rebinding for n in bound(t)))

    def join(self, loc: Loc | None, joined: Mapping[str, str], env: Env) -> list[Stmt]:
        """`Move` into the joined names what the names mean here (those that mean something)."""
        pairs = [(Var(j), env[n]) for n, j in joined.items() if n in env and env[n] != Var(j)]
        return [Move(loc, tuple(t for t, _ in pairs), tuple(v for _, v in pairs))] if pairs else []

    def branches(self, s: If, env: Env, after: Live, leave: Live) -> list[Stmt]:
        cond = substitute(s.cond, env)
        made = [dict(env), dict(env)]
        then, orelse = (self.block(b, e, after, leave) for b, e in zip(blocks(s), made, strict=True))
        ends = [e for b, e in zip((then, orelse), made, strict=True) if goes_on(b)]
        joined: dict[str, str] = {}
        for n in self.assigned(s):
            meanings = [e.get(n) for e in ends]
            if n not in after or all(m is None for m in meanings):
                env.pop(n, None)
            elif all(m == meanings[0] for m in meanings) and meanings[0] is not None:
                env[n] = meanings[0]
            elif any(map(self.is_open, meanings)):
                env[n] = self.open(n)
                joined[n] = self.open(n).name
            else:
                joined[n] = self.version(n)
                env[n] = Var(joined[n])
        for b, e in zip((then, orelse), made, strict=True):
            if goes_on(b):
                b += self.join(s.loc, joined, e)
        return [If(s.loc, cond, tuple(then), tuple(orelse))]

    def loop(self, s: For | While, env: Env, after: Live) -> list[Stmt]:
        head = self.live.head(s, after)
        own = {s.var.name} if isinstance(s, For) else set()
        carried = [n for n in self.assigned(s) if n in head and n not in own]
        opened = {n for n in carried if self.is_open(env.get(n))}
        joined = {n: self.open(n).name if n in opened else self.version(n) for n in carried}
        out = self.join(s.loc, joined, env)
        inside: Env = {**env, **{n: Var(j) for n, j in joined.items()}}
        self.carried.append((s.loc, joined))
        new: Stmt
        if isinstance(s, For):
            var = Var(self.version(s.var.name))
            inside[s.var.name] = var
            body = self.block(s.body, inside, head, after, True)
            start, stop, step = (substitute(e, env) for e in (s.start, s.stop, s.step))
            new = replace(s, var=var, start=start, stop=stop, step=step, body=tuple(body))
        else:
            test = self.block(s.test, inside, self.live.tested(s, head, after), after)
            cond = substitute(s.cond, inside)
            body = self.block(s.body, inside, head, after, True)
            new = replace(s, test=tuple(test), cond=cond, body=tuple(body))
        self.carried.pop()
        out.append(new)
        for n in self.assigned(s):
            env.pop(n, None)
        for n, j in joined.items():
            if n in opened:
                env[n] = Var(j)
            elif n in after:
                exit_name = Var(self.version(n))
                out.append(Assign(s.loc, exit_name, Var(j)))
                env[n] = exit_name
        return out


def bound_name(s: Accum) -> str:
    return s.target.array.name if isinstance(s.target, Index) else s.target.name


def goes_on(b: Iterable[Stmt]) -> bool:
    """Can control reach the end of a block?"""
    *_, last = (None, *b)
    match last:
        case Break() | Raise() | Return():
            return False
        case If():
            return goes_on(last.then) or goes_on(last.orelse)
    return True


def leaves(s: If) -> bool:
    return any(isinstance(t, Break) or isinstance(t, If) and leaves(t) for b in blocks(s) for t in b)
