"""One tree for all sums over a batch: into which parts a batch is cut, and in which order the parts are added.

The images are halved again and again, by their number alone:

    images 0 … 63                 ┌──────── + ────────┐
                             ┌─── + ───┐         ┌─── + ───┐
    parts of 16 images     0…15     16…31     32…47     48…63

Part k of P holds the images ⌊k·N/P⌋ … ⌊(k+1)·N/P⌋ − 1. P is a power of two, and twice as many parts cut each part in
two: however deep a sum goes, the tree is always the same. Inside a part a sum goes in its op's own order, image by
image, from 0. Then left and right halves are added, level by level. So whoever has the images of a subtree can sum them
alone, and all get the same bits.

There are two depths. A deep tree is wide: it leaves more to share out, and costs more where a sum has many numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

_FEWEST = 8  # images of a part of a large sum: with fewer, adding parts costs what the products do
_MOST = 64  # parts: as many as may ever be computed apart; each takes room, or the time of an addition
_SMALL = 16  # parts of a small sum, where the batch has so many images


def large_parts(images: int) -> int:
    """Parts of sums with as many numbers as a layer has weights: their gradients, and their biases' beside them."""
    return min(_MOST, _power_of_two(images // _FEWEST))


def small_parts(images: int) -> int:
    """Parts of sums with few numbers for each channel: statistics, their gradients, losses, broadcast operands."""
    return max(large_parts(images), min(_SMALL, _power_of_two(images)))


def edges(images: int, parts: int) -> list[int]:
    """Where each part begins, and the end of the last one.

    Example:
        >>> edges(11, 4)
        [0, 2, 5, 8, 11]
    """
    return [k * images // parts for k in range(parts + 1)]


def depth(parts: int) -> int:
    """How many additions lead from a part to the whole.

    Example:
        >>> depth(8)
        3
    """
    return parts.bit_length() - 1


def added(sums: Sequence[T], add: Callable[[T, T], T]) -> T:
    """The whole, from the sums of the parts.

    Example:
        >>> added(["0", "1", "2", "3"], "({}+{})".format)
        '((0+1)+(2+3))'
    """
    while len(sums) > 1:
        sums = [add(left, right) for left, right in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


def _power_of_two(most: int) -> int:
    """The largest one that is not above a number, 1 at least."""
    return 1 << max(1, most).bit_length() - 1
