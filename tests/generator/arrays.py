"""Expressions of arrays."""

from __future__ import annotations

from .maker import FLOAT, M, Maker, N, Shape, Tuple, Type, array
from .scalars import index, taken


@array
def elementwise(m: Maker, shape: Shape, depth: int) -> str:
    a, b = m.array(shape, depth - 1), m.operand(shape, depth - 1)
    if m.c.chance(40):
        a, b = b, m.array(shape, 0)
    return m.c.choice([f"({a} + {b})", f"({a} - {b})", f"{a} * {b}", f"{a} / (2.0 + np.abs({b}))"])


@array
def of_each(m: Maker, shape: Shape, depth: int) -> str:
    forms = ["np.sin({})", "np.tanh({})", "np.abs({})", "-({})", "np.exp(-({}))", "np.square({})", "np.copy({})"]
    forms += ["({}) ** 2", "np.sqrt(1.5 + np.abs({}))", "np.clip({}, -0.43, 0.52)", "({}).copy()"]
    return m.c.choice(forms).format(m.array(shape, depth - 1))


@array
def choices(m: Maker, shape: Shape, depth: int) -> str:
    a, b = m.array(shape, depth - 1), m.operand(shape, 0)
    forms = [f"np.maximum({a}, {b})", f"np.minimum({b}, {m.array(shape, 0)})", f"np.where({a} > {b}, {a}, {b} * 0.5)"]
    return m.c.choice(forms)


@array
def product(m: Maker, shape: Shape, depth: int) -> str | None:
    a, q = m.named((N, M)), m.named((N, N))
    v, u = m.array((N,), depth - 1), m.array((M,), depth - 1)
    forms = {
        (N,): [f"({a} @ {u})", f"np.dot({q}, {v})", f"np.dot({v}, {q}.T)", f"({v} @ {q})"],
        (M,): [f"({v} @ {a})", f"np.dot({a}.T, {v})"],
        (N, N): [
            f"({q} @ {m.array((N, N), depth - 1)})",
            f"np.outer({v}, {v})",
            f"({a} @ {a}.T)",
            f"np.dot({q}.T, {q})",
        ],
        (N, M): [f"np.outer({v}, {u})", f"({q} @ {a})", f"np.dot({q}, {a})"],
    }
    return m.c.choice(forms[shape]) if shape in forms else None


@array
def along_an_axis(m: Maker, shape: Shape, depth: int) -> str | None:
    if shape not in ((N,), (M,)):
        return None
    axis = 1 if shape == (N,) else 0
    return f"np.sum({m.array((N, M), depth - 1)}, axis={m.c.choice([axis, axis - 2])})"


@array
def display(m: Maker, shape: Shape, depth: int) -> str | None:
    if len(shape) == 2:
        return None
    if m.c.chance(50):
        v = m.new("w")
        m.scope[v] = FLOAT
        text = m.number(depth - 1)
        del m.scope[v]
        return f"np.array([{v} * {text} for {v} in {m.array(shape, 0)}])"
    return f"np.array([{', '.join(m.number(int(k == 0)) for k in range(shape[0]))}])"


@array
def gathered(m: Maker, shape: Shape, depth: int) -> str | None:
    """By an array of integers, repeated and negative ones among them."""
    c = m.c
    if not shape[0]:
        return None
    indices = [n for n in m.arrays("i") if m.scope[n].shape == shape[:1]]
    if indices and c.chance(75):
        at = c.choice(indices)
    else:
        at = f"np.array([{', '.join(str(c.between(-M, M - 1)) for _ in range(shape[0]))}])"
    if len(shape) == 1:
        v = m.named((c.choice([N, M]),))
        return c.choice([f"{v}[{at}]", f"np.take({v}, {at})", f"{m.named((N, M))}[{at}, {c.below(M)}]"])
    return f"{m.named((N, shape[1]))}[{at}]" if shape[1] in (N, M) else None


@array
def rearranged(m: Maker, shape: Shape, depth: int) -> str | None:
    a = m.array(shape, depth - 1)
    forms = [f"np.flip({a})", f"np.roll({a}, {m.c.between(-2, 2)})"]
    if len(shape) == 1:
        forms = [
            f"np.cumsum({a})",
            f"np.sort({a})",
            f"np.roll({a}, {m.c.between(-2, 2)})",
            f"({a})[::-1]",
            f"np.flip({a})",
        ]
        forms += (
            [f"np.concatenate(({m.named((N,))}[:{shape[0] - 1}], {m.named((M,))}[:1]))"] if 0 < shape[0] <= N else []
        )
        forms += [f"np.append({m.named((N,))}[:{shape[0] - 1}], {m.number(0)})"] if 0 < shape[0] <= N else []
        forms += [f"np.repeat({m.named((N,))}[1:3], 2)", f"np.diag({m.named((N, N))}).copy()"] if shape == (N,) else []
        forms += [f"np.diff({m.named((N,))})"] if shape == (N - 1,) else []
    elif shape == (N, N):
        forms = [f"{a}.T.copy()", f"np.diag({m.named((N,))})", f"np.tril({a})", f"np.reshape({a}, ({N}, {N}))"]
        forms += [f"np.ascontiguousarray({a}.T)", f"np.stack(({', '.join([m.named((N,))] * N)}))"]
    elif shape == (N, M):
        forms = [f"({a}).ravel().reshape(({N}, {M}))", f"{a}[::-1]", f"np.ascontiguousarray({a})"]
        forms += [f"np.concatenate(({m.named((N, M))}[1:], {m.named((N, M))}[:1]))", f"np.fliplr({a})"]
    return m.c.choice(forms)


@array
def solved(m: Maker, shape: Shape, depth: int) -> str | None:
    if shape != (N,):
        return None
    return f"np.linalg.solve(regular({m.array((N, N), depth - 1)}), {m.array((N,), 0)})"


@array
def item(m: Maker, shape: Shape, depth: int) -> str | None:
    wanted = Type("f", shape)
    found = [(n, k) for n in m.of(Tuple) for k, t in enumerate(m.scope[n].items) if t == wanted]
    return taken(m, *m.c.choice(found)) if found else None


@array
def part_of_complex_ones(m: Maker, shape: Shape, depth: int) -> str | None:
    names = m.names(Type("c", shape))
    if not names:
        return None
    return m.c.choice(["{}.real", "{}.imag", "np.abs({})", "({} * {}).imag", "np.conj({}).imag"]).replace(
        "{}", m.c.choice(names)
    )


@array
def taken_part(m: Maker, shape: Shape, depth: int) -> str:
    return part(m, shape)


def part(m: Maker, shape: Shape) -> str:
    """A part of a named array, or a new constant one."""
    c = m.c
    options = [text for n in m.arrays() for text in parts(m, n, shape)]
    if options and c.chance(85):
        return c.choice(options)
    extents = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    return c.choice(
        [
            f"np.full(({extents}), {m.c.between(-19, 19) / 8 + 0.03:.3g})",
            f"np.ones(({extents}))",
            f"np.zeros(({extents}))",
        ]
    )


def parts(m: Maker, n: str, shape: Shape) -> list[str]:
    """Views of a named array that have this shape."""
    s = m.scope[n].shape
    if len(s) == 1 and len(shape) == 1:
        return slices(n, s[0], shape[0])
    if len(s) == 1:
        return []
    if len(shape) == 2:
        square = [f"{n}[::-1, ::-1]", f"{n}[:]"] if s == shape else []
        return square + ([f"{n}.T"] if s[::-1] == shape else [])
    out = (
        [f"{n}[{index(m, s[0])}]", f"{n}[{index(m, s[0])}, :]", f"{n}[{index(m, s[0])}, ::-1]"]
        if s[1:] == shape
        else []
    )
    out += [f"{n}[:, {index(m, s[1])}]", f"{n}[..., {index(m, s[1])}]"] if s[:1] == shape else []
    return out + ([f"{n}[{index(m, s[0])}, 1:]"] if (s[1] - 1,) == shape else [])


def slices(n: str, extent: int, wanted: int) -> list[str]:
    """Slices of a vector that have an extent."""
    out = [f"{n}[::-1]", f"{n}[:]"] if extent == wanted else []
    if extent == wanted + 1:
        out += [f"{n}[1:]", f"{n}[:-1]", f"{n}[:{wanted}]", f"{n}[-2::-1]", f"{n}[-{wanted}:]"]
    if extent == wanted + 2:
        out += [f"{n}[1:-1]", f"{n}[2:]", f"{n}[:-2]", f"{n}[-2:0:-1]"] if wanted else [f"{n}[2:]"]
    if (extent + 1) // 2 == wanted:
        out += [f"{n}[::2]", f"{n}[::-2]"]
    return out
