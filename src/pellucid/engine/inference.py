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
from pellucid.engine.graph import Graph, Symbol, trace
from pellucid.engine.lowering.shape import egest
from pellucid.engine.pointers import check_pointers
from pellucid.engine.program import Program
from pellucid.engine.programs import Programs
from pellucid.engine.sharing import is_part
from pellucid.engine.structure import mapped
from pellucid.errors import ShapeError, say
from pellucid.kernels import turns

Array = NDArray[Any]
_MORE = (
    8  # a batch may run in the plan of one that is larger by this part of it: that much longer a run takes
)


class Inference:
    """A callable and the arrays it uses, ready to run on any batch: contiguous arrays by the inputs' names."""

    def __init__(self, function: Callable[..., Any], arrays: Mapping[str, Array]) -> None:
        self._function, self._arrays = function, arrays
        self._programs: Programs[Program] = Programs()

    def __call__(self, **inputs: Array) -> Any:
        """The output for a batch, or the outputs in the structure in which the callable returned them."""
        try:
            return self._run(inputs)
        except MemoryError as error:
            raise memory.exhausted("plan", error) from None

    def _run(self, inputs: Mapping[str, Array]) -> Any:
        for name, array in inputs.items():
            if array.ndim == 0:
                rule = say("{name} must have an axis for its batch", name=name)
                raise ShapeError("forward", rule, got=f"{name} {array.shape}")
        counts = {len(array) for array in inputs.values()}
        if 0 in counts:
            graph = self._trace(inputs)
            return _in_place(
                graph, {output: np.zeros(output.shape, output.dtype) for output in graph.outputs}
            )
        count = counts.pop() if len(counts) == 1 else None
        key = self._key(inputs, count)
        program = self._programs.of(key, lambda: self._larger(inputs, count) or self.program(**inputs))
        if turns.held(turns.running):  # this is a signal's handler, perhaps in the middle of that program
            program = self.program(**inputs)
        graph = program.plan.graph
        images = next(iter(graph.inputs.values())).shape[0]
        padded = count is not None and images > count
        check_pointers(graph, inputs)
        if padded:
            inputs = {name: _filled_up(array, images) for name, array in inputs.items()}
        blocks = [program.plan.value(output) for output in graph.outputs]
        arrays = zip(graph.outputs, program.results(blocks, **inputs), strict=True)
        found = {output: array.reshape(output.shape) for output, array in arrays}
        if padded:
            batched = graph.batched
            found = {o: array[:count].copy() if o in batched else array for o, array in found.items()}
        return _in_place(graph, found)

    def _key(self, inputs: Mapping[str, Array], count: int | None) -> Hashable:
        """What a plan is made for; `count` in the place of the number of images, where all inputs have as many."""
        shapes = ((count or len(array), *array.shape[1:]) for array in inputs.values())
        types = (array.dtype.str for array in inputs.values())
        return tuple(zip(shapes, types, strict=True)), algorithm.current()

    def _larger(self, inputs: Mapping[str, Array], count: int | None) -> Program | None:
        """The program of the smallest batch that this one nearly fills, if it gives each image the same result."""
        kept = dict(self._programs.items())
        for images in range(count + 1, count + count // _MORE + 1) if count else ():
            program = kept.get(self._key(inputs, images))
            if program is not None and is_part(self._trace(inputs), program.plan.graph):
                return program
        return None

    def program(self, **inputs: Array) -> Program:
        """A program of its own for such a batch."""
        graph = self._trace(inputs)
        plan = lower(plan_of(graph, graph.dtype, keep=False, trains=False))
        for block in dict.fromkeys(plan.value(output) for output in graph.outputs):
            egest(plan, block)
        return Program(plan)

    def _trace(self, inputs: Mapping[str, Array]) -> Graph:
        given = {name: (array.shape, array.dtype) for name, array in inputs.items()}
        return trace(self._function, given, self._arrays, training=False)


def _filled_up(array: Array, images: int) -> Array:
    """So many images, the last of them zeros."""
    padded = np.zeros((images, *array.shape[1:]), array.dtype)
    padded[: len(array)] = array
    return padded


def _in_place(graph: Graph, found: Mapping[Symbol, Array]) -> Any:
    """Arrays in the place of the tensors that the callable returned."""
    return mapped(lambda _, item: None if item is None else found[item], graph.returned)
