"""The rule table, special functions of SciPy: one line of mathematics each.

Sections are those of the NIST Digital Library of Mathematical Functions (DLMF). Where a formula loses its digits (at 0,
or far out) a series takes its place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from ..rules.kinds import Unknown, apply, constant, elementwise, holomorphic, known, where
from ..rules.scalar import DEGREE, LN2, LN10, anywhere, equal, positive, unit

ROOT_PI = math.sqrt(math.pi)
ROOT_2PI = math.sqrt(2.0 * math.pi)
share, far, inside = (0.1, 0.9), (0.5, 4.0), (-0.9, -0.1)
order, half = Unknown(0, 1, 3), Unknown(0.5, 1.0, 2.5)


def sp_has(*names: str) -> tuple[Any, ...]:
    """Functions that came with newer SciPys."""
    return tuple(getattr(sp, n) for n in names if hasattr(sp, n))


def series(x: Any, coefficients: list[float]) -> Any:
    """`c[0] + c[1] x + c[2] x ** 2 + ...`"""
    *rest, y = coefficients
    for c in reversed(rest):
        y = c + x * y
    return y


# ---- names of elementary functions ---------------------------------------------------------------------

holomorphic(sp.expm1, lambda x, y: y + 1.0)
holomorphic(sp.log1p, lambda x, y: 1.0 / (1.0 + x), (unit,))
elementwise(sp.cbrt, lambda x, y: 1.0 / (3.0 * y * y), (positive,))
elementwise(sp.exp2, lambda x, y: y * LN2)
elementwise(sp.exp10, lambda x, y: y * LN10)
elementwise(sp.cosm1, lambda x, y: -np.sin(x))
elementwise(sp.sindg, lambda x, y: DEGREE * apply(sp.cosdg, x), ((-200.0, 200.0),))
elementwise(sp.cosdg, lambda x, y: -DEGREE * apply(sp.sindg, x), ((-200.0, 200.0),))
constant(sp.round)

# ---- error functions (7.2, 7.17) and the normal distribution -----------------------------------------------


def erfcx_slope(x: Any, y: Any) -> Any:
    """7.10.1; far out the derivative of the asymptotic expansion 7.12.1."""
    t = 1.0 / (x * x)
    return where(x > 50.0, -t / ROOT_PI * series(t, [1.0, -1.5, 3.75, -13.125]), 2.0 * x * y - 2.0 / ROOT_PI)


def dawson_slope(x: Any, y: Any) -> Any:
    """7.10.3; far out the derivative of the asymptotic expansion."""
    t = 1.0 / (x * x)
    return where(abs(x) > 50.0, -0.5 * t * series(t, [1.0, 1.5, 3.75, 13.125]), 1.0 - 2.0 * x * y)


elementwise(sp.erf, lambda x, y: 2.0 / ROOT_PI * np.exp(-(x * x)))
elementwise(sp.erfc, lambda x, y: -(2.0 / ROOT_PI * np.exp(-(x * x))))
elementwise(sp.erfi, lambda x, y: 2.0 / ROOT_PI * np.exp(x * x), cost=40)
elementwise(sp.erfcx, erfcx_slope, cost=40)
elementwise(sp.dawsn, dawson_slope, cost=40)
elementwise(sp.erfinv, lambda x, y: 0.5 * ROOT_PI * np.exp(y * y), (unit,), cost=60)
elementwise(sp.erfcinv, lambda x, y: -(0.5 * ROOT_PI * np.exp(y * y)), ((0.2, 1.8),), cost=60)
elementwise(sp.ndtr, lambda x, y: np.exp(-0.5 * (x * x)) / ROOT_2PI)
elementwise(sp.ndtri, lambda x, y: ROOT_2PI * np.exp(0.5 * (y * y)), (share,), cost=60)
elementwise(*sp_has("ndtri_exp"), lambda x, y: ROOT_2PI * np.exp(x + 0.5 * (y * y)), ((-3.0, -0.3),), cost=60)
elementwise(sp.log_ndtr, lambda x, y: math.sqrt(2.0 / math.pi) / apply(sp.erfcx, x * -math.sqrt(0.5)), cost=40)
elementwise(
    sp.owens_t,
    lambda h, a, y: (
        -(np.exp(-0.5 * (h * h)) * apply(sp.erf, a * h * math.sqrt(0.5)) / (2.0 * ROOT_2PI)),
        np.exp(-0.5 * (h * h) * (1.0 + a * a)) / (2.0 * math.pi * (1.0 + a * a)),
    ),
    cost=100,
)

# ---- gamma and beta functions (5.2, 5.12, 5.15) --------------------------------------------------------------


def psi(x: Any) -> Any:
    return apply(sp.psi, x)


elementwise(sp.gamma, lambda x, y: y * psi(x), ((-0.8, -0.2),), cost=40)
elementwise(sp.gammaln, lambda x, y: psi(x), (inside,), cost=40)
elementwise(sp.loggamma, lambda x, y: where(x < 0.0, math.nan, psi(x)), (positive,), cost=40)
elementwise(sp.rgamma, lambda x, y: -(y * psi(x)), (inside,), cost=40)
elementwise(sp.psi, lambda x, y: apply(sp.polygamma, 1, x), (inside,), cost=40)
elementwise(sp.polygamma, lambda n, x, y: (0.0, apply(sp.polygamma, n + 1, x)), (Unknown(0, 1, 2), inside), cost=60)
elementwise(
    sp.beta, lambda a, b, y: (y * (psi(a) - psi(a + b)), y * (psi(b) - psi(a + b))), (positive, positive), cost=60
)
elementwise(sp.betaln, lambda a, b, y: (psi(a) - psi(a + b), psi(b) - psi(a + b)), (positive, positive), cost=60)
elementwise(sp.poch, lambda a, m, y: (y * (psi(a + m) - psi(a)), y * psi(a + m)), (positive, positive), cost=60)
elementwise(
    sp.binom,
    lambda n, k, y: (y * (psi(n + 1.0) - psi(n - k + 1.0)), y * (psi(n - k + 1.0) - psi(k + 1.0))),
    ((3.0, 4.0), (0.2, 1.8)),
    cost=60,
)

# ---- incomplete ones: by the bound (8.8.13, 8.17.20); by the parameters there is no closed form -------------------


def gamma_density(a: Any, x: Any) -> Any:
    """The derivative of `gammainc(a, x)`."""
    log = apply(sp.xlogy, a - 1.0, x) - x - apply(sp.gammaln, a)
    return np.exp(where(x < math.inf, log, -x))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """The derivative of `betainc(a, b, x)`."""
    return np.exp(apply(sp.xlogy, a - 1.0, x) + apply(sp.xlog1py, b - 1.0, -x) - apply(sp.betaln, a, b))


elementwise(sp.gammainc, lambda a, x, y: (0.0, gamma_density(a, x)), (half, far), cost=100)
elementwise(sp.gammaincc, lambda a, x, y: (0.0, -gamma_density(a, x)), (half, far), cost=100)
elementwise(sp.gammaincinv, lambda a, q, x: (0.0, 1.0 / gamma_density(a, x)), (half, share), cost=200)
elementwise(sp.gammainccinv, lambda a, q, x: (0.0, -(1.0 / gamma_density(a, x))), (half, share), cost=200)
elementwise(sp.betainc, lambda a, b, x, y: (0.0, 0.0, beta_density(a, b, x)), (half, half, share), cost=100)
elementwise(*sp_has("betaincc"), lambda a, b, x, y: (0.0, 0.0, -beta_density(a, b, x)), (half, half, share), cost=100)
elementwise(sp.betaincinv, lambda a, b, q, x: (0.0, 0.0, 1.0 / beta_density(a, b, x)), (half, half, share), cost=200)

# ---- logistic and entropy functions --------------------------------------------------------------------------


def times(x: Any, of_x: Any) -> Any:
    """`of_x`, which has a factor `x`: 0 where that is 0, whatever the other one."""
    return where(equal(x, 0.0), 0.0, of_x)


elementwise(sp.expit, lambda x, y: y * apply(sp.expit, -x))
elementwise(sp.logit, lambda x, y: 1.0 / (x * (1.0 - x)), (share,))
elementwise(sp.log_expit, lambda x, y: apply(sp.expit, -x))
if hasattr(sp, "softplus"):
    elementwise(sp.softplus, lambda x, y: apply(sp.expit, x))
elementwise(sp.xlogy, lambda x, y, z: (np.log(y), times(x, x / y)), (anywhere, positive))
elementwise(sp.xlog1py, lambda x, y, z: (np.log1p(y), times(x, x / (1.0 + y))), (anywhere, unit))
elementwise(sp.entr, lambda x, y: -np.log(x) - 1.0, (positive,))
elementwise(sp.rel_entr, lambda x, y, z: (np.log(x / y) + 1.0, -times(x, x / y)), (positive, positive))
elementwise(sp.kl_div, lambda x, y, z: (np.log(x / y), 1.0 - times(x, x / y)), (positive, positive))

# ---- robust losses, power transforms -----------------------------------------------------------------------------


def pseudo_huber(d: Any, r: Any, y: Any) -> tuple[Any, Any]:
    s = np.sqrt(1.0 + (r / d) * (r / d))
    return 2.0 * d * (s - 1.0) - r * r / (d * s), r / s


def huber(d: Any, r: Any, y: Any) -> tuple[Any, Any]:
    within = abs(r) <= d
    return where(within, 0.0, abs(r) - d), where(within, r, d * np.sign(r))


def exprel(x: Any, y: Any) -> Any:
    """From `exp(x) = 1 + x y`."""
    return where(
        abs(x) < 0.1,
        series(x, [k / math.factorial(k + 1) for k in range(1, 10)]),
        y * (1.0 - 1.0 / x) + 1.0 / x,
    )


def by_exponent(log_x: Any, n: Any) -> Any:
    """The derivative of `(x ** n - 1) / n = log(x) exprel(n log(x))` by `n`."""
    t = n * log_x
    return log_x * log_x * exprel(t, apply(sp.exprel, t))


elementwise(sp.huber, huber, ((0.7, 0.9), (1.1, 3.0)))
elementwise(sp.pseudo_huber, pseudo_huber, ((0.7, 1.9), anywhere))
elementwise(sp.exprel, exprel)
elementwise(sp.boxcox, lambda x, n, y: (x ** (n - 1.0), by_exponent(np.log(x), n)), (positive, anywhere), cost=40)
elementwise(
    sp.boxcox1p, lambda x, n, y: ((1.0 + x) ** (n - 1.0), by_exponent(np.log1p(x), n)), (unit, anywhere), cost=40
)

# ---- Bessel functions (10.6, 10.29) ------------------------------------------------------------------------------


def scaled(x: Any, y: Any) -> Any:
    """What the factor `exp(-abs(x))` adds."""
    return np.sign(x) * y


elementwise(sp.j0, lambda x, y: -apply(sp.j1, x), cost=40)
elementwise(sp.j1, lambda x, y: 0.5 * (apply(sp.j0, x) - apply(sp.jv, 2, x)), cost=40)
elementwise(sp.jv, lambda n, x, y: (0.0, 0.5 * (apply(sp.jv, n - 1, x) - apply(sp.jv, n + 1, x))), (order, anywhere))
elementwise(sp.y0, lambda x, y: -apply(sp.y1, x), (far,), cost=40)
elementwise(sp.y1, lambda x, y: 0.5 * (apply(sp.y0, x) - apply(sp.yv, 2, x)), (far,), cost=40)
for _y in (sp.yv, sp.yn):
    elementwise(_y, lambda n, x, y: (0.0, 0.5 * (apply(sp.yv, n - 1, x) - apply(sp.yv, n + 1, x))), (order, far))
elementwise(sp.i0, lambda x, y: apply(sp.i1, x), cost=40)
elementwise(sp.i1, lambda x, y: 0.5 * (apply(sp.i0, x) + apply(sp.iv, 2, x)), cost=40)
elementwise(sp.iv, lambda n, x, y: (0.0, 0.5 * (apply(sp.iv, n - 1, x) + apply(sp.iv, n + 1, x))), (order, anywhere))
elementwise(sp.i0e, lambda x, y: apply(sp.i1e, x) - scaled(x, y), ((-3.0, -0.1),), cost=40)
elementwise(
    sp.i1e, lambda x, y: 0.5 * (apply(sp.i0e, x) + apply(sp.ive, 2, x)) - scaled(x, y), ((-3.0, -0.1),), cost=40
)
elementwise(
    sp.ive,
    lambda n, x, y: (0.0, 0.5 * (apply(sp.ive, n - 1, x) + apply(sp.ive, n + 1, x)) - scaled(x, y)),
    (order, (-3.0, -0.1)),
    cost=40,
)
elementwise(sp.k0, lambda x, y: -apply(sp.k1, x), (far,), cost=40)
elementwise(sp.k1, lambda x, y: -0.5 * (apply(sp.k0, x) + apply(sp.kv, 2, x)), (far,), cost=40)
for _k in (sp.kv, sp.kn):
    elementwise(_k, lambda n, x, y: (0.0, -0.5 * (apply(sp.kv, n - 1, x) + apply(sp.kv, n + 1, x))), (order, far))
elementwise(sp.k0e, lambda x, y: y - apply(sp.k1e, x), (far,), cost=40)
elementwise(sp.k1e, lambda x, y: y - 0.5 * (apply(sp.k0e, x) + apply(sp.kve, 2, x)), (far,), cost=40)
elementwise(
    sp.kve,
    lambda n, x, y: (0.0, y - 0.5 * (apply(sp.kve, n - 1, x) + apply(sp.kve, n + 1, x))),
    (order, far),
    cost=40,
)

# ---- integrals (6.2, 8.19.13, 25.12.2; elliptic 19.4.1, 19.4.2), hypergeometric functions (15.5.1, 13.3.15) --------

CENTRAL = [(math.comb(2 * n, n) / 4.0**n) ** 2 for n in range(1, 9)]


def elliptic_k(m: Any, y: Any) -> Any:
    small = series(m, [0.5 * math.pi * (n + 1) * c for n, c in enumerate(CENTRAL)])
    return where(abs(m) < 0.01, small, (apply(sp.ellipe, m) - (1.0 - m) * y) / (2.0 * m * (1.0 - m)))


def elliptic_e(m: Any, y: Any) -> Any:
    small = series(m, [-0.5 * math.pi * (n + 1) / (2 * n + 1) * c for n, c in enumerate(CENTRAL)])
    return where(abs(m) < 0.01, small, (y - apply(sp.ellipk, m)) / (2.0 * m))


def expn_slope(n: Any, x: Any, y: Any) -> Any:
    """The one of the order below; that of order 0, which SciPy does not compute, by 8.19.12."""
    return where(known(n) > 1, -apply(sp.expn, n - 1, x), ((n - 1) * y - np.exp(-x)) / x)


elementwise(sp.exp1, lambda x, y: -(np.exp(-x) / x), (positive,), cost=40)
elementwise(sp.expi, lambda x, y: np.exp(x) / x, ((-3.0, -0.1),), cost=40)
elementwise(sp.expn, lambda n, x, y: (0.0, expn_slope(n, x, y)), (Unknown(1, 2, 3), positive), cost=60)
elementwise(sp.spence, lambda x, y: where(equal(x, 1.0), -1.0, np.log(x) / (1.0 - x)), ((1.1, 3.0),), cost=60)
elementwise(sp.ellipk, elliptic_k, (inside,), cost=60)
elementwise(sp.ellipe, elliptic_e, (inside,), cost=60)
elementwise(sp.hyp0f1, lambda b, x, y: (0.0, apply(sp.hyp0f1, b + 1.0, x) / b), (half, anywhere), cost=100)
elementwise(
    sp.hyp1f1,
    lambda a, b, x, y: (0.0, 0.0, a / b * apply(sp.hyp1f1, a + 1.0, b + 1.0, x)),
    (half, half, unit),
    cost=100,
)
elementwise(
    sp.hyp2f1,
    lambda a, b, c, x, y: (0.0, 0.0, 0.0, a * b / c * apply(sp.hyp2f1, a + 1.0, b + 1.0, c + 1.0, x)),
    (half, half, half, (-0.7, 0.7)),
    cost=100,
)
