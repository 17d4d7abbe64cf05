"""Solvers differentiated by what they solve: one linear system instead of all their iterations.

With `residual(x, a) == 0` at the solution `x` of a solver, `dx/da = -A**-1 dr/da` with `A = dr/dx` (implicit function
theorem; Griewank and Walther, "Evaluating Derivatives" (2008), chapter 15).
"""

from __future__ import annotations

import inspect
import itertools
import linecache
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.extending import overload

from .api import _Face, grad, user_function
from .custom.rule import OPTIONS, CustomRule
from .infer import is_array, is_complex, is_float
from .structure import leaf_types

_serial = itertools.count(1)


def implicit_root(solve: Any, residual: Any, linear_solve: Any = None) -> ImplicitRoot:
    """The function `solve`, differentiated as the root of `residual`: where `residual(x, ...) == 0`.

    `solve` returns a real number or an array; it is anything that Numba compiles, and is not looked into. `residual`
    takes that, then arguments that `solve` has under the same names, in any order, and returns a number, or an array
    of equal shape; it is differentiated, so it may be a gradient too (`grad(energy)`, whose root is a minimum). What
    `solve` takes beyond that (starting points, tolerances) has the derivative zero. Integers may be among all of these.

    The derivative is right at an exact root; elsewhere its error is of the order of that of the root. `A = d residual /
    d x` must be regular there, else the linear system raises LinAlgError or gives infinities. `A` is set up row by
    row and solved with LAPACK: n gradients of `residual` for `n` unknowns. `linear_solve(v, transposed, x, ...)`, with
    the arguments of `residual` behind, replaces that: it returns the solution `u` of `A @ u = v`, of `A.T @ u = v` if
    `transposed` is true. For symmetric `A` it may be the solver itself.

    The result is called like `solve`, from Python, njit code and functions to differentiate. TypeError for
    parameters that do not fit. Second derivatives are those of the formula, which is exact.

    >>> from sourcead import grad, implicit_root
    >>> def newton(a):
    ...     x = 1.0
    ...     for _ in range(50):
    ...         x -= (x * x - a) / (2.0 * x)
    ...     return x
    >>> def residual(x, a):
    ...     return x * x - a
    >>> root = implicit_root(newton, residual)
    >>> float(grad(root)(4.0))
    0.25
    """
    fn = plain(solve, "solve")
    known = tuple(inspect.signature(fn).parameters)
    used = names_after(residual, "residual", 1)
    missing = [n for n in used if n not in known]
    if missing or not used:
        raise TypeError(
            f"the parameters of `residual` behind the first must be parameters of `{fn.__name__}`, "
            f"({', '.join(known)}); {', '.join(f'`{n}`' for n in missing) or 'there'} is none"
        )
    options = dict(solve.targetoptions) if isinstance(solve, Dispatcher) else OPTIONS
    rule = ImplicitRoot(fn, options)
    rule.parts["residual"] = residual
    if linear_solve is not None:
        plain(linear_solve, "linear_solve")
        rule.parts["linear_solve"] = linear_solve
    rule.parts["pullback"] = stub(f"{fn.__name__}_pullback", (*known, "y", "y_bar"))
    return rule


def fixed_point(step: Any, tol: float = 1e-12, limit: int = 10_000, linear_solve: Any = None) -> ImplicitRoot:
    """The fixed point of `x -> step(x, ...)`, reached by going round, differentiated as the root of `step(x, ...) - x`.

    The result is called with the arguments of `step`, the first of which is where it starts, a real number or an
    array; nothing flows to that. It goes round until no element of `x` changes by more than `tol` relative to the
    largest element (or absolutely, where that is below one), and raises ValueError after `limit` rounds. For
    `linear_solve` and derivatives see `implicit_root`; there, `A = d step / d x - 1`.

    >>> import math
    >>> from sourcead import fixed_point, grad
    >>> kepler = fixed_point(lambda x, e, m: m + e * math.sin(x))
    >>> round(grad(kepler, argnums=1)(1.0, 0.3, 0.8), 9)
    1.076384453
    """
    names = ("x", *names_after(step, "step", 1))
    if len(names) == 1:
        raise TypeError("`step` takes nothing but the point: there is nothing to differentiate by")
    start = free("start", names)
    inner = {"step": step, "distance": distance, "tol": float(tol), "limit": int(limit)}
    given = ", ".join(("x", *names[1:]))
    go_round = f"""
        x = {start} * 1.0
        for _ in range(limit):
            new = step({given})
            if distance(new, x) <= tol:
                return new
            x = new
        raise ValueError("the iteration does not converge: no fixed point within the limit")
    """
    solve = written(title(step), (start, *names[1:]), go_round, inner)
    residual = written("residual", names, f"\n        return step({given}) - x\n", {"step": step})
    return implicit_root(solve, residual, linear_solve)


class ImplicitRoot(CustomRule):
    """A solver with the rule of what it solves. The pullback is written for the types of the arguments."""

    def place(self, kind: str) -> Any:
        return super().place("" if kind else kind)

    def function(self, kind: str, argtypes: tuple[Any, ...] = ()) -> FunctionType:
        if kind != "pullback" or not argtypes:
            return super().function(kind)
        if argtypes not in self._made:
            self._made[argtypes] = self.pullback_for(argtypes)
        return self._made[argtypes]

    def __init__(self, function: FunctionType, options: dict[str, Any] | None = None):
        super().__init__(function, options)
        self._made: dict[tuple[Any, ...], FunctionType] = {}

    def pullback_for(self, argtypes: tuple[Any, ...]) -> FunctionType:
        """`y_bar` pulled back: `-(dr/da).T @ u` with `A.T @ u = y_bar`."""
        *given, x, _ = argtypes
        known = dict(zip(self.parameters, given, strict=True))
        used = names_after(self.parts["residual"], "residual", 1)
        active = [n for n in used if self.is_active(n, known[n])]
        self.check_root(x)
        own = free("x", self.parameters)
        u, product = free("u", self.parameters), "np.sum(u * r)" if is_array(x) else "u * r"
        params = (u, own, *used)
        text = f"\n        r = residual({', '.join((own, *used))})\n        return {product.replace('u *', f'{u} *')}\n"
        weighted = written("weighted", params, text, {"residual": self.parts["residual"], "np": np})
        space: dict[str, Any] = {
            "by_x": grad(weighted, 1),
            "by_arguments": grad(weighted, tuple(2 + used.index(n) for n in active)) if active else None,
            "np": np,
        }
        y, y_bar = free("y", self.parameters), free("y_bar", self.parameters)
        last = ", ".join((y, *used))
        if "linear_solve" in self.parts:
            space["linear_solve"] = self.parts["linear_solve"]
            linear = f"u = linear_solve({y_bar}, True, {last})"
        else:
            linear = (dense if is_array(x) else scalar).format(y=y, y_bar=y_bar, last=last)
        found = {n: f"g[{k}]" for k, n in enumerate(active)}
        body = f"""
        {linear}
        g = by_arguments(-u, {last})
        return {", ".join(found.get(n, "None") for n in self.parameters)}
        """
        return written(f"{self.__name__}_pullback", (*self.parameters, y, y_bar), body, space)

    def is_active(self, n: str, t: Any) -> bool:
        kinds = [is_float(leaf) for leaf in leaf_types(t)]
        if any(kinds) and not all(kinds):
            what = f"the argument `{n}` of {self.title('')} holds other things than floating-point numbers and arrays"
            raise self.refuse("", what, "pass these as an argument of their own")
        return all(kinds) and bool(kinds)

    def check_root(self, t: Any) -> None:
        if isinstance(t, types.BaseTuple) or not is_float(t) or is_complex(t):
            what = f"{self.title('')} is a root of type {t}"
            raise self.refuse("", what, "let it return a real number or an array of real numbers")


scalar = "u = {y_bar} / by_x(1.0, {last})"
dense = """n = {y}.size
        rows = np.empty((n, n))
        for i in range(n):
            unit = np.zeros({y}.shape)
            unit.ravel()[i] = 1.0
            rows[i] = by_x(unit, {last}).ravel()
        u = np.linalg.solve(rows.T, {y_bar}.ravel()).reshape({y}.shape)"""


# ---- functions that are written ------------------------------------------------------------------------


def written(name: str, params: tuple[str, ...], body: str, space: dict[str, Any]) -> FunctionType:
    """A function of this text, which sees these values."""
    text = f"def {name}({', '.join(params)}):\n" + inspect.cleandoc(body).replace("\n", "\n    ")
    text = text.replace(":\n", ":\n    ", 1) + "\n"
    file = f"<{name} of sourcead.implicit, {next(_serial)}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    space = {**space, "__name__": "implicit"}
    exec(compile(text, file, "exec"), space)
    made: FunctionType = space[name]
    return made


def stub(name: str, params: tuple[str, ...]) -> FunctionType:
    """What stands for a pullback until types are known: it reads all it is given."""
    return written(name, params, f"\n        return ({', '.join(params)})\n", {})


def free(name: str, taken: tuple[str, ...]) -> str:
    while name in taken:
        name += "_"
    return name


def title(f: Any) -> str:
    name: str = user_function(f).__name__
    return name if name.isidentifier() else "fixed_point"


def plain(f: Any, what: str) -> FunctionType:
    fn = f.py_func if isinstance(f, Dispatcher) and not isinstance(f, _Face) else f
    if not isinstance(fn, FunctionType):
        raise TypeError(f"`{what}` must be a function, not {f!r}")
    return fn


def names_after(f: Any, what: str, count: int) -> tuple[str, ...]:
    """The parameters of a function, or of the function that a gradient is of, behind the first ones."""
    if not callable(f):
        raise TypeError(f"`{what}` must be a function, not {f!r}")
    found = inspect.signature(user_function(f)).parameters
    return tuple(found)[count:]


def distance(new: Any, old: Any) -> Any:
    """The largest change of an element, relative to the largest element or to one."""
    return np.max(np.abs(new - old)) / max(1.0, np.max(np.abs(new)))


@overload(distance)
def _distance(new: Any, old: Any) -> Callable[..., Any]:
    if is_array(new):
        return lambda new, old: np.max(np.abs(new - old)) / max(1.0, np.max(np.abs(new)))
    return lambda new, old: abs(new - old) / max(1.0, abs(new))
