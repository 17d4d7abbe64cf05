"""From a request for a gradient to code that runs: emitted text, a Python function, a compiled one."""

from __future__ import annotations

import linecache
import warnings
import weakref
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any, Literal

from numba import types
from numba.core import config
from numba.core.compiler_lock import global_compiler_lock

from . import cache
from .checks import plain_type
from .outcome import GRAD, Mode
from .special import known
from .structure import Shape
from .vectorised import compiled_text, sums_in_order

Extents = Literal["equal", "any", "equal or any"]
"""What the emitted code takes extents for that are equal, or one of them 1: equal, and raises `primitives.Unequal` if
they are not; or it makes no difference; or they are equal, and if not, a second function in the text takes over."""


@dataclass(frozen=True)
class Request:
    """One gradient for one tuple of argument types; all that the emitted code depends on."""

    pyfunc: Any  # the user's function, or another gradient
    argtypes: tuple[types.Type, ...]
    argnums: tuple[int, ...]
    single: bool  # one gradient rather than a tuple of them
    value: bool
    has_aux: bool
    options: tuple[tuple[str, Any], ...] = ()
    cached: bool = True
    given: tuple[Shape, ...] = ()  # what arguments were that come as tuples
    mode: Mode = GRAD
    extents: Extents = "equal"

    @property
    def parallel(self) -> bool:
        return bool(dict(self.options).get("parallel"))

    @property
    def vecmath(self) -> bool:
        return bool(dict(self.options).get("vecmath", True))


def for_numba(options: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in options.items() if k != "vecmath"}


@dataclass(eq=False)
class Specialisation:
    """Emitted code for one tuple of argument types."""

    name: str
    source: str
    constants: Mapping[str, Any]
    key: str | None  # in the on-disk cache
    routines: tuple[tuple[str, Any], ...] = ()  # other functions in the text, with their signatures
    filename: str = ""
    result: Any = None  # Numba's CompileResult
    code: bytes | None = field(default=None, repr=False)  # the same as found on disk
    _function: Callable[..., Any] | None = None
    _dispatcher: Any = None  # owns `result`

    @property
    def function(self) -> Callable[..., Any]:
        """The emitted adjoint as a plain Python function."""
        if self._function is None:
            self._function = to_python(self)
        return self._function


# Equal requests share one compilation in a process; two copies of one symbol would confuse the linker.
_alive: weakref.WeakValueDictionary[str, Specialisation] = weakref.WeakValueDictionary()


def stages(request: Request) -> dict[str, Any]:
    """Stage name -> program, in order; the last one is what is emitted."""
    from .pipeline import derivative_stages
    from .unequal import or_else

    if request.extents == "equal or any":
        found = stages(replace(request, extents="equal"))
        return found | {"emit": or_else(found["emit"], lambda: stages(replace(request, extents="any"))["emit"])}

    known()
    argtypes = tuple(map(plain_type, request.argtypes))
    with global_compiler_lock:
        disabled, config.DISABLE_JIT = config.DISABLE_JIT, 0  # type inference compiles what it needs to type
        try:
            return derivative_stages(
                request.pyfunc,
                argtypes,
                request.argnums[0] if request.single else request.argnums,
                value=request.value,
                has_aux=request.has_aux,
                given=request.given,
                parallel=request.parallel,
                mode=request.mode,
                equal=request.extents == "equal",
            )
        finally:
            config.DISABLE_JIT = disabled


def emitted(request: Request) -> Specialisation:
    """The adjoint's text: shared, from disk, or made now."""
    key = cache.key(request)
    with global_compiler_lock:
        if key is not None and key in _alive:
            return _alive[key]
        spec = _from_disk(key) if key is not None and request.cached else None
        if spec is None:
            spec = _build(request, key)
            if key is not None and request.cached:
                spec.filename = cache.save(key, entry(spec, None))
        _register_lines(spec)
        if key is not None:
            _alive[key] = spec
        return spec


def _from_disk(key: str) -> Specialisation | None:
    entry = cache.load(key)
    if entry is None:
        return None
    filename = cache.source_file(key, entry)
    return Specialisation(entry.name, entry.source, entry.constants, key, entry.routines, filename, code=entry.code)


def entry(spec: Specialisation, code: bytes | None) -> cache.Entry:
    return cache.Entry(spec.name, spec.source, dict(spec.constants), code, spec.routines)


def _build(request: Request, key: str | None) -> Specialisation:
    from .emit import to_source

    program = list(stages(request).values())[-1]
    own = tuple(map(plain_type, request.argtypes))
    routines = tuple((g.name, signature(g) if g.returns is not None else own) for g in program.routines)
    return Specialisation(program.name, to_source(program), dict(program.constants), key, routines)


def signature(g: Any) -> Any:
    """The Numba signature of a function that stays a call."""
    return g.returns(*(g.types[n] for n in g.params))


AUTOMATIC = ("comprehension", "reduction", "inplace_binop", "setitem", "numpy", "stencil", "fusion")
"""What Numba would run in parallel besides `prange` loops."""

_serial = iter(range(1, 1 << 62))


def _register_lines(spec: Specialisation) -> None:
    """Without a file on disk, tracebacks and debuggers find the text in `linecache`."""
    if not spec.filename:
        spec.filename = f"<sourcead {spec.name} {next(_serial)}>"
        linecache.cache[spec.filename] = (len(spec.source), None, spec.source.splitlines(True), spec.filename)


def to_python(
    spec: Specialisation, wrap: Callable[[Any], Any] | None = None, vecmath: bool = False
) -> Callable[..., Any]:
    """The emitted function; those that it calls by name are made what `wrap` makes of them.

    vecmath: for Numba, with functions that are vectorised in the places of NumPy's.
    """
    from . import emit, ir

    space = emit.namespace(ir.Function(spec.name, (), (), constants=spec.constants))
    space["__name__"] = __package__  # a module that any process can import: Numba's caches ask for it
    code: Any = spec.source
    if vecmath:
        code, replaced = compiled_text(spec.source, spec.filename, space)
        space |= replaced
    exec(compile(code, spec.filename, "exec") if isinstance(code, str) else code, space)
    for name, _ in spec.routines:
        space[name].__qualname__ = f"k{spec.key or next(_serial)}.{name}"
        if wrap is not None:
            space[name] = wrap(space[name])
    if wrap is not None:
        for name, types_ in reversed(spec.routines):
            space[name].compile(types_)
    fn = space[spec.name]
    # Numba derives symbol names from the qualified name; objects loaded from disk must not clash with new ones.
    fn.__qualname__ = f"k{spec.key or next(_serial)}.{spec.name}"
    return fn


def compiled(request: Request) -> Specialisation:
    """The adjoint compiled for the request's argument types (to be called under Numba's compiler lock)."""
    spec = emitted(request)
    if "np.fft." in spec.source and find_spec("rocket_fft") is None:
        raise without_fft(request)
    if spec.result is None and spec.code is not None:
        spec.result, spec.code = cache.load_result(spec.code), None
        if spec.result is not None:  # forget it with us, as Numba does for what it compiles
            context, entry = spec.result.target_context, spec.result.entry_point
            weakref.finalize(spec, context.remove_user_function, entry).atexit = False
    if spec.result is None:
        _compile(spec, request)
    return spec


def without_fft(request: Request) -> Exception:
    """The refusal of Fourier transforms where nothing compiles them."""
    from .errors import Unsupported
    from .ir import Call, operands, walk

    first = next(iter(stages(request).values()))
    calls = ((s.loc, e) for s in walk(first.body) for e in operands(s) if isinstance(e, Call))
    loc = next((loc for loc, e in calls if getattr(e.fn, "__module__", "") == "numpy.fft"), None)
    return Unsupported(
        "np.fft is compiled by the package rocket-fft, which is not installed",
        loc,
        "install it, pip install 'sourcead[fft]', or run the gradient as plain Python with jit=False",
    )


def _compile(spec: Specialisation, request: Request) -> None:
    from numba import njit
    from numba.core import entrypoints
    from numba.core.errors import NumbaError, NumbaPerformanceWarning

    from .errors import InternalError

    entrypoints.init_all()
    options = for_numba(dict(request.options))
    if request.parallel:
        options["parallel"] = {**dict.fromkeys(AUTOMATIC, False), "prange": True}
    wrap = njit(error_model="numpy", **options)
    switched = sums_in_order() if request.vecmath else nullcontext()
    try:
        with switched, warnings.catch_warnings():  # advice on emitted code is of no use to the user
            warnings.simplefilter("ignore", NumbaPerformanceWarning)
            dispatcher = wrap(to_python(spec, wrap, request.vecmath))
            dispatcher.compile(request.argtypes)
    except NumbaError as e:
        raise InternalError(f"the adjoint emitted to {spec.filename} does not compile: {e}") from e
    spec._dispatcher = dispatcher
    spec.result = dispatcher.overloads[request.argtypes]
    if spec.key is not None and request.cached:
        code = cache.dump_result(spec.result)
        if code is not None:
            cache.save(spec.key, entry(spec, code))
