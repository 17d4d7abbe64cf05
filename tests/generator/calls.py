"""Functions that programs call: written for all of them, made at random, defined inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .maker import FLOAT, INT, VECTOR, Choices, Helper, Maker, N, Shape, Tuple, Type, array, number, statement

# ---- written ones -----------------------------------------------------------------------------------


def wave(v, k=1.5):
    return np.sin(k * v) + 0.25 * v


def clipped(v, low, high):
    if v < low:
        return low + 0.1 * v
    if v > high:
        return high
    return v


def norm2(a):
    total = 0.0
    for v in a:
        total += v * v
    return total


def damp(a, c=0.5):
    for i in range(a.shape[0]):
        a[i] = c * a[i]


def turned(u, v):
    return u * 0.8 - v * 0.6, u * 0.6 + v * 0.8


def first_over(a, limit):
    for i in range(len(a)):
        if a[i] > limit:
            return a[i] * (i + 1)
    return limit


def applied(f, value, times=1):
    for _ in range(times):
        value = f(value)
    return value


def combined(f, *values, last=0.3):
    return f(*values, last)


def horner(a, v, k):
    if k == a.shape[0]:
        return 0.0
    return a[k] + 0.5 * v * horner(a, v, k + 1)


def there(v, k):
    return v if k == 0 else np.sin(back(v, k - 1)) + v


def back(v, k):
    return 1.0 if k == 0 else there(0.7 * v, k - 1)


def halves(a, low, high):
    if high - low == 1:
        return a[low]
    middle = (low + high) // 2
    u, v = halves(a, low, middle), halves(a, middle, high)
    return u + 0.3 * v * u


def mixed(a, b, k):
    if k > 0:
        a[k] += 0.3 * b[k - 1]
        b[0] *= 0.6 + 0.1 * a[k]
        mixed(b, a, k - 1)


def repeated(f, v, k):
    return v if k == 0 else 0.5 * v + np.sin(repeated(f, f(v), k - 1))


def shifted(a, b):
    a[1:] = b[:-1]
    return a


def row_of(w, k):
    return w[k]


def regular(q):
    return 5.0 * np.eye(q.shape[0]) + np.sin(q)


def positive(q):
    return q.T @ q + 0.3 * np.eye(q.shape[0])


FUNCTIONS = (
    regular,
    positive,
    wave,
    clipped,
    norm2,
    damp,
    turned,
    first_over,
    applied,
    combined,
    horner,
    there,
    back,
    halves,
    mixed,
    repeated,
    shifted,
    row_of,
)
TABLE = np.array([0.7, -0.4, 1.1, 0.2])


# ---- calls -----------------------------------------------------------------------------------------


@number
def call(m: Maker, depth: int) -> str:
    a, v, u = m.named((N,)), m.number(depth - 1), m.number(0)
    forms = [f"wave({v})", f"wave({v}, k={m.literal()})", f"clipped({v}, -0.53, high=0.61)", f"norm2({a})"]
    forms += [f"wave(k={u}, v={v})", f"turned({v}, {u})[{m.c.below(2)}]", f"first_over({a}, {u})"]
    forms += [f"applied(wave, {v}, times={m.c.between(1, 3)})", f"applied(lambda h: h * {u}, {v})"]
    return m.c.choice([*forms, f"combined(np.hypot, {v}, last={u})", f"row_of({m.named((N, N))}, {m.c.below(N)})[1]"])


@number
def recursion(m: Maker, depth: int) -> str:
    a, v = m.named((N,)), m.number(depth - 1)
    return m.c.choice(
        [f"horner({a}, {v}, 0)", f"there({v}, {m.c.between(0, 3)})", f"halves({a}, 0, {m.c.between(1, N)})"]
    )


@number
def call_of_a_closure(m: Maker, depth: int) -> str | None:
    if not m.closures:
        return None
    f = m.c.choice(m.closures)
    forms = [f"{f}({m.number(depth - 1)})", f"applied({f}, {m.number(0)}, times=2)"]
    return m.c.choice([*forms, f"repeated({f}, {m.number(0)}, {m.c.between(0, 2)})"])


@number
def call_of_a_helper(m: Maker, depth: int) -> str | None:
    found = [h for h in m.helpers if h.result in (FLOAT, VECTOR) or isinstance(h.result, Tuple)]
    if not found:
        return None
    h = m.c.choice(found)
    text = call_text(m, h, depth)
    if h.result is FLOAT:
        return text
    return f"{text}[{m.c.below(2)}]" if isinstance(h.result, Tuple) else f"np.sum({text})"


@array
def vector_of_a_helper(m: Maker, shape: Shape, depth: int) -> str | None:
    found = [h for h in m.helpers if h.result == Type("f", shape)]
    return call_text(m, m.c.choice(found), depth) if found else None


def call_text(m: Maker, h: Helper, depth: int) -> str:
    given = len(h.parameters) - (m.c.below(h.defaults + 1) if h.defaults else 0)
    by_name = m.c.below(3)
    texts = []
    for k, (name, type) in enumerate(h.parameters[:given]):
        text = m.array(type.shape, 0) if type.shape else m.integer(0) if type is INT else m.number(min(depth - 1, 1))
        texts.append(f"{name}={text}" if k >= given - by_name else text)
    return f"{h.name}({', '.join(texts)})"


@statement
def change_by_a_call(m: Maker) -> bool | None:
    vectors = [n for n in m.names(VECTOR) if n not in m.constant and n not in m.held]
    if not vectors:
        return False
    n = m.c.choice(vectors)
    forms = [
        f"damp({n}, {m.number(1)})",
        f"damp({n})",
        f"damp({n}[1:], c={m.number(0)})",
        f"shifted({n}, {m.named((N,))})",
        f"mixed({n}, {m.c.choice(vectors)}, 2)",
        f"mixed({n}[1:], {n}[:-1], {m.c.between(0, 2)})",
    ]
    forms += [f"{h.name}({n}, {m.number(1)})" for h in m.helpers if h.result is None] * 3
    matrices = [w for w in m.arrays(writable=True) if len(m.scope[w].shape) == 2]
    forms += [f"damp({w}[{m.c.below(N)}])" for w in matrices]
    m.line(m.c.choice(forms))
    return None


@statement
def several_of_a_call(m: Maker) -> None:
    a, b = m.fresh(FLOAT), m.new("e")
    found = [h for h in m.helpers if isinstance(h.result, Tuple)]
    text = call_text(m, m.c.choice(found), 2) if found else f"turned({m.number(1)}, {m.number(0)})"
    m.line(f"{a}, {b} = {text}")
    m.bind(a, FLOAT)
    m.bind(b, FLOAT)


@statement
def closure(m: Maker) -> bool | None:
    """A function of one number, which reads what stands around it."""
    if m.loops or m.depth > 1:
        return False
    name = m.new("h")
    first = m.c.choice(["v", "np.sin(v)", "v * v", "wave(v, v)"])
    text = f"{first} * {m.number(1)} + {m.number(0)}"
    if m.c.chance(30):
        m.line(f"def {name}(v, k=2):")
        with m.nested():
            m.line("if k == 0:")
            with m.nested():
                m.line(f"return {m.number(0)}")
            m.line(f"return {text} - 0.5 * {name}({m.c.choice(['v', '0.7 * v', m.number(0)])}, k - 1)")
    elif m.c.chance(40):
        m.line(f"{name} = lambda v: {text}")
    else:
        m.line(f"def {name}(v):")
        with m.nested():
            if m.c.chance(40):
                m.line(f"if v > {m.literal()}:")
                with m.nested():
                    m.line(f"return {m.number(0)}")
            m.line(f"return {text}")
    m.closures.append(name)
    return None


# ---- random ones --------------------------------------------------------------------------------------


def random_helpers(c: Choices, most: int) -> tuple[list[Helper], str]:
    """Functions that a program, and the later ones of these, may call; and their text."""
    helpers: list[Helper] = []
    text = ""
    for k in range(c.below(most + 1)):
        parameters: list[tuple[str, Any]] = [("a", VECTOR), ("c", FLOAT), *c.some([("k", INT), ("d", FLOAT)], 0, 2)]
        result = c.choice([FLOAT, FLOAT, None, VECTOR, Tuple((FLOAT, FLOAT))])
        defaults = c.below(len(parameters) - 1) if result else 0
        h = Helper(f"inner{k}", tuple(parameters if result else parameters[:2]), defaults, result)
        text += one_helper(c, h, helpers) + "\n\n"
        helpers.append(h)
    return helpers, text


def one_helper(c: Choices, h: Helper, known: Sequence[Helper]) -> str:
    m = Maker(c, dict(h.parameters), known)
    m.leaving = 0
    if h.result is not None:
        m.constant.add("a")  # most callers give it an expression
    texts = [n for n, _ in h.parameters]
    for k in range(len(texts) - h.defaults, len(texts)):
        texts[k] += f"={'2' if h.parameters[k][1] is INT else m.literal()}"
    m.lines.append(f"def {h.name}({', '.join(texts)}):")
    if h.result is None:
        m.line(f"a[{c.below(N)}] {c.choice(['=', '*=', '+='])} {m.number(1)}")
        m.block(0, 2)
        return "\n".join(m.lines) + "\n"
    if h.result is FLOAT:
        m.leaving = c.choice([0, 20])
    m.block(0, 2)
    m.leaving = 0
    if h.result is FLOAT:
        m.line(f"return {m.number(2)}")
    elif h.result == VECTOR:
        m.line(f"return {m.array((N,), 1)} * {m.number(0)}")
    else:
        m.line(f"return {m.number(1)}, {m.number(1)}")
    return "\n".join(m.lines) + "\n"
