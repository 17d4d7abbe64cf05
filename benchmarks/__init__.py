"""How fast the gradients are: against their primals and against adjoints written by hand.

`python -m benchmarks` prints ratios measured in one process; only those mean something elsewhere.
"""
