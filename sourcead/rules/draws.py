"""The rule table, random numbers: what a draw hands to the parameters of its distribution.

A draw happens once, in the forward sweep; what is differentiated is the number drawn, with the underlying uniform or
normal numbers held fixed (reparameterisation). That has a formula where the number is computed from them by one: a
location and a scale, or the inverse of the distribution function. Draws by rejection, and whole numbers, have none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import primitives as p
from .kinds import Fn, register


@dataclass(frozen=True)
class Draw:
    """The parameters of a distribution with their defaults (None: to be given), before `size`; is it of integers?"""

    defaults: tuple[tuple[str, Any], ...] = ()
    integer: bool = False


DRAWS: dict[Fn, Draw] = {}
OTHERS = frozenset({np.random.seed, np.random.permutation, np.random.shuffle, np.random.choice, print})
OTHERS |= {p.generator_state, p.set_generator}
"""What draws too, or decides what is drawn; and what else happens once, in its turn."""


LACKING: dict[Any, tuple[str, ...]] = {
    np.random: ("noncentral_f",),
    np.random.Generator: ("gumbel", "vonmises", "hypergeometric"),
}
"""What Numba lacks."""


def draw(name: str, partials: Callable[..., Any] | None = None, integer: Any = False, **defaults: Any) -> None:
    """`draw(name, partials, **parameters)`: `partials(*parameters, y)`, None for one without a derivative.

    Of `np.random`, and of the generators of `np.random.default_rng`, which stand before the parameters.
    """
    for home in (np.random, np.random.Generator):
        fn = getattr(home, name, None)
        if fn is None or name in LACKING[home]:
            continue
        DRAWS[fn] = Draw(tuple(defaults.items()), integer)
        of = partials if home is np.random or partials is None else after_generator(partials)
        register([fn], "draw", lambda args, y, y_bar: (None,) * len(args), None, partials=of)


def after_generator(partials: Callable[..., Any]) -> Callable[..., Any]:
    """The same with the generator, and with no parameters where all are left out."""
    return lambda generator, *given_y: (None, *(partials(*given_y) if len(given_y) > 1 else ()))


def is_method(fn: Any) -> bool:
    """Is this a draw from a generator, its first argument?"""
    return getattr(np.random.Generator, getattr(fn, "__name__", ""), None) is fn


def is_draw(fn: Any) -> bool:
    """Does calling this change the state of the generator?"""
    try:
        return fn in DRAWS or fn in OTHERS
    except TypeError:
        return False


for plain in ("random", "random_sample", "ranf", "sample", "rand"):
    draw(plain)
for plain in ("standard_normal", "standard_exponential", "standard_cauchy", "randn"):
    draw(plain)

draw("normal", lambda loc, scale, y: (1.0, (y - loc) / scale), loc=0.0, scale=1.0)
draw("laplace", lambda loc, scale, y: (1.0, (y - loc) / scale), loc=0.0, scale=1.0)
draw("logistic", lambda loc, scale, y: (1.0, (y - loc) / scale), loc=0.0, scale=1.0)
draw("gumbel", lambda loc, scale, y: (1.0, (y - loc) / scale), loc=0.0, scale=1.0)
draw("uniform", lambda low, high, y: ((high - y) / (high - low), (y - low) / (high - low)), low=0.0, high=1.0)
draw("exponential", lambda scale, y: (y / scale,), scale=1.0)
draw("rayleigh", lambda scale, y: (y / scale,), scale=1.0)
draw("lognormal", lambda mean, sigma, y: (y, y * (np.log(y) - mean) / sigma), mean=0.0, sigma=1.0)
draw("weibull", lambda a, y: (-(y * np.log(y)) / a,), a=None)
draw("pareto", lambda a, y: (-((1.0 + y) * np.log(1.0 + y)) / a,), a=None)
draw("power", lambda a, y: (-(y * np.log(y)) / a,), a=None)
draw("gamma", lambda shape, scale, y: (None, y / scale), shape=None, scale=1.0)

for name, parameters in {
    "standard_gamma": "shape",
    "standard_t": "df",
    "chisquare": "df",
    "f": "dfnum dfden",
    "beta": "a b",
    "triangular": "left mode right",
    "vonmises": "mu kappa",
    "wald": "mean scale",
    "noncentral_chisquare": "df nonc",
}.items():
    draw(name, None, False, **dict.fromkeys(parameters.split()))
for name, parameters in {
    "poisson": "lam",
    "binomial": "n p",
    "negative_binomial": "n p",
    "geometric": "p",
    "hypergeometric": "ngood nbad nsample",
    "logseries": "p",
    "zipf": "a",
}.items():
    draw(name, None, True, **dict.fromkeys(parameters.split()))
for name in ("randint", "integers"):
    draw(name, None, True, low=None, high=None)
draw("noncentral_f", None, False, dfnum=None, dfden=None, nonc=None)
