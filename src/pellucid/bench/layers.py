"""Where a training step's time goes: each layer's three sums of products, and every other loop.

Launches of the step's own plan are played one by one, in order, so that each finds the caches as it does in training.
Times are medians over the steps, less the time of a launch that does nothing. What a layer's sum needs besides the sum
itself (transforms and copies of its weight, parts that are added up) is in its time.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from pellucid.bench.cases import LR, MOMENTUM, Case
from pellucid.engine.buffers import Block
from pellucid.engine.graph import Graph
from pellucid.engine.loops import Work
from pellucid.engine.program import Program
from pellucid.engine.steps import Step
from pellucid.kernels import tape
from pellucid.nn import costs
from pellucid.nn.models import MODELS
from pellucid.ops.product import Product
from pellucid.train import SGD, TrainStep

PASSES = {  # and what they are called
    "forward": "report.forward",
    "grad_input": "report.grad_input",
    "grad_weight": "report.grad_weight",
    "backward": "report.backward",  # of both gradients, where one launch makes them
}


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
    batch = step._batch(x, y)
    program = step._training(batch).program  # it goes on reading the batch
    times = _times_ms(program, steps)
    layers = {node.path: layer for node, layer in _layers(program.plan.graph)}
    loops: dict[str, Loop] = {}
    for bound, name, ms in zip(program.loops, _passes(program), times, strict=True):
        path = bound.loop.step.path if bound.loop.step else ""
        if path in layers:
            layers[path].ms[name] = layers[path].ms.get(name, 0.0) + ms
        else:
            loop = loops.setdefault(bound.loop.kernel.name, Loop(bound.loop.kernel.name))
            loop.launches += 1
            loop.ms += ms
            loop.gigabytes += _size_bytes(bound.work) / 1e9
    slowest_first = tuple(sorted(loops.values(), key=lambda loop: -loop.ms))
    return Profile(case, len(program.loops), sum(times), tuple(layers.values()), slowest_first)


def _layers(graph: Graph) -> list[tuple[Any, Layer]]:
    """Each layer that is a sum of products, with its node."""
    found = []
    for node in graph.nodes:
        if isinstance(node.op, Product):
            found.append((node, Layer(node.path, 2 * costs.macs(node).number / 1e9)))
    return found


def _passes(program: Program) -> list[str]:
    """Which pass each loop belongs to. What makes no gradient itself serves the loop behind it."""
    names: list[str] = []
    following = dict[Step, str]()
    for bound in reversed(program.loops):
        step = bound.loop.step
        if step is None or step.way == "forward":
            names.append("forward")
            continue
        made = _gradients(program, step, {block.root for block in bound.work.writes})
        if made or step not in following:
            following[step] = (
                "backward" if len(made) != 1 or following.get(step) == "backward" else made.pop()
            )
        names.append(following[step])
    return names[::-1]


def _gradients(program: Program, step: Step, written: set[Block]) -> set[str]:
    """Which of a step's gradients are in these blocks; a bias's is its weight's, and so is an update."""
    values = program.plan.values
    made = {role: s for one in (step, *step.fused) for role, s in one.makes.items() if s in values}
    roles = {role for role, symbol in made.items() if values[symbol].root in written}
    return {"grad_input" if role == "grad_input" else "grad_weight" for role in roles}


def _size_bytes(work: Work) -> int:
    """The bytes of the blocks that a loop names in its table, each once."""
    return sum({block: block.size_bytes for block in work.blocks}.values())


def _times_ms(program: Program, steps: int) -> list[float]:
    idle = program.launches[:1].copy()
    idle["chunks"] = 0
    overhead = statistics.median(_play_ms(idle, 0) for _ in range(1000))
    rows = [program.launches[i : i + 1] for i in range(len(program.launches))]
    scratch = program.plan.scratch_bytes
    measured = [[_play_ms(row, scratch) for row in rows] for _ in range(steps)]
    return [max(0.0, statistics.median(column) - overhead) for column in zip(*measured, strict=True)]


def _play_ms(row: tape.Launches, scratch_bytes: int) -> float:
    start = time.perf_counter()
    tape.team.play(row, scratch_bytes)
    return (time.perf_counter() - start) * 1e3
