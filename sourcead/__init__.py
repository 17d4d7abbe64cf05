"""Source-transformation automatic differentiation for Python and Numba."""

from __future__ import annotations

import importlib
from typing import Any

from .api import grad as grad
from .api import value_and_grad as value_and_grad
from .debug import stages as stages

__version__ = "0.1.0"

_LATER = {
    "Unsupported": "errors",
    "RuleMissing": "errors",
    "SourceadError": "errors",
}


def __getattr__(name: str) -> Any:
    """What is not always needed is imported when it is asked for."""
    if name == "tape":
        return importlib.import_module(f"{__name__}.tape")
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return ["RuleMissing", "SourceadError", "Unsupported", "__version__", "grad", "stages", "tape", "value_and_grad"]
