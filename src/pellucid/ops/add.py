"""The sum of two tensors, as in a residual connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError
from pellucid.ops.base import Array, Gradients, Op, Shape, Terms, alike, columns
from pellucid.ops.relation import IndexPattern


@dataclass(frozen=True)
class Add(Op):
    """Addition of two tensors of one shape."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input + other",
        "grad_input": "grad_input = grad_output",
        "grad_other": "grad_other = grad_output",
    }
    arguments: ClassVar[tuple[str, ...]] = ("input", "other")
    is_linear: ClassVar[bool] = True
    keeps_positions: ClassVar[bool] = True
    differentiable: ClassVar[tuple[str, ...]] = ("input", "other")
    passes: ClassVar[tuple[str, ...]] = ("input", "other")

    @property
    def name(self) -> str:
        """The op's name."""
        return "add"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Two equal shapes → the same shape."""
        input, other = shapes
        assert input is not None
        if input != other:
            raise ShapeError(
                self.name,
                "both tensors must have the same shape",
                expected=f"{input}",
                got=f"{other}",
                hint="bring the shortcut to the same channels and size, for example with a 1×1 convolution",
            )
        return input

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element."""
        return alike((*self.arguments, "output"), shapes["input"])

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the element of `other`, beginning with the one of `input`; a gradient: the one of grad_output."""
        if of == "output":
            return Terms((("other", columns(at)),), start=("input", tuple(at.T)))
        return Terms((("grad_output", columns(at)),))

    def forward(self, *operands: Array) -> Array:
        """Element by element."""
        input, other = operands
        self.infer(input.shape, other.shape)
        return input + other

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The gradient goes to both."""
        return grad_output, grad_output
