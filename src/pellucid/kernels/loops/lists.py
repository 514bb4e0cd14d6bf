"""For each position along an axis, the positions of another tensor that it is made of."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.table import Integers, Reads


class Lists(NamedTuple):
    """One list for each position: where it begins, and behind the last where that ends; then the lists."""

    begins: Reads[Integers]
    positions: Reads[Integers]


class Axes(NamedTuple):
    """The lists along D, H and W."""

    depth: Lists
    height: Lists
    width: Lists
