"""The Lorenz system by Runge-Kutta steps: a long loop over scalars."""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit

from sourcead import value_and_grad

from .case import Arguments, Case


def final_distance(sigma, rho, beta, x, y, z, steps, dt):
    """Squared distance from the origin after `steps` steps of the classical fourth-order method."""
    for _ in range(steps):
        k1x = sigma * (y - x)
        k1y = x * (rho - z) - y
        k1z = x * y - beta * z
        px, py, pz = x + 0.5 * dt * k1x, y + 0.5 * dt * k1y, z + 0.5 * dt * k1z
        k2x = sigma * (py - px)
        k2y = px * (rho - pz) - py
        k2z = px * py - beta * pz
        px, py, pz = x + 0.5 * dt * k2x, y + 0.5 * dt * k2y, z + 0.5 * dt * k2z
        k3x = sigma * (py - px)
        k3y = px * (rho - pz) - py
        k3z = px * py - beta * pz
        px, py, pz = x + dt * k3x, y + dt * k3y, z + dt * k3z
        k4x = sigma * (py - px)
        k4y = px * (rho - pz) - py
        k4z = px * py - beta * pz
        x += dt / 6.0 * (k1x + 2.0 * k2x + 2.0 * k3x + k4x)
        y += dt / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y)
        z += dt / 6.0 * (k1z + 2.0 * k2z + 2.0 * k3z + k4z)
    return x * x + y * y + z * z


@njit(inline="always")
def flow(sigma, rho, beta, x, y, z):
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


@njit(inline="always")
def flow_adjoint(sigma, rho, beta, x, y, z, gx, gy, gz):
    """What unit changes of the flow are worth, by the state and by the three parameters."""
    by_x = -sigma * gx + (rho - z) * gy + y * gz
    by_y = sigma * gx - gy + x * gz
    by_z = -x * gy - beta * gz
    return by_x, by_y, by_z, (y - x) * gx, x * gy, -z * gz


@njit(inline="always")
def three_stages(sigma, rho, beta, x, y, z, dt):
    """The points at which the second, third and fourth slope are taken, and the slopes 1 to 3."""
    h = 0.5 * dt
    k1x, k1y, k1z = flow(sigma, rho, beta, x, y, z)
    ax, ay, az = x + h * k1x, y + h * k1y, z + h * k1z
    k2x, k2y, k2z = flow(sigma, rho, beta, ax, ay, az)
    bx, by, bz = x + h * k2x, y + h * k2y, z + h * k2z
    k3x, k3y, k3z = flow(sigma, rho, beta, bx, by, bz)
    cx, cy, cz = x + dt * k3x, y + dt * k3y, z + dt * k3z
    return ax, ay, az, bx, by, bz, cx, cy, cz, k1x + 2.0 * (k2x + k3x), k1y + 2.0 * (k2y + k3y), k1z + 2.0 * (k2z + k3z)


@njit(error_model="numpy")
def by_hand(record, sigma, rho, beta, x, y, z, steps, dt):
    """Keep the state of every step; go back through each step with its stages computed again."""
    for t in range(steps):
        record[t, 0], record[t, 1], record[t, 2] = x, y, z
        _, _, _, _, _, _, cx, cy, cz, sx, sy, sz = three_stages(sigma, rho, beta, x, y, z, dt)
        kx, ky, kz = flow(sigma, rho, beta, cx, cy, cz)
        x, y, z = x + dt / 6.0 * (sx + kx), y + dt / 6.0 * (sy + ky), z + dt / 6.0 * (sz + kz)
    value = x * x + y * y + z * z
    gx, gy, gz = 2.0 * x, 2.0 * y, 2.0 * z
    gs, gr, gb = 0.0, 0.0, 0.0
    w, h = dt / 6.0, 0.5 * dt
    for t in range(steps - 1, -1, -1):
        x, y, z = record[t, 0], record[t, 1], record[t, 2]
        ax, ay, az, bx, by, bz, cx, cy, cz, _, _, _ = three_stages(sigma, rho, beta, x, y, z, dt)
        # what the slopes are worth, the last stage first: by the sum, and by the stage they lead to
        cgx, cgy, cgz, s4, r4, b4 = flow_adjoint(sigma, rho, beta, cx, cy, cz, w * gx, w * gy, w * gz)
        ux, uy, uz = 2.0 * w * gx + dt * cgx, 2.0 * w * gy + dt * cgy, 2.0 * w * gz + dt * cgz
        bgx, bgy, bgz, s3, r3, b3 = flow_adjoint(sigma, rho, beta, bx, by, bz, ux, uy, uz)
        ux, uy, uz = 2.0 * w * gx + h * bgx, 2.0 * w * gy + h * bgy, 2.0 * w * gz + h * bgz
        agx, agy, agz, s2, r2, b2 = flow_adjoint(sigma, rho, beta, ax, ay, az, ux, uy, uz)
        ux, uy, uz = w * gx + h * agx, w * gy + h * agy, w * gz + h * agz
        ogx, ogy, ogz, s1, r1, b1 = flow_adjoint(sigma, rho, beta, x, y, z, ux, uy, uz)
        gx += ogx + agx + bgx + cgx
        gy += ogy + agy + bgy + cgy
        gz += ogz + agz + bgz + cgz
        gs += s1 + s2 + s3 + s4
        gr += r1 + r2 + r3 + r4
        gb += b1 + b2 + b3 + b4
    return value, (gs, gr, gb, gx, gy, gz)


def arguments(steps: int) -> Arguments:
    return 10.0, 28.0, 8.0 / 3.0, 1.0, 1.0, 1.0, steps, 1e-4


def case(steps: int = 100_000) -> Case:
    gradient = value_and_grad(final_distance, argnums=(0, 1, 2, 3, 4, 5))
    primal = njit(error_model="numpy")(final_distance)
    hand = partial(by_hand, np.empty((steps, 3)))
    return Case(f"Lorenz RK4, T {steps}", primal, gradient, hand, partial(arguments, steps))
