"""Reverse mode by operator overloading on NumPy arrays.

    from sourcead import tape
    tape.grad(f)(x)

The same rules and the same interface as `sourcead.grad`, but the function runs in Python and what it does is
written on a tape: slower, no compilation, any control flow.  It serves as comparison and, in the tests, as oracle.
"""

from .api import grad, value_and_grad
from .variable import Variable

__all__ = ["Variable", "grad", "value_and_grad"]
