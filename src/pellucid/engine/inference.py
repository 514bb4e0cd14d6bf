"""Running a network forward: a plan for each batch shape, made at first sight and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.engine import algorithm
from pellucid.engine.compose import plan_forward
from pellucid.engine.graph import Graph, trace
from pellucid.engine.lowering.shape import egest
from pellucid.engine.plan import Program
from pellucid.engine.programs import Programs
from pellucid.kernels import turns

Array = NDArray[Any]


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
        if len(x) == 0:
            return np.zeros(self._trace(x).output.shape, x.dtype)
        key = (x.shape, x.dtype.str, algorithm.current())
        program = self._programs.of(key, lambda: self._program(x))
        if turns.held(turns.running):  # this is a signal's handler, perhaps in the middle of that program
            program = self._program(x)
        return program.run(program.plan.graph.output, input=x)

    def _program(self, x: Array) -> Program:
        plan = plan_forward(self._trace(x), x.dtype, keep=False, trains=False)
        egest(plan, plan.values[plan.graph.output])
        return Program(plan)

    def _trace(self, x: Array) -> Graph:
        return trace(self._function, {"input": (x.shape, x.dtype)}, self._arrays, training=False)
