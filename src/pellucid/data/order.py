"""Which images a batch has: a pure function of their count, the batch's size, the seed and the epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, say
from pellucid.philox import Purpose, Stream, check_time
from pellucid.seeds import check_seed
from pellucid.sizes import is_integer


def shuffled(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch sees images: that of 64-bit numbers drawn for them.

    Example:
        >>> shuffled(5, seed=0, epoch=0).tolist()
        [4, 3, 1, 0, 2]
    """
    stream = Stream(check_seed("batches", seed), Purpose.ORDER, check_time("batches", "epoch", epoch))
    order: NDArray[np.int64] = stream.order(count)
    return order


def edges(count: int, batch_size: int, *, drop_last: bool = False, join_one: bool = False) -> list[int]:
    """Where batches begin, and the end of the last one.

    Args:
        drop_last: leave out a last batch that is smaller, unless it is the only one.
        join_one: let a last batch of one image be part of the one before it.

    Example:
        >>> edges(7, 3), edges(7, 3, drop_last=True), edges(7, 3, join_one=True)
        ([0, 3, 6, 7], [0, 3, 6], [0, 3, 7])
    """
    starts = [*range(0, count, batch_size), count]
    rest = count - starts[-2] if len(starts) > 2 else batch_size
    if drop_last and rest < batch_size:
        return starts[:-1]
    if join_one and rest == 1 < batch_size:
        return [*starts[:-2], count]
    return starts


def check_batch_size(where: str, batch_size: Any) -> int:
    """A batch's size as a Python integer.

    Raises: ArgumentError when it is no whole number ≥ 1.
    """
    if not is_integer(batch_size) or batch_size < 1:
        rule = say("{name} must be a whole number", name="batch_size")
        raise ArgumentError(where, rule, expected="batch_size ≥ 1", got=f"batch_size={batch_size!r}")
    return int(batch_size)
