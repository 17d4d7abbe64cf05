"""Programs that compute with complex numbers on the way to a real result."""

from __future__ import annotations

import cmath
import math

import numpy as np
from program_table import numbers, program

import sourcead

UNIT = 1j
SHIFTS = np.array([0.5 - 0.25j, -1.0 + 0.125j])


def numbers_in_the_plane(*shape: int, seed: int = 0) -> np.ndarray:
    return numbers(*shape, seed=seed) + 1j * numbers(*shape, seed=seed + 50)


# ---- scalars ---------------------------------------------------------------------------------------


@program(0.7, -0.4)
def complex_parts(a, b):
    z = complex(a, b)
    w = z * z - 3.0 / z + a
    return w.real + 2.0 * w.imag * abs(w) + cmath.phase(w) + np.angle(z.conjugate())


@program(0.3, 0.2)
def escape_time(a, b):
    z, c, s = 0j, complex(a, b), 0.0
    for _ in range(12):
        z = z * z + c
        if abs(z) > 2.0:
            break
        s += abs(z)
    return s


@program(0.5 - 0.8j, 1.3, 0.4)
def complex_powers(z, a, b):
    s = (z**2).real + (z**3).imag + (z**-2).real + (z**0.5).imag + (z ** (1 + 2j)).real
    return s + abs(z**a) + (a**z).imag + (z ** complex(a, b)).real + (2.0**z).real + (z**0).real


@program(0.5 - 0.8j)
def complex_functions(z):
    a = cmath.sin(z) + np.cos(z) * 1j + cmath.tan(z) + np.sinh(z) * cmath.cosh(z)
    b = cmath.tanh(z).imag + np.exp(z).real * cmath.log(z).imag + np.sqrt(z).imag + cmath.atan(z).real
    return a.real + b + np.log10(z).imag + cmath.log(z, 2.0).real


@program(0.7)
def real_numbers_in_cmath(x):
    r, phi = cmath.polar(complex(x, 1.0))
    return cmath.sqrt(-x).imag + cmath.sqrt(x).real + r * phi + cmath.rect(r, x).imag + cmath.log(-x).real


@program(0.7, 5)
def becomes_complex(x, n):
    s, t = 0.0, x
    for _ in range(n):
        s = s * 1j + t
        t = t * 0.5
    return abs(s) + s.real


@program(-0.4, 0.8)
def complex_branches(a, b):
    z = a + b * UNIT
    w = np.sqrt(z) if z.real > 0 else np.log(z)
    u = w if abs(w) > 1 else w**3
    v = 1j * b if b > a else a
    return (u * np.conj(u)).real + u.imag + abs(v) * v.imag


@program(1.2, 0.3, 0.7, 1.9)
def impedance(r, h, c, w):
    at_coil, at_capacitor = 1j * w * h, 1 / (1j * w * c)
    i = 5.0 / (r + at_coil * at_capacitor / (at_coil + at_capacitor))
    return abs(i) * math.cos(cmath.phase(i)) + i.imag


@program(0.4)
def contour_integral(c):
    n, s = 8, 0j
    for k in range(n):
        z = 2 * np.exp(2j * np.pi * k / n)
        s += np.exp(c * z) / (z - c) * (2j * np.pi / n * z)
    return (s / (2j * np.pi)).real


# ---- arrays ----------------------------------------------------------------------------------------


@program(numbers(5), 0.4, 0.7)
def complex_horner(c, x, y):
    z, p = x + 1j * y, 0j
    for k in range(c.shape[0]):
        p = p * z + c[k]
    return p.real**2 + 3 * p.imag


@program(numbers_in_the_plane(5))
def fourier_by_loops(x):
    n, s = x.shape[0], 0.0
    for k in range(n):
        t = 0j
        for j in range(n):
            t += x[j] * np.exp(-2j * np.pi * k * j / n)
        s += abs(t) * (k + 1)
    return s


@program(numbers(8))
def fourier_in_place(x):
    n = 8
    a = np.empty(n, np.complex128)
    for i in range(n):
        a[(i & 1) * 4 + ((i >> 1) & 1) * 2 + ((i >> 2) & 1)] = x[i]
    m = 1
    while m < n:
        for k in range(0, n, 2 * m):
            for j in range(m):
                t, u = np.exp(-1j * np.pi * j / m) * a[k + j + m], a[k + j]
                a[k + j] = u + t
                a[k + j + m] = u - t
        m *= 2
    return np.sum(np.abs(a) * np.arange(n))


@program(numbers(5))
def real_into_complex_elements(x):
    z = np.zeros(x.shape[0], np.complex128)
    for k in range(x.shape[0]):
        z[k] = x[k]
        if k > 0:
            z[k] += 1j * z[k - 1] * x[k]
        z[k] *= 2.0 + 1j
        z[k] -= x[k - 1]
    return np.sum((z * z).imag) + z[1].real


@program(numbers(4, low=0.2), numbers(4, low=0.1))
def complex_expressions(x, y):
    z = x + 1j * y
    w = np.exp(z) * np.conj(z) + np.sin(z) / (2.0 + z)
    v = np.where(x > y, w, x)
    return np.sum(w.real * x) + np.sum(np.abs(v) ** 2) + np.sum(np.angle(z) * y)


@program(numbers(4, low=0.1))
def complex_reductions(a):
    z = a.astype(np.complex128) * (1 + 2j)
    w = z.copy()
    w[1:] = z[:-1]
    w[::2] *= 1j
    total = np.mean(w).real + np.linalg.norm(w) + np.sum(np.cumsum(w).imag) + np.prod(w).real
    return total + np.sum(np.outer(w, np.conj(w)).imag * a) + np.vdot(z, w).imag


@program(numbers_in_the_plane(3, 3), numbers_in_the_plane(3))
def complex_products(a, v):
    u, w = a @ v, v @ a
    b = np.dot(a.T, np.conj(a)) @ a
    return np.dot(u, w).imag + np.vdot(u, v).real + np.sum(np.abs(b)) + (a[1] @ v).imag + np.trace(b).real


@program(0.4, 0.9)
def quantum_rotation(theta, phi):
    psi = np.zeros(2, np.complex128)
    psi[0] = 1.0
    u = np.empty((2, 2), np.complex128)
    for _ in range(3):
        u[0, 0] = np.cos(theta / 2)
        u[0, 1] = -1j * np.sin(theta / 2) * np.exp(-1j * phi)
        u[1, 0] = -np.conj(u[0, 1])
        u[1, 1] = np.cos(theta / 2)
        psi = u @ psi
        psi = psi / np.linalg.norm(psi)
    return np.abs(psi[1]) ** 2 + psi[0].real


@program(numbers_in_the_plane(5))
def wave_with_swap(z):
    u, v = z.copy(), np.zeros_like(z)
    for _ in range(3):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + 0.1j * (u[i + 1] - 2 * u[i] + u[i - 1])
        u, v = v, u
    return np.sum(np.abs(u) ** 2)


@program(numbers_in_the_plane(3), numbers(3))
def complex_argument_overwritten(z, x):
    z *= 2j
    z += x
    z /= 1 + 1j
    z[0] = x[1]
    z[1:] = z[:-1] * SHIFTS
    return np.sum((z * z).real) + np.abs(np.sum(z))


@program(numbers_in_the_plane(2, 2), 0.5 + 0.5j)
def complex_views(z, w):
    t = z.T
    z[0] = w
    s = 0j
    for row in t:
        s += row @ row
    return s.real + np.sum(z.imag) + np.abs(np.sum(z, axis=0)[1]) + w.imag


@program((numbers_in_the_plane(3)).astype(np.complex64))
def single_precision_complex(z):
    return np.sum(np.abs(z * z + z))


# ---- calls that stay calls -------------------------------------------------------------------------


def continued(z, x, w, n):
    if n == 0:
        return (z * x) * w[0]
    a = continued(z * z + 1, x * 0.5, w, n - 1)
    if abs(a) > 1:
        a = a / abs(a)
    return a * x + (z * z).real * w[n]


@program(0.3, 0.5 + 0.2j, numbers_in_the_plane(4))
def complex_recursion(a, z, w):
    return abs(continued(complex(a, 0.2), a, w, 3)) + continued(z, a, w, 2).imag


def cubed_length(z):
    return abs(z) ** 3 + (z * z).imag


field = sourcead.grad(cubed_length)


@program(0.3, 0.4 + 0.1j)
def complex_gradient_inside(a, w):
    z = complex(a, 1.0)
    for _ in range(2):
        z = z - 0.1 * field(z)
    return abs(z) + field(w * a).real + field(2j).imag * a


P = np.array([0.3, -0.7, 1.1])


@program(P, 0.8)
def complex_linear_algebra(p, x):
    a = np.eye(3) * (2 + 1j * x) + np.outer(p, p) * 1j
    y = np.linalg.solve(a, p * (1 + 1j))
    z = np.linalg.solve(a.T, a * a + np.outer(p, p))
    d = np.linalg.det(a)
    s = abs(d) + d.imag * x + np.sum(np.abs(y)) + z[0, 1].imag * z[1, 2].real
    for k in range(3):
        b = np.linalg.inv(a.T + k)
        s += np.sum((b @ b[0]).imag) + b[0, 1].real
        a = b * x
    return s + np.linalg.matrix_power(a, -2)[2, 1].real


@program(np.array([[1 + 1j, 2], [0.5j, 1 - 1j]]), np.array([1j, 2.0]))
def complex_system(a, b):
    return np.sum(np.abs(np.linalg.solve(a, b)) ** 2) + np.linalg.det(a).real


@program(P, 0.8)
def parts_assigned(p, x):
    z = np.zeros(3, np.complex128)
    z.real[:] = p * x
    z.imag[1] = x
    z.real[0] += p[1]
    z.imag[1:] *= 2
    for i in range(3):
        z.imag[i] = p[i] * z.real[i] * x + z.imag[i]
    w = np.ones((2, 3), np.complex128) * (1 + 2j)
    w.real[0] = p
    w.imag[:, 1] = x
    z.imag = z.real * p
    return np.sum(np.abs(z * z)) + np.sum(np.abs(w) ** 2)
