"""What is measured: a task, a network and a batch size; and what every engine is given for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory, nn
from pellucid.derived import derived
from pellucid.engine.graph import Graph, Node, trace
from pellucid.errors import say
from pellucid.formats import container, reader
from pellucid.formats.checkpoint import LIMITS
from pellucid.geometry import Axis
from pellucid.language import text
from pellucid.nn import costs, init
from pellucid.nn.models import MODELS, input_shape
from pellucid.ops.dropout import Dropout
from pellucid.sizes import size_of

Array = NDArray[Any]
Batches = list[tuple[NDArray[np.float32], NDArray[np.int64]]]
TRAIN, INFER = "train", "infer"
TASKS = {TRAIN: "bench.training_step", INFER: "bench.inference"}  # what a task is called
_BATCH = {"resnet18": 32, "alexnet": 16}  # the batch of a model; that of the others is 64
SINGLES = ("vgg_small", "resnet18")  # models that also infer a single image
BATCHES = 4  # different ones, taken in turn
LR, MOMENTUM = 0.01, 0.9
_WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Case:
    """One thing to measure. Networks have their default settings, numbers are float32."""

    task: str
    model: str
    batch: int

    def __str__(self) -> str:
        return f"{self.model} b{self.batch}"

    @property
    def title(self) -> str:
        """What is measured, in words."""
        return text("bench.task", task=text(TASKS[self.task]), case=self)

    @derived
    def network(self) -> nn.Module:
        """The network without its values."""
        return init.without_values(MODELS[self.model], at_most=2**30)

    def graph(self) -> Graph:
        """The ops of the network, in order, in training or in inference."""
        network = self.network
        inputs = {"input": ((self.batch, *input_shape(network)), network.dtype)}
        return trace(network.trace_forward, inputs, dict(network.named_arrays()), training=self.task == TRAIN)

    @derived
    def is_random(self) -> bool:
        """Whether chance takes part: dropout draws other numbers in every engine."""
        return any(isinstance(node.op, Dropout) for node in self.graph().nodes)

    @derived
    def gflop(self) -> float:
        """Billions of operations that the sums of products have when none is saved: two for each product.

        In training each layer makes three such sums of the same size, but the first has no input gradient.
        """
        rows = [row.macs for row in nn.summary(self.network, (self.batch, *input_shape(self.network))).rows]
        macs = sum(rows) if self.task == INFER else 3 * sum(rows) - next(filter(None, rows))
        return 2 * macs / 1e9

    def check_memory(self) -> None:
        """Look before anything starts whether the inputs have room.

        Raises: NumericError when they have not.
        """
        shape = (BATCHES, self.batch, *input_shape(self.network))
        memory.require(
            "bench",
            say("the inputs of {case}", case=self),
            size_of(shape) * self.network.dtype.itemsize,
            shape=shape,
        )

    def batches(self) -> Batches:
        """Noise with labels, the same for every engine."""
        rng, graph = np.random.default_rng(0), self.graph()
        shape, classes = graph.inputs["input"].shape, graph.output.shape[1]
        return [(rng.random(shape, np.float32), rng.integers(0, classes, shape[0])) for _ in range(BATCHES)]


def batch_of(model: str) -> int:
    """The batch size with which a model is measured unless another one is asked for."""
    return _BATCH.get(model, 64)


def cases(task: str, models: Sequence[str], batch: int | None) -> list[Case]:
    """What a task means for these models: their own batch sizes, or this one."""
    if batch is not None:
        return [Case(task, model, batch) for model in models]
    found = [Case(task, model, batch_of(model)) for model in models]
    if task == INFER:
        found += [Case(task, model, 1) for model in models if model in SINGLES]
    return found


def axes_of(node: Node) -> tuple[Axis, ...]:
    """Along which axes, and how, a convolution or a max pooling slides its windows."""
    sliding = node.op.sliding(*costs.shapes(node))
    return tuple(axis for axis in sliding.axes if isinstance(axis, Axis)) if sliding else ()


def write_weights(model: str, folder: Path) -> None:
    """Put a network's first values into a file, running statistics as training might leave them."""
    nn.seed(0)
    rng, state = np.random.default_rng(0), MODELS[model]().state_dict()
    for name, array in state.items():
        if name.endswith("running_mean"):
            array[:] = rng.normal(0, 0.1, array.shape)
        elif name.endswith("running_var"):
            array[:] = rng.uniform(0.5, 1.5, array.shape)
    container.write("weights", folder / _WEIGHTS, state, {}, LIMITS)


def weights(folder: Path) -> Iterator[tuple[str, Array]]:
    """What `write_weights` wrote, array by array, so that an engine never holds two copies of all."""
    with reader.opened("weights", folder / _WEIGHTS, LIMITS) as file:
        yield from file.arrays()
