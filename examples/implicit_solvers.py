"""Solvers differentiated by what they solve: Newton's method, conjugate gradients, a nonlinear least-squares fit.

python examples/implicit_solvers.py

Each gradient is that of the solver's result by one linear solve, and is compared with the one through all iterations.
"""

from __future__ import annotations

import math

import numpy as np

from sourcead import grad, implicit_root

# ---- Newton: where is a planet? Kepler's equation for the eccentric anomaly ------------------------------


def newton(eccentricity, mean):
    x = mean
    for _ in range(20):
        x -= (x - eccentricity * math.sin(x) - mean) / (1.0 - eccentricity * math.cos(x))
    return x


def kepler(x, eccentricity, mean):
    return x - eccentricity * math.sin(x) - mean


anomaly = implicit_root(newton, kepler)


# ---- conjugate gradients: the temperature of a heated rod, by its conductivities ----------------------------


def heat_flow(u, k):
    """What leaves each point of a rod, whose ends are at temperature zero; k: conductivities between the points."""
    n = len(u)
    out = np.empty(n)
    for i in range(n):
        left = u[i - 1] if i > 0 else 0.0
        right = u[i + 1] if i < n - 1 else 0.0
        out[i] = k[i] * (u[i] - left) + k[i + 1] * (u[i] - right)
    return out


def conjugate_gradients(k, heat):
    u, r = np.zeros(len(heat)), heat.copy()
    d, rho = r.copy(), np.sum(r * r)
    for _ in range(2 * len(heat)):
        if rho > 1e-26:
            q = heat_flow(d, k)
            step = rho / np.sum(d * q)
            u = u + step * d
            r = r - step * q
            new = np.sum(r * r)
            d = r + new / rho * d
            rho = new
    return u


def imbalance(u, k, heat):
    return heat_flow(u, k) - heat


def solve_again(v, transposed, u, k, heat):
    """The linear system of the derivative: its matrix is symmetric, and the solver's own."""
    return conjugate_gradients(k, v)


temperature = implicit_root(conjugate_gradients, imbalance, linear_solve=solve_again)


# ---- least squares: how does the fitted rate of a decay depend on each measurement? ----------------------------


def misfit(p, t, y):
    return 0.5 * np.sum((p[0] * np.exp(-p[1] * t) - y) ** 2)


def gauss_newton(t, y):
    a, b = 1.0, 1.0
    for _ in range(25):
        e = np.exp(-b * t)
        r = a * e - y
        da, db = e, -a * t * e
        aa, ab, bb = np.sum(da * da), np.sum(da * db), np.sum(db * db)
        ra, rb = np.sum(da * r), np.sum(db * r)
        det = aa * bb - ab * ab
        a -= (bb * ra - ab * rb) / det
        b -= (aa * rb - ab * ra) / det
    return np.array([a, b])


fit = implicit_root(gauss_newton, grad(misfit))


# ---- both ways ----------------------------------------------------------------------------------------------


def hottest(k, heat):
    return np.max(temperature(k, heat))


def hottest_through(k, heat):
    return np.max(conjugate_gradients(k, heat))


def rate(t, y):
    return fit(t, y)[1]


def rate_through(t, y):
    return gauss_newton(t, y)[1]


RNG = np.random.RandomState(0)
TIMES = np.linspace(0.0, 3.0, 7)
CASES = {
    "Newton": (anomaly, newton, (0, 1), (0.3, 0.8)),
    "conjugate gradients": (hottest, hottest_through, 0, (1.0 + RNG.rand(9), np.ones(8))),
    "least squares": (rate, rate_through, 1, (TIMES, 2.0 * np.exp(-0.7 * TIMES) + 0.05 * RNG.randn(7))),
}


def gradients(name: str, jit: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The gradient by what the solver solves, and the one through its iterations."""
    implicit, through, argnums, args = CASES[name]
    first, second = (np.ravel(grad(f, argnums, jit=jit)(*args)) for f in (implicit, through))
    return first, second


def main() -> None:
    for name in CASES:
        implicit, through = gradients(name)
        print(f"{name:20s} {np.array2string(implicit, precision=5, suppress_small=True)}")
        print(f"{'':20s} differs by {np.max(np.abs(implicit - through)):.1e} from the gradient through the iterations")


if __name__ == "__main__":
    main()
