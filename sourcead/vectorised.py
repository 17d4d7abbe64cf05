"""Which calls of emitted code are compiled as `vecmath`: those in loops that LLVM can vectorise.

The text says `np.exp(x)`, and plain Python runs it so. For Numba, names of `vecmath`'s functions are put in its place.
Loops in which one iteration waits for another want the shortest time for one call; there the C library stays.
"""

from __future__ import annotations

import ast
import contextlib
import operator
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import llvmlite.binding as llvm

COMMON = {n: n for n in ("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh")}
REPLACED = {
    "np": COMMON | {"power": "pow"},
    "math": COMMON | {"pow": "pow", "erf": "erf"},
    "special": {"expm1": "expm1", "log1p": "log1p", "erf": "erf", "expit": "sigmoid", "softplus": "softplus"},
}
"""By the module in the text: what replaces its functions."""

SEQUENTIAL = (ast.For, ast.While, ast.Break, ast.Raise, ast.Return)
"""Statements that a vectorised loop has none of."""
STACKS = ("append", "pop")


def compiled_text(source: str, filename: str, space: Mapping[str, Any]) -> tuple[Any, dict[str, Callable[..., Any]]]:
    """The code of emitted functions, and the replacements that are called in it, by their names.

    space: the globals of the text.
    """
    from .vecmath.compiled import available

    tree = ast.parse(source, filename)
    replaced = Replaced(space)
    if available():
        for loop in filter(independent, ast.walk(tree)):
            replaced.visit(loop)
    return compile(tree, filename, "exec"), replaced.names


class Replaced(ast.NodeTransformer):
    """Puts names of vectorised functions in the places of others."""

    def __init__(self, space: Mapping[str, Any]):
        self.space = space
        self.names: dict[str, Any] = {}

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(ast.Name(module), name) if name in REPLACED.get(module, ()):
                ordinary = getattr(self.space[module], name)
                node.func = self.name(f"{module}_{name}", REPLACED[module][name], ordinary, node.func)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow) or simple(node.right):
            return node
        called = ast.Call(self.name("pow", "pow", operator.pow, node), [node.left, node.right], [])
        return ast.copy_location(called, node)

    def name(self, spelled: str, function: str, ordinary: Any, place: ast.AST) -> ast.expr:
        from .vecmath.compiled import replacement

        name = f"_vecmath_{spelled}"
        self.names[name] = replacement(function, ordinary)
        return ast.copy_location(ast.Name(name, ast.Load()), place)


def simple(exponent: ast.expr) -> bool:
    """Is it a number with which Numba makes products, a quotient or a root of a power?"""
    match exponent:
        case ast.UnaryOp(ast.USub(), ast.Constant(x)):
            return isinstance(x, int) or x == 1.0
        case ast.Constant(x):
            return isinstance(x, int) or x in (0.5, 1.0, 2.0)
    return False


@contextlib.contextmanager
def sums_in_order() -> Iterator[None]:
    """Let LLVM vectorise loops with sums, whose terms are then added one by one, in the same order.

    It does so by itself on ARM64, not on x86-64. The switch is one of the whole process, and is turned back (to be used
    under Numba's compiler lock). LLVM ends the process when it does not know a switch: those before LLVM 20, which
    Numba 0.61 has, are not asked.
    """
    asked = platform.machine().lower() in ("x86_64", "amd64") and llvm.llvm_version_info >= (20,)
    if not asked or _switched:
        yield
        return
    llvm.set_option("sourcead", "-force-ordered-reductions=true")
    _switched.append(True)
    try:
        yield
    finally:
        _switched.clear()
        llvm.set_option("sourcead", "-force-ordered-reductions=false")


_switched: list[bool] = []  # while a gradient is compiled, and those that it calls


def independent(loop: ast.AST) -> bool:
    """May the iterations of a loop be computed side by side, as far as can be seen?"""
    if not isinstance(loop, ast.For) or any(sequential(n) for s in loop.body for n in ast.walk(s)):
        return False
    found = Uses()
    found.block(loop.body, set())
    return not found.carried and all(len(places) == 1 for places in found.stored_arrays)


def sequential(node: ast.AST) -> bool:
    return isinstance(node, SEQUENTIAL) or isinstance(node, ast.Attribute) and node.attr in STACKS


class Uses:
    """What the body of a loop does to names and arrays."""

    def __init__(self) -> None:
        self.before: set[str] = set()  # names read before the iteration binds them
        self.bound: set[str] = set()
        self.sums: set[str] = set()  # names that are only added to
        self.loads: dict[str, set[str]] = {}  # the places of arrays
        self.stores: dict[str, set[str]] = {}

    @property
    def carried(self) -> set[str]:
        return (self.bound & self.before) | (self.sums & (self.bound | self.before))

    @property
    def stored_arrays(self) -> Iterable[set[str]]:
        """The places of each array that is written; more than one may be one iteration's and another's."""
        return [places | self.loads.get(a, set()) for a, places in self.stores.items()]

    def block(self, body: list[ast.stmt], defined: set[str]) -> set[str]:
        """Go through statements in order; the names that are bound behind them."""
        for s in body:
            match s:
                case ast.Assign(targets, value):
                    self.read(value, defined)
                    for t in targets:
                        defined = self.write(t, defined)
                case ast.AugAssign(ast.Name(name), ast.Add() | ast.Sub(), value) if name not in defined:
                    self.read(value, defined)
                    self.sums.add(name)
                case ast.AugAssign(target, _, value):
                    self.read(value, defined)
                    self.read(target, defined)
                    defined = self.write(target, defined)
                case ast.If(test, then, orelse):
                    self.read(test, defined)
                    defined = self.block(then, set(defined)) & self.block(orelse, set(defined))
                case _:
                    self.read(s, defined)
        return defined

    def read(self, node: ast.AST, defined: set[str]) -> None:
        for n in ast.walk(node):
            if isinstance(n, ast.Name) and n.id not in defined:
                self.before.add(n.id)
            elif isinstance(n, ast.Subscript):
                self.loads.setdefault(ast.unparse(n.value), set()).add(ast.unparse(n.slice))

    def write(self, target: ast.expr, defined: set[str]) -> set[str]:
        match target:
            case ast.Name(name):
                self.bound.add(name)
                return defined | {name}
            case ast.Tuple(items):
                for t in items:
                    defined = self.write(t, defined)
            case ast.Subscript(value, place):
                self.read(place, defined)
                self.stores.setdefault(ast.unparse(value), set()).add(ast.unparse(place))
        return defined
