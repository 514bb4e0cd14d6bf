"""The same sums once more, one number at a time: what an explanation compares the engine's number with, bit by bit."""

from __future__ import annotations

from typing import Any

from pellucid.kernels.intrinsics import float_mode, flush_bits, fma, set_float_mode
from pellucid.kernels.jit import compiled, types


def _signature(number: Any) -> Any:
    return types.void(number[::1], number[::1], types.int64[::1], number[::1])


@compiled([_signature(types.float32), _signature(types.float64)])
def replay(left: Any, right: Any, bounds: Any, sums: Any) -> None:
    """Sum left[i]·right[i] by fused multiply–adds, i ascending, denormal numbers taken as zero.

    Part k holds the products from bounds[k] to bounds[k+1]. `sums` comes with what each part starts from and leaves
    with the parts' sums, but its first number is the total: the parts added in order.
    """
    mode = float_mode()
    set_float_mode(mode | flush_bits())
    for part in range(len(sums)):
        total = sums[part]
        for i in range(bounds[part], bounds[part + 1]):
            total = fma(left[i], right[i], total)
        sums[part] = total
    for part in range(1, len(sums)):
        sums[0] += sums[part]
    set_float_mode(mode)
