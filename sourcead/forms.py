"""What is known of arguments while parsing: their forms.

The form of a value is the value itself with a `Slot` in the place of each number and array in it. The function to be
differentiated is parsed for the forms that the types of its arguments have; a function that stays a call, for those of
the arguments that it is called with.

Among the arguments of a function that is defined inside others is what it sees of these: the form of such a function
is its code, and the names that it, and the functions it calls, read in the `Scope`s around it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

Form = Any  # a `Slot`, or a value of the front end with forms in the places of its items


@dataclass(frozen=True)
class Slot:
    """A number or an array, which is a parameter; or a parameter that is None."""

    none: bool = False


@dataclass(frozen=True)
class Held:
    """A list or a dict, which holds this when it is given; `lent`: only to be read."""

    contents: Form
    lent: bool = False


@dataclass(frozen=True)
class Inner:
    """A function defined inside another one, which is the scope of this number."""

    node: ast.FunctionDef | ast.Lambda
    scope: int
    defaults: tuple[tuple[str, Form], ...]

    @property
    def __name__(self) -> str:
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "<lambda>"


@dataclass(frozen=True)
class Scope:
    """What the functions defined inside a function see of it. `outer`: the number of the scope around it."""

    code: FunctionType | ast.AST
    outer: int | None
    names: tuple[tuple[str, Form], ...]
    like: Any = field(compare=False)  # what else the front end knows of that function


@dataclass(frozen=True)
class Given:
    """The forms of the arguments, in the order of the parameters (none: numbers and arrays only)."""

    arguments: tuple[Form, ...] = ()
    scopes: tuple[Scope, ...] = ()


NUMBERS = Given()
