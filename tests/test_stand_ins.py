"""Type inference knows some results without asking Numba: they must be those that Numba gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba.core import types
from numba.core.registry import cpu_target

from sourcead.primitives import chosen
from sourcead.stand_ins import STAND_INS


def asked(fn: Any, *args: types.Type) -> Any:
    context = cpu_target.typing_context
    context.refresh()
    cpu_target.target_context.refresh()
    return context.resolve_function_type(context.resolve_value_type(fn), args, {}).return_type


def doubles(ndim: int, layout: str = "C") -> types.Array:
    return types.Array(types.float64, ndim, layout)


MASK = types.Array(types.boolean, 1, "C")


@pytest.mark.parametrize(
    ("fn", "args"),
    [
        (np.sum, (doubles(2, "A"),)),
        (np.max, (doubles(2, "F"),)),
        (np.dot, (doubles(2, "F"), doubles(2))),
        (chosen, (MASK, doubles(2), types.float64)),
        (np.sum, (types.Array(types.float32, 1, "C"),)),  # Numba is asked
    ],
)
def test_types_are_those_of_numba(fn: Any, args: tuple[types.Type, ...]) -> None:
    assert asked(STAND_INS[fn].fn, *args) == asked(fn, *args)
