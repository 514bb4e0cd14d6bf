"""Integer runs: the sums of a recording's layers once more on small whole numbers, where no operation rounds.

Plans are decided by shapes alone, so one layer planned by itself has the launches that it has in the recording's plan.
It is run forward and backward on random whole numbers so small that Σ|products| ≤ 2²⁴ (2⁵³ in float64). Every order of
summation is exact then, and each result must equal the specification in NumPy, number for number: nothing can hide
within a bound. Where Winograd's algorithm computed a result its transforms round, and there is no such run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.algorithm import algorithm
from pellucid.engine.graph import apply, trace
from pellucid.explain.address import written
from pellucid.explain.certificates import Certificate, Certificates
from pellucid.explain.source import Entry
from pellucid.geometry import size_of
from pellucid.nn.parameter import Parameter
from pellucid.ops.base import Op, Shape
from pellucid.ops.conv import Conv
from pellucid.ops.linear import Linear

_LARGEST = 99  # the numbers are no larger than this
_NAMED = 10  # failures whose addresses are kept

Array = NDArray[Any]


@dataclass(frozen=True)
class _Layer:
    """A layer as far as its plan depends on it."""

    op: Op
    shapes: tuple[Shape | None, ...]
    dtype: np.dtype[Any]

    def run(self, seed: int) -> dict[str, tuple[Array, Array]]:
        """For the output and each gradient: what the engine makes of whole numbers, and what the specification does."""
        random = np.random.default_rng(seed)
        output = self.op.infer(*self.shapes)
        most = self._most_products(output)

        def whole(shape: Shape) -> Array:
            return random.integers(-most, most + 1, shape).astype(self.dtype)

        operands = [None if shape is None else whole(shape) for shape in self.shapes]
        grad_output = whole(output)
        found = self._engine(operands, grad_output)
        expected = [self.op.forward(*operands), *self.op.backward(grad_output, *operands)]
        names = ["output", *(f"grad_{argument}" for argument in self.op.differentiable)]
        return {
            name: (found[name], array) for name, array in zip(names, expected, strict=True) if array is not None
        }

    def _most_products(self, output: Shape) -> int:
        """How large the numbers may be: their products, as many as a sum has at most, stay exact."""
        assert self.shapes[1] is not None
        count = max(size_of(self.shapes[1]), output[0] * size_of(output[2:])) + 1
        return max(1, min(_LARGEST, isqrt(int(2 / np.finfo(self.dtype).eps) // count)))

    def _engine(self, operands: list[Array | None], grad_output: Array) -> dict[str, Array]:
        from pellucid.engine.compose import plan_forward, plan_gradients  # imports LLVM: only when it is needed
        from pellucid.engine.plan import Program

        input, *arrays = operands
        assert input is not None
        names = self.op.arguments
        owned = {n: Parameter(a, self.dtype) for n, a in zip(names[1:], arrays, strict=True) if a is not None}

        def layer(x: Any) -> Any:
            return apply(self.op, (x, *map(owned.get, names[1:])))

        with algorithm("direct"):
            graph = trace(layer, {"input": (input.shape, self.dtype)}, owned, training=True)
            plan = plan_forward(graph, self.dtype, keep=True)
        root = plan.gradients[graph.output] = plan.tensor("grad_output", grad_output.shape)
        plan_gradients(plan)
        program = Program(plan)
        n, c, *sizes = grad_output.shape
        root.memory[...] = np.moveaxis(grad_output.reshape(n, c, *root.inner[1:4]), 1, -1)
        return {}
