"""Loops of which few states are kept: the same gradients bit for bit, in less memory, with as few runs as can be."""

from __future__ import annotations

import ast
import inspect
import linecache
import math
import textwrap
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit
from programs import PROGRAMS

from sourcead import Unsupported, checkpoint, checkpointed, grad, jvp_fn, value_and_grad
from sourcead.primitives import longer_plan, next_snapshot

# ---- the schedule -----------------------------------------------------------------------------------


def replay(n: int, s: int, known: bool) -> tuple[int, int, int]:
    """Run a loop of n iterations as its gradient does: how many run again in all, and at most one of them; where the
    last state was kept on the way."""
    kept: list[int] = []
    due, planned = 0, n if known else longer_plan(1, s)
    for k in range(n):
        if not known and k == planned:
            kept, planned, due = kept[:1], longer_plan(planned, s), k
        if k == due:
            kept.append(k)
            assert len(kept) <= s
            due = next_snapshot(k, planned, s - len(kept))
    last, again = kept[-1] if kept else 0, [0] * n
    for trip in reversed(range(n)):
        at = kept.pop()
        if at < trip:
            kept.append(at)
        due = next_snapshot(at, trip + 1, s - len(kept))
        for k in range(at, trip):
            again[k] += 1
            if k == due:
                kept.append(k)
                assert len(kept) <= s
                due = next_snapshot(k, trip + 1, s - len(kept))
    assert not kept
    return sum(again), max(again, default=0), last


@pytest.mark.parametrize("s", [1, 2, 3, 5, 10])
def test_schedule_is_optimal(s):
    """Griewank and Walther (2000), Proposition 1: `r n - (s + r)! / ((s + 1)! (r - 1)!)` runs of iterations."""
    for n in (*range(2, 40), 100, 300):
        r = next(r for r in range(n) if math.comb(s + r, s) >= n)
        total, most, last = replay(n, s, known=True)
        assert total + last == r * n - math.comb(s + r, s + 1)  # the forward sweep itself came to the last state kept
        assert most <= r
        total_of_unknown, most, _ = replay(n, s, known=False)
        assert most <= r
        assert total_of_unknown <= r * n


# ---- programs ---------------------------------------------------------------------------------------

LOOPS = (
    *("newton_root", "guarded_while", "endless_with_returns", "zero_trips", "loop_else", "power_iteration"),
    *("diffusion_with_swap", "wave_with_swap", "recurrent_network", "continue_and_break", "dict_as_accumulators"),
    *("early_return_in_a_loop", "return_from_a_nest", "left_by_branches_of_inner_loop", "buffers_of_each_iteration"),
    *("arrays_where_other_branches_raise", "buffers_copied_into_a_list", "indexed_by_what_is_computed"),
)


class Marks(ast.NodeTransformer):
    """Marks loops: the outermost ones, or those that hold no others, or all."""

    def __init__(self, which: str, budget: int):
        self.which, self.budget, self.depth = which, budget, 0

    def loop(self, node: Any) -> Any:
        innermost = not any(isinstance(n, ast.For | ast.While) for s in node.body for n in ast.walk(s))
        mark = {"all": True, "outer": self.depth == 0, "inner": innermost}[self.which]
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1
        if mark and isinstance(node, ast.While):
            node.test = self.marked(node.test)
        elif mark and isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func) in ("range", "enumerate", "zip"):
            node.iter = self.marked(node.iter)
        return node

    visit_For = visit_While = loop

    def marked(self, e: ast.expr) -> ast.expr:
        return ast.Call(ast.Name("checkpointed", ast.Load()), [e, ast.Constant(self.budget)], [])


def marked(f: Callable[..., Any], which: str, budget: int) -> Callable[..., Any]:
    """The same function with marked loops."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    text = ast.unparse(ast.fix_missing_locations(Marks(which, budget).visit(tree)))
    assert "checkpointed" in text
    filename = f"<{f.__name__} {which} {budget}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    space = {**f.__globals__, "checkpointed": checkpointed}
    exec(compile(text, filename, "exec"), space)
    new = space[f.__name__]
    new.__defaults__ = f.__defaults__
    return new


def leaves(x: Any) -> list[Any]:
    return [v for i in x for v in leaves(i)] if isinstance(x, tuple | list) else [x]


def assert_same(f: Callable[..., Any], g: Callable[..., Any], args: tuple[Any, ...], argnums: Any) -> None:
    copies = [tuple(np.copy(a) if isinstance(a, np.ndarray) else a for a in args) for _ in range(2)]
    expected = value_and_grad(f, argnums=argnums, jit=False)(*copies[0])
    found = value_and_grad(g, argnums=argnums, jit=False)(*copies[1])
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", LOOPS)
def test_same_as_recorded(name):
    p = PROGRAMS[name]
    assert_same(p.f, marked(p.f, "all", 2), p.args, p.argnums)


@pytest.mark.parametrize("name", ["diffusion_with_swap", "left_by_branches_of_inner_loop"])
def test_inside_of_recorded_loops(name):
    p = PROGRAMS[name]
    assert_same(p.f, marked(p.f, "inner", 3), p.args, p.argnums)


def heat(u0, kappa, steps):
    u, v = u0.copy(), u0.copy()
    for _ in checkpointed(range(steps), budget=5):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + kappa * (u[i - 1] - 2.0 * u[i] + u[i + 1]) - 0.01 * u[i] * u[i]
        u, v = v, u
    return np.sum(u * u)


def recorded_heat(u0, kappa, steps):
    u, v = u0.copy(), u0.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = u[i] + kappa * (u[i - 1] - 2.0 * u[i] + u[i + 1]) - 0.01 * u[i] * u[i]
        u, v = v, u
    return np.sum(u * u)


ROD = np.linspace(0.1, 1.0, 40) ** 2


def test_compiled():
    """Arithmetic alone: compiled code gives what Python gives."""
    g = grad(heat, argnums=(0, 1))
    recorded = grad(recorded_heat, argnums=(0, 1), jit=False)
    for steps in (0, 1, 6, 50):
        for found, expected in zip(g(ROD, 0.2, steps), recorded(ROD, 0.2, steps), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_memory():
    """States within the budget, and what one iteration records: not a multiple of the iterations."""

    def peak(f: Callable[..., Any]) -> int:
        g = grad(f, jit=False)
        g(ROD, 0.2, 3)
        tracemalloc.start()
        g(ROD, 0.2, 100)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    state = 2 * ROD.nbytes
    assert peak(recorded_heat) > 50 * state
    assert peak(heat) < 20 * state  # five states, buffers and adjoints, objects of Python


def decay_until(x, limit):
    total, n = 0.0, 0
    while checkpointed(x > limit, budget=2):
        x = x * np.cos(0.3 * x)
        total += x * x
        n += 1
    return total * n


def test_trip_count_is_not_known():
    def recorded(x, limit):
        total, n = 0.0, 0
        while x > limit:
            x = x * np.cos(0.3 * x)
            total += x * x
            n += 1
        return total * n

    assert_same(recorded, decay_until, (1.3, 0.2), (0,))
    assert_same(recorded, decay_until, (0.1, 0.2), (0,))


def nested(x, epochs):
    w = x.copy()
    loss = 0.0
    for e in checkpointed(range(epochs), budget=2):
        v = np.zeros(3)
        for i in checkpointed(range(10), 3):
            v = 0.5 * v - 0.1 * np.sin(w) * (1.0 + e)
            w = w + v
            if i > 6 and v[0] > 0.05:
                break
        loss += np.sum(w * v)
    return loss


def test_nested():
    def recorded(x, epochs):
        w = x.copy()
        loss = 0.0
        for e in range(epochs):
            v = np.zeros(3)
            for i in range(10):
                v = 0.5 * v - 0.1 * np.sin(w) * (1.0 + e)
                w = w + v
                if i > 6 and v[0] > 0.05:
                    break
            loss += np.sum(w * v)
        return loss

    assert_same(recorded, nested, (np.array([0.3, -0.8, 1.4]), 7), (0,))


def history(x, n, back):
    u = np.zeros((n + 2, 3))
    v = np.ones((n + 1, 3)) * x
    s = 0.0
    for _ in range(2):
        u[0], u[1] = x + s, x * s
        for t in checkpointed(range(1, n), 2):
            u[t + 1] = np.sin(u[t]) * u[t - 1] + 0.1
        for t in checkpointed(range(n - 1, -1, -1), 2):
            v[t] = np.cos(v[t + 1]) * u[t]
        for t in checkpointed(range(n), 2):
            v[t] = v[t - back] * 0.3 + v[t]
        s += np.sum(u * u) + np.sum(v * v * v)
    return s


def test_histories():
    """Elements that will not change any more are not kept; those read from the end are."""

    def recorded(x, n, back):
        u = np.zeros((n + 2, 3))
        v = np.ones((n + 1, 3)) * x
        s = 0.0
        for _ in range(2):
            u[0], u[1] = x + s, x * s
            for t in range(1, n):
                u[t + 1] = np.sin(u[t]) * u[t - 1] + 0.1
            for t in range(n - 1, -1, -1):
                v[t] = np.cos(v[t + 1]) * u[t]
            for t in range(n):
                v[t] = v[t - back] * 0.3 + v[t]
            s += np.sum(u * u) + np.sum(v * v * v)
        return s

    x = np.array([0.3, -0.8, 1.4])
    assert_same(recorded, history, (x, 6, 1), (0,))
    source = grad(history, jit=False).source(x, 6, 1)
    assert "v_kept" in source
    assert "u_kept" not in source


def test_forward_over_reverse():
    rod, direction = ROD[-6:], np.cos(np.arange(6.0))
    of_checkpointed, of_recorded = (jvp_fn(grad(f, jit=False), jit=False) for f in (heat, recorded_heat))
    found, expected = (g(direction, rod, 0.2, 7) for g in (of_checkpointed, of_recorded))
    np.testing.assert_array_equal(found, expected)


def test_means_nothing_without_a_gradient():
    assert heat(ROD, 0.2, 9) == recorded_heat(ROD, 0.2, 9)
    assert njit(decay_until)(1.3, 0.2) == decay_until(1.3, 0.2)
    assert list(checkpointed(range(3), budget=1)) == [0, 1, 2]


# ---- calls ------------------------------------------------------------------------------------------


def layer(w, x):
    for k in range(3):
        x = np.tanh(w @ x + 0.1 * k)
    return x


marked_layer = checkpoint(layer)


def change(a, s):
    t = 0.0
    for i in range(len(a)):
        a[i] = a[i] * np.sin(a[i] * s)
        t += a[i]
        if t > 100.0:
            return t, s
    return t, s * t


def network(w, x):
    for _ in range(4):
        x = marked_layer(w, x)
    return np.sum(checkpoint(layer)(w, x) * x)


def recorded_network(w, x):
    for _ in range(4):
        x = layer(w, x)
    return np.sum(layer(w, x) * x)


def changes(a, s):
    b = a * 2.0
    u, v = checkpoint(change)(b, s)
    for _ in checkpointed(range(5), 2):
        u, s = checkpoint(change)(b, s)
        s = s * 0.1 + u
    return s + u * v + np.sum(b * b)


def recorded_changes(a, s):
    b = a * 2.0
    u, v = change(b, s)
    for _ in range(5):
        u, s = change(b, s)
        s = s * 0.1 + u
    return s + u * v + np.sum(b * b)


def test_calls():
    w, x = np.cos(np.arange(9.0)).reshape(3, 3), np.array([0.3, -0.2, 0.9])
    assert_same(recorded_network, network, (w, x), (0, 1))
    assert_same(recorded_changes, changes, (x, 0.7), (0, 1))
    forward, _, _ = grad(network, jit=False).source(w, x).partition("_bar")
    assert "_saved[" not in forward  # no numbers are recorded
    assert value_and_grad(changes).primal(x, 0.7) == changes(x, 0.7) == recorded_changes(x, 0.7)
    with pytest.raises(TypeError, match="a function of your own"):
        checkpoint(np.sin)


# ---- refused ----------------------------------------------------------------------------------------


def draws(x):
    for _ in checkpointed(range(40), 2):
        x *= np.random.normal()
    return x


def noisy(x):
    return x * np.random.normal()


def draws_in_a_call(x):
    return checkpoint(noisy)(x)


def of_a_tuple(x):
    s = 1.0
    for v in checkpointed((x, 2.0, x), 2):
        s *= v
    return s


def no_budget(x, n):
    for _ in checkpointed(range(n), n):
        x *= x
    return x


def no_room(x):
    for _ in checkpointed(range(40), budget=0):
        x *= x
    return x


def inside_zip(x, ys):
    for _, y in zip(checkpointed(range(40), 3), ys):
        x *= y
    return x


def elsewhere(x):
    r = checkpointed(range(40), 3)
    for _ in r:
        x *= x
    return x


@pytest.mark.parametrize(
    ("f", "args", "what"),
    [
        (draws, (1.0,), "random numbers are drawn inside a checkpointed loop"),
        (draws_in_a_call, (1.0,), "random numbers are drawn inside a checkpointed call"),
        (of_a_tuple, (1.0,), "a tuple or a list of known length is written out"),
        (no_budget, (1.0, 9), "the budget of `checkpointed` must be known when compiling"),
        (no_room, (1.0,), "at least 1"),
        (inside_zip, (1.0, ROD), "must stand around all that the loop goes over"),
        (elsewhere, (1.0,), "can only be used directly in a for loop"),
    ],
)
def test_refused(f, args, what):
    with pytest.raises(Unsupported, match=what):
        grad(f, jit=False)(*args)
