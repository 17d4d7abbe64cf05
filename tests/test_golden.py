"""Emitted adjoints as documents: `pytest tests/test_golden.py --update-golden` writes `golden/` anew."""

from __future__ import annotations

from pathlib import Path

import differences
import numpy as np
import pytest
from golden_programs import GOLDEN

import sourcead

FOLDER = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", GOLDEN)
def test_emitted_adjoint(name: str, request: pytest.FixtureRequest) -> None:
    f, args, argnums = GOLDEN[name]
    g = sourcead.value_and_grad(f, argnums, jit=False, cache=False)
    value, grads = g(*args)
    assert np.isclose(value, differences.value(f, args), 1e-12)
    for got, want in zip(grads, differences.gradient(f, args, argnums), strict=True):
        np.testing.assert_allclose(got, want, 1e-8, 1e-9)
    text, path = g.source(*args), FOLDER / f"{name}.py"
    if request.config.getoption("--update-golden"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.is_file(), f"{path.name} is missing; --update-golden writes it"
    assert text == path.read_text()


def test_no_file_is_left_over() -> None:
    assert {p.stem for p in FOLDER.glob("*.py")} == set(GOLDEN)
