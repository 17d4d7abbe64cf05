"""Elementary functions that are vectorised: their values, their code, and where gradients use them."""

from __future__ import annotations

import ast
import functools
import math
import operator
import platform
import re

import numpy as np
import pytest
from llvmlite import binding as llvm
from llvmlite import ir
from numba import njit

from sourcead import grad, value_and_grad, vecmath
from sourcead.cache import code_of, key
from sourcead.compile import Request
from sourcead.vecmath.compiled import FORMULAS, available, function, replacement
from sourcead.vecmath.lanes import DOUBLE, SINGLE
from sourcead.vectorised import compiled_text, independent
from tests.vecmath_points import ODD, SPECIAL, TRUE, errors, loop, sample

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
loop = functools.cache(loop)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", TRUE)
def test_values(name, dtype):
    args = sample(name, dtype, 1000)
    y = np.empty_like(args[0])
    loop(name)(y, *args)
    e = errors(name, args, y)
    assert e.max() <= 2.0, (*(x[e.argmax()] for x in args), y[e.argmax()])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name, dtype):
    wanted = {0.0: 0.0} if name in ODD else {}
    wanted = {**wanted, **SPECIAL[name], math.nan: math.nan}
    x = np.array(list(wanted), dtype)
    y = np.empty_like(x)
    loop(name)(y, x)
    np.testing.assert_array_equal(y, np.array(list(wanted.values()), dtype))
    if name in ODD:
        zeros = np.array([0.0, -0.0] * 20, dtype)  # vectors of them, and what is left over
        loop(name)(y := np.empty_like(zeros), zeros)
        np.testing.assert_array_equal(np.signbit(y), np.signbit(zeros))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_special_powers(dtype):
    odd = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 1e30, 2.0**24, 2.0**53, np.finfo(dtype).tiny / 4, math.inf, math.nan]
    x, y = map(np.ravel, np.meshgrid(*[np.array([*odd, *np.negative(odd)], dtype)] * 2))
    z = np.empty_like(x)
    loop("pow")(z, x, y)
    wanted = np.power(x, y)
    np.testing.assert_allclose(z, wanted, rtol=2 * np.finfo(dtype).eps, atol=0)
    there = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(z[there]), np.signbit(wanted[there]))


PROCESSORS = {
    "haswell": ("x86_64-unknown-linux-gnu", r"\bv\w+p[sd]\b.*%ymm"),
    "skylake-avx512": ("x86_64-unknown-linux-gnu", r"\bv\w+p[sd]\b.*%[yz]mm"),
    "neoverse-n1": ("aarch64-unknown-linux-gnu", r"\bf\w+\s+v\d+\.(2d|4s)"),
}
"""AVX2, AVX-512, ARM64; and what their code looks like where it is vectorised."""


@pytest.mark.skipif(not hasattr(llvm, "create_pass_builder"), reason="an older LLVM")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_loops_are_vectorised_on_other_processors(processor):
    triple, packed = PROCESSORS[processor]
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=processor, opt=3)
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = True
    for name in FORMULAS:
        for f in (DOUBLE, SINGLE):
            module = llvm.parse_assembly(loop_for_llvm(name, f, triple))
            passes = llvm.create_pass_builder(machine, tuning)
            passes.getModulePassManager().run(module, passes)
            assembly = machine.emit_assembly(module)
            assert len(re.findall(packed, assembly)) >= (1 if name == "sqrt" else 10), (name, f.width)


def loop_for_llvm(name, f, triple):
    """A loop over an array, in LLVM's language."""
    module, nin, index = ir.Module(name), 2 if name == "pow" else 1, ir.IntType(64)
    module.triple = triple
    array = f.real.as_pointer()
    fn = ir.Function(module, ir.FunctionType(ir.VoidType(), [array, array, index]), "apply")
    for argument in fn.args[:2]:
        argument.add_attribute("noalias")
    start, body, end = (fn.append_basic_block() for _ in range(3))
    ir.IRBuilder(start).branch(body)
    builder = ir.IRBuilder(body)
    i = builder.phi(index)
    y = builder.call(function(module, name, f, nin), [builder.load(builder.gep(fn.args[0], [i]))] * nin)
    builder.store(y, builder.gep(fn.args[1], [i]))
    following = builder.add(i, index(1))
    i.add_incoming(index(0), start)
    i.add_incoming(following, body)
    builder.cbranch(builder.icmp_signed("<", following, fn.args[2]), body, end)
    ir.IRBuilder(end).ret_void()
    return str(module)


def test_public_functions_take_numbers_and_arrays():
    @njit
    def of_all(a, k, x):
        numbers = vecmath.log1p(k), vecmath.sigmoid(x), vecmath.softplus(x), vecmath.erf(x), vecmath.pow(x, k)
        return vecmath.exp(a), vecmath.exp(a.T), vecmath.pow(2.0, a), vecmath.pow(np.abs(a), a), numbers

    a = np.linspace(-1.0, 1.0, 6).reshape(2, 3)
    *arrays, numbers = of_all(a, 3, 0.5)
    for found, wanted in zip(arrays, (np.exp(a), np.exp(a.T), 2.0**a, np.abs(a) ** a)):
        np.testing.assert_allclose(found, wanted, rtol=1e-15)
    x = 0.5
    wanted = math.log(4.0), vecmath.sigmoid(x), vecmath.softplus(x), vecmath.erf(x), vecmath.pow(x, 3)
    np.testing.assert_allclose(numbers, wanted, rtol=1e-15)
    assert vecmath.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]
    assert vecmath.sigmoid(np.float32([0.5])).dtype == np.float32


LOOPS = {
    "y[i] = np.exp(x[i])": True,
    "s += np.exp(x[i])": True,
    "t = x[i]\n if t > 0.0:\n  y[i] = np.exp(t)\n else:\n  y[i] = 0.0": True,
    "t = 0.0\n t += np.exp(x[i])\n y[i] = t * t": True,
    "y[i] += np.exp(y[i])": True,
    "s = np.exp(s)": False,  # one iteration waits for another
    "s += np.exp(s)": False,
    "if x[i] > 0.0:\n  t = np.exp(x[i])\n y[i] = t": False,
    "y[i + 1] = np.exp(y[i])": False,
    "y[i] = np.exp(x[i])\n break": False,
    "for k in range(3):\n  y[k, i] = x[i]\n y[0, i] = np.exp(x[i])": False,
    "stack.append(np.exp(x[i]))": False,
}


@pytest.mark.parametrize("body", LOOPS)
def test_which_loops_are_chosen(body):
    (found,) = ast.parse(f"for i in range(n):\n {body}\n").body
    assert independent(found) == LOOPS[body]


@pytest.mark.skipif(not available(), reason="nothing is replaced")
def test_which_calls_are_replaced():
    text = "y[i] = x[i] ** 2 + x[i] ** -1.0 + x[i] ** 0.5 + {} + abs(x[i])"
    replaced = {
        "np.exp(x[i])": "np_exp",
        "x[i] ** 1.5": "pow",
        "x[i] ** y[i]": "pow",
        "np.power(x[i], y[i])": "np_power",
        "math.erf(x[i])": "math_erf",
        "np.arctan(x[i])": None,
    }
    space = {"np": np, "math": math}
    for call, name in replaced.items():
        _, found = compiled_text("for i in range(n):\n    " + text.format(call), "", space)
        assert set(found) == ({f"_vecmath_{name}"} if name else set())
    assert compiled_text("y = np.exp(x)", "", space)[1] == {}


def loss(x, w):
    y = np.tanh(x * w) + np.exp(-x)
    return np.sum(np.sin(y) * np.log(y + 2.0) + x**w)


def test_gradients_use_them():
    x, w = np.linspace(0.1, 1.0, 37), np.linspace(-2.0, 2.0, 37)
    found = [value_and_grad(loss, argnums=(0, 1), **kw) for kw in ({}, {"vecmath": False}, {"jit": False})]
    ours, library, plain = [g(x, w) for g in found]
    assert found[0].source() == found[1].source()
    for other in (library, plain):
        np.testing.assert_allclose(ours[0], other[0], rtol=1e-14)
        np.testing.assert_allclose(ours[1], other[1], rtol=1e-13, atol=1e-13)
    assert "vecmath" not in found[0].source()
    if platform.machine() == "x86_64" and available():
        (with_it, without) = (re.findall(PROCESSORS["skylake-avx512"][1], assembly(g)) for g in found[:2])
        assert len(with_it) > 100 > len(without)


def test_mixed_powers_are_of_double_precision():
    power = replacement("pow", operator.pow)

    @njit(error_model="numpy")
    def root(x, y):
        return power(x, y)

    assert root(np.float32(2.0), 1.7) == root(2.0, 1.7)
    assert root(2.0, 3) == 8.0


def assembly(g):
    (result,) = g.overloads.values()
    return code_of(result).get_asm_str()


SLOPES = {
    "exp": np.exp,
    "log": lambda x: 1.0 / x,
    "sqrt": lambda x: 0.5 / np.sqrt(x),
    "tan": lambda x: 1.0 + np.tan(x) ** 2,
    "sigmoid": lambda x: vecmath.sigmoid(x) * vecmath.sigmoid(-x),
    "softplus": vecmath.sigmoid,
    "erf": lambda x: 2.0 / math.sqrt(math.pi) * np.exp(-x * x),
}


@pytest.mark.parametrize("name", SLOPES)
def test_functions_that_call_them_are_differentiated(name):
    f = getattr(vecmath, name)

    def total(x):
        s = 0.0
        for i in range(len(x)):
            s += f(x[i])
        return s

    x = np.array([0.5, 1.2]) if name in ("log", "sqrt", "tan") else np.array([-700.0, -1.5, 0.0, 2.0, 30.0])
    np.testing.assert_allclose(grad(total, jit=False)(x), SLOPES[name](x), rtol=1e-13)


def test_the_option_is_part_of_the_key():
    def request(**options):
        return Request(loss, (), (0,), True, False, False, tuple(sorted(options.items())))

    assert len({key(request()), key(request(vecmath=False)), key(request(fastmath=True))}) == 3


def test_unknown_options_are_refused():
    with pytest.raises(TypeError, match="vecmath"):
        grad(loss, vectormath=False)
