"""`check_grads`: what the modes say, against one another and against differences."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

from ..api import grad, user_function
from ..checks import argument_numbers
from ..fingerprint import dependencies
from ..modes import jvp_fn, vjp_fn
from ..ordinary import ordinary
from . import points
from .differences import by_complex_step, derivative
from .weighted import weighted

MODES = {"fwd": "forward mode", "rev": "reverse mode"}
MOST = 400  # entries of an argument that are looked at one by one
SETTLED = 1e-3  # the relative error of differences that says nothing about a derivative


@dataclass
class Level:
    """A function whose derivative is tested: `f` itself, its gradient, the gradient of that.

    pull(seeds) gives the gradients, push(tangents) the tangent of the result, both at `args`; None: not asked for.
    """

    title: str
    call: Any
    args: tuple[Any, ...]
    paths: tuple[str, ...]  # how the user writes the arguments
    wrt: tuple[int, ...]
    pull: Callable[[Any], Any] | None
    push: Callable[[Any], Any] | None
    exact: bool  # in double precision
    plain: bool = False  # Python alone: it may be called with complex numbers, and nothing is compiled for them

    @property
    def point(self) -> tuple[Any, ...]:
        return tuple(self.args[k] for k in self.wrt)

    @functools.cached_property
    def value(self) -> Any:
        return self.at(self.point)

    def at(self, point: Sequence[Any]) -> Any:
        args = list(points.copied(tuple(self.args)))
        for k, v in zip(self.wrt, points.copied(tuple(point)), strict=True):
            args[k] = v
        with np.errstate(all="ignore"):
            y = self.call(*args)
        return points.each(lambda x: x[()] if isinstance(x, np.ndarray) else x, y)  # np.where gives arrays of no axes

    def along(self, seeds: Any, direction: Any) -> tuple[float, float]:
        """The derivative of `<seeds, f>` along a direction, and its error."""
        point = self.point

        def phi(t: float) -> float:
            return points.inner(seeds, self.at(points.moved(point, direction, t)), self.value)

        found, error = derivative(phi, 1e-9 if self.exact else 1e-5)
        if not self.plain or any(points.is_complex(x) for v in (point, self.value) for x in points.values(v, v)):
            return found, error

        def of_complex(t: complex) -> complex:
            y = self.at(points.moved(point, direction, t))
            pairs = zip(*(points.values(v, self.value) for v in (seeds, y)), strict=True)
            return complex(sum(np.sum(points.wide(s) * u) for s, u in pairs if s is not None))

        better = by_complex_step(of_complex, phi(0.0), found, error)
        return (found, error) if better is None else (better, 1e-14 * abs(better))


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = ("fwd", "rev"),
    *,
    argnums: int | Sequence[int] | None = None,
    rtol: float | None = None,
    seed: int = 0,
    jit: bool = True,
) -> None:
    """Test the derivatives of `f` at the arguments `args`, up to an order.

    The modes are compared with each other by an inner product, and each with differences of the function in double
    precision, whose steps are chosen by their own error estimates; plain functions that run on complex numbers as
    well are differentiated by the complex step. Where they disagree, AssertionError says by which argument and entry,
    and how far. Second derivatives are those of the gradient (of a random combination of the results, if there are
    several).

    f: any function that `grad` or `vjp_fn` takes, one with a rule (`custom_rule`) too; argnums: the arguments to
    differentiate by, without it all that are made of floating-point numbers; modes: "fwd", "rev" or both; rtol: the
    relative deviation allowed, 1e-6 (5e-3 in single precision); seed: of the random directions; jit: test compiled
    code. Raises Unsupported for what sourcead refuses.

    >>> import numpy as np
    >>> from sourcead import check_grads
    >>> check_grads(lambda x: np.sum(np.sin(x) * x), (np.array([0.4, 1.2]),), modes=("rev",), jit=False)
    """
    unknown = sorted(set(modes) - set(MODES))
    if unknown or not modes:
        raise ValueError(f"modes are {' and '.join(map(repr, MODES))}, not {', '.join(map(repr, unknown)) or 'none'}")
    rng = np.random.default_rng(seed)
    rtol = rtol or (5e-3 if points.is_single(args) else 1e-6)
    for level in itertools.islice(levels(f, tuple(args), argnums, modes, jit, rng), order):
        check_level(level, rng, rtol)


def levels(
    f: Any, args: tuple[Any, ...], argnums: Any, modes: Sequence[str], jit: bool, rng: np.random.Generator
) -> Iterator[Level]:
    readable = f if isinstance(f, Dispatcher) else ordinary(f)
    fn = user_function(readable)
    bound = inspect.signature(fn).bind(*args)
    bound.apply_defaults()
    args, names = bound.args, tuple(bound.arguments)
    if argnums is None:
        argnums = tuple(k for k, v in enumerate(args) if all(map(points.is_floating, points.values(v, v))))
    wrt = argument_numbers(argnums, fn)[0]
    name, exact = fn.__name__, not points.is_single(args)
    g = vjp_fn(f, wrt, jit=jit) if "rev" in modes else None
    push = pushed(f, wrt, args, jit) if "fwd" in modes else None
    plain = not any(isinstance(x, Dispatcher) or is_derivative(x) for x in (f, *dependencies(fn)))
    level = Level(f"`{name}`", f, args, names, wrt, pulled(g, args), push, exact, plain)
    yield level
    title = f"`{name}`"
    while True:
        y = level.value
        scalar, args, names, wrt = weighted(readable, args, names, wrt, y, points.random_like(y, rng))
        f = readable = grad(scalar, wrt, jit=jit)
        title = f"the gradient of {title}"
        push = pushed(f, wrt, args, jit) if "fwd" in modes else None

        def pull(seeds: Any, f: Any = f, args: Any = args, names: Any = names, wrt: Any = wrt) -> Any:
            product, own, _, at = weighted(f, args, names, wrt, seeds, seeds)
            return grad(product, at, jit=jit)(*points.copied(own))

        level = Level(title, f, args, names, wrt, pull if "rev" in modes else None, push, exact)
        yield level


def is_derivative(f: Any) -> bool:
    return hasattr(f, "argnums")


def pulled(g: Any, args: tuple[Any, ...]) -> Callable[[Any], Any] | None:
    return None if g is None else lambda seeds: g(seeds, *points.copied(args))[1]


def pushed(f: Any, wrt: tuple[int, ...], args: tuple[Any, ...], jit: bool) -> Callable[[Any], Any]:
    h = jvp_fn(f, wrt, jit=jit)
    return lambda tangents: h(tangents, *points.copied(args))[1]


# ---- one level ----------------------------------------------------------------------------------------


def check_level(level: Level, rng: np.random.Generator, rtol: float) -> None:
    v = points.random_like(level.point, rng, scaled=True)
    s = points.random_like(level.value, rng)
    found: dict[str, float] = {}
    size = 0.0
    bars = None
    if level.pull is not None:
        bars = level.pull(s)
        check_form(level, bars)
        found["rev"] = points.inner(bars, v, level.point)
        size = sum(map(abs, points.terms(bars, v, level.point)))
    if level.push is not None:
        dots = level.push(v)
        found["fwd"] = points.inner(s, dots, level.value)
        size = max(size, sum(map(abs, points.terms(s, dots, level.value))))
    want, error = level.along(s, v)
    size = max(size, abs(want) if np.isfinite(want) else 0.0)
    allowed = rtol * size + 1e-12
    wrong = [m for m, x in found.items() if not abs(x - want) <= allowed + 20.0 * error]
    if len(found) == 2 and not abs(found["fwd"] - found["rev"]) <= 1e-3 * allowed + 1e-9 * size:
        worst = next(iter(wrong), "rev")
        blame(level, worst, s, bars, rtol)
        raise AssertionError(
            f"the modes disagree about the derivative of {level.title}: {found['fwd']:.12g} by forward mode, "
            f"{found['rev']:.12g} by reverse mode in the same direction; differences say {want:.12g}"
        )
    if not error <= SETTLED * size + 1e-12:
        raise AssertionError(
            f"differences of {level.title} do not settle (their error is {error:.1e}, the derivative {want:.6g}): "
            "it is not smooth there, or has no values around; choose another point"
        )
    if wrong:
        blame(level, wrong[0], s, bars, rtol)
        x = found[wrong[0]]
        raise AssertionError(
            f"the derivative of {level.title} is wrong in a random direction, though in no single entry: {x:.12g} by "
            f"{MODES[wrong[0]]}, {want:.12g} by differences: off by {abs(x - want):.3g}"
        )


def check_form(level: Level, bars: Any) -> None:
    """Gradients have the shapes of the arguments."""
    for k, bar in zip(level.wrt, bars, strict=True):
        for (path, x), g in zip(
            points.leaves(level.args[k], level.paths[k]), points.values(bar, level.args[k]), strict=True
        ):
            if np.shape(g) != np.shape(x):
                raise AssertionError(
                    f"the gradient of {level.title} by `{path}` has the shape {np.shape(g)}, not {np.shape(x)}"
                )


def blame(level: Level, mode: str, s: Any, bars: Any, rtol: float) -> None:
    """Raise for the entry that is most wrong, if there is one."""
    worst: tuple[float, str, float, float] | None = None
    count = seen = 0
    for path, unit, by_mode in entries(level, mode, s, bars):
        want, error = level.along(s, unit)
        seen += 1
        off = abs(by_mode - want)
        if off <= rtol * max(abs(by_mode), abs(want)) + 20.0 * error + 1e-12:
            continue
        count += 1
        if worst is None or not off <= worst[0]:
            worst = off, path, by_mode, want
    if worst is not None:
        off, path, by_mode, want = worst
        others = f"; {count} of {seen} entries are wrong" if count > 1 else ""
        raise AssertionError(
            f"the derivative of {level.title} by {path} is wrong in {MODES[mode]}: {by_mode:.12g}, and {want:.12g} by "
            f"differences: off by {off:.3g}{others}"
        )


def entries(level: Level, mode: str, s: Any, bars: Any) -> Iterator[tuple[str, Any, float]]:
    """Entry by entry: its name, the unit direction, the derivative by a mode."""
    point = level.point
    leaves = [leaf for k, v in zip(level.wrt, point, strict=True) for leaf in points.leaves(v, level.paths[k])]
    for number, (path, x) in enumerate(leaves):
        for place in itertools.islice(np.ndindex(np.shape(x)), MOST):
            for unit in (1.0, 1.0j) if points.is_complex(x) else (1.0,):
                count = itertools.count()

                def one(y: Any, place: Any = place, unit: Any = unit, count: Any = count, number: int = number) -> Any:
                    d = np.zeros(np.shape(y), np.asarray(y).dtype if points.is_floating(y) else float)
                    if next(count) == number:
                        d[place] = unit
                    return d if isinstance(y, np.ndarray) else d.item() if type(y) in (float, complex) else d[()]

                direction = points.each(one, point)
                if mode == "rev":
                    found = points.inner(bars, direction, point)
                else:
                    assert level.push is not None
                    found = points.inner(s, level.push(direction), level.value)
                at = f"[{', '.join(map(str, place))}]" if place else ""
                part = " (its imaginary part)" if unit == 1.0j else ""
                yield f"`{path}{at}`{part}", direction, found
