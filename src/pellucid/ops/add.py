"""The sum of two tensors, as in a residual connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.arithmetic import Affine
from pellucid.ops.base import Shape, Terms, columns
from pellucid.ops.reduction import Reduction


@dataclass(frozen=True)
class Add(Affine):
    """input + other."""

    operator: ClassVar[str] = "+"
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input + other",
        "grad_input": "grad_input = grad_output",
        "grad_other": "grad_other = grad_output",
    }
    is_linear: ClassVar[bool] = True
    passes: ClassVar[tuple[str, ...]] = ("input", "other")

    @property
    def name(self) -> str:
        """The op's name."""
        return "add"

    def value(self, input: Any, other: Any) -> Any:
        """The sum."""
        return input + other

    def slope(self, argument: str) -> tuple[int, str | None]:
        """1."""
        return 1, None

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the element of `other`, beginning with the one of `input`."""
        if of != "output":
            return super().terms(of, at, *shapes)
        input, other = shapes
        start = tuple(row[:, 0] for row in self.place(columns(at), "input", input))
        return Terms((("other", self.place(columns(at), "other", other)),), start=("input", start))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction | None:
        """Output: the same, as data."""
        if of != "output":
            return super().reduced(of, *shapes)
        return Reduction("fma", ("other",), start="input")
