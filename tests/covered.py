"""What becomes of each function that Numba knows: `python -m tests.covered` writes it to docs/coverage.md.

The functions are read from Numba's registry. What is said of a function is found out by doing it: a small call of it is
differentiated as a program of its own, and the gradient compared with differences.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cmath
import linecache
import math
import weakref

import differences
import numba
import numpy as np
import scipy.special
from covered_calls import ARGUMENTS, CALLS
from numba.core import types
from numba.core.registry import cpu_target

from sourcead import Unsupported, special, vjp_fn
from sourcead.frontend.methods import METHODS
from sourcead.lower.registry import HANDLERS
from sourcead.modes.vjp import with_generators
from sourcead.rules import RULES, Fixed, is_draw, rule_of
from sourcead.spellings import SPELLINGS

special.known()
PREFIXES = ("math.", "cmath.", "np.", "scipy.")
PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"

MODULES: dict[str, Any] = {
    "math": math,
    "cmath": cmath,
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.random": np.random,
    "np.polynomial.polynomial": np.polynomial.polynomial,
    "np.polynomial.polyutils": np.polynomial.polyutils,
    "np.lib.stride_tricks": np.lib.stride_tricks,
    "scipy.special": scipy.special,
}

# ---- what Numba knows ----------------------------------------------------------------------------------


def known_to_numba() -> dict[str, Any]:
    """The functions in Numba's registry, by the names under which they are called."""
    context = cpu_target.typing_context
    cpu_target.target_context.refresh()
    context.refresh()
    keys = (k() if isinstance(k, weakref.ref) else k for k in (*context._globals, *context._functions))
    named: dict[int, tuple[str, Any]] = {}
    for fn, name in spellings():
        named.setdefault(id(fn), (name, fn))
    found = {named[id(k)] for k in keys if id(k) in named and not named[id(k)][0].startswith("scipy")}
    return dict(sorted(found, key=lambda f: f[0]))


def spellings() -> Iterator[tuple[Any, str]]:
    """Public functions with a name, of several the one that the function calls itself."""
    for module, holder in MODULES.items():
        found = {n: getattr(holder, n) for n in dir(holder) if not n.startswith("_")}
        for n in sorted(found, key=lambda n: getattr(found[n], "__name__", "") == n):
            if callable(found[n]) and (holder is not scipy.special or found[n] in RULES or found[n] in SPELLINGS):
                yield found[n], f"{module}.{n}"


def known_methods() -> list[str]:
    """Attributes and methods of arrays, and of random generators, in Numba's registry."""
    arrays = known_attributes(types.Array, np.ndarray)
    generators = known_attributes(types.NumPyRandomGeneratorType, np.random.Generator)
    return [*(f"array.{n}" for n in arrays), *(f"Generator.{n}" for n in generators)]


def known_attributes(kind: Any, cls: type) -> list[str]:
    names: set[str] = set()
    for t, templates in cpu_target.typing_context._attributes.items():
        if isinstance(t, type) and issubclass(kind, t):
            for a in templates:
                names |= {n.removeprefix("resolve_") for n in dir(a) if n.startswith("resolve_")}
                names |= {a._attr} if getattr(a, "_attr", None) else set()
    return sorted(n for n in names if not n.startswith("_") and hasattr(cls, n))


# ---- calls -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    subject: str  # the function, or `array.method`
    text: str
    args: dict[str, Any]


def samples() -> list[Sample]:
    """Those of the table; of elementwise rules those that their samples give."""
    written = [Sample(subject(text), text, named(text)) for text in CALLS]
    there = {s.subject for s in written}
    return written + [of_rule(name, fn) for fn, name in spellings() if name not in there and has_samples(fn)]


def subject(text: str) -> str:
    """The function that a call is a sample of: the first, apart from the seed."""
    found = [m[0] for m in re.finditer(r"[\w\])]+(\.[a-zA-Z]\w*)+", text)]
    first = next((f for f in found if f != "np.random.seed"), found[0])
    owner = "Generator" if first.startswith("rng.") else "array"
    return first if first.startswith(PREFIXES) else f"{owner}.{first.split('.')[1]}"


def named(text: str) -> dict[str, Any]:
    names = re.findall(r"(?<![\w.])[a-zA-Z]\w*(?=\W|$)", text)
    return {n: ARGUMENTS[n] for n in dict.fromkeys(names) if n in ARGUMENTS}


def has_samples(fn: Any) -> bool:
    rule = None if isinstance(fn, type) else RULES.get(fn)
    return rule is not None and rule.kind == "elementwise" and bool(rule.samples)


def of_rule(name: str, fn: Any) -> Sample:
    rng = np.random.RandomState(7)
    args: dict[str, Any] = {}
    given = []
    for letter, s in zip("xyzw", RULES[fn].samples, strict=False):
        if isinstance(s, Fixed):
            given.append(repr(s.values[0]))
        else:
            args[letter] = rng.uniform(*s, 3) if name.startswith("np.") else rng.uniform(*s)
            given.append(letter)
    return Sample(name, f"{name}({', '.join(given)})", args)


def program(s: Sample) -> Callable[..., Any]:
    """`def sample(x): ...`"""
    *before, last = s.text.split("; ")
    lines = [*before, last if "return" in last else f"return {last}"]
    params = [*s.args] if any(map(inexact, s.args.values())) else [*s.args, "u"]
    text = f"def sample({', '.join(params)}):\n" + "".join(f"    {line}\n" for line in lines)
    file = f"<{s.text}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    space: dict[str, Any] = {"np": np, "math": math, "cmath": cmath, "scipy": scipy}
    exec(compile(text, file, "exec"), space)
    return space["sample"]


def inexact(v: Any) -> bool:
    return np.asarray(v).dtype.kind in "fc"


# ---- what becomes of them ----------------------------------------------------------------------------------

DIFFERENTIATED, ZERO, REFUSED = KINDS = "differentiated", "zero", "refused"


@dataclass(frozen=True)
class Outcome:
    kind: str
    reason: str = ""


def outcome(s: Sample) -> Outcome:
    """Differentiate a call. Wrong values and wrong gradients raise AssertionError."""
    f = program(s)
    args = [s.args.get(n, 0.3) for n in f.__code__.co_varnames[: f.__code__.co_argcount]]
    wrt = tuple(k for k, a in enumerate(args) if inexact(a))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # functions that NumPy will drop
        want = f(*fresh(args))
        seeds = seeds_for(want)
        try:
            got, gradients = vjp_fn(f, wrt, jit=False, cache=False)(seeds, *fresh(args))
        except Unsupported as e:
            first = e.findings[0]
            return Outcome(REFUSED, f"{first.what}; {first.remedy}" if first.remedy else first.what)
        check_values(got, want)
        slopes = differences.gradient(lambda *a: weighed(seeds, f(*fresh(a))), args, wrt)
    for g, d in zip(gradients, slopes, strict=True):
        np.testing.assert_allclose(g, d, rtol=1e-6, atol=1e-7, err_msg=s.text)
    return Outcome(DIFFERENTIATED if any(np.any(d) for d in slopes) else ZERO)


def fresh(args: Any) -> Any:
    return with_generators(differences.fresh(args))


def numbers(y: Any) -> Iterator[np.ndarray]:
    """Numbers and arrays in a result."""
    if isinstance(y, (tuple, list)):
        for i in y:
            yield from numbers(i)
    else:
        yield np.asarray(y)


def seeds_for(y: Any) -> Any:
    if isinstance(y, (tuple, list)):
        return tuple(map(seeds_for, y))
    a = np.asarray(y)
    if a.dtype.kind not in "fc":
        return None
    r = np.random.RandomState(a.size)
    seed = r.uniform(0.5, 1.5, a.shape) + (1j * r.uniform(0.5, 1.5, a.shape) if a.dtype.kind == "c" else 0.0)
    return seed if a.ndim else seed.item() if hasattr(seed, "item") else seed


def weighed(seeds: Any, y: Any) -> float:
    """The real part of `conj(seed) * y`, summed."""
    if isinstance(seeds, tuple):
        return sum(weighed(s, i) for s, i in zip(seeds, y, strict=True))
    return 0.0 if seeds is None else float(np.sum(np.real(np.conj(seeds) * y)))


def check_values(got: Any, want: Any) -> None:
    for g, w in zip(numbers(got), numbers(want), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-10, atol=1e-12)


# ---- the page --------------------------------------------------------------------------------------------

HEAD = """# Functions, one by one

What becomes of each function that Numba {numba} and NumPy {numpy} know together, and of those that are known here
beyond them. `python -m tests.covered` writes this page: each call is a program of its own, which is differentiated; its
value is compared with NumPy's, and its gradient with differences. The tests do the same again.

* **differentiated**: by a `rule` (partial derivatives), as `loops` over elements that the compiler differentiates, as
  an `atom` (a call on whole arrays with a published formula), `spelled` in the language itself, `parsed` as other
  operations, or as a `draw` of random numbers.
* **zero**: the value is right, and the derivative is zero wherever it exists.
* **refused**: before anything runs, for the reason given.
"""


OBJECTS = {
    "array": "Attributes and methods of arrays",
    "Generator": "Methods of `np.random.default_rng(...)`, given as an argument",
}


def page() -> str:
    made = [(s, outcome(s)) for s in samples()]
    known = {id(fn) for fn in known_to_numba().values()}
    methods = known_methods()

    def by_numba(subject: str) -> bool:
        return subject in methods or id(function(subject)) in known and not subject.startswith("np.fft.")

    numba_s = [m for m in made if by_numba(m[0].subject)]
    rest = [m for m in made if m not in numba_s]
    out = [HEAD.format(numba=short(numba.__version__), numpy=short(np.__version__)), counts(numba_s)]
    for title in (*MODULES, *OBJECTS):
        rows = [m for m in numba_s if m[0].subject.rpartition(".")[0] == title]
        out += [section(OBJECTS.get(title, f"`{title}`"), rows)] if rows else []
    fourier = [m for m in rest if m[0].subject.startswith("np.fft.")]
    out.append(section("`np.fft`, compiled where rocket-fft is installed", fourier))
    out.append(section("Beyond Numba", [m for m in rest if m not in fourier]))
    return "\n".join(out)


def function(name: str) -> Any:
    """The function of a name; that of a method where it has one."""
    if name.startswith("Generator."):
        return getattr(np.random.Generator, name.removeprefix("Generator."))
    if name.startswith("array."):
        return METHODS.get(name.removeprefix("array."))
    return eval(name, {"np": np, "math": math, "cmath": cmath, "scipy": scipy})


def short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def counts(made: list[tuple[Sample, Outcome]]) -> str:
    """How many functions are differentiated in one of their calls, and so on."""
    best: dict[str, int] = {}
    for s, o in made:
        best[s.subject] = min(best.get(s.subject, 2), KINDS.index(o.kind))
    found = [sum(v == k for v in best.values()) for k in range(3)]
    refused = ", ".join(f"`{n}`" for n, v in best.items() if v == 2)
    return (
        f"Of {len(best)} functions, attributes and methods {found[0]} are differentiated, {found[1]} have derivative "
        f"zero, and {found[2]} are refused: {refused}.\n"
    )


def section(title: str, made: list[tuple[Sample, Outcome]]) -> str:
    lines = [f"## {title}", "", "| call | |", "|---|---|"]
    lines += [row(s, o) for s, o in sorted(made, key=lambda m: (m[0].subject, m[0].text))]
    return "\n".join(lines) + "\n"


def row(s: Sample, o: Outcome) -> str:
    text = re.sub(r"\s*\n\s*", "; ", s.text).replace("|", "\\|")
    return f"| `{text}` | {told(s, o)} |"


def told(s: Sample, o: Outcome) -> str:
    if o.kind == REFUSED:
        return f"**refused**: {o.reason}"
    return o.kind if o.kind == ZERO else f"{o.kind}: {how(s.subject)}"


def how(subject: str) -> str:
    """By which kind of rule."""
    fn = function(subject)
    rule = rule_of(fn)
    if is_draw(fn):
        return "draw"
    if fn in SPELLINGS:
        return "spelled"
    if rule is not None and rule.kind == "atom" or fn is np.dot:
        return "atom"
    if rule is not None and rule.kind == "elementwise" or subject.startswith("cmath.") and fn in HANDLERS:
        return "rule"
    return "loops" if fn in HANDLERS else "parsed"


if __name__ == "__main__":
    PAGE.write_text(page())
