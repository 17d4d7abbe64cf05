"""Programs that index with arrays and masks, sort and search."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program

X = np.array([0.3, -0.7, 0.9, -0.2, 0.5])
W = np.array([1.0, 2.0, -1.0, 3.0, 0.5])
M = np.arange(12.0).reshape(3, 4) / 7 - 0.6
T = np.sin(np.arange(24.0).reshape(2, 3, 4))
REPEATED = np.array([0, 2, 2, -1])
ROWS, COLUMNS = np.array([0, 2, 2]), np.array([1, 0, -1])
CHOSEN = np.array([True, False, True, True, False])

# ---- arrays of integers ---------------------------------------------------------------------------------


@program(X, W, REPEATED)
def scatter_and_gather(x, w, i):
    y = x * x
    z = y * y
    y[i] = w[:4] * x[0]
    y[i] += w[:4]
    y[i] *= x[1:]
    s = (z * y).sum()
    y[i] = 2.5
    return s + (y * y * w).sum() + (x[i] ** 2 * np.arange(1.0, 5.0)).sum()


@program(M, ROWS, COLUMNS)
def rows_and_columns(m, r, c):
    y = m * m
    y[r, c] += 1.5
    y[r, c] *= m[c, r]
    return (y * y).sum() + (m[r, c] * np.arange(1.0, 4.0)).sum()


@program(T, ROWS[:2], COLUMNS)
def arrays_among_slices(t, r, c):
    first = t[0, :, c]  # the axis of the array stands first, since a slice lies between
    a = t[:, 1, c]
    b = t[..., c]
    d = t[c % 2, :, 0]
    e = t[None, :, r]
    s = (first[2] * np.arange(3.0)).sum() + (a**3).sum() + (b * b).sum()
    return s + (d * d * np.arange(3.0)).sum() + e.sum()


@program(M, COLUMNS)
def index_overwritten_later(m, c):
    k = c.copy()
    y = m[:, k]
    s = 0.0
    for j in range(3):
        k[j] = (k[j] + 1) % 4
        s += (m[1, k] ** 2 * (j + 1)).sum()
    k[:] = 0
    return s + (y**3).sum()


@program(X, W)
def permuted_in_a_loop(x, w):
    p = np.arange(5)
    y = x.copy()
    s = 0.0
    for _ in range(3):
        p[p] = np.array([1, 2, 3, 4, 0])[p]
        y[p] = y * w
        y[p] += x
        s += y[0] * y[1]
    return s


@program(X, REPEATED)
def indices_in_tuples(x, i):
    index = (i,)
    y = np.exp(x)
    return y[index].sum() * (x * x)[i][0] + (x[1:4][np.array([0, -1, 1])] ** 2 * np.arange(3.0)).sum()


@program(M, ROWS)
def stores_into_rows(m, r):
    y = m.copy()
    y[r] = m[::-1]
    y[r, :] += m
    y[:, r] = m[0, :3]
    y[r, 1:3] *= 2.0
    y[1:, r[:2]] = y[:2, r[:2]]
    return (y * y * m).sum()


@program(T, ROWS, COLUMNS, np.array([[0, 1], [2, 0]]))
def stores_into_more_axes(t, r, c, k):
    y = t.copy()
    y[:, r, c] *= t[0, 1, 2]
    y[1, r] = y[0, c]
    y[1][r] += 1.0
    y[0, :, c] = y[1, c, 0][:, None] * 2
    y[0, k] = t[1, k] * 2.0
    y[1, k, k.T] = 3.0 * t[0, 0, 0]
    return (y**3).sum() + (t[:, k] ** 2).sum()


@program(M, np.argsort(M, 1))
def taken(m, k):
    s = (np.take_along_axis(m, k, 1) * np.arange(4.0)).sum() + (np.take(m, k[0]) ** 2).sum()
    return s + (np.take(m, k[0], axis=1) ** 3).sum() + np.take(m, 3) * m.take(2)


# ---- masks -----------------------------------------------------------------------------------------------


@program(X, W, CHOSEN)
def masks(x, w, chosen):
    y = x * w
    s = (x[x > 0] ** 3).sum() + x[(x > -0.5) & ~(x > 0.4)][0] ** 2
    y[chosen] = w[:3] * x[0]
    y[chosen] *= 2.0
    y[~chosen] += x[1]
    y[y > 1.0] = 0.0
    return s * (y**2).sum()


@program(M)
def masks_of_matrices(m):
    y = m * m
    k = m > 0
    y[k] = np.sin(m[k])
    y[m < -0.3] *= 3.0
    y[m < -0.5] = 1.0
    return (y**2).sum() + (m[m > 0] * np.arange((m > 0).sum())).sum()


@program(M, np.array([True, False, True]))
def masks_of_rows(m, k):
    y = m * 1.0
    y[k] = m[0] * m[1]
    y[k, 1] = 5.0 * m[2, 0]
    z = m[k]
    u = m[k, :]
    v = m[:, m[0] > -0.3]
    y[k] *= 2
    y[~k] = 0.5
    return (y**2).sum() + (z**3).sum() + (u[0] * v[0, 0]).sum() + (v**2).sum()


@program(X, W)
def masks_in_a_loop(x, w):
    s = 0.0
    y = x.copy()
    for k in range(4):
        p = y[y > -0.1 * k]
        q = p * p
        for j in range(q.shape[0]):
            s += np.sin(q[j] * p[j] * w[k])
        y = y * 1.3
        y[y > 0.8] = 0.1 * w[k]
    return s + y.sum()


@program(M, T)
def elements_chosen_by_wide_masks(m, t):
    s = 0.0
    k = m > 0
    places = np.nonzero(k)
    y = m[k]
    k[:] = False
    z = np.sort(y)
    for v in m[m > 0.1]:
        s += v**2
    for j in range(y.shape[0]):
        s += y[j] * z[j]
    q = t[:, m > 0.2]
    r = t[m[:2, :3] > -0.4]
    return s + (q**2).sum() + (r * r).sum() + q[1, 0] + r[0, 1] + m[places][0]


@program(X + 0.01, W)
def while_masks_shrink(x, w):
    y = x.copy()
    s = 0.0
    for k in range(10):
        p = np.flatnonzero(y > 0.107)
        if p.shape[0] == 0:
            break
        if p.shape[0] == 1:
            y[p] *= 0.3
            continue
        y[p[:-1]] *= w[k % 5] * 0.4
        s += y[p].sum() ** 2
        y[p[-1]] -= 0.4 * w[0]
    return s + (y * y).sum()


@program(M)
def places_of_a_mask(m):
    a, b = np.nonzero(m > 0)
    z = np.where(m < 0)
    s = 0.0
    q = np.argwhere(m > 0.2)
    for k in range(len(q)):
        s += m[q[k, 0], q[k, 1]] ** 3
    for k in np.flatnonzero(m > 0.1):
        s += m.ravel()[k] ** 2
    s += (m[a, b] ** 2).sum() + m[z].sum() * len(a) + np.count_nonzero(m > 0) * m[0, 0]
    return s + np.extract(m > 0, m)[0] + m[np.nonzero(m > 0.3)][0]


# ---- order --------------------------------------------------------------------------------------------------


@program(X, W, M)
def sorted_arrays(x, w, m):
    y = np.sort(x)
    z = x * w
    z.sort()
    rows = np.sort(-m * m)
    return (
        (y * w).sum() + (z * z * w).sum() + (rows * rows * np.arange(4.0)).sum() + (np.partition(x, 2)[:2] ** 2).sum()
    )


@program(X, W)
def sorted_places(x, w):
    o = np.argsort(x)
    s = (x[np.argpartition(x, 2)[:2]] ** 2).sum()
    return s + (w[o] * np.arange(5.0) * x).sum() + x[np.argsort(-x)][1] ** 2 + x[x.argsort()[::-1]][0]


@program(X, W)
def sorted_in_a_loop(x, w):
    y = x.copy()
    s = 0.0
    for _ in range(3):
        y = np.sort(y * w)
        o = np.argsort(np.sin(y) * w)
        s += (y[o] * w).sum() ** 2
        o[0] = 0
        y[o] = y * y
    return s


@program(M)
def sorted_in_branches(m):
    s = 0.0
    for k in range(3):
        row = m[k]
        if row[0] < -0.2:
            q = row[row > -0.4]
            s += (q * q).sum()
        else:
            o = np.argsort(-row)
            s += row[o[0]] * row[o[1]]
    return s


@program(X, 0.37)
def order_statistics(x, q):
    s = np.median(x) ** 2 + np.median(x[:4]) + np.quantile(x, q) ** 2 + np.percentile(x, 30.0)
    s += (np.percentile(x, np.array([10.0, 20.0, 100.0])) * np.arange(3.0)).sum()
    return s + np.quantile(x, (0.2, 0.7))[1] + (np.unique(x * x) * np.arange(5.0)).sum()


@program(numbers(4), np.array([0.0, 0.5, 1.0, 2.0]), np.array([0.2, 0.7, 1.5]), np.array([0, 3, 3, 1]))
def tables(ys, xs, v, bins):
    k = np.searchsorted(xs, v, side="right")
    low = np.searchsorted(xs, 0.6)
    h = np.bincount(bins, ys)
    g = np.bincount(bins, weights=ys * ys, minlength=6)
    line = ys[k - 1] + (ys[k] - ys[k - 1]) * (v - xs[k - 1]) / (xs[k] - xs[k - 1])
    s = (line**2).sum() + ys[low] * xs[np.digitize(v, xs)].sum()
    return s + (h * h).sum() + (g * np.arange(6.0)).sum() * np.bincount(bins)[0]


@program(numbers(3, 3), numbers(9), numbers(4))
def places_and_counts(a, x, w):
    rows, columns = np.triu_indices(3, 1)
    h, edges = np.histogram(x, 4)
    s = np.sum(h * w) + np.sum(edges * edges)
    for k in range(rows.size):
        s += a[rows[k], columns[k]] ** 2
    return s + np.sum(np.histogram(x, np.array([-1.0, 0.0, 0.5]))[0] * w[:2])
