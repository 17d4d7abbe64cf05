"""Examples in the documentation run, and give what they say: `expression  # value`."""

from __future__ import annotations

import ast
import re
from functools import partial
from pathlib import Path

import numpy as np

DOCS = Path(__file__).parent.parent / "docs"


def test_custom_rules(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "custom_rules.md").read_text(), re.DOTALL)
    text, path = "\n\n".join(blocks), tmp_path / "custom_rules_example.py"
    path.write_text(text)
    space = {"__name__": "custom_rules_example"}
    checked = 0
    for node in ast.parse(text).body:
        code = ast.get_source_segment(text, node)
        comment = re.fullmatch(r".*  # (.*)", text.splitlines()[node.end_lineno - 1])
        if isinstance(node, ast.Expr) and comment:
            found = eval(compile(ast.Expression(node.value), str(path), "eval"), space)
            np.testing.assert_allclose(found, ast.literal_eval(comment[1]), rtol=1e-12, err_msg=code)
            checked += 1
        else:
            exec(compile(ast.Module([node], []), str(path), "exec"), space)
        if isinstance(node, ast.ImportFrom) and node.module == "sourcead":  # derivatives as plain Python
            space |= {n: partial(space[n], jit=False) for n in ("grad", "jvp")}
    assert checked == 4
