"""Arrays that must hold no NaN and no infinity: the first that does is named, with the place in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import NonFiniteError, say
from pellucid.explain.address import written
from pellucid.sizes import Index

if TYPE_CHECKING:
    from pellucid.explain.recording import Recording

Array = NDArray[Any]


def check_recording(where: str, recording: Recording) -> None:
    """Look through all arrays of a run, in the order of their computation.

    Raises: NonFiniteError that names the first number which is not finite.
    """
    arrays = ((name, recording[name]) for name in recording)
    hint = "in Python, pellucid.record(…).overview() shows every layer of such a run"
    check_finite(where, "all numbers of the run must be finite", arrays, hint)


def check_finite(where: str, rule: str, arrays: Iterable[tuple[str, Array]], hint: str) -> None:
    """Look through named arrays, in their order.

    Raises: NonFiniteError that names the first number which is not finite.

    Example:
        >>> check_finite("fit", "weights must be finite", [("bias", np.array([1, np.nan]))], "use a smaller rate")
        Traceback (most recent call last):
        pellucid.errors.NonFiniteError: fit: weights must be finite. Got nan in bias[1]. Hint: use a smaller rate.
    """
    for name, array in arrays:
        if (at := first_wrong(array)) is not None:
            got = say("{number} in {at}", number=array[at], at=written(name, at))
            raise NonFiniteError(where, rule, got=got, hint=hint)


def first_wrong(array: Array) -> Index | None:
    """Where the first number is that is not finite; None without one.

    Example:
        >>> first_wrong(np.array([[1, 2], [3, np.inf]])), first_wrong(np.zeros(3))
        ((1, 1), None)
    """
    finite = np.isfinite(array)
    if finite.all():
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmin(finite)), array.shape))
