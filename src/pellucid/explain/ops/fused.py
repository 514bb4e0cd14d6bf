"""Fused multiply–adds once more, as the engine does them: bit by bit the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def fused(x: Array, y: Array, z: Array) -> Array:
    """x·y + z, rounded once, of arrays (elements, 1)."""
    sums = np.array(np.broadcast_to(z, x.shape))
    _replay(x, y, np.array([0, 1]), sums)
    return sums


def fused_sums(left: Array, right: Array, edges: NDArray[Any]) -> Array:
    """Σ left·right from 0, one number after the other, between edges along the rows: (elements, stretches)."""
    sums = np.zeros((len(left), len(edges) - 1))
    _replay(left, right, np.asarray(edges, np.int64), sums)
    return sums


def _replay(left: Array, right: Array, edges: NDArray[np.int64], sums: Array) -> None:
    from pellucid.kernels.loops.replay import replay  # imports LLVM: only when it is needed

    replay(np.ascontiguousarray(left), np.ascontiguousarray(np.broadcast_to(right, left.shape)), edges, sums)
