"""The way back in inference mode: the gradients of what a network computes, from a given one of its output on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import Symbol, trace
from pellucid.engine.program import Program

Array = NDArray[Any]


class Gradients:
    """A forward with every array kept, and the gradients of inputs and outputs; parameters have none.

    Args:
        function: what is run, as it infers: with running statistics and without dropout.
        arrays: those it uses.
        x: a batch of the shape that it will be run on.
    """

    def __init__(self, function: Callable[..., Any], arrays: Mapping[str, Array], x: Array) -> None:
        self.graph = trace(function, {"input": (x.shape, x.dtype)}, arrays, training=False)
        plan = plan_of(self.graph, x.dtype, keep=True, frozen=tuple(arrays), gradients="given")
        self._program = Program(lower(plan))

    def run(self, x: Array, grad_output: Array, symbol: Symbol) -> tuple[Array, Array]:
        """A symbol's numbers and their gradient, which is 0 where the output does not depend on them."""
        plan = self._program.plan
        given = plan.gradients[self.graph.output].memory
        given[...] = np.moveaxis(grad_output, 1, -1).reshape(given.shape)
        blocks = [plan.value(symbol)]
        if symbol in plan.gradients:
            blocks.append(plan.gradients[symbol])
        value, *gradient = self._program.results(blocks, input=x)
        return value, gradient[0] if gradient else np.zeros_like(value)
