"""What an expression can be while parsing: code that computes it later, or something known already."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir import Call, Const, Expr, Index, Loc, Slice, Var
from ..ordinary import Self

if TYPE_CHECKING:
    from .activation import Activation


@dataclass(frozen=True, eq=False)
class Static:
    """A Python object that the program never holds: a module, a function, a type."""

    value: Any

    def __eq__(self, o: object) -> bool:
        return isinstance(o, Static) and o.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


@dataclass(frozen=True)
class Tup:
    """A tuple whose items are known one by one; `fields` are the names of a named tuple's, `cls` is its class."""

    items: tuple[Value, ...]
    fields: tuple[str, ...] = ()
    cls: Any = None


@dataclass(frozen=True)
class Record:
    """A dict with constant keys, or an object with `attributes`, whose items are known one by one."""

    items: tuple[Value, ...]
    names: tuple[Any, ...]
    attributes: bool
    cls: Any = None  # the class of an object


@dataclass(frozen=True)
class Listing:
    """A list: what it holds stands in the store, under its key."""

    key: str


@dataclass(frozen=True)
class Dictionary:
    """A dict that may change: what it holds, a `Record`, stands in the store, under its key."""

    key: str


@dataclass(frozen=True)
class Column:
    """The array of all items of a list, or of one part of them where these are tuples; lists are numbered by arrays."""

    data: Var
    number: int


@dataclass(frozen=True)
class Grown:
    """What a list holds that a loop changes: the first `count` elements of one array, or of several."""

    form: Value  # one column, or the tuple, named tuple or dict of columns that an item is made of
    count: Var


@dataclass(frozen=True, eq=False)
class Nested:
    """A function or lambda defined inside the function being parsed; it sees the names of `home`."""

    node: ast.FunctionDef | ast.Lambda
    home: Activation
    defaults: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "<lambda>"


@dataclass(frozen=True)
class Partial:
    """`functools.partial` with arguments known while parsing."""

    fn: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Method:
    """`a.sum` of an array, or `d.items` of a dict, before it is called."""

    owner: Var | Record | Listing | Dictionary
    name: str


@dataclass(frozen=True)
class Unclear:
    """A name that holds different kinds of thing on different paths, or what cannot be used; using it is refused."""

    why: str
    remedy: str = "give the things different names"


@dataclass(frozen=True)
class Earlier:
    """What a name may hold from an earlier iteration of a loop, when nothing has been assigned before the loop."""

    var: Var


@dataclass(frozen=True)
class Refused:
    """What a refused statement would have computed; using it is not reported again."""


Value = (
    Expr
    | Static
    | Tup
    | Record
    | Listing
    | Dictionary
    | Grown
    | Column
    | Nested
    | Partial
    | Method
    | Unclear
    | Earlier
    | Refused
)


class Reformed(Exception):
    """Ends the parsing of a loop or branch: a list must be an array before it, or its items are tuples of this form."""

    def __init__(self, key: str, form: Value | None = None):
        super().__init__(key)
        self.key, self.form = key, form


class Refusal(Exception):
    """Ends the parsing of a statement; what was found is already noted, or is in the arguments."""

    def __init__(self, what: str = "", remedy: str = "", loc: Loc | None = None):
        super().__init__(what)
        self.what, self.remedy, self.loc = what, remedy, loc


def is_operand(v: Value) -> bool:
    return isinstance(v, (Var, Const))


def is_code(v: Value) -> bool:
    """Is it something the program computes?"""
    return isinstance(v, (Var, Const, Call, Index, Slice))


# ---- objects of the user's module -------------------------------------------------------------


SCALARS = (bool, int, float, complex, str, type(None), type(Ellipsis))
_DTYPES: dict[Any, Any] = {float: np.float64, int: np.int64, bool: np.bool_, complex: np.complex128}


def scalar(x: Any) -> Const:
    """A number as a constant; NumPy's own float64, int64 and bool are Python's."""
    if isinstance(x, (np.float64, np.int64, np.bool_, np.complex128, np.str_)):
        x = x.item()
    return Const(x)


def wrap(x: Any, freeze: Callable[[np.ndarray], Var]) -> Value:
    """An object as a value; arrays become frozen globals through `freeze`."""
    if isinstance(x, SCALARS) and (type(x) in SCALARS or isinstance(x, np.generic)) or isinstance(x, np.generic):
        return scalar(x)
    if isinstance(x, np.ndarray):
        return freeze(x)
    if isinstance(x, tuple):
        fields = tuple(getattr(x, "_fields", ()))
        return Tup(tuple(wrap(i, freeze) for i in x), fields, type(x) if fields else None)
    if isinstance(x, Self):
        return read_object(x.object, wrap_in(freeze))
    if isinstance(x, functools.partial):
        kwargs = tuple((k, wrap(v, freeze)) for k, v in x.keywords.items())
        return Partial(wrap(x.func, freeze), tuple(wrap(a, freeze) for a in x.args), kwargs)
    return Static(x)


def wrap_in(freeze: Callable[[np.ndarray], Var]) -> Callable[[Any], Value]:
    return lambda x: wrap(x, freeze)


def read_object(x: Any, value: Callable[[Any], Value]) -> Value:
    """An object whose attributes are frozen."""
    if not hasattr(x, "__dict__"):
        return Static(x)
    return Record(tuple(map(value, vars(x).values())), tuple(vars(x)), True, type(x))


def dtype(x: Any) -> Const | None:
    """A type given as an argument, as NumPy's scalar type; None when it is none."""
    import numba

    if x in _DTYPES if isinstance(x, type) else False:
        return Const(_DTYPES[x])
    if isinstance(x, type) and issubclass(x, np.generic):
        return Const(x)
    if isinstance(x, np.dtype) and x.names is None:
        return Const(x.type)
    if isinstance(x, numba.types.Number):
        return Const(numba.np.numpy_support.as_dtype(x).type)
    return None


def is_readable(x: Any) -> bool:
    """May attributes of this object be read while compiling?  They must not change afterwards."""
    return isinstance(x, (ModuleType, np.dtype, np.finfo, np.iinfo, np.ufunc)) or (
        isinstance(x, type) and (x.__module__ or "").split(".")[0] in ("numpy", "builtins")
    )


def is_function(x: Any) -> bool:
    return isinstance(x, FunctionType)
