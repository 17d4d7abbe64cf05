"""Find the parameters of the Lorenz system from a short noisy orbit: gradients through Runge-Kutta steps.

python examples/lorenz_fit.py
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable
from scipy.optimize import minimize

from sourcead import value_and_grad

TRUE = np.array([10.0, 28.0, 8.0 / 3.0])
START = np.array([1.0, 1.0, 20.0])
DT = 0.01


@register_jitable
def lorenz(sigma, rho, beta, x, y, z):
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


@register_jitable
def rk4_step(sigma, rho, beta, x, y, z, dt):
    k1x, k1y, k1z = lorenz(sigma, rho, beta, x, y, z)
    k2x, k2y, k2z = lorenz(sigma, rho, beta, x + 0.5 * dt * k1x, y + 0.5 * dt * k1y, z + 0.5 * dt * k1z)
    k3x, k3y, k3z = lorenz(sigma, rho, beta, x + 0.5 * dt * k2x, y + 0.5 * dt * k2y, z + 0.5 * dt * k2z)
    k4x, k4y, k4z = lorenz(sigma, rho, beta, x + dt * k3x, y + dt * k3y, z + dt * k3z)
    x = x + dt / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
    y = y + dt / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
    z = z + dt / 6.0 * (k1z + 2.0 * k2z + 2.0 * k3z + k4z)
    return x, y, z


def misfit(parameters, observed, dt):
    """Mean squared distance between the simulated and the observed orbit."""
    sigma, rho, beta = parameters[0], parameters[1], parameters[2]
    x, y, z = observed[0, 0], observed[0, 1], observed[0, 2]
    total = 0.0
    for t in range(1, observed.shape[0]):
        x, y, z = rk4_step(sigma, rho, beta, x, y, z, dt)
        total += (x - observed[t, 0]) ** 2 + (y - observed[t, 1]) ** 2 + (z - observed[t, 2]) ** 2
    return total / observed.shape[0]


def orbit(parameters: np.ndarray, steps: int, dt: float) -> np.ndarray:
    points = [tuple(START)]
    for _ in range(steps):
        points.append(rk4_step(*parameters, *points[-1], dt))
    return np.array(points)


def fit(steps: int = 100, noise: float = 0.01, seed: int = 0) -> np.ndarray:
    observed = orbit(TRUE, steps, DT)
    observed[1:] += noise * np.random.default_rng(seed).standard_normal((steps, 3))
    guess = np.array([8.0, 25.0, 2.0])
    found = minimize(value_and_grad(misfit), guess, args=(observed, DT), jac=True, method="BFGS")
    return found.x


def main() -> None:
    found = fit()
    for name, true, value in zip(("sigma", "rho", "beta"), TRUE, found, strict=True):
        print(f"{name:6s} true {true:8.4f}   found {value:8.4f}")


if __name__ == "__main__":
    main()
