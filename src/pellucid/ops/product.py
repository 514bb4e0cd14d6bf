"""What convolutions, linear layers and products of matrices share: outputs are sums of products of two operands."""

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


class Bilinear(Op):
    """Every number of the second operand is used once at every position, which makes all multiply–adds there are."""

    @abstractmethod
    def factors(self, *shapes: Shape | None) -> Shape:
        """The second operand's sizes as they are counted, without axes that are among the positions."""

    @abstractmethod
    def positions(self, *shapes: Shape | None) -> Shape:
        """Where it is used: the samples and the positions that it is laid at."""

    def work(self, of: str, *shapes: Shape | None) -> int:
        """Every product once, in the output as in the gradients of both operands.

        Example:
            >>> from pellucid.ops.conv import Conv
            >>> Conv(2, padding=1).work("grad_weight", (1, 3, 8, 8), (16, 3, 3, 3), None)  # 8·8 · 3·3·3·16
            27648
        """
        if of not in ("output", *(f"grad_{name}" for name in self.arguments[:2])):
            return 0
        return size_of(self.positions(*shapes)) * size_of(self.factors(*shapes))


class Product(Bilinear):
    """An input, and a weight whose sizes count as kernel, input channels, output channels, groups if several."""

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
