"""What is asked of a norm of sets: which numbers, statistics and parameters go with the elements of a result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pellucid.explain.accounts.account import Element, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import read
from pellucid.explain.ops.parts import Tree
from pellucid.explain.ops.softmax import IN_SIXTEEN
from pellucid.explain.question import Question
from pellucid.ops.base import Rows, choices, columns
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of

Factors = tuple[Element | Quantity, ...]


class Asked:
    """A question about a norm of sets. Arrays are (elements, 1), or (elements, numbers of a sum)."""

    def __init__(self, question: Question) -> None:
        op = question.source.op
        assert isinstance(op, GroupNorm | LayerNorm)
        self.question, self.op, self.at, self.dtype = question, op, columns(question.at), question.dtype
        self.input = question.operand("input")
        self.shape = self.input.array.shape
        self.by_channels = isinstance(op, GroupNorm)  # whether weights are
        self.pixels = size_of(self.shape[2:])
        if isinstance(op, GroupNorm):
            self.size = self.shape[1] // max(1, op.groups(self.shape[1]))  # channels of a group
            self.count, self.lines = size_of((self.size, *self.shape[2:])), 1
        else:
            self.before = len(self.shape) - len(op.normalized_shape)
            self.count, self.lines = size_of(op.normalized_shape), size_of(self.shape[1 : self.before])
            self.pixels = self.pixels if self.lines == 1 else 1  # as sets lie in memory

    def number(self, argument: str, rows: Rows) -> Element:
        """The numbers at these places."""
        return Element(self.question.operand(argument), rows)

    def statistic(self, name: str, rows: Rows) -> Element:
        """That of the sets which the numbers at these places belong to."""
        return Element(self.question.operand(name), self.sets(rows))

    def sets(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        """The sets themselves."""
        return (rows[0], rows[1] // self.size) if self.by_channels else tuple(rows[: self.before])

    def parameter(self, name: str, rows: Rows) -> tuple[Element, ...]:
        """What goes with the numbers at these places, where it is there."""
        if name not in self.question.has:
            return ()
        at = rows[1:2] if self.by_channels else rows[self.before :]
        return (Element(self.question.operand(name), at),)

    @property
    def set(self) -> Rows:
        """All numbers of each element's set, where elements are statistics."""
        if isinstance(self.op, LayerNorm):
            return (*self.at, *choices(*self.op.normalized_shape))
        (n, group), (channel, *y) = self.at, choices(self.size, *self.shape[2:])
        return (n, group * self.size + channel, *y)

    @property
    def readers(self) -> Rows:
        """All numbers that go with each element, where elements are weights."""
        if isinstance(self.op, LayerNorm):
            return (*choices(*self.shape[: self.before]), *self.at)
        n, *y = choices(self.shape[0], *self.shape[2:])
        return (n, *self.at, *y)

    @property
    def tree(self) -> Tree:
        """The parts of a sum over all of these."""
        return Tree.of(self.question, self.shape[0], self.pixels if self.by_channels else self.lines)

    @property
    def images(self) -> Tree:
        """The same of what each image, or each of the sets in it, gives."""
        return Tree.of(self.question, self.shape[0], self.lines)

    def own(self, name: str) -> Element:
        """Another statistic of the same set."""
        return Element(self.question.operand(name), self.at)

    def centred(self, rows: Rows) -> Enclosed:
        """input − mean."""
        return read(self.number("input", rows)) - read(self.statistic("mean", rows))

    def image(self, rows: Rows) -> Image:
        """The same as factors."""
        numbers = self.centred(rows).value.astype(np.float64)
        return Image(self.input, rows, "centred", numbers, self._mean_address)

    def _mean_address(self, index: Sequence[int]) -> str:
        """The mean that goes with an element of the input."""
        return self.question.operand("mean").address(self.sets(index))

    def summed(self, array: Element) -> Callable[[], list[Note]]:
        """Over what a sum goes, and in which parts of the batch."""
        values = {"count": np.broadcast(*array.rows).shape[-1], "array": array.operand.name}
        order: list[Note] = []
        columns = self.question.source.order.get("columns")
        if columns is not None:
            sums = {"columns": columns, "size": self.pixels}
            order = [IN_SIXTEEN if self.pixels <= 1 else ("note.in_columns", sums)]
        elif "parts" in self.question.source.order:
            order = [self.tree.note]
        return lambda: [("note.set", values), *order]

    def centred_sum(self, array: Element) -> Callable[[], list[Note]]:
        """The same of a sum of differences to a set's first number."""
        if not self.count:
            return self.summed(array)
        first = array.address(int(np.ravel(rows)[0]) for rows in array.rows)
        return lambda: [*self.summed(array)(), ("note.first_taken_off", {"first": first})]
