"""NumPy functions met with variables: each goes to its rule, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sourcead.errors import RuleMissing, Unsupported, spelled
from sourcead.rules import RULES

from . import record
from .record import Node, Tape, strip
from .written import body_for, run

REDUCE: dict[Any, Callable[..., Any]] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
OPTIONS = {"axis", "axes", "keepdims", "ddof", "k", "offset", "ord", "shift", "repeats", "a_min", "a_max", "min", "max"}
REDUCTIONS = {np.sum, np.prod, np.mean, np.max, np.min, np.var, np.std, np.cumsum}
CREATE = {np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.zeros, np.ones, np.empty, np.full}


def ufunc_call(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if method == "reduce" and ufunc in REDUCE:
        kwargs = {"axis": 0, **{k: v for k, v in kwargs.items() if v is not None or k == "axis"}}
        return function_call(tape_of(inputs), REDUCE[ufunc], inputs, kwargs)
    if method != "__call__":
        return written(tape_of(inputs), getattr(ufunc, method), inputs, kwargs)
    if kwargs:
        refuse_option(ufunc, next(iter(kwargs)))
    rule = RULES.get(ufunc)
    if rule is None:
        return written(tape_of(inputs), ufunc, inputs, kwargs)
    if rule.kind == "constant":
        return ufunc(*strip(inputs))
    if rule.kind == "bilinear":
        return record.product(ufunc, *inputs)
    if len(inputs) == 1:
        return record.unary(ufunc, inputs[0])
    if ufunc is np.power and isinstance(inputs[0], Node) and isinstance(inputs[1], (int, float)):
        return record.unary(ufunc, inputs[0], inputs[1])
    return record.binary(ufunc, *inputs) if len(inputs) == 2 else record.elementwise(ufunc, inputs)


def refuse_option(fn: Callable[..., Any], option: str) -> None:
    remedy = f"leave out {option}="
    if option == "out":
        remedy = (
            "this is what `a += x` does with a plain array `a`: write `a = a + x`, or allocate with "
            "np.zeros_like(x) or np.zeros(n, like=x)"
        )
    raise Unsupported(f"the option {option}= of {spelled(fn)} is not differentiated by the tape", remedy=remedy)


def function_call(tape: Tape, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    special = SPECIAL.get(fn)
    if special is not None:
        return special(*args, **kwargs)
    rule = RULES.get(fn)
    if rule is None:
        return create(tape, fn, args, kwargs) if fn in CREATE else written(tape, fn, args, kwargs)
    if rule.kind == "constant":
        return fn(*strip(args), **strip(kwargs))
    for option in kwargs:
        if option not in OPTIONS and kwargs[option] is not None:
            refuse_option(fn, option)
    if len(args) > 2 and fn in REDUCTIONS:
        raise Unsupported(f"{spelled(fn)} with options by position", remedy="write their names, as in keepdims=True")
    if rule.kind == "elementwise":
        return record.elementwise(fn, args)
    if rule.kind == "bilinear":
        return record.product(fn, *args)
    return record.function(fn, args, kwargs)


def written(tape: Tape, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function that is spelled in the language itself."""
    body = body_for(fn, args, kwargs)
    if body is None:
        raise RuleMissing(fn)
    return run(tape, body, create, array)


def create(tape: Tape, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Node:
    """`np.zeros_like(x)`, `np.zeros(n, like=x)`: an array that may receive values of the tape."""
    if fn is np.full or fn is np.full_like:
        y: Any = create(tape, np.empty if fn is np.full else np.empty_like, args[:1], kwargs)
        y[...] = args[1]
        return y
    return tape.constant(fn(*strip(args), **strip(kwargs)))


def tape_of(*structures: Any) -> Tape:
    found = list(nodes(structures))
    return record.common_tape(found)


def nodes(x: Any) -> Any:
    if isinstance(x, Node):
        yield x
    elif isinstance(x, (tuple, list)):
        for v in x:
            yield from nodes(v)
    elif isinstance(x, dict):
        yield from nodes(list(x.values()))


# ---- functions with conventions of their own -----------------------------------------------------------------


def where(c: Any, *uv: Any) -> Any:
    c = strip(c)
    return record.elementwise(np.where, (c, *uv)) if uv else np.where(c)


def clip(x: Any, lo: Any = None, hi: Any = None, **kwargs: Any) -> Any:
    lo = kwargs.pop("a_min", kwargs.pop("min", lo))
    hi = kwargs.pop("a_max", kwargs.pop("max", hi))
    if kwargs:
        refuse_option(np.clip, next(iter(kwargs)))
    return record.elementwise(np.clip, (x, -np.inf if lo is None else lo, np.inf if hi is None else hi))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2, "fro") and isinstance(axis, int):
        return written(x.tape, np.linalg.norm, (x, ord, axis, keepdims), {})
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and x.ndim != 1):
        raise Unsupported(
            f"np.linalg.norm with ord={ord!r} is not differentiated: only the Euclidean (Frobenius) norm is",
            remedy="write the norm with np.sum, np.max, np.abs",
        )
    return record.function(np.linalg.norm, (x,), {"axis": axis, "keepdims": keepdims})


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if full_matrices and compute_uv and a.shape[0] != a.shape[1]:
        raise Unsupported(
            "np.linalg.svd with full matrices is not differentiated", remedy="ask for full_matrices=False"
        )
    made = record.function(np.linalg.svd, (a, False), {})
    return made if compute_uv else made[1]


def matrix_power(a: Any, n: int) -> Any:
    if n == 0:
        return np.eye(a.shape[0], dtype=a.dtype)
    factor = a if n > 0 else record.function(np.linalg.inv, (a,), {})
    y = factor
    for _ in range(abs(n) - 1):
        y = y @ factor
    return y


def det(a: Any) -> Any:
    return record.function(np.linalg.det, (a,), {}) if a.ndim == 2 else written(a.tape, np.linalg.det, (a,), {})


def solve(a: Any, b: Any) -> Any:
    if np.ndim(b) == 1 and np.ndim(a) > 2:
        return written(tape_of((a, b)), np.linalg.solve, (a, b), {})
    return record.function(np.linalg.solve, (a, b), {})


def concatenate(parts: Any, axis: int | None = 0) -> Node:
    if axis is None:
        parts, axis = [np.ravel(p) for p in parts], 0
    tape = tape_of(parts)
    y = np.concatenate(strip(list(parts)), axis)
    z = tape.constant(y)
    start, lead = 0, (slice(None),) * (axis % y.ndim)
    for p in parts:
        stop = start + np.shape(p)[axis]
        if isinstance(p, Node):
            tape.edges.append((z.k, p.k, part_pull, ((*lead, slice(start, stop)),), None, False))
        start = stop
    return z


def part_pull(y_bar: Any, index: Any) -> Any:
    return y_bar[index]


def stack(parts: Any, axis: int = 0) -> Node:
    tape = tape_of(parts)
    y = np.stack([np.asarray(p) for p in strip(list(parts))], axis)
    z = tape.constant(y)
    lead = (slice(None),) * (axis % y.ndim)
    for k, p in enumerate(parts):
        if isinstance(p, Node):
            tape.edges.append((z.k, p.k, part_pull, ((*lead, k),), None, False))
    return z


def vstack(parts: Any) -> Node:
    return concatenate([np.reshape(p, (1, -1)) if np.ndim(p) < 2 else p for p in parts], 0)


def hstack(parts: Any) -> Node:
    parts = [np.reshape(p, (1,)) if np.ndim(p) == 0 else p for p in parts]
    return concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1)


def array(x: Any, dtype: Any = None, **_: Any) -> Any:
    """`np.array([u, v], like=u)`: rows may be nested."""
    if isinstance(x, (tuple, list)):
        x = stack([array(row) for row in x]) if any(nodes(x)) else np.array(x)
    elif isinstance(x, Node):
        x = np.copy(x)  # type: ignore[call-overload]
    return x if dtype is None else x.astype(dtype)


SPECIAL: dict[Any, Callable[..., Any]] = {
    np.where: where,
    np.clip: clip,
    np.linalg.norm: norm,
    np.linalg.svd: svd,
    np.linalg.matrix_power: matrix_power,
    np.linalg.det: det,
    np.linalg.solve: solve,
    np.concatenate: concatenate,
    np.stack: stack,
    np.vstack: vstack,
    np.hstack: hstack,
    np.array: array,
    np.asarray: array,
}
