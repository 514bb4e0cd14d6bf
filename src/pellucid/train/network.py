"""The loss of a batch, traced as a network: what a user hands over, by the names of the network's inputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.graph import Graph, Symbol, trace
from pellucid.engine.pointers import pointers
from pellucid.engine.structure import items, mapped
from pellucid.nn.call import Call, call_of
from pellucid.nn.module import Module
from pellucid.ops.class_loss import class_axis
from pellucid.ops.label_loss import LabelLoss
from pellucid.train import batch
from pellucid.train.losses import Loss, weights_in

Array = NDArray[Any]
_TARGET = "target"


@dataclass(frozen=True)
class Batch:
    """Inputs and targets of a step.

    Attributes:
        call: how forward is called with the inputs.
        arrays: inputs, then targets, by the names of the network's inputs.
        target: the names of the targets, in the structure in which they were given.
    """

    call: Call
    arrays: dict[str, Array]
    target: Any

    @property
    def form(self) -> Hashable:
        """What tells batches apart besides their arrays."""
        return self.call.form, repr(self.target)

    @property
    def key(self) -> Hashable:
        """What a program is made for."""
        return self.form, tuple((name, array.shape, array.dtype) for name, array in self.arrays.items())


def given(where: str, model: Module, x: Any, dtype: np.dtype[Any]) -> tuple[Call, dict[str, Array]]:
    """What a model is called with, and its inputs as a program reads them: one, or several in a tuple or a dict.

    A tuple has forward's arguments in their order, a dict has them by name.

    Raises: what `call_of` raises, and for inputs that are no batch, `batch.images`.
    """
    args, kwargs = (x, {}) if isinstance(x, tuple) else ((), x) if isinstance(x, dict) else ((x,), {})
    call = call_of(where, model.forward, args, kwargs)
    if len(call.tensors) == 1 and not isinstance(x, tuple | dict):
        return call, {"input": batch.images(x, dtype, where=where)}
    return call, {name: batch.input(where, name, value, dtype) for name, value in call.tensors.items()}


def batch_of(model: Module, loss: Loss, x: Any, y: Any, dtype: np.dtype[Any]) -> Batch:
    """Inputs and targets as a program reads them.

    Raises: what `given` and the loss's `targets` raise.
    """
    call, inputs = given("TrainStep", model, x, dtype)
    first = next(iter(inputs.values()))
    target = free(_TARGET, inputs)
    targets = loss.targets(y, len(first), dtype)
    arrays = dict(items(targets, target))
    return Batch(call, {**inputs, **arrays}, mapped(lambda name, _: name, targets, target))


def loss_graph(model: Module, loss: Loss, given: Batch) -> Graph:
    """The loss of a batch, to train on.

    Raises: ArgumentError when the loss is no number of the network's; whatever the forward raises.
    """
    function, arrays = loss_function(model, loss, given)
    inputs = {name: (array.shape, array.dtype) for name, array in given.arrays.items()}
    return trace(lambda *symbols: function(*symbols)[0], inputs, arrays, training=True)


def loss_function(
    model: Module, loss: Loss, given: Batch
) -> tuple[Callable[..., tuple[Any, Any]], dict[str, Array]]:
    """What makes a loss and the network's outputs of inputs and targets in such a form, and the arrays it uses."""
    arrays: dict[str, Array] = dict(model.named_arrays())
    weights = weights_in(loss, model.dtype)
    arrays |= {free("loss.weight", arrays): weight for weight in weights}
    forward = given.call.of(model.trace_forward)

    def function(*symbols: Symbol) -> tuple[Any, Any]:
        named = dict(zip(given.arrays, symbols, strict=True))
        output = forward(*symbols[: len(given.call.tensors)])
        target = mapped(lambda _, name: named[name], given.target)
        loss.check_output(output, mapped(lambda _, name: given.arrays[name], given.target))
        return loss.of(output, target, weights), output

    return function, arrays


def check_pointers(graph: Graph, arrays: Mapping[str, Array]) -> None:
    """Labels and indices must be right before a program reads where they point.

    Raises: ArgumentError for the first one that is not.
    """
    for pointer in pointers(graph, arrays):
        name, node, array = pointer
        if name.startswith(_TARGET):
            name = "y" + name.removeprefix(_TARGET)
        if isinstance(node.op, LabelLoss):
            input = node.named["input"].shape
            batch.check_classes(
                array, input[class_axis(input)], node.op.name, name, ignored=node.op.ignore_index
            )
        else:
            pointer._replace(name=name).check()


def free(name: str, taken: Collection[str]) -> str:
    """A name that nothing has."""
    while name in taken:
        name = f"{name}#2"
    return name
