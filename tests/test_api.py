"""`grad` and `value_and_grad` as seen from Python."""

import functools
import inspect
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from numba import njit, types

import sourcead
from sourcead import grad, value_and_grad
from sourcead.api import Gradient

RATE = 2.0


def square(x, scale=3.0):
    """The square, scaled."""
    return scale * x * x


@grad
def bare(x):
    """Decorated."""
    return x * x


@grad(argnums=(0, 1))
def with_arguments(x, y):
    return x * y


def weighted(w, x, b):
    s = b
    for i in range(len(x)):
        s += w[i] * x[i]
    return s * s


W, X = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 3.0])


# ---- forms ---------------------------------------------------------------------------------


def test_decorator_bare():
    assert bare(3.0) == 6.0


def test_decorator_with_arguments():
    assert with_arguments(3.0, 4.0) == (4.0, 3.0)


def test_decorator_with_empty_arguments():
    @grad()
    def f(x):
        return x * x

    assert f(3.0) == 6.0


def test_function_form_of_lambda_closure_and_njit():
    c = 5.0
    assert grad(lambda x: c * x * x)(1.0) == 10.0
    assert grad(njit(square))(1.0) == 6.0


def test_closures_do_not_share_gradients():
    def make(c):
        def f(x):
            return c * x * x

        return grad(f)

    assert [make(c)(1.0) for c in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]


def test_gradient_of_gradient():
    assert grad(grad(lambda x: x * x * x))(2.0) == pytest.approx(12.0)
    assert grad(bare)(2.0) == pytest.approx(2.0)


@pytest.mark.parametrize("f", [3, "f", np.sin, len, functools.partial(np.sin), [].append])
def test_what_is_no_function(f):
    with pytest.raises(TypeError, match="grad takes a"):
        grad(f)


def test_unknown_option():
    with pytest.raises(TypeError, match="unknown option fast_math"):
        grad(square, fast_math=True)


def test_variadic_parameter():
    def f(x, *n):
        return x * n[0]

    with pytest.raises(sourcead.Unsupported, match="variadic positional parameter, `n`"):
        grad(f)


# ---- argnums and results --------------------------------------------------------------------


def test_single_and_tuple_argnums():
    g = grad(weighted, 0)(W, X, 1.0)
    s = 2 * (W @ X + 1.0)
    np.testing.assert_allclose(g, s * X)
    g = grad(weighted, (0, 2))(W, X, 1.0)
    assert isinstance(g, tuple)
    np.testing.assert_allclose(g[0], s * X)
    assert g[1] == pytest.approx(s)
    g = grad(weighted, (1,))(W, X, 1.0)
    assert isinstance(g, tuple)
    assert len(g) == 1
    np.testing.assert_allclose(g[0], s * W)


def test_negative_and_list_argnums():
    assert grad(weighted, -1)(W, X, 1.0) == grad(weighted, 2)(W, X, 1.0)
    assert isinstance(grad(weighted, [-1, 0])(W, X, 1.0)[0], float)


@pytest.mark.parametrize(
    ("argnums", "error", "text"),
    [
        (3, ValueError, r"out of range: `weighted` takes 3 arguments \(w, x, b\)"),
        (-4, ValueError, "out of range"),
        ((0, 0), ValueError, "twice"),
        ((0, -3), ValueError, "twice"),
        ((), ValueError, "names no argument"),
        (0.0, TypeError, "must be an int"),
        ("w", TypeError, "must be an int"),
        (True, TypeError, "must be an int"),
        (None, TypeError, "must be an int"),
        ((0, 1.5), TypeError, "must be an int"),
    ],
)
def test_wrong_argnums_are_found_when_decorating(argnums, error, text):
    with pytest.raises(error, match=text):
        grad(weighted, argnums)


def test_value_and_grad():
    value, g = value_and_grad(square)(2.0)
    assert (value, g) == (12.0, 12.0)
    value, (gw, gb) = value_and_grad(weighted, (0, 2))(W, X, 1.0)
    assert value == weighted(W, X, 1.0)
    assert (gw.shape, gb) == ((3,), pytest.approx(2 * (W @ X + 1)))


def test_auxiliary_results():
    def f(x):
        y = np.sin(x)
        return y * y, y

    g, aux = grad(f, has_aux=True)(0.5)
    assert (g, aux) == (pytest.approx(np.sin(1.0)), pytest.approx(np.sin(0.5)))
    (value, aux), g = value_and_grad(f, has_aux=True)(0.5)
    assert (value, aux, g) == (pytest.approx(aux**2), pytest.approx(np.sin(0.5)), pytest.approx(np.sin(1.0)))


def test_defaults_and_keywords():
    g = grad(square)
    assert g(1.0) == 6.0
    assert g(1.0, 5.0) == 10.0
    assert g(1.0, scale=4.0) == 8.0
    assert g(scale=4.0, x=1.0) == 8.0
    assert grad(square, 1)(2.0) == 4.0


def test_wrong_number_of_arguments():
    with pytest.raises(TypeError, match="arguments"):
        bare()
    with pytest.raises(TypeError, match="arguments"):
        bare(1.0, 2.0)


# ---- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize(
    ("x", "text"),
    [
        (3, r"grad requires real or complex inputs .* argument 0 \(`x`\) of `square` has type int64; pass 3.0"),
        (True, "has type bool"),
        (np.arange(3), r"has elements of type int64; convert the array with x.astype"),
        ("text", "real or complex inputs"),
        ([1.0, 2], r"`x\[1\]` in argument 0 \(`x`\) of `square` has type int64"),
        (object(), "is an object, which has no Numba type"),
        (None, "real or complex"),
        (np.float16(1), "float16; convert to float64"),
        (np.array(1.0), "0-dimensional array"),
        (np.ones(2, ">f8"), "a NumPy array of dtype >f8, which has no Numba type"),
        ((1.0, "text"), r"`x\[1\]` in argument 0 \(`x`\) of `square` has type unicode_type"),
    ],
)
def test_arguments_that_have_no_gradient(x, text, jit):
    with pytest.raises(TypeError, match=text):
        grad(square, jit=jit)(x)


def test_other_arguments_are_looked_at_too():
    def f(x, how):
        return x * x

    g = grad(f)
    assert [g(1.0, how) for how in (None, "text", True, 3, 1j, np.ones(2, bool))] == [2.0] * 6
    for how in ((1, np.datetime64("2020-01-01")), np.datetime64("2020-01-01"), [np.float16(1)]):
        with pytest.raises(TypeError, match=r"argument 1 \(`how`\) of `f`"):
            g(1.0, how)


def test_the_parameter_in_question_is_named():
    with pytest.raises(TypeError, match=r"argument 2 \(`b`\) of `weighted` has type int64"):
        grad(weighted, 2)(W, X, 1)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: x * 2.0, "1-dimensional array"),
        (lambda x: (x[0], x[1]), "a tuple"),
        (lambda x: len(x), "of type int64"),
    ],
)
def test_results_that_have_no_gradient(f, text):
    with pytest.raises(TypeError, match=f"gradient only defined for scalar-output functions; .*{text}"):
        grad(f)(X)


def test_has_aux_needs_a_pair():
    with pytest.raises(TypeError, match="must return a pair"):
        grad(square, has_aux=True)(1.0)


def test_exceptions_of_the_function_are_raised_by_the_gradient():
    def f(x):
        if x < 0.0:
            raise ValueError("negative")
        return x * x

    for jit in (True, False):
        g = grad(f, jit=jit)
        assert g(1.0) == 2.0
        with pytest.raises(ValueError, match="negative"):
            g(-1.0)


# ---- what it looks like ---------------------------------------------------------------------


def test_metadata():
    g = grad(square)
    assert (g.__name__, g.__doc__, g.__wrapped__) == ("square", "The square, scaled.", square)
    assert inspect.signature(g) == inspect.signature(square)
    assert g.py_func is square


def test_repr_and_display():
    g = value_and_grad(weighted, (0, 2))
    assert repr(g) == "<value_and_grad of weighted(w, x, b) wrt w, b [0 specialisations]>"
    assert "not called yet" in g._repr_markdown_()
    g(W, X, 1.0)
    assert repr(g).endswith("[1 specialisation]>")
    assert "```python\ndef weighted" in g._repr_markdown_()
    assert "`w`" in g._repr_markdown_()


def test_source_by_values_and_by_types():
    g = grad(square)
    assert g.source() == ""
    text = g.source(1.0)
    assert text == g.source(types.float64) == g.source(x=1.0)
    assert "def square" in text
    assert ": return scale * x * x" in text
    assert not g.specialisations  # asking is not compiling
    g(1.0)
    assert text in g.source()
    assert g.source(np.ones(1)[0]) == text


def test_emitted_code_is_found_by_inspect():
    g = grad(square)
    g(1.0)
    (spec,) = g.specialisations.values()
    assert inspect.getsource(spec.function) == spec.source


def test_stages_and_diff():
    stages = sourcead.stages(square, 1.0, argnums=0)
    assert next(iter(stages)) == "parse"
    assert "def square" in repr(stages["parse"])
    last = list(stages)[-1]
    assert repr(stages[last]) == grad(square).source(1.0)
    assert stages.diff("parse", "parse") == ""
    text = stages.diff("parse", last)
    assert text.startswith(f"--- parse\n+++ {last}\n")
    assert "# ---- parse" in str(stages)
    with pytest.raises(KeyError, match="there are parse"):
        stages["nothing"]


def test_stages_of_a_gradient():
    assert list(grad(square).stages(1.0)) == list(sourcead.stages(grad(square), 1.0))


# ---- compiled and plain ---------------------------------------------------------------------


def test_plain_python_gives_the_same():
    args = W.copy(), X.copy(), 1.0
    a, b = (value_and_grad(weighted, (0, 1, 2), jit=jit)(*args) for jit in (True, False))
    assert a[0] == b[0]
    for p, q in zip(a[1], b[1], strict=True):
        np.testing.assert_array_equal(p, q)
    np.testing.assert_array_equal(args[0], W)


def test_plain_python_divides_like_compiled_code():
    with np.errstate(all="raise"):
        assert grad(lambda x: 1.0 / x, jit=False)(0.0) == grad(lambda x: 1.0 / x)(0.0) == -np.inf


def test_arguments_are_not_changed():
    def f(x):
        for i in range(len(x)):
            x[i] = x[i] * x[i]
        return np.sum(x)

    for jit in (True, False):
        x = X.copy()
        np.testing.assert_allclose(grad(f, jit=jit)(x), 2 * X)
        np.testing.assert_array_equal(x, X)


def test_specialised_by_types():
    def f(x):
        return np.sum(x * x)

    g = grad(f)
    assert g(X).dtype == np.float64
    assert g(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(g(np.ones((2, 3)).T), 2 * np.ones((3, 2)))
    assert len(g.specialisations) == 3


def outer_of_plain_functions(x):
    def inner(v):
        return scaled(v) + 1.0

    return scaled(x) * inner(x)


def scaled(v):
    return factor(v) * v


def factor(v):
    return 3.0 * v


def test_primal_calls_plain_functions():
    for _ in range(2):
        assert grad(outer_of_plain_functions).primal(2.0) == 12.0 * 13.0
    offset = lambda v: scaled(v) + 1.0  # noqa: E731
    assert grad(lambda x: offset(x)).primal(1.0) == 4.0


def test_primal():
    assert grad(square).primal(2.0) == 12.0
    assert grad(square).primal.targetoptions["error_model"] == "numpy"
    assert grad(square, jit=False).primal is square
    assert grad(bare).primal is bare


def test_options_reach_numba():
    g = grad(square, fastmath=True, nogil=True)
    g(1.0)
    (spec,) = g.specialisations.values()
    assert spec._dispatcher.targetoptions["nogil"]


def test_emitted_code_that_numba_refuses_is_a_bug_of_ours(monkeypatch):
    from sourcead import compile as compiler
    from sourcead.errors import InternalError

    text = "def f_grad(x):\n    return x.nothing\n"
    monkeypatch.setattr(compiler, "_build", lambda request, key: compiler.Specialisation("f_grad", text, {}, None))
    g = grad(lambda x: x + 41.0)
    with pytest.raises(InternalError, match="does not compile"):
        g(1.0)


def test_numba_switched_off(tmp_path):
    (tmp_path / "program.py").write_text(
        "import numpy as np\nfrom numba import njit\nfrom sourcead import grad\n\n"
        "@grad\ndef f(x):\n    return np.sum(x * x)\n\n@njit\ndef run(x):\n    return f(x)\n\n"
        "print(type(f).__name__, run(np.ones(3)))\n"
    )
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, tmp_path / "program.py"], env=env, capture_output=True, text=True)
    assert done.stdout == "PythonGradient [2. 2. 2.]\n", done.stderr


def test_method():
    class Model:
        @grad(argnums=1, jit=False)
        def loss(self, x):
            return x * x

    with pytest.raises(TypeError, match="Model, which has no Numba type"):
        Model().loss(1.0)


def test_pickle():
    assert pickle.loads(pickle.dumps(bare)) is bare
    g = grad(square)
    data = pickle.dumps(g)
    g._memo.pop(g._uuid)
    again = pickle.loads(data)
    assert again is not g
    assert again(1.0) == 6.0
    assert pickle.loads(pickle.dumps(grad(square, jit=False)))(1.0) == 6.0


def test_recompile_takes_new_globals(monkeypatch):
    g = grad(lambda x: RATE * x)
    assert g(1.0) == 2.0
    monkeypatch.setattr(f"{__name__}.RATE", 7.0)
    assert g(1.0) == 2.0  # as in Numba, globals are constants
    g.recompile()
    assert g(1.0) == 7.0
    assert grad(lambda x: RATE * x)(1.0) == 7.0


def test_equal_gradients_share_code_and_outlive_each_other():
    def make():
        return grad(square)

    a, b = make(), make()
    assert a(1.0) == b(1.0) == 6.0
    assert a.overloads[(types.float64, types.Omitted(3.0))] is b.overloads[(types.float64, types.Omitted(3.0))]
    del a
    call = njit(lambda x: b(x))
    assert call(1.0) == 6.0


def test_threads_meet_a_gradient_at_once():
    g = grad(lambda x: x * x * x)
    out = []
    threads = [threading.Thread(target=lambda k=k: out.append((k, g(float(k))))) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(out) == [(k, pytest.approx(3.0 * k * k)) for k in range(4)]


def test_a_call_takes_the_way_of_a_call_of_njit():
    """Straight into Numba's dispatcher, which is written in C; `python -m benchmarks --only call` measures it."""
    g = grad(weighted)
    assert isinstance(g, Gradient)
    assert type(g).__call__ is type(njit(weighted)).__call__
