"""Calls: of array methods, of NumPy and `math`, of what Python offers; user functions go to `inline`."""

from __future__ import annotations

import ast
import cmath
import operator as op
import random
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher

from .. import primitives as p
from ..checkpointing import checkpoint, checkpointed
from ..custom.rule import CustomRule
from ..errors import spelled
from ..ir import Assign, Call, Const, Expr, For, Index, Unpack, Var
from ..rules import is_draw, rule_of
from ..spellings import SPELLINGS, results_of
from . import comprehensions, derivatives, lists, records, tuples
from .inline import inline
from .methods import BUILTINS, KNOWN_BUILTINS, METHODS, MUTATORS
from .parser import Parser, describe
from .ruled import ruled
from .values import (
    Dictionary,
    Listing,
    Method,
    Nested,
    Partial,
    Record,
    Refusal,
    Static,
    Tup,
    Value,
    dtype,
    is_code,
    is_function,
)

Kwargs = dict[str, Value]

OPEN = (
    p.__name__,
    "sourcead.spelled.",
    "sourcead.special.spellings",
    "sourcead.vecmath",
)  # our modules whose functions programs may call
LIBRARIES = ("numpy", "math", "_operator", "scipy", "cmath")
RANDOM = "use the functions of np.random that Numba knows, or draw outside of the function and pass the numbers"


def call(q: Parser, node: ast.Call) -> Value:
    """`f(x, y, k=z)`"""
    from .expressions import expr

    callee = expr(q, node.func)
    early = refusal_of(callee)
    if early is not None:
        raise early
    if isinstance(callee, Static) and callee.value is np.array and node.args:
        return np_array(q, node)
    if isinstance(callee, Static) and any(callee.value is i for i in ITERATORS):
        raise Refusal(
            f"`{callee.value.__name__}` can only be used directly in a for loop", "write for ... in it, or use an array"
        )
    match node.args:
        case [ast.GeneratorExp() as g, *rest] if callee == Static(sum) and len(rest) < 2 and not node.keywords:
            return comprehensions.summed(q, g, rest[0] if rest else None)
        case [ast.GeneratorExp() as g] if isinstance(callee, Static) and any(callee.value is f for f in OF_ITEMS):
            return apply(q, node, callee, [comprehensions.listed(q, g)], keywords(q, node.keywords))
    args = tuples.starred(q, node.args, lambda n: now(q, n))
    return apply(q, node, callee, args, keywords(q, node.keywords))


OF_NUMBERS = (np.sum, np.mean, np.prod, np.max, np.min, np.std, np.var, np.argmax, np.argmin, np.any, np.all, np.dot)
OF_ITEMS = (min, max, tuple, list)
ITERATORS = (range, enumerate, zip, reversed, np.ndindex, np.ndenumerate, numba.prange)


def keywords(q: Parser, nodes: list[ast.keyword]) -> Kwargs:
    values = q.each([k.value for k in nodes], lambda n: now(q, n))
    out: Kwargs = {}
    for k, v in zip(nodes, values, strict=True):
        several = records.named(lists.known(q, v)) if k.arg is None else {k.arg: v}
        if out.keys() & several.keys():
            raise Refusal("a keyword argument is given twice", "leave one of them out")
        out |= several
    return out


def now(q: Parser, node: ast.expr) -> Value:
    from .expressions import item

    return item(q, node)


def refusal_of(callee: Value) -> Refusal | None:
    """Why this cannot be called, when that is known before its arguments are looked at."""
    if not isinstance(callee, Static):
        return None
    fn = callee.value
    if fn is checkpoint or fn is again:
        return None
    if fn is checkpointed:
        return Refusal("`checkpointed` can only be used directly in a for loop, or as the whole test of a while loop")
    try:
        if fn in BUILTINS:
            return Refusal(*BUILTINS[fn])
        if fn in MUTATORS:
            return Refusal(f"`np.{fn.__name__}` changes its argument, which is not supported", MUTATORS[fn])
    except TypeError:  # what cannot be hashed is none of these
        pass
    if derivatives.is_maker(fn):
        return None
    owner = getattr(fn, "__self__", None)
    module = getattr(fn, "__module__", None) or ""
    if is_draw(fn) or module.split(".")[0] in LIBRARIES and fn in SPELLINGS:
        return None
    if isinstance(owner, (np.random.RandomState, np.random.Generator, random.Random)) or "random" in module.split("."):
        return Refusal("these random numbers cannot be drawn in a differentiated function", RANDOM)
    if isinstance(owner, np.ufunc) and fn not in SPELLINGS:
        return Refusal(f"`np.{owner.__name__}.{fn.__name__}` is not supported", "use np.sum, np.prod, ... or a loop")
    if module.split(".")[0] == "sourcead" and not derivatives.is_derivative(fn) and not module.startswith(OPEN):
        return Refusal(
            f"`{spelled(fn)}` cannot be called inside a function to be differentiated",
            "make the gradient outside, and call it here",
        )
    return None


def apply(q: Parser, node: ast.AST, callee: Value, args: list[Value], kwargs: Kwargs) -> Value:
    """Call a value with values."""
    match callee:
        case Method(Listing() as owner, name) if not kwargs:
            return lists.method(q, node, owner, name, args)
        case Method(Dictionary() as owner, name):
            return records.change(q, node, owner, name, args, kwargs)
        case Method(Record() as owner, name):
            return records.method(owner, name, args, kwargs)
        case Method(Var() as owner, name):
            return method(q, node, owner, name, args, kwargs)
        case Nested():
            return inline(q, node, callee, args, kwargs)
        case Partial(fn, first, named):
            return apply(q, node, fn, [*first, *args], {**dict(named), **kwargs})
        case Static(fn):
            return function(q, node, fn, args, kwargs)
        case Tup():
            raise Refusal("a tuple cannot be called", "call one of its items")
    raise Refusal("only functions can be called, and this is a value that the program computes", "call a function")


def function(q: Parser, node: ast.AST, fn: Any, args: list[Value], kwargs: Kwargs) -> Value:
    if derivatives.is_maker(fn):
        return derivatives.making(q, node, fn, args, kwargs)
    early = refusal_of(Static(fn))
    if early is not None:
        raise early
    if fn is dict or fn is numba.typed.Dict and not args:
        return dict_(q, node, args, kwargs)
    if fn is list or fn is numba.typed.List:
        return list_(q, node, args)
    if fn is len and len(args) == 1 and (g := lists.grown(q, args[0])):
        return q.now(node, g.count)
    fn = np.empty if fn is np.ndarray else fn
    handler = handler_of(fn)
    if handler is not None and not kwargs:
        args = [items_of(q, node, a) for a in args]
        made = handler(q, node, args)
        if made is not None:
            return made
    if derivatives.is_derivative(fn):
        return derivatives.called(q, node, fn, args, kwargs)
    if fn is checkpoint and len(args) == 1 and not kwargs:
        return Partial(Static(again), tuple(args), ())
    if fn is again:
        return once(q, node, args[0], args[1:], kwargs)
    if getattr(fn.py_func if isinstance(fn, Dispatcher) else fn, "checkpointed", False):
        return once(q, node, Static(fn), args, kwargs)
    if isinstance(fn, CustomRule):
        return ruled(q, node, fn, args, kwargs)
    if isinstance(fn, Dispatcher):
        return inline(q, node, Static(fn.py_func), args, kwargs)
    if is_function(fn) and not is_leaf(fn):
        return inline(q, node, Static(fn), args, kwargs)
    if is_leaf(fn):
        return leaf(q, node, fn, args, kwargs)
    if isinstance(fn, type) and issubclass(fn, tuple) and hasattr(fn, "_fields"):
        return records.named_tuple(q, fn, args, kwargs)
    if isinstance(fn, type):
        raise Refusal(f"objects of {describe(fn)} cannot be made in a differentiated function", "use tuples or arrays")
    if hasattr(fn, "__self__"):
        raise Refusal(f"the method `{fn.__name__}` of {describe(fn.__self__)} cannot be called", "call plain functions")
    raise Refusal(
        f"{describe(fn)} cannot be called in a differentiated function",
        "call plain Python or NumPy functions, or put the call into a function with a rule: sourcead.custom_rule",
    )


def again(f: Any, *args: Any, **kwargs: Any) -> Any:
    """`checkpoint(f)`, before it is called."""
    return f(*args, **kwargs)


def once(q: Parser, node: ast.AST, fn: Value, args: list[Value], kwargs: Kwargs) -> Value:
    """A call of which nothing is recorded: a checkpointed loop with a single iteration."""
    given = [q.keep(node, q.label(), "given", a) if is_code(a) and not isinstance(a, (Var, Const)) else a for a in args]
    with q.block() as out:
        if isinstance(fn, Static):
            inner = fn.value.py_func if isinstance(fn.value, Dispatcher) else fn.value
            value = inline(q, node, Static(inner), given, kwargs)
        else:
            value = apply(q, node, fn, given, kwargs)
        kept = q.keep(node, q.label(), "result", value)
    q.out.append(For(q.loc(node), Var(q.namer("k")), Const(0), Const(1), Const(1), tuple(out), snapshots=1))
    return kept


def is_leaf(fn: Any) -> bool:
    """Does the call stay a call, for the rule table to differentiate?"""
    try:
        hash(fn)
    except TypeError:  # a function of C
        return False
    if fn in KNOWN_BUILTINS or is_draw(fn) or isinstance(fn, np.ufunc) or fn in SPELLINGS or rule_of(fn) is not None:
        return True
    if isinstance(fn, type):
        return issubclass(fn, np.generic)
    module = getattr(fn, "__module__", None) or type(fn).__module__ or ""
    return callable(fn) and (module.split(".")[0] in LIBRARIES or module == p.__name__)


def leaf(q: Parser, node: ast.AST, fn: Callable[..., Any], args: list[Value], kwargs: Kwargs) -> Value:
    written = into(q, node, fn, args, kwargs)
    if written is not None:
        target, inputs, named = written
        copyto(q, node, [target, leaf(q, node, fn, inputs, named)])
        return target
    value = plain_leaf(q, node, fn, args, kwargs)
    rule = rule_of(fn)
    results = rule.results if rule is not None else results_of(fn, [lists.known(q, a) for a in args], kwargs)
    if not results:
        return value
    targets = tuple(Var(q.namer.temp()) for _ in results)
    q.out.append(Unpack(q.loc(node), targets, value))
    return Tup(targets)


def into(
    q: Parser, node: ast.AST, fn: Callable[..., Any], args: list[Value], kwargs: Kwargs
) -> tuple[Value, list[Value], Kwargs] | None:
    """The array that a call writes its result into, and the call without it."""
    inputs = fn.nin if isinstance(fn, np.ufunc) else 2 if fn is np.dot else len(args)
    out = args[inputs] if len(args) > inputs else kwargs.get("out")
    if out is None:
        return None
    if not isinstance(fn, np.ufunc) and fn is not np.dot:
        raise Refusal("results cannot be written into `out` here", "assign to the whole array: y[...] = np.cumsum(x)")
    return out, args[:inputs], {k: v for k, v in kwargs.items() if k != "out"}


def plain_leaf(q: Parser, node: ast.AST, fn: Callable[..., Any], args: list[Value], kwargs: Kwargs) -> Call:
    if fn is np.stack and args and lists.grown(q, args[0]) and not kwargs and len(args) == 1:
        return Call(np.copy, (items_of(q, node, args[0]),))  # type: ignore[arg-type]
    if args and isinstance(args[0], Listing) and any(fn is f for f in OF_NUMBERS):
        args = [from_tuple(q, node, v) if isinstance(v := items_of(q, node, a), Tup) else v for a in args]
    values = tuple(argument(q, node, a) for a in args)
    named = tuple((k, dtype_name(v) if k == "dtype" else argument(q, node, v)) for k, v in kwargs.items())
    return Call(fn, values, named)


def argument(q: Parser, node: ast.AST, v: Value) -> Expr:
    """An argument of a leaf: an operand, a tuple of them, or a type."""
    v = items_of(q, node, v)
    if isinstance(v, Tup):
        return Call(p.pack, tuple(argument(q, node, i) for i in v.items))
    if isinstance(v, Static):
        t = dtype(v.value)
        if t is not None:
            return t
        raise Refusal(
            f"{describe(v.value)} cannot be an argument of a library function", "write the call out as a loop"
        )
    if isinstance(v, (Nested, Partial)):
        raise Refusal("a function cannot be an argument of a library function", "write the call out as a loop")
    return q.operand(node, v)


def dtype_name(v: Value) -> Expr:
    match v:
        case Const(str() as text):
            return Const(np.dtype(text).type)
        case Const(None) | Var():
            return v
        case Static(x) if dtype(x) is not None:
            return dtype(x)  # type: ignore[return-value]
    raise Refusal("this dtype is not supported", "use a NumPy type such as np.float64")


# ---- methods -----------------------------------------------------------------------------------


def method(q: Parser, node: ast.AST, owner: Var, name: str, args: list[Value], kwargs: Kwargs) -> Value:
    if name == "fill" and len(args) == 1:
        q.out.append(Assign(q.loc(node), Index(owner, (Const(Ellipsis),)), q.operand(node, args[0])))
        return Const(None)
    if name == "sort" and not args and not kwargs:
        q.out.append(Assign(q.loc(node), Index(owner, (Const(Ellipsis),)), q.temp(node, Call(np.sort, (owner,)))))
        return Const(None)
    if name == "item" and len(args) < 2:
        flat = q.temp(node, Call(np.ravel, (owner,)))
        return Index(flat, (q.operand(node, args[0]) if args else Const(0),))
    if name == "flatten":
        flat = q.temp(node, Call(np.ravel, (owner,)))
        return Call(np.copy, (flat,))
    if name in ("reshape", "transpose") and len(args) > 1:
        args = [Tup(tuple(args))]
    if name == "astype" and len(args) == 1:
        return Call(p.astype, (owner, dtype_name(args[0])))
    if name == "copy":
        args, kwargs = [], {}
    drawn = getattr(np.random.Generator, name, None)
    if drawn is not None and is_draw(drawn):
        return leaf(q, node, drawn, [owner, *args], kwargs)
    return leaf(q, node, METHODS[name], [owner, *args], kwargs)


# ---- arrays from displays ------------------------------------------------------------------------


def np_array(q: Parser, node: ast.Call) -> Value:
    """`np.array([[a, b], [c, d]])`: element by element; `np.array(x)`: a copy."""
    source = node.args[0]
    given = [k.value for k in node.keywords if k.arg == "dtype"] or node.args[1:2]
    if any(k.arg != "dtype" for k in node.keywords) or len(node.args) > 2:
        raise Refusal(
            "np.array takes an array or a list of numbers, and a dtype here", "write np.array([x, y], np.float64)"
        )
    made = display(q, source)
    if made is None:
        v = items_of(q, node, now(q, source))
        if isinstance(v, Tup) and v.items and all(lists.grown(q, i) for i in v.items):
            rows = tuple(argument(q, node, items_of(q, node, i)) for i in v.items)
            made = Call(np.stack, (Call(p.pack, rows),))
        else:
            made = from_tuple(q, node, v) if isinstance(v, Tup) else Call(np.copy, (q.operand(node, v),))
    if not given:
        return made
    return Call(p.astype, (q.temp(node, made), dtype_name(now(q, given[0]))))


def display(q: Parser, node: ast.expr) -> Call | None:
    """A list or tuple display as rows of operands."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None

    def one(n: ast.expr) -> Expr:
        rows = display(q, n)
        if rows is not None:
            return rows
        v = lists.known(q, now(q, n))
        return from_tuple(q, n, v) if isinstance(v, Tup) else q.operand(n, v)

    return Call(p.array_of, tuple(q.each(node.elts, one)))


def from_tuple(q: Parser, node: ast.AST, t: Tup) -> Call:
    known = (lists.known(q, i) for i in t.items)
    items = [from_tuple(q, node, i) if isinstance(i, Tup) else q.operand(node, i) for i in known]
    return Call(p.array_of, tuple(items))


# ---- functions with a meaning of their own ---------------------------------------------------------


def items_of(q: Parser, node: ast.AST, v: Value) -> Value:
    """A list as the tuple or the array of its items."""
    g = lists.grown(q, v)
    return lists.array(q, node, g) if g is not None else lists.known(q, v)


def list_(q: Parser, node: ast.AST, args: list[Value]) -> Value:
    found = tuples.opened(q, args[0]) if args else Tup(())
    if len(args) > 1 or not isinstance(found, Tup):
        raise Refusal("`list` is supported for tuples of known length only", "use an array")
    return lists.new(q, node, found.items)


def dict_(q: Parser, node: ast.AST, args: list[Value], kwargs: Kwargs) -> Value:
    first = lists.known(q, args[0]) if args else Record((), (), False)
    if len(args) > 1 or not isinstance(first, Record) or first.attributes:
        raise Refusal("`dict` takes a dict, or keywords, here", "write {...}")
    items = {**dict(zip(first.names, first.items, strict=True)), **kwargs}
    return records.new(q, node, Record(tuple(items.values()), tuple(items), False))


Handler = Callable[[Parser, ast.AST, list[Value]], Value | None]


def len_(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    (a,) = args
    if isinstance(a, (Tup, Record)):
        return Const(len(a.items))
    if isinstance(a, Const) and isinstance(a.value, str):
        return Const(len(a.value))
    if isinstance(a, Call) and a.fn is p.shape_of:
        return Call(np.ndim, a.args)
    return Call(p.shape, (q.operand(node, a), Const(0)))


def shape_(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    return Call(p.shape_of, (q.operand(node, args[0]),))


def sum_(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    if not isinstance(args[0], Tup):
        total = Call(np.sum, (q.operand(node, args[0]),), (("axis", Const(0)),))
        return Call(op.add, (q.temp(node, total), q.operand(node, args[1]))) if len(args) > 1 else total
    together: Expr = q.operand(node, args[1]) if len(args) > 1 else Const(0)
    for i in args[0].items:
        together = q.temp(node, Call(op.add, (together, q.operand(node, i))))
    return together


def extreme(of_array: Callable[..., Any], fn: Callable[..., Any]) -> Handler:
    def handler(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
        if len(args) != 1:
            return None
        if isinstance(args[0], Tup):
            items = tuple(q.operand(node, i) for i in args[0].items)
            return items[0] if len(items) == 1 else Call(fn, items)
        return Call(of_array, (q.operand(node, args[0]),))

    return handler


def divmod_(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    a, b = (q.operand(node, v) for v in args)
    return Tup((q.temp(node, Call(op.floordiv, (a, b))), q.temp(node, Call(op.mod, (a, b)))))


def polar(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    (z,) = args
    z = q.operand(node, z)
    return Tup((q.temp(node, Call(np.abs, (z,))), q.temp(node, Call(cmath.phase, (z,)))))


def tuple_(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    if len(args) == 1 and isinstance(args[0], Tup):
        return Tup(args[0].items)
    raise Refusal("only tuples of known length can be made", "write the items out: (a[0], a[1])")


def copyto(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    target, value = (q.operand(node, v) for v in args)
    if not isinstance(target, Var) or target.name in q.constants:
        raise Refusal("what is changed here must be an array of the function's own", "copy it first: a.copy()")
    q.out.append(Assign(q.loc(node), Index(target, (Const(Ellipsis),)), value))
    return Const(None)


def written_out(fn: Callable[..., Any]) -> Handler:
    """A function that changes its argument, as a helper."""
    return lambda q, node, args: inline(q, node, Static(fn), args, {})


def fill_diagonal(a: Any, val: Any) -> None:
    for i in range(min(a.shape[0], a.shape[1])):
        a[i, i] = val


def put(a: Any, ind: Any, v: Any) -> None:
    flat = a.flat
    flat[ind] = v


def putmask(a: Any, mask: Any, values: Any) -> None:
    flat, chosen, v = a.flat, mask.flat, np.atleast_1d(np.asarray(values)).flatten()
    for i in range(a.size):
        if chosen[i]:
            flat[i] = v[i % len(v)]


def place(arr: Any, mask: Any, vals: Any) -> None:
    flat, chosen, v, k = arr.flat, mask.flat, np.atleast_1d(np.asarray(vals)).flatten(), 0
    for i in range(arr.size):
        if chosen[i]:
            flat[i] = v[k % len(v)]
            k += 1


def shuffle(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
    """As a permuted copy, which draws the same numbers."""
    (x,) = args
    return copyto(q, node, [x, q.temp(node, Call(np.random.permutation, (q.operand(node, x),)))])


def static(fn: Callable[..., Any]) -> Handler:
    """A function of things known while parsing: evaluated now."""

    def handler(q: Parser, node: ast.AST, args: list[Value]) -> Value | None:
        if not all(isinstance(a, (Static, Const)) for a in args):
            raise Refusal(f"the arguments of `{fn.__name__}` must be known when compiling", "write them as constants")
        return Static(fn(*(a.value for a in args)))  # type: ignore[union-attr]

    return handler


HANDLERS: dict[Any, Handler] = {
    len: len_,
    sum: sum_,
    min: extreme(np.min, min),
    max: extreme(np.max, max),
    divmod: divmod_,
    np.divmod: divmod_,
    tuple: tuple_,
    np.shape: shape_,
    cmath.polar: polar,
    np.copyto: copyto,
    np.fill_diagonal: written_out(fill_diagonal),
    np.put: written_out(put),
    np.putmask: written_out(putmask),
    np.place: written_out(place),
    np.random.shuffle: shuffle,
    np.finfo: static(np.finfo),
    np.iinfo: static(np.iinfo),
    np.dtype: static(np.dtype),
    numba.literal_unroll: lambda q, node, args: args[0] if len(args) == 1 else None,
}


def handler_of(fn: Any) -> Handler | None:
    try:
        return HANDLERS.get(fn)
    except TypeError:
        return None
