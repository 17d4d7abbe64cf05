"""The whole path, from source to gradient, for every program: against differences, the tape, and compiled code."""

from __future__ import annotations

from functools import cache
from typing import Any

import differences
import numpy as np
import pytest
from numba import typeof
from programs import PROGRAMS, Program

import sourcead
from sourcead import tape
from sourcead.emit import to_function
from sourcead.errors import SourceadError
from sourcead.forward import forward
from sourcead.pipeline import derived_stages, with_routines
from sourcead.primitives import Unequal
from sourcead.simplify import polish
from sourcead.verify import LOWERED, REVERSED, SIMPLIFIED, SINGLE, violations

SMOOTH = [c for c in PROGRAMS.values() if c.argnums]
EACH = pytest.mark.parametrize("case", SMOOTH, ids=lambda c: c.name)
COMPILED = (
    "polynomial reused_names continue_and_break return_from_a_nest loop_else halving newton_root written_argument "
    "gather_and_scatter diffusion_with_swap slice_stencil broadcasting reductions small_network single_precision "
    "nested_functions in_place_helper recursive_horner one_another complex_products wave_with_swap complex_powers"
    " scatter_and_gather masks_in_a_loop sorted_in_a_loop "
    "arrays_in_turn parameter_or_new_array shapes_of_one_memory ravelled_copies "
    "decompositions_in_a_loop single_precision_solution agreement_of_two_means"
).split()


def python(f: Any) -> Any:
    return getattr(f, "py_func", f)


@cache
def gradient(name: str) -> Any:
    """The emitted adjoint as plain Python."""
    case = PROGRAMS[name]
    return sourcead.value_and_grad(case.f, case.argnums, jit=False, cache=False)


def close(got: Any, want: Any, rtol: float = 1e-8, atol: float = 1e-9) -> None:
    assert np.shape(got) == np.shape(want)
    np.testing.assert_allclose(got, want, rtol, atol)


@EACH
def test_plain_python(case: Program) -> None:
    """Value and gradient; nothing written into arguments; a second call gives the same."""
    single = any(np.asarray(case.args[k]).dtype in (np.float32, np.complex64) for k in case.argnums)
    loose = {"rtol": 1e-4, "atol": 1e-5} if single else {}
    g = gradient(case.name)
    args = case.fresh()
    value, grads = g(*args)
    for a, b in zip(args, case.args, strict=True):
        np.testing.assert_array_equal(a, b)
    again = g(*args)
    assert again[0] == value
    for a, b in zip(again[1], grads, strict=True):
        np.testing.assert_array_equal(a, b)
    close(value, differences.value(python(case.f), case.args), **loose)
    want = differences.gradient(python(case.f), case.args, case.argnums)
    for k, got, w in zip(case.argnums, grads, want, strict=True):
        assert np.asarray(got).dtype == np.asarray(case.args[k]).dtype
        close(got, w, **loose)


@EACH
def test_for_any_extents(case: Program) -> None:
    """The program that does not take extents to be equal gives the same."""
    g = gradient(case.name)
    value, grads = g(*case.fresh())
    if "raise Unequal(" not in g.source():
        pytest.skip("its extents are known to be equal")
    other = g._of("any")
    got = other(*case.fresh())
    assert "Unequal" not in other.source()
    tight = {"rtol": 1e-5, "atol": 1e-6} if any(np.asarray(g).dtype == np.float32 for g in grads) else {"rtol": 1e-12}
    close(got[0], value, **tight)
    for a, b in zip(got[1], grads, strict=True):
        close(a, b, **tight)


@EACH
def test_against_the_tape(case: Program) -> None:
    try:
        value, grads = tape.value_and_grad(case.f, case.argnums)(*case.fresh())
    except (SourceadError, TypeError, AttributeError) as e:
        pytest.skip(f"not for the tape: {e}")
    got = gradient(case.name)(*case.fresh())
    tight = {"rtol": 1e-5, "atol": 1e-6} if any(np.asarray(g).dtype == np.float32 for g in grads) else {"rtol": 1e-11}
    close(got[0], value, **tight)
    for a, b in zip(got[1], grads, strict=True):
        close(a, b, **tight)


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name: str) -> None:
    case = PROGRAMS[name]
    slow = gradient(name)(*case.fresh())
    args = case.fresh()
    fast = sourcead.value_and_grad(case.f, case.argnums, cache=False)(*args)
    for a, b in zip(args, case.args, strict=True):
        np.testing.assert_array_equal(a, b)
    close(fast[0], slow[0], 1e-6 if name.startswith("single") else 1e-12)
    for a, b in zip(fast[1], slow[1], strict=True):
        close(a, b, 1e-5 if name.startswith("single") else 1e-11)


PROMISES = dict.fromkeys(("reverse", "reverse lowered", "reverse simplified", "fuse", "emit"), REVERSED)
PROMISES |= {"ssa": SINGLE, "infer": SINGLE, "lower": LOWERED, "simplify": SIMPLIFIED, "primal fused": SIMPLIFIED}


@EACH
def test_stages(case: Program) -> None:
    """What each stage promises holds between the passes; forward mode, from the same primal, agrees with reverse."""
    stages = sourcead.stages(case.f, *map(typeof, case.args), argnums=case.argnums)
    for name, promised in PROMISES.items():
        assert not list(violations(stages[name], promised)), name
    check_tangents(case, stages)


def check_tangents(case: Program, stages: Any) -> None:
    """The derivative along a direction is the inner product of the gradient with it."""
    rng = np.random.RandomState(0)
    dots = tuple(direction(case.args[k], rng) for k in case.argnums)
    primal = stages["primal fused"]
    wrt = tuple(primal.called_with[k][1] for k in case.argnums)
    g = forward(primal, wrt, tuple(map(typeof, dots)), single=False)
    for name, h in (later := derived_stages(g, "forward")).items():
        assert not list(violations(h, REVERSED)), name
    along = to_function(with_routines(polish(later["fuse"])))
    back = to_function(stages["emit"])
    with np.errstate(all="ignore"):
        try:
            value, dot = along(dots, *case.fresh())
            grads = back(*case.fresh())
        except Unequal:  # other programs take over
            value, dot = sourcead.jvp_fn(case.f, case.argnums, jit=False, cache=False)(dots, *case.fresh())
            grads = gradient(case.name)(*case.fresh())[1]
    single = any(np.asarray(d).dtype in (np.float32, np.complex64) for d in dots)
    close(value, differences.value(python(case.f), case.args), 1e-4 if single else 1e-12)
    want = sum(np.sum((np.conj(a) * b).real) for a, b in zip(grads, dots, strict=True))
    close(dot, want, 1e-4 if single else 1e-9)


def direction(a: Any, rng: Any) -> Any:
    d = rng.uniform(-1, 1, np.shape(a))
    if np.iscomplexobj(a):
        d = d + 1j * rng.uniform(-1, 1, np.shape(a))
    return np.asarray(a).dtype.type(d) if np.ndim(a) == 0 else d.astype(a.dtype)


def decided_by_types(x, w):
    if w is None:
        s = x[0] * 2.0
    else:
        s = x[0] * w[0]
    return s * (x[1] if w is not None else x[2])


def test_none_is_an_argument() -> None:
    x = np.array([2.0, 3.0, 5.0])
    g = sourcead.grad(decided_by_types, jit=False, cache=False)
    np.testing.assert_allclose(g(x, None), [10.0, 0.0, 4.0])
    np.testing.assert_allclose(g(x, x), [6.0, 4.0, 0.0])  # by the first argument only
