"""What of the output of reverse mode is array code, to be lowered like the user's."""

from __future__ import annotations

import numpy as np
from numba.core import types

from .. import primitives as p
from ..analyses import INTEGER_ATOMS
from ..ir import Call, Expr, Index, Slice, Var
from ..rules import is_atom
from .build import Builder
from .elementwise import acts_on_elements
from .registry import HANDLERS
from .values import is_value

MADE = frozenset({np.empty, np.zeros, np.ones})
LEFT_ALONE = frozenset({p.stretch, p.stretch_bar, p.unstretch, p.overlapping}) | INTEGER_ATOMS


def array_valued(b: Builder, e: Expr) -> bool:
    match e:
        case Var(n):
            return is_value(b.env.get(n)) or (n not in b.env and isinstance(b.types.get(n), types.Array))
        case Index(Var(n), items):
            if n in b.env:
                return is_value(b.env[n]) and b.env[n].ndim > len([i for i in items if not isinstance(i, Slice)])
            t = b.types.get(n)
            return isinstance(t, types.Array) and t.ndim > len([i for i in items if not isinstance(i, Slice)])
        case Call(np.dot, (x, y)):
            return not (rank(b, x) == rank(b, y) == 1)
        case Call(fn, args) if fn not in (p.shape, len):
            return any(array_valued(b, a) for a in args)
    return False


def rank(b: Builder, e: Expr) -> int:
    match e:
        case Var(n):
            return b.types[n].ndim if isinstance(b.types.get(n), types.Array) else 0
        case Index(Var(n), items):
            return b.types[n].ndim - len(items)
        case Call(np.transpose, (a,)):
            return rank(b, a)
        case Call(np.outer):
            return 2
        case Call(_, args):
            return max((rank(b, a) for a in args), default=0)
    return 0


def adjoint_work(b: Builder, value: Expr) -> bool:
    """Is it an array-valued expression of the backward sweep, to be made a loop?"""
    if not isinstance(value, Call) or value.fn in MADE | LEFT_ALONE | {np.copy} or is_atom(value.fn):
        return False
    return array_valued(b, value) and (value.fn is np.outer or acts_on_elements(value.fn) or value.fn in HANDLERS)
