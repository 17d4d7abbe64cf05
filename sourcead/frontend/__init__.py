"""From a Python function to a program: flat, calls of user functions inlined, jumps in tail position."""

from ..fingerprint import fingerprint
from .arguments import of_types
from .parse import parse, program_of

__all__ = ["fingerprint", "of_types", "parse", "program_of"]
