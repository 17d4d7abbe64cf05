"""Tuples, named tuples, dicts and lists."""

from __future__ import annotations

from typing import Any, NamedTuple

from .maker import FLOAT, SHORT, VECTOR, List, M, Maker, N, Tuple, Type, compound, statement


class Pair(NamedTuple):
    """For programs."""

    left: Any
    right: Any


def an_item(m: Maker) -> tuple[str, Type]:
    type = m.c.choice([FLOAT, FLOAT, FLOAT, VECTOR, SHORT])
    return (f"{m.array(type.shape, 1)} * {m.number(0)}" if type.shape else m.number(1)), type


@statement
def make_tuple(m: Maker) -> None:
    c = m.c
    items = [an_item(m) for _ in range(c.between(2, 3))]
    texts, types = [t for t, _ in items], tuple(t for _, t in items)
    form = c.below(4)
    if form == 0:
        name, keys = m.new("d"), tuple(f'"{k}"' for k in "uvw"[: len(items)])
        m.line(f"{name} = {{{', '.join(f'{k}: {t}' for k, t in zip(keys, texts, strict=True))}}}")
    elif form == 1:
        name, keys, types = m.new("t"), ("left", "right"), types[:2]
        m.line(f"{name} = Pair({texts[0]}, {c.choice(['', 'right='])}{texts[1]})")
    else:
        name, keys = m.new("t"), ()
        same = [n for n in m.names(Tuple(types)) if n not in m.held]
        name = c.choice(same) if same and c.chance(50) else name
        m.line(f"{name} = ({', '.join(texts)})")
    m.bind(name, Tuple(types, keys))


@statement
def unpack(m: Maker) -> bool | None:
    c = m.c
    tuples = [n for n in m.of(Tuple) if not m.scope[n].keys or '"' not in m.scope[n].keys[0]]
    if not tuples or c.chance(25):
        a, b, e = m.new("e"), m.new("e"), m.new("e")
        if c.chance(50):
            m.line(f"{a}, ({b}, {e}) = {m.number(1)}, ({m.number(1)}, {m.number(0)})")
        else:
            m.line(f"{a}, *{b} = ({m.number(1)}, {m.number(0)}, {m.number(0)})")
            m.line(f"{e} = {b}[0] * {b}[1] if {a} > 0.1 else {b}[1]")
            m.scope.update({a: FLOAT, e: FLOAT})
            return None
        m.scope.update({a: FLOAT, b: FLOAT, e: FLOAT})
        return None
    n = c.choice(tuples)
    targets = [m.new("e" if t == FLOAT else "p") for t in m.scope[n].items]
    m.line(f"{', '.join(targets)} = {n}")
    for target, t in zip(targets, m.scope[n].items, strict=True):
        m.bind(target, t)
        if t != FLOAT:
            m.parts.add(target)
    return None


@compound
def over_a_tuple(m: Maker) -> None:
    v, c = m.new("e"), m.c
    floats = [n for n in m.of(Tuple) if not m.scope[n].keys and all(t == FLOAT for t in m.scope[n].items)]
    text = c.choice([*floats, f"({m.number(1)}, {m.number(0)})"])
    numbers = [n for n in m.names(FLOAT) if m.free(n)]
    if c.chance(30):
        a = [m.named((N,)), m.named((M,))]
        m.line(f"for {v} in literal_unroll(({', '.join(a)})):")
        with m.loop():
            m.line(f"{c.choice(numbers)} += np.sum({v} * {m.number(0)})" if numbers else "pass")
        return
    if c.chance(30):
        m.line(f"for {v} in (np.sin, np.cos, wave):")
        with m.loop():
            n = c.choice(numbers) if numbers else None
            m.line(f"{n} = {v}({n} + {m.number(0)})" if n else "pass")
        return
    m.line(f"for {v} in {text}:")
    with m.loop(v):
        m.scope[v] = FLOAT
        m.block(1, 2)


@compound
def make_list(m: Maker) -> None:
    c, name = m.c, m.new("l")
    form = c.below(5)
    if form == 0:
        m.line(f"{name} = [{m.number(1)}, {m.number(0)}]")
    elif form == 1:
        v = m.new("w")
        m.scope[v] = FLOAT
        text = m.number(1)
        del m.scope[v]
        m.line(f"{name} = [{v} * {text} for {v} in {m.named((N,))}]")
    elif form == 2:
        i = m.new("i")
        m.scope[i], m.below[i] = Type("i"), M
        text = m.number(2)
        del m.scope[i], m.below[i]
        m.line(f"{name} = [{text} for {i} in range({M})]")
    elif form == 3:
        m.line(f"{name} = [0.0] * {c.between(1, 4)}")
    else:
        i = m.new("i")
        m.line(f"{name} = [{m.number(0)}]")
        m.line(f"for {i} in range({c.choice(['3', 'len(' + m.named((N,)) + ')'])}):")
        with m.loop(**{i: N}):
            if c.chance(30):
                m.line(f"if {m.condition()}:")
                with m.nested():
                    m.line(c.choice(["break", "continue"]))
            m.line(f"{name}.append({c.choice([f'np.sin({name}[-1])', f'0.5 * {name}[-1]', '0.1'])} + {m.number(1)})")
    m.bind(name, List())


@statement
def change_list(m: Maker) -> bool | None:
    lists = [n for n in m.of(List) if n not in m.held]
    if not lists:
        return False
    n = m.c.choice(lists)
    forms = [
        f"{n}[{m.c.choice(['0', '-1'])}] {m.c.choice(['=', '+=', '*='])} {m.number(1)}",
        f"{n}.append({m.number(1)})",
    ]
    m.line(m.c.choice(forms))
    return None


@compound
def over_a_list(m: Maker) -> bool | None:
    lists = m.of(List)
    if not lists:
        return False
    n, v, i = m.c.choice(lists), m.new("e"), m.new("i")
    form = m.c.below(3)
    m.line([f"for {v} in {n}:", f"for {i}, {v} in enumerate({n}):", f"for {i} in range(len({n})):"][form])
    with m.loop(n, v, i):
        if form == 2:
            m.line(f"{v} = {n}[{i}] * {m.number(0)}")
        m.scope[v] = FLOAT
        if form:
            m.scope[i] = Type("i")
        m.block(1, 2)
    return None
