"""Derivatives other than gradients: products with Jacobians, whole Jacobians, Hessians."""

from .jvp import jvp, jvp_fn
from .vjp import vjp, vjp_fn

__all__ = ["jvp", "jvp_fn", "vjp", "vjp_fn"]
