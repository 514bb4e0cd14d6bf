"""Small networks run with every number kept, for tests of recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from pellucid.engine.compose import lower, plan_of
from pellucid.engine.fusion import Rule
from pellucid.engine.fusion_rules import RULES
from pellucid.engine.graph import trace
from pellucid.engine.program import Program
from pellucid.explain import Recording, Trace
from pellucid.explain.recorded import recording_of
from pellucid.nn.parameter import Parameter

Array = np.ndarray[Any, np.dtype[Any]]


def run(
    function: Callable[..., Any],
    x: Array,
    arrays: dict[str, Array],
    *,
    target: Array | None = None,
    seed: int = 0,
    keep: bool = True,
    rules: Sequence[Rule] = RULES,
    plant: Callable[[Program], None] | None = None,
) -> Program:
    """A program that has gone forward through `function(x, **arrays)` and back from a random gradient.

    With a target the function is that of x and target. `plant` may change the program before it runs.
    """
    inputs = {"input": x} if target is None else {"input": x, "target": target}
    random = np.random.default_rng(seed)
    parameters = {name: Parameter(array, x.dtype) for name, array in arrays.items()}
    graph = trace(
        lambda *s: function(*s, **parameters),
        {name: (array.shape, array.dtype) for name, array in inputs.items()},
        parameters,
        training=True,
    )
    plan = lower(plan_of(graph, x.dtype, keep=keep, rules=rules, gradients="given"))
    root = plan.gradients[graph.output]
    plan.lasting |= {block.root for symbol, block in plan.gradients.items() if symbol in graph.arrays}
    program = Program(plan)
    gradient = random.standard_normal((root.inner[0], root.inner[4], *root.inner[1:4]))
    root.memory[...] = np.moveaxis(gradient, 1, -1)
    if plant:
        plant(program)
    program.run(graph.output, **inputs)
    program.owners = parameters  # the plan points into their memory
    return program


def recording(program: Program, **aliases: str) -> Recording:
    return recording_of(program, aliases)


def normal(*shape: int, dtype: Any = np.float32, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def replaced(rec: Recording, name: str, array: Array) -> Recording:
    """The same recording with other numbers in the place of one array's."""
    arrays = {other: rec[other] for other in rec} | {name: array}
    return Recording(rec.entries.values(), arrays.__getitem__, rec.aliases, None, rec.algorithm)


def looked_up(rec: Recording, address: str) -> float:
    """The recorded number at an address; outside of the array a zero, if the address says that it is padding."""
    name, _, numbers = address.removesuffix(" (padding)").rpartition("[")
    index = tuple(map(int, numbers.rstrip("]").split(",")))
    inside = all(0 <= i < size for i, size in zip(index, rec[name].shape, strict=True))
    assert inside != address.endswith(" (padding)"), address
    return float(rec[name][index]) if inside else 0.0


def added_up(rec: Recording, trace: Trace) -> tuple[Fraction, Fraction]:
    """Σ terms and Σ |terms| by fractions alone; what has the address of a recorded number must be that number."""
    total = size = Fraction(0)
    for term in trace.terms:
        product = Fraction(1)
        for label, value in term.factors:
            if label.rpartition("[")[0] in rec:
                assert looked_up(rec, label) == value
            product *= Fraction(value)
        total, size = total + product, size + abs(product)
    return total, size
