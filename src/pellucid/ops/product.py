"""What convolutions and the linear layer share: every output is a sum of products with a weight, plus a bias."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from pellucid.ops.base import Op, Shape
from pellucid.sizes import size_of

_READS = {
    "output": ("input", "weight", "bias"),
    "grad_input": ("grad_output", "weight"),
    "grad_weight": ("grad_output", "input"),
    "grad_bias": ("grad_output",),
}


class Product(Op):
    """Every weight is used once at every position, which makes all multiply–adds there are."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")
    optional: ClassVar[tuple[str, ...]] = ("bias",)
    differentiable: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")
    owned: ClassVar[tuple[str, ...]] = ("weight", "bias")

    def reads(self, of: str) -> tuple[str, ...]:
        """A gradient reads the other factor.

        Example:
            >>> from pellucid.ops.linear import Linear
            >>> Linear().reads("grad_weight")
            ('grad_output', 'input')
        """
        return _READS[of]

    @abstractmethod
    def factors(self, *shapes: Shape | None) -> Shape:
        """The weight's sizes as they are counted: kernel, input channels, output channels, groups if several."""

    def work(self, of: str, *shapes: Shape | None) -> int:
        """Every product once, in the output as in the gradients of both factors.

        Example:
            >>> from pellucid.ops.conv import Conv
            >>> Conv(2, padding=1).work("grad_weight", (1, 3, 8, 8), (16, 3, 3, 3), None)  # 8·8 · 3·3·3·16
            27648
        """
        if of not in ("output", "grad_input", "grad_weight"):
            return 0
        return size_of(self.positions(*shapes)) * size_of(self.factors(*shapes))

    @abstractmethod
    def positions(self, *shapes: Shape | None) -> Shape:
        """Where every weight is used: the samples and the positions that the weight is laid at."""
