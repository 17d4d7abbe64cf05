"""Rules in a program that is differentiated again: pullbacks and forward functions stand in the places of their calls.

Then they are read like any other function. A function whose rule gets the arguments and the result stays a call, with
the same rule in the next derivative too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..derived import dtype, zero
from ..errors import Finding, Unsupported
from ..infer import is_array, is_float
from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    Function,
    Namer,
    Return,
    Stmt,
    Unpack,
    Var,
    blocks,
    names,
    rename,
    variable_names,
    walk,
    with_blocks,
)
from ..reverse.seeds import whole
from ..routines import Pullback, Pushforward
from ..structure import leaf_types
from .call import Ruled
from .programs import begun, matched, per_argument, recalled, seeds_of

Stages = Callable[..., dict[str, Function]]


def rules_written_out(f: Function, stages: Stages) -> Function:
    """The two sweeps of a program, with what rules do written out; stages: `primal_stages`, which reads functions."""
    if not any(isinstance(s, (Assign, Unpack)) and is_rule(s.value) for s in walk(f.body)):
        return f
    work = _Expansion(stages, Namer(names(f)), dict(f.types), dict(f.constants))
    return replace(f, body=work.block(f.body), types=work.types, constants=work.constants)


def is_rule(e: Expr) -> bool:
    match e:
        case Call(Ruled() as fn):
            return bool(fn.called)
        case Call(Pullback(routine=Ruled()) | Pushforward(of=Ruled())):
            return True
    return False


@dataclass
class _Expansion:
    stages: Stages
    fresh: Namer
    types: dict[str, Any]
    constants: dict[str, Any]
    numbers: dict[str, list[Expr]] = field(default_factory=dict)  # what pullbacks hand to numbers

    def block(self, b: Block) -> Block:
        out: list[Stmt] = []
        for s in b:
            match s:
                case Assign(_, Var(t), Call(Pullback(routine=Ruled()))):
                    self.numbers[t] = self.pullback(s, out)
                case Assign(_, _, Call(p.item, (Var(t), Const(k)))) if t in self.numbers:
                    out.append(replace(s, value=self.numbers[t][k]))
                case Assign(_, Var() as t, value) if is_rule(value):
                    self.called(s, (t,), value, out)
                case Unpack(_, targets, value) if is_rule(value):
                    self.called(s, targets, value, out)
                case _:
                    out.append(with_blocks(s, tuple(map(self.block, blocks(s)))))
        return tuple(out)

    def called(self, s: Stmt, targets: tuple[Var, ...], value: Expr, out: list[Stmt]) -> None:
        """A function with a rule, or its pushforward."""
        assert isinstance(value, Call)
        if isinstance(value.fn, Pushforward):
            self.pushforward(s, targets, value, out)
        else:
            self.forward(s, targets, value, out)

    def forward(self, s: Stmt, targets: tuple[Var, ...], value: Expr, out: list[Stmt]) -> None:
        """The forward sweep of a rule that saves."""
        assert isinstance(value, Call)
        assert isinstance(value.fn, Ruled)
        returned, _ = self.program(value.fn, "forward", value.fn.arguments, value.args, s, out)
        left = iter(targets)
        for e in flat(returned):
            if e != Const(None):
                out += self.copied(s, next(left), e)

    def copied(self, s: Stmt, target: Var, e: Expr) -> list[Stmt]:
        """`target` is the number, or a new array equal to the array."""
        t = self.types[target.name]
        if not is_array(t):
            return [Assign(s.loc, target, e)]
        extents = tuple(Call(p.shape, (e, Const(k))) for k in range(t.ndim))
        made = Call(np.zeros, (Call(p.pack, extents), dtype(t)))
        return [Assign(s.loc, target, made), Accum(s.loc, target, e)]

    def pullback(self, s: Assign, out: list[Stmt]) -> list[Expr]:
        """The backward sweep of a rule: adds to the adjoints of arrays; gives what flows to numbers."""
        call = s.value
        assert isinstance(call, Call)
        assert isinstance(call.fn, Pullback)
        fn, ruled = call.fn, call.fn.routine
        assert isinstance(ruled, Ruled)
        q = begun(ruled, "pullback")
        argtypes = q.types_of((*recalled(q), seeds_of(q, fn.results)))
        returned, t = self.program(ruled, "pullback", argtypes, call.args[fn.arrays :], s, out)
        wrt = [ruled.operands[k] for k in fn.wrt]
        bars = dict(zip((n for n in wrt if is_array(ruled.leaves[n])), call.args, strict=False))
        numbers: dict[str, Expr] = {n: zero(ruled.leaves[n]) for n in wrt if n not in bars}
        for (share, kind), e in zip(per_argument(q, Var(""), t), ruled.takes, strict=True):
            for n, found, of in matched(q, e, share, kind, ruled):
                if n not in wrt or isinstance(of, types.NoneType):
                    continue
                value = picked(found, returned)
                if n in bars:
                    out.append(Accum(s.loc, bars[n], value))  # type: ignore[arg-type]
                else:
                    numbers[n] = value
        return [numbers[n] for n in wrt if n not in bars]

    def pushforward(self, s: Stmt, targets: tuple[Var, ...], value: Call, out: list[Stmt]) -> None:
        """The function, then its tangents."""
        fn = value.fn
        assert isinstance(fn, Pushforward)
        ruled = fn.of
        assert isinstance(ruled, Ruled)
        if fn.several:
            what = f"a derivative of `{ruled.rule.__name__}` in several directions is differentiated again"
            raise Unsupported(what, s.loc, "take one direction at a time: several=False")
        count = len(targets) - len(fn.results)
        operands, dots = value.args[: len(ruled.operands)], value.args[len(ruled.operands) :]
        results, call = targets[:count], Call(ruled, operands)
        if ruled.called:
            self.forward(s, results, call, out)
        else:
            out.append(Assign(s.loc, results[0], call) if count == 1 else Unpack(s.loc, results, call))
        given = dict(zip((ruled.operands[k] for k in fn.wrt), dots, strict=True))
        own = dict(zip(ruled.operands, operands, strict=True))
        tangents = [given.get(n) or self.zeros(s, own[n], t, out) for n, t in ruled.leaves.items() if is_float(t)]
        remembered = results[len(ruled.results) :] if ruled.called else (*operands, *results)
        argtypes = (ruled.saved,) if ruled.called else (*ruled.arguments, ruled.result)
        argtypes = (*argtypes, *map(ruled.tangent_type, ruled.arguments))
        returned, _ = self.program(ruled, "pushforward", argtypes, (*remembered, *tangents), s, out)
        found = list(flat(returned))
        for k, y_dot in zip(fn.results, targets[count:], strict=True):
            none = found[k] == Const(None)
            e = self.zeros(s, results[k], self.types[y_dot.name], out) if none else found[k]
            out += self.copied(s, y_dot, e)

    def zeros(self, s: Stmt, like: Expr, t: Any, out: list[Stmt]) -> Expr:
        if not is_array(t):
            return zero(t)
        name = self.fresh("zero")
        self.types[name] = t
        extents = tuple(Call(p.shape, (like, Const(k))) for k in range(t.ndim))
        out.append(Assign(s.loc, Var(name), Call(np.zeros, (Call(p.pack, extents), dtype(t)))))
        return Var(name)

    def program(
        self, r: Ruled, kind: str, argtypes: tuple[Any, ...], args: tuple[Expr, ...], s: Stmt, out: list[Stmt]
    ) -> tuple[Expr, Any]:
        """Put a part of a rule behind `out`, as a program: what it returns, and the type of that."""
        inner, returns = self.read(r, kind, argtypes, s)
        given = iter(args)
        new = {n: self.fresh(n) for n in sorted(variable_names(inner))}
        for n, t in zip(inner.params, leaf_types(types.Tuple(argtypes)), strict=True):
            if isinstance(t, types.NoneType):
                continue
            a = next(given)
            if isinstance(a, Var):
                new[n] = a.name
            else:
                out.append(Assign(s.loc, Var(new[n]), a))
        self.types |= {m: inner.types[n] for n, m in new.items() if n in inner.types and m not in self.types}
        self.constants |= {new[n]: a for n, a in inner.constants.items()}
        *body, end = (rename(t, new) for t in inner.body)
        assert isinstance(end, Return)
        out += body
        return whole(replace(inner, body=(*body, end))), returns

    def read(self, r: Ruled, kind: str, argtypes: tuple[Any, ...], s: Stmt) -> tuple[Function, Any]:
        from ..pipeline import result_type

        rule = r.rule
        try:
            f = list(self.stages(rule.function(kind, argtypes), argtypes).values())[-1]
            return f, result_type(f)
        except Unsupported as e:
            what = f"a second derivative of `{rule.__name__}`: {rule.title(kind)} would have to be differentiated"
            remedy = "write it in what can be differentiated"
            if kind == "forward":
                remedy += ", or let the pullback take the arguments and the result"
            raise Unsupported(findings=[Finding(s.loc, what, remedy), *e.findings]) from None


def flat(e: Expr) -> Iterator[Expr]:
    """The numbers and arrays in what a program returns."""
    if isinstance(e, Call) and e.fn is p.pack:
        for i in e.args:
            yield from flat(i)
    else:
        yield e


def picked(path: Expr, returned: Expr) -> Expr:
    """The item of a result that stands at a place in it."""
    match path:
        case Call(p.item, (owner, Const(k))):
            found = picked(owner, returned)
            assert isinstance(found, Call)
            return found.args[k]
    return returned
