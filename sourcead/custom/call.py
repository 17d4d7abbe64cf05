"""The call of a function with a rule: what it takes and gives, as far as types tell."""

from __future__ import annotations

import dis
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numba import typeof
from numba.core import types
from numba.core.errors import NumbaError

from .. import primitives as p
from ..errors import Unsupported
from ..infer import is_float
from ..ir import Call, Const, Expr, Function, Var, children
from ..routines import Origin, Routine, flat
from ..stand_ins import asked, literal
from ..structure import leaf_types
from .rule import CustomRule


@dataclass(frozen=True)
class Ruled(Routine):
    """A function with a rule; `takes` are its arguments, made of the numbers and arrays that the call passes."""

    rule: Any = None  # CustomRule
    takes: tuple[Expr, ...] = ()
    classes: tuple[tuple[str, Any], ...] = ()  # of named tuples in the arguments

    @property
    def pure(self) -> bool:
        """It may do anything: nobody looks into it."""
        return False

    @property
    def operands(self) -> tuple[str, ...]:
        """The names of the numbers and arrays in the arguments."""
        return tuple(n for e in self.takes for n in names_in(e))

    @property
    def called(self) -> str:
        """The part of the rule that is called in the forward sweep."""
        return "forward" if "forward" in self.rule.parts else ""

    @property
    def untyped(self) -> Ruled:
        return replace(self, argtypes=(), results=())

    @property
    def parsed(self) -> Function:
        """The call as a program of the numbers and arrays in its arguments."""
        from .programs import plain

        return plain(self)

    def typed(self, argtypes: tuple[Any, ...]) -> Ruled:
        """The same for arguments of these types: with what is known of its results."""
        new = replace(self, argtypes=tuple(map(in_memory, argtypes)))
        results = (Origin(),) * len(leaf_types(new.result))
        check_written(new)
        return replace(new, results=results)

    def offers(self, kind: str) -> bool:
        """Has the rule this part, or does it follow from the other one (`derived.py`)?"""
        parts = self.rule.parts
        if kind in parts:
            return True
        if kind == "pushforward":
            return "pullback" in parts and isinstance(self.result, types.Float)
        plain = all(isinstance(t, types.Float) or not any(map(is_float, leaf_types(t))) for t in self.arguments)
        return "pushforward" in parts and not self.called and plain

    def read(self, kind: str) -> tuple[Expr | None, ...]:
        """The arguments of the function, and its result (a name), that a part of the rule reads; None for others.

        What it does not read need not be remembered.
        """
        every = (*self.takes, Var("y"))
        if kind not in self.rule.parts:
            return every
        code = self.rule.function(kind).__code__
        names = code.co_varnames[: code.co_argcount]
        if len(names) < len(every):
            return every
        loaded = (i.argval for i in dis.get_instructions(code) if i.opname.startswith("LOAD_"))
        used = {n for v in loaded for n in (v if isinstance(v, tuple) else (v,))} | set(code.co_cellvars)
        return tuple(e if n in used else None for e, n in zip(every, names, strict=False))

    def recalled(self, kind: str) -> tuple[tuple[str, ...], bool]:
        """The names of the operands that a part of the rule reads, and whether it reads the result."""
        *takes, y = self.read(kind)
        return tuple(n for e in takes if e is not None for n in names_in(e)), y is not None

    # ---- types

    @cached_property
    def leaves(self) -> dict[str, Any]:
        return dict(zip(self.operands, self.argtypes, strict=True))

    @cached_property
    def arguments(self) -> tuple[Any, ...]:
        """The types of the arguments as the user's function gets them."""
        return tuple(type_of(e, self.leaves, dict(self.classes)) for e in self.takes)

    def tangent_type(self, t: Any) -> Any:
        """The type of the tangent of an argument: None in the places of what has none."""
        if isinstance(t, types.BaseNamedTuple):
            return typeof_named([self.tangent_type(i) for i in t], t.instance_class)
        if isinstance(t, types.BaseTuple):
            return types.Tuple([self.tangent_type(i) for i in t])
        return t if is_float(t) else types.none

    @cached_property
    def _outcome(self) -> tuple[Any, Any]:
        rule: CustomRule = self.rule
        result = result_of(rule, "", self.arguments)
        check_numbers(rule, "", result)
        if not self.called:
            return in_memory(result), types.none
        found = result_of(rule, "forward", self.arguments)
        if not (isinstance(found, types.BaseTuple) and len(found) == 2):
            what = f"{rule.title('forward')} must return a pair (result, saved), but its result has type {found}"
            raise rule.refuse("forward", what, "return what is saved for the pullback as the second item, or None")
        if in_memory(found[0]) != in_memory(result):
            what = f"{rule.title('forward')} gives a result of type {found[0]}, and {rule.title('')} gives {result}"
            raise rule.refuse("forward", what, "return what the function returns as the first item")
        check_numbers(rule, "forward", found[1], none=True)
        return in_memory(result), in_memory(found[1])

    @property
    def result(self) -> Any:
        """The type of the function's result, of arrays that the program owns."""
        return self._outcome[0]

    @property
    def saved(self) -> Any:
        """The type of what the rule saves; none when it gets the arguments and the result instead."""
        return self._outcome[1]

    def __call__(self, *args: Any) -> Any:
        """All results, for programs that are not finished."""
        given = dict(zip(self.operands, (a.copy() if isinstance(a, np.ndarray) else a for a in args), strict=True))

        def value(e: Any) -> Any:
            if isinstance(e, Call):
                items = tuple(map(value, e.args))
                return dict(self.classes)[e.kwargs[0][1].value](*items) if e.kwargs else items  # type: ignore
            return given[e.name] if isinstance(e, Var) else e.value

        found = self.rule.function(self.called)(*map(value, self.takes))
        kept = [r.copy() if isinstance(r, np.ndarray) else r for r in flat(found) if r is not None]
        return kept[0] if len(kept) == 1 else tuple(kept)


def type_of(e: Expr, known: Mapping[str, Any], classes: Mapping[str, Any]) -> Any:
    """The type of what is made of numbers and arrays of known types."""
    match e:
        case Var(n):
            return known[n]
        case Call(p.pack, items, kwargs):
            inner = [type_of(i, known, classes) for i in items]
            return typeof_named(inner, classes[kwargs[0][1].value]) if kwargs else types.Tuple(inner)  # type: ignore
        case Const(v):
            return literal(v) if v is None or isinstance(v, str) else typeof(v)
    raise TypeError(e)


def names_in(e: Expr) -> Iterator[str]:
    if isinstance(e, Var):
        yield e.name
    for c in children(e):
        yield from names_in(c)


def typeof_named(items: list[Any], cls: Any) -> Any:
    same = len(set(items)) == 1
    return types.NamedUniTuple(items[0], len(items), cls) if same else types.NamedTuple(items, cls)


def in_memory(t: Any) -> Any:
    """The type of the same with arrays that the program owns."""
    if isinstance(t, types.BaseNamedTuple):
        return typeof_named([in_memory(i) for i in t], t.instance_class)
    if isinstance(t, types.BaseTuple):
        return types.Tuple([in_memory(i) for i in t])
    return types.Array(t.dtype, t.ndim, "C") if isinstance(t, types.Array) else types.unliteral(t)


def result_of(rule: CustomRule, kind: str, argtypes: tuple[Any, ...]) -> Any:
    """The type of what the user's function returns; it is compiled to find out."""
    fn = rule.compiled(kind, argtypes)
    try:
        found = asked(fn, argtypes)
        reason = "it has other parameters"
    except (NumbaError, Unsupported, TypeError) as e:
        found, reason = None, first_line(e)
    if found is None:
        what = f"Numba cannot compile {rule.title(kind)} for ({', '.join(map(str, argtypes))}): {reason}"
        raise rule.refuse(kind, what, "it must compile under numba.njit as it stands")
    return types.unliteral(found)


def first_line(e: Exception) -> str:
    lines = (t.strip() for t in str(e).splitlines())
    return next((t for t in lines if t and "Failed in" not in t and not t.startswith("- Resolution")), "")


def check_numbers(rule: CustomRule, kind: str, t: Any, none: bool = False) -> None:
    """Refuse results that are no numbers, arrays or tuples of these."""
    for leaf in leaf_types(t):
        number = leaf.dtype if isinstance(leaf, types.Array) and leaf.ndim else types.unliteral(leaf)
        if none and isinstance(leaf, types.NoneType):
            continue
        if not isinstance(number, (types.Number, types.Boolean)):
            what = f"{rule.title(kind)} returns something that is no number and no array, of type {leaf}"
            raise rule.refuse(kind, what, "return numbers, arrays and tuples of these")


def check_written(r: Ruled) -> None:
    """Refuse a function that is seen to write into its arguments."""
    read_only = tuple(map(frozen, r.arguments))
    if read_only == r.arguments:
        return
    from ..infer import types_of

    for kind in dict.fromkeys(("", r.called)):
        try:
            types_of(r.rule.function(kind), read_only)
        except (NumbaError, AttributeError) as e:  # Numba fails on `x += y`, where it should refuse it
            if isinstance(e, AttributeError) or "Cannot modify readonly array" in str(e):
                what = f"{r.rule.title(kind)} writes into an argument, which a function with a rule must not do"
                raise r.rule.refuse(kind, what, "work on a copy, and return the result") from None


def frozen(t: Any) -> Any:
    if isinstance(t, types.BaseNamedTuple):
        return typeof_named([frozen(i) for i in t], t.instance_class)
    if isinstance(t, types.BaseTuple):
        return types.Tuple([frozen(i) for i in t])
    return t.copy(readonly=True) if isinstance(t, types.Array) else t
