"""Rosenbrock's valley in 100 dimensions: SciPy's optimiser with exact gradients and with differences.

python examples/rosenbrock.py
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from sourcead import value_and_grad


def rosenbrock(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def with_gradient(x0: np.ndarray) -> OptimizeResult:
    return minimize(value_and_grad(rosenbrock), x0, jac=True, method="L-BFGS-B", options={"maxiter": 10_000})


def with_differences(x0: np.ndarray) -> OptimizeResult:
    options = {"maxiter": 10_000, "maxfun": 1_000_000}
    return minimize(rosenbrock, x0, method="L-BFGS-B", options=options)


def main() -> None:
    x0 = np.zeros(100)
    for name, result in (("sourcead", with_gradient(x0)), ("differences", with_differences(x0))):
        error = np.max(np.abs(result.x - 1.0))
        print(f"{name:12s} {result.nit:5d} iterations {result.nfev:7d} evaluations   largest error {error:.1e}")


if __name__ == "__main__":
    main()
