"""What sourcead raises.  Each class is a page of the manual: cause, an example that fails, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy

from .ir import Loc


class Finding(NamedTuple):
    """One construct that cannot be differentiated: where it stands, what it is, what to do instead."""

    loc: Loc | None
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        out = [self.what]
        if self.loc is not None:
            head = f"  {self.loc.file}:{self.loc.line}: "
            out.append(head + self.loc.text if self.loc.text else head.rstrip(": "))
            if self.loc.text and self.loc.end_col > self.loc.col:
                out.append(" " * (len(head) + self.loc.col) + "^" * (self.loc.end_col - self.loc.col))
        if self.remedy:
            out.append(f"  {self.remedy}")
        return "\n".join(out)


class SourceadError(Exception):
    """The base of everything sourcead raises on its own account.

    `except sourcead.errors.SourceadError` therefore catches all refusals.  Exceptions that your function raises
    itself (`raise ValueError(...)`, a failed `assert`, an index out of range) are not wrapped: the gradient
    raises them as the function would.
    """


class Unsupported(SourceadError, TypeError):
    """The function uses something that sourcead cannot differentiate.

    Cause: a statement, an expression, a call or a type outside the supported language.  It is found before
    anything runs, because the alternative would be a gradient that is silently wrong.

    Example that fails::

        @sourcead.grad
        def f(x):
            terms = [x, x * x]      # a list
            return terms[0] + terms[1]

    Remedy: the message names the place and what to write instead, here ``terms = (x, x * x)`` or an array.  All
    findings of a function, and of the functions it calls, come in one error; `findings` has them one by one as
    ``(loc, what, remedy)``.
    """

    def __init__(self, what: str = "", loc: Loc | None = None, remedy: str = "", findings: Iterable[Finding] = ()):
        self.findings: tuple[Finding, ...] = tuple(findings) or (Finding(loc, what, remedy),)
        super().__init__("\n\n".join(map(str, self.findings)))


class RuleMissing(Unsupported):
    """The function calls something whose derivative is not known.

    Cause: Numba can compile the call, but the rule table has no line for it.

    Example that fails::

        @sourcead.grad
        def f(x):
            return np.spacing(x)    # no rule says how this is differentiated

    Remedy: write the function with calls that have rules, or add the missing rule: one line with the partial
    derivatives, in terms of the arguments and the result ``y``, such as
    ``elementwise(np.cbrt, lambda x, y: (1 / (3 * y * y),))`` in ``sourcead/rules``.
    """

    def __init__(self, fn: Callable[..., Any] | str, loc: Loc | None = None, remedy: str = ""):
        self.function = fn
        name = fn if isinstance(fn, str) else spelled(fn)
        remedy = remedy or (
            f"add a rule for it to the table: elementwise({name}, lambda x, y: (dy/dx,)), or write it with "
            "functions that have one"
        )
        super().__init__(f"the derivative of {name} is not known: there is no rule for it", loc, remedy)


def argument_refused(fn: Callable[..., Any], k: int, loc: Loc | None = None) -> Unsupported:
    """The refusal of a derivative by the k-th argument of a function, which is known by others only."""
    which = ("first", "second", "third", "fourth")[k]
    return Unsupported(
        f"the derivative of {spelled(fn)} by its {which} argument is not known",
        loc,
        "pass a number there that does not depend on what is differentiated",
    )


class InternalError(SourceadError):
    """sourcead broke one of its own promises; this is a bug of sourcead, never of your function.

    Cause: a pass produced a program that violates the program form.

    Remedy: please report it with the function and the types of the arguments.  Until it is mended, simplify the
    line that the message names, or compute the gradient with ``sourcead.tape.grad``.
    """


class Findings:
    """Collects refusals, so that all of them are reported at once."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, loc: Loc | None, what: str, remedy: str = "") -> None:
        finding = Finding(loc, what, remedy)
        if finding not in self.found:  # a helper that is called twice is told once
            self.found.append(finding)

    def check(self) -> None:
        """Raise `Unsupported` when anything was found."""
        if self.found:
            raise Unsupported(findings=self.found)


_SHORT = {"numpy": "np", "builtins": "", "_operator": "operator", "numpy.linalg": "np.linalg"}


def spelled(fn: Any) -> str:
    """A callable as the user writes it: `np.sin`, `math.erf`, `max`."""
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None) or repr(fn)
    module = getattr(fn, "__module__", None)
    if module is None and type(fn).__module__ == "numpy":
        module = "numpy" if getattr(numpy, name, None) is fn else "scipy.special"
    module = _SHORT.get(module or "", module)
    return f"{module}.{name}" if module else name
