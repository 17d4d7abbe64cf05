"""Complex numbers: what knows them, and `cmath`.

A function has to be named here, or have a rule for complex numbers, to be used on them; all others are refused.
"""

from __future__ import annotations

import builtins
import cmath
import operator as op
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..errors import Findings, spelled
from ..infer import is_complex
from ..ir import Accum, Assign, Call, Const, Expr, Function, Index, Var, children, operands, walk
from ..nested import DerivativeOf
from ..routines import Routine
from ..rules import rule_of
from .build import Builder
from .registry import lowers
from .storage import VIEWS
from .values import is_value

HANDLED: frozenset[Any] = VIEWS | {
    *(np.empty, np.zeros, np.ones, np.full, np.empty_like, np.zeros_like, np.ones_like, np.full_like),
    *(np.eye, np.identity, np.copy, np.array, np.asarray, np.ascontiguousarray, np.ndarray.flatten),
    *(p.array_of, p.astype, p.shape, p.shape_of, p.dtype_of, np.shape, len, np.size, np.ndim),
    *(np.dot, op.matmul, np.matmul, np.vdot, np.outer, np.kron),
    *(np.sum, builtins.sum, np.mean, np.prod, np.cumsum, np.cumprod, np.trace, np.diff, np.linalg.norm),
    *(np.linalg.solve, np.linalg.inv, np.linalg.det, np.linalg.matrix_power, np.fft.fft, np.fft.ifft),
    *(np.linalg.slogdet, np.linalg.pinv, np.linalg.lstsq, np.linalg.cholesky, np.linalg.qr, np.linalg.svd),
    *(np.linalg.eigh, np.linalg.eigvalsh, np.linalg.eig, np.linalg.eigvals),
    *(np.diag, np.tril, np.triu, np.where, np.concatenate, np.append, np.stack, np.hstack, np.vstack),
    *(np.column_stack, np.repeat, np.tile, np.roll, np.take),
    *(fn for fn in vars(cmath).values() if callable(fn)),
}
"""Functions whose lowering is right for complex numbers."""
KEPT = frozenset({np.empty, np.zeros, np.ones, np.copy, np.dot, np.transpose, p.pack, p.stretch, p.overlapping}) | {
    *(np.linalg.solve, np.linalg.inv, np.linalg.det, np.fft.fft, np.fft.ifft),
}
"""What lowered programs call on arrays."""


def real_only(b: Builder, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Refuse a function that would be lowered as if its arguments were real."""
    kinds = [a.dtype if is_value(a) else b.types.get(a.name) if isinstance(a, Var) else None for a in args]
    constants = any(isinstance(a, Const) and isinstance(a.value, (complex, np.complexfloating)) for a in args)
    if fn not in HANDLED and (constants or any(map(is_complex, kinds))):
        raise unknown(b, fn)


def unknown(b: Builder, fn: Callable[..., Any]) -> Exception:
    return b.refuse(*why(fn))


def why(fn: Callable[..., Any]) -> tuple[str, str]:
    return f"{spelled(fn)} of complex numbers cannot be differentiated", "write it with real and imaginary parts"


def check(f: Function, findings: Findings) -> None:
    """Refuse what is left in a lowered program without a rule for complex numbers."""

    def kind(e: Expr) -> Any:
        match e:
            case Var(n) | Index(Var(n), _):
                return f.types.get(n)
            case Const(complex() | np.complexfloating()):
                return types.complex128
        return None

    def visit(e: Expr, result: Any, loc: Any) -> None:
        if isinstance(e, Call) and any(is_complex(t) for t in (result, *map(kind, e.args))):
            rule = rule_of(e.fn)
            known = e.fn in KEPT or isinstance(e.fn, (Routine, DerivativeOf))
            if not known and (rule is None or rule.of_complex is None):
                findings.add(loc, *why(e.fn))
        for c in children(e):
            visit(c, None, loc)

    for s in walk(f.body):
        match s:
            case Assign(loc, target, value) | Accum(loc, target, value):
                visit(value, kind(target), loc)
                if is_complex(kind(value)) and not is_complex(kind(target)):
                    findings.add(loc, "a complex number becomes a real one", "take its real part: `.real`")
            case _:
                for e in operands(s):
                    visit(e, None, s.loc)


# ---- cmath: the functions of NumPy, on arguments made complex -------------------------------------


def made_complex(b: Builder, z: Expr) -> Expr:
    return z if is_complex(b.type_of(z)) else b.let(Call(np.complex128, (z,)), types.complex128)


def like_numpy(fn: Callable[..., Any]) -> Callable[..., Any]:
    def handler(b: Builder, z: Any) -> Any:
        return Call(fn, (made_complex(b, z),))

    return handler


for _name in ("exp", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "log10", "isnan", "isinf", "isfinite"):
    lowers(getattr(cmath, _name))(like_numpy(getattr(np, _name)))
for _name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
    lowers(getattr(cmath, f"a{_name}"))(like_numpy(getattr(np, f"arc{_name}")))
lowers(cmath.phase)(like_numpy(np.angle))


@lowers(cmath.log)
def log(b: Builder, z: Any, base: Any = None) -> Any:
    logs = tuple(Call(np.log, (made_complex(b, x),)) for x in (z, base) if x is not None)
    return logs[0] if len(logs) == 1 else Call(op.truediv, tuple(b.let(y, types.complex128) for y in logs))


@lowers(cmath.rect)
def rect(b: Builder, r: Any, phi: Any) -> Any:
    parts = [b.let(Call(fn, (phi,)), types.float64) for fn in (np.cos, np.sin)]
    return Call(complex, tuple(b.let(Call(op.mul, (r, x)), types.float64) for x in parts))
