"""Programs for what docs/contract.md says of the language: one for each item of the column "supported"."""

from __future__ import annotations

import functools
import math
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
from contract_table import shown_by, supported
from numba import literal_unroll, njit, prange, typed
from program_table import numbers

import sourcead
from sourcead import checkpoint, checkpointed

V, W, M = numbers(4), numbers(4, seed=1), numbers(3, 4)
Pair = namedtuple("Pair", "a b")
TABLE, FACTORS, NAME = np.array([1.5, 2.5]), (2.0, 3.0), "cube"


@dataclass
class Layer:
    w: Any
    b: Any


class Model:
    def __init__(self, factor):
        self.factor = factor

    def energy(self, x):
        return self.factor * x * x


# ---- the function ------------------------------------------------------------------------------------

FUNCTION, BY = "what is given to grad", "arguments it is differentiated by"
supported(f"{FUNCTION}: functions", 0.7)(lambda x: x * math.sin(x))
supported(f"{FUNCTION}: functions", 0.7)(njit(lambda x: x * math.sin(x)))
supported(f"{FUNCTION}: functions", 0.7)((lambda table: lambda x: x * table[1])(TABLE))
supported(f"{FUNCTION}: bound methods", 0.7)(Model(3.0).energy)
supported(f"{FUNCTION}: bound methods", 0.7)(functools.partial(lambda y, x: y * x * x, 0.3))
supported(f"{FUNCTION}: other gradients", 0.7)(sourcead.grad(lambda x: x**4, jit=False, cache=False))
supported("its parameters", 0.7, W)(lambda x, w, k=2, *, scale=2.0: scale * x**k * w[k])
supported(f"{BY}: numbers", 0.7, np.float32(0.5))(lambda x, y: x * y * y)
supported(f"{BY}: numbers", 0.7 + 0.2j, np.complex64(0.5j))(lambda x, y: abs(x * y + x))
supported(f"{BY}: arrays", V, V.astype(np.float32))(lambda x, y: np.sum(x * y * y))
supported(f"{BY}: arrays", V + 1j * W, (V - 2j * W).astype(np.complex64))(lambda x, y: np.sum(np.abs(x * y)))
supported(f"{BY}: tuples", (0.7, V), Pair(W, 0.3))(lambda p, q: p[0] * np.sum(p[1] * q.a) * q.b**2)
supported(f"{BY}: lists", [V, W], {"w": V, "b": 0.3}, Layer(W, 0.7))(
    lambda p, q, r: np.sum(p[0] * p[1] * q["w"] * r.w) * q["b"] + r.b**2
)
supported(f"{BY}: all of these", {"layers": [(V, None), (W, 0.3)]})(
    lambda p: sum([np.sum(w * w) * (1.0 if b is None else b) for w, b in p["layers"]])
)


shown_by(f"{BY}: typed.List", "test_objects.py", "test_typed_containers")
shown_by(f"{BY}: instances", "test_objects.py", "test_jitclass", "test_structref")


@supported("other arguments: numbers", V, 2, True, np.array([1, 2]), np.array([True, False]), "cube", None)
def _(x, k, flag, at, mask, name, extra):
    y = x[at[0]] * k if flag and mask[0] else x[0]
    return (y**3 if name == "cube" else y) + (1.0 if extra is None else 0.0)


supported("other arguments: the same", 0.7, (1, [2, 3]), {"k": 2, "name": "sin"})(
    lambda x, p, q: x ** q["k"] * p[1][0] if q["name"] == "sin" else x
)
supported("other arguments: random", 0.7, np.random.default_rng(3))(lambda x, rng: x * x * rng.integers(2, 3))
supported("result of grad: one", V)(lambda x: np.sum(x * x))


@supported("result of grad: with")
def _():
    g = sourcead.grad(lambda x: (x[0] * x[1], (x + 1.0, 3)), has_aux=True, jit=False, cache=False)
    gradient, (array, number) = g(np.array([2.0, 5.0]))
    assert gradient.tolist() == [5.0, 2.0]
    assert (array.tolist(), number) == ([3.0, 6.0], 3)


# ---- statements --------------------------------------------------------------------------------------


@supported("assignment: plain", 0.7)
def _(x):
    a = b = x * x
    c: float = a * b
    c += x
    return c


@supported("assignment: of tuples", 0.7)
def _(x):
    a, (b, c) = x, (x * x, 2.0)
    a, b = b, a
    first, *rest = (a, b, c)
    return first * rest[0] + rest[1] * a


@supported("assignment: of elements", V)
def _(x):
    y = np.zeros(4)
    y[0] = x[1] * x[2]
    y[1:3] = x[2:] * x[:2]
    y[-1] += x[0] ** 2
    return np.sum(y * y)


supported("assignment: :=", 0.7)(lambda x: (y := x * x) * y)


@supported("assignment: del", 0.7)
def _(x):
    items, table = [x, x * x, 2.0], {"a": x, "b": 3.0}
    y = x * 3.0
    del items[0], table["b"]
    z = y * items[0] * table["a"]
    del y
    return z * len(table)


@supported("branches: if", 0.7)
def _(x):
    if x < 0.0:
        y = -x
    elif x < 1.0:
        y = x**3
    else:
        y = x
    return y


@supported("branches: early", V)
def _(x):
    for i in range(4):
        if x[i] > 0.0:
            return x[i] * x[0]
    return x[0]


@supported("branches: match", 0.7, 3, "b")
def _(x, k, name):
    match name:
        case "a" | "b":
            x = x * x
    match (k, x):
        case (1, y):
            return y
        case (n, y) if n > 2:
            return y * n
    return x


@supported("for: over range", V)
def _(x):
    s = 0.0
    for i in range(3, -1, -2):
        s = s * x[i] + x[i - 1]
    return s


@supported("for: over arrays", M, (0.7, 0.3))
def _(m, t):
    s = 0.0
    for row in m:
        s += row[0] * row[1]
    for v in t:
        s *= v
    for v in literal_unroll(t):
        s += v * v
    return s


@supported("for: over enumerate", V, W)
def _(x, y):
    s = 0.0
    for k, (a, b) in enumerate(zip(x, y)):
        s += k * a * b
    for i in reversed(range(4)):
        s = s * x[i] + y[i]
    return s


@supported("for: over np.ndindex", M)
def _(m):
    s = 0.0
    for i, j in np.ndindex(3, 4):
        s = s * 0.5 + m[i, j] ** 2
    for (i, j), v in np.ndenumerate(m):
        s += i * j * v * v
    return s


@supported("for: over prange", V, parallel=True)
@supported("for: over prange", V)
def _(x):
    s = 0.0
    for i in prange(4):
        s += x[i] ** 2
    return s


@supported("other loops: while", 0.7)
def _(x):
    k = 0
    while x < 9.0:
        k += 1
        if k == 2:
            continue
        x = x * 2.0 + x * x
        if k > 5:
            break
    return x


@supported("[checkpointed](checkpointing.md) loops: for", V)
def _(x):
    u = x.copy()
    for t in checkpointed(range(40), budget=3):
        u = np.sin(u + 0.1 * t) + x
    return np.sum(u * u)


@supported("[checkpointed](checkpointing.md) loops: checkpoint", V)
def _(x):
    def square(x):
        return x * x

    return np.sum(checkpoint(square)(x) ** 2)


@supported("[checkpointed](checkpointing.md) loops: while", 0.7)
def _(x):
    while checkpointed(x < 9.0, budget=3):
        x = x * 1.1 + 0.01 * x * x
    return x


@supported("other loops: else", V)
def _(x):
    s = 0.0
    for v in x:
        s += v * v
        if s > 100.0:
            break
    else:
        s *= x[0]
    while s < 3.0:
        s = s * 2.0 + 1.0
    else:
        s *= x[1]
    return s


@supported("errors", 0.7)
def _(x):
    assert x > 0.0, f"{x} is not positive"
    if x > 5.0:
        raise ValueError("too large")
    return x * x


@supported("output: print", V)
def _(x):
    print("norm", np.sum(x * x), x)
    return np.sum(x * x)


@supported("definitions: inner", 0.7)
def _(x):
    def helper(y):
        return y * x

    twice = lambda g, v: g(g(v))  # noqa: E731
    return twice(helper, x)


# ---- values ------------------------------------------------------------------------------------------


@supported("numbers: arithmetic", 0.7, 0.3)
def _(x, y):
    z = x * y / (x - y) ** 2 % 2.0 - -x // 1.0
    inside = (0.0 < x < 1.0 and not y > 1.0) or x == y
    return z * x if inside else y


@supported("numbers: float32")
def _():
    g = sourcead.grad(lambda x, a: np.sum(x * a) * a[0], (0, 1), jit=False, cache=False)
    x_bar, a_bar = g(V.astype(np.float32), W)
    assert (x_bar.dtype, a_bar.dtype) == (np.float32, np.float64)


@supported("numbers: integers", 2.3)
def _(x):
    k, flag = int(x), bool(x)
    return x * k + flag


@supported("complex numbers: on the way", 0.7, V)
def _(x, v):
    z = x * 2j + 1.0
    w = np.exp(1j * v) * z
    return np.sum(w.real**2 * w.imag) + (z * z.conjugate()).real


@supported("complex numbers: stores", V)
def _(x):
    z = np.zeros(4, np.complex128)
    z.real = x
    z.imag[1:] = x[1:] * x[:-1]
    return np.sum(np.abs(z * z + 1.0))


supported("array expressions: with", M, V)(lambda m, v: np.sum((m * v + m[:, :1]) ** 2 / 2.0))


@supported("array expressions: +=", M, V)
def _(m, v):
    m *= v
    m[1] -= v
    m[:, 0] **= 2
    return np.sum(m * m)


TUPLES = "tuples, named tuples"


@supported(f"{TUPLES}: made", 0.7, 0.3)
def _(x, y):
    def both(a, b):
        return a * b, Pair(a, b)

    p, q = both(x, y)
    t = (p, *q) + (x,) * 2
    return sum(t[1:3]) * q.a if (1, 2) == (1, 2) else p


supported(f"{TUPLES}: in", 0.7, 3)(lambda x, k: x * x if k in (1, 3) else x)


@supported(f"{TUPLES}: loops", 0.7)
def _(x):
    t, s = (x, np.array([x, 2.0]), 3), 0.0
    for item in t:
        s += np.sum(np.asarray(item))
    for i in range(2):
        s += np.sum(t[1] * t[2 * i])
    return s


@supported(f"{TUPLES}: computed indices", (0.7, 0.3, 0.5))
def _(t):
    s = 1.0
    for i in range(50):
        s = s * 0.5 + t[i % 3] ** 2
    return s


@supported(f"{TUPLES}: of tuples of arrays", V, 40)
def _(x, n):
    bufs = (x * 1.0, np.ones(4))
    for k in range(n):
        now, then = bufs[k % 2], bufs[(k + 1) % 2]
        for i in range(4):
            then[i] = 0.5 * now[i] * now[i - 1] + 0.1 * x[i]
    return np.sum(bufs[n % 2] ** 2)


@supported("strings: as arguments", 0.7, "cube")
def _(x, name):
    return x**3 if name == NAME else x


supported("strings: formatted", {"W0": V, "W1": W})(lambda p: sum([np.sum(p[f"W{i}"] ** 2) for i in range(2)]))


@supported("lists: displays", V)
def _(x):
    a = [x[0], x[1] * 2.0]
    b = [v * v for v in x if v > 0.0]
    return a[0] * a[1] + sum(b)


@supported("lists: append", V)
def _(x):
    a = [x[0]]
    a.extend([x[0] * x[1], x[2]])
    a += [x[1]]
    del a[0]
    for v in x:
        a.append(v * a.pop(0))
        a.insert(1, v)
        del a[-1]
    return sum(a) * a[1]


@supported("lists: len", V)
def _(x):
    a = [v * v for v in x]
    a[1] = a[0] * a[-1]
    s = 0.0
    for v in a:
        s = s * 0.5 + v
    return s * len(a)


@supported("lists: sum", V)
def _(x):
    a = [v * v for v in x]
    return sum(a) * max(a) + min(v * 2.0 for v in x) + np.sum(np.array(a) ** 2)


@supported("lists: typed.List", V)
def _(x):
    a = typed.List()
    for v in x:
        a.append(v * v)
    return a[0] * a[3]


@supported("lists: several names", V)
def _(x):
    def add(items, v):
        items.append(v * v)

    a = b = []
    for v in x:
        add(a, v)
    return b[0] * b[1] * len(b)


@supported("lists of known length", 0.7, V)
def _(x, v):
    items = [x, (v, 2.0), [x * x], None]
    return items[0] * np.sum(items[1][0]) * items[2][0]


@supported("lists of computed length: of numbers", 0.7, 40)
def _(x, n):
    items = [1.0]
    for i in range(n):
        items.append(items[i] * 0.9 + x * x)
    return items[-1] * items[n // 2]


@supported("lists of computed length: of arrays", V, 40)
def _(v, n):
    items = [v]
    for i in range(n):
        items.append(items[i] * 0.9 + v * v)
    return np.sum(items[-1] * items[n // 2])


@supported("lists of computed length: of tuples", 0.7, 40)
def _(x, n):
    items, named = [], []
    for i in range(n):
        items.append((x * i, i))
        named.append(Pair(x, x * x))
    return items[-1][0] * items[2][1] + named[3].b


DICTS = "dicts with constant keys"


@supported(f"{DICTS}: displays", 0.7)
def _(x):
    d, e = {"a": x, "b": x * x}, {k: x * len(k) for k in ("a", "bc")}
    return d["b"] * e["bc"] * dict(a=x)["a"]


@supported(f"{DICTS}: items", V)
def _(x):
    def visit(d, v):
        d["s"] += v * d["k"]

    d = {"s": 0.0, "k": 2.0, "none": None}
    del d["none"]
    for v in x:
        visit(d, v * v)
        d["k"] = d["k"] * v
    return d["s"]


@supported(f"{DICTS}: len", 0.7)
def _(x):
    d = {"a": x, "b": 2.0}
    d.update({"c": x * x})
    y = d.pop("b") * d.setdefault("d", 3.0) * d.get("z", x)
    return y * d["c"] * len(d) if "a" in d else x


@supported(f"{DICTS}: keys", 0.7)
def _(x):
    d = {"a": x, "bc": 2.0}.copy()
    s = sum(d.values())
    for k in d.keys():
        s += d[k] * len(k)
    for _, v in d.items():
        s *= v
    return s
