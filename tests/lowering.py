"""What the tests of lowering share: programs lowered, run, and held against their form."""

from __future__ import annotations

import numpy as np
from numba import njit, typeof, types

from sourcead.emit import to_function
from sourcead.frontend import parse
from sourcead.infer import infer
from sourcead.ir import (
    Accum,
    Assign,
    Call,
    Function,
    Index,
    Slice,
    Var,
    operands,
    variables,
    walk,
)
from sourcead.lower import lower
from sourcead.ssa import ssa


def lowered(f, *args) -> Function:
    return lower(infer(ssa(parse(f)), tuple(typeof(a) for a in args)))


def fresh(args):
    return [a.copy(order="K") if isinstance(a, np.ndarray) else a for a in args]


def check_form(f: Function) -> None:
    """What lowering promises: no views, no array expressions, one definition a name."""
    defined: set[str] = set()
    array = {n for n, t in f.types.items() if isinstance(t, types.Array)}
    for s in walk(f.body):
        if isinstance(s, Assign) and isinstance(s.target, Var):
            assert s.target.name not in defined, f"{s.target.name} is defined twice"
            defined.add(s.target.name)
            if s.target.name in array:
                assert isinstance(s.value, Call), "an array is an allocation or the result of a call"
                assert s.value.fn.__name__ in ("empty", "zeros", "ones", "dot", "stretch")
        if isinstance(s, (Assign, Accum)) and isinstance(s.target, Index):
            assert len(s.target.index) == f.types[s.target.array.name].ndim
            assert not isinstance(s.value, Call)
        for e in operands(s):
            assert not isinstance(e, Slice)
        for n in variables(*operands(s)):
            assert n in f.types or n in f.constants, f"{n} has no type"


def agree(f, *args, compile_: bool = False):
    g = lowered(f, *args)
    check_form(g)
    want = f(*fresh(args))
    mine = fresh(args)
    python = to_function(g)
    np.testing.assert_allclose(python(*mine), want, rtol=1e-6 if "float32" in str(typeof(args)) else 1e-12)
    for a, b in zip(mine, args, strict=True):
        np.testing.assert_array_equal(a, b)  # the caller's arrays are never changed
    if compile_:
        np.testing.assert_allclose(njit(python)(*mine), want, rtol=1e-5 if "float32" in str(typeof(args)) else 1e-12)
    again = lower(g)
    check_form(again)
    np.testing.assert_allclose(to_function(again)(*mine), want, rtol=1e-6 if "float32" in str(typeof(args)) else 1e-12)
    return g


rng = np.random.default_rng(0)
v, w, m, q = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
sq, k3, ints = rng.normal(size=(4, 4)), rng.normal(size=(2, 3, 4)), np.array([3, 0, 2, 2])
one, empty = np.array([1.5]), np.zeros(0)
