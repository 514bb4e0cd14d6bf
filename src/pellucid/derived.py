"""What follows from an object's other attributes: computed when first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class derived(Generic[T]):  # noqa: N801 - a decorator, as `property`
    """`functools.cached_property` without its lock, which Python 3.11 shares between all threads and objects.

    A process that was forked while another thread held that lock would wait for it for ever. Here two threads may
    compute the same at the same time; the first result stays.

    Example:
        >>> class Square:
        ...     side = 3
        ...     @derived
        ...     def area(self):
        ...         return self.side**2
        >>> square = Square()
        >>> square.area, vars(square)
        (9, {'area': 9})
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute, self.__doc__ = compute, compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        kept: T = vars(instance).setdefault(self._compute.__name__, self._compute(instance))
        return kept
