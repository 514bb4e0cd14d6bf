"""Fold adds columns up to the image whose windows they are (col2im), the gradient of unfold.

k, y and i stand for two coordinates; (c,k) and y are row-major in one axis each. Order of summation in output: k
ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.ops.base import Array, Gradients, Shape, Terms
from pellucid.ops.columns import Columns
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.relation import Copies
from pellucid.ops.settings import each
from pellucid.sizes import IntOrTuple, per_axis, size_of


@dataclass(frozen=True)
class Fold(Columns):
    """col2im; `output_size` is the image's height and width."""

    output_size: IntOrTuple = 1

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,i] = Σ_{k,y at i} input[n,(c,k),y], i = y·stride + k·dilation − padding",
        "grad_input": "grad_input[n,(c,k),y] = grad_output[n,c,i], 0 in padding",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(output_size=each(self.output_size, 2))

    @property
    def sample_axes(self) -> int:
        """(C·Kh·Kw, L)."""
        return 2

    @property
    def name(self) -> str:
        """The op's name."""
        return "fold"

    def image(self, input: Shape) -> Shape:
        """As the setting says."""
        return per_axis(self.name, "output_size", self.output_size, 2)

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N, C·Kh·Kw, L) → (N,C,H,W)."""
        (input,) = shapes
        assert input is not None
        if len(input) != 3:
            raise ShapeError(self.name, "input must have 3 axes, or 2 without a batch", got=f"input {input}")
        geometry = self.geometry(input)
        taps, length = size_of(geometry.kernel), size_of(geometry.output)
        if input[1] % taps or input[2] != length:
            raise ShapeError(
                self.name,
                "columns must be the windows of the output",
                expected=say("a multiple of {taps} rows and {length} columns", taps=taps, length=length),
                got=f"input {input}",
            )
        return (input[0], input[1] // taps, *geometry.input)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> Copies:
        """Each element of the columns is added to one of the image, or lies in padding."""
        input = shapes["input"]
        channels, geometry = self.infer(input)[:2], self.geometry(input)
        pattern = self.pattern(channels, geometry, "output", "input")
        return Copies("input", self.sources(channels, geometry), pattern)

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """What the columns have of an element added up, and copies."""
        if of == "output":
            return Reduction("fma", ("input",), spatial("k", 2), skips=spatial("y", 2))
        return Reduction("copy", ("grad_output",))

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: what is added up, kernel positions ascending; grad_input: the gradient of where it was added."""
        (input,) = shapes
        assert input is not None
        geometry = self.geometry(input)
        return (
            self.added("input", at, geometry) if of == "output" else self.copied("grad_output", at, geometry)
        )

    def forward(self, *operands: Array) -> Array:
        """Add the windows up."""
        (input,) = operands
        self.infer(input.shape)
        return self.folded(input, self.geometry(input.shape))

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Unfold."""
        (input,) = operands
        return (self.unfolded(grad_output, self.geometry(input.shape)),)
