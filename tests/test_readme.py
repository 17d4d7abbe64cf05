"""The README shows what really happens.  `python tests/test_readme.py` writes the emitted adjoint into it anew."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).parent.parent / "README.md"
EMITTED = re.compile(r"(<!-- emitted -->\n```python\n)(.*?)(```\n)", re.DOTALL)


def example(folder: Path):
    """The README's first block of Python as a module."""
    block = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert block
    path = folder / "readme_example.py"
    path.write_text(block[1])
    spec = importlib.util.spec_from_file_location("readme_example", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["readme_example"] = module
    spec.loader.exec_module(module)
    return module


def emitted(module) -> str:
    return module.swing.source(1.0, 0.1, 1000).strip() + "\n"


def test_the_emitted_adjoint_is_the_one_shown(tmp_path):
    assert EMITTED.search(README.read_text())[2] == emitted(example(tmp_path))


def test_the_numbers_are_the_ones_shown(tmp_path):
    module = example(tmp_path)
    shown = re.search(r"# \((.*?), (.*?)\)", README.read_text())
    assert module.swing(1.0, 0.1, 1000) == pytest.approx(tuple(map(float, shown.groups())), rel=1e-12)
    assert module.most_by_friction(np.array([0.5, 1.0])) >= float(shown[2]) - 1e-9


def test_each_command_stands_on_one_line():
    commands = re.findall(r"^python3 -m venv .*$", README.read_text(), re.MULTILINE)
    assert ["train_mnist" in c for c in commands] == [True, False]
    assert ["pytest" in c for c in commands] == [False, True]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        text = emitted(example(Path(folder)))
    README.write_text(EMITTED.sub(lambda m: m[1] + text + m[3], README.read_text()))
