"""The gradients that are timed agree with the adjoints written by hand (at sizes that compile and run soon)."""

from __future__ import annotations

import pytest

from benchmarks import calls, gmm, heat, logistic, lorenz, lstm, mlp, parallel, sumexp
from benchmarks.case import flat, relative_difference

CASES = {
    "mlp, one image": lambda: mlp.case(1, rate=1.0),
    "mlp, eight images": lambda: mlp.case(8, rate=1.0),
    "lorenz": lambda: lorenz.case(500),
    "lstm": lambda: lstm.case(7, 5, 3),
    "heat": lambda: heat.case(12, 5),
    "sum of sin exp": lambda: sumexp.case(100),
    "gmm": lambda: gmm.case(20, 4, 3),
    "logistic": lambda: logistic.case(50, 6),
    "call": calls.case,
    "parallel stencil": lambda: parallel.case("stencil", 30),
}


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_the_handwritten_adjoint(name):
    case = CASES[name]()
    assert relative_difference(flat(case.ours(*case.args())), flat(case.hand(*case.args()))) < 1e-10
