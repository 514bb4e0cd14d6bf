"""Running a network forward: a plan for each batch shape, made at first sight and kept.

An image's result never depends on its batch, so a batch may also run in the plan of one that is a little larger: what
is missing are zeros, and their results are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.engine import algorithm
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import Graph, trace
from pellucid.engine.lowering.shape import egest
from pellucid.engine.program import Program
from pellucid.engine.programs import Programs
from pellucid.engine.sharing import is_part
from pellucid.errors import ShapeError
from pellucid.kernels import turns

Array = NDArray[Any]
_MORE = (
    8  # a batch may run in the plan of one that is larger by this part of it: that much longer a run takes
)


class Inference:
    """A callable and the arrays it uses, ready to run on any batch of floats."""

    def __init__(self, function: Callable[..., Any], arrays: Mapping[str, Array]) -> None:
        self._function, self._arrays = function, arrays
        self._programs: Programs[Program] = Programs()

    def __call__(self, x: Array) -> Array:
        """The output for a contiguous batch of the network's float type."""
        try:
            return self._run(x)
        except MemoryError as error:
            raise memory.exhausted("plan", error) from None

    def _run(self, x: Array) -> Array:
        if x.ndim == 0:
            raise ShapeError("forward", "input must have an axis for its batch", got=f"input {x.shape}")
        if len(x) == 0:
            return np.zeros(self._trace(x).output.shape, x.dtype)
        program = self._programs.of(self._key(x, len(x)), lambda: self._larger(x) or self.program(x))
        if turns.held(turns.running):  # this is a signal's handler, perhaps in the middle of that program
            program = self.program(x)
        graph, count = program.plan.graph, len(x)
        if (images := graph.inputs["input"].shape[0]) == count:
            return program.run(graph.output, input=x)
        padded = np.zeros((images, *x.shape[1:]), x.dtype)
        padded[:count] = x
        return program.run(graph.output, input=padded)[:count].copy()

    def _key(self, x: Array, images: int) -> Hashable:
        return (images, *x.shape[1:]), x.dtype.str, algorithm.current()

    def _larger(self, x: Array) -> Program | None:
        """The program of the smallest batch that this one nearly fills, if it gives each image the same result."""
        kept = dict(self._programs.items())
        for images in range(len(x) + 1, len(x) + len(x) // _MORE + 1):
            program = kept.get(self._key(x, images))
            if program is not None and is_part(self._trace(x), program.plan.graph):
                return program
        return None

    def program(self, x: Array) -> Program:
        """A program of its own for such a batch."""
        plan = lower(plan_of(self._trace(x), x.dtype, keep=False, trains=False))
        egest(plan, plan.value(plan.graph.output))
        return Program(plan)

    def _trace(self, x: Array) -> Graph:
        return trace(self._function, {"input": (x.shape, x.dtype)}, self._arrays, training=False)
