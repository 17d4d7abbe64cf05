"""Rules that users give: functions that stay calls, with a pullback or a pushforward of their own.

A rule is a Numba dispatcher (`rule.py`). In a program its call is a `Ruled`, which passes treat as they treat the call
of a function that calls itself (`call.py`). What emitted code calls in its place, its pullback and its pushforward are
small programs that hand over to what the user wrote (`programs.py`, `tangents.py`), or to what follows from that
(`derived.py`). In programs that are differentiated again the user's functions are read instead (`expand.py`).
"""

from .call import Ruled as Ruled
from .rule import CustomRule as CustomRule
from .rule import custom_rule as custom_rule
