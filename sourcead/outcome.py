"""What a function computes, when its results get adjoints: what it returns, and what it writes into arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numba.core import types

from . import primitives as p
from .checks import check_aux
from .infer import is_array, is_complex, is_float
from .ir import Bundle, Call, Const, Expr, Function, Return, Var
from .reverse.seeds import whole
from .structure import leaf_types


@dataclass(frozen=True)
class Outputs:
    """The arguments that a function writes its results into; `single`: one array rather than a tuple of them."""

    argnums: tuple[int, ...] = ()
    single: bool = False


NO_OUTPUTS = Outputs()


BOTH, TANGENT, LAST, ADDED = "both", "tangent", "last", "added"


@dataclass(frozen=True)
class Mode:
    """What kind of derivative: `grad`; `vjp`, whose first argument are the adjoints of the results; `jvp`, whose first
    argument are the tangents of the arguments; `several`: each of them in several directions at once.

    `result` says what a `jvp` returns: BOTH value and tangent; the TANGENT; of a pair, as derivatives return, the
    tangent of the LAST item, by itself or ADDED to the pair.
    """

    kind: str = "grad"
    outputs: Outputs = NO_OUTPUTS
    several: bool = False
    result: str = BOTH

    @property
    def seeded(self) -> bool:
        return self.kind != "grad"

    @property
    def direction(self) -> str:
        return "forward" if self.kind == "jvp" else "reverse"

    @property
    def first(self) -> str:
        """What the first argument of a seeded one is called."""
        return "tangents" if self.kind == "jvp" else "seeds"


GRAD = Mode()


def with_written(f: Function, outputs: Outputs) -> Function:
    """The typed program, returning what it wrote too: `written`, or `(result, written)` when it has a result."""
    if not outputs.argnums:
        return f
    returned = f.body[-1]
    written = tuple(array_of(f.called_with[k][1]) for k in outputs.argnums)
    last = written[0] if outputs.single else Call(p.pack, written)
    result = whole(f)
    values = (last,) if result == Const(None) else (result, last)
    return replace(f, body=(*f.body[:-1], Return(returned.loc, values)), tuple_result=len(values) > 1)


def array_of(names: str | Bundle) -> Expr:
    return Var(names) if isinstance(names, str) else Call(p.pack, tuple(map(array_of, names.items)))


def seed_types(name: str, seeds: types.Type, result: types.Type, has_aux: bool) -> tuple[Any, ...]:
    """For each number and array that `name` returns the type of its seed; None where nothing can flow in.

    TypeError when the seeds are not structured like the result.
    """
    if has_aux:
        return (*seed_types(name, seeds, check_aux(name, result), False), *(None for _ in leaf_types(result[1])))
    return tuple(flowing(s, t) for s, t in pairs(f"the result of `{name}`", seeds, result, "seeds"))


def tangent_types(
    names: Sequence[str], tangents: types.Type, arguments: Sequence[types.Type], single: bool, several: bool
) -> tuple[Any, ...]:
    """For each number and array in the `arguments`, called `names`, the type of its tangent; None for one of zero.

    TypeError when the tangents are not structured like the arguments.
    """
    if single:
        found = pairs(f"`{names[0]}`", tangents, arguments[0], "tangents", several)
    else:
        if not isinstance(tangents, types.BaseTuple) or len(tangents) != len(names):
            wanted = f"a tuple of {len(names)}, one for each of {', '.join(names)}"
            raise TypeError(f"`tangents` must be {wanted}; it has type {tangents}")
        each = enumerate(zip(names, tangents, arguments, strict=True))
        found = [x for k, (n, s, t) in each for x in pairs(f"`{n}`", s, t, f"tangents[{k}]", several)]
    kinds = tuple(flowing(s, t) for s, t in found)
    if several and not any(kinds):
        raise TypeError("all tangents are None: how many directions there are cannot be known")
    return kinds


def pairs(what: str, s: types.Type, t: types.Type, path: str, several: bool = False) -> list[tuple[Any, types.Type]]:
    """Each seed with what it belongs to, which is called `what`; `several`: seeds have one more axis."""
    if isinstance(t, types.BaseTuple):
        if not isinstance(s, types.BaseTuple) or len(s) != len(t):
            raise TypeError(f"`{path}` must be a tuple of {len(t)} like {what}, which is {t}; it has type {s}")
        each = enumerate(zip(s, t, strict=True))
        return [x for k, (a, b) in each for x in pairs(what, a, b, f"{path}[{k}]", several)]
    s = types.unliteral(s)
    if not is_float(t) or isinstance(s, types.NoneType):
        return [(s, t)]
    number = s.dtype if is_array(s) else s
    if getattr(s, "ndim", 0) != getattr(t, "ndim", 0) + several or not isinstance(number, types.Number):
        more = " with one more axis" if several else ""
        raise TypeError(f"`{path}` must be of the same kind as {what}{more}, which is {t}; it has type {s}")
    if is_complex(s) and not is_complex(t):
        raise TypeError(f"`{path}` is complex, but {what} that it belongs to is real ({t})")
    return [(s, t)]


def flowing(s: types.Type, t: types.Type) -> types.Type | None:
    return s if is_float(t) and not isinstance(s, types.NoneType) else None
