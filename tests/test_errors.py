"""Refusals: found before anything runs, all at once, with place, reason and remedy in the user's words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sourcead
from sourcead.errors import Finding, Findings, InternalError, RuleMissing, SourceadError, Unsupported
from sourcead.frontend import parse
from sourcead.ir import Loc

THINGS = [1.0, 2.0]
TABLE = np.array([1.0, 2.0])
OPTIONS = {"axis": 0}


class Thing:
    factor = 2.0

    def scaled(self, x):
        return x * self.factor


thing = Thing()


def refusal(f: Callable[..., Any]) -> Unsupported:
    with pytest.raises(Unsupported) as e:
        parse(f)
    return e.value


# ---- texts ----------------------------------------------------------------------------------------


def test_text_of_a_refusal() -> None:
    def f(x):
        terms = {x, x * x}
        return len(terms)

    line = inspect.getsourcelines(f)[1] + 1
    head = f"  {__file__}:{line}: "
    assert str(refusal(f)) == "\n".join(
        [
            "a set cannot be differentiated",
            f"{head}terms = {{x, x * x}}",
            " " * len(head) + "        ^^^^^^^^^^",
            "  use a tuple or an array",
        ]
    )


def test_all_findings_come_at_once() -> None:
    def helper(x):
        open(x)
        return x

    def f(x):
        terms = {x, x + 1}
        y = helper(x) + np.random.default_rng().random()
        for t in terms:
            y += t
        with open("a") as g:
            y += g.read()
        z = {x, y}
        return helper(y) + len(z) + (lambda a: a)(*x)

    found = refusal(f).findings
    assert [what.split(" cannot")[0] for _, what, _ in found] == [
        "a set",
        "files",
        "these random numbers",
        "`with` is not supported",
        "a set",
        "`*` is supported for tuples of known length only",
    ]
    assert all(loc is not None and loc.file == __file__ and loc.end_col > loc.col for loc, _, _ in found)


def test_several_findings_in_one_statement() -> None:
    def f(x):
        return len({x, x}) + str(x) + len({x})

    assert len(refusal(f).findings) == 3


def test_error_classes() -> None:
    assert issubclass(Unsupported, SourceadError)
    assert issubclass(Unsupported, TypeError)
    assert issubclass(RuleMissing, Unsupported)
    for c in (SourceadError, Unsupported, RuleMissing, InternalError):
        assert "Remedy:" in c.__doc__ or c is SourceadError
    e = RuleMissing(np.spacing, Loc("a.py", 3, "y = np.spacing(x)", 4, 17))
    assert str(e).splitlines() == [
        "the derivative of np.spacing is not known: there is no rule for it",
        "  a.py:3: y = np.spacing(x)",
        "              ^^^^^^^^^^^^^",
        "  add a rule for it to the table: elementwise(np.spacing, lambda x, y: (dy/dx,)), or write it with functions "
        "that have one",
    ]
    assert e.function is np.spacing


def test_findings_are_told_once() -> None:
    found = Findings()
    found.check()
    for _ in range(2):
        found.add(None, "no")
    with pytest.raises(Unsupported, match=r"^no$") as e:
        found.check()
    assert e.value.findings == (Finding(None, "no", ""),)


def test_gradients_refuse_like_parse() -> None:
    def f(x):
        return len({x})

    with pytest.raises(Unsupported, match="a set cannot be differentiated"):
        sourcead.grad(f, cache=False)(1.0)


# ---- what is refused ------------------------------------------------------------------------------------

REFUSED: list[tuple[str, Callable[..., Any]]] = []


def refused(words: str) -> Callable[..., Any]:
    return lambda f: REFUSED.append((words, f)) or f


@refused("set comprehension")
def _(x):
    return len({v * v for v in x})


@refused("a list cannot change while a loop goes over it")
def _(x):
    v = [x, x]
    for w in v:
        v[1] = 3 * w
    return v[1]


@refused("lists in a list that a loop changes are not supported")
def _(x):
    v = []
    for i in range(100):
        v.append([x, i])
    return v[0][0]


@refused("a dict gets new keys in the loop")
def _(x):
    d = {}
    for i in range(100):
        d["a"] = x * i
    return d["a"]


@refused("`v` is not the same kind of thing on all paths")
def _(x):
    if x > 0.0:
        v = [x]
    else:
        v = [2.0]
    return v[0]


@refused("`v` becomes another kind of thing in the loop")
def _(x, n):
    v = [x]
    for _ in range(n):
        v = [v[0] * x]
    return v[0]


@refused("a slice of a list that a loop has changed")
def _(x):
    v = [w for w in x]
    return v[1:][0]


@refused("generator expression")
def _(x):
    return np.sum(v * v for v in x)


@refused("`:=` in a comprehension")
def _(x):
    return sum([(y := x * i) for i in range(3)]) + y


@refused("`try`")
def _(x):
    try:
        return x
    except ValueError:
        return -x


@refused("`global`")
def _(x):
    global THINGS
    THINGS = x
    return x


@refused("`import`")
def _(x):
    import math

    return math.sin(x)


@refused("`y` is read before")
def _(x):
    y = x
    del y
    return y  # noqa: F821


@refused("`del x[0]`")
def _(x):
    del x[0]
    return x


@refused("a class inside")
def _(x):
    class A:
        pass

    return x


@refused("only tuples can be matched by a sequence")
def _(x):
    match x:
        case (a, b):
            return a * b
    return x


@refused("the pattern")
def _(x):
    match (x, x):
        case (a, *b):
            return a * len(b)
    return x


@refused("generator")
def _(x):
    yield x


@refused("returns nothing on some path")
def _(x):
    if x > 0.0:
        return x


@refused("returns nothing")
def _(x):
    x = x * 2.0


@refused("read before anything is assigned")
def _(x):
    y = y + x  # noqa: F821
    return y


@refused("`missing` is not defined")
def _(x):
    return missing(x)  # noqa: F821


@refused("a list cannot be used")
def _(x):
    return x * THINGS[0]


@refused("attributes of a Thing")
def _(x):
    return x * thing.factor


@refused("attributes of a Thing")
def _(x):
    return thing.scaled(x)


@refused("objects of the type `Thing`")
def _(x):
    Thing()
    return x


@refused("global array, which the function must not change")
def _(x):
    TABLE[0] = x
    return x


@refused("items of a tuple cannot be assigned")
def _(x):
    t = (x, x)
    t[0] = 1.0
    return t[0]


@refused("the index of a tuple must be a constant")
def _(x, i):
    return ((x, 2.0), 3.0)[i]


@refused("3 values cannot be unpacked into 2")
def _(x):
    a, b = x, x, x
    return a * b


@refused("formatted string")
def _(x):
    f"{x}"  # noqa: B021
    return x


@refused("strings cannot be combined")
def _(x):
    "a" + "b"  # noqa: B018
    return x


@refused("`np.add.reduceat`")
def _(x):
    return np.add.reduceat(x)


@refused("written into `out`")
def _(x):
    np.cumsum(x, 0, out=x)
    return x[0]


@refused("`np.put_along_axis` changes its argument")
def _(x):
    np.put_along_axis(x, np.argsort(x, axis=1), 0.0, 1)
    return x[0, 0]


@refused("these random numbers")
def _(x):
    np.random.default_rng(0)
    return x


@refused("`sorted`")
def _(x):
    return sorted(x)[0]


@refused("a list as an index must hold integers")
def _(x):
    return np.sum(x[[]])


@refused("an index must be an integer")
def _(x):
    return x[1.0]


@refused("`**` arguments")
def _(x):
    return np.sum(x, **OPTIONS)


@refused("`range` can only be used directly in a for loop")
def _(x):
    r = range(3)
    return x * r[0]


@refused("becomes another kind of thing in the loop")
def _(x):
    t = (x, x)
    for _ in range(3):
        t = t[0]
    return t


@refused("not the same kind of thing on all paths")
def _(x):
    if x > 0.0:
        g = np.sin
    else:
        g = np.cos
    return g(x)


@refused("different kinds of thing")
def _(x):
    if x > 0.0:
        return x
    return x, x


@refused("a decorator inside")
def _(x):
    @np.vectorize
    def g(y):
        return y

    return g(x)


@refused("the argument `b` of `helper` is missing")
def _(x):
    def helper(a, b):
        return a * b

    return helper(x)


@refused("takes 1 arguments, not 2")
def _(x):
    def helper(a):
        return a

    return helper(x, x)


@refused("only functions can be called")
def _(x):
    return x(1.0)


@refused("grad takes a Python function")
def _(x):
    return sourcead.grad(np.sin)(x)


@refused("cannot be called inside a function to be differentiated")
def _(x):
    return sourcead.jacfwd(np.sin)(x)


@refused("a derivative takes numbers and arrays only")
def _(x):
    return gradient_of_two(x, (x, x))


@refused("cannot be called like this")
def _(x):
    return gradient_of_two(x, x, x)


gradient_of_two = sourcead.grad(lambda x, y: x * y)


@refused("takes `*` arguments")
def _(*x):
    return x[0]


@refused("only exceptions can be raised")
def _(x):
    raise x


@pytest.mark.parametrize(("words", "f"), REFUSED, ids=[w for w, _ in REFUSED])
def test_refused(words: str, f: Callable[..., Any]) -> None:
    e = refusal(f)
    assert words in str(e)
    first = e.findings[0]
    assert first.remedy or "grad takes" in words  # which are the words of grad itself
    assert first.loc is not None
    assert first.loc.line >= f.__code__.co_firstlineno


def test_functions_without_source() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    return x", space)
    assert "the source of `f` is not available" in str(refusal(space["f"]))
    assert "is not a Python function" in str(refusal(np.sin))


def test_changed_source(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    path = tmp_path / "changing_module.py"
    path.write_text("def f(x):\n    return x + 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    f = importlib.import_module("changing_module").f
    assert len(parse(f).body) == 2
    path.write_text("def f(x):\n    return x - 10.0\n")
    assert "the file has changed since it was imported" in str(refusal(f))
