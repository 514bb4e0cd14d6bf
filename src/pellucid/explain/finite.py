"""Arrays that must hold no NaN and no infinity: the first that does is named, with the place in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import NumericError, say
from pellucid.explain.address import written

if TYPE_CHECKING:
    from pellucid.explain.recording import Recording

Array = NDArray[Any]


def check_recording(where: str, recording: Recording) -> None:
    """Look through all arrays of a run, in the order of their computation.

    Raises: NumericError that names the first number which is not finite.
    """
    arrays = ((name, recording[name]) for name in recording)
    hint = "in Python, pellucid.record(…).overview() shows every layer of such a run"
    check_finite(where, "all numbers of the run must be finite", arrays, hint)


def check_finite(where: str, rule: str, arrays: Iterable[tuple[str, Array]], hint: str) -> None:
    """Look through named arrays, in their order.

    Raises: NumericError that names the first number which is not finite.

    Example:
        >>> check_finite("fit", "weights must be finite", [("bias", np.array([1, np.nan]))], "use a smaller rate")
        Traceback (most recent call last):
        pellucid.errors.NumericError: fit: weights must be finite. Got nan in bias[1]. Hint: use a smaller rate.
    """
    for name, array in arrays:
        finite = np.isfinite(array)
        if not finite.all():
            place = tuple(int(i) for i in np.unravel_index(int(np.argmin(finite)), array.shape))
            raise NumericError(
                where,
                rule,
                got=say("{number} in {at}", number=array[place], at=written(name, place)),
                hint=hint,
            )
