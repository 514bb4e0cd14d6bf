"""NumPy with the engine's arithmetic: denormal numbers count as zero while a block runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pellucid.kernels.intrinsics import float_mode, flush_bits, set_float_mode
from pellucid.kernels.jit import kernel
from pellucid.kernels.progress import progress


@contextmanager
def flushing() -> Iterator[None]:
    """Flush denormal operands and results to zero on this thread, as every launch of the engine does."""
    enter, leave = begin_flushing.callable(), end_flushing.callable()
    progress.close()
    mode = np.zeros(1, np.int64)
    enter(0, mode.ctypes.data, 0, 0)
    try:
        yield
    finally:
        leave(0, mode.ctypes.data, 0, 0)


@kernel
def begin_flushing(p: Any, n: Any, f: Any, chunk: Any) -> None:
    """Set the mode, and keep the old one in n."""
    n[0] = float_mode()
    set_float_mode(n[0] | flush_bits())


@kernel
def end_flushing(p: Any, n: Any, f: Any, chunk: Any) -> None:
    """Set the mode that n has kept."""
    set_float_mode(n[0])
