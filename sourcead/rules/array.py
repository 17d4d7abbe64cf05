"""The rule table, array functions: sums, shapes, products (linear algebra is in `linalg`).

The tape uses all of it.  The compiler lowers array code to loops first and needs, of what stands here, only
the atoms (`np.dot`), whose shares run on expressions too.  `y_bar` has the shape of the result; `x` is asked
for its shape and dtype wherever the function is linear.
"""

from __future__ import annotations

import operator as op
from typing import Any

import numpy as np

from .kinds import RULES, Fixed, bilinear, constant, general, linear

vec, mat, cube = (3,), (3, 4), (2, 3, 2)
square, other, row = (3, 3), (4, 2), (4,)


# ---- shapes ------------------------------------------------------------------------------------------


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The reduced axes, counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def kept(y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduction's result with its reduced axes as axes of length one."""
    if keepdims or (axis is None and np.ndim(y) == 0):
        return y
    axes = axes_of(axis, x.ndim)
    return y.reshape(tuple([1 if k in axes else n for k, n in enumerate(x.shape)]))


def spread(y_bar: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The adjoint of a sum: each summand receives `y_bar`."""
    return repeated(kept(y_bar, x, axis, keepdims), x.shape)


def repeated(y: Any, shape: tuple[int, ...]) -> Any:
    """`np.broadcast_to(y, shape)`, ten times as fast where it can be."""
    y = np.asarray(y)
    if not y.flags.c_contiguous or y.ndim not in (0, len(shape)):
        return np.broadcast_to(y, shape)
    steps = (
        (0,) * len(shape)
        if y.ndim == 0
        else tuple(0 if n == 1 else s for n, s in zip(y.shape, y.strides, strict=False))
    )
    return np.ndarray(shape, y.dtype, y, 0, steps)


def count(x: Any, axis: Any) -> int:
    n = 1
    for k in axes_of(axis, x.ndim):
        n *= x.shape[k]
    return n


def unbroadcast(y_bar: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: sums over the axes along which a value was repeated."""
    y_bar = np.asarray(y_bar)
    if y_bar.ndim > len(shape):
        y_bar = y_bar.sum(axis=tuple(range(y_bar.ndim - len(shape))))
    axes = tuple(k for k, n in enumerate(shape) if n == 1 and y_bar.shape[k] != 1)
    return y_bar.sum(axis=axes, keepdims=True) if axes else y_bar


def zeros(x: Any) -> Any:
    return np.zeros(x.shape, x.dtype)


def scatter(y_bar: Any, x: Any, index: Any) -> Any:
    """The adjoint of `x[index]`."""
    x_bar = zeros(x)
    add_at(x_bar, index, y_bar)
    return x_bar


def add_at(x_bar: Any, index: Any, y_bar: Any) -> None:
    """`x_bar[index] += y_bar`, where an element that is selected twice receives twice."""
    if repeats(index):
        np.add.at(x_bar, index, y_bar)
    else:
        x_bar[index] += y_bar


def repeats(index: Any) -> bool:
    """May the index select an element more than once?  Only lists and arrays of integers do."""
    parts = index if isinstance(index, tuple) else (index,)
    for i in parts:
        if isinstance(i, list):
            i = np.asarray(i)
        if isinstance(i, np.ndarray) and i.ndim and i.dtype.kind != "b":
            return True
    return False


# ---- sums and means -------------------------------------------------------------------------------------

linear(
    np.sum, lambda y_bar, x, axis=None, keepdims=False: spread(y_bar, x, axis, keepdims), (mat, Fixed(None, 0, (0, 1)))
)
linear(
    np.mean,
    lambda y_bar, x, axis=None, keepdims=False: spread(y_bar / count(x, axis), x, axis, keepdims),
    (mat, Fixed(None, 1, -1)),
)
linear(np.trace, lambda y_bar, x, offset=0: y_bar * np.eye(x.shape[0], x.shape[1], offset, dtype=x.dtype), (square,))


def cumsum_bar(y_bar: Any, x: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.cumsum(y_bar[::-1])[::-1].reshape(x.shape)
    return np.flip(np.cumsum(np.flip(y_bar, axis), axis), axis)


linear(np.cumsum, cumsum_bar, (mat, Fixed(None, 0, 1)))


def repeat_bar(y_bar: Any, x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element receives what its copies received."""
    source = np.reshape(np.arange(int(np.prod(x.shape))), x.shape) if axis is None else np.arange(x.shape[axis])
    source = np.repeat(source, repeats)
    x_bar = zeros(x)
    if axis is None:
        np.add.at(x_bar.reshape(-1), source, y_bar)
    else:
        np.add.at(np.moveaxis(x_bar, axis, 0), source, np.moveaxis(y_bar, axis, 0))
    return x_bar


linear(np.repeat, repeat_bar, (mat, Fixed(2, 3), Fixed(None, 0, 1)))

# ---- same elements, other shape -------------------------------------------------------------------------

linear(np.copy, np.array, np.asarray, np.ascontiguousarray, lambda y_bar, x, *_: y_bar, (vec,))
linear(np.reshape, lambda y_bar, x, *_, **__: np.reshape(y_bar, x.shape), (mat, Fixed((2, 6), -1)))
linear(np.ravel, lambda y_bar, x: np.reshape(y_bar, x.shape), (mat,))
linear(np.expand_dims, lambda y_bar, x, axis: np.reshape(y_bar, x.shape), (mat, Fixed(0, 1, 2)))
linear(np.squeeze, lambda y_bar, x, axis=None: np.reshape(y_bar, x.shape), ((1, 3, 1),))
linear(np.broadcast_to, lambda y_bar, x, shape: unbroadcast(y_bar, x.shape), ((1, 3), Fixed((2, 3), (4, 2, 3))))
linear(
    np.transpose,
    lambda y_bar, x, axes=None: np.transpose(y_bar) if axes is None else np.transpose(y_bar, np.argsort(axes)),
    (cube, Fixed(None, (2, 0, 1))),
)
linear(np.swapaxes, lambda y_bar, x, a, b: np.swapaxes(y_bar, a, b), (cube, Fixed(0), Fixed(1, 2)))
linear(np.moveaxis, lambda y_bar, x, a, b: np.moveaxis(y_bar, b, a), (cube, Fixed(0), Fixed(1, 2)))
linear(np.flip, lambda y_bar, x, axis=None: np.flip(y_bar, axis), (mat, Fixed(None, 0)))
linear(np.fliplr, lambda y_bar, x: np.fliplr(y_bar), (mat,))
linear(np.flipud, lambda y_bar, x: np.flipud(y_bar), (mat,))
linear(np.rot90, lambda y_bar, x, k=1: np.rot90(y_bar, -k), (mat, Fixed(1, 2, -1)))
linear(
    np.roll,
    lambda y_bar, x, shift, axis=None: np.roll(y_bar, -np.asarray(shift), axis),
    (mat, Fixed(1, -2), Fixed(None, 0)),
)
linear(np.tril, lambda y_bar, x, k=0: np.tril(y_bar, k), (mat, Fixed(0, 1)))
linear(np.triu, lambda y_bar, x, k=0: np.triu(y_bar, k), (mat, Fixed(0, -1)))


def diagonal_bar(y_bar: Any, x: Any, k: int = 0) -> Any:
    """Of taking a diagonal out of a matrix, and of making a matrix around one."""
    if x.ndim == 1:
        return np.diagonal(y_bar, k)
    x_bar = zeros(x)
    i = np.arange(len(y_bar))
    x_bar[i + max(-k, 0), i + max(k, 0)] = y_bar
    return x_bar


linear(np.diag, np.diagonal, diagonal_bar, (mat, Fixed(0, 1, -1)))
linear(op.getitem, scatter, (mat, Fixed(1, slice(0, 2), (slice(None), [0, 0, 2]))))
linear(
    np.take,
    lambda y_bar, x, i, axis=None: take_bar(y_bar, x, np.asarray(i), axis),
    (mat, Fixed([0, 2, 2]), Fixed(None, 1)),
)


def take_bar(y_bar: Any, x: Any, index: Any, axis: int | None) -> Any:
    if axis is None:
        return np.reshape(scatter(y_bar, zeros(x).reshape(-1), index), x.shape)
    return scatter(y_bar, x, (*(slice(None),) * (axis % x.ndim), index))


# ---- products: `np.dot` is an atom of the compiler, so its shares are written for expressions too -------


def dot_left(y_bar: Any, a: Any, b: Any, ranks: tuple[int, int] | None = None) -> Any:
    """What `a` receives from `a @ b`; `ranks` must be said when the arguments are expressions."""
    match ranks or (np.ndim(a), np.ndim(b)):
        case (0, _):
            return np.sum(y_bar * b)
        case (_, 0) | (1, 1):
            return y_bar * b
        case (1, 2):
            return np.dot(b, y_bar)
        case (2, 1):
            return np.outer(y_bar, b)
        case (2, 2):
            return np.dot(y_bar, np.transpose(b))
        case (_, 1):
            return y_bar[..., None] * b
        case (n, m):
            free = tuple(k for k in range(m) if k != m - 2)
            return np.tensordot(y_bar, b, (tuple(range(n - 1, n + m - 2)), free))


def dot_right(y_bar: Any, a: Any, b: Any, ranks: tuple[int, int] | None = None) -> Any:
    """What `b` receives from `a @ b`."""
    match ranks or (np.ndim(a), np.ndim(b)):
        case (_, 0):
            return np.sum(y_bar * a)
        case (0, _) | (1, 1):
            return y_bar * a
        case (1, 2):
            return np.outer(a, y_bar)
        case (2, 1) | (2, 2):
            return np.dot(np.transpose(a), y_bar)
        case (n, m):
            free = tuple(range(n - 1))
            b_bar = np.tensordot(a, y_bar, (free, free))  # the contracted axis is first now
            return np.moveaxis(b_bar, 0, max(m - 2, 0))


def matmul_left(y_bar: Any, a: Any, b: Any) -> Any:
    if a.ndim <= 2 and b.ndim <= 2:
        return dot_left(y_bar, a, b)
    if b.ndim == 1:
        return unbroadcast(y_bar[..., None] * b, a.shape)
    if a.ndim == 1:
        return unbroadcast((b @ y_bar[..., None])[..., 0], a.shape)
    return unbroadcast(y_bar @ np.swapaxes(b, -1, -2), a.shape)


def matmul_right(y_bar: Any, a: Any, b: Any) -> Any:
    if a.ndim <= 2 and b.ndim <= 2:
        return dot_right(y_bar, a, b)
    if b.ndim == 1:
        return unbroadcast((np.swapaxes(a, -1, -2) @ y_bar[..., None])[..., 0], b.shape)
    if a.ndim == 1:
        return unbroadcast(a[:, None] * y_bar[..., None, :], b.shape)
    return unbroadcast(np.swapaxes(a, -1, -2) @ y_bar, b.shape)


bilinear(np.dot, dot_left, dot_right, (mat, other))
bilinear(op.matmul, np.matmul, matmul_left, matmul_right, (mat, other))
bilinear(np.vdot, lambda g, a, b: g * b, lambda g, a, b: g * a, (vec, vec))
bilinear(
    np.outer,
    lambda g, a, b: np.reshape(np.dot(g, np.ravel(b)), a.shape),
    lambda g, a, b: np.reshape(np.dot(np.transpose(g), np.ravel(a)), b.shape),
    (vec, row),
)
bilinear(
    np.inner,
    lambda g, a, b: dot_left(g, a, np.transpose(b)),
    lambda g, a, b: np.transpose(dot_right(g, a, b)),
    (mat, (2, 4)),
)

# ---- reductions that are not linear ---------------------------------------------------------------------


def extreme_bar(find: Any) -> Any:
    """Of max or min: the first of equal elements receives the whole unit."""

    def share(y_bar: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axes = axes_of(axis, x.ndim)
        order = (*[k for k in range(x.ndim) if k not in axes], *axes)  # the reduced axes last
        moved = x.transpose(order)
        rows = moved.reshape(np.size(y), -1)
        rows_bar = np.zeros(rows.shape, x.dtype)
        rows_bar[np.arange(len(rows)), find(rows, axis=1)] = np.reshape(y_bar, -1)
        return rows_bar.reshape(moved.shape).transpose([order.index(k) for k in range(x.ndim)])

    return share


general(np.max, extreme_bar(np.argmax), (mat, Fixed(None, 0, 1)))
general(np.min, extreme_bar(np.argmin), (mat, Fixed(None, 0, (0, 1))))
RULES.update({np.amax: RULES[np.max], np.amin: RULES[np.min]})


def prod_bar(y_bar: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Products of all the other elements, by products from the left and from the right: zeros do no harm."""
    if axis is None:
        return np.reshape(y_bar * prod_of_others(np.reshape(x, -1), 0), x.shape)
    if isinstance(axis, tuple):
        axes, last = axes_of(axis, x.ndim), tuple(range(-len(axis), 0))
        moved = np.moveaxis(x, axes, last)
        others = prod_of_others(np.reshape(moved, (*moved.shape[: -len(axis)], -1)), -1)
        return kept(y_bar, x, axis, keepdims) * np.moveaxis(np.reshape(others, moved.shape), last, axes)
    return kept(y_bar, x, axis, keepdims) * prod_of_others(x, axis)


def prod_of_others(x: Any, axis: int) -> Any:
    x = np.moveaxis(x, axis, 0)
    left, right = np.ones_like(x), np.ones_like(x)
    np.cumprod(x[:-1], axis=0, out=left[1:])
    np.cumprod(x[:0:-1], axis=0, out=right[-2::-1])
    return np.moveaxis(left * right, 0, axis)


general(np.prod, prod_bar, (mat, Fixed(None, 0, (0, 1), 1)))


def var_bar(y_bar: Any, y: Any, x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    centred = x - np.mean(x, axis=axis, keepdims=True)
    return kept(y_bar, x, axis, keepdims) * 2.0 / (count(x, axis) - ddof) * centred


def std_bar(y_bar: Any, y: Any, x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """0 where all elements are equal."""
    y_bar = np.divide(y_bar, 2.0 * y, out=np.zeros_like(y_bar), where=np.not_equal(y, 0.0))
    return var_bar(y_bar, y, x, axis, ddof, keepdims)


general(np.var, var_bar, (mat, Fixed(None, 0, 1)))
general(np.std, std_bar, (mat, Fixed(None, 0, 1)))


def sort_bar(y_bar: Any, y: Any, x: Any, axis: int | None = -1) -> Any:
    """Elements that are equal keep their order, so that each receives from its own place."""
    flat = np.reshape(x, -1) if axis is None else x
    x_bar = np.empty_like(flat)
    order = np.argsort(flat, axis=axis or 0 if axis is None else axis, kind="stable")
    np.put_along_axis(x_bar, order, y_bar, 0 if axis is None else axis)
    return np.reshape(x_bar, x.shape)


general(np.sort, sort_bar, (mat, Fixed(0, 1)))

# ---- linear algebra -------------------------------------------------------------------------------------


def norm_bar(y_bar: Any, y: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The Euclidean (Frobenius) norm; at 0 the subgradient 0."""
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and x.ndim != 1):
        raise TypeError(f"the gradient of np.linalg.norm knows the Euclidean norm only, not ord={ord!r}")
    y, y_bar = kept(y, x, axis, keepdims), kept(y_bar, x, axis, keepdims)
    return x * (y_bar / np.where(y > 0, y, 1.0))


general(np.linalg.norm, norm_bar, (mat,))

# ---- no derivative --------------------------------------------------------------------------------------

constant(np.argmax, np.argmin, np.argsort, np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted, np.any)
constant(np.all, np.shape, np.ndim, np.size, np.array_equal, np.allclose, np.digitize, np.argwhere, np.argpartition)
