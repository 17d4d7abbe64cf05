"""The page on functions, docs/coverage.md, says what is so: each of its calls is differentiated again."""

import covered
import numba
import numpy as np
import pytest

from sourcead.lower.registry import HANDLERS
from sourcead.rules import RULES
from sourcead.spellings import SPELLINGS

SAMPLES = covered.samples()
PAGE = covered.PAGE.read_text()
VERSIONS = f"Numba {covered.short(numba.__version__)} and NumPy {covered.short(np.__version__)}"
same_versions = pytest.mark.skipif(VERSIONS not in PAGE, reason="the page was written for others")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.text)
def test_is_as_the_page_says(sample):
    assert covered.row(sample, covered.outcome(sample)) in PAGE.splitlines(), "run python -m tests.covered"


@same_versions
def test_every_function_of_numba_has_a_call():
    there = {s.subject for s in SAMPLES}
    functions = {id(covered.function(n)) for n in there}
    assert not [n for n in covered.known_methods() if n not in there]
    assert not [n for n, fn in covered.known_to_numba().items() if id(fn) not in functions]


@same_versions
def test_every_function_of_ours_has_a_call():
    functions = {id(covered.function(s.subject)) for s in SAMPLES}
    public = {id(fn): name for fn, name in covered.spellings()}
    ours = [*SPELLINGS, *HANDLERS, *(fn for fn in RULES if not isinstance(fn, type))]
    assert not [public[id(fn)] for fn in ours if id(fn) in public and id(fn) not in functions]


@same_versions
def test_nothing_else_is_on_the_page():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(rows) == len(SAMPLES)
