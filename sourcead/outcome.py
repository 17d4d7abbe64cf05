"""What a function computes, when its results get adjoints: what it returns, and what it writes into arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numba.core import types

from . import primitives as p
from .infer import is_array, is_complex, is_float
from .ir import Bundle, Call, Const, Expr, Function, Return, Var
from .reverse.seeds import whole
from .structure import leaf_types


@dataclass(frozen=True)
class Outputs:
    """The arguments that a function writes its results into; `single`: one array rather than a tuple of them."""

    argnums: tuple[int, ...] = ()
    single: bool = False


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
        if not (isinstance(result, types.BaseTuple) and len(result) == 2):
            raise TypeError(f"has_aux=True: `{name}` must return a pair (value, aux), but its result has type {result}")
        return (*seed_types(name, seeds, result[0], False), *(None for _ in leaf_types(result[1])))
    return tuple(flowing(s, t) for s, t in pairs(name, seeds, result, "seeds"))


def pairs(name: str, s: types.Type, t: types.Type, path: str) -> list[tuple[types.Type, types.Type]]:
    """Each seed with what it belongs to."""
    if isinstance(t, types.BaseTuple):
        if not isinstance(s, types.BaseTuple) or len(s) != len(t):
            raise TypeError(f"`{path}` must be a tuple of {len(t)}, as `{name}` gives {t}; it has type {s}")
        return [x for k, (a, b) in enumerate(zip(s, t, strict=True)) for x in pairs(name, a, b, f"{path}[{k}]")]
    s = types.unliteral(s)
    if not is_float(t) or isinstance(s, types.NoneType):
        return [(s, t)]
    number = s.dtype if is_array(s) else s
    if getattr(s, "ndim", 0) != getattr(t, "ndim", 0) or not isinstance(number, types.Number):
        raise TypeError(f"`{path}` must be of the same kind as the result of `{name}`, which is {t}; it has type {s}")
    if is_complex(s) and not is_complex(t):
        raise TypeError(f"`{path}` is complex, but the result of `{name}` that it belongs to is real ({t})")
    return [(s, t)]


def flowing(s: types.Type, t: types.Type) -> types.Type | None:
    return s if is_float(t) and not isinstance(s, types.NoneType) else None
