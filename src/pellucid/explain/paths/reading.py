"""A question to an op: which elements of an operand does each element of a result read?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from pellucid.explain.paths.relation import Labels, Links, Relation
from pellucid.explain.source import Source
from pellucid.ops.base import Op, Shape
from pellucid.sizes import size_of


@dataclass(frozen=True, eq=False)
class Reading:
    """One result, one operand.

    Attributes:
        source: where the result comes from.
        argument: the operand's role in its op.
        shapes: the shapes of all operands.
        read: gives any array of the recording by name.
    """

    source: Source
    argument: str
    shapes: dict[str, Shape]
    read: Callable[[str], NDArray[Any]]

    @property
    def of(self) -> str:
        """Which result it is."""
        return self.source.of

    @property
    def backward(self) -> bool:
        """Whether it is a gradient."""
        return self.of.startswith("grad_")

    @property
    def input(self) -> Shape:
        """The shape of the op's input."""
        return self.shapes["input"]

    @property
    def output(self) -> Shape:
        """The shape of the op's output."""
        op = self.source.op
        assert isinstance(op, Op)
        return op.infer(*(self.shapes.get(argument) for argument in op.arguments))

    def between(self, labels: dict[str, Labels], sizes: dict[str, int], links: Links = ()) -> Relation:
        """By the labels of both; a gradient has those of what it is the gradient of."""
        operand, result = (name.removeprefix("grad_") for name in (self.argument, self.of))
        return Relation(labels[operand], labels[result], sizes, links)

    def alike(self) -> Relation:
        """Each element by itself."""
        return Relation(("j",), ("j",), {"j": size_of(self.shapes[self.argument])})
