"""`prange` loops: what they may hold, and which of them run in parallel (docs/design/parallel.md)."""

from .carried import refuse_dependent
from .parts import in_order, in_parallel

__all__ = ["in_order", "in_parallel", "refuse_dependent"]
