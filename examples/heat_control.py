"""Which initial temperature gives a wanted one later? The adjoint of an in-place heat stencil answers.

python examples/heat_control.py
"""

from __future__ import annotations

import numpy as np

from sourcead import value_and_grad


def distance(u0, target, kappa, steps):
    """Half the squared distance to `target` after `steps` explicit steps of the heat equation."""
    n, m = u0.shape
    u = u0.copy()
    v = u0.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                v[i, j] = u[i, j] + kappa * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
        u, v = v, u
    total = 0.0
    for i in range(n):
        for j in range(m):
            total += (u[i, j] - target[i, j]) ** 2
    return 0.5 * total


distance_and_gradient = value_and_grad(distance)


def disc(n: int) -> np.ndarray:
    """1 inside a circle, 0 outside."""
    x, y = np.meshgrid(np.linspace(-1.0, 1.0, n), np.linspace(-1.0, 1.0, n))
    return (x**2 + y**2 < 0.25).astype(float)


def control(n: int = 32, steps: int = 5, iterations: int = 50, rate: float = 1.0) -> list[float]:
    """Plain gradient descent on the initial temperature; the distances on the way."""
    target = disc(n)
    u0 = np.zeros((n, n))
    distances = []
    for _ in range(iterations):
        value, gradient = distance_and_gradient(u0, target, 0.2, steps)
        distances.append(value)
        u0 -= rate * gradient
    return distances


def main() -> None:
    distances = control()
    for k in range(0, len(distances), 7):
        print(f"iteration {k:3d}   distance {distances[k]:10.5f}")


if __name__ == "__main__":
    main()
