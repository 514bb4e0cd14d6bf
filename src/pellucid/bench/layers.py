"""Where a training step's time goes: each layer's three sums of products, and every other loop.

Launches of the step's own plan are played one by one, in order, so that each finds the caches as it does in training.
Times are medians over the steps, less the time of a launch that does nothing. What a layer's sum needs besides the sum
itself (transforms and copies of its weight, parts that are added up) is in its time.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.bench.cases import LR, MOMENTUM, Case
from pellucid.engine.graph import Graph
from pellucid.engine.plan import Launch, Program
from pellucid.kernels import tape
from pellucid.nn.models import MODELS
from pellucid.ops.conv import Conv
from pellucid.ops.linear import Linear
from pellucid.ops.relu import ReLU
from pellucid.sizes import size_of
from pellucid.train import SGD, TrainStep

PASSES = (
    "forward",
    "grad_input",
    "grad_weight",
    "backward",
)  # of both gradients, where one launch makes them


@dataclass
class Layer:
    """A convolution or linear layer. `gflop` counts two operations for each product of one pass, padding included.

    `ms` has the time of each pass in `PASSES` that the step makes: the first layer has no input gradient.
    """

    path: str
    gflop: float
    ms: dict[str, float] = field(default_factory=dict)

    def gflops(self, name: str) -> float:
        """Billions of operations a second that a pass comes to, were it computed product by product."""
        return (2 if name == "backward" else 1) * self.gflop / self.ms[name] * 1e3


@dataclass
class Loop:
    """All launches of one kernel that belong to no layer; bytes are those of the blocks that they name, each once."""

    kernel: str
    launches: int = 0
    ms: float = 0.0
    gigabytes: float = 0.0


@dataclass(frozen=True)
class Profile:
    """A training step, launch by launch."""

    case: Case
    launches: int
    ms: float
    layers: tuple[Layer, ...]
    loops: tuple[Loop, ...]  # the one that takes longest first


def profile(case: Case, steps: int = 20) -> Profile:
    """Measure the launches of a training step with the threads that are set."""
    x, y = case.batches()[0]
    step = TrainStep(MODELS[case.model](), SGD(lr=LR, momentum=MOMENTUM))
    for _ in range(3):
        step(x, y)
    program = step._training(x, y).program  # it goes on reading x
    launches = program.steps
    times = _times_ms(program, steps)
    layers = {node.path: layer for node, layer in _layers(program.plan.graph)}
    owners = _owners(program.plan.graph, [launch.label for launch in launches])
    loops: dict[str, Loop] = {}
    for launch, ms, size_bytes in zip(launches, times, _sizes_bytes(launches), strict=True):
        if launch.label in owners:
            path, name = owners[launch.label]
            layers[path].ms[name] = layers[path].ms.get(name, 0.0) + ms
        else:
            loop = loops.setdefault(launch.kernel.name, Loop(launch.kernel.name))
            loop.launches += 1
            loop.ms += ms
            loop.gigabytes += size_bytes / 1e9
    slowest_first = tuple(sorted(loops.values(), key=lambda loop: -loop.ms))
    return Profile(case, len(launches), sum(times), tuple(layers.values()), slowest_first)


def _layers(graph: Graph) -> list[tuple[Any, Layer]]:
    """Each layer that is a sum of products, with its node: every output sums over all but the weight's first axis."""
    found = []
    for node in graph.nodes:
        if isinstance(node.op, Conv | Linear) and node.operands[1] is not None:
            products = size_of(node.output.shape) * size_of(node.operands[1].shape[1:])
            found.append((node, Layer(node.path, 2 * products / 1e9)))
    return found


def _owners(graph: Graph, labels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The layer and the pass that a launch belongs to, by label.

    A label is a tensor's name, after a comma perhaps what is made of it. What is made of a weight belongs to the
    layer's next pass.
    """
    tensors, weights = {}, {}
    for node, _ in _layers(graph):
        input, weight, _ = node.operands
        together = f"gradients by {node.path}"
        of_input, of_weight = ["backward"] * 2 if together in labels else ["grad_input", "grad_weight"]
        tensors[f"{node.path}.output"] = node.path, "forward"
        tensors[f"grad({weight.name})"] = node.path, of_weight
        tensors[together] = node.path, "backward"
        if isinstance(node.op, Linear):
            tensors[f"grad({node.output.name})"] = node.path, "backward"
        received = [input]
        if input.node is not None and isinstance(input.node.op, ReLU):
            received += input.node.operands  # a gradient that passes the ReLU's gate as well
        for symbol in received:
            tensors[f"grad({symbol.name}) by {node.path}"] = node.path, of_input
        weights[weight.name] = node.path
    owners, following = {}, defaultdict[str, tuple[str, str]]()
    for label in reversed(labels):
        tensor = label.partition(", ")[0]
        if tensor in tensors:
            owners[label] = tensors[tensor]
            following[tensors[tensor][0]] = tensors[tensor]
        elif tensor in weights and weights[tensor] in following:
            owners[label] = following[weights[tensor]]
    return owners


def _sizes_bytes(launches: Sequence[Launch]) -> list[int]:
    """For each launch the bytes of the blocks that it names in its tables, each once."""
    return [sum({block: block.size_bytes for block in launch.bind().blocks}.values()) for launch in launches]


def _times_ms(program: Program, steps: int) -> list[float]:
    idle = program.launches[:1].copy()
    idle[0, 4] = 0  # no chunks
    overhead = statistics.median(_play_ms(idle, 0) for _ in range(1000))
    rows = [program.launches[i : i + 1] for i in range(len(program.launches))]
    scratch = program.plan.scratch_bytes
    measured = [[_play_ms(row, scratch) for row in rows] for _ in range(steps)]
    return [max(0.0, statistics.median(column) - overhead) for column in zip(*measured, strict=True)]


def _play_ms(row: NDArray[np.int64], scratch_bytes: int) -> float:
    start = time.perf_counter()
    tape.team.play(row, scratch_bytes)
    return (time.perf_counter() - start) * 1e3
