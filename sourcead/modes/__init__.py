"""Derivatives other than gradients: products with Jacobians, whole Jacobians, Hessians."""

from .jacobians import hessian, hvp, jacfwd, jacobian, jacrev, value_grad_hvp
from .jvp import jvp, jvp_fn
from .vjp import vjp, vjp_fn

__all__ = ["hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "jvp_fn", "value_grad_hvp", "vjp", "vjp_fn"]
