"""The same sums once more, one number at a time: what an explanation compares the engine's number with, bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.kernels.intrinsics import float_mode, flush_bits, fma, int64_at, set_float_mode
from pellucid.kernels.jit import kernel
from pellucid.kernels.progress import progress


def replay(left: NDArray[Any], right: NDArray[Any], bounds: NDArray[np.int64], sums: NDArray[Any]) -> None:
    """Sum left[i]·right[i] by fused multiply–adds, i ascending, denormal numbers taken as zero.

    Part k holds the products from bounds[k] to bounds[k+1]. `sums` comes with what each part starts from and leaves
    with the parts' sums, but its first number is the total: the parts added in order. Arrays are contiguous.
    """
    function = sum_products.callable(left.itemsize * 8)
    progress.close()
    p = np.array([array.ctypes.data for array in (left, right, sums)], np.int64)
    n = np.array([bounds.ctypes.data, len(sums)], np.int64)
    function(p.ctypes.data, n.ctypes.data, 0, 0)


@kernel
def sum_products(p: Any, n: Any, f: Any, chunk: Any) -> None:
    """What `replay` does. p: left, right, sums. n: address of the bounds, parts."""
    left, right, sums, bounds = p[0], p[1], p[2], int64_at(n[0])
    mode = float_mode()
    set_float_mode(mode | flush_bits())
    for part in range(n[1]):
        total = sums[part]
        for i in range(bounds[part], bounds[part + 1]):
            total = fma(left[i], right[i], total)
        sums[part] = total
    for part in range(1, n[1]):
        sums[0] += sums[part]
    set_float_mode(mode)
