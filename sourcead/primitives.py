"""What emitted programs need beyond NumPy: small functions with plain Python meaning.

Those that `emit` prints as syntax (`a.shape[0]`, `x if c else y`) are never called in compiled code; the
others are `register_jitable`, so one object serves Python and Numba alike.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import get_num_threads
from numba.core import cgutils, types
from numba.core.registry import cpu_target
from numba.cpython import randomimpl
from numba.extending import intrinsic, overload, register_jitable

# ---- printed as syntax -----------------------------------------------------------------


def shape(a: Any, k: int) -> int:
    """`a.shape[k]`"""
    return a.shape[k]


def shape_of(a: Any) -> tuple[int, ...]:
    """`a.shape`"""
    return a.shape


def dtype_of(a: Any) -> Any:
    """`a.dtype`"""
    return a.dtype


def astype(a: Any, dtype: Any) -> Any:
    """`a.astype(dtype)`"""
    return a.astype(dtype)


def pack(*items: Any, cls: Any = None) -> tuple[Any, ...]:
    """`(x, y)`, or `cls(x, y)` of the class whose name among the constants is `cls`"""
    return items


def array_of(*items: Any) -> Any:
    """`np.array([x, y])`"""
    return np.array(items)


def item(t: tuple[Any, ...], k: int) -> Any:
    """`t[k]`"""
    return t[k]


def given(fn: Any, *args: Any) -> Any:
    """`fn(*args)`, of a function that is a value of the program"""
    return fn(*args)


def both(a: Any, b: Any) -> Any:
    """`a and b`"""
    return a and b


def either(a: Any, b: Any) -> Any:
    """`a or b`"""
    return a or b


def select(c: Any, a: Any, b: Any) -> Any:
    """`a if c else b`"""
    return a if c else b


def flowing(y_bar: Any, share: Any, nothing: Any = 0.0) -> Any:
    """`share if y_bar else nothing`: what an adjoint of zero hands on, infinite slope or not."""
    return share if y_bar else nothing


def trips(start: int, stop: int, step: int) -> int:
    """`len(range(start, stop, step))`"""
    return len(range(start, stop, step))


def room(n: int, number: int, like: Any = None) -> Any:
    """Room for `n` items of the list of this number, of the shape of `like`; `infer` finds out of what type."""
    return np.empty((n, *np.shape(like)) if like is not None else n)


def items(v: Any) -> Any:
    """The array of all items of a list in which `v` is one; stands for it where types are inferred."""
    return np.expand_dims(np.asarray(v), 0)


@overload(items)
def _items(v):
    return (lambda v: np.expand_dims(v, 0)) if isinstance(v, types.Array) else (lambda v: np.array([v]))


def one_of(k: int, *items: Any) -> Any:
    """The item of this number."""
    return items[k]


def element(v: Any, number: int) -> Any:
    """`v`, to be stored in the list of this number."""
    return v


# ---- called by name ----------------------------------------------------------------------


@register_jitable
def broadcast_extent(a, b):
    """The common extent of two broadcast axes; raises ValueError when neither is 1 and they differ."""
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    raise ValueError("operands could not be broadcast together: axis lengths differ and neither is 1")


def owned(x: Any) -> Any:
    """A contiguous copy of an array."""
    return np.array(x, order="C")


@overload(owned)
def _owned(x):
    copy_c, copy_f = lambda x: x.copy(), lambda x: np.ascontiguousarray(x)
    return copy_f if x.layout == "F" and x.ndim > 1 else copy_c


@register_jitable
def fits(x, shape):
    """Has `x` this shape already?"""
    same = True
    for k in range(x.ndim):
        if x.shape[k] != shape[k]:
            same = False
    return same


def stop_gradient(x: Any) -> Any:
    """The number `x`, or a copy of the array `x`, as a constant: its derivative is zero.

    Differentiated functions call it for what shall be taken as given, such as weights that are computed from the
    arguments.  In compiled functions too; numbers keep their type.
    """
    stopped = getattr(x, "stopped", None)  # a value on the tape
    return x.copy() if isinstance(x, np.ndarray) else x if stopped is None else stopped()


@overload(stop_gradient)
def _stop_gradient(x):
    return (lambda x: np.copy(x)) if isinstance(x, types.Array) else (lambda x: x)


@register_jitable
def exponent(x):
    """Of the power of two that is next above `abs(x)`."""
    return math.frexp(x)[1]


@register_jitable
def polygamma(n, x):
    """The n-th derivative of the digamma function, which is that of `log(gamma(x))`.

    Recurrence up to x >= 15, then the asymptotic series (Abramowitz & Stegun 6.4.6, 6.4.11; 6.3.5, 6.3.18
    for n = 0); far left reflection where that is simple (6.3.7, 6.4.7).  Infinite at the poles 0, -1, -2, ...
    """
    if x <= 0.0 and x == np.floor(x):
        return -np.inf if n % 2 == 0 else np.inf
    if x < -15.0 and n < 2:
        slope = np.pi / np.tan(np.pi * (x - np.floor(x)))
        return polygamma_right(n, 1.0 - x) - slope if n == 0 else np.pi**2 + slope**2 - polygamma_right(n, 1.0 - x)
    return polygamma_right(n, x)


@register_jitable
def polygamma_right(n, x):
    """The same, of what is not far left."""
    fact = 1.0  # n!
    for k in range(2, n + 1):
        fact *= k
    sign = -1.0 if n % 2 == 0 else 1.0  # (-1)**(n + 1)
    y = 0.0
    while x < 15.0:
        if x == 0.0:
            return sign * np.inf
        y += sign * fact / x ** (n + 1)
        x += 1.0
    if n == 0:
        y += np.log(x) - 0.5 / x
    else:
        y += sign * (fact / n / x**n + 0.5 * fact / x ** (n + 1))
    # sum over k of B_2k (2k + n - 1)! / ((2k)! x**(2k + n))
    term = fact * (n + 1) / 2.0  # (2k + n - 1)! / (2k)! at k = 1
    x2 = x * x
    power = x ** (n + 2)
    k = 1
    for b in (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510):
        y += sign * b * term / power
        term *= (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2 * k + 2))
        power *= x2
        k += 1
    return y


@register_jitable
def grown(tape):
    """A tape of twice the length with the same beginning; what it keeps may have axes."""
    longer = np.empty((2 * tape.shape[0],) + tape.shape[1:], tape.dtype)  # noqa: RUF005 (Numba)
    for i in range(tape.shape[0]):  # a store into a slice takes Numba seconds to compile
        longer[i] = tape[i]
    return longer


@register_jitable
def next_snapshot(at, end, free):
    """The iteration at whose start a state is kept next, when that of `at` is kept, `free` more can be, and all before
    `end` are to be run backwards; `end` when no other is kept.

    With `s` states `(s + r)! / (s! r!)` iterations can be run backwards so that none runs more than `r` times again;
    of all places by which that holds for both parts, and for the least `r`, the last one (Griewank and Walther,
    "Algorithm 799: revolve" (2000), Proposition 1).
    """
    count, s = end - at, free + 1
    if s == 1 or count < 2:
        return end
    r, most = 1, s + 1  # most = (s + r)! / (s! r!)
    while most < count:
        r += 1
        most = most * (s + r) // r
    first = most * r // (s + r)  # the same for s and r - 1
    return at + min(first, count - first * s // (s + r - 1))


@register_jitable
def longer_plan(planned, s):
    """More iterations than `planned`, for which `s` states are kept so that one more run of each is enough:
    `(s + r)! / (s! r!)` for the next `r`; no end, when there is a single state, which needs no plan."""
    if s == 1:
        return 2**62
    r, most = 0, 1
    while most <= planned:
        r += 1
        most = most * (s + r) // r
    return most


def stretch(x: Any, *extents: int) -> Any:
    """`x` itself when it has these extents, otherwise a copy broadcast to them (same number of axes)."""
    return x if x.shape == extents else np.broadcast_to(x, extents).copy()


@overload(stretch)
def _stretch(x, *extents):
    from numba.cpython.unsafe.tuple import tuple_setitem

    def compiled(x, *extents):  # element by element: Numba needs seconds to compile np.broadcast_to
        if fits(x, extents):
            return x
        for k in range(x.ndim):
            if x.shape[k] != extents[k] and x.shape[k] != 1:
                raise ValueError("operands could not be broadcast together: axis lengths differ and neither is 1")
        wide = np.empty(extents, x.dtype)
        for index in np.ndindex(extents):
            at = index
            for k in range(x.ndim):
                if x.shape[k] == 1:
                    at = tuple_setitem(at, k, 0)
            wide[index] = x[at]
        return wide

    return compiled


@register_jitable
def stretch_bar(x_bar, *extents):
    """The adjoint of what `stretch` gave: the adjoint of `x` itself, or zeros of its own."""
    if fits(x_bar, extents):
        return x_bar
    return np.zeros(extents, x_bar.dtype)


def unstretch(x_bar: Any, wide_bar: Any) -> Any:
    """Add the adjoint of a stretched array to the adjoint of `x`, and give that back."""
    if x_bar.shape == wide_bar.shape:  # then they are the same array
        return x_bar
    for index in np.ndindex(*wide_bar.shape):
        x_bar[tuple(0 if n == 1 else i for i, n in zip(index, x_bar.shape, strict=True))] += wide_bar[index]
    return x_bar


@overload(unstretch)
def _unstretch(x_bar, wide_bar):
    from numba.cpython.unsafe.tuple import tuple_setitem

    def compiled(x_bar, wide_bar):
        if x_bar.shape == wide_bar.shape:
            return x_bar
        for index in np.ndindex(wide_bar.shape):
            at = index
            for k in range(x_bar.ndim):
                if x_bar.shape[k] == 1:
                    at = tuple_setitem(at, k, 0)
            x_bar[at] += wide_bar[index]
        return x_bar

    return compiled


# ---- random numbers drawn again ---------------------------------------------------------------


def generator_state() -> Any:
    """The state of NumPy's generator, of Numba's in compiled code, as whole numbers."""
    _, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)
    return np.array([*keys, place, has_gauss, np.float64(gauss).view(np.int64)], np.int64)


def set_generator(state: Any) -> None:
    """Draw from here on what was drawn after `state` was taken."""
    *keys, place, has_gauss, gauss = state
    np.random.set_state(("MT19937", np.array(keys, np.uint32), int(place), int(has_gauss), gauss.view(np.float64)))


def _copy_state(context, builder, arrays, array, back):
    """Copy Numba's state into an array of int64, or back."""
    memory = context.make_array(arrays)(context, builder, array).data
    state = randomimpl.get_state_ptr(context, builder, "np")
    size = context.get_constant(types.intp, context.get_abi_sizeof(randomimpl.rnd_state_t))
    to, source = (state, memory) if back else (memory, state)
    cgutils.raw_memcpy(builder, to, source, size, 1)
    return context.get_dummy_value()


@intrinsic
def _state_to_array(typingctx, array):
    return types.none(array), lambda context, builder, signature, args: _copy_state(
        context, builder, signature.args[0], args[0], False
    )


@intrinsic
def _state_from_array(typingctx, array):
    return types.none(array), lambda context, builder, signature, args: _copy_state(
        context, builder, signature.args[0], args[0], True
    )


STATE_SIZE = cpu_target.target_context.get_abi_sizeof(randomimpl.rnd_state_t) // 8


@overload(generator_state)
def _generator_state():
    def compiled():
        state = np.empty(STATE_SIZE, np.int64)
        _state_to_array(state)
        return state

    return compiled


@overload(set_generator)
def _set_generator(state):
    return lambda state: _state_from_array(state)


# ---- indices of views ------------------------------------------------------------------------


def threads() -> int:
    """How many threads a parallel loop uses."""
    return get_num_threads()


@intrinsic
def number_of_threads(typingctx):  # compiled `get_num_threads` holds an address, and could not be kept on disk
    get_num_threads()  # makes the symbol known

    def codegen(context, builder, signature, args):
        symbol = cgutils.get_or_insert_function(builder.module, ir.FunctionType(cgutils.intp_t, []), "get_num_threads")
        return builder.call(symbol, [])

    return types.intp(), codegen


@overload(threads, inline="always")
def _overload_threads():
    return lambda: number_of_threads()


@register_jitable
def parts_for(work, size):
    """The number of parts in which a parallel loop runs: one a thread, but each adds to copies of `size` numbers,
    which must not cost more than the `work`, counted in inner iterations."""
    return max(1, min(threads(), work // max(size, 1)))


@register_jitable
def stretch_step(m, n):
    """How far an operand of extent `m` moves for each step of a result of extent `n`: 1, or 0 when it is repeated."""
    if m == n:
        return 1
    if m == 1:
        return 0
    raise ValueError("operands could not be broadcast together: axis lengths differ and neither is 1")


@register_jitable
def from_front(i, n):
    """The index `i`, which may count from the end, counted from the front of an axis of extent `n`.

    What is out of range stays so.
    """
    return i + n if -n <= i < 0 else i


@register_jitable
def place_within(i, n):
    """The same, but an index out of range raises IndexError."""
    if i < -n or i >= n:
        raise IndexError("index is out of bounds")
    return i + n if i < 0 else i


@register_jitable
def slice_start(start, n, step):
    """Where `start::step` begins on an axis of extent `n`."""
    low, high = (0, n) if step > 0 else (-1, n - 1)
    if start is None:
        return low if step > 0 else high
    return min(max(start + n if start < 0 else start, low), high)


@register_jitable
def slice_stop(stop, n, step):
    """Where `:stop:step` ends on an axis of extent `n`."""
    low, high = (0, n) if step > 0 else (-1, n - 1)
    if stop is None:
        return high if step > 0 else low
    return min(max(stop + n if stop < 0 else stop, low), high)


def flat(x):
    """The elements of an array where they stand, row after row; Numba's flat iterators have no type of an array."""
    rows = x.reshape(-1)
    return rows if np.may_share_memory(rows, x) else x.flat


@overload(flat)
def _flat(x):
    return lambda x: np.ravel(x)


class Overlap(ValueError):
    """Arguments of a gradient share memory, and the function changes one of them."""


class Unequal(ValueError):
    """Extents are not what the program takes them for: equal, where one may be 1, or large enough for slices."""


def strided(memory, start, shape, steps):
    """The elements of a vector from `start` on, with a step along each axis."""
    strides = tuple(s * memory.itemsize for s in steps)
    return np.lib.stride_tricks.as_strided(memory[start:], shape, strides)


@overload(strided)
def _strided(memory, start, shape, steps):
    return lambda memory, start, shape, steps: np.lib.stride_tricks.as_strided(memory[start:], shape, steps)


def part(memory, start, shape):
    """The elements of a vector from `start` on, as a contiguous array."""
    return memory[start : start + math.prod(shape)].reshape(shape)


@overload(part)
def _part(memory, start, shape):
    return lambda memory, start, shape: np.reshape(memory[start:], shape)


@register_jitable
def overlapping(x, y):
    """May two arrays share memory: do the ranges of their addresses meet?"""
    if x.size == 0 or y.size == 0:
        return False
    x_low, x_high = x.ctypes.data, x.ctypes.data + x.itemsize
    for k in range(x.ndim):
        span = (x.shape[k] - 1) * x.strides[k]
        x_low, x_high = x_low + min(span, 0), x_high + max(span, 0)
    y_low, y_high = y.ctypes.data, y.ctypes.data + y.itemsize
    for k in range(y.ndim):
        span = (y.shape[k] - 1) * y.strides[k]
        y_low, y_high = y_low + min(span, 0), y_high + max(span, 0)
    return x_low < y_high and y_low < x_high


@register_jitable
def seed_like(y, seed):
    """The adjoint of the result `y` at the start of the backward sweep: a copy of the seed, which has its shape."""
    if seed.shape != y.shape:
        raise ValueError("a seed must have the shape of the result that it belongs to")
    y_bar = np.empty(y.shape, y.dtype)
    y_bar[...] = seed
    return y_bar


def like(x: Any) -> Any:
    """A number or a new array of the type of `x`; stands for a gradient by `x` where types are inferred."""
    return np.copy(x) if isinstance(x, np.ndarray) else x


@overload(like)
def _like(x):
    return (lambda x: np.copy(x)) if isinstance(x, types.Array) else (lambda x: x)


def chosen(c: Any, a: Any, b: Any) -> Any:
    """`np.where(c, a, b)`, which gives a scalar for scalars; stands for it where types are inferred."""
    return np.where(c, a, b) if any(isinstance(x, np.ndarray) for x in (c, a, b)) else a if c else b


@overload(chosen)
def _chosen(c, a, b):
    if any(isinstance(x, types.Array) for x in (c, a, b)):
        return lambda c, a, b: np.where(c, a, b)
    return lambda c, a, b: a if c else b
