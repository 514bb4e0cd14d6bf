"""Which algorithm convolutions use. There is one today, the direct sum; "auto" chooses it for every shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.errors import ArgumentError

_NAMES = ("auto", "direct")


@contextmanager
def algorithm(name: str) -> Iterator[None]:
    """Plans that are made inside this block use the algorithm of this name.

    Raises: ArgumentError when there is no such algorithm.

    Example:
        >>> with algorithm("direct"):
        ...     pass
    """
    if name not in _NAMES:
        expected = " or ".join(map(repr, _NAMES))
        raise ArgumentError("algorithm", "there is no such algorithm", expected=expected, got=repr(name))
    yield
