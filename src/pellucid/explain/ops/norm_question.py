"""What is asked of a batch norm: which numbers, statistics and parameters go with the elements of a result."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pellucid.derived import derived
from pellucid.explain.accounts.account import Element, Image, Note, Quantity
from pellucid.explain.accounts.formula import read
from pellucid.explain.ops.norm_order import Order
from pellucid.explain.question import Question
from pellucid.ops.base import Rows, choices, columns
from pellucid.ops.batch_norm import BatchNorm
from pellucid.sizes import size_of

Factors = tuple[Element | Quantity, ...]


class Asked:
    """A question about a batch norm. Arrays are (elements, 1), or (elements, numbers of a channel)."""

    def __init__(self, question: Question) -> None:
        op, at = question.source.op, columns(question.at)
        assert isinstance(op, BatchNorm)
        self.question, self.op, self.at, self.dtype = question, op, at, question.dtype
        self.channel = at[1 if len(at) > 1 else 0]
        self.input = question.operand("input")
        shape = self.input.array.shape
        self.count = size_of((shape[0], *shape[2:]))

    def each(self, argument: str) -> Element:
        """The number of each element's channel."""
        return Element(self.question.operand(argument), (self.channel,))

    def here(self, argument: str) -> Element:
        """The number at each element's own place."""
        return Element(self.question.operand(argument), self.at)

    def all(self, argument: str) -> Element:
        """All numbers of each element's channel."""
        return Element(self.question.operand(argument), self.rows)

    @derived
    def rows(self) -> Rows:
        """Where they lie."""
        n, *y = choices(self.input.array.shape[0], *self.input.array.shape[2:])
        return (n, self.channel, *y)

    @property
    def in_tiles(self) -> bool:
        """Whether a convolution's last transform has made the sums, as it may for the statistics."""
        return bool(self.question.source.order["in_tiles"])

    @derived
    def order(self) -> Order:
        """In which order these numbers are summed."""
        order, shape = self.question.source.order, self.input.array.shape
        if self.in_tiles:
            return Order.in_tiles(shape, order["parts"])
        return Order.in_lanes(shape, order["parts"], order["pixels_side_by_side"])

    @property
    def scale(self) -> Factors:
        """istd·weight."""
        return tuple(self.each(name) for name in ("istd", "weight") if name in self.question.has)

    def centred(self, rows: Rows) -> Image:
        """input − mean at these places."""
        difference = read(Element(self.input, rows)).value - read(self.each("mean")).value
        return Image(self.input, rows, "centred", difference.astype(np.float64), self._mean_address)

    def _mean_address(self, index: Sequence[int]) -> str:
        """The mean that goes with an element of the input."""
        return self.question.operand("mean").address(index[1:2])

    def notes(self, *notes: Note) -> Callable[[], Sequence[Note]]:
        """These, and what each explanation says."""
        mode: list[Note] = [] if self.op.training else [("note.inference", {})]
        return lambda: [*notes, *mode]

    @property
    def summed(self) -> tuple[Note, ...]:
        """Over what a sum goes, and in which order."""
        values = {"count": self.count, "channel": int(self.channel[0, 0]), "array": self.input.name}
        parts, sums = len(self.order.parts), len(self.order.runs)
        found = {"parts": parts, "sums": sums, "size": int(self.order.sizes.max(initial=0))}
        order = "note.in_tiles" if self.in_tiles else "note.in_lanes" if sums > parts else "note.in_parts"
        return ("note.channel", values), (order, found)

    @property
    def coefficients(self) -> list[Note]:
        """What is rounded once for each channel."""
        return [("note.coefficients", {"dtype": str(self.dtype)})] if self.dtype == np.float32 else []
