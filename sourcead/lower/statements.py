"""Lowering of one statement after another."""

from __future__ import annotations

import inspect
import operator as op
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numba.core import types

from .. import primitives as p
from ..errors import Unsupported, spelled
from ..ir import (
    Accum,
    Assign,
    Block,
    Call,
    Const,
    Expr,
    For,
    If,
    Index,
    Move,
    Raise,
    Return,
    Slice,
    Stmt,
    Unpack,
    Var,
    While,
    bound,
    children,
    map_exprs,
    used,
)
from ..nested import DerivativeOf
from ..routines import Routine
from ..rules import is_atom
from . import joins
from .adjoints import MADE, adjoint_work, array_valued
from .build import Builder
from .complexes import real_only
from .elementwise import IN_PLACE, acts_on_elements, tree
from .gather import gather, has_arrays, scatter, updated
from .joins import kept, move
from .registry import HANDLERS
from .routines import refuse_second_names, routine_call
from .storage import other_name, stores
from .updates import writes_arrays
from .values import (
    Choice,
    Place,
    Tree,
    Value,
    View,
    array_name,
    element,
    extents,
    fit,
    harmless,
    is_place,
    is_value,
    is_whole,
    materialise,
    memories,
    memory,
    same_places,
    store,
    whole,
    write,
)
from .views import expand, index, pick

# ---- blocks ------------------------------------------------------------------------------------


def block(b: Builder, stmts: Block, branch: bool = False) -> None:
    """Lower the statements of a block into the one being collected."""
    for k, s in enumerate(stmts):
        b.loc = s.loc if s.loc is not None else b.loc
        forget(b)
        if poisoned(b, s):
            continue
        b.later = stmts[k + 1 :]
        b.settled = not branch and bool(b.later) and isinstance(b.later[0], (For, While))
        try:
            statement(b, s)
        except Unsupported as refusal:
            for f in refusal.findings:
                b.findings.add(f.loc, f.what, f.remedy)
            b.poison.update(bound(s))


def forget(b: Builder) -> None:
    """Elements loaded for the last statement may have changed."""
    scope = b.scopes[-1]
    for key in [
        k for k in scope if isinstance(k, tuple) and k[0] in ("load", "element", "fit", "keep", "extents of tree")
    ]:
        del scope[key]


def poisoned(b: Builder, s: Stmt) -> bool:
    """Does the statement need something that was refused? It would only repeat the message."""
    names = set(used(s)) | ({s.target.array.name} if isinstance(s, Assign) and isinstance(s.target, Index) else set())
    if not names & b.poison or isinstance(s, (If, For, While)):
        return False
    b.poison.update(bound(s))
    return True


def inner(b: Builder, stmts: Block, branch: bool = False, counter: str | None = None) -> Block:
    with b.collect(not branch, counter) as out:
        block(b, stmts, branch)
    return tuple(out)


def statement(b: Builder, s: Stmt) -> None:
    match s:
        case Assign(_, Var(t), value):
            if b.adjoint and not adjoint_work(b, value):
                b.emit(s)
            else:
                define(b, s, t, value)
        case Unpack():
            unpack(b, s)
        case Assign(_, Index(a, items), value):
            assign_index(b, s, a, items, value)
        case Accum(_, target, value):
            accumulate(b, s, target, value)
        case Move():
            move(b, s)
        case If():
            cond = operand(b, s.cond)
            b.emit(replace(s, cond=cond, then=inner(b, s.then, True), orelse=inner(b, s.orelse, True)))
        case For():
            start, stop, step = (operand(b, e) for e in (s.start, s.stop, s.step))
            b.emit(replace(s, start=start, stop=stop, step=step, body=inner(b, s.body, counter=s.var.name)))
        case While():
            with b.collect(True) as test:
                block(b, s.test)
                cond = operand(b, s.cond)
            b.emit(replace(s, test=tuple(test), cond=cond, body=inner(b, s.body)))
        case Return():
            values = tuple(returned(b, v) for v in s.values)
            b.emit(replace(s, values=values))
        case Raise():
            b.emit(map_exprs(s, lambda e: operand(b, e)))
        case _:
            b.emit(s)


def returned(b: Builder, e: Expr) -> Expr:
    if isinstance(e, Call) and e.fn is p.pack:
        return replace(e, args=tuple(returned(b, x) for x in e.args))
    return handed_back(b, evaluate(b, e))


def handed_back(b: Builder, v: Any) -> Expr:
    if isinstance(v, tuple):
        return Call(p.pack, tuple(returned(b, x) if isinstance(x, Expr) else handed_back(b, x) for x in v))
    if not is_value(v):
        return v
    name = array_name(b, v)
    return Var(array_name(b, materialise(b, v)) if name in b.stretches else name)  # with an adjoint of its own


# ---- definitions ---------------------------------------------------------------------------------


def define(b: Builder, s: Assign, t: str, value: Expr) -> None:
    if isinstance(value, Call) and value.fn in IN_PLACE:
        in_place(b, t, value)
        return
    if t in b.storage.handed:
        refuse_second_names(b, s, t)
    if isinstance(value, Call) and isinstance(value.fn, Routine):
        with context(b, None, None):
            given = tuple(evaluate(b, a) for a in value.args)
        routine_call(b, t, value.fn, given)
        return
    if already_lowered(b, s, t, value):
        return
    before = len(b.out)
    wanted = b.types.get(t)
    b.defining, b.in_place = t, rewritten(b, s, t) or picked_from(b, t)
    with context(b, t, wanted):
        result = evaluate(b, value)
        b.in_place = False
        if isinstance(value, Var) and value.name in b.storage.choices:
            result = kept(b, result)
        if isinstance(result, tuple) or (isinstance(result, Const) and isinstance(result.value, type)):
            b.env[t] = result  # a shape, a dtype
        elif not is_value(result):
            define_scalar(b, t, result, before)
        elif is_place(result):
            still_a_view(b, s, t, result)
            if not (is_whole(b, result) and memory(result) == t):
                b.env[t] = result
        elif delayable(b, t):
            b.env[t] = result
        else:
            still_a_view(b, s, t, result)
            b.target = t
            materialise(b, result, own=True)


def unpack(b: Builder, s: Unpack) -> None:
    if b.adjoint:
        b.emit(s)
        return
    b.targets = tuple(t.name for t in s.targets)
    results = evaluate(b, s.value)
    b.targets = ()
    for t, v in zip(s.targets, results, strict=True):
        if not (v == t or is_whole(b, v) and v.base == t.name):
            b.env[t.name] = v


@contextmanager
def context(b: Builder, target: str | None, wanted: Any) -> Iterator[None]:
    """What the expression to be evaluated is for."""
    old = b.target, b.wanted, b.base
    b.target = target if isinstance(wanted, types.Array) else None
    b.wanted = wanted
    b.base = "s" if target is None or target.startswith("_t") else target
    try:
        yield
    finally:
        b.target, b.wanted, b.base = old


def already_lowered(b: Builder, s: Assign, t: str, value: Expr) -> bool:
    """Allocations, stretched arrays and checks in the form that lowering itself gives them stay as they are."""
    match value:
        case Call(fn, (Call(p.pack, shape), Const())) if fn in MADE and not any(isinstance(n, Call) for n in shape):
            shape = tuple(operand(b, n) for n in shape)
            value = replace(value, args=(Call(p.pack, shape), value.args[1]))
        case Call(p.stretch, (Var(x), *extents_)):
            shape = tuple(operand(b, n) for n in extents_)
            value = Call(p.stretch, (Var(array_name(b, variable(b, x))), *shape))
        case Call(p.overlapping):
            shape = ()
        case _:
            return False
    b.assign(Var(t), value)
    if shape and not b.adjoint:
        b.extents[t] = shape
    return True


def define_scalar(b: Builder, t: str, result: Expr, before: int) -> None:
    """`t = result`; when that was just computed under a temporary name, under the name `t` at once."""
    if result == Var(t):  # an extent, read at the top under this name
        return
    last = b.out[-1] if len(b.out) > before else None
    if isinstance(last, Assign) and isinstance(result, Var) and last.target == result and result.name not in b.f.types:
        b.out.pop()
        for scope in b.scopes:
            for key, v in scope.items():
                if v == result:
                    scope[key] = Var(t)
                elif isinstance(v, tuple) and result in v:
                    scope[key] = tuple(Var(t) if x == result else x for x in v)
        b.assign(Var(t), last.value)
    else:
        b.assign(Var(t), result)


def still_a_view(b: Builder, s: Assign, t: str, result: Value) -> None:
    """A view that could only be made as a copy means the same as long as nobody changes the one or the other."""
    if t not in b.storage.parent:
        return
    source = variable(b, b.storage.parent[t][0])
    if not is_place(source) or memories(source) == memories(result):
        return
    if rewritten(b, s, t):
        raise b.refuse(
            f"`{spelled(s.value.fn)}` gives a view here, and the array or the view is changed later",  # type: ignore
            "make it a copy: add `.copy()`, and write the changes back where they are wanted",
        )


def rewritten(b: Builder, s: Assign, t: str) -> bool:
    """Is the memory of this view stored into while the view is in use?"""
    if t not in b.storage.parent or not any(("store", m) in b.storage.after[s] for m in b.storage.memories(t)):
        return False
    return not (delayable(b, t) and read_at_once(b, b.readers[t][0], t))


def read_at_once(b: Builder, reader: Stmt, t: str) -> bool:
    """Does the statement only look at elements of `t`, neither changing them nor keeping a view?"""
    keeps = isinstance(reader, Assign) and isinstance(reader.target, Var) and reader.target.name in b.storage.parent
    return not keeps and t not in stores(reader, b.storage)


def picked_from(b: Builder, t: str) -> bool:
    """Is this a temporary of which one element is read?"""
    match b.readers.get(t, []):
        case [Assign(_, Var(), Index(_, items))]:
            return delayable(b, t) and all(isinstance(i, (Var, Const)) for i in items)
    return False


def delayable(b: Builder, t: str) -> bool:
    """Is this a temporary of one expression, so that it need not exist?"""
    if not t.startswith("_t") or b.adjoint:
        return False
    readers = b.readers.get(t, [])
    if len(readers) != 1 or not isinstance(readers[0], (Assign, Accum)):
        return False
    for s in b.later:
        if s is readers[0]:
            return True
        if writes_arrays(s) or isinstance(s, Move):
            return False
    return False


# ---- stores ----------------------------------------------------------------------------------------


def destination(b: Builder, e: Expr) -> Place:
    v = evaluate(b, e)
    if isinstance(v, Tree) and v.fn in (np.real, np.imag):
        raise b.refuse("a store into the real or imaginary parts of an array", "write z[i] = complex(x, z[i].imag)")
    if not isinstance(v, (View, Choice)) or not is_place(v):
        raise b.refuse("a store into something that is not an array", "give the array a name first")
    return v


def place(b: Builder, v: Place, items: tuple[Any, ...]) -> tuple[Expr, ...] | Place:
    """What a store writes: an element, by its indices, or a view."""
    at = expand(b, v, items)
    if any(isinstance(i, Slice) or i == Const(None) for i in at):
        view = index(b, v, at)
        assert isinstance(view, (View, Choice))
        return view
    return tuple(pick(b, v, i, n).start for i, n in zip(at, extents(b, v), strict=False))


def assign_index(b: Builder, s: Assign, a: Var, items: tuple[Expr, ...], value: Expr) -> None:
    if b.adjoint and not array_valued(b, value):
        b.emit(s)
        return
    with context(b, None, None):
        x = evaluate(b, value)
        at = tuple(evaluate(b, i) for i in items)
        array = destination(b, a)
    if isinstance(x, tuple):
        raise b.refuse("storing a tuple into an array", "store its items, or np.array((...))")
    if has_arrays(at):
        scatter(b, array, at, x)
        return
    dest = place(b, array, at)
    if isinstance(dest, tuple):
        if is_value(x):
            raise b.refuse("storing an array into one element", "store a scalar")
        write(b, array, dest, b.let(x, array.dtype))
        return
    if identical(x, dest):
        return  # what an in-place operator stores back
    put(b, dest, x)


def identical(x: Any, dest: Place) -> bool:
    if isinstance(x, Choice) and isinstance(dest, Choice):
        return same_places(x, dest) and all(o.axes == d.axes for o, d in zip(x.options, dest.options, strict=True))
    return isinstance(x, View) and isinstance(dest, View) and same_places(x, dest) and x.axes == dest.axes


def put(b: Builder, dest: Place, x: Any, add: bool = False) -> None:
    """Store or add `x`, by way of a temporary when `x` reads what would be overwritten before its turn."""
    if is_value(x) and not harmless(dest, x):
        x = materialise(b, x)
    store(b, dest, x, add)


def in_place(b: Builder, t: str, e: Call) -> None:
    """`t = a += v`: a store into the array `a`, or an ordinary operation on scalars."""
    with context(b, None, None):
        a, v = (evaluate(b, x) for x in e.args)
    fn = IN_PLACE[e.fn]
    if not is_value(a):
        if is_value(v):
            define(b, Assign(b.loc, Var(t), Call(fn, e.args)), t, Call(fn, e.args))
        else:
            b.assign(Var(t), Call(fn, (a, v)))
        return
    if not isinstance(a, (View, Choice)) or not is_place(a):  # `x[index] += v`: what was gathered goes back
        gathered(b, t, updated(b, fn, a, v))
        return
    b.env[t] = a
    if fn in (op.add, op.sub):
        if fn is op.sub:
            v = Tree(op.neg, (v,), v.ndim, v.dtype) if is_value(v) else b.let(Call(op.neg, (v,)), b.type_of(v))
        put(b, a, v, add=True)
        return
    if is_value(v) and not harmless(a, v):
        v = materialise(b, v)
    v = fit(b, v, a.extents)
    with b.nest(a.extents) as i:
        old = element(b, a, i)
        write(b, a, i, b.let(Call(fn, (old, element(b, v, i))), a.dtype))


def gathered(b: Builder, t: str, x: Value) -> None:
    """A temporary array that is stored back next."""
    if delayable(b, t):
        b.env[t] = x
    else:
        b.target = t
        materialise(b, x, own=True)


def accumulate(b: Builder, s: Accum, target: Var | Index, value: Expr) -> None:
    if not array_valued(b, value):
        if isinstance(target, Index) and not b.adjoint:
            array = destination(b, target.array)
            dest = place(b, array, tuple(evaluate(b, i) for i in target.index))
            if isinstance(dest, tuple):
                write(b, array, dest, operand(b, value), add=True)
            else:
                put(b, dest, operand(b, value), add=True)
        else:
            b.emit(s)
        return
    if isinstance(target, Var) and isinstance(value, Call) and is_atom(value.fn):
        b.emit(s)  # printed `target += np.dot(...)`
        return
    if isinstance(target, Index):
        dest = place(b, destination(b, target.array), tuple(evaluate(b, i) for i in target.index))
    else:
        dest = whole(b, target.name)
    assert not isinstance(dest, tuple)
    put(b, dest, evaluate(b, value), add=True)


# ---- expressions -----------------------------------------------------------------------------------


def operand(b: Builder, e: Expr) -> Expr:
    """A scalar expression, its queries about arrays answered."""
    v = evaluate(b, e)
    if is_value(v):
        raise b.refuse("an array where a number is expected", "take an element of it, a[0]")
    return b.let(v, b.type_of(v)) if isinstance(v, Index) else v


def evaluate(b: Builder, e: Expr) -> Any:
    """The value of an expression: symbolic for arrays, an expression for scalars, a tuple for shapes."""
    match e:
        case Var(n):
            return variable(b, n)
        case Slice():
            return Slice(*(None if x is None else operand(b, x) for x in (e.start, e.stop, e.step)))
        case Index(Var(n), items):
            with context(b, None, None):
                a = variable(b, n)
                at = tuple(evaluate(b, i) for i in items)
            return subscript(b, a, at)
        case Call(p.pack, args):
            return tuple(evaluate(b, a) for a in args)
        case Call():
            return call_value(b, e)
    return e


def variable(b: Builder, n: str) -> Any:
    while True:
        if n in b.env:
            return b.env[n]
        if n in b.storage.choices:
            return b.known(("place", n)) or b.remember(("place", n), joins.place(b, n))
        other = b.storage.same.get(n)
        if other is None or other == n:
            break
        n = other
    if isinstance(b.types.get(n), types.Array):
        return whole(b, n)
    return Var(n)


def subscript(b: Builder, a: Any, at: tuple[Any, ...]) -> Any:
    if isinstance(a, tuple):
        match at:
            case (Const(int() as k),):
                return a[k]
            case (Slice() as cut,) if all(isinstance(x, Const) for x in children(cut)):
                parts = (cut.start, cut.stop, cut.step)
                return a[slice(*(x.value if isinstance(x, Const) else None for x in parts))]
        raise b.refuse("a tuple indexed with something that is not a constant", "use constant indices")
    if not is_value(a):
        raise b.refuse("indexing something that is not an array", "index arrays and tuples only")
    return gather(b, a, at) if has_arrays(at) else index(b, a, at)


def call_value(b: Builder, e: Call) -> Any:
    fn = e.fn
    with context(b, None, None):
        args = tuple(argument(b, a) for a in e.args)
        kwargs = {k: argument(b, v) for k, v in e.kwargs}
    arrays = any(map(is_value, args)) or any(isinstance(a, tuple) for a in args) or any(map(is_value, kwargs.values()))
    if isinstance(fn, DerivativeOf):
        return derivative_call(b, fn, args)
    if fn is op.add and all(isinstance(a, tuple) for a in args):  # of shapes
        return args[0] + args[1]
    handler = HANDLERS.get(fn)
    if handler is not None:
        if not b.adjoint:
            real_only(b, fn, (*args, *kwargs.values()))
        result = handled(b, handler, fn, args, kwargs)
        if fn is np.ravel and other_name(b.storage, e) is None and memories(result) & memories(args[0]):
            return Tree(None, (result,), 1, result.dtype)
        return result
    if not arrays:
        return Call(fn, args, tuple(kwargs.items()))
    if acts_on_elements(fn) and not kwargs and not any(isinstance(a, tuple) for a in args):
        return tree(b, fn, *args)
    raise b.refuse(f"{spelled(fn)} of arrays cannot be differentiated yet", "write it as a loop over elements")


def derivative_call(b: Builder, fn: DerivativeOf, args: tuple[Any, ...]) -> Any:
    """A call of a derivative: with arrays in memory, for a number or a new array."""
    given = tuple(Var(array_name(b, a)) if is_value(a) else a for a in args)
    if not isinstance(b.wanted, types.Array):
        return Call(fn, given)
    name, b.target = b.target or b.names.temp(), None
    b.types[name] = types.Array(b.wanted.dtype, b.wanted.ndim, "C")
    b.assign(Var(name), Call(fn, given))
    k = fn.part.operand
    if k is not None and is_value(args[k]):
        b.extents[name] = extents(b, args[k])
    return whole(b, name)


def argument(b: Builder, e: Expr) -> Any:
    if isinstance(e, Call) and e.fn is p.array_of:  # a row of np.array([[...], [...]])
        return tuple(argument(b, a) for a in e.args)
    v = evaluate(b, e)
    return b.let(v, b.type_of(v)) if isinstance(v, (Call, Index)) else v


def handled(b: Builder, handler: Any, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    signature = inspect.signature(handler)
    try:
        signature.bind(b, *args, **kwargs)
    except TypeError:
        raise b.refuse(f"{spelled(fn)} with these arguments ({', '.join(kwargs) or len(args)})") from None
    first = next((q for q in list(signature.parameters.values())[1:2]), None)
    given = args[0] if args else next(iter(kwargs.values()), None)
    if first is not None and first.annotation == "Value" and not is_value(given):
        raise b.refuse(f"{spelled(fn)} of something that is not an array", "make an array of it: np.array([x])")
    return handler(b, *args, **kwargs)
