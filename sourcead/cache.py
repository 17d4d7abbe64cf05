"""Emitted and compiled gradients on disk, so that the next process neither differentiates nor compiles.

An entry is two files: `<name>_<key>.py`, the emitted text where tracebacks and profilers find it, and
`<key>.bin`, everything needed to run it.  The key covers all that the code depends on, so entries are never
updated, and no lock is needed: files are written aside and renamed.  Whatever goes wrong here costs time only.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import pickle
import platform
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from numba import types

from .special import known

if TYPE_CHECKING:
    from .compile import Request

_MAGIC = b"sourcead cache 1\n"


@dataclass(frozen=True)
class Entry:
    name: str
    source: str
    constants: dict[str, Any]  # values of frozen globals, by their names in the emitted text
    code: bytes | None  # a pickled compile result
    routines: tuple[tuple[str, Any], ...] = ()  # other functions in the text, with their signatures


# ---- where ---------------------------------------------------------------------------------


def directory() -> Path | None:
    """The cache directory; None when `SOURCEAD_CACHE=0`."""
    if os.environ.get("SOURCEAD_CACHE", "1").lower() in ("0", "off", "false", "no"):
        return None
    if own := os.environ.get("SOURCEAD_CACHE_DIR"):
        return Path(own).expanduser()
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # no home directory
        return None
    return base / "sourcead"


# ---- key -----------------------------------------------------------------------------------


def key(request: Request) -> str | None:
    """A digest of all that the compiled gradient depends on; None when that cannot be known."""
    function = fingerprint(request.pyfunc)
    if function is None or not all(map(_portable, request.argtypes)):
        return None
    parts = (
        function,
        tuple(map(str, request.argtypes)),
        (request.argnums, request.single, request.value, request.has_aux),
        (request.given, request.mode, request.extents),
        sorted(request.options),
        versions(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def fingerprint(pyfunc: Any) -> str | None:
    """A digest of the user's function, or the gradient, with everything it reaches; None when it is unknown."""
    from .fingerprint import fingerprint as of_function

    try:
        return of_function(pyfunc)
    except Exception:  # values without a stable text: not cached
        return None


def _portable(t: types.Type) -> bool:
    """Does the type's name mean the same in every process?"""
    match t:
        case types.Omitted():
            return isinstance(t.value, (int, float, str, type(None)))
        case types.Array():
            return _portable(t.dtype)
        case types.BaseTuple():
            return not isinstance(t, types.BaseNamedTuple) and all(map(_portable, t))
    return isinstance(t, (types.Number, types.Boolean, types.NoneType, types.UnicodeType))


@functools.lru_cache(maxsize=1)
def versions() -> str:
    """Everything but the user's program that decides what code comes out."""
    import llvmlite
    import numba
    import numpy
    from numba.core import config
    from numba.core.registry import cpu_target

    switches = ("OPT", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "FULL_TRACEBACKS")
    return repr(
        (
            sys.version,
            platform.python_implementation(),
            numba.__version__,
            numpy.__version__,
            llvmlite.__version__,
            cpu_target.target_context.codegen().magic_tuple(),  # processor and its features
            [(s, getattr(config, s, None)) for s in switches],
            _compiler_stamp(Path(__file__).parent),
        )
    )


def _compiler_stamp(folder: Path) -> list[tuple[str, int, int]]:
    """Sizes and times of this package's own files: another compiler, another key."""
    out: list[tuple[str, int, int]] = []
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.is_dir() and entry.name != "__pycache__":
            out += _compiler_stamp(Path(entry.path))
        elif entry.name.endswith(".py"):
            stat = entry.stat()
            out.append((entry.path, stat.st_size, stat.st_mtime_ns))
    return out


# ---- reading and writing -------------------------------------------------------------------


def load(key: str) -> Entry | None:
    folder = directory()
    if folder is None:
        return None
    try:
        data = (folder / f"{key}.bin").read_bytes()
        magic, digest, payload = data[: len(_MAGIC)], data[len(_MAGIC) :][:32], data[len(_MAGIC) + 32 :]
        if magic != _MAGIC or hashlib.sha256(payload).digest() != digest:
            return None
        return Entry(*pickle.loads(payload))
    except Exception:  # missing, truncated, unreadable, from elsewhere: all the same to us
        return None


def save(key: str, entry: Entry) -> str:
    """Write an entry; the name of the source file, or '' when there is none."""
    folder = directory()
    if folder is None:
        return ""
    try:
        payload = pickle.dumps(tuple(vars(entry).values()), protocol=5)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / f"{key}.bin", _MAGIC + hashlib.sha256(payload).digest() + payload)
    except Exception:
        return ""
    return source_file(key, entry)


def source_file(key: str, entry: Entry) -> str:
    """The file holding the entry's text, (re)written when it is not there or was changed; '' if that fails."""
    folder = directory()
    if folder is None:
        return ""
    path, text = folder / f"{entry.name}_{key}.py", entry.source.encode()
    try:
        if not path.is_file() or path.read_bytes() != text:
            _write(path, text)
    except OSError:
        return ""
    return str(path)


def _write(path: Path, data: bytes) -> None:
    """All or nothing, also among processes."""
    handle, aside = tempfile.mkstemp(prefix=f".{path.stem}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise


# ---- compile results -----------------------------------------------------------------------


def dump_result(result: Any) -> bytes | None:
    """A compile result as bytes; None when its code holds addresses of this process."""
    from numba.core.serialize import dumps

    library = code_of(result)
    if result.lifted or library.has_dynamic_globals:
        return None
    try:
        *payload, environments = result._reduce()
        # Environments without constants are never read, but each would import the module it belongs to.
        used = tuple(e for e in environments if e.consts)
        with Witness.not_needed():
            return dumps((_externals(library), (*payload, used)))
    except Exception:
        return None


def code_of(result: Any) -> Any:
    """The code library of a compile result."""
    from numba.core.compiler import CompileResult

    match result:
        case CompileResult(library=library):
            return library
    raise TypeError(result)


def _externals(library: Any) -> tuple[str, ...]:
    """The symbols that the code expects the process to have."""
    module = library._final_module
    return tuple(
        s.name
        for s in itertools.chain(module.functions, module.global_variables)
        if s.is_declaration and not s.name.startswith("llvm.")
    )


def load_result(code: bytes) -> Any:
    from llvmlite.binding import address_of_symbol
    from numba import get_num_threads
    from numba.core.compiler import CompileResult
    from numba.core.registry import cpu_target
    from numba.core.runtime import rtsys

    context = cpu_target.target_context
    known()
    try:
        externals, payload = pickle.loads(code)
        rtsys.initialize(context)
        if "get_num_threads" in externals:
            get_num_threads()  # starts threads, and makes the symbols of parallel loops known
        if not all(map(address_of_symbol, externals)):
            context.refresh()  # imports all of Numba's implementations: half a second, rarely needed
            if not all(map(address_of_symbol, externals)):
                return None
        result = CompileResult._rebuild(context, *payload)
        context.insert_user_function(result.entry_point, result.fndesc, [code_of(result)])
    except Exception:
        return None
    return result


# ---- caches of other functions ---------------------------------------------------------------


class Stale(OSError):
    """A gradient inside the cached code of another function has changed; to Numba, a file that is not there."""


class Witness:
    """Lets no `@njit(cache=True)` function run an old gradient.

    Numba keeps such a function's code with the gradient's code inside, and looks only at the function's own file
    before using it again.  It also keeps the constants that go with the gradient's code; this object is one of
    them, and when it is loaded, compares the gradients that the program has now with the one it had then.
    """

    needed = True

    @classmethod
    @contextmanager
    def not_needed(cls) -> Iterator[None]:
        """Around the keeping of our own code: gradients that rules of the user's call inside are in its key."""
        cls.needed = False
        try:
            yield
        finally:
            cls.needed = True

    def __init__(self, gradient: Any):
        self.gradient = weakref.ref(gradient)

    def __reduce__(self) -> Any:
        gradient = self.gradient()
        if gradient is None or not self.needed:  # nobody can have used it
            return tuple, ()
        return testify, (_bindings(gradient), state(gradient))


def state(gradient: Any) -> str | None:
    """What a gradient computes, and how."""
    text = fingerprint(gradient)
    return text and repr((text, sorted(gradient.options.items()), versions()))


def _bindings(gradient: Any) -> tuple[tuple[str, str], ...]:
    """The global names of a gradient, through which compiled code can have got hold of it."""
    modules = [(name, m) for name, m in list(sys.modules.items()) if isinstance(m, ModuleType)]
    return tuple((name, key) for name, m in modules for key, v in list(vars(m).items()) if v is gradient)


def testify(bindings: tuple[tuple[str, str], ...], then: str | None) -> None:
    """Raise `Stale` unless each of these global names still stands for the same gradient."""
    known()  # the code may call functions of SciPy
    present = [(m, key) for m, key in bindings if m in sys.modules]
    now = [vars(sys.modules[m]).get(key) for m, key in present]
    if then is None or not now or any(not hasattr(g, "argnums") or state(g) != then for g in now):
        raise Stale("a gradient has changed since this code was compiled")
