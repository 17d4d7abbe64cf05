"""Programs that random ones were made smaller to, after they had been differentiated wrongly."""

from __future__ import annotations

import numpy as np
from program_table import numbers, program


@program(numbers(4, 3), 0.7)
def masked_store_then_sum(w, t):
    w[w > 0.28] = t
    return np.sum(w)
