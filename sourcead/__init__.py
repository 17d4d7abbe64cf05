"""Source-transformation automatic differentiation for Python and Numba."""

from __future__ import annotations

import importlib
from typing import Any

from .api import grad as grad
from .api import value_and_grad as value_and_grad
from .checking import check_grads as check_grads
from .checking import check_rule as check_rule
from .checkpointing import checkpoint as checkpoint
from .checkpointing import checkpointed as checkpointed
from .custom import custom_rule as custom_rule
from .debug import stages as stages
from .errors import RuleMissing as RuleMissing
from .errors import SourceadError as SourceadError
from .errors import Unsupported as Unsupported
from .implicit import fixed_point as fixed_point
from .implicit import implicit_root as implicit_root
from .modes import hessian as hessian
from .modes import hvp as hvp
from .modes import jacfwd as jacfwd
from .modes import jacobian as jacobian
from .modes import jacrev as jacrev
from .modes import jvp as jvp
from .modes import jvp_fn as jvp_fn
from .modes import value_grad_hvp as value_grad_hvp
from .modes import vjp as vjp
from .modes import vjp_fn as vjp_fn
from .primitives import stop_gradient as stop_gradient

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "tape":  # imported when it is asked for
        return importlib.import_module(f"{__name__}.tape")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


OURS = (
    *("RuleMissing", "SourceadError", "Unsupported", "__version__"),
    *("check_grads", "check_rule", "checkpoint", "checkpointed", "fixed_point", "implicit_root"),
    *("custom_rule", "grad", "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "jvp_fn", "stages"),
    *("stop_gradient", "tape", "value_and_grad", "value_grad_hvp", "vjp", "vjp_fn"),
)


def __dir__() -> list[str]:
    return list(OURS)
