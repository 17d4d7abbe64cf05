"""Types, from Numba: print the flat program, let Numba infer, read the answer by name.

All dependence on the internals of Numba's type inference is in this file.
"""

from __future__ import annotations

import operator as op
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from types import BuiltinFunctionType, FunctionType, SimpleNamespace
from typing import Any

import numpy as np
from numba.core import compiler, errors, sigutils, typed_passes, types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager
from numba.core.registry import CPUDispatcher, cpu_target
from numba.core.typing import signature

from . import beyond  # noqa: F401  (it registers types)
from .direct import SPECIAL, types_directly
from .emit import lines, name_of, to_function
from .errors import Unsupported, spelled
from .ir import (
    Block,
    Call,
    Const,
    Expr,
    Function,
    If,
    Index,
    Loc,
    Slice,
    Stmt,
    Var,
    While,
    blocks,
    bound,
    children,
    map_exprs,
    operands,
    rebuild,
    walk,
    with_blocks,
)
from .nested import DerivativeOf
from .primitives import chosen, one_of, pack
from .stand_ins import STAND_INS, masked, quoted


class _TypesOnly(CompilerBase):
    """Numba's pipeline, ended after type inference."""

    def define_pipelines(self) -> list[PassManager]:
        manager = PassManager("types only")
        for step, why in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            manager.add_pass(step, why)
            if step is typed_passes.NopythonTypeInference:
                break
        manager.finalize()
        return [manager]


class TypedOnly(CPUDispatcher):
    """A function that is typed where typed code calls it, and not compiled."""

    runs: Callable[..., Any] | None = None  # what it does when Python calls it, when that is another function

    def __call__(self, *args: Any) -> Any:
        return (self.runs or self.py_func)(*args)

    def compile(self, sig: Any) -> None:
        argtypes = tuple(sigutils.normalize_signature(sig)[0])
        if argtypes in self.overloads:
            return
        with self._compiling_counter:  # by which Numba knows calls of a function in itself
            returned = types_of(self.py_func, argtypes).return_type
        name = SimpleNamespace(modname="", qualname=self.py_func.__name__, uid=0)
        found = SimpleNamespace(signature=signature(returned, *argtypes), fndesc=name, objectmode=False)
        self.overloads[argtypes] = found

    def _make_finalizer(self) -> Callable[[], None]:
        return lambda: None  # there is no code to be forgotten


def types_of(pyfunc: Any, argtypes: tuple[types.Type, ...]) -> Any:
    """What Numba knows of a function after type inference; raises its error when there is no `typemap`."""
    flags = compiler.Flags()
    flags.nrt = True  # arrays may be created and returned
    flags.error_model = "numpy"
    run = _TypesOnly(cpu_target.typing_context, cpu_target.target_context, None, argtypes, None, flags, {})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run.compile_extra(pyfunc)
    except errors.NumbaError:
        raise
    except Exception:
        if not run.state.typemap:  # what fails after inference is not our concern here
            raise
    return run.state


def infer(f: Function, argtypes: tuple[types.Type, ...]) -> Function:
    """The program with `types`: the Numba type of every name, for arguments of these types."""
    from . import frozen, items  # which ask the analyses, which rest on types

    try:
        if items.numbers(f):
            return items.with_lists(f, lambda g: without_lists(g, argtypes))
        return without_lists(f, argtypes)
    except Exception:
        found = frozen.changes(f)
        if found:
            raise Unsupported(findings=found) from None
        raise


def without_lists(f: Function, argtypes: tuple[types.Type, ...]) -> Function:
    nameable(f)
    indexed = {e for s in walk(f.body) for e in operands(s) if isinstance(e, Index) and any(map(is_name, e.index))}
    wide: frozenset[Expr] = frozenset()  # elements picked by masks with several axes, whose types Numba mistakes
    while True:
        try:
            g = typed(f, argtypes, wide)
        except Unsupported as refused:
            try:
                g = typed(f, argtypes, frozenset(indexed))
            except Unsupported:
                raise refused from None
            if all(e in wide or not has_wide_mask(e, g.types) for e in indexed):
                raise
        found = {e for e in indexed if has_wide_mask(e, g.types)}
        if found <= wide:
            return g
        wide |= found


def is_name(e: Expr) -> bool:
    return isinstance(e, Var)


def has_wide_mask(e: Index, known: Mapping[str, Any]) -> bool:
    masks = (known.get(i.name) for i in e.index if isinstance(i, Var))
    return any(isinstance(t, types.Array) and isinstance(t.dtype, types.Boolean) and t.ndim > 1 for t in masks)


def typed(f: Function, argtypes: tuple[types.Type, ...], wide: frozenset[Expr]) -> Function:
    """The program with types, the elements in `wide` typed by a stand-in."""
    context = cpu_target.typing_context
    context.refresh()
    cpu_target.target_context.refresh()
    from .returns import returned

    printed = typeable(f, wide)
    direct = types_directly(printed, argtypes, returned)
    if direct is not None:
        return replace(f, types=direct)
    text = lines(printed)
    pyfunc = to_function(printed, "\n".join(t for t, _ in text) + "\n")
    try:
        typemap = types_of(pyfunc, argtypes).typemap
    except Exception as error:
        raise refusal(error, [loc for _, loc in text]) from error
    frozen = {name: context.resolve_value_type(value) for name, value in f.constants.items()}
    found = by_name(typemap, context) | dict(zip(f.params, argtypes, strict=True)) | frozen
    return replace(f, body=reached(f.body, found), types=found)


def reached(block: Block, types: Mapping[str, Any]) -> Block:
    """The block without the branches that Numba found never to be taken (`if 1 > 2`, `if w is None` of an array):
    what is made there has no types."""

    def dead(b: Block) -> bool:
        return any(n not in types for s in b for n in bound(s))

    out: list[Stmt] = []
    for s in block:
        match s:
            case If() if dead(s.then) or dead(s.orelse):
                out += (
                    reached(s.orelse if dead(s.then) else s.then, types)
                    if not (dead(s.then) and dead(s.orelse))
                    else ()
                )
            case While() if dead(s.body):
                out += reached(s.test, types)
            case _:
                out.append(with_blocks(s, tuple(reached(b, types) for b in blocks(s))))
    return tuple(out)


def nameable(f: Function) -> None:
    """Refuse functions that printed code has no name for, and those that neither Numba nor we know."""

    def visit(e: Expr, loc: Loc | None) -> None:
        if isinstance(e, Call):
            try:
                name_of(e.fn)
            except TypeError:
                module, name = getattr(e.fn, "__module__", ""), getattr(e.fn, "__name__", repr(e.fn))
                raise Unsupported(f"`{module}.{name}` is not known here", loc, "write what it does as a loop") from None
            if e.fn not in STAND_INS and not known(e.fn):
                raise Unsupported(f"{spelled(e.fn)} is not known to Numba", loc, "write what it does as a loop")
        for c in children(e):
            visit(c, loc)

    for s in walk(f.body):
        for e in operands(s):
            visit(e, s.loc)


def typeable(f: Function, wide: frozenset[Expr] = frozenset()) -> Function:
    """The program as it is put to Numba, under another name: it may call itself."""
    return replace(f, name=f"{f.name}_primal", body=tuple(_typeable(s, wide) for s in f.body), arguments=())


@cache
def known(fn: Callable[..., Any]) -> bool:
    """Does Numba compile calls of this function, or are they printed as syntax?"""
    library = (getattr(fn, "__module__", None) or "").split(".")[0] in ("numpy", "scipy") and isinstance(
        fn, FunctionType
    )
    if fn in SPECIAL or not (library or isinstance(fn, (BuiltinFunctionType, np.ufunc, type(np.sum)))):
        return True
    context = cpu_target.typing_context
    context.refresh()
    cpu_target.target_context.refresh()
    try:
        context.resolve_value_type(fn)
    except ValueError:
        return False
    return True


def _typeable(s: Stmt, wide: frozenset[Expr]) -> Stmt:
    """`np.where` is printed as a choice between scalars; here its operands may be arrays. Others have stand-ins."""

    def expr(e: Expr) -> Expr:
        if isinstance(e, Index) and e in wide:
            e = Call(STAND_INS[masked].fn, (e.array, *map(as_argument, e.index)))
        if isinstance(e, Call) and e.fn is np.where and len(e.args) == 3:
            e = Call(chosen, e.args, e.kwargs)
        if isinstance(e, Call) and isinstance(e.fn, DerivativeOf):
            e = e.fn.typed(e.args)
        if isinstance(e, Call) and e.fn in STAND_INS:
            e = stand_in(e, s.loc)
        return rebuild(e, expr) if children(e) else e

    return with_blocks(map_exprs(s, expr), tuple(tuple(_typeable(c, wide) for c in b) for b in blocks(s)))


def stand_in(e: Call, loc: Loc | None) -> Call:
    """The call of what stands for a function, if something does."""
    try:
        args = STAND_INS[e.fn].called(e.args, dict(e.kwargs))
    except TypeError as why:
        raise Unsupported(f"it has no {spelled(e.fn)} for these arguments: {why}", loc, "leave it out") from None
    return e if args is None else Call(STAND_INS[e.fn].fn, tuple(map(given, args)))


def given(a: Any) -> Expr:
    """An argument of a stand-in: a float or a tuple of constants as its text, since Numba would forget the values."""
    if not isinstance(a, Expr):
        return Const(a)
    try:
        value = value_of(a)
    except ValueError:
        return a
    return Const(quoted(value)) if type(value) in (float, tuple) else a


def value_of(e: Expr) -> Any:
    """The value of a constant, or of a tuple of constants; ValueError for what is none."""
    match e:
        case Const(v):
            return v
        case Call(fn, args) if fn is pack:
            return tuple(map(value_of, args))
    raise ValueError


def as_argument(e: Expr) -> Expr:
    """An index as it may stand in a call."""
    if not isinstance(e, Slice):
        return e
    return Call(slice, tuple(Const(None) if x is None else x for x in (e.start, e.stop, e.step)))


def by_name(typemap: dict[str, Any], context: Any) -> dict[str, types.Type]:
    """One type a name: Numba's versions `x`, `x.1`, `x.2` unified."""
    versions: dict[str, list[types.Type]] = {}
    for name, type_ in typemap.items():
        if name[0] != "$" and not name.startswith("arg."):
            versions.setdefault(name.split(".")[0], []).append(types.unliteral(type_))
    found = {}
    for name, seen in versions.items():
        unified = context.unify_types(*seen)
        found[name] = seen[0] if unified is None else unified
    return found


def refusal(error: Exception, places: list[Loc | None]) -> Unsupported:
    """Numba's complaint about a printed line, told of the user's line."""
    line = getattr(getattr(error, "loc", None), "line", None)
    loc = places[line - 1] if line is not None and 0 < line <= len(places) else next(filter(None, places), None)
    reason = next((t.strip() for t in str(error).splitlines() if "Failed in" not in t and t.strip()), "")
    stood_in = next((fn for fn, s in STAND_INS.items() if f"<function {s.fn.__name__} at" in reason), None)
    if stood_in is one_of:
        what = "the items of a tuple with a computed index must be numbers, or arrays of one dtype and number of axes"
        return Unsupported(what, loc, "use constant indices, or an if")
    if stood_in is not None:
        reason = f"it has no {spelled(stood_in)} for these arguments"
    return Unsupported(
        f"Numba cannot type this: {reason}",
        loc,
        "the function must compile under numba.njit as it stands; try numba.njit(f)(...) for its full message",
    )


def is_float(t: types.Type | None) -> bool:
    """A real or complex scalar, or an array of them: what can carry a derivative."""
    return isinstance(element_type(t), (types.Float, types.Complex))


def is_complex(t: types.Type | None) -> bool:
    return isinstance(element_type(t), types.Complex)


def element_type(t: types.Type | None) -> types.Type | None:
    """The type of a scalar, or of an array's elements."""
    return t.dtype if isinstance(t, types.Array) else t


def is_array(t: types.Type | None) -> bool:
    return isinstance(t, types.Array)


REAL_VALUED = frozenset({np.real, np.imag, np.abs, abs, np.angle})
"""Functions whose results are real for complex arguments."""
COMPLEX_VALUED = frozenset({complex, np.complex128, np.complex64})


def among_complex(fn: Any, kinds: Iterable[Any]) -> bool:
    """Do complex numbers occur in a call of `fn` with operands and a result of these types?"""
    return fn in COMPLEX_VALUED or any(map(is_complex, kinds))


def complex_kind(fn: Any, operands: list[Any], type_: Any) -> Any:
    """The type of `fn` of scalars, where complex numbers occur."""
    if fn in (op.eq, op.ne, op.gt, op.lt):
        return types.boolean
    double = is_complex(type_) and real_of(type_) is types.float64 or type_ is types.float64
    if fn in COMPLEX_VALUED or fn not in REAL_VALUED and any(map(is_complex, operands)):
        return types.complex128 if double else types.complex64
    return types.float64 if double else types.float32


def real_of(t: Any) -> Any:
    """The real type of a complex one."""
    return t.underlying_float if is_complex(t) else t
