"""`custom_rule`: a function, and what the user says its derivative is."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUDispatcher

from ..errors import Unsupported
from ..ir import Loc
from ..routines import callable_natively, native
from .derived import derived

OPTIONS = {"nopython": True, "error_model": "numpy"}


class Part(CPUDispatcher):
    """A compiled function that calls plain functions; it may come from the cache of another process."""

    def compile(self, sig: Any) -> Any:
        callable_natively(self.py_func)
        return super().compile(sig)


class CustomRule(Part):
    """A function whose derivative is not found by looking into it, but given by its `pullback` and `pushforward`.

    A Numba dispatcher: it is called from Python and from njit code as the function itself.
    """

    def __init__(self, function: FunctionType, options: dict[str, Any] | None = None):
        self.parts: dict[str, FunctionType] = {}  # "forward", "pullback", "pushforward"
        self._compiled: dict[FunctionType, Any] = {}
        self._derived: dict[Any, FunctionType] = {}
        super().__init__(function, targetoptions=OPTIONS if options is None else options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "sourcead.tape" in sys.modules:
            from ..tape import custom

            if custom.meets_tape((*args, *kwargs.values())):
                given = inspect.signature(self.py_func).bind(*args, **kwargs)
                given.apply_defaults()
                return custom.call(self, super().__call__, given.args)
        return super().__call__(*args, **kwargs)

    # ---- what the user attaches ----

    def forward(self, f: Any) -> Any:
        """Attach what is called in the forward sweep: `forward(*args)` returns `(y, saved)`.

        `saved` is what the pullback and the pushforward get in the place of the arguments and the result: numbers,
        arrays, None, tuples of these.
        """
        return self._attach("forward", f)

    def pullback(self, f: Any) -> Any:
        """Attach the pullback: `pullback(*args, y, y_bar)`, or `pullback(saved, y_bar)` for a rule with `forward`.

        It returns one adjoint for each parameter of the function, in a tuple if there are several: structured like
        the argument and of its shape; None for an argument to which nothing flows. `y_bar` is structured like `y`,
        with None for integers.
        """
        return self._attach("pullback", f)

    def pushforward(self, f: Any) -> Any:
        """Attach the pushforward: `pushforward(*args, y, *dots)`, or `pushforward(saved, *dots)` for a rule with
        `forward`.

        It returns the tangent of the result, structured like it. There is one tangent for each parameter, structured
        like the argument, with None for integers.
        """
        return self._attach("pushforward", f)

    def _attach(self, kind: str, f: Any) -> Any:
        fn = f.py_func if isinstance(f, Dispatcher) else f
        if not isinstance(fn, FunctionType):
            raise TypeError(f"the {kind} of `{self.__name__}` must be a Python function, not {f!r}")
        self.parts[kind] = fn
        self._derived.clear()
        return f

    # ---- for the compiler ----

    def function(self, kind: str, argtypes: tuple[Any, ...] = ()) -> FunctionType:
        """A part of the rule: "forward", "pullback", "pushforward", or "" for the function itself.

        argtypes: of what it is called with, for parts that are made for types.
        """
        if not kind or kind in self.parts:
            return self.parts[kind] if kind else self.py_func
        if (kind, argtypes) not in self._derived:
            self._derived[kind, argtypes] = derived(self, kind, argtypes)
        return self._derived[kind, argtypes]

    def compiled(self, kind: str, argtypes: tuple[Any, ...] = ()) -> Any:
        """The same as a dispatcher."""
        if not kind:
            return self
        fn = self.function(kind, argtypes)
        if fn not in self._compiled:
            self._compiled[fn] = Part(native(fn).py_func, targetoptions=OPTIONS)
        return self._compiled[fn]

    def title(self, kind: str) -> str:
        """What errors call it."""
        return f"the {kind} of `{self.__name__}`" if kind else f"`{self.__name__}`"

    def place(self, kind: str) -> Loc:
        """Where the user wrote it: its `return`, if there is one only."""
        from ..frontend.inline import returns_of
        from ..frontend.source import find

        fn = self.py_func if not kind else self.parts.get(kind) or next(iter(self.parts.values()))
        try:
            source = find(fn)
        except Unsupported:
            return Loc(fn.__code__.co_filename, fn.__code__.co_firstlineno)
        found = returns_of(source.node) if isinstance(source.node, ast.FunctionDef) else []
        return source.loc(found[0] if len(found) == 1 else source.node)

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.py_func).parameters)

    def check_count(self, kind: str, count: int) -> None:
        """Refuse a part of the rule that cannot be called with so many arguments."""
        if kind not in self.parts:
            return
        try:
            inspect.signature(self.function(kind)).bind(*range(count))
        except TypeError:
            args = ("saved",) if "forward" in self.parts else (*self.parameters, "y")
            last = ("y_bar",) if kind == "pullback" else tuple(f"{n}_dot" for n in self.parameters)
            how = f"{kind}({', '.join((*args, *last))})"
            raise self.refuse(kind, f"{self.title(kind)} has other parameters", f"it is called as {how}") from None

    def refuse(self, kind: str, what: str, remedy: str = "") -> Unsupported:
        return Unsupported(what, self.place(kind), remedy)

    # ---- pickling ----

    def _reduce_states(self) -> dict[str, Any]:
        return {"uuid": str(self._uuid), "function": self.py_func, "options": self.targetoptions, "parts": self.parts}

    @classmethod
    def _rebuild(cls, uuid: str, function: Any, options: Any, parts: Any) -> CustomRule:
        if uuid in cls._memo:
            return cls._memo[uuid]
        self = cls(function, options)
        self._set_uuid(uuid)
        self.parts.update(parts)
        return self


def custom_rule(f: Callable[..., Any]) -> CustomRule:
    """A function that Numba compiles, differentiated by the rule that is attached to it, and never looked into.

    `f` is a Python function or an njit function; it may call external code (`ctypes`, `cffi`, `objmode`). Its
    arguments are numbers, arrays, tuples of these, None and strings; it returns numbers, arrays, tuples of these, and
    must not write into its arguments. What is attached (see `CustomRule.pullback`, `.pushforward`, `.forward`) is
    compiled by Numba too; second derivatives need a rule that is written in what sourcead differentiates.

    TypeError for what is no function. A rule that does not fit its function (number, structure or type of what it
    returns) is refused when the gradient is first asked for, arrays of a wrong shape raise ValueError when it runs.

    >>> from sourcead import custom_rule, grad
    >>> @custom_rule
    ... def root(a):
    ...     x = 1.0
    ...     while abs(x * x - a) > 1e-12 * a:
    ...         x = 0.5 * (x + a / x)
    ...     return x
    >>> @root.pullback
    ... def root_pullback(a, x, x_bar):
    ...     return 0.5 * x_bar / x
    >>> float(grad(lambda a: 3.0 * root(a))(4.0))
    0.75
    """
    if isinstance(f, Dispatcher) and isinstance(f.py_func, FunctionType) and not hasattr(f, "argnums"):
        return CustomRule(f.py_func, dict(f.targetoptions))
    if not isinstance(f, FunctionType):
        raise TypeError(f"custom_rule takes a function, not {f!r}")
    return CustomRule(f)
