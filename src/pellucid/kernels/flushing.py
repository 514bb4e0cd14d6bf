"""NumPy with the engine's arithmetic: to nearest, and denormal numbers count as zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from pellucid.kernels.intrinsics import engine_mode, set_float_mode
from pellucid.kernels.jit import kernel
from pellucid.kernels.progress import progress
from pellucid.kernels.turns import Aside

T = TypeVar("T")


@kernel
def _enter_engine_mode() -> None:
    """Set this thread's floating-point mode for good."""
    set_float_mode(engine_mode())


def _prepare() -> None:
    _enter_engine_mode.callable()()
    progress.close()


# Whatever interrupts the caller, this mode never shows on his thread.
_aside = Aside(_prepare)


_HALF, _QUARTER = 2.0**-53, 2.0**-54  # of the last place of 1 and of the number below


def to_nearest(function: Callable[[], T]) -> T:
    """What a function of Python's floats gives, rounded to nearest, whatever the caller's rounding is."""
    one = 1.0
    return function() if one + _HALF == one == one - _QUARTER else flushed(function)


def flushed(function: Callable[[], T]) -> T:
    """What a function gives when it computes as every launch of the engine does; NumPy's warnings are off."""

    def quietly() -> T:
        with np.errstate(all="ignore"):
            return function()

    return _aside(quietly)
