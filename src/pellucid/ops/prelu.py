"""The leaky rectifier whose slope below zero is learned: one for all channels, or one for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ShapeError, say
from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import Shape
from pellucid.ops.meeting import Meeting


@dataclass(frozen=True)
class PReLU(Meeting):
    """input where input > 0, else weight·input. Channels are axis 1."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "weight")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "weight")
    broadcast: ClassVar[tuple[str, ...]] = ("input",)
    owned: ClassVar[tuple[str, ...]] = ("weight",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input where input > 0, else weight·input",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where input > 0, else weight)",
        "grad_weight": "grad_weight = ⟦grad_output·⟧(0 where input > 0, else input)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "prelu"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…), (C,) or (1,) → (N,C,…)."""
        input, weight = shapes
        assert input is not None
        channels = input[1] if len(input) > 1 else 1
        if weight not in ((), (1,), (channels,)):
            raise ShapeError(
                self.name,
                "weight must be one number, or one for each channel",
                expected=say("(1,) or {channels}", channels=(channels,)),
                got=f"weight {weight}, input {input}",
            )
        return super().infer(*shapes)

    def seen(self, argument: str, shape: Shape, rank: int) -> Shape:
        """The weight lies along axis 1."""
        return (*shape, *(1,) * (rank - 2)) if argument == "weight" and shape else shape

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """x or weight·x."""
        x, weight = numbers
        return a.where(x > 0.0, x, weight * x)

    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """grad or weight·grad; nothing or grad·x."""
        x, weight = numbers
        if of == "grad_input":
            return a.where(x > 0.0, grad, weight * grad)
        return a.where(x > 0.0, 0.0, grad * x)
