"""What a gradient may be asked for: argnums, argument types and result types, checked before any work."""

from __future__ import annotations

import inspect
import operator as op
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import types

from .errors import Unsupported
from .structure import MOST, Shape, count, leaves, shape_of

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
    fn: Callable[..., Any],
    argtypes: Sequence[types.Type],
    argnums: Sequence[int],
    values: Sequence[Any] = (),
    given: Sequence[Shape] = (),
    kind: str = "grad",
) -> None:
    """Refuse argument types that cannot be compiled, or cannot be differentiated, naming the parameter; kind: what
    asks for it, `grad`, `jvp` or `vjp`."""
    names = parameters(fn)
    for k, t in enumerate(map(plain_type, argtypes)):
        s = shape_of(t, given[k] if given else None)
        if count(s) > MOST:
            what = f"argument {k} (`{names[k]}`) of `{fn.__name__}` consists of {count(s)} values"
            raise Unsupported(f"{what}, which is too many", remedy="pass NumPy arrays of them")
        for path, leaf, value in leaves(names[k], t, s, values[k] if len(values) > k else None):
            whole = "" if s is None else f"`{path}` in "
            where = f"{whole}argument {k} (`{names[k]}`) of `{fn.__name__}`"
            if k in argnums and not (s and isinstance(leaf, types.NoneType)):
                _check_floating(where, leaf, kind)
            if not _supported(leaf):
                raise _refusal(where, leaf, value)


def _supported(t: types.Type) -> bool:
    """Is this an argument that compiled adjoints know how to handle?"""
    if isinstance(t, types.Array):
        return t.ndim > 0 and isinstance(t.dtype, (types.Integer, types.Boolean)) or _inexact(t)
    plain = (types.Integer, types.Boolean, types.NoneType, types.UnicodeType, types.NumPyRandomGeneratorType)
    return isinstance(t, plain) or _inexact(t)


def _inexact(t: types.Type) -> bool:
    if isinstance(t, types.Array):
        return t.ndim > 0 and _inexact(t.dtype)
    return t in (types.float64, types.float32, types.complex128, types.complex64)


def _refusal(where: str, t: types.Type, value: Any = None) -> Exception:
    what = str(t)
    if isinstance(value, np.ndarray):
        what = f"NumPy array of dtype {value.dtype}"
    elif value is not None:
        what = type(value).__name__
    what = f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
    if isinstance(t, types.Array) and t.ndim == 0:
        return Unsupported(f"{where} is a 0-dimensional array", remedy="pass a number: x.item()")
    if isinstance(t, types.PyObject):
        remedy = "pass numbers and NumPy arrays, or let the function close over it"
        return TypeError(f"{where} is {what}, which has no Numba type; {remedy}")
    if isinstance(t, (types.List, types.Set, types.DictType, types.ListType)):
        return TypeError(f"{where} is {what}; pass a NumPy array instead")
    return Unsupported(f"{where} has type {t}, which is not supported", remedy="pass numbers and NumPy arrays of them")


def _check_floating(where: str, t: types.Type, kind: str) -> None:
    """Refuse what is a number, or an array of numbers, but not of a floating type."""
    dtype = t.dtype if isinstance(t, types.Array) else t
    has = f"has elements of type {dtype}" if isinstance(t, types.Array) else f"has type {t}"
    if isinstance(dtype, (types.Integer, types.Boolean)):
        remedy = "pass 3.0 instead of 3, or float(n)"
        if isinstance(t, types.Array):
            remedy = "convert the array with x.astype(np.float64)"
        remedy += ", or leave the argument out of argnums"
    elif isinstance(dtype, types.Float) and not _inexact(dtype):
        remedy = "convert to float64 or float32"
    elif isinstance(t, (types.UnicodeType, types.NoneType, types.NumPyRandomGeneratorType)):
        remedy = "leave it out of argnums"
    else:
        return
    if kind == "jvp":
        remedy += ", or give None as its tangent"
    raise TypeError(f"{kind} requires real or complex inputs (of type float or complex), but {where} {has}; {remedy}")


def check_aux(name: str, t: types.Type) -> types.Type:
    """The type of what is differentiated, of a function that returns a pair `(value, aux)`."""
    if not (isinstance(t, types.BaseTuple) and len(t) == 2):
        raise TypeError(f"has_aux=True: `{name}` must return a pair (value, aux), but its result has type {t}")
    return t[0]


def check_result(name: str, t: types.Type, has_aux: bool) -> None:
    """Refuse to differentiate what is not a single real number."""
    if has_aux:
        t = check_aux(name, t)
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
    elif isinstance(t, types.Complex):
        problem, remedy = f"of type {t}", "return a real number, such as its `.real` or `abs` of it"
    else:
        problem, remedy = f"of type {t}", "the result must be a float"
    raise TypeError(f"gradient only defined for scalar-output functions; the result of `{name}` is {problem}: {remedy}")
