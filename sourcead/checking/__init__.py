"""Derivatives tested: against one another, and against differences of the function."""

from .grads import check_grads as check_grads
from .rules import check_rule as check_rule
