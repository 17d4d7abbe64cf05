"""All programs that every stage of the compiler is run on."""

import importlib
from pathlib import Path

from program_table import PROGRAMS, Program

for path in sorted(Path(__file__).parent.glob("*_programs.py")):
    if path.stem not in ("golden_programs", "random_programs", "written_programs"):
        importlib.import_module(path.stem)

__all__ = ["PROGRAMS", "Program"]
