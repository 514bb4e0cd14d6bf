"""The end of a sum in lanes (`functions/sums.py`): the lanes are added as a tree."""

from __future__ import annotations

from pellucid.functions.sums import LANES
from pellucid.kernels.jit import inline


@inline
def tree_of(lanes):
    """The sum of the lanes: l and l + 8, l and l + 4, l and l + 2, the last two."""
    width = LANES // 2
    while width > 0:
        for i in range(width):
            lanes[i] += lanes[width + i]
        width //= 2
    return lanes[width]
