"""Embedding: whole numbers are looked up as rows of a weight.

n stands for all axes of the input, v for a row, d for a column. The gradient of a row is a sum over all positions that
looked it up, in row-major order; the row `padding_idx` has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import total
from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.relation import Copies, IndexPattern
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True)
class Embedding(Op):
    """The row whose gradient is left out, if there is one; −1 is the last one."""

    padding_idx: int | None = None

    arguments: ClassVar[tuple[str, ...]] = ("input", "weight")
    differentiable: ClassVar[tuple[str, ...]] = ("weight",)
    integers: ClassVar[tuple[str, ...]] = ("input",)
    owned: ClassVar[tuple[str, ...]] = ("weight",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,d] = weight[input[n],d]",
        "grad_weight": "grad_weight[v,d] = Σ_{n: input[n] = v} grad_output[n,d]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "embedding"

    def reads(self, of: str) -> tuple[str, ...]:
        """A gradient is where the row went."""
        return self.arguments if of == "output" else ("grad_output", "input")

    def infer(self, *shapes: Shape | None) -> Shape:
        """(…) and (V,D) → (…,D)."""
        input, weight = shapes
        assert input is not None
        assert weight is not None
        if len(weight) != 2:
            rule = "weight must have 2 axes (num_embeddings, embedding_dim)"
            raise ShapeError(self.name, rule, got=f"weight {weight}")
        self.padding(weight[0])
        return (*input, weight[1])

    def padding(self, rows: int) -> int:
        """The number of the row without a gradient among so many; −1 for none.

        Raises: ArgumentError when there is no such row.
        """
        given = self.padding_idx
        if given is None:
            return -1
        if not is_integer(given) or not -rows <= given < rows:
            expected = say("a whole number from {first} to {last}, or None", first=-rows, last=rows - 1)
            rule = "padding_idx must be a row of weight"
            raise ArgumentError(self.name, rule, expected=expected, got=f"padding_idx={given!r}")
        return int(given) % rows

    def out_of_range(self, integers: Array, *shapes: Shape | None) -> tuple[NDArray[np.bool_], str]:
        """Numbers that are no row of the weight."""
        weight = shapes[1]
        assert weight is not None
        return (integers < 0) | (integers >= weight[0]), say(
            "numbers are rows of weight, 0 to {last}", last=weight[0] - 1
        )

    def check_numbers(self, *operands: Array | None) -> None:
        """Raise for numbers that are no rows."""
        input, weight = operands
        assert input is not None
        assert weight is not None
        if input.dtype.kind not in "iu":
            raise ArgumentError(self.name, "input must be integers", got=f"{input.dtype}")
        wrong, rule = self.out_of_range(input, input.shape, weight.shape)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            got = f"input[{','.join(map(str, at))}] = {input[at]}" if at else f"{input}"
            raise ArgumentError(self.name, rule, got=got)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> Copies:
        """Each output meets one element of the weight, and the number that says which."""
        input, (rows, columns) = read("input"), shapes["weight"]
        places = input.astype(np.int64)[..., None] * columns + np.arange(columns)
        labels = {"input": ("n",), "weight": ("v", "d"), "output": ("n", "d")}
        pattern = IndexPattern(labels, {"n": input.size, "v": rows, "d": columns})
        return Copies("output", places, pattern)

    def forward(self, *operands: Array) -> Array:
        """Look every row up."""
        input, weight = operands
        self.infer(input.shape, weight.shape)
        self.check_numbers(input, weight)
        return weight[input]

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Bring every gradient back to its row."""
        input, weight = operands
        self.check_numbers(input, weight)
        numbers, columns = input.reshape(-1), weight.shape[1]
        grads = grad_output.reshape(size_of(input.shape), columns)
        grad_weight, padding = np.zeros(weight.shape, grad_output.dtype), self.padding(len(weight))
        for row in np.unique(numbers):
            if row != padding:
                grad_weight[row] = total(grads[numbers == row], (0,))
        return (grad_weight,)
