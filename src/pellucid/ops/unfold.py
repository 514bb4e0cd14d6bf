"""Unfold lays the windows of an image out as columns (im2col), the gradient of fold.

k, y and i stand for two coordinates; (c,k) and y are row-major in one axis each. A convolution is a product of it:
conv2d(x, w) = w.reshape(O, C·K) @ unfold(x). Order of summation in grad_input: k ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError
from pellucid.ops.base import Array, Gradients, Shape, Terms
from pellucid.ops.columns import Columns
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.relation import Copies
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Unfold(Columns):
    """im2col."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,(c,k),y] = input[n,c,i], i = y·stride + k·dilation − padding, 0 in padding",
        "grad_input": "grad_input[n,c,i] = Σ_{k,y at i} grad_output[n,(c,k),y]",
    }

    @property
    def sample_axes(self) -> int:
        """(C,H,W)."""
        return 3

    @property
    def name(self) -> str:
        """The op's name."""
        return "unfold"

    def image(self, input: Shape) -> Shape:
        """Those of the input."""
        return input[2:]

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,H,W) → (N, C·Kh·Kw, Ho·Wo)."""
        (input,) = shapes
        assert input is not None
        if len(input) != 4:
            raise ShapeError(self.name, "input must have 4 axes, or 3 without a batch", got=f"input {input}")
        if input[1] == 0:
            raise ShapeError(self.name, "input must have channels", got=f"input {input}")
        geometry = self.geometry(input)
        return input[0], input[1] * size_of(geometry.kernel), size_of(geometry.output)

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """How many windows fit down and along, which are put side by side."""
        (input,) = shapes
        assert input is not None
        return tuple(axis.formula for axis in self.geometry(input).axes)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> Copies:
        """Each element of the columns is one of the image, or padding."""
        channels, geometry = shapes["input"][:2], self.geometry(shapes["input"])
        pattern = self.pattern(channels, geometry, "input", "output")
        return Copies("output", self.sources(channels, geometry), pattern)

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """Copies, and what the columns have of an element added up."""
        if of == "output":
            return Reduction("copy", ("input",))
        return Reduction("fma", ("grad_output",), spatial("k", 2), skips=spatial("y", 2))

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the one input element; grad_input: the gradients of its copies, kernel positions ascending."""
        (input,) = shapes
        assert input is not None
        geometry = self.geometry(input)
        return (
            self.copied("input", at, geometry) if of == "output" else self.added("grad_output", at, geometry)
        )

    def forward(self, *operands: Array) -> Array:
        """Every window a column."""
        (input,) = operands
        self.infer(input.shape)
        return self.unfolded(input, self.geometry(input.shape))

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Fold."""
        (input,) = operands
        return (self.folded(grad_output, self.geometry(input.shape)),)
