"""Emitted and compiled gradients on disk, so that the next process neither differentiates nor compiles.

An entry is two files: `<name>_<key>.py`, the emitted text where tracebacks and profilers find it, and
`<key>.bin`, everything needed to run it.  The key covers all that the code depends on, so entries are never
updated, and no lock is needed: files are written aside and renamed.  Whatever goes wrong here costs time only.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numba import types

if TYPE_CHECKING:
    from .compile import Request

_MAGIC = b"sourcead cache 1\n"


@dataclass(frozen=True)
class Entry:
    name: str
    source: str
    constants: dict[str, Any]  # values of frozen globals, by their names in the emitted text
    code: bytes | None  # a pickled compile result


# ---- where ---------------------------------------------------------------------------------


def directory() -> Path | None:
    """The cache directory; None when `SOURCEAD_CACHE=0`."""
    if os.environ.get("SOURCEAD_CACHE", "1").lower() in ("0", "off", "false", "no"):
        return None
    if own := os.environ.get("SOURCEAD_CACHE_DIR"):
        return Path(own)
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
        sorted(request.options),
        versions(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def fingerprint(pyfunc: Any) -> str | None:
    """The user's function with everything it reaches; of a gradient, that of its function and what is asked."""
    if hasattr(pyfunc, "argnums"):
        inner = fingerprint(pyfunc.pyfunc)
        return inner and repr((inner, pyfunc.argnums, pyfunc.single, pyfunc.value, pyfunc.has_aux))
    from .frontend.fingerprint import fingerprint as of_function

    try:
        return of_function(pyfunc)
    except Exception:  # no source, values without a stable text: not cached
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
        payload = pickle.dumps((entry.name, entry.source, entry.constants, entry.code), protocol=5)
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

    if result.lifted or result.library.has_dynamic_globals:
        return None
    try:
        return dumps(result._reduce())
    except Exception:
        return None


def load_result(code: bytes) -> Any:
    from numba.core.compiler import CompileResult
    from numba.core.registry import cpu_target

    context = cpu_target.target_context
    try:
        result = CompileResult._rebuild(context, *pickle.loads(code))
        context.insert_user_function(result.entry_point, result.fndesc, [result.library])
    except Exception:
        return None
    return result
