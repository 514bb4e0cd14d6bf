"""Which algorithm convolutions use: the direct sum, or Winograd's for 3×3 windows of stride 1 or 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Literal, TypeVar, cast, get_args

from pellucid.errors import ArgumentError, either

T = TypeVar("T")
Algorithm = Literal["auto", "direct", "winograd"]
_current: ContextVar[Algorithm] = ContextVar("algorithm", default="auto")


@contextmanager
def algorithm(name: str) -> Iterator[None]:
    """Models and training steps that run inside this block use the algorithm of this name.

    "auto" takes Winograd's algorithm where it is the faster one, by the shape of an image and the channels alone.
    "direct" sums products one by one: whole numbers come out exactly while Σ|products| ≤ 2²⁴ (2⁵³ in float64), and
    explanations replay every sum bit for bit.
    "winograd" takes Winograd's algorithm wherever it can: it needs a quarter of the products, at stride 2 nine of
    sixteen, and rounds differently, within a bound that explanations state. At stride 1 it divides weights by 9, so
    sums of whole numbers are exact for multiples of 9 and else need not be. Its transforms add up to a hundred times
    an input's magnitude, so it overflows earlier: float32 inputs around 3e36 become inf or NaN where the direct sum is
    finite.

    Raises: ArgumentError when there is no such algorithm.

    Example:
        >>> import numpy as np
        >>> import pellucid as pc
        >>> model = pc.Conv2d(16, 16, 3, bias=False)
        >>> model.weight[...] = np.arange(16 * 16 * 9).reshape(16, 16, 3, 3) % 7
        >>> with pc.algorithm("direct"):
        ...     print(model(np.ones((1, 16, 6, 6)))[0, 0, 0, 0] == model.weight[0].sum())
        True
    """
    if name not in get_args(Algorithm):
        expected = either(map(repr, get_args(Algorithm)))
        raise ArgumentError("algorithm", "there is no such algorithm", expected=expected, got=repr(name))
    token = _current.set(cast("Algorithm", name))
    try:
        yield
    finally:
        _current.reset(token)


def within(name: Algorithm, function: Callable[[], T]) -> T:
    """What a function gives with the algorithm of this name. The caller's stays, whatever interrupts the function."""

    def chosen() -> T:
        _current.set(name)
        return function()

    return copy_context().run(chosen)


def current() -> Algorithm:
    """The algorithm that plans made now use."""
    return _current.get()
