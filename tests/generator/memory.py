"""Statements that write: names, elements, parts; names of parts; helpers that change what they are given."""

from __future__ import annotations

from .arrays import parts, slices
from .maker import (
    ARRAYS,
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    SHORT,
    VECTOR,
    M,
    Maker,
    N,
    Ragged,
    Shape,
    Type,
    compound,
    statement,
)
from .scalars import index, place


def tamed(m: Maker, text: str, array: bool = False, percent: int = 60) -> str:
    """In loops values are often kept from growing."""
    if not m.loops or not m.c.chance(percent):
        return text
    return f"np.tanh({text})" if array else f"np.sin({text})"


@statement
def assign(m: Maker) -> None:
    text = tamed(m, m.number(2))
    name = m.fresh(FLOAT)
    if m.c.chance(5):
        other = m.new("f")
        m.bind(other, FLOAT)
        name_text = f"{other} = {name}"
    else:
        name_text = name
    m.line(f"{name_text} = {text}")
    m.bind(name, FLOAT)


@statement
def change(m: Maker) -> bool | None:
    names = [n for n in m.names(FLOAT) if m.free(n)]
    if not names:
        return False
    value = m.number(1 if m.loops else 2)
    m.line(f"{m.c.choice(names)} {m.c.choice(['+=', '+=', '-=', '*='])} {value}")
    return None


@statement
def assign_integer(m: Maker) -> None:
    text = m.c.choice([f"{m.integer(2)} % 7", f"{m.integer(0)} - 1", f"int({m.number(1)} * 2) % 4"])
    name = m.fresh(INT)
    m.line(f"{name} = {text}")
    m.bind(name, INT)


@statement
def change_integer(m: Maker) -> bool | None:
    names = [n for n in m.names(INT) if m.free(n)]
    if not names:
        return False
    n = m.c.choice(names)
    m.line(m.c.choice([f"{n} += 1", f"{n} -= 1", f"{n} //= 2", f"{n} = {n} % 3 + 1", f"{n} = 2 - {n}"]))
    m.bind(n, INT)
    return None


@statement
def assign_bool(m: Maker) -> None:
    text = m.condition()
    name = m.fresh(BOOL)
    m.line(f"{name} = {text}")
    m.bind(name, BOOL)


@statement
def assign_complex(m: Maker) -> None:
    if m.c.chance(30):
        a, b = m.array((N,), 1), m.array((N,), 0)
        name = m.new("z")
        m.line(f"{name} = {a} + 1j * {b}")
        m.bind(name, Type("c", (N,)))
        return
    text = m.complex(2)
    name = m.fresh(COMPLEX)
    m.line(f"{name} = {text}")
    m.bind(name, COMPLEX)


@statement
def store_complex(m: Maker) -> bool | None:
    arrays = m.arrays("c", writable=True)
    if not arrays:
        return False
    n = m.c.choice(arrays)
    where = m.c.choice([place(m, n), place(m, n), f"{n}[1:]", f"{n}[::-1]", f"{n}[:]"])
    m.line(f"{where} {m.c.choice(['=', '+=', '*='])} {tamed_complex(m)}")
    return None


def tamed_complex(m: Maker) -> str:
    return f"0.5 * ({m.complex(1)})" if m.loops else m.complex(1)


@statement
def assign_array(m: Maker) -> None:
    type = m.c.choice([VECTOR, *ARRAYS])
    text = m.array(type.shape, 2)
    if text.isidentifier() or "(" not in text:
        text = f"{text} * {m.literal()}"  # no second name for an array
    name = m.fresh(type)
    m.line(f"{name} = {tamed(m, text, array=True, percent=50)}")
    m.bind(name, type)


@statement
def another_type(m: Maker) -> bool | None:
    """A name bound again to something of another type."""
    names = [n for n in m.scope if m.free(n) and n not in m.below and n not in m.flags]
    if m.depth > 1 or not names:
        return False
    n = m.c.choice(sorted(names))
    type = m.c.choice([FLOAT, VECTOR, SHORT, INT])
    text = m.array(type.shape, 2) if type.shape else m.number(2) if type is FLOAT else m.integer(2)
    m.line(f"{n} = {text}" if type in (FLOAT, INT) else f"{n} = {text} + 0.25")
    m.bind(n, type)
    return None


# ---- stores ---------------------------------------------------------------------------------------


@statement
def store(m: Maker) -> bool | None:
    """Into one element."""
    arrays = m.arrays(writable=True)
    if not arrays:
        return False
    n = m.c.choice(arrays)
    where = place(m, n)
    if m.loops and m.c.chance(40):
        m.line(f"{where} = np.cos({m.number(2)})")
    elif m.c.chance(12) and len(m.scope[n].shape) == 1:
        other = place(m, n)
        m.line(f"{where}, {other} = {other}, {where}")
    else:
        m.line(f"{where} {m.c.choice(['=', '=', '+=', '+=', '-=', '*='])} {m.number(1 if m.loops else 2)}")
    return None


@statement
def store_part(m: Maker) -> bool | None:
    arrays = m.arrays(writable=True)
    if not arrays:
        return False
    n = m.c.choice(arrays)
    s = m.scope[n].shape
    where, shape = m.c.choice(places(m, s))
    sign = m.c.choice(["=", "=", "+=", "*=", "-="])
    value = m.operand(shape, 1)
    if m.loops:
        value = f"0.5 * {value}"
    elif where.startswith(("[:, ", "[..., ")):  # NumPy reads `q[:, 2] = q[1]` while it stores
        value = f"1.0 * {value}"
    if m.c.chance(10) and sign != "=":
        where, value = "", m.operand(s, 1)
    m.line(f"{n}{where} {sign} {value}")
    return None


def places(m: Maker, s: Shape) -> list[tuple[str, Shape]]:
    out: list[tuple[str, Shape]] = [("[:]", s), ("[...]", s)]
    if len(s) == 1:
        out += [("[1:]", (s[0] - 1,)), ("[:-1]", (s[0] - 1,)), ("[::2]", ((s[0] + 1) // 2,)), ("[::-1]", s)]
        return out + [("[-2:]", (min(2, s[0]),)), (f"[{s[0] - 2}::-1]", (s[0] - 1,)), ("[2:2]", (0,))]
    out += [(f"[{index(m, s[0])}]", s[1:]), (f"[:, {index(m, s[1])}]", s[:1]), (f"[..., {index(m, s[1])}]", s[:1])]
    out += [("[1:]", (s[0] - 1, s[1])), (f"[{index(m, s[0])}, 1:]", (s[1] - 1,)), ("[::-1, 1:]", (s[0], s[1] - 1))]
    return out


@statement
def shift(m: Maker) -> bool | None:
    """From one part of an array into another, which may overlap."""
    vectors = [n for n in m.arrays(writable=True) if len(m.scope[n].shape) == 1 and m.scope[n].shape[0] > 2]
    if not vectors:
        return False
    n = m.c.choice(vectors)
    extent = m.scope[n].shape[0]
    wanted = m.c.choice([extent - 1, extent - 1, extent - 2, extent])
    here, there = m.c.choice(slices(n, extent, wanted)), m.c.choice(slices(n, extent, wanted))
    m.line(f"{here} {m.c.choice(['=', '=', '+=', '*='])} {m.c.choice([there, there, f'{there} * {m.number(1)}'])}")
    return None


@statement
def scatter(m: Maker) -> bool | None:
    """By an array of integers or a mask."""
    arrays = [n for n in m.arrays(writable=True) if m.scope[n].shape[0] in (N, M)]
    if not arrays:
        return False
    n = m.c.choice(arrays)
    shape = m.scope[n].shape
    sign = m.c.choice(["=", "+=", "+=", "*="])
    masks = [k for k in m.arrays("b") if m.scope[k].shape == shape[:1]]
    indices = m.arrays("i")
    if m.c.chance(50):
        mask = m.c.choice([f"{n} > {m.literal()}", *masks])
        m.line(f"{n}[{mask}] {sign} {m.number(1)}")
    elif indices:
        k = m.c.choice(indices)
        m.line(f"{n}[{k}] {sign} {m.operand((m.scope[k].shape[0], *shape[1:]), 1)}")
    else:
        m.line(f"{n}[np.array([0, {m.c.between(-2, 2)}, 0])] {sign} {m.operand((3, *shape[1:]), 1)}")
    return None


@statement
def make_indices(m: Maker) -> None:
    c = m.c
    length = c.choice([N, M])
    name = m.new("j")
    forms = [f"np.array([{', '.join(str(c.between(-M, M - 1)) for _ in range(length))}])", f"np.arange({length}) % {M}"]
    forms += [f"np.argsort({m.array((length,), 1)}) % {M}"]
    m.line(f"{name} = {c.choice(forms)}")
    m.bind(name, Type("i", (length,)))


@statement
def change_indices(m: Maker) -> bool | None:
    arrays = m.arrays("i", writable=True)
    if not arrays:
        return False
    n = m.c.choice(arrays)
    k = index(m, m.scope[n].shape[0])
    m.line(
        m.c.choice([f"{n}[{k}] = {m.c.between(-M, M - 1)}", f"{n}[{k}] = ({n}[{k}] + 1) % {M}", f"{n}[:] = {n}[::-1]"])
    )
    return None


@statement
def make_mask(m: Maker) -> None:
    name = m.new("b")
    m.line(f"{name} = {m.array((N,), 1)} {m.c.choice(['>', '<='])} {m.operand((N,), 0)}")
    m.bind(name, Type("b", (N,)))


@statement
def masked(m: Maker) -> bool | None:
    """A vector of a length that the numbers decide."""
    vectors = m.names(VECTOR)
    if not vectors:
        return False
    n = m.c.choice(vectors)
    mask = m.c.choice([f"{n} > {m.literal()}", f"{m.c.choice(vectors)} < {m.number(0)}", *m.names(Type("b", (N,)))])
    name = m.new("r")
    m.line(f"{name} = {n}[{mask}]" + m.c.choice(["", "", f" * {m.number(0)}"]))
    m.bind(name, Ragged())
    return None


# ---- other names ------------------------------------------------------------------------------------


@statement
def name_a_part(m: Maker) -> bool | None:
    arrays = m.arrays(writable=True)
    if not arrays:
        return False
    n = m.c.choice(arrays)
    s = m.scope[n].shape
    shapes = [s, (N,), (M,), (N - 1,), (N - 2,)] if len(s) == 2 else [s, (s[0] - 1,), (s[0] - 2,)]
    shape = m.c.choice([k for k in shapes if 0 not in k])
    options = [n] * (shape == s) + parts(m, n, shape) + [f"{n}.T"] * (len(s) == 2 and s[0] == s[1] and shape == s)
    if not options:
        return False
    old = [p for p in m.names(Type("f", shape)) if p in m.parts and p not in m.held]
    name = m.c.choice(old) if old and m.c.chance(15) else m.new("p")
    m.line(f"{name} = {m.c.choice(options)}")
    m.bind(name, Type("f", shape))
    m.parts |= {name, n}
    return None


@statement
def buffers(m: Maker) -> None:
    """One array under two names, or arrays of zeros to be filled."""
    a, b = m.new("a"), m.new("b")
    form = m.c.below(4)
    if form == 0:
        m.line(f"{a} = {b} = {m.array((N,), 1)} + {m.number(0)}")
        m.parts |= {a, b}
    elif form == 1:
        m.line(f"{a} = np.empty({N})")
        m.line(f"{a}[:2] = {m.operand((2,), 1)}")
        m.line(f"{a}[2:] = {m.operand((N - 2,), 1)}")
    elif form == 2:
        m.line(f"{a} = np.empty({N})")
        i = m.new("i")
        m.line(f"for {i} in range({N}):")
        with m.loop(**{i: N}):
            m.line(f"{a}[{m.c.choice([i, f'{N - 1} - {i}', f'-{i}'])}] = {m.number(2)}")
    else:
        m.line(f"{a} = np.zeros({N})")
        m.line(f"{b} = np.zeros_like({a})")
    m.scope[a] = VECTOR
    if form in (0, 3):
        m.scope[b] = VECTOR


@statement
def exchange(m: Maker) -> bool | None:
    vectors = [n for n in m.names(VECTOR) if m.free(n)]
    numbers = [n for n in m.names(FLOAT) if m.free(n)]
    if len(vectors) > 1 and m.c.chance(50):
        a, b = m.c.two(vectors)
        m.line(f"{a}, {b} = {b}, {a}")
    elif len(numbers) > 1:
        a, b = m.c.two(numbers)
        m.line(f"{a}, {b} = {m.c.choice([b, m.number(1)])}, {a} * {m.literal()}")
    else:
        return False
    return None


@compound
def growing(m: Maker) -> bool | None:
    """A vector whose length changes from trip to trip."""
    a, b, k = m.new("a"), m.new("b"), m.new("k")
    m.line(f"{a} = {m.named((N,))}[:{m.c.between(1, 2)}] * {m.literal()}")
    m.line(f"for {k} in range({m.c.between(0, 3)}):")
    with m.loop(**{k: M}):
        if m.c.chance(50):
            m.line(f"{b} = np.zeros(len({a}) + 1)")
            m.line(f"{b}[1:] = {a} * {m.number(1)}")
            m.line(f"{b}[0] = {a}[-1] * {m.number(0)}")
        else:
            m.line(f"{b} = np.tanh({a} + {m.number(1)})")
        if m.c.chance(30):
            m.line(f"if np.sum({b}) > {m.literal()}:")
            with m.nested():
                m.line(m.c.choice(["break", "continue"]))
        m.line(f"{a} = {b}")
    m.bind(a, Ragged())
    return None
