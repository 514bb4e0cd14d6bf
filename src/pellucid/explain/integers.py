"""Integer runs: the sums of a recording's layers once more on small whole numbers, where no operation rounds.

Plans are decided by shapes alone, so one layer planned by itself has the launches that it has in the recording's plan.
It is run forward and backward on random whole numbers so small that Σ|products| ≤ 2²⁴ (2⁵³ in float64). Every order of
summation is exact then, and results must equal the specification in NumPy number for number: nothing can hide within a
bound. Gradients begin at zero, also where they add to others in the recording. Where Winograd's algorithm computed a
layer there is no such run, because its transforms round most whole numbers (`winograd.py` says which not).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.algorithm import algorithm
from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import apply, trace
from pellucid.explain.address import written
from pellucid.explain.catalogue import catalogue
from pellucid.explain.certificates import NAMED, Certificate, Certificates
from pellucid.explain.source import Entry
from pellucid.nn.parameter import Parameter
from pellucid.ops.base import Op, Shape
from pellucid.ops.product import Product
from pellucid.philox import Purpose, Stream
from pellucid.seeds import check_seed
from pellucid.sizes import size_of

_LARGEST = 99  # the numbers are no larger than this

Array = NDArray[Any]
# For the output and each gradient: the engine's and the specification's.
Results = dict[str, tuple[Array, Array]]


@dataclass(frozen=True)
class _Layer:
    """A layer as far as its plan depends on it."""

    op: Op
    shapes: tuple[Shape | None, ...]
    dtype: np.dtype[Any]

    def run(self, seed: int) -> Results:
        """Forward and backward on random whole numbers; nothing where sums are too long to be exact."""
        output = self.op.infer(*self.shapes)
        given = {name: shape for name, shape in self.op.named(self.shapes).items() if shape}
        results = {"output": output, **{f"grad_{name}": shape for name, shape in given.items()}}
        exact = int(2 / np.finfo(self.dtype).eps)
        largest = isqrt(exact // (1 + max(self._products(of, shape) for of, shape in results.items())))
        if largest == 0 or not all(map(size_of, results.values())):
            return {}
        most = min(_LARGEST, largest)
        arrays = {
            name: _whole_numbers(seed, place, most, shape).astype(self.dtype)
            for place, (name, shape) in enumerate({**given, "grad_output": output}.items())
        }
        operands = self.op.ordered(arrays)
        gradients = self.op.backward(arrays["grad_output"], *operands)
        expected = {"output": self.op.forward(*operands)}
        expected |= {
            f"grad_{n}": g for n, g in zip(self.op.differentiable, gradients, strict=True) if g is not None
        }
        found = self._engine(arrays)
        return {of: (found[of], array) for of, array in expected.items()}

    def _products(self, of: str, shape: Shape) -> int:
        """How many products make a number of a result."""
        terms = self.op.terms(of, np.zeros((1, len(shape)), np.int64), *self.shapes)
        return int(np.broadcast_shapes(*(row.shape for _, rows in terms.factors for row in rows))[1])

    def _engine(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """What the engine computes, by a plan of this layer alone."""
        # imports LLVM: only when it is needed
        from pellucid.engine.compose import lower, plan_of
        from pellucid.engine.program import Program

        _, *names = self.op.arguments
        owned = {name: Parameter(arrays[name], self.dtype) for name in names if name in arrays}
        inputs = {"input": (arrays["input"].shape, self.dtype)}
        with algorithm("direct"):
            graph = trace(lambda x: apply(self.op, (x, *map(owned.get, names))), inputs, owned, training=True)
            plan = lower(plan_of(graph, self.dtype, keep=True, gradients="given"))
        root, program = plan.gradients[graph.output], Program(plan)
        assert isinstance(root, Tensor)
        n, d, h, w, c = root.inner
        root.memory[...] = np.moveaxis(arrays["grad_output"].reshape(n, c, d, h, w), 1, -1)
        program.run(graph.output, input=arrays["input"])
        found = {listed.entry.name: listed.read() for listed in catalogue(plan, {}, None)}
        gradients = {f"grad_{name}": found[f"grad({name})"] for name in arrays if f"grad({name})" in found}
        return {"output": found[graph.output.name], **gradients}


def _whole_numbers(seed: int, place: int, most: int, shape: Shape) -> NDArray[np.int64]:
    """Random whole numbers from −most to most for one of a layer's operands."""
    return Stream(seed, Purpose.INTEGER_RUNS, place=place).whole(most, size_of(shape)).reshape(shape)


def integer_runs(entries: Iterable[Entry], array: Callable[[str], Array], seed: int) -> Certificates:
    """A certificate for every result of a convolution or a linear layer that was summed directly."""
    seed = check_seed("integer_runs", seed)
    entries = list(entries)
    shapes = {entry.name: entry.shape for entry in entries}
    winograd = {entry.source.path for entry in entries if entry.source and entry.source.by_winograd}
    runs: dict[_Layer, Results] = {}
    found = []
    for entry in entries:
        source = entry.source
        if source is None or source.parts or source.path in winograd:
            continue
        if not isinstance(source.op, Product):
            continue
        operands = source.op.ordered({role: shapes[name] for role, name in source.operands.items()})
        layer = _Layer(source.op, operands, array(entry.name).dtype)
        if layer not in runs:
            runs[layer] = layer.run(seed)
        if source.of in runs[layer]:
            found.append(_certificate(entry, *runs[layer][source.of]))
    return Certificates(tuple(found))


def _certificate(entry: Entry, value: Array, expected: Array) -> Certificate:
    gap, wrong = abs(value - expected), np.argwhere(value != expected)
    return Certificate(
        name=entry.name,
        kind="sum",
        elements=value.size,
        checked=value.size,
        largest_ulps=float((gap / np.spacing(np.maximum(abs(expected), 1))).max(initial=0)),
        largest_share=np.inf if len(wrong) else 0.0,
        replay_mismatches=0,
        failures=len(wrong),
        failed=tuple(written(entry.name, row) for row in wrong[:NAMED]),
    )
