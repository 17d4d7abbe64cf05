"""Arguments that are tuples, named tuples, lists, dicts and dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import differences
import numpy as np
import pytest
from numba import njit
from program_table import numbers

import sourcead
from sourcead import Unsupported, grad, structure, value_and_grad


class Layer(NamedTuple):
    W: Any
    b: Any


@dataclass(frozen=True)
class Model:
    first: Any
    scale: Any

    def __post_init__(self) -> None:
        assert self.scale is None or self.scale != 0.0


def flat(v: Any) -> list[Any]:
    items = structure.parts(v)
    return [v] if items is None else [leaf for i in items for leaf in flat(i)]


def packed(v: Any, leaves: list[Any]) -> Any:
    """A container like `v`, holding these."""
    items = structure.parts(v)
    if items is None:
        return leaves.pop(0)
    return structure.like(v, [packed(i, leaves) for i in items]) if items else v


def check(f: Any, *args: Any, argnums: tuple[int, ...] = (0,), jit: bool = False) -> None:
    """The gradient against differences, in the containers of the arguments."""
    plain = getattr(f, "py_func", f)
    leaves = [leaf for a in args for leaf in flat(a)]
    owner = [k for k, a in enumerate(args) for _ in flat(a)]
    wrt = [k for k, leaf in enumerate(leaves) if owner[k] in argnums and leaf is not None]

    def unpacked(*values: Any) -> Any:
        rest = list(values)
        return plain(*(packed(a, rest) for a in args))

    got = sourcead.grad(f, argnums, jit=jit, cache=False)(*args)
    assert [structure.shape(g) for g in got] == [structure.shape(args[k]) for k in argnums]
    mine = [leaf for g in got for leaf in flat(g) if leaf is not None]
    for g, w in zip(mine, differences.gradient(unpacked, leaves, wrt), strict=True):
        np.testing.assert_allclose(g, w, 1e-8, 1e-9)


W, b, X = numbers(3, 2), numbers(2), numbers(4, 3)
LAYERS = ((W, b), (numbers(2, 2, seed=1), numbers(2, seed=2)))


def dense(params, X):
    W, b = params
    h = X @ W + b
    W = W * 2.0
    return np.sum(np.tanh(h) ** 2) + np.sum(W * b)


def by_field(layer, X):
    return np.sum(np.tanh(X @ layer.W + layer.b) * layer[1])


def by_key(params, X):
    s = 0.0
    for k in params:
        s += np.sum(params[k] ** 2)
    for name, v in params.items():
        if name == "W":
            s += np.sum(v)
    return s + np.sum(X @ params["W"]) * len(params) + params.get("missing", 2.0)


def layered(params, X):
    h = X
    for W, b in params:
        h = np.tanh(h @ W + b)
    return np.sum(h * h)


def mixed(model, x):
    W, b = model.first
    s = np.sum(W * b) * x
    if model.scale is not None:
        s *= model.scale
    return s + W[0, 0]


def written(params, x):
    W, b = params
    for i in range(b.shape[0]):
        W[0, i] *= b[i] * x
        b[i] = W[1, i]
    return np.sum(W * W * b)


def rebound(params, n):
    a, c = params
    for _ in range(n):
        params = (params[1], params[0] * a)
    return params[0] * params[1] + c


def layer(p, h):
    return np.tanh(h @ p[0] + p[1])


def by_helper(params, X):
    first, second = params
    return np.sum(layer(second, layer(first, X)))


def optional(x, w=None, mode="squares"):
    s = np.sum(x**2) if mode == "squares" else np.sum(x)
    if w is None:
        w = np.ones(2)
    else:
        s += np.sum(w * x)
    return s * w[0]


CASES: list[tuple[Any, tuple[Any, ...], tuple[int, ...]]] = [
    (dense, ((W, b), X), (0,)),
    (dense, ([W, b], X), (0, 1)),
    (by_field, (Layer(W, b), X), (0, 1)),
    (by_key, ({"W": W, "b": b}, X), (0,)),
    (by_key, ({"W": W, "not a name": b, 3: 1.5}, X), (0, 1)),
    (layered, (LAYERS, X), (0,)),
    (layered, ([Layer(W, b), (numbers(2, 1), 0.3)], X), (0,)),
    (layered, (LAYERS, X), (1,)),
    (mixed, (Model(Layer(W, b), 1.5), 0.7), (0, 1)),
    (mixed, (Model([W, b], None), 0.7), (0,)),
    (written, ((W, b), 0.8), (0, 1)),
    (rebound, ((0.7, 1.3), 3), (0,)),
    (by_helper, (LAYERS, X), (0, 1)),
    (optional, (b,), (0,)),
    (optional, (b, numbers(2, seed=3)), (0, 1)),
    (optional, (b, None, "plain"), (0,)),
]


@pytest.mark.parametrize(("f", "args", "argnums"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_gradients(f, args, argnums):
    check(f, *args, argnums=argnums)


@pytest.mark.parametrize("k", [2, 4, 8])
def test_compiled(k):
    f, args, argnums = CASES[k]
    check(f, *args, argnums=argnums, jit=True)


@njit
def network(params, X, y):
    (W1, b1), (W2, b2) = params
    r = np.tanh(X @ W1 + b1) @ W2 + b2 - y
    return np.mean(r * r)


def test_training_in_compiled_code():
    both = value_and_grad(network, cache=False)

    @njit
    def train(params, X, y, n):
        loss = 0.0
        for _ in range(n):
            loss, ((G1, g1), (G2, g2)) = both(params, X, y)
            (W1, b1), (W2, b2) = params
            params = (W1 - 0.1 * G1, b1 - 0.1 * g1), (W2 - 0.1 * G2, b2 - 0.1 * g2)
        return loss, params

    params = (W, b), (numbers(2), numbers(1))
    losses = [train(params, X, numbers(4), n)[0] for n in (1, 20, 60)]
    assert losses[0] > losses[1] > losses[2]


def test_named_tuples_in_compiled_code():
    slope = grad(by_field, cache=False)

    @njit
    def step(p, X):
        g = slope(p, X)
        return Layer(p.W - 0.1 * g.W, p.b - 0.1 * g.b)

    got = step(Layer(W, b), X)
    want = grad(by_field, jit=False, cache=False)(Layer(W, b), X)
    np.testing.assert_allclose(got.W, W - 0.1 * want.W)
    np.testing.assert_allclose(got.b, b - 0.1 * want.b)


@pytest.mark.parametrize("jit", [True, False])
def test_values_and_auxiliary_results(jit):
    def f(p, x):
        return np.sum(p["a"] * x), (p["a"] * 2.0, (x, 3))

    args = {"a": np.array([1.0, 2.0])}, np.array([3.0, 4.0])
    (value, aux), g = value_and_grad(f, has_aux=True, jit=jit, cache=False)(*args)
    assert value == 11.0
    np.testing.assert_allclose(aux[0], [2.0, 4.0])
    assert aux[1][1] == 3
    np.testing.assert_allclose(g["a"], args[1])
    g, aux = grad(f, has_aux=True, jit=jit, cache=False)(*args)
    np.testing.assert_allclose(g["a"], args[1])
    np.testing.assert_allclose(aux[1][0], args[1])


def test_second_order():
    def f(x, p):
        return x * x * p["a"] * p["b"][0] * p["a"]

    g = grad(grad(f), 1, jit=False, cache=False)(2.0, {"a": 3.0, "b": [4.0]})
    assert g == {"a": 96.0, "b": [36.0]}


@pytest.mark.parametrize("jit", [True, False])
def test_refusals(jit):
    def f(p, x):
        return p["a"] * x

    g = grad(f, jit=jit, cache=False)
    with pytest.raises(TypeError, match=r"`p\['n'\]` in argument 0 \(`p`\) of `f` has type int64; pass 3.0"):
        g({"a": 1.0, "n": 3}, 2.0)
    with pytest.raises(TypeError, match=r"`p\['n'\]\[1\]` in .* is an object, which has no Numba type"):
        grad(f, 1, jit=jit, cache=False)({"a": 1.0, "n": [1, object()]}, 2.0)
    with pytest.raises(Unsupported, match="the dict has no key 'a'"):
        g({"b": 1.0}, 2.0)
    with pytest.raises(Unsupported, match="consists of 1000 values, which is too many"):
        g([1.0] * 1000, 2.0)
    with pytest.raises(Unsupported, match="a tuple or a list cannot be used here"):
        grad(lambda p: p * 2.0, jit=jit, cache=False)([1.0, 2.0])


def test_to_look_at():
    text = grad(network, jit=False, cache=False).source(((W, b), [numbers(2), 0.5]), X, numbers(4))
    assert "    (W1, b1), (W2, b2) = params\n" in text
    assert "    return ((W1_bar, b1_bar), (W2_bar, b2_bar))\n" in text
    assert "    params_W, params_b = params\n" in grad(by_key, cache=False).source({"W": W, "b": b}, X)
    assert "    return Layer(layer_W_bar, layer_b_bar)\n" in grad(by_field, cache=False).source(Layer(W, b), X)
