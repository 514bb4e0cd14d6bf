"""The gated linear unit: one half of the input times the logistic function of the other half.

The halves follow each other along `dim`. Computed in float64 and rounded once, as a curve is (`ops/curve.py`).
Source: Dauphin et al., Language Modeling with Gated Convolutional Networks, 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ShapeError
from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Op, Shape
from pellucid.ops.checks import axis
from pellucid.ops.meeting import Meeting
from pellucid.ops.relation import IndexPattern
from pellucid.sizes import size_of


@dataclass(frozen=True)
class _Gated(Meeting):
    """input·σ(gate), for the two halves."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "gate")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "gate")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·σ(gate)",
        "grad_input": "grad_input = grad_output·σ(gate)",
        "grad_gate": "grad_gate = grad_output·input·σ(gate)·(1 − σ(gate))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "glu"

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """x·σ(gate)."""
        x, gate = numbers
        return x * a.sigmoid(gate)

    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """grad times σ, or times x·σ′ with σ′(x) = σ(x)·σ(−x)."""
        x, gate = numbers
        up, down = a.sigmoids(gate)
        return grad * up if of == "grad_input" else grad * (x * (up * down))


GATED = _Gated()


@dataclass(frozen=True)
class GLU(Op):
    """The axis that is halved."""

    dim: int = -1

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = first·σ(second), σ(x) = 1 / (1 + exp(−x))",
        "grad_input": "grad_input = ⟦grad_output·⟧glu′, glu′ = σ(second) in the first half, "
        "first·σ(second)·(1 − σ(second)) in the second",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "glu"

    def infer(self, *shapes: Shape | None) -> Shape:
        """An even size along `dim` → half of it."""
        (input,) = shapes
        assert input is not None
        at = axis(self.name, "dim", self.dim, len(input))
        if input[at] % 2:
            raise ShapeError(self.name, "the axis must have two halves", got=f"dim={self.dim}, input {input}")
        return (*input[:at], input[at] // 2, *input[at + 1 :])

    def axis_of(self, shape: Shape) -> int:
        """The axis, counted from the front."""
        return self.dim % len(shape)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Each output meets a number of each half."""
        output, at = self.infer(shapes["input"]), self.axis_of(shapes["input"])
        labels = tuple(f"r{i}" for i in range(len(output)))
        sizes = {f"r{i}": size for i, size in enumerate(output)} | {"half": 2}
        return IndexPattern({"output": labels, "input": (*labels[:at], "half", *labels[at:])}, sizes)

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some hundred times, in float64."""
        return FUNCTION_EFFORT * size_of(self.infer(*shapes))

    def forward(self, *operands: Array) -> Array:
        """The product of the halves."""
        self.infer(operands[0].shape)
        return GATED.forward(*self._halves(operands[0]))

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Those of the halves, one behind the other."""
        (input,) = operands
        halves: list[Array] = [x for x in GATED.backward(grad_output, *self._halves(input)) if x is not None]
        return (np.concatenate(halves, self.axis_of(input.shape)),)

    def _halves(self, input: Array) -> list[Array]:
        return np.split(input, 2, self.axis_of(input.shape))
