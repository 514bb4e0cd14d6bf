"""The same sums once more, one number at a time: what an explanation compares the engine's number with, bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.kernels.intrinsics import engine_mode, float_mode, fma, int64_at, set_float_mode
from pellucid.kernels.jit import kernel
from pellucid.kernels.progress import progress


def replay(left: NDArray[Any], right: NDArray[Any], edges: NDArray[np.int64], sums: NDArray[Any]) -> None:
    """Sum left[e,i]·right[e,i] by fused multiply–adds, i ascending, for each element e; denormal numbers count as zero.

    Part k holds the products from edges[k] to edges[k+1]. `sums` (elements, parts) comes with what each part starts
    from and leaves with the parts' sums, but an element's first number is its total: the parts added in order. Arrays
    are contiguous.
    """
    function = sum_products.callable(left.itemsize * 8)
    progress.close()
    p = np.array([array.ctypes.data for array in (left, right, sums)], np.int64)
    n = np.array([edges.ctypes.data, sums.shape[1], *left.shape], np.int64)
    function(p.ctypes.data, n.ctypes.data, 0, 0)


@kernel
def sum_products(p: Any, n: Any, f: Any, chunk: Any) -> None:
    """What `replay` does. p: left, right, sums. n: address of the edges, parts, elements, terms of an element."""
    left, right, sums, edges = p[0], p[1], p[2], int64_at(n[0])
    mode = float_mode()
    set_float_mode(engine_mode())
    for element in range(n[2]):
        at, to = element * n[3], element * n[1]
        for part in range(n[1]):
            total = sums[to + part]
            for i in range(at + edges[part], at + edges[part + 1]):
                total = fma(left[i], right[i], total)
            sums[to + part] = total
        for part in range(1, n[1]):
            sums[to] += sums[to + part]
    set_float_mode(mode)
