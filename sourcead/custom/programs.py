"""Small programs around what the user wrote: numbers and arrays come in and go out one by one."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from numba.core import types

from .. import primitives as p
from ..derived import dtype, zero
from ..errors import Finding
from ..infer import is_array, is_complex, is_float, real_of
from ..ir import Accum, Assign, Call, Const, Expr, Function, If, Loc, Namer, Raise, Return, Stmt, Var
from ..routines import Pullback, Pushforward, Routine
from ..structure import leaf_types
from .call import Ruled, result_of, type_of
from .rule import CustomRule


@dataclass
class Program:
    """A program that is being written."""

    ruled: Ruled
    kind: str  # the part of the rule that it calls
    namer: Namer
    params: list[str] = field(default_factory=list)
    types: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    body: list[Stmt] = field(default_factory=list)
    result: Expr | None = None  # of the function, once it is called
    saved: Expr | None = None

    @property
    def loc(self) -> Loc:
        return self.ruled.rule.place(self.kind)

    def parameter(self, base: str, t: Any) -> Var:
        name = self.namer(base)
        self.params.append(name)
        self.types[name] = t
        return Var(name)

    def structured(self, t: Any, base: str, make: Any) -> Expr:
        """Something of a type, made of what `make(base, t)` gives for the numbers and arrays in it."""
        if isinstance(t, types.BaseTuple):
            kwargs: tuple[Any, ...] = ()
            if isinstance(t, types.BaseNamedTuple):
                self.constants[t.instance_class.__name__] = t.instance_class
                kwargs = (("cls", Const(t.instance_class.__name__)),)
            return Call(p.pack, tuple(self.structured(i, f"{base}_{k}", make) for k, i in enumerate(t)), kwargs)
        return Const(None) if isinstance(t, types.NoneType) else make(base, t)

    def call(self, args: tuple[Expr, ...], argtypes: tuple[Any, ...] = ()) -> Expr:
        """The call of what the user wrote; argtypes: of a part that may be made for types."""
        rule: CustomRule = self.ruled.rule
        name = self.namer("_".join(filter(None, (self.ruled.title, self.kind, "rule"))))
        self.constants |= dict(self.ruled.classes)
        self.constants[name] = rule.compiled(self.kind, argtypes)
        return Call(p.given, (Var(name), *args))

    def types_of(self, args: tuple[Expr, ...]) -> tuple[Any, ...]:
        return tuple(type_of(a, self.types, self.constants) for a in args)

    def let(self, base: str, value: Expr) -> Var:
        v = Var(self.namer(base))
        self.body.append(Assign(self.loc, v, value))
        return v

    def check(self, wrong: Expr, what: str) -> None:
        """Raise ValueError when something about what the user wrote is wrong."""
        message = str(Finding(replace(self.loc, end_col=0), what))
        self.body.append(If(self.loc, wrong, (Raise(self.loc, ValueError, (Const(message),)),)))

    def finished(self, name: str, values: list[Expr], returns: Any) -> Function:
        end = values[0] if len(values) == 1 else Call(p.pack, tuple(values)) if values else Const(0)
        body = (*self.body, Return(self.loc, (end,)))
        return Function(name, tuple(self.params), body, self.types, self.constants, returns=returns)


def rule_program(r: Routine | Pullback | Pushforward) -> Function:
    """What finished programs call in the place of a function with a rule, or of its pullback."""
    if isinstance(r, Pullback):
        return pullback(r)
    if isinstance(r, Pushforward):
        from .tangents import pushforward

        return pushforward(r)
    assert isinstance(r, Ruled)
    return primal(r)


def begun(r: Ruled, kind: str) -> Program:
    reserved = (*r.operands, *(n for n, _ in r.classes), r.__name__, r.title)
    return Program(r, kind, Namer({*reserved, "np"}))


def plain(r: Ruled) -> Function:
    """A function of the numbers and arrays with the result of the user's function, whatever that is."""
    q = begun(r, "")
    q.params = list(r.operands)
    return q.finished(r.__name__, [q.call(r.takes)], None)


def primal(r: Ruled) -> Function:
    """The forward sweep: results and saved values, one by one, in arrays of their own."""
    q = begun(r, r.called)
    q.params, q.types = list(r.operands), dict(r.leaves)
    result = q.call(r.takes)
    if r.called or len(leaf_types(r.result)) > 1 or is_array(r.result):
        result = q.let("result", result)
    value = Call(p.item, (result, Const(0))) if r.called else result
    kept = list(parts(value, r.result))
    for e, t in kept:
        if is_array(t):
            fresh(q, e, t)
    if r.called:
        kept += parts(Call(p.item, (result, Const(1))), r.saved)
    kept = [(e, t) for e, t in kept if not isinstance(t, types.NoneType)]
    kinds = [t for _, t in kept]
    returns = kinds[0] if len(kinds) == 1 else types.Tuple(kinds)
    return q.finished(r.__name__, [own(e, t) for e, t in kept], returns)


def fresh(q: Program, e: Expr, t: Any) -> None:
    """Raise when a result is (a part of) an argument: what is written into one of them later is written into both."""
    given = [n for n, k in q.ruled.leaves.items() if is_array(k) and real_of(k.dtype) == real_of(t.dtype)]
    if given:
        same: Expr = Call(p.overlapping, (e, Var(given[0])))
        for n in given[1:]:
            same = Call(p.either, (same, Call(p.overlapping, (e, Var(n)))))
        q.check(same, f"{q.ruled.rule.title(q.kind)} returns (a part of) an argument, and must return a copy of it")


def parts(e: Expr, t: Any) -> Iterator[tuple[Expr, Any]]:
    """The numbers and arrays in a value."""
    if isinstance(t, types.BaseTuple):
        for k, i in enumerate(t):
            yield from parts(Call(p.item, (e, Const(k))), i)
    else:
        yield e, t


def mapped(e: Expr, make: Callable[[str], Expr]) -> Expr:
    """An argument with other things in the places of its numbers and arrays; nothing in those of constants."""
    match e:
        case Var(n):
            return make(n)
        case Call(p.pack, items, kwargs):
            return Call(p.pack, tuple(mapped(i, make) for i in items), kwargs)
    return Const(None)


def own(e: Expr, t: Any) -> Expr:
    """An array in memory of its own."""
    return Call(p.owned, (e,)) if is_array(t) else e


# ---- pullbacks ---------------------------------------------------------------------------------------


def pullback(r: Pullback) -> Function:
    """Adds what flows to arrays to their adjoints, the first parameters; returns what flows to numbers.

    The other parameters: what the rule gets of the forward sweep, then the adjoints of the results.
    """
    ruled = r.routine
    assert isinstance(ruled, Ruled)
    q = begun(ruled, "pullback")
    wrt = [ruled.operands[k] for k in r.wrt]
    bars = {n: q.parameter(f"{n}_bar", ruled.leaves[n]) for n in wrt if is_array(ruled.leaves[n])}
    args = (*recalled(q), seeds_of(q, r.results))
    rule: CustomRule = ruled.rule
    rule.check_count("pullback", len(args))
    argtypes = q.types_of(args)
    returned = result_of(rule, "pullback", argtypes)
    shares = q.let("shares", q.call(args, argtypes))
    given = per_argument(q, shares, returned)
    numbers: dict[str, Expr] = {}
    for (share, t), e in zip(given, ruled.takes, strict=True):
        for n, found, kind in matched(q, e, share, t, ruled):
            if n in bars:
                added(q, bars[n], found, kind, n)
            elif n in wrt:
                numbers[n] = number(found, kind, ruled.leaves[n])
    values = [*(numbers[n] for n in wrt if n not in bars), *bars.values()]
    returns = types.Tuple([ruled.leaves[n] for n in (*(n for n in wrt if n not in bars), *bars)])
    return q.finished(r.__name__, [Call(p.pack, tuple(values))], returns)


def recalled(q: Program) -> tuple[Expr, ...]:
    """What a rule gets of the forward sweep: what it saved, or the arguments and the result."""
    r = q.ruled
    if r.called:
        return (q.structured(r.saved, "saved", q.parameter),)
    for n in r.recalled(q.kind)[0]:
        q.params.append(n)
        q.types[n] = r.leaves[n]
    *takes, y = r.read(q.kind)
    given = tuple(Const(None) if e is None else e for e in takes)
    return (*given, Const(None) if y is None else q.structured(r.result, "y", q.parameter))


def seeds_of(q: Program, results: tuple[int, ...]) -> Expr:
    """The adjoints of the results with these numbers, structured like the result."""
    numbered = iter(range(len(leaf_types(q.ruled.result))))

    def seed(base: str, t: Any) -> Expr:
        return q.parameter(f"{base}_bar", t) if next(numbered) in results else Const(None)

    return q.structured(q.ruled.result, "y", seed)


def per_argument(q: Program, shares: Expr, t: Any) -> list[tuple[Expr, Any]]:
    """One share for each parameter of the function."""
    rule, takes = q.ruled.rule, q.ruled.takes
    if len(takes) == 1 and not (isinstance(t, types.BaseTuple) and len(t) == 1):
        return [(shares, t)]
    if not isinstance(t, types.BaseTuple) or len(t) != len(takes):
        names = ", ".join(f"`{n}`" for n in rule.parameters)
        count = len(t) if isinstance(t, types.BaseTuple) else 1
        what = f"{rule.title('pullback')} gives {count} adjoint{'s' * (count != 1)}, and there are {len(takes)} "
        raise rule.refuse(
            "pullback",
            f"{what}argument{'s' * (len(takes) != 1)}: {names}",
            "return a tuple with one for each argument, None where nothing flows",
        )
    return [(Call(p.item, (shares, Const(k))), t[k]) for k in range(len(t))]


Share = tuple[str, Expr, Any]


def matched(q: Program, e: Expr, share: Expr, t: Any, r: Ruled) -> Iterator[Share]:
    """The numbers and arrays in an argument, each with what flows to it; TypeErrors in the user's words."""
    match e:
        case Var(n):
            check_kind(q, f"`{n}`", t, r.leaves[n], "adjoint")
            yield n, share, t
        case Call(p.pack, items):
            if isinstance(t, types.NoneType):
                for i in items:
                    yield from matched(q, i, share, t, r)
                return
            if not isinstance(t, types.BaseTuple) or len(t) != len(items):
                what = f"{q.ruled.rule.title(q.kind)} gives {t} where an argument is a tuple of {len(items)}"
                raise q.ruled.rule.refuse(q.kind, what, "return a tuple built like the argument, or None")
            for k, i in enumerate(items):
                yield from matched(q, i, Call(p.item, (share, Const(k))), t[k], r)


def check_kind(q: Program, of: str, given: Any, wanted: Any, kind: str) -> None:
    """Refuse an adjoint or a tangent of another kind than what it belongs to."""
    rule = q.ruled.rule
    given = given.type if isinstance(given, types.Optional) and not is_array(wanted) else given
    if not is_float(wanted) or isinstance(given, types.NoneType):
        return
    number = given.dtype if is_array(given) else types.unliteral(given)
    same = getattr(given, "ndim", 0) == getattr(wanted, "ndim", 0) and isinstance(number, (types.Number, types.Boolean))
    if not same:
        what = f"{rule.title(q.kind)} gives for {of}, which is {described(wanted)}, something of type {given}"
        raise rule.refuse(q.kind, what, f"return {described(wanted)}, or None")
    if is_complex(number) and not is_complex(wanted):
        what = f"{rule.title(q.kind)} gives a complex {kind} for {of}, which is real"
        raise rule.refuse(q.kind, what, "return its real part: `.real`")


def described(t: Any) -> str:
    kind = "complex" if is_complex(t) else "real"
    if not is_array(t):
        return f"a {kind} number"
    return f"an array of {kind} numbers with {t.ndim} ax{'e' if t.ndim > 1 else 'i'}s"


def added(q: Program, bar: Var, share: Expr, t: Any, n: str) -> None:
    """`bar += share`, of equal shapes."""
    if isinstance(t, types.NoneType):
        return
    v = share if isinstance(share, Var) else q.let(f"{n}_share", share)
    rule = q.ruled.rule
    what = f"{rule.title(q.kind)} gives for `{n}` an array of another shape than that of `{n}`"
    q.check(Call(op.ne, (Call(p.shape_of, (v,)), Call(p.shape_of, (bar,)))), what)
    q.body.append(Accum(q.loc, bar, v))


def number(share: Expr, given: Any, wanted: Any) -> Expr:
    """What flows to a number, of its type."""
    if isinstance(given, types.NoneType):
        return zero(wanted)
    return share if given == wanted else Call(dtype(wanted).value, (share,))
