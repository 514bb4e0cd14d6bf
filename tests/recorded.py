"""Small networks run with every number kept, for tests of recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.engine.compose import plan_forward, plan_gradients
from pellucid.engine.graph import trace
from pellucid.engine.plan import Program
from pellucid.explain import Recording
from pellucid.explain.recording import recording_of
from pellucid.nn.parameter import Parameter

Array = np.ndarray[Any, np.dtype[Any]]


def run(
    function: Callable[..., Any],
    x: Array,
    arrays: dict[str, Array],
    *,
    seed: int = 0,
    keep: bool = True,
    plant: Callable[[Program], None] | None = None,
) -> Program:
    """A program that has gone forward through `function(x, **arrays)` and back from a random gradient.

    `plant` may change it before it runs.
    """
    random = np.random.default_rng(seed)
    parameters = {name: Parameter(array, x.dtype) for name, array in arrays.items()}
    graph = trace(
        lambda s: function(s, **parameters), {"input": (x.shape, x.dtype)}, parameters, training=True
    )
    plan = plan_forward(graph, x.dtype, keep=keep)
    root = plan.gradients[graph.output] = plan.tensor(f"grad({graph.output.name})", graph.output.shape)
    plan.lasting |= {root, *plan_gradients(plan).values()}
    program = Program(plan)
    gradient = random.standard_normal((root.inner[0], root.inner[4], *root.inner[1:4]))
    root.memory[...] = np.moveaxis(gradient, 1, -1)
    if plant:
        plant(program)
    program.run(graph.output, input=x)
    program.owners = parameters  # the plan points into their memory
    return program


def recording(program: Program, **aliases: str) -> Recording:
    return recording_of(program, aliases)


def normal(*shape: int, dtype: Any = np.float32, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)
