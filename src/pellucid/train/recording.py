"""A model's run in the open: inference, or a fresh training step."""

from __future__ import annotations

from typing import Any

from pellucid import memory
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import trace
from pellucid.engine.pointers import check_pointers
from pellucid.engine.program import Program
from pellucid.errors import ArgumentError, say, told_by
from pellucid.explain.recorded import recording_of
from pellucid.explain.recording import Recording
from pellucid.kernels import turns
from pellucid.nn.module import Module
from pellucid.train.kinds import check_model
from pellucid.train.losses import LossLike
from pellucid.train.network import given
from pellucid.train.optimizers import Optimizer
from pellucid.train.step import TrainStep


@memory.enough("record")
@told_by("record", "TrainStep")
def record(
    model: Module,
    x: Any,
    y: Any = None,
    *,
    optimizer: Optimizer | None = None,
    loss: LossLike = "cross_entropy",
) -> Recording:
    """Run a model in the open: inference on x alone, or with targets and an optimiser a fresh training step.

    Raises: ArgumentError when targets come without an optimiser, or an optimiser or a loss without targets.

    Example:
        >>> import numpy as np, pellucid as pc
        >>> rec = pc.record(pc.models.lenet5(), np.zeros((1, 1, 28, 28), np.float32))
        >>> rec["conv1.output"].shape
        (1, 6, 28, 28)
    """
    if y is not None:
        if optimizer is None:
            raise ArgumentError(
                "record", "a training step needs an optimizer", hint="optimizer=pellucid.SGD(lr=0.05)"
            )
        return TrainStep(model, optimizer, loss).record(x, y)
    check_model("record", model)
    if optimizer is not None or loss != "cross_entropy":
        got = "an optimizer and no y" if optimizer is not None else say("loss={loss!r} and no y", loss=loss)
        hint = "pellucid.record(model, x, y, optimizer=…) records a training step"
        raise ArgumentError("record", "optimizer and loss need targets", got=got, hint=hint)
    call, inputs = given("record", model, x, model.dtype)
    shapes = {name: (array.shape, array.dtype) for name, array in inputs.items()}
    graph = trace(call.of(model.trace_forward), shapes, dict(model.named_arrays()), training=False)
    check_pointers(graph, inputs)
    program = Program(lower(plan_of(graph, graph.dtype, keep=True)))
    with turns.running:  # nobody changes the weights before they are read
        program.results([], **inputs)
        return recording_of(program, {})
