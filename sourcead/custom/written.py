"""Functions that are written as text, so that they can be read like those of the user."""

from __future__ import annotations

import itertools
import linecache
import textwrap
from types import FunctionType
from typing import Any

_serial = itertools.count(1)


def written(module: str, name: str, params: tuple[str, ...], body: str, space: dict[str, Any]) -> FunctionType:
    """A function of this text (lines behind the first are indented by eight), which sees these values.

    module: the name of one that other processes can import, which the cache asks for.
    """
    text = f"def {name}({', '.join(params)}):\n" + textwrap.indent(textwrap.dedent(" " * 8 + body), " " * 4) + "\n"
    file = f"<{name} of sourcead, {next(_serial)}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    space = {**space, "__name__": module}
    exec(compile(text, file, "exec"), space)
    made: FunctionType = space[name]
    return made
