"""The same sums once more, one number at a time: what an explanation compares the engine's number with, bit by bit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid.kernels.intrinsics import engine_mode, float_mode, fma, set_float_mode
from pellucid.kernels.jit import kernel
from pellucid.kernels.progress import progress
from pellucid.kernels.table import Integers, Numbers, Reads, Updates, fill


def replay(left: NDArray[Any], right: NDArray[Any], edges: NDArray[np.int64], sums: NDArray[Any]) -> None:
    """Sum left[e,i]·right[e,i] by fused multiply–adds, i ascending, for each element e; denormal numbers count as zero.

    Part k holds the products from edges[k] to edges[k+1]. `sums` (elements, parts) comes with what each part starts
    from and leaves with the parts' sums. Arrays are contiguous.
    """
    function = sum_products.callable(left.itemsize * 8)
    progress.close()
    elements, terms = left.shape
    filled = fill(Products(left, right, sums, edges, sums.shape[1], elements, terms))
    function(filled.address, 0, 0)


class Products(NamedTuple):
    """Factors of each element's terms, the edges of the parts, and their sums."""

    left: Reads[Numbers]
    right: Reads[Numbers]
    sums: Updates[Numbers]
    edges: Reads[Integers]
    parts: int
    elements: int
    terms: int  # of an element


@kernel
def sum_products(t: Products, chunk):
    """What `replay` does."""
    left, right, sums, edges, parts = t.left, t.right, t.sums, t.edges, t.parts
    mode = float_mode()
    set_float_mode(engine_mode())
    for element in range(t.elements):
        at, to = element * t.terms, element * parts
        for part in range(parts):
            total = sums[to + part]
            for i in range(at + edges[part], at + edges[part + 1]):
                total = fma(left[i], right[i], total)
            sums[to + part] = total
    set_float_mode(mode)
