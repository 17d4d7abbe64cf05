"""Generated from the rule table: a new line there needs no line here.

Rules are mathematics, so most tests call them on numbers: values against differences, reverse against
forward mode, then the same rules on expressions, whose derivatives by the same table give second order.
"""

from __future__ import annotations

import math
import operator as op

import numpy as np
import pytest
import scipy.special  # noqa: F401  (its rules are known once it is imported)

from sourcead import emit, ir, primitives, rules, special
from sourcead.rules import RULES, Fixed

special.known()
RULE_LIST = [r for r in RULES.values() if r.samples]
SCALAR = [r for r in RULE_LIST if r.kind == "elementwise"]
ARRAY = [r for r in RULE_LIST if r.kind != "elementwise"]


def name(rule):
    fn = rule.fn
    return f"{getattr(fn, '__module__', None) or 'np'}.{fn.__name__}"


class Held(float):
    """A parameter that does not vary."""


def draw_one(sample, seed, rng):
    if isinstance(sample, Fixed):
        value = sample.values[seed % len(sample.values)]
        return Held(value) if isinstance(value, float) else value
    if callable(sample):
        return sample(rng)
    if isinstance(sample[0], int):
        return rng.normal(size=sample)
    return float(rng.uniform(*sample))


def draw(rule, seed):
    rng = np.random.default_rng(seed)
    return tuple(draw_one(s, seed, rng) for s in rule.samples)


def is_free(x):
    return (isinstance(x, float) and not isinstance(x, Held)) or (isinstance(x, np.ndarray) and x.dtype == float)


def directions(args, rng):
    """A tangent for each argument that can vary, None for the others."""
    return tuple(rng.normal(size=np.shape(x)) if is_free(x) else None for x in args)


def along(f, args, dots, h=2e-3):
    """The derivative of `f` along `dots`, by central differences of sixth order."""

    def at(t):
        moved = (x if d is None else x + t * (d if np.ndim(d) else float(d)) for x, d in zip(args, dots, strict=True))
        return np.asarray(f(*moved), dtype=float)

    return sum(w * (at(k * h) - at(-k * h)) for k, w in ((1, 45), (2, -9), (3, 1))) / (60 * h)


def tolerance(y):
    return {"rtol": 2e-3, "atol": 1e-3} if np.asarray(y).dtype == np.float32 else {"rtol": 1e-6, "atol": 1e-8}


# ---- on numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rule", RULE_LIST, ids=name)
def test_against_differences(rule, seed):
    rng = np.random.default_rng(seed + 100)
    args = draw(rule, seed)
    if rule.results:
        check_results(rule, args, rng)
        return
    y = rule.fn(*args)
    dots = directions(args, rng)
    y_bar = rng.normal(size=np.shape(y))
    want = along(rule.fn, args, dots)
    with np.errstate(all="ignore"):
        shares = rule.pullback(args, y, y_bar)
        if rule.pushforward is not None:
            np.testing.assert_allclose(rule.pushforward(args, dots, y), want, **tolerance(y))
    assert len(shares) == len(args)
    got = sum(np.sum(s * d) for s, d in zip(shares, dots, strict=True) if d is not None)
    np.testing.assert_allclose(got, np.sum(y_bar * want), **tolerance(y))
    for share, x in zip(shares, args, strict=True):
        if isinstance(x, np.ndarray) and share is not None:
            assert np.shape(share) == x.shape


def check_results(rule, args, rng):
    """Of several results, each alone and all that are smooth at once."""
    y = tuple(rule.fn(*args))
    dots = directions(args, rng)
    smooth = [k for k in range(len(y)) if rule.fn is not np.linalg.lstsq or k == 0]
    bars = [rng.normal(size=np.shape(x)) for x in y]
    for ks in (*([k] for k in smooth), smooth):
        y_bar = tuple(b if k in ks else None for k, b in enumerate(bars))
        with np.errstate(all="ignore"):
            shares = rule.pullback(args, y, y_bar)
        got = sum(np.sum(s * d) for s, d in zip(shares, dots, strict=True) if s is not None)
        want = sum(np.sum(bars[k] * along(lambda *a, k=k: rule.fn(*a)[k], args, dots)) for k in ks)
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-8)
    with np.errstate(all="ignore"):
        tangents = rule.pushforward(args, dots, y)
    for k in smooth:
        if tangents[k] is not None:
            want = along(lambda *a, k=k: rule.fn(*a)[k], args, dots)
            np.testing.assert_allclose(tangents[k], want, rtol=1e-6, atol=1e-8)


LOWERED = (np.linalg.eigvalsh, np.linalg.eigvals)  # to eigh, eig
ATOMS = [r for r in RULES.values() if r.kind == "atom" and r.samples and r.fn not in LOWERED]


@pytest.mark.parametrize("rule", ATOMS, ids=name)
def test_atoms_on_expressions(rule):
    """The formulas mean the same for expressions."""
    rng = np.random.default_rng(11)
    args = draw(rule, 0)
    y = rule.fn(*args)
    results = tuple(y) if rule.results else (y,)
    smooth = 1 if rule.fn is np.linalg.lstsq else len(results)
    bars = tuple(rng.normal(size=np.shape(x)) for x in results[:smooth]) + (None,) * (len(results) - smooth)
    env = {f"{n}{k}": x for n, xs in (("a", args), ("y", results), ("g", bars)) for k, x in enumerate(xs)}

    def names(n, xs):
        found = tuple(None if x is None else ir.Var(f"{n}{k}") for k, x in enumerate(xs))
        return found if n == "a" or rule.results else found[0]

    with np.errstate(all="ignore"):
        want = rule.pullback(args, y, bars if rule.results else bars[0])
        operands = names("a", args), names("y", results), names("g", bars)
        for e, x in zip(rule.pullback(*operands, rank=lambda v: np.ndim(env[v.name])), want, strict=True):
            if x is not None:
                np.testing.assert_allclose(evaluate(e, env), x, rtol=1e-9, atol=1e-12)
        dots = directions(args, rng)
        env |= {f"d{k}": x for k, x in enumerate(dots)}
        want = rule.pushforward(args, dots, y)
        varied = tuple(None if x is None else ir.Var(f"d{k}") for k, x in enumerate(dots))
        got = rule.pushforward(names("a", args), varied, names("y", results), rank=lambda v: np.ndim(env[v.name]))
        for e, x in zip(got, want, strict=True) if rule.results else ((got, want),):
            assert (e is None) == (x is None)
            if x is not None:
                np.testing.assert_allclose(evaluate(e, env), x, rtol=1e-9, atol=1e-12)


# ---- on complex numbers ------------------------------------------------------------------------------------------

COMPLEX = [r for r in SCALAR if r.of_complex and getattr(r.fn, "__module__", "") != "math" and r.fn is not np.fabs]
COMPLEX = [r for r in COMPLEX if r.fn is not primitives.flowing]  # at zero it is a guard, not a function
COMPLEX += [RULES[np.complex128], RULES[complex]]
Z, W = 0.6 - 0.8j, -0.7 + 0.3j


def complex_arguments(rule):
    match len(rule.samples):
        case 2:
            powers = [(Z, 0.7), (0.7, Z), (-0.7, Z), (Z, 3), (Z, 0), (Z, 2.0), (W, 1)] if rule.fn is op.pow else []
            return [(Z, W), (W, Z), *powers, *([(Z, 0.7), (0.7, W)] if rule.fn is not op.pow else [])]
        case 3:
            return [(True, Z, W), (False, Z, W), (True, 0.7, W)]
    return [(0.4,), (0.4, -0.3), (W,)] if rule.fn is complex else [(Z,), (W,), (-Z,)]


@pytest.mark.parametrize(("rule", "args"), [(r, a) for r in COMPLEX for a in complex_arguments(r)])
def test_complex_against_differences(rule, args):
    """The adjoint of `x + iy` is `dL/dx + i dL/dy`; a real argument takes the real part."""
    y, y_bar = rule.fn(*args), 0.3 + 0.9j
    y_bar = y_bar if isinstance(y, complex) else y_bar.real
    shares = rule.of_complex(y_bar, *args, y)
    assert len(shares) == len(args)

    def real(*args):
        return (np.conj(y_bar) * rule.fn(*args)).real

    for k, (share, x) in enumerate(zip(shares, args, strict=True)):
        for unit in () if isinstance(x, (bool, int)) else (1.0, 1.0j) if isinstance(x, complex) else (1.0,):
            dots = tuple(unit if j == k else None for j in range(len(args)))
            want = along_complex(real, args, dots)
            np.testing.assert_allclose((np.conj(unit) * share).real, want, 1e-6, 1e-8)
            if rule.along_complex is not None:  # else the compiler has its own
                tangent = rule.along_complex(dots, *args, y)
                np.testing.assert_allclose((np.conj(y_bar) * tangent).real, want, 1e-6, 1e-8)


def along_complex(f, args, dots, h=2e-3):
    def at(t):
        return f(*(x if d is None else x + t * d for x, d in zip(args, dots, strict=True)))

    return sum(w * (at(k * h) - at(-k * h)) for k, w in ((1, 45), (2, -9), (3, 1))) / (60 * h)


CONSTANT = [r for r in RULES.values() if r.kind == "constant"]


@pytest.mark.parametrize("rule", CONSTANT, ids=name)
def test_constants_give_nothing(rule):
    assert rule.pullback((1.0, 2.0), 3.0, 4.0) == (None, None)
    assert rules.is_constant(rule.fn)
    assert not rules.is_elementwise(rule.fn)


SHAPES = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)), ((4, 2, 3), (3,)), ((4, 2, 3), (3, 2))]
DOT = [*SHAPES, ((3,), (4, 3, 2)), ((2, 3), (4, 3, 2)), ((5, 2, 3), (4, 3, 2)), ((), (2,)), ((2, 2), ())]
MATMUL = [*SHAPES, ((3,), (4, 3, 2)), ((2, 3), (4, 3, 2)), ((4, 2, 3), (4, 3, 2)), ((1, 2, 3), (4, 3, 2))]
CASES = [(np.dot, s) for s in DOT] + [(op.matmul, s) for s in MATMUL]
CASES += [(np.diag, ((3,),)), (np.outer, ((2, 3), (4,))), (np.inner, ((3,), (3,))), (np.inner, ((2, 3), (3,)))]
CASES += [
    (np.linalg.solve, ((3, 3), (3, 2))),
    (np.linalg.pinv, ((2, 3),)),
    (np.linalg.inv, ((2, 3, 3),)),
    (np.transpose, ((2, 3, 4),)),
    (np.linalg.norm, ((4,),)),
]


@pytest.mark.parametrize(("fn", "shapes"), CASES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_all_ranks(fn, shapes):
    rng = np.random.default_rng(7)
    args = tuple(rng.normal(size=s) if s else float(rng.normal()) for s in shapes)
    dots = directions(args, rng)
    y = fn(*args)
    y_bar = rng.normal(size=np.shape(y))
    shares = RULES[fn].pullback(args, y, y_bar)
    assert [np.shape(s) for s in shares] == [np.shape(x) for x in args]
    got = sum(np.sum(s * d) for s, d in zip(shares, dots, strict=True))
    np.testing.assert_allclose(got, np.sum(y_bar * along(fn, args, dots)), rtol=1e-7)


def test_dot_on_expressions():
    g, a, b = map(ir.Var, "gab")
    rng = np.random.default_rng(3)
    for shapes in SHAPES[:4]:
        x, w = (rng.normal(size=s) for s in shapes)
        g_bar = rng.normal(size=np.shape(np.dot(x, w)))
        for share, want in zip(
            (rules.dot_left, rules.dot_right), RULES[np.dot].pullback((x, w), None, g_bar), strict=True
        ):
            e = share(g, a, b, ranks=(x.ndim, w.ndim))
            np.testing.assert_allclose(evaluate(e, {"g": g_bar, "a": x, "b": w}), want)


# ---- on expressions --------------------------------------------------------------------------------------


def evaluate(e, env):
    match e:
        case ir.Var(n):
            return env[n]
        case ir.Const(v):
            return v
        case ir.Call(fn, args):
            return fn(*(evaluate(a, env) for a in args))
    raise TypeError(e)


def tangent(e, dots):
    """The tangent expression of an expression, by the table's pushforwards."""
    match e:
        case ir.Var(n):
            return dots.get(n)
        case ir.Const():
            return None
        case ir.Call(fn, args):
            inner = [tangent(a, dots) for a in args]
            return RULES[fn].pushforward(args, inner, e) if any(d is not None for d in inner) else None
    raise TypeError(e)


def symbolic(rule, args):
    """Names for the arguments that vary, constants for the others; and the partials as expressions of names."""
    names = tuple(f"x{k}" for k in range(len(args)))
    operands = tuple(ir.Var(n) if is_free(x) else ir.Const(x) for n, x in zip(names, args, strict=True))
    env = {n: x for n, x in zip(names, args, strict=True) if is_free(x)}
    return operands, env


def callables(e):
    if isinstance(e, ir.Call):
        yield e.fn
    for c in ir.children(e):
        yield from callables(c)


@pytest.mark.parametrize("rule", SCALAR, ids=name)
def test_closed_under_differentiation(rule):
    """Every function that a rule emits has a rule, and emitted code can spell it."""
    operands, _ = symbolic(rule, draw(rule, 0))
    for p in rule.partials(*operands, ir.Var("y")):
        for fn in callables(ir.lift(p)):
            assert fn in RULES
            assert fn in emit.INFIX or fn in emit.PREFIX or fn is op.pow or emit.name_of(fn)


@pytest.mark.parametrize("rule", SCALAR, ids=name)
def test_expressions_compute_the_same(rule):
    args = draw(rule, 1)
    operands, env = symbolic(rule, args)
    y = rule.fn(*args)
    with np.errstate(all="ignore"):
        want = rule.partials(*args, y)
    returned = tuple(ir.lift(p) for p in rule.partials(*operands, ir.Var("y")))
    f = ir.Function("partials", (*env, "y"), (ir.Return(None, returned),), tuple_result=True)
    for got, p, (k, x) in zip(emit.to_function(f)(*env.values(), y), want, enumerate(args), strict=True):
        if is_free(x):
            np.testing.assert_allclose(got, p, rtol=1e-12, err_msg=f"argument {k}")


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("rule", SCALAR, ids=name)
def test_second_order(rule, seed):
    """Partials differentiated by the table, against differences of the partials."""
    args = draw(rule, seed)
    operands, env = symbolic(rule, args)
    y = ir.Call(rule.fn, operands)
    if np.asarray(rule.fn(*args)).dtype == np.float32:
        pytest.skip("a cast to float32 is too coarse for differences")
    for p in map(ir.lift, rule.partials(*operands, y)):
        for n in env:
            got = tangent(p, {n: ir.Const(1.0)})
            with np.errstate(all="ignore"):
                value = 0.0 if got is None else evaluate(ir.lift(got), env)
                want = along(lambda v, p=p, n=n: evaluate(p, {**env, n: v}), (env[n],), (1.0,))
            np.testing.assert_allclose(value, want, rtol=1e-5, atol=1e-7)


# ---- at kinks and special points (docs/conventions.md) -----------------------------------------------------


def gradient(fn, *args):
    """On numbers, then with constant second arguments as the compiler sees them."""
    y = fn(*args)
    with np.errstate(all="ignore"):
        return tuple(float(p) for p in RULES[fn].partials(*args, y))


@pytest.mark.parametrize(
    ("fn", "args", "want"),
    [
        (abs, (0.0,), (0,)),
        (np.maximum, (1.5, 1.5), (1, 0)),
        (np.minimum, (1.5, 1.5), (1, 0)),
        (max, (0.0, 0.0), (1, 0)),
        (min, (2.0, 2.0), (1, 0)),
        (max, (1.0, 2.0, 2.0), (0, 1, 0)),
        (min, (3.0, 2.0, 2.0), (0, 1, 0)),
        (np.clip, (0.0, 0.0, 1.0), (1, 0, 0)),
        (np.clip, (1.0, 0.0, 1.0), (1, 0, 0)),
        (np.clip, (-1.0, 0.0, 1.0), (0, 1, 0)),
        (np.clip, (2.0, 0.0, 1.0), (0, 0, 1)),
        (np.clip, (2.0, 3.0, 1.0), (0, 0, 1)),
        (np.hypot, (0.0, 0.0), (0, 0)),
        (np.sqrt, (np.float64(0.0),), (math.inf,)),
        (op.pow, (0.0, 2.0), (0, 0)),
        (op.pow, (0.0, 1), (1, 0)),
        (op.pow, (0.0, 0), (0, 0)),
        (op.pow, (0.0, 1.7), (0, 0)),
        (op.pow, (-2.0, 3), (12, 0)),
        (op.pow, (-2.0, 3.0), (12, 0)),
        (op.pow, (-2.0, -1), (-0.25, 0)),
        (op.pow, (3.0, 0.0), (0, math.log(3.0))),
    ],
)
def test_conventions(fn, args, want):
    assert gradient(fn, *args) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2, 3, -1, 2.0, 0.5, 0.0])
@pytest.mark.parametrize("x", [-2.0, 0.0, 3.0])
def test_constant_exponents_take_no_logarithm(n, x):
    if (x == 0.0 and n < 1 and n != 0) or (x < 0 and n == 0.5):
        pytest.skip("no derivative")
    p = ir.lift(RULES[op.pow].partials(ir.Var("x"), ir.Const(n), ir.Var("y"))[0])
    assert np.log not in set(callables(p))
    assert float(evaluate(p, {"x": x})) == pytest.approx(0.0 if n == 0 else n * x ** (n - 1))


def test_constant_base():
    b, y = ir.Var("b"), ir.Var("y")
    assert RULES[op.pow].partials(ir.Const(0.0), b, y)[1] == 0.0
    assert float(evaluate(RULES[op.pow].partials(ir.Const(2.0), b, y)[1], {"y": 8.0})) == pytest.approx(8 * math.log(2))


def test_clip_without_bounds():
    x, y = ir.Var("x"), ir.Var("y")
    partial = RULES[np.clip].partials(x, ir.Const(None), ir.Const(1.0), y)[0]
    assert [evaluate(partial, {"x": v}) for v in (-5.0, 1.0, 2.0)] == [1.0, 1.0, 0.0]


def test_polygamma():
    euler = 0.57721566490153286
    polygamma = primitives.polygamma
    assert polygamma(0, 1.0) == pytest.approx(-euler, rel=1e-14)
    assert polygamma(1, 0.5) == pytest.approx(math.pi**2 / 2, rel=1e-14)
    assert polygamma(2, 1.0) == pytest.approx(-2 * 1.2020569031595942, rel=1e-14)
    assert polygamma(0, -0.5) == pytest.approx(0.03648997397857652, rel=1e-12)


def test_costs_are_ordered():
    assert rules.cost(op.add) < rules.cost(op.truediv) < rules.cost(np.sqrt) < rules.cost(np.exp) < rules.cost(op.pow)
