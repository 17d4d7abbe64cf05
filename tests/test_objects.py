"""Arguments that Numba makes: instances of jitclasses, structrefs, typed lists and dicts."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest
from numba.experimental import jitclass, structref

import sourcead
from sourcead.structure import shape


@jitclass([("w", numba.float64[:]), ("b", numba.float64)])
class Model:
    def __init__(self, w, b):
        self.w = w
        self.b = b

    def scaled(self, x):
        return self.b * x


@structref.register
class PairType(numba.types.StructRef):
    pass


class Pair(structref.StructRefProxy):
    @property
    def a(self):
        return first(self)

    @property
    def b(self):
        return second(self)


@numba.njit
def first(s):
    return s.a


@numba.njit
def second(s):
    return s.b


structref.define_proxy(Pair, PairType, ["a", "b"])


def of_model(m, x):
    return m.scaled(x) * np.sum(m.w * x) + m.b


def of_pair(s, x):
    return s.a * np.sum(s.b * x)


def of_typed(v, d, x):
    v.append(x)
    return v[0] * v[1] * v[2] + d["a"] * x


def changes_an_attribute(m, x):
    m.b = x
    return m.b * x


def gradient(f, argnums):
    return sourcead.grad(f, argnums, jit=False, cache=False)


def test_jitclass():
    g, x_bar = gradient(of_model, (0, 1))(Model(np.ones(2), 2.0), 0.5)
    assert type(g).__name__ == "Model"
    assert g._fields == ("w", "b")
    np.testing.assert_allclose(g.w, [0.5, 0.5])
    assert (g.b, x_bar) == (1.5, 4.0)


def test_structref():
    g, x_bar = gradient(of_pair, (0, 1))(Pair(1.0, np.ones(2)), 0.5)
    assert g.a == 1.0
    np.testing.assert_allclose(g.b, [0.5, 0.5])
    assert x_bar == 2.0


def test_typed_containers():
    v = numba.typed.List([1.0, 2.0])
    d = numba.typed.Dict()
    d["a"] = 3.0
    assert gradient(of_typed, (0, 1, 2))(v, d, 0.5) == ([1.0, 0.5], {"a": 0.5}, 5.0)
    assert len(v) == 2


def test_attributes_are_not_changed():
    with pytest.raises(sourcead.Unsupported, match="cannot be assigned"):
        gradient(changes_an_attribute, 1)(Model(np.ones(2), 2.0), 0.5)


def test_methods_are_part_of_the_key_of_the_cache():
    def made(factor):
        space = {"factor": factor}
        exec("def f(self):\n    return self.x * factor\n", space)
        return dataclasses.make_dataclass("C", ["x"], namespace={"f": space["f"]})(1.0)

    assert repr(shape(made(1.0))) == repr(shape(made(1.0)))
    assert repr(shape(made(1.0))) != repr(shape(made(2.0)))
