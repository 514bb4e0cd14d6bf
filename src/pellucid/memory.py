"""Room: what the system can give, asked for before anything large is listed, copied or allocated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import limits
from pellucid.errors import NumericError, joined, say

Array = NDArray[Any]
_SMALL = 1 << 24  # bytes for which nobody asks: that takes longer than to copy them
_HINT = "use a smaller batch or input"
_ASKED = re.compile(  # NumPy's text
    r"Unable to allocate (?P<size>.+) for an array with shape (?P<shape>.+) and data type (?P<dtype>.+)"
)


def require(where: str, what: str, size_bytes: int, *, shape: tuple[int, ...] | None = None) -> None:
    """Refuse what cannot fit.

    Raises: NumericError when there is not that much memory to be had.
    """
    if size_bytes > _SMALL and size_bytes > (room := available_bytes()):
        rule = say("{what} must fit in memory", what=what)
        expected = say("at most {room:,} bytes, which are available", room=room)
        size = say("{count:,} bytes", count=size_bytes)
        got = size if shape is None else joined(", ", (str(shape), size))
        raise NumericError(where, rule, expected=expected, got=got, hint=_HINT)


def available_bytes() -> int:
    """What is still to be had: the least of what machine, container and the process's own limits give."""
    return min(limits.machine(), limits.container(), limits.process())


def contiguous(where: str, array: Array, dtype: np.dtype[Any]) -> Array:
    """The numbers in this type, one behind the other; the array itself where it is so already.

    Raises: NumericError when a copy has no room.
    """
    if array.dtype == dtype and array.flags.c_contiguous:
        return array
    require(where, say("the input as {dtype}", dtype=dtype), array.size * dtype.itemsize, shape=array.shape)
    with enough(where):
        return np.asarray(array, dtype, order="C")


def check_spread(where: str, name: str, array: Array) -> None:
    """Refuse a broadcast array that would have no room if somebody wrote it out, as most functions do.

    Raises: NumericError when it is larger than the memory that it lies in, and than what is to be had.
    """
    if array.nbytes > _SMALL:
        low, high = np.lib.array_utils.byte_bounds(array)
        if high - low < array.nbytes:
            require(where, name, array.nbytes, shape=array.shape)


def exhausted(where: str, error: MemoryError) -> NumericError:
    """What is said where the system had no memory after all."""
    said = str(error).rstrip(".")
    got = said[:1].lower() + said[1:]
    if asked := _ASKED.fullmatch(said):
        got = say(
            "unable to allocate {size} for an array with shape {shape} and data type {dtype}",
            **asked.groupdict(),
        )
    return NumericError(where, "the arrays must fit in memory", got=got or None, hint=_HINT)


@contextmanager
def enough(where: str) -> Iterator[None]:
    """Say who asked for more memory than there is.

    Raises: NumericError in place of a MemoryError.
    """
    try:
        yield
    except MemoryError as error:
        raise exhausted(where, error) from None
