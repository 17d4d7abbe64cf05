"""`grad` and `value_and_grad`, and the objects they make."""

from __future__ import annotations

import functools
import inspect
import itertools
import types as pytypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numba import typeof, types
from numba.core import config, sigutils
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher, OmittedArg
from numba.core.errors import NumbaError, TypingError
from numba.core.registry import CPUDispatcher

from . import compile as compiler
from . import overlap, structure
from . import primitives as p
from .cache import Witness
from .checks import argument_numbers, check_arguments, parameters
from .custom.rule import CustomRule
from .errors import SourceadError
from .ordinary import ordinary
from .outcome import BOTH, GRAD, LAST, TANGENT, Mode
from .routines import native

OPTIONS = ("fastmath", "nogil", "boundscheck", "parallel", "vecmath")
"""All but the last are passed on to Numba."""

_numbers = itertools.count(1)


class _Face:
    """What compiled gradients and plain Python ones have in common."""

    pyfunc: Any  # the user's function, or the gradient that is differentiated again
    function: Callable[..., Any]  # the user's function
    py_func: Callable[..., Any]  # a function that is called like this: the same, or one with seeds in front
    argnums: tuple[int, ...]
    single: bool
    value: bool
    has_aux: bool
    options: Mapping[str, Any]
    cached: bool
    specialisations: dict[tuple[types.Type, ...], compiler.Specialisation]
    mode: Mode
    extents: compiler.Extents = "equal"
    given: tuple[structure.Shape, ...] = ()  # what arguments were before they were made tuples
    others: dict[compiler.Extents, Any]  # the gradients that take extents for something else
    structured: dict[tuple[structure.Shape, ...], Any]  # the gradients for lists, dicts and objects
    shared: dict[tuple[overlap.Place | None, ...], Any]  # the gradients for arguments that overlap
    _ready = False

    def _describe(
        self,
        f: Any,
        argnums: Any,
        value: bool,
        has_aux: bool,
        options: Mapping[str, Any],
        cached: bool,
        mode: Mode = GRAD,
        extents: compiler.Extents = "equal",
    ) -> None:
        self.pyfunc, self.value, self.has_aux, self.mode, self.extents = f, value, has_aux, mode, extents
        self.function = user_function(f)
        self.argnums, self.single = argument_numbers(argnums, self.function)
        self.options, self.cached, self.specialisations = dict(options), cached, {}
        self.structured, self.shared, self.others = {}, {}, {}

    def _arguments(self) -> tuple[Any, ...]:
        argnums = self.argnums[0] if self.single else self.argnums
        kept = dict(self.options), self.cached, self.mode, self.extents
        return self.pyfunc, argnums, self.value, self.has_aux, *kept

    def _of(self, extents: compiler.Extents) -> Any:
        """The same gradient, in which extents are taken for something else."""
        if extents not in self.others:
            kind: Any = type(self)
            made = self.others[extents] = kind(*self._arguments()[:-1], extents)
            made.given = self.given
        return self.others[extents]

    @property
    def _first(self) -> int:
        """Where the arguments of the function begin: behind the seeds, if there are any."""
        return int(self.mode.seeded)

    def _check(self, argtypes: Sequence[types.Type], values: Sequence[Any] = ()) -> None:
        k = self._first
        check_arguments(self.function, argtypes[k:], self.argnums, values[k:], self.given[k:], self.mode.kind)

    def _request(self, argtypes: tuple[types.Type, ...]) -> compiler.Request:
        self._check(argtypes)
        return compiler.Request(
            self.pyfunc,
            argtypes,
            self.argnums,
            self.single,
            self.value,
            self.has_aux,
            tuple(sorted(self.options.items())),
            self.cached,
            self.given,
            self.mode,
            self.extents,
        )

    # ---- lists, dicts and dataclasses: they are passed on as tuples ----

    def _for(self, values: Sequence[Any]) -> Any:
        """The gradient for arguments that are structured like these."""
        given = tuple(structure.shape(v) if structure.foreign(v) else None for v in values)
        if given not in self.structured:
            made = self.structured[given] = type(self)(*self._arguments())
            made.given = given
        return self.structured[given]

    def _call(self, values: Sequence[Any]) -> Any:
        """A call with lists, dicts or dataclasses; the gradients come back in the same."""
        made = self._for(values)
        return self._restored(made(*map(structure.as_tuples, values)), values)

    def _restored(self, result: Any, values: Sequence[Any]) -> Any:
        """What a call with these values returned as tuples, in their containers."""
        if self.mode.kind == "jvp":
            return self._outcomes(result, values[1:])
        kept, gradient = (None, result)
        if self.value:
            kept, gradient = result
        elif self.has_aux:
            gradient, kept = result
        gradient = self._gradients(gradient, values)
        return (kept, gradient) if self.value else (gradient, kept) if self.has_aux else gradient

    def _gradients(self, gradient: Any, values: Sequence[Any]) -> Any:
        wrt = [values[k + self._first] for k in self.argnums]
        return structure.like(wrt[0], gradient) if self.single else tuple(map(structure.like, wrt, gradient))

    def _outcomes(self, result: Any, values: Sequence[Any]) -> Any:
        """The same for values and tangents of what is differentiated, when that is a derivative itself."""
        inner = self.pyfunc
        if not isinstance(inner, _Face):
            return result
        if self.mode.result == BOTH:
            value, tangent = result
            kept = (inner._restored(value[0], values), value[1]) if self.has_aux else inner._restored(value, values)
            return kept, inner._restored(tangent, values)
        if self.mode.result == TANGENT:
            return inner._restored(result, values)
        if self.mode.result == LAST:
            return inner._gradients(result, values)
        value, gradient, tangent = result
        return value, inner._gradients(gradient, values), inner._gradients(tangent, values)

    # ---- arguments that share memory ----

    def _overlapped(self, values: Sequence[Any], error: p.Overlap) -> Any:
        """A call with arguments that overlap, one of which the function changes."""
        call = overlap.shared(values[self._first :])
        if call is None or self.mode.outputs.argnums:
            raise error
        places, names = tuple(call.places), parameters(self.function)
        at = overlap.positions(self.argnums, places)
        wrt = tuple(dict.fromkeys(at))
        if places not in self.shared:
            f = overlap.function_of_memory(self.pyfunc, self.function.__name__, names, places)
            kind: Any = type(self)
            self.shared[places] = kind(f, wrt, self.value, self.has_aux, self.options, False, self.mode)
        if self.mode.kind == "jvp":
            given = dict(zip(self.argnums, (values[0],) if self.single else values[0], strict=True))
            dots = overlap.tangents(call, given, dict(zip(self.argnums, at, strict=True)), names, self.mode.several)
            return self.shared[places](dots, *overlap.arguments(call))
        result = self.shared[places](*values[: self._first], *overlap.arguments(call))
        kept, bars = (None, result)
        if self.value:
            kept, bars = result
        elif self.has_aux:
            bars, kept = result
        found = [bars[wrt.index(k)] for k in at]
        shown = tuple(
            g if places[k] is None else call.shown(k, g).copy() for k, g in zip(self.argnums, found, strict=True)
        )
        gradient = shown[0] if self.single else shown
        return (kept, gradient) if self.value else (gradient, kept) if self.has_aux else gradient

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of all parameters."""
        bound = inspect.signature(self.py_func).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args

    def _specialised(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, tuple[types.Type, ...]]:
        """The gradient that serves a call, and its argument types; `args` are sample values or Numba types."""
        bound = inspect.signature(self.py_func).bind(*args, **kwargs)
        bound.apply_defaults()
        values = list(bound.arguments.values())
        if any(map(structure.foreign, values)):
            return self._for(values), tuple(_typeof(structure.as_tuples(v)) for v in values)
        return self, self._types_of(args, kwargs)

    def _types_of(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[types.Type, ...]:
        """Argument types of a call; `args` are sample values or Numba types."""
        bound = inspect.signature(self.py_func).bind(*args, **kwargs)
        given = set(bound.arguments)
        bound.apply_defaults()
        return tuple(
            types.Omitted(v) if name not in given else v if isinstance(v, types.Type) else _typeof(v)
            for name, v in bound.arguments.items()
        )

    # ---- to look at ----

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The emitted adjoint for these arguments (sample values or Numba types).

        Without arguments, what was emitted so far.
        """
        if not args and not kwargs and (self.specialisations or parameters(self.function)):
            made = {t: s for g in (self, *self.structured.values()) for t, s in g.specialisations.items()}
            return "\n\n".join(f"# ({', '.join(map(str, t))})\n{s.source}" for t, s in made.items())
        gradient, argtypes = self._specialised(args, kwargs)
        spec = gradient.specialisations.get(argtypes)
        return (spec or compiler.emitted(gradient._request(argtypes))).source

    def stages(self, *args: Any, **kwargs: Any) -> Any:
        """Every stage of the compiler for these arguments, by name."""
        from .debug import Stages

        gradient, argtypes = self._specialised(args, kwargs)
        return Stages(compiler.stages(gradient._request(argtypes)))

    def __repr__(self) -> str:
        if not self._ready:  # Numba names the type of this object, and code compiled for it, after this text
            return f"<gradient {next(_numbers)} of {user_function(self.pyfunc).__name__}>"
        names, k = parameters(self.function), len(self.specialisations)
        wrt = ", ".join(names[i] for i in self.argnums)
        own = f"{self.function.__name__}({', '.join(names)})"
        inner = f"{self.pyfunc!r}" if isinstance(self.pyfunc, _Face) else own
        return f"<{self._what} of {inner} wrt {wrt} [{k} specialisation{'s' * (k != 1)}]>"

    @property
    def _what(self) -> str:
        return self.mode.kind if self.mode.seeded else "value_and_grad" if self.value else "grad"

    def _repr_markdown_(self) -> str:
        name, wrt = self.function.__name__, (f"`{parameters(self.function)[i]}`" for i in self.argnums)
        head = f"**{self._what}** of `{name}{inspect.signature(self.function)}` with respect to {', '.join(wrt)}"
        parts = [head]
        for argtypes, spec in self.specialisations.items():
            parts.append(f"for `({', '.join(map(str, argtypes))})`:\n\n```python\n{spec.source}```")
        return "\n\n".join(parts if len(parts) > 1 else [head + ", not called yet"])


class Gradient(_Face, CPUDispatcher):
    """The gradient of a function, compiled for the argument types it meets.

    A Numba dispatcher: calls from Python cost what calls of an njit function cost, and compiled code calls it
    like one.  Its overloads are not compiled from the user's function but from the adjoint emitted for it.
    """

    def __init__(self, *described: Any):
        self._describe(*described)
        callee = seeds_first(self.function, self.mode) if self.mode.seeded else self.function
        super().__init__(
            callee, targetoptions={"nopython": True, "error_model": "numpy", **compiler.for_numba(self.options)}
        )
        self._ready = True

    @property
    def _numba_type_(self) -> types.Type:
        return self._type

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Called when compiled code calls the gradient with types that were not met yet.

        While Numba infers the types of a loop, it asks with types that may still change (an `x` that is an integer
        only before the first trip): a typing error is raised then, which it reports, with the place of the call,
        if it stands to the end.
        """
        try:
            _, folded = self._compiler.fold_argument_types(args, kws)
            return CPUDispatcher.get_call_template(self._inside(tuple(folded)), args, kws)
        except (SourceadError, TypeError) as e:
            raise TypingError(str(e)) from e

    def get_overload(self, sig: Any) -> Any:
        return CPUDispatcher.get_overload(self._inside(tuple(sigutils.normalize_signature(sig)[0])), sig)

    def _inside(self, argtypes: tuple[types.Type, ...]) -> Gradient:
        """The gradient that compiled code calls in the place of this one: extents need not be equal."""
        if self.extents != "equal":
            return self
        argtypes = tuple(map(types.unliteral, argtypes))
        with global_compiler_lock:
            spec = self.specialisations.get(argtypes)
            if spec is None:
                spec = self.specialisations[argtypes] = compiler.emitted(self._request(argtypes))
        return self._of("equal or any") if raised(p.Unequal) in spec.source else self

    def compile(self, sig: Any) -> Any:
        argtypes = tuple(map(types.unliteral, sigutils.normalize_signature(sig)[0]))
        with global_compiler_lock, self._compiling_counter:
            if argtypes not in self.overloads:
                if not self._can_compile:
                    raise RuntimeError("compilation disabled")
                spec = compiler.compiled(self._request(argtypes))
                self.specialisations[argtypes] = spec
                self.add_overload(spec.result)
                if raised(p.Overlap) in spec.source or raised(p.Unequal) in spec.source:
                    self.__class__ = GuardedGradient
                spec.result.environment.consts.append(Witness(self))
        return self.overloads[argtypes].entry_point

    def _compile_for_args(self, *args: Any, **kws: Any) -> Any:
        """Called on a call from Python with types that were not met yet."""
        values = [a.value if isinstance(a, OmittedArg) else a for a in args]
        if any(map(structure.foreign, values)):
            return lambda *args, **kws: self._call(values)  # Numba calls what it is given
        self._check([_typeof(v) for v in values], values)
        try:
            made = super()._compile_for_args(*args, **kws)
            if isinstance(self, GuardedGradient):
                given = zip(parameters(self.py_func), args, strict=False)
                named = {n: a for n, a in given if not isinstance(a, OmittedArg)} | kws
                return lambda *args, **kws: self(**named)
            return made
        except SourceadError as e:
            if config.FULL_TRACEBACKS:
                raise
            raise e.with_traceback(None) from None

    def _compilation_chain_init_hook(self) -> None:
        """Done only when something has to be compiled: it takes long."""

    def recompile(self) -> None:
        """Take the present values of globals and callees into account, which are otherwise as at the first call."""
        argtypes = list(self.overloads)
        self._reset_overloads()
        self.specialisations.clear()
        self.structured.clear()
        self.shared.clear()
        self.others.clear()
        for a in argtypes:
            self.compile(a)

    def _make_finalizer(self) -> Callable[[], None]:
        return lambda: None  # compiled code belongs to the specialisation, which gradients share

    @functools.cached_property
    def primal(self) -> Any:
        """The function itself, compiled with the same options."""
        if isinstance(self.pyfunc, _Face):
            return self.pyfunc
        return native(self.function, **compiler.for_numba(self.options))

    def _reduce_states(self) -> dict[str, Any]:
        sigs = [] if self._can_compile else [r.signature for r in self.overloads.values()]
        return {"uuid": str(self._uuid), "arguments": self._arguments(), "can_compile": self._can_compile, "sigs": sigs}

    @classmethod
    def _rebuild(cls, uuid: str, arguments: tuple[Any, ...], can_compile: bool, sigs: list[Any]) -> Gradient:
        if uuid in cls._memo:
            return cls._memo[uuid]
        self = cls(*arguments)
        self._set_uuid(uuid)
        for sig in sigs:
            self.compile(sig)
        self._can_compile = can_compile
        return self


def raised(error: type[Exception]) -> str:
    """How emitted code raises an error."""
    return f"raise {error.__name__}("


class GuardedGradient(Gradient):
    """One that may be called with arrays that overlap, or with extents that are not equal: its code finds out."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except p.Overlap as e:
            return self._overlapped(self._bound(args, kwargs), e)
        except p.Unequal:
            return self._of("any")(*args, **kwargs)


class PythonGradient(_Face):
    """The same emitted code, run by Python: for `pdb`, profilers and coverage."""

    def __init__(self, *described: Any):
        self._describe(*described)
        self.py_func = seeds_first(self.function, self.mode) if self.mode.seeded else self.function
        functools.update_wrapper(self, self.py_func)
        self._ready = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bound = inspect.signature(self.py_func).bind(*args, **kwargs)
        bound.apply_defaults()
        if any(map(structure.foreign, bound.args)):
            return self._call(bound.args)
        argtypes = tuple(_typeof(v) for v in bound.args)
        if argtypes not in self.specialisations:
            self._check(argtypes, bound.args)
            self.specialisations[argtypes] = compiler.emitted(self._request(argtypes))
        # Like compiled code, NumPy's floats divide by zero without an exception.
        values = [structure.mapped(_as_numpy, v) for v in bound.args]
        with np.errstate(all="ignore"):
            try:
                return self.specialisations[argtypes].function(*values)
            except p.Overlap as e:
                return self._overlapped(values, e)
            except p.Unequal:
                return self._of("any")(*values)

    def __get__(self, obj: Any, objtype: Any = None) -> Any:
        return self if obj is None else pytypes.MethodType(self, obj)

    def __reduce__(self) -> Any:
        return PythonGradient, self._arguments()

    @property
    def primal(self) -> Any:
        return self.pyfunc


def _as_numpy(v: Any) -> Any:
    return np.float64(v) if type(v) is float else v


def _typeof(v: Any) -> types.Type:
    try:
        found = typeof(v)
    except (ValueError, NumbaError):
        found = None
    if found is not None:
        return found
    return types.Tuple(tuple(map(_typeof, v))) if type(v) is tuple else types.pyobject


def seeds_first(fn: Callable[..., Any], mode: Mode) -> Callable[..., Any]:
    """What a seeded derivative looks like to its callers: the function with seeds as its first argument."""

    def derivative(*args: Any) -> Any:
        raise NotImplementedError

    found = inspect.signature(fn)
    kind = next((q.kind for q in found.parameters.values()), inspect.Parameter.POSITIONAL_OR_KEYWORD)
    first = inspect.Parameter(mode.first + "_" * (mode.first in found.parameters), kind)
    derivative.__name__ = derivative.__qualname__ = f"{fn.__name__}_{mode.kind}"
    derivative.__module__, derivative.__doc__, derivative.__defaults__ = fn.__module__, fn.__doc__, fn.__defaults__
    derivative.__signature__ = found.replace(parameters=[first, *found.parameters.values()])  # type: ignore[attr-defined]
    return derivative


def user_function(f: Any) -> Callable[..., Any]:
    """The Python function behind `f`."""
    if isinstance(f, (_Face, Dispatcher)):
        return f.py_func
    if isinstance(f, pytypes.FunctionType):
        return f
    what = f"a {type(f).__name__}"
    if isinstance(f, (functools.partial, pytypes.MethodType)):
        raise TypeError(f"grad takes a function, not {what}; write lambda x: f(..., x) instead")
    raise TypeError(f"grad takes a Python function, an njit function or another gradient, not {what}: {f!r}")


def _make(
    f: Any,
    argnums: Any,
    has_aux: bool,
    value: bool,
    jit: bool,
    cache: bool,
    options: dict[str, Any],
    mode: Mode = GRAD,
) -> Any:
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise TypeError(
            f"unknown option{'s' * (len(unknown) > 1)} {', '.join(unknown)}; known are {', '.join(OPTIONS)}"
        )

    def make(f: Any) -> Any:
        kind = Gradient if jit and not config.DISABLE_JIT else PythonGradient
        if isinstance(f, Dispatcher) and not isinstance(f, (_Face, CustomRule)):
            f = f.py_func
        f = ordinary(f)
        if isinstance(f, _Face) and mode.outputs.argnums:
            raise TypeError("a derivative writes no results into its arguments: leave outnums out")
        return kind(f, argnums, value, bool(has_aux), options, cache, mode)

    return make if f is None else make(f)


def grad(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """The gradient of `f`, a function of the same arguments.

    `f` returns a float; with `has_aux`, a pair `(value, aux)`, and the gradient returns `(gradient, aux)`.
    `argnums` says which arguments to differentiate: an int gives one gradient, a tuple of ints a tuple.
    A gradient has the type and the shape of its argument.  `f` is a function, an njit function or another
    gradient; without it, `grad` is a decorator.  The result is called from Python and from njit code.

    `jit=False` runs the emitted adjoint as plain Python, `cache=False` leaves the disk alone; `fastmath`,
    `nogil` and `boundscheck` are passed on to Numba.  `vecmath=False` leaves `exp`, `log` and their kin in loops to
    the C library, rather than to code that is vectorised (docs/vecmath.md).  With `parallel=True`, loops over `prange`
    run in parallel where that changes nothing (docs/design/parallel.md).
    """
    return _make(f, argnums, has_aux, False, jit, cache, options)


def value_and_grad(
    f: Any = None,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    jit: bool = True,
    cache: bool = True,
    **options: Any,
) -> Any:
    """Like `grad`, but the result is `(value, gradient)`; with `has_aux`, `((value, aux), gradient)`."""
    return _make(f, argnums, has_aux, True, jit, cache, options)
