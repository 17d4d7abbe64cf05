"""All programs that every stage of the compiler is run on."""

import array_programs
import container_programs
import nested_programs
import recursive_programs
import scalar_programs
from program_table import PROGRAMS, Program

__all__ = [
    "PROGRAMS",
    "Program",
    "array_programs",
    "container_programs",
    "nested_programs",
    "recursive_programs",
    "scalar_programs",
]
