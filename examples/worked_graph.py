"""One small computational graph, differentiated in every way there is.

f(x, y) = (x + y)(y + 3) at (1, 2): the value is 15, df/dx = y + 3 = 5, df/dy = x + 2 y + 3 = 8.

    python examples/worked_graph.py
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from sourcead import tape, value_and_grad

X, Y = 1.0, 2.0
Row = tuple[str, float, float, float]


def f(x, y):
    a = x + y
    b = y + 3.0
    return a * b


source_transformed = value_and_grad(f, argnums=(0, 1))


def symbolic() -> Row:
    """Rewrite the formula, then put the numbers in."""
    import sympy

    x, y = sympy.symbols("x y")
    formula = f(x, y)
    at = {x: X, y: Y}
    return "symbolic (sympy)", *(float(e.subs(at)) for e in (formula, formula.diff(x), formula.diff(y)))


def central_differences(h: float = 6e-6) -> Row:
    """Two evaluations an argument; truncation costs h**2, cancellation eps / h."""
    dx = (f(X + h, Y) - f(X - h, Y)) / (2.0 * h)
    dy = (f(X, Y + h) - f(X, Y - h)) / (2.0 * h)
    return "central differences", f(X, Y), dx, dy


def complex_step(h: float = 1e-200) -> Row:
    """One complex evaluation an argument; nothing is subtracted, so h may be tiny."""
    return "complex step", f(X, Y), f(complex(X, h), Y).imag / h, f(X, complex(Y, h)).imag / h


def by_tape() -> Row:
    """Record the operations while f runs, then go back over the record."""
    value, (dx, dy) = tape.value_and_grad(f, argnums=(0, 1))(X, Y)
    return "tape", float(value), float(dx), float(dy)


def by_source_transformation() -> Row:
    """Write the adjoint program, compile it, run it."""
    value, (dx, dy) = source_transformed(X, Y)
    return "source transformation", value, dx, dy


def rows() -> list[Row]:
    return [symbolic(), central_differences(), complex_step(), by_tape(), by_source_transformation()]


def main() -> None:
    table = Table(title="f(x, y) = (x + y)(y + 3) at (1, 2)")
    for heading in ("method", "f", "df/dx", "df/dy"):
        table.add_column(heading, justify="left" if heading == "method" else "right")
    for method, *numbers in rows():
        table.add_row(method, *(f"{number:.15g}" for number in numbers))
    console = Console()
    console.print(table)
    console.print("The adjoint that was written and compiled:\n")
    console.print(source_transformed.source(X, Y), markup=False, highlight=False)


if __name__ == "__main__":
    main()
