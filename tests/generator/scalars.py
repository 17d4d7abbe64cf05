"""Numbers: floats, integers, bools, complex ones."""

from __future__ import annotations

from .maker import COMPLEX, FLOAT, INT, List, M, Maker, N, Ragged, Tuple, Type, complexes, condition, integer, number

AXES = (N, M)


def index(m: Maker, extent: int) -> str:
    """An integer within an axis of this extent."""
    c = m.c
    fits = sorted(n for n, bound in m.below.items() if bound <= extent)
    k = c.below(100)
    if fits and k < 60:
        i = c.choice(fits)
        return c.choice([i, i, i, f"({i} + 1) % {extent}", f"-1 - {i}", f"{i} - 1", f"{extent - 1} - {i}"])
    if k < 75:
        integers = m.names(INT)
        if integers:
            return f"({c.choice(integers)} * 2 + 1) % {extent}"
    indices = m.arrays("i")
    if indices and k < 85 and extent in AXES:  # their items fit all axes
        n = c.choice(indices)
        return f"{n}[{index(m, m.scope[n].shape[0])}]"
    return str(c.between(-extent, extent - 1))


def place(m: Maker, n: str) -> str:
    """An element of an array."""
    return f"{n}[{', '.join(index(m, k) for k in m.scope[n].shape)}]"


def element(m: Maker) -> str | None:
    arrays = m.arrays()
    if not arrays:
        return None
    n = m.c.choice(arrays)
    if len(m.scope[n].shape) == 2 and m.c.chance(8):
        i, j = (index(m, k) for k in m.scope[n].shape)
        return f"{n}[{i}][{j}]"
    return place(m, n)


# ---- floats -------------------------------------------------------------------------------------


@number
def arithmetic(m: Maker, depth: int) -> str:
    a, b = m.number(depth - 1), m.number(depth - 1)
    return m.c.choice([f"({a} + {b})", f"({a} - {b})", f"{a} * {b}", f"{a} / (1.5 + {b} * {b})", f"({a} - {b} * {a})"])


@number
def function(m: Maker, depth: int) -> str:
    form = ["np.sin({})", "math.cos({})", "np.tanh({})", "abs({})", "-{}", "np.exp(-0.1 * ({}))", "np.arctan({})"]
    form += ["math.sqrt(2.0 + np.abs({}))", "np.log1p(abs({}))", "np.square({})", "math.erf({})", "float({})"]
    return m.c.choice(form).format(m.number(depth - 1))


@number
def largest(m: Maker, depth: int) -> str:
    fn = m.c.choice(["max", "min", "np.maximum", "np.fmin", "np.hypot", "np.arctan2"])
    return f"{fn}({m.number(depth - 1)}, {m.number(depth - 1)})"


@number
def largest_of_three(m: Maker, depth: int) -> str:
    return f"{m.c.choice(['max', 'min'])}({m.number(depth - 1)}, {m.number(0)}, {m.number(0)})"


@number
def choice(m: Maker, depth: int) -> str:
    a, b = m.number(depth - 1), m.number(depth - 1)
    if m.c.chance(30):
        return f"({a} if {a} > {b} else {b})"
    return f"({a} if {m.condition()} else {b})"


@number
def power(m: Maker, depth: int) -> str:
    if m.c.chance(25):
        return f"(1.0 + abs({m.number(depth - 1)})) ** {m.number(0)}"
    return f"({m.number(depth - 1)}) ** {m.c.choice(['2', '3', '2.0', '-1', '1'])}"


@number
def of_an_integer(m: Maker, depth: int) -> str:
    k = m.integer()
    return m.c.choice([f"{k} * {m.number(depth - 1)}", f"float({k})", f"({k} + {m.number(depth - 1)})", f"({k} / 4)"])


@number
def of_a_condition(m: Maker, depth: int) -> str:
    return f"int({m.condition()}) * {m.number(depth - 1)}"


@number
def stepwise(m: Maker, depth: int) -> str:
    a = m.number(depth - 1)
    forms = [f"({a}) % 0.7", f"({a}) // 0.3 * {m.number(0)}", f"np.floor({a})", f"round({a} * 3)", f"np.sign({a})"]
    return m.c.choice([*forms, f"np.fmod({a}, 0.9)", f"divmod({a}, 0.8)[{m.c.below(2)}]", f"int({a} * 2)"])


@number
def reduction(m: Maker, depth: int) -> str:
    shape = m.c.choice([(N,), (N,), (M,), (N, M), (N, N), (N - 1,), (N - 2,)])
    a = m.array(shape, depth - 1)
    forms = ["np.sum({})", "({}).sum()", "np.mean({})", "np.max({})", "({}).min()", "np.prod({})", "np.var({})"]
    forms += ["np.linalg.norm({})", "np.std({})", "({}).mean()"]
    if len(shape) == 1:
        forms += [
            "np.dot({}, " + m.array(shape, 0) + ")",
            "({} @ " + m.array(shape, 0) + ")",
            "sum({})",
            "np.median({})",
        ]
        forms += ["np.sort({})[" + index(m, shape[0]) + "]", "max({})", "np.cumsum({})[" + index(m, shape[0]) + "]"]
    elif shape == (N, N):
        forms += ["np.trace({})"]
    return m.c.choice(forms).format(a)


@number
def generator(m: Maker, depth: int) -> str | None:
    vectors = [n for n in m.arrays() if len(m.scope[n].shape) == 1]
    if not vectors:
        return None
    v, n = m.new("w"), m.c.choice(vectors)
    m.scope[v] = FLOAT
    body = m.number(depth - 1)
    keep = f" if {v} > {m.literal()}" if m.c.chance(30) else ""
    del m.scope[v]
    if not m.c.chance(40):
        return f"sum({v} * {body} for {v} in {n}{keep})"
    return f"{m.c.choice(['sum', 'sum', 'max', 'min'])}([{v} * {body} for {v} in {n}])"


@number
def item_of_a_container(m: Maker, depth: int) -> str | None:
    c = m.c
    found = [(n, k) for n in m.of(Tuple) for k, t in enumerate(m.scope[n].items) if t == FLOAT]
    lists = m.of(List)
    if lists and (not found or c.chance(50)):
        n = c.choice(lists)
        return c.choice([f"{n}[-1]", f"{n}[0]", f"sum({n})", f"max({n})", f"{n}[len({n}) // 2]", f"len({n}) * 0.5"])
    if not found:
        return None
    n, k = c.choice(found)
    return taken(m, n, k)


def taken(m: Maker, n: str, k: int) -> str:
    """An item of a tuple, a named tuple or a dict."""
    keys = m.scope[n].keys
    if not keys:
        return f"{n}[{m.c.choice([k, k, k - len(m.scope[n].items)])}]"
    return f"{n}[{keys[k]}]" if keys[k][0] == '"' else m.c.choice([f"{n}.{keys[k]}", f"{n}[{k}]"])


@number
def of_a_ragged_vector(m: Maker, depth: int) -> str | None:
    vectors = m.of(Ragged)
    if not vectors:
        return None
    n = m.c.choice(vectors)
    forms = ["np.sum({} * {})", "np.sum({}) / (1 + len({}))", "np.prod({})", "np.dot({}, {})", "{}.size * 0.25"]
    return m.c.choice(forms).replace("{}", n)


@number
def part_of_a_complex_number(m: Maker, depth: int) -> str:
    z = m.complex(depth)
    return m.c.choice(["({}).real", "({}).imag", "abs({})", "np.abs(np.exp({}))", "np.angle({} + 3.0)"]).format(z)


@number
def linear_algebra(m: Maker, depth: int) -> str:
    q, v = f"regular({m.array((N, N), depth - 1)})", m.array((N,), 0)
    forms = [f"np.linalg.det({q})", f"np.linalg.slogdet({q})[1]", f"np.sum(np.linalg.inv({q}))"]
    forms += [f"np.linalg.cholesky(positive({q}))[2, 1]", f"np.linalg.eigvalsh({q})[0]", f"np.linalg.norm({q})"]
    forms += [f"np.linalg.qr({q})[1][0, 0]", f"np.linalg.svd({q})[1][0]", f"np.linalg.solve({q}, {v})[1]"]
    forms += [f"np.dot(np.linalg.solve({q}, {v}), {v})", f"np.linalg.eigh({q})[0][{m.c.below(N)}]"]
    return m.c.choice(forms)


@number
def drawn(m: Maker, depth: int) -> str | None:
    if not m.draws:
        return None
    a, b = m.number(depth - 1), m.number(0)
    forms = ["np.random.normal({a}, 0.5 + abs({b}))", "np.random.uniform({a}, {b} + 3.0)", "np.random.rand() * {a}"]
    forms += [
        "np.random.exponential(0.5 + abs({a}))",
        "np.sum(np.random.normal({a}, 1.0, 3))",
        "np.random.randn() * {a}",
    ]
    return m.c.choice(forms).format(a=a, b=b)


# ---- integers and conditions -------------------------------------------------------------------------


@integer
def named_integer(m: Maker, depth: int) -> str | None:
    names = m.names(INT)
    return m.c.choice(names) if names else None


@integer
def integer_arithmetic(m: Maker, depth: int) -> str | None:
    names = m.names(INT)
    if not names or depth <= 0:
        return None
    k, other = m.c.choice(names), m.c.choice(names)
    forms = [f"({k} + 1)", f"({k} * {other})", f"{k} // 2", f"{k} % 3", f"({k} - {other})", f"abs({k} - 2)", f"-{k}"]
    return m.c.choice([*forms, f"({k} & 1)", f"max({k}, {other})", f"min({k}, 2)", f"({k} << 1)"])


@integer
def counted(m: Maker, depth: int) -> str | None:
    arrays = m.arrays()
    if not arrays:
        return None
    n = m.c.choice(arrays)
    forms = [
        "len({})",
        "{}.shape[0]",
        "{}.size",
        "np.argmax({})",
        "np.sum({} > 0)",
        "{}.ndim",
        "np.count_nonzero({} > 0.2)",
    ]
    return m.c.choice(forms).format(n)


@condition
def comparison(m: Maker) -> str:
    return f"{m.number(1)} {m.c.choice(['<', '>', '<=', '>='])} {m.number(0)}"


@condition
def of_integers(m: Maker) -> str | None:
    names = m.names(INT)
    if not names:
        return None
    k = m.c.choice(names)
    return m.c.choice(
        [f"{k} {m.c.choice(['==', '!=', '<', '>='])} {m.c.between(0, 3)}", f"{k} % 2 == 0", f"{k} in (0, 2)"]
    )


@condition
def joined(m: Maker) -> str:
    c = m.c
    forms = ["{a} > {b} and {d} < {e}", "{a} > {b} or {d} < {e}", "not {a} < {b}", "-0.9 < {d} < {b}"]
    return c.choice(forms).format(a=m.number(1), b=m.number(0), d=m.number(0), e=m.number(0))


@condition
def named_condition(m: Maker) -> str | None:
    names = m.names(Type("b"))
    return m.c.choice(names) if names else None


@condition
def of_an_array(m: Maker) -> str | None:
    arrays = m.arrays()
    return f"np.{m.c.choice(['any', 'all'])}({m.c.choice(arrays)} > {m.literal()})" if arrays else None


# ---- complex numbers -----------------------------------------------------------------------------------


@complexes
def named_complex(m: Maker, depth: int) -> str | None:
    names = m.names(COMPLEX)
    arrays = m.arrays("c")
    if arrays and m.c.chance(50):
        return place(m, m.c.choice(arrays))
    return m.c.choice(names) if names else None


@complexes
def complex_arithmetic(m: Maker, depth: int) -> str | None:
    if depth <= 0:
        return None
    a, b = m.complex(depth - 1), m.complex(depth - 1)
    return m.c.choice([f"({a} + {b})", f"{a} * {b}", f"({a} - 1j * {b})", f"{a} / (2.5 + abs({b}))"])


@complexes
def complex_function(m: Maker, depth: int) -> str | None:
    if depth <= 0:
        return None
    form = m.c.choice(
        ["np.exp(0.3j * ({}))", "np.conj({})", "np.sqrt({} + 4.0)", "({}) ** 2", "np.sin({})", "{} * 0.5j"]
    )
    return form.format(m.complex(depth - 1))


@complexes
def of_two_numbers(m: Maker, depth: int) -> str:
    return m.c.choice([f"complex({m.number(0)}, {m.number(0)})", f"({m.number(0)} + 1j * {m.number(0)})"])


@complexes
def complex_sum(m: Maker, depth: int) -> str | None:
    arrays = m.arrays("c")
    if not arrays:
        return None
    return m.c.choice(["np.sum({})", "np.mean({})", "np.vdot({}, {})", "np.dot({}, {})"]).replace(
        "{}", m.c.choice(arrays)
    )
