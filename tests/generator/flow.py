"""Loops, branches, jumps, errors."""

from __future__ import annotations

from .maker import BOOL, FLOAT, INT, MATRIX, SHORT, VECTOR, M, Maker, N, compound


def branch(m: Maker) -> None:
    m.line(f"if {m.condition()}:")
    with m.nested():
        m.block(1, 2)
        leave(m)
    if m.c.chance(25):
        m.line(f"elif {m.condition()}:")
        with m.nested():
            m.block(0, 2)
    if m.c.chance(50):
        m.line("else:")
        with m.nested():
            m.block(1, 2)
            leave(m)


def leave(m: Maker) -> None:
    """Sometimes the way out: of an iteration, a loop, the function."""
    k = m.c.below(100)
    if k < 0.3 * m.leaving:
        m.line(m.returned(m.number(1)))
    elif m.loops and k < m.leaving:
        m.line(m.c.choice(["break", "continue"]))


def loop(m: Maker) -> None:
    m.c.choice([over_a_range, over_a_range, over_a_range, while_loop, over_arrays, over_rows, counted_down])(m)
    if m.c.chance(8):
        m.line("else:")
        with m.nested():
            m.block(1, 1)


def over_a_range(m: Maker) -> None:
    i = m.new("i")
    ranges = [
        str(N),
        str(M),
        "2",
        f"1, {N - 1}",
        f"{N - 1}, -1, -1",
        f"0, {N}, 2",
        "2, 2",
        f"1, {N}",
        "0",
        f"{N - 1}, 0, -2",
    ]
    ranges += [f"{n}.shape[0]" for n in m.names(VECTOR)] + [f"len({n})" for n in m.names(SHORT)]
    ranges += [f"{j}, {N}" for j in m.below] + [f"{j} + 1" for j, b in m.below.items() if b <= N]
    ranges += [f"{k} % {N}" for k in m.names(INT)]
    kind = "prange" if not m.leaving and m.c.chance(8) else "range"
    m.line(f"for {i} in {kind}({m.c.choice(ranges)}):")
    with m.loop(**{i: N}):
        m.block(1, 3)
        if kind == "range" and m.c.chance(10):
            m.line(m.c.choice([f"{i} += 1", f"{i} = {i} * 2 - 1", f"{i} = 0"]))
            m.below.pop(i, None)
            m.block(1, 2)


@compound
def after_a_loop(m: Maker) -> bool | None:
    """The loop variable and what the loop bound last, read behind it."""
    i, e = m.new("i"), m.new("e")
    m.line(f"for {i} in range({m.c.choice([1, 2, N])}):")
    with m.loop(**{i: N}):
        m.line(f"{e} = {m.number(2)}")
        m.block(0, 2)
    m.bind(i, INT)
    m.bind(e, FLOAT)
    return None


def while_loop(m: Maker) -> None:
    i = m.new("i")
    m.line(f"{i} = 0")
    form = m.c.below(4)
    forever = form == 0
    if forever:
        m.line("while True:")
    else:
        m.line(f"while {i} < {m.c.between(1, 3)}" + (f" and ({m.condition()}):" if form == 1 else ":"))
    with m.loop(i, **{i: N}):
        if forever:
            m.line(f"if {i} > 1 or ({m.condition()}):")
            with m.nested():
                m.line("break")
        if m.c.chance(50):
            m.line(f"{i} += 1")
            m.below.pop(i, None)
            m.block(1, 3)
        else:
            loops, m.loops = m.loops, 0  # no `continue` before the counter counts
            leaving, m.leaving = m.leaving, 0
            m.block(1, 2)
            m.loops, m.leaving = loops, leaving
            m.line(f"{i} += 1")


@compound
def until_small(m: Maker) -> None:
    """As many trips as the numbers say."""
    e, k = m.new("e"), m.new("k")
    m.line(f"{e} = abs({m.number(1)}) + 0.37")
    m.line(f"{k} = 0")
    m.line(m.c.choice([f"while {e} > 0.2 and {k} < 6:", f"while {e} > 0.2:"]))
    with m.loop(e, k, **{k: N + M}):
        m.line(f"{e} = 0.55 * {e}" + m.c.choice(["", f" + 0.05 * np.sin({m.number(1)})"]))
        m.line(f"{k} += 1")
        m.below.pop(k, None)
        leaving, m.leaving = m.leaving, 0
        m.block(0, 2)
        m.leaving = leaving
    m.scope[e], m.scope[k] = FLOAT, INT


def over_arrays(m: Maker) -> None:
    i, e, f = m.new("i"), m.new("e"), m.new("f")
    vectors = [n for n in m.names(VECTOR) if n not in m.held] or ["np.linspace(-0.7, 0.9, 4)"]
    a, b = m.c.choice(vectors), m.c.choice(vectors)
    form = m.c.below(5)
    texts = [f"for {e} in {a}:", f"for {i}, {e} in enumerate({a}):", f"for {e}, {f} in zip({a}, {b}):"]
    texts += [f"for {e} in reversed({a}):" if a.isidentifier() else f"for {e} in {a}:"]
    texts += [f"for {i}, ({e}, {f}) in enumerate(zip({a}, {b})):"]
    m.line(texts[form])
    with m.loop(a, b, e, f, **({i: N} if form in (1, 4) else {})):
        m.bind(e, FLOAT)
        if form in (2, 4):
            m.bind(f, FLOAT)
        m.block(1, 3)


def over_rows(m: Maker) -> None:
    matrices = [n for n in m.names(MATRIX) if n not in m.held and n not in m.constant]
    if not matrices:
        over_a_range(m)
        return
    n, row = m.c.choice(matrices), m.new("p")
    m.line(f"for {row} in {n}:")
    with m.loop(n, row):
        m.scope[row] = SHORT
        m.parts |= {row, n}
        if m.c.chance(50):
            m.held.discard(row)
            m.line(f"{row}[{m.c.below(M)}] {m.c.choice(['=', '+=', '*='])} {m.number(1)}")
        m.block(1, 2)


def counted_down(m: Maker) -> None:
    """A number of trips that is computed."""
    k, i = m.new("k"), m.new("i")
    m.line(f"{k} = {m.c.choice([f'int(abs({m.number(1)}) * 3) % 4', f'{m.integer()} % 4'])}")
    m.scope[k] = INT
    m.line(f"for {i} in range({k}):")
    with m.loop(**{i: N}):
        m.block(1, 3)


@compound
def guarded(m: Maker) -> None:
    """Names that exist only when a flag is set, bound under it and used under it."""
    if m.flags and m.c.chance(70):
        flag = m.c.choice(sorted(m.flags))
    else:
        flag = m.new("c")
        m.line(f"{flag} = {m.condition()}")
        m.scope[flag] = BOOL
        m.held.add(flag)
        m.flags[flag] = {}
    defined = dict(m.flags[flag])
    m.line(f"if {flag}:")
    with m.nested():
        m.scope.update(defined)
        type = m.c.choice([FLOAT, FLOAT, VECTOR, MATRIX])
        name = m.c.choice([*(n for n, t in defined.items() if t == type), m.new("g")])
        m.line(f"{name} = {f'np.sin({m.array(type.shape, 1)})' if type.shape else m.number(2)}")
        m.scope[name] = type
        numbers = [n for n in m.names(FLOAT) if m.free(n)]
        if numbers and m.c.chance(70):
            m.line(f"{m.c.choice(numbers)} += {m.number(1)}")
    m.flags[flag] = {**defined, name: type}


@compound
def error(m: Maker) -> None:
    """Raised seldom: for arguments that some program may be given."""
    if m.c.chance(50):
        m.line(f"assert {m.number(1)} > -{m.c.between(1, 5)}.5")
        return
    m.line(f"if {m.number(1)} > {m.c.between(1, 5)}.5:")
    with m.nested():
        m.line('raise ValueError("too large")')
