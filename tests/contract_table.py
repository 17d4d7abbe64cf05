"""The tables of docs/contract.md, item by item, and the registry of the small programs that show them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).parents[1] / "docs" / "contract.md"
SHOWN: list[Shown] = []


class Item(NamedTuple):
    """Something that the page says: its words, and whether it is refused."""

    text: str
    refused: bool
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """A program that shows an item, the one whose words begin with `words`."""

    words: str
    refused: bool
    f: Any
    args: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)


def supported(words: str, *args: Any, **options: Any) -> Callable[..., Any]:
    """Registers a program that is differentiated at `args`; without any it is a test of its own, and called."""
    return lambda f: SHOWN.append(Shown(words, False, f, args, options)) or f


def refused(words: str, *args: Any, **options: Any) -> Callable[..., Any]:
    """Registers a program that is refused at `args`; `placed=False` when it is no line of the program that is wrong."""
    return lambda f: SHOWN.append(Shown(words, True, f, args, options)) or f


def shown_by(words: str, file: str, *tests: str) -> None:
    """Says that an item has its tests elsewhere, since they are dear or need more than a program."""
    text = (Path(__file__).parent / file).read_text()
    lost = [t for t in tests if f"def {t}(" not in text]
    assert not lost, f"{file} has no {lost}"
    SHOWN.append(Shown(words, False, None, (), {}))


def tables(text: str) -> Iterator[list[tuple[str, ...]]]:
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        rows = [tuple(c.strip() for c in line.strip().strip("|").split("|")) for line in block.splitlines()]
        yield [rows[0], *rows[2:]]


def items() -> list[Item]:
    """What the page says: each item of the columns "supported" and "refused"; in tables without these, each row."""
    found = []
    for head, *rows in tables(PAGE.read_text()):
        columns = [k for k, h in enumerate(head) if h in ("supported", "refused")]
        for row in rows:
            if not columns:
                found.append(Item(plain(row[0]), any(c.startswith("refused") for c in row[1:]), row))
            for k in columns:
                for part in filter(None, row[k].split("; ") if k < len(row) else ()):
                    found.append(Item(plain(f"{row[0]}: {part}"), head[k] == "refused", row))
    return found


def plain(text: str) -> str:
    return text.replace("`", "")
