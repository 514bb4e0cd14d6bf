"""A launch that may be left out: what a step changes, it changes only where it came to finite numbers."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_kernel
from pellucid.kernels.jit import kernel
from pellucid.kernels.table import Integers, Reads


class Gate(NamedTuple):
    """The addresses of a kernel and of its table, and the number that must not be 0 for it to run."""

    open: Reads[Integers]
    kernel: int
    table: int


@kernel
def gated(t: Gate, chunk, scratch):
    """The kernel's chunk, or nothing."""
    if t.open[0] != 0:
        call_kernel(t.kernel, t.table, chunk, scratch)
