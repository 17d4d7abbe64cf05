"""Programs for what docs/contract.md says is refused: one for each item of the column "refused"."""

from __future__ import annotations

import operator

import numpy as np
from contract_table import refused
from numba import objmode, prange
from program_table import numbers

import sourcead
from sourcead import checkpointed

V, M = numbers(4), numbers(3, 4)
TABLE = np.array([1.5, 2.5])


class Thing:
    factor = 2.0


thing = Thing()

refused("what is given to grad", 0.7, placed=False, says="grad takes a Python function")(operator.neg)


@refused("[checkpointed](checkpointing.md) loops: random", 0.7)
def _(x):
    for _ in checkpointed(range(40), budget=3):
        x *= np.random.normal()
    return x


@refused("[checkpointed](checkpointing.md) loops: budgets", 0.7, 9)
def _(x, n):
    for _ in checkpointed(range(n), budget=n):
        x *= np.sin(x)
    return x


@refused("its parameters", 0.7, placed=False, says="use ordinary parameters")
def _(*x):
    return x[0]


@refused("its parameters", 0.7, placed=False, says="use ordinary parameters")
def _(x, **options):
    return x


@refused("arguments it is differentiated by", 3, placed=False, says="float(")
def _(x):
    return x * 2.0


@refused("other arguments", 0.7, thing, argnums=0, placed=False, says="pass numbers and NumPy arrays")
def _(x, k):
    return x


@refused("result of grad", V, placed=False, says="reduce it")
def _(x):
    return x * 2.0


@refused("result of grad", V, placed=False, says="return one number")
def _(x):
    return x[0], x[1] * 2.0


@refused("assignment: := in", 0.7)
def _(x):
    return sum([(y := x * i) for i in range(3)]) + y


@refused("assignment: of attributes", 0.7)
def _(x):
    thing.factor = x
    return x


@refused("branches", 0.7)
def _(x):
    match (x, x):
        case (a, *b):
            return a * len(b)
    return x


@refused("for: over other", 0.7)
def _(x):
    for k in filter(None, (1, 2)):
        x *= k
    return x


@refused("for: async", 0.7)
def _(x):
    async def f(y):
        async for z in y:
            print(z)

    return x


@refused("errors", 0.7)
def _(x):
    try:
        return x
    except ValueError:
        return -x


@refused("output: files", 0.7)
def _(x):
    open("a.txt").write(str(x))
    return x


@refused("output: with", 0.7)
def _(x):
    with objmode():
        print(x)
    return x


@refused("definitions: class", 0.7)
def _(x):
    class A:
        pass

    return x


@refused("definitions: global", 0.7)
def _(x):
    global V
    V = x
    return x


@refused("definitions: global", 0.7)
def _(x):
    def inner():
        nonlocal x
        x = 2.0

    inner()
    return x


@refused("definitions: import", 0.7)
def _(x):
    import math

    return math.sin(x)


@refused("definitions: generators", 0.7)
def _(x):
    yield x


@refused("definitions: decorators", 0.7)
def _(x):
    @np.vectorize
    def g(y):
        return y

    return g(x)


@refused("complex numbers", V + 1j)
def _(z):
    part = z.real
    z[0] = 2.0
    return np.sum(part * part)


@refused("tuples, named tuples: items", 0.7)
def _(x):
    t = (x, x)
    t[0] = 1.0
    return t[0]


@refused("tuples, named tuples: computed", 0.7, 1)
def _(x, i):
    return ((x, 2.0), 3.0)[i]


@refused("tuples, named tuples: computed", V, 1)
def _(x, i):
    return np.sum((x, np.outer(x, x))[i])


@refused("strings", 0.7)
def _(x):
    name = f"{x}"
    return x if name == "0.7" else -x


@refused("lists: changing", V)
def _(x):
    v = [w * w for w in x]
    for w in v:
        v[1] = 3 * w
    return v[1]


@refused("lists: a name", 0.7)
def _(x):
    v = [x] if x > 0.0 else [2.0]
    return v[0]


@refused("lists: a name", 0.7, 4)
def _(x, n):
    v = [x]
    for _ in range(n):
        v = [v[0] * x]
    return v[0]


@refused("lists of computed length: of lists", 0.7, 40)
def _(x, n):
    v = []
    for i in range(n):
        v.append([x, i])
    return v[0][0]


@refused("lists of computed length: arrays", V, 40)
def _(x, n):
    v, y = [], x * 2.0
    for i in range(n):
        v.append(y)
        y[0] = i * x[1]
    return np.sum(v[0] * v[1])


@refused("lists of computed length: an array", V, 40)
def _(x, n):
    v, y = [], x * 2.0
    for _ in range(n):
        v.append(y)
    v[0][0] = x[1] ** 2
    return np.sum(v[0] * v[1])


@refused("dicts with constant keys: computed", 0.7, 3)
def _(x, k):
    return {k: x, 2: x * x}[2]


@refused("dicts with constant keys: new", 0.7)
def _(x):
    d = {}
    for i in range(100):
        d["a"] = x * i
    return d["a"]


@refused("sets", 0.7)
def _(x):
    return len({x, x * x})


slope = sourcead.grad(lambda x: x**2)


@refused("derivatives: of inner", 0.7)
def _(x):
    return sourcead.grad(lambda y: y * y)(x)


@refused("derivatives: with containers", 0.7)
def _(x):
    return slope((x, x))


@refused("derivatives: Jacobians", numbers(3))
def _(x):
    return np.sum(sourcead.jacfwd(np.sin)(x))


RECURSIVE = "functions that call themselves, or each other, inner ones too"


def noted(x, notes, n):
    if n > 0:
        notes.append(x)
        noted(x * x, notes, n - 1)


@refused(f"{RECURSIVE}: changing lists", 0.7, helper=True)
def _(x):
    notes = []
    noted(x, notes, 3)
    return x * len(notes)


def first_of(items, n):
    return items[0] if n == 0 else items[n] * first_of(items, n - 1)


@refused(f"{RECURSIVE}: given lists", V, 40)
def _(x, n):
    items = []
    for i in range(n):
        items.append(x[i % 4])
    return first_of(items, 3)


def again(g, x, n):
    return x if n == 0 else g(g, x * x, n - 1)


@refused(f"{RECURSIVE}: functions that are given", 0.7, helper=True)
def _(x):
    return again(again, x, 3)


def one_or_another(a, n):
    if n == 0:
        return a
    b = one_or_another(a * 2.0, n - 1)
    return a if a[0] > 0.5 else b


@refused(f"{RECURSIVE}: a result", V)
def _(v):
    w = one_or_another(v, 3)
    w[0] = 2.0
    return np.sum(v * w)


@sourcead.custom_rule
def shifted(x):
    x[0] = 1.0
    return x * 2.0


shifted.pullback(lambda x, y, y_bar: y_bar * 2.0)


@refused("functions with a rule of yours: writing", V, placed=False, says="writes into an argument")
def rule_that_writes(x):
    return np.sum(shifted(x))


@refused("globals and closure variables: changing", 0.7)
def _(x):
    TABLE[0] = x
    return x


def first_replaced(t, x):
    t[0] = x
    return np.sum(t * x)


@refused("globals and closure variables: changing", 0.7, helper=True)
def _(x):
    return first_replaced(TABLE[:], x)


@refused("globals and closure variables: attributes", 0.7)
def _(x):
    return x * thing.factor


@refused("second names", V)
def _(x):
    a, b, c = x * 1.0, x * 2.0, x * 3.0
    for i in range(3):
        if x[i] > 0.4:
            a = b
        b, c = x * x[i], b
        a[0] += x[i]
    return np.sum(a * b * c)


@refused("a single bool", V)
def _(x):
    return np.sum(x[True])


# ---- parallel loops, functions -------------------------------------------------------------------------


@refused("a value carried", V, parallel=True)
def _(x):
    s = 0.0
    for i in prange(4):
        s = s * 0.5 + x[i]
    return s


@refused("break, return", V, parallel=True)
def _(x):
    y = np.zeros(4)
    for i in prange(4):
        if x[i] > 0.5:
            break
        y[i] = x[i] ** 2
    return np.sum(y)


@refused("random numbers that", V, parallel=True)
def _(x):
    s = 0.0
    for i in prange(4):
        s += x[i] * np.random.normal(0.0, 1.0)
    return s


@refused("random numbers (np.random)", 2.5)
def _(x):
    return np.random.standard_t(x)
