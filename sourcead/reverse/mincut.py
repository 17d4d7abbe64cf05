"""Record or recompute, decided by a minimum cut.

For every value v of a loop body that might be wanted backwards: X_v = "recomputed there", D_v = "wanted there".
Wanted but not recomputed costs a recording; recomputed costs its operation and makes its operands wanted; a
value read again from an array may oblige every later store into that array to save what it overwrites. All terms
are of the form "a true, b false costs w", so the best choice is a minimum cut (Picard 1976; the use for caching in
reverse mode is in Moses and Churavy, "Instead of rewriting foreign code for machine learning, automatically
synthesize fast gradients", NeurIPS 2020).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

FOREVER = 10**8
SOURCE, SINK = "source", "sink"


@dataclass
class Network:
    """Costs of deciding differently: `penalty(a, b, w)` is paid when `a` is true and `b` is false."""

    edges: dict[tuple[Hashable, Hashable], int] = field(default_factory=dict)

    def penalty(self, a: Hashable, b: Hashable, cost: int) -> None:
        self.edges[a, b] = min(FOREVER, self.edges.get((a, b), 0) + cost)

    def true_side(self) -> set[Hashable]:
        """The decisions that are true in a cheapest assignment (the one with the most of them)."""
        if not self.edges:
            return set()
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import maximum_flow

        nodes: dict[Hashable, int] = {SOURCE: 0, SINK: 1}
        for a, b in self.edges:
            nodes.setdefault(a, len(nodes))
            nodes.setdefault(b, len(nodes))
        rows = [nodes[a] for a, _ in self.edges]
        columns = [nodes[b] for _, b in self.edges]
        n = len(nodes)
        import numpy as np

        capacity = csr_array((np.array(list(self.edges.values()), np.int32), (rows, columns)), shape=(n, n))
        flow = maximum_flow(capacity, 0, 1).flow
        left = (capacity - flow).tocoo()
        residual = [(int(a), int(b)) for a, b, w in zip(left.row, left.col, left.data, strict=True) if w > 0]
        # what can still reach the sink is false; ties go to "true", that is, to recomputing
        false = reaching(1, residual)
        return {name for name, k in nodes.items() if k not in false}


def reaching(goal: int, edges: Iterable[tuple[int, int]]) -> set[int]:
    into: dict[int, list[int]] = {}
    for a, b in edges:
        into.setdefault(b, []).append(a)
    seen, work = {goal}, deque([goal])
    while work:
        for a in into.get(work.popleft(), ()):
            if a not in seen:
                seen.add(a)
                work.append(a)
    return seen
