"""SciPy's special functions: their rules, and how compiled code calls them."""

from __future__ import annotations

import sys

__all__ = ["known"]


def known() -> None:
    """Make SciPy's special functions known, if the program has imported them: to import them takes long."""
    if "scipy.special" in sys.modules:
        from . import compiled, rules, spellings  # noqa: F401  (they register what they define)
