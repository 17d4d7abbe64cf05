"""docs/contract.md does not drift: each item of its tables has a program that shows it, and shows it still."""

from __future__ import annotations

import inspect
import re
from typing import Any

import contract_calls  # noqa: F401
import contract_functions  # noqa: F401
import contract_refused  # noqa: F401
import contract_supported  # noqa: F401
import differences
import numpy as np
import pytest
from contract_table import SHOWN, Item, Shown, items
from numba.core.dispatcher import Dispatcher

import sourcead
from sourcead.errors import Unsupported

ITEMS = items()


def meant(shown: Shown) -> list[Item]:
    return [i for i in ITEMS if i.text.startswith(shown.words) and i.refused == shown.refused]


def words(shown: Shown) -> str:
    return shown.words


def test_each_item_has_a_program() -> None:
    missing = [i.text for i in ITEMS if not any(i in meant(s) for s in SHOWN)]
    assert not missing


def test_each_program_shows_one_item() -> None:
    lost = {s.words: [i.text for i in meant(s)] for s in SHOWN if len(meant(s)) != 1}
    assert not lost


def leaves(v: Any) -> list[Any]:
    found: list[Any] = []
    differences.each(found.append, v)
    return [v for v in found if v is not None]


@pytest.mark.parametrize("shown", [s for s in SHOWN if s.f is not None and not s.refused], ids=words)
def test_supported(shown: Shown) -> None:
    """The derivative along a direction agrees with differences."""
    if not shown.args:
        shown.f()
        return
    args, r = shown.args, np.random.RandomState(0)
    parallel = shown.options.get("parallel", False)

    def direction(v: Any) -> Any:
        if v is None:
            return None
        d = r.uniform(-1, 1, np.shape(v))
        return d + 1j * r.uniform(-1, 1, np.shape(v)) if np.iscomplexobj(v) else d

    wrt = [k for k, a in enumerate(args) if is_active(a)]
    along = {k: differences.each(direction, args[k]) for k in wrt}
    g = sourcead.value_and_grad(shown.f, wrt, jit=False, cache=False, parallel=parallel)
    value, gradients = g(*args)
    f = shown.f.py_func if isinstance(shown.f, Dispatcher) else shown.f
    wide = differences.each(in_double, args)
    loose = 1e-4 if any(np.asarray(v).dtype in (np.float32, np.complex64) for v in leaves(args)) else 1e-7
    np.testing.assert_allclose(value, differences.value(f, wide), loose)
    got = 0.0
    for k, gradient in zip(wrt, gradients, strict=True):
        for part, d in zip(leaves(gradient), leaves(along[k]), strict=True):
            got += np.sum(np.conj(part) * d).real
    np.testing.assert_allclose(got, differences.directional(f, wide, along), loose)
    verdict = meant(shown)[0].cells[1]
    if parallel and re.match("parallel|in order", verdict):
        code = "".join(line for line in g.source(*args).splitlines() if "#" not in line)
        assert ("for i in range(" if verdict == "in order" else "prange(") in code


def in_double(v: Any) -> Any:
    dtype = getattr(v, "dtype", None)
    return v if dtype not in (np.float32, np.complex64) else v.astype(np.result_type(dtype, np.float64))


def is_active(a: Any) -> bool:
    found = leaves(a)
    return bool(found) and all(np.asarray(v).dtype.kind in "fc" for v in found)


@pytest.mark.parametrize("shown", [s for s in SHOWN if s.refused], ids=words)
def test_refused(shown: Shown) -> None:
    """Refused with a reason and a remedy, and at a place in the program unless none of its lines is wrong."""
    options = {k: v for k, v in shown.options.items() if k in ("parallel", "argnums")}
    with pytest.raises((Unsupported, TypeError)) as error:
        sourcead.value_and_grad(shown.f, jit=False, cache=False, **options)(*shown.args)
    if not shown.options.get("placed", True):
        assert shown.options["says"] in str(error.value)
        return
    assert isinstance(error.value, Unsupported)
    lines, first = inspect.getsourcelines(shown.f)
    for loc, _, remedy in error.value.findings:
        assert remedy
        assert loc is not None and loc.end_col > loc.col
        assert loc.file == shown.f.__code__.co_filename
        assert shown.options.get("helper", False) or first <= loc.line < first + len(lines)
