"""Functions of several numbers that meet element by element, where tensors may be repeated: `minimum`, `where`, ….

Like a curve (`ops/curve.py`), such a function is one text: its value, and what the gradient of the output contributes
to that of each operand. All of it is computed in float64 and rounded once. Where an operand is repeated, its gradient
is the sum of the rounded contributions.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Shape
from pellucid.ops.broadcast import Broadcast, summed
from pellucid.ops.curve import Written, settled
from pellucid.sizes import size_of


class Meeting(Written, Broadcast):
    """output = f(input, other, …), grad_other = grad_output·∂f/∂other, summed where `other` is repeated."""

    @abstractmethod
    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """f."""

    @abstractmethod
    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """grad times the slope of f along one operand, of what that gradient reads."""

    def made(self, of: str, a: Elementary, *numbers: Number) -> Number:
        """f, or a contribution to a gradient."""
        op = settled(self, a.width)
        return op.curve(*numbers, a=a) if of == "output" else op.chained(of, *numbers, a=a)

    def infer(self, *shapes: Shape | None) -> Shape:
        """Shapes that broadcast → the larger size of each axis."""
        self.check_settings()
        return super().infer(*shapes)

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some hundred times, in float64."""
        return FUNCTION_EFFORT * size_of(self.infer(*shapes))

    def forward(self, *operands: Array) -> Array:
        """Element by element."""
        return self._full("output", self.infer(*(x.shape for x in operands)), self.named(operands))

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The contributions, summed where an operand is repeated."""
        named = {**self.named(operands), "grad_output": grad_output}
        found = []
        for name in self.differentiable:
            own = self.seen(name, named[name].shape, grad_output.ndim)
            gradient = self._full(f"grad_{name}", grad_output.shape, named)
            found.append(summed(gradient, own).reshape(named[name].shape))
        return tuple(found)

    def _full(self, of: str, shape: Shape, named: dict[str, Array]) -> Array:
        operands = []
        for name in self.reads(of):
            own = named[name]
            seen = own.shape if name == "grad_output" else self.seen(name, own.shape, len(shape))
            operands.append(np.broadcast_to(own.reshape(seen), shape))
        return self.evaluated(of, *operands)
