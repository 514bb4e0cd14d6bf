"""The bits of a number that is not known itself: what functions do with them is scaling by powers of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.functions.logarithm import ROOT_HALF_BITS


class Bits:
    """The bits of x·2ᵏ, where x has a method `scaled`; k is an array of whole numbers or one of them."""

    def __init__(self, number: Any, less: int = 0) -> None:
        self.number, self.less = number, less

    def __add__(self, other: Any) -> Bits:
        """Of x·2ᵏ, where the other number is k in the place of the exponent."""
        return Bits(self.number.scaled(np.asarray(other) >> 52))

    def __sub__(self, other: Any) -> Bits:
        """The same of x·2⁻ᵏ; or less a constant, before a shift."""
        if isinstance(other, int):
            return Bits(self.number, other)
        return Bits(self.number.scaled(-(np.asarray(other) >> 52)))

    def __rshift__(self, count: int) -> Any:
        """k of √½ ≤ x·2⁻ᵏ < √2."""
        assert (count, self.less) == (52, ROOT_HALF_BITS)
        return self.number.exponent()
