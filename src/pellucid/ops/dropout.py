"""Dropout: each element becomes zero with probability p, and what stays grows so that the mean stays.

    kept(j) ⇔ draw(seed, step, layer, j) ≥ p·2³²

j is the element's flat index in N C H W order, and draw the number j of the stream (seed, dropout, step, layer) of
`philox.py`: what is kept does not depend on threads, memory layout or what was drawn before. `scale` is rounded to the
input's type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Array, Gradients, Op, Shape, alike
from pellucid.ops.checks import number
from pellucid.ops.relation import IndexPattern
from pellucid.philox import Purpose, Stream
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Dropout(Op):
    """The probability of becoming zero."""

    p: float = 0.5

    is_linear: ClassVar[bool] = True
    keeps_positions: ClassVar[bool] = True
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[j] = input[j]·(scale where kept(j), else 0), scale = 1/(1 − p), 0 where p = 1",
        "grad_input": "grad_input[j] = grad_output[j]·(scale where kept(j), else 0)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "dropout"

    @property
    def threshold(self) -> int:
        """The smallest draw that keeps an element: p·2³², rounded up."""
        return ceil(self.p * 2**32)

    @property
    def scale(self) -> float:
        """What kept elements are multiplied with; with p = 1 there are none."""
        return 1 / (1 - self.p) if self.p < 1 else 0.0

    @staticmethod
    def stream(seed: int = 0, step: int = 0, layer: int = 0) -> Stream:
        """What decides in one step of one run which elements a layer keeps."""
        return Stream(int(seed), Purpose.DROPOUT, step, layer)

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        (input,) = shapes
        assert input is not None
        number(self.name, "p", self.p, "[0, 1]")
        return input

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element."""
        return alike((*self.arguments, "output"), shapes["input"])

    def draws(self, shape: Shape) -> int:
        """How many draws decide."""
        return size_of(shape)

    def places(self, at: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
        """The numbers of the draws that decide elements."""
        numbers: NDArray[np.int64] = (
            np.ravel_multi_index(tuple(at.T), shape) if shape else np.zeros(len(at), np.int64)
        )
        return numbers

    def kept(self, draws: NDArray[np.uint32], shape: Shape) -> NDArray[np.bool_]:
        """Which elements stay, shaped to meet the input."""
        return (draws >= self.threshold).reshape(shape)

    def forward(self, *operands: Array, seed: int = 0, step: int = 0, layer: int = 0) -> Array:
        """Keep or drop, element by element."""
        (input,) = operands
        self.infer(input.shape)
        draws = self.stream(seed, step, layer).draws(self.draws(input.shape))
        kept = self.kept(draws, input.shape)
        output: Array = np.where(kept, input * input.dtype.type(self.scale), input.dtype.type(0))
        return output

    def backward(
        self,
        grad_output: Array,
        *operands: Array,
        seed: int = 0,
        step: int = 0,
        layer: int = 0,
    ) -> Gradients:
        """The same elements of the gradient."""
        return (self.forward(grad_output, seed=seed, step=step, layer=layer),)
