"""Solvers differentiated by what they solve: one linear system instead of all their iterations.

With `residual(x, a) == 0` at the solution `x` of a solver, `dx/da = -A**-1 dr/da` with `A = dr/dx` (implicit function
theorem; Griewank and Walther, "Evaluating Derivatives" (2008), chapter 15).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.extending import overload

from .api import _Face, grad, user_function
from .custom.rule import OPTIONS, CustomRule
from .custom.written import written
from .infer import is_array, is_complex, is_float
from .modes import jvp_fn
from .structure import leaf_types


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
    rule.parts["pullback"] = stub(fn, (*known, "y", "y_bar"))
    rule.parts["pushforward"] = stub(fn, (*known, "y", *(f"{n}_dot" for n in known)))
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
    inner = {"step_": step, "distance_": distance, "tol_": float(tol), "limit_": int(limit)}
    given = ", ".join(("x", *names[1:]))
    go_round = f"""x = {start} * 1.0
        for _ in range(limit_):
            new_ = step_({given})
            if distance_(new_, x) <= tol_:
                return new_
            x = new_
        raise ValueError("the iteration does not converge: no fixed point within the limit")"""
    solve = written(module(step), title(step), (start, *names[1:]), go_round, inner)
    residual = written(module(step), "residual", names, f"return step_({given}) - x", {"step_": step})
    return implicit_root(solve, residual, linear_solve)


class ImplicitRoot(CustomRule):
    """A solver with the rule of what it solves. Pullback and pushforward are written for the types of the arguments."""

    def __init__(self, function: FunctionType, options: dict[str, Any] | None = None):
        super().__init__(function, options)
        self._made: dict[tuple[Any, ...], FunctionType] = {}

    def place(self, kind: str) -> Any:
        return super().place("")

    def function(self, kind: str, argtypes: tuple[Any, ...] = ()) -> FunctionType:
        if kind not in ("pullback", "pushforward") or not argtypes:
            return super().function(kind)
        key = (kind, *argtypes)
        if key not in self._made:
            known = dict(zip(self.parameters, argtypes, strict=False))
            made = _Written(self, known, argtypes[len(known)])
            self._made[key] = made.pullback() if kind == "pullback" else made.pushforward()
        return self._made[key]


class _Written:
    """The parts of a rule for arguments `known` by their types, and a root of type `x`."""

    def __init__(self, rule: ImplicitRoot, known: dict[str, Any], x: Any):
        self.rule, self.array = rule, is_array(x)
        if isinstance(x, types.BaseTuple) or not is_float(x) or is_complex(x):
            what = f"{rule.title('')} is a root of type {x}"
            raise rule.refuse("", what, "let it return a real number or an array of real numbers")
        self.residual = rule.parts["residual"]
        self.used = names_after(self.residual, "residual", 1)
        self.active = [n for n in self.used if is_active(rule, n, known[n])]
        self.y, self.y_bar = free("y", rule.parameters), free("y_bar", rule.parameters)
        self.last = ", ".join((self.y, *self.used))
        self.space: dict[str, Any] = {"np": np}

    def numbered(self) -> tuple[int, ...]:
        return tuple(1 + self.used.index(n) for n in self.active)

    def weighted(self) -> FunctionType:
        """The inner product of something and the residual."""
        u, x = free("u", self.used), free("x", self.used)
        product = f"{u} * residual_({', '.join((x, *self.used))})"
        body = f"return np.sum({product})" if self.array else f"return {product}"
        return written(
            module(self.rule.py_func), "weighted", (u, x, *self.used), body, {"residual_": self.residual, "np": np}
        )

    def solved(self, v: str, transposed: bool) -> str:
        """Statements that give `u_`, the solution of the linear system with the right-hand side `v`."""
        if "linear_solve" in self.rule.parts:
            self.space["linear_solve_"] = self.linear(transposed)
            return f"u_ = linear_solve_({v}, {self.last})"
        self.space["by_x_"] = grad(self.weighted(), 1)
        if not self.array:
            return f"u_ = {v} / by_x_(1.0, {self.last})"
        return f"""n_ = {self.y}.size
        rows_ = np.empty((n_, n_))
        for i_ in range(n_):
            unit_ = np.zeros({self.y}.shape)
            unit_.ravel()[i_] = 1.0
            rows_[i_] = by_x_(unit_, {self.last}).ravel()
        u_ = np.linalg.solve(rows_{".T" if transposed else ""}, {v}.ravel()).reshape({self.y}.shape)"""

    def linear(self, transposed: bool) -> ImplicitRoot:
        """The user's solver of `A @ u = v`, or of `A.T @ u = v`, with a rule of its own for second derivatives: its
        steps are not smooth in `v`, at zero above all."""
        module, given = self.rule.__module__, ", ".join(self.used)
        v, x, u, w, t = (free(n, self.used) for n in ("v", "x", "u", "w", "t"))
        space = {"linear_solve_": self.rule.parts["linear_solve"]}
        solve = f"return linear_solve_({v}, {transposed}, {x}, {given})"
        inverse = f"return linear_solve_({w}, {t} != {transposed}, {x}, {given})"
        if transposed:
            product = f"return by_x_({u}, {x}, {given}) - {v}"
            known = {"by_x_": grad(self.weighted(), 1)}
        else:
            product = f"return along_x_({u}, {x}, {given})[1] - {v}"
            known = {"along_x_": jvp_fn(self.residual, 0)}
        return implicit_root(
            written(module, "linear_solve", (v, x, *self.used), solve, space),
            written(module, "remainder", (u, v, x, *self.used), product, known),
            written(module, "linear_solve", (w, t, u, v, x, *self.used), inverse, space),
        )

    def pullback(self) -> FunctionType:
        """`y_bar` pulled back: `-(dr/da).T @ u` with `A.T @ u = y_bar`."""
        params = (*self.rule.parameters, self.y, self.y_bar)
        found = {n: f"g_[{k}]" for k, n in enumerate(self.active)}
        results = ", ".join(found.get(n, "None") for n in self.rule.parameters)
        body = "" if self.active else f"return {results}"
        if self.active:
            self.space["by_arguments_"] = grad(self.weighted(), tuple(1 + k for k in self.numbered()))
            body = f"""{self.solved(self.y_bar, True)}
        g_ = by_arguments_(-u_, {self.last})
        return {results}"""
        return written(self.rule.__module__, f"{self.rule.__name__}_pullback", params, body, self.space)

    def pushforward(self) -> FunctionType:
        """`-A**-1 @ dr`, where `dr` is how the residual changes with the arguments."""
        dots = {n: free(f"{n}_dot", self.rule.parameters) for n in self.rule.parameters}
        params = (*self.rule.parameters, self.y, *dots.values())
        body = "return None"
        if self.active:
            self.space["along_"] = jvp_fn(self.residual, self.numbered())
            tangents = ", ".join(dots[n] for n in self.active)
            body = f"""_, dr_ = along_(({tangents},), {self.last})
        {self.solved("dr_", False)}
        return -u_"""
        return written(self.rule.__module__, f"{self.rule.__name__}_pushforward", params, body, self.space)


def is_active(rule: ImplicitRoot, n: str, t: Any) -> bool:
    kinds = [is_float(leaf) for leaf in leaf_types(t)]
    if any(kinds) and not all(kinds):
        what = f"the argument `{n}` of {rule.title('')} holds other things than floating-point numbers and arrays"
        raise rule.refuse("", what, "pass these as an argument of their own")
    return all(kinds) and bool(kinds)


# ---- functions that are written ------------------------------------------------------------------------


def stub(like: Any, params: tuple[str, ...]) -> FunctionType:
    """What stands for a part of the rule until types are known: it reads all it is given."""
    params = tuple(f"p{k}_{n}" for k, n in enumerate(params))
    return written(module(like), "stub", params, f"return ({', '.join(params)})", {})


def module(f: Any) -> str:
    return user_function(f).__module__


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
