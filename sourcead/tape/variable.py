"""`Variable`: an array or a number whose history is on the tape.

It behaves like the NumPy array it holds.  What NumPy would do behind its back (turn it into a float, write
through a view, fill a plain array with it) is refused, because the derivative would be lost without a word.
"""

from __future__ import annotations

import operator as op
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
from numba.extending import typeof_impl

from sourcead.errors import Unsupported

from . import record
from .functions import function_call, ufunc_call
from .record import value_of

__all__ = ["Variable"]


class Variable(record.Node):
    """A value on the tape, with the operators and methods of arrays."""

    __slots__ = ()
    __array_priority__ = 1000.0

    # ---- what it is ----

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def T(self) -> Variable:
        return self.transpose()

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Variable]:
        return (self[k] for k in range(len(self.value)))

    def __repr__(self) -> str:
        return f"Variable({self.value!r})"

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    # ---- arithmetic ----

    def __add__(self, o: Any) -> Variable:
        return record.binary(op.add, self, o)

    def __radd__(self, o: Any) -> Variable:
        return record.binary(op.add, o, self)

    def __sub__(self, o: Any) -> Variable:
        return record.binary(op.sub, self, o)

    def __rsub__(self, o: Any) -> Variable:
        return record.binary(op.sub, o, self)

    def __mul__(self, o: Any) -> Variable:
        return record.binary(op.mul, self, o)

    def __rmul__(self, o: Any) -> Variable:
        return record.binary(op.mul, o, self)

    def __truediv__(self, o: Any) -> Variable:
        return record.binary(op.truediv, self, o)

    def __rtruediv__(self, o: Any) -> Variable:
        return record.binary(op.truediv, o, self)

    def __mod__(self, o: Any) -> Variable:
        return record.binary(op.mod, self, o)

    def __rmod__(self, o: Any) -> Variable:
        return record.binary(op.mod, o, self)

    def __pow__(self, o: Any) -> Variable:
        if isinstance(o, (int, float, np.integer, np.floating)):
            return record.unary(op.pow, self, o)
        return record.binary(op.pow, self, o)

    def __rpow__(self, o: Any) -> Variable:
        return record.binary(op.pow, o, self)

    def __matmul__(self, o: Any) -> Variable:
        return record.product(np.matmul, self, o)

    def __rmatmul__(self, o: Any) -> Variable:
        return record.product(np.matmul, o, self)

    def __neg__(self) -> Variable:
        return record.unary(op.neg, self)

    def __pos__(self) -> Variable:
        return self

    def __abs__(self) -> Variable:
        return record.unary(np.abs, self)

    # ---- piecewise constant: plain values, through which nothing flows ----

    def __floordiv__(self, o: Any) -> Any:
        return self.value // value_of(o)

    def __rfloordiv__(self, o: Any) -> Any:
        return o // self.value

    def __lt__(self, o: Any) -> Any:
        return self.value < value_of(o)

    def __le__(self, o: Any) -> Any:
        return self.value <= value_of(o)

    def __gt__(self, o: Any) -> Any:
        return self.value > value_of(o)

    def __ge__(self, o: Any) -> Any:
        return self.value >= value_of(o)

    def __eq__(self, o: object) -> Any:
        return self.value == value_of(o)

    def __ne__(self, o: object) -> Any:
        return self.value != value_of(o)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return round(float(self.value), digits)

    def __trunc__(self) -> int:
        return int(self.value)

    def __floor__(self) -> int:
        return int(np.floor(self.value))

    def __ceil__(self) -> int:
        return int(np.ceil(self.value))

    # ---- where NumPy and Python would drop the derivative ----

    def __float__(self) -> NoReturn:
        raise Unsupported(
            "a value on the tape would be turned into a plain number, and its derivative lost",
            remedy="use np.sin(x) for math.sin(x), leave out float(x); and instead of storing into a plain "
            "np.zeros(n), allocate with np.zeros_like(x) or np.zeros(n, like=x)",
        )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unsupported(
            "values on the tape would be stored in a plain array, and their derivatives lost",
            remedy="use np.stack([x, y]) or np.array([x, y], like=x) for np.array([x, y]), and allocate arrays that "
            "receive them with np.zeros_like(x) or np.zeros(n, like=x)",
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return ufunc_call(ufunc, method, inputs, kwargs)

    def __array_function__(self, fn: Any, types: Any, args: Any, kwargs: Any) -> Any:
        y = function_call(self.tape, fn, args, kwargs)
        if fn in VIEWS and np.may_share_memory(y.value, args[0].value):
            make_view(y, args[0], lambda x: function_call(x.tape, fn, (x, *args[1:]), kwargs), VIEWS[fn])
        return y

    # ---- elements; a write makes a new value, which every name of this object sees ----

    def __getitem__(self, index: Any) -> Variable:
        if not isinstance(index, (int, slice)):
            index = record.frozen(index)
        basic = record.is_basic(index)
        y = record.read(self, index, basic)
        if basic and isinstance(y.value, np.ndarray):
            make_view(y, self, lambda x: record.read(x, index, True), lambda x, v: x.__setitem__(index, v))
        return y

    def __setitem__(self, index: Any, v: Any) -> None:
        self.assign(*record.store(self, index, v))

    def assign(self, value: Any, k: int) -> None:
        """Become variable `k`; views are then out of date."""
        outdate(self)
        self.value, self.k = value, k

    def update(self, fn: Callable[[Any, Any], Variable], o: Any) -> Variable:
        """`x += y`: numbers are rebound, arrays change for all of their names."""
        y = fn(self, o)
        if self.value.ndim == 0:
            return y
        if y.shape != self.shape:
            raise ValueError(f"non-broadcastable output operand with shape {self.shape} for a result of {y.shape}")
        if y.dtype != self.dtype:
            y = y.astype(self.dtype)
        self.assign(y.value, y.k)
        return self

    def __iadd__(self, o: Any) -> Variable:
        return self.update(op.add, o)

    def __isub__(self, o: Any) -> Variable:
        return self.update(op.sub, o)

    def __imul__(self, o: Any) -> Variable:
        return self.update(op.mul, o)

    def __itruediv__(self, o: Any) -> Variable:
        return self.update(op.truediv, o)

    def __ipow__(self, o: Any) -> Variable:
        return self.update(op.pow, o)

    def __imod__(self, o: Any) -> Variable:
        return self.update(op.mod, o)

    # ---- methods of arrays ----

    def fill(self, v: Any) -> None:
        self[...] = v

    def item(self, *index: Any) -> Variable:
        return self[index] if index else self.reshape(())

    def astype(self, dtype: Any, **_: Any) -> Any:
        if not np.issubdtype(dtype, np.inexact):
            return self.value.astype(dtype)
        return self if dtype == self.dtype else record.cast(self, dtype)

    def reshape(self, *shape: Any) -> Variable:
        return METHODS["reshape"](self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Variable:
        axes = axes[0] if len(axes) == 1 else axes
        return METHODS["transpose"](self, axes or None)

    def stopped(self) -> Any:
        return np.copy(self.value) if self.value.shape else self.value[()]

    def flatten(self) -> Variable:
        return METHODS["copy"](METHODS["ravel"](self))

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return lambda *args, **kwargs: METHODS[name](self, *args, **kwargs)
        raise AttributeError(f"a value on the tape has no attribute {name!r}")


def put_reshaped(x: Variable, v: Variable) -> None:
    x[...] = v.reshape(x.shape)


def put_transposed(x: Variable, v: Variable) -> None:
    if x.ndim > 2:
        raise Unsupported("a write through a transpose of more than two axes", remedy="write into the array itself")
    x[...] = v.T


VIEWS: dict[Callable[..., Any], Callable[..., None] | None] = {
    **dict.fromkeys((np.reshape, np.ravel, np.squeeze, np.expand_dims), put_reshaped),
    np.transpose: put_transposed,
    **dict.fromkeys((np.swapaxes, np.moveaxis, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.diagonal), None),
}

METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        *("sum", "mean", "prod", "max", "min", "var", "std", "cumsum", "trace", "dot", "clip", "copy", "ravel"),
        *("squeeze", "swapaxes", "diagonal", "repeat", "take", "argmax", "argmin", "argsort", "all", "any"),
        *("nonzero", "round", "searchsorted", "reshape", "transpose"),
    )
}


class View(Variable):
    """A slice, a transpose, a reshape: like NumPy's it shows what is written into its array, and is a way to write.

    `origin` is `(base, again, put)`: `again(base)` takes the view again, `put(base, v)` writes `v` through it.
    """

    __slots__ = ()

    def assign(self, value: Any, k: int) -> None:
        base, _, put = self.origin
        if put is None:
            raise Unsupported(
                "a write through this kind of view is not followed by the tape",
                remedy="write into the array itself, y[i, j] = ..., or copy the view first",
            )
        put(base, Variable(value, self.tape, k))


class Outdated(View):
    """A view whose array has been written since; it is taken again when somebody looks at it."""

    __slots__ = ()

    def refresh(self) -> None:
        me: Any = self
        base, again, put = me.origin
        y = again(base)
        me.__class__ = View
        me.value, me.k = y.value, y.k
        make_view(me, base, again, put)

    @property
    def value(self) -> Any:
        self.refresh()
        return self.value

    @property
    def k(self) -> int:  # type: ignore[override]
        self.refresh()
        return self.k


def make_view(y: Any, base: Any, again: Callable[..., Any], put: Callable[..., Any] | None) -> None:
    y.__class__ = View
    y.origin = (base, again, put)
    if base.views is None:
        base.views = []
    base.views.append(weakref.ref(y))


def outdate(x: Any) -> None:
    views, x.views = x.views, None
    for ref in views or ():
        view = ref()
        if view is not None:
            outdate(view)
            view.__class__ = Outdated


@typeof_impl.register(record.Node)
def refuse_numba(val: Any, c: Any) -> NoReturn:
    """Numba asks this before it compiles a function for a value on the tape."""
    raise Unsupported(
        "a function compiled by Numba is called with a value on the tape",
        remedy="call its Python function, helper.py_func, or differentiate with sourcead.grad",
    )
