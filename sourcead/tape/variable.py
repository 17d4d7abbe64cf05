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

from sourcead.errors import Unsupported

from . import record
from .functions import function_call, ufunc_call
from .record import strip, value_of

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

    @property
    def real(self) -> Variable:
        return self

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
            return record.unary(op.pow, self, o)  # type: ignore[arg-type]
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
        return function_call(fn, args, kwargs)

    # ---- elements; a write makes a new value, which every name of this object sees ----

    def __getitem__(self, index: Any) -> Variable:
        if not isinstance(index, (int, slice)):
            index = strip(index)
        basic = record.is_basic(index)
        y = record.read(self, index, basic)
        if basic and isinstance(y.value, np.ndarray):
            self.add_view(y)
        return y

    def __setitem__(self, index: Any, v: Any) -> None:
        self.check_writable()
        self.value, self.k = record.store(self, strip(index), v)

    def add_view(self, y: Variable) -> None:
        y.__class__ = View
        if self.views is None:
            self.views = []
        self.views.append(weakref.ref(y))

    def check_writable(self) -> None:
        """Before a write: what NumPy would change along with this array becomes unusable."""
        outdate(self)

    def update(self, fn: Callable[[Any, Any], Variable], o: Any) -> Variable:
        """`x += y`: numbers are rebound, arrays change for all of their names."""
        if self.value.ndim == 0:
            return fn(self, o)
        y = fn(self, o)
        if y.shape != self.shape:
            raise ValueError(f"non-broadcastable output operand with shape {self.shape} for a result of {y.shape}")
        self.check_writable()
        if y.dtype != self.dtype:
            y = y.astype(self.dtype)
        self.value, self.k = y.value, y.k
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
        if not np.issubdtype(dtype, np.floating):
            return self.value.astype(dtype)
        return self if dtype == self.dtype else record.cast(self, dtype)

    def reshape(self, *shape: Any) -> Variable:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Variable:
        axes = axes[0] if len(axes) == 1 else axes
        return np.transpose(self, axes or None)  # type: ignore[call-overload]

    def flatten(self) -> Variable:
        return np.copy(np.ravel(self))  # type: ignore[call-overload]

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return lambda *args, **kwargs: METHODS[name](self, *args, **kwargs)
        raise AttributeError(f"a value on the tape has no attribute {name!r}")


METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        *("sum", "mean", "prod", "max", "min", "var", "std", "cumsum", "trace", "dot", "clip", "copy", "ravel"),
        *("squeeze", "swapaxes", "diagonal", "repeat", "take", "argmax", "argmin", "argsort", "all", "any"),
        *("nonzero", "round", "searchsorted"),
    )
}


class View(Variable):
    """A slice, a transpose, a reshape: NumPy's would share its memory with the array."""

    __slots__ = ()

    def check_writable(self) -> NoReturn:
        raise Unsupported(
            "a write through a view (a slice, a transpose, a reshape) is not followed by the tape",
            remedy="write into the array itself, y[i, j] = ..., or copy the view first",
        )


class Outdated(Variable):
    """A view whose array has been written since; NumPy's view would show the new elements."""

    __slots__ = ()

    @property
    def value(self) -> NoReturn:  # type: ignore[override]
        raise Unsupported(
            "a view (a slice, a transpose, a reshape) is read after its array was written, which the tape does not "
            "follow",
            remedy="take the view again after the write, or copy it before",
        )

    def __array_ufunc__(self, *_: Any, **__: Any) -> NoReturn:
        return self.value

    def __array_function__(self, *_: Any, **__: Any) -> NoReturn:
        return self.value


def outdate(x: Any) -> None:
    views, x.views = x.views, None
    for ref in views or ():
        view = ref()
        if view is not None:
            outdate(view)
            view.__class__ = Outdated
