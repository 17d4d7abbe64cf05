"""What a gradient may be asked for: argnums, argument types and result types, checked before any work."""

from __future__ import annotations

import inspect
import operator as op
from collections.abc import Callable, Sequence
from typing import Any

from numba import types

from .errors import Unsupported

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def parameters(fn: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the parameters, all of which can be passed by position."""
    found = inspect.signature(fn).parameters
    for n, p in found.items():
        if p.kind not in _POSITIONAL:
            kind = p.kind.description
            raise Unsupported(f"`{fn.__name__}` has a {kind} parameter, `{n}`", remedy="use ordinary parameters")
    return tuple(found)


def argument_numbers(argnums: Any, fn: Callable[..., Any]) -> tuple[tuple[int, ...], bool]:
    """`argnums` as non-negative positions, and whether the caller gave a single one."""
    names, name = parameters(fn), getattr(fn, "__name__", repr(fn))
    single = not isinstance(argnums, Sequence)
    try:
        if isinstance(argnums, (bool, str)):
            raise TypeError
        wanted = tuple(op.index(k) for k in ([argnums] if single else argnums) if not isinstance(k, bool))
    except TypeError:
        raise TypeError(
            f"argnums must be an int or a tuple of ints, the positions of the arguments of `{name}` to "
            f"differentiate; got {argnums!r}"
        ) from None
    if not names:
        raise ValueError(f"`{name}` takes no arguments, so there is nothing to differentiate")
    if not wanted or (not single and len(wanted) != len(argnums)):
        raise ValueError(f"argnums={argnums!r} names no argument; give an int or a tuple of ints")
    for k in wanted:
        if not -len(names) <= k < len(names):
            raise ValueError(
                f"argnums={argnums!r} is out of range: `{name}` takes {len(names)} "
                f"argument{'s' * (len(names) != 1)} ({', '.join(names)}), numbered from 0"
            )
    wanted = tuple(k % len(names) for k in wanted)
    if len(set(wanted)) != len(wanted):
        raise ValueError(f"argnums={argnums!r} names an argument of `{name}` twice")
    return wanted, single


def plain_type(t: types.Type) -> types.Type:
    """The type of the value: a default that was left to Numba to fill in has the type of that default."""
    if isinstance(t, types.Omitted):
        from numba import typeof

        return types.unliteral(typeof(t.value))
    return types.unliteral(t)


def check_arguments(
    fn: Callable[..., Any], argtypes: Sequence[types.Type], argnums: Sequence[int], values: Sequence[Any] = ()
) -> None:
    """Refuse argument types that cannot be compiled, or cannot be differentiated, naming the parameter."""
    name, names = fn.__name__, parameters(fn)
    for k, t in enumerate(argtypes):
        where = f"argument {k} (`{names[k]}`)" if k < len(names) else f"argument {k}"
        kind = type(values[k]).__name__ if k < len(values) else str(t)
        kind = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        if isinstance(t, types.PyObject):
            raise TypeError(
                f"{where} of `{name}` is {kind}, which has no Numba type; pass numbers, NumPy arrays or tuples "
                "of them, or let the function close over it"
            )
        if isinstance(t, (types.List, types.Set, types.DictType, types.ListType)):
            raise TypeError(f"{where} of `{name}` is {kind}; pass a NumPy array or a tuple instead")
        if k in argnums:
            _check_real(f"{where} of `{name}`", plain_type(t), "")


def _check_real(where: str, t: types.Type, inside: str) -> None:
    match t:
        case types.BaseTuple():
            for c in t:
                _check_real(where, c, "holds elements of ")
        case types.Array():
            _check_real(where, t.dtype, "has elements of ")
        case types.Float():
            pass
        case types.Integer() | types.Boolean():
            remedy = "convert the array with x.astype(np.float64)" if inside else "pass 3.0 instead of 3, or float(n)"
            raise TypeError(
                f"grad requires real-valued inputs (float64 or float32), but {where} {inside or 'has '}type {t}; "
                f"{remedy}, or leave the argument out of argnums"
            )
        case types.Complex():
            raise TypeError(f"grad of complex-valued inputs is not supported: {where} {inside or 'has '}type {t}")
        case _:
            raise TypeError(
                f"grad requires real-valued inputs (floats or arrays of floats), but {where} "
                f"{inside or 'has '}type {t}; leave it out of argnums"
            )


def check_result(name: str, t: types.Type, has_aux: bool) -> None:
    """Refuse to differentiate what is not a single real number."""
    if has_aux:
        if not (isinstance(t, types.BaseTuple) and len(t) == 2):
            raise TypeError(f"has_aux=True: `{name}` must return a pair (value, aux), but its result has type {t}")
        t = t[0]
    t = types.unliteral(t)
    if isinstance(t, types.Float):
        return
    if isinstance(t, types.Array):
        problem = f"a {t.ndim}-dimensional array ({t})"
        remedy = "reduce it, for example with np.sum, or differentiate one element at a time for a Jacobian"
    elif isinstance(t, types.BaseTuple):
        problem, remedy = f"a tuple ({t})", "return one number; has_aux=True allows a pair (value, aux)"
    elif isinstance(t, types.NoneType):
        problem, remedy = "None", "return the number to differentiate"
    else:
        problem, remedy = f"of type {t}", "the result must be a float"
    raise TypeError(f"gradient only defined for scalar-output functions; the result of `{name}` is {problem}: {remedy}")
