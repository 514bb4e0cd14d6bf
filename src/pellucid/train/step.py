"""One training step: forward, backward and update as one program, or in the open as a recording."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import functional as F
from pellucid import memory
from pellucid.engine import algorithm
from pellucid.engine.buffers import External
from pellucid.engine.compose import plan_forward
from pellucid.engine.graph import Graph, Symbol, trace
from pellucid.engine.plan import Program
from pellucid.engine.training import Training
from pellucid.errors import ArgumentError
from pellucid.explain.catalogue import Update
from pellucid.explain.recorded import recording_of
from pellucid.explain.recording import Recording
from pellucid.nn import module
from pellucid.nn.module import Module
from pellucid.seeds import check_seed
from pellucid.train import batch
from pellucid.train.optimizers import Optimizer

Array = NDArray[Any]
LOSSES: dict[str, Callable[..., Any]] = {"cross_entropy": F.cross_entropy, "mse_loss": F.mse_loss}
_KEPT = 8  # programs; the one used longest ago goes first


class TrainStep:
    """A model, an optimiser and a loss; each call makes one update and returns the batch's mean loss.

    Programs are made for each batch shape and share the parameters and the optimiser's state. `seed` decides dropout.

    Raises: ArgumentError when an argument is of the wrong kind, when the model has no parameters or some that take
    no part in the forward, or for labels that are no class; ShapeError, with the layer's path, when shapes do not
    fit.

    Example:
        >>> import numpy as np, pellucid as pc
        >>> pc.seed(0)
        >>> step = pc.TrainStep(pc.models.lenet5(), optimizer=pc.SGD(lr=0.05, momentum=0.9))
        >>> x, y = np.ones((2, 1, 28, 28), np.float32), np.array([3, 1])
        >>> first, second = step(x, y), step(x, y)
        >>> second < first
        True
    """

    def __init__(
        self, model: Module, optimizer: Optimizer, loss: str = "cross_entropy", seed: int = 0
    ) -> None:
        if not isinstance(model, Module):
            raise ArgumentError("TrainStep", "model must be a pellucid Module", got=_kind(model))
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                "TrainStep",
                "optimizer must be an SGD, Adam or AdamW of pellucid",
                got=_kind(optimizer),
                hint="optimizer=pellucid.SGD(lr=0.05)",
            )
        if next(model.named_parameters(), None) is None:
            got = f"{type(model).__name__} without any"
            raise ArgumentError("TrainStep", "the model must have parameters to train", got=got)
        if not isinstance(loss, str) or loss not in LOSSES:
            raise ArgumentError(
                "TrainStep", "loss has no such name", expected=" or ".join(LOSSES), got=repr(loss)
            )
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.seed = check_seed("TrainStep", seed)
        self.steps = 0
        self._turn = threading.Lock()
        self._states: dict[str, dict[str, Array]] = {}
        self._programs: dict[tuple[Any, ...], Training] = {}
        self._counters: dict[str, Array] = {}
        self._edition, self._dtype = -1, model.dtype
        self._structure: tuple[tuple[int, int], ...] = ()

    def __call__(self, x: Any, y: Any) -> float:
        """Make one update on inputs x and targets y; calls from several threads take turns."""
        x, y = self._batch(x, y)
        with self._turn:
            training = self._training(x, y)
            loss = training.run(self.optimizer.lr, self.steps + 1, input=x, target=y)
            self.steps += 1
            self._count_batches(training)
        return loss

    @memory.enough("TrainStep")
    def record(self, x: Any, y: Any) -> Recording:
        """The next update in the open: the same numbers as `self(x, y)` would give, all kept, nothing changed.

        `commit()` of the recording makes the update; it is refused once the model has moved on.
        """
        x, y = self._batch(x, y)
        before, states = (_copied(self._optimizer_states()) for _ in range(2))
        training = Training(
            self._graph(x, y), self.model.dtype, self.optimizer.rule, states, seed=self.seed, keep=True
        )
        training.run(self.optimizer.lr, self.steps + 1, input=x, target=y)
        update = Update(
            self.optimizer.rule,
            self.optimizer.lr,
            self.steps + 1,
            training.updated,
            training.states,
            {s: {k: External(k, v) for k, v in before[s.name].items()} for s in training.updated},
        )
        start = self._snapshot()

        def commit() -> None:
            if self._snapshot() != start:
                raise ArgumentError(
                    "commit",
                    "the model has moved on since this step was recorded",
                    hint="record the step again",
                )
            self._take_over(training, states)

        loss = training.program.plan.graph.output.name
        return recording_of(training.program, {"loss": loss}, update, commit)

    def _snapshot(self) -> tuple[int, list[tuple[str, int, bytes]]]:
        """What a step starts from: the count of steps, and the model's arrays with their bytes."""
        return self.steps, [(name, id(array), array.tobytes()) for name, array in self.model.named_arrays()]

    def _take_over(self, training: Training, states: dict[str, dict[str, Array]]) -> None:
        """Make a recorded update: parameters, the optimiser's state, running statistics, the count of steps."""
        plan = training.program.plan
        for symbol, block in training.updated.items():
            plan.values[symbol].memory.reshape(-1)[:] = block.memory
        for name, state in states.items():
            for key, array in state.items():
                self._states[name][key][...] = array
        training.program.update_state()
        self.steps += 1
        self._count_batches(training)

    def _batch(self, x: Any, y: Any) -> tuple[Array, Array]:
        dtype = self._dtype if self._edition == module.edition() else self.model.dtype
        x = batch.images(x, dtype)
        return x, batch.labels(y, len(x)) if self.loss == "cross_entropy" else batch.images(y, dtype, "y")

    def _training(self, x: Array, y: Array) -> Training:
        """The program for this batch's shape."""
        self._follow_model()
        key = (x.shape, y.shape, self.optimizer.rule, algorithm.current())
        training = self._programs.pop(key, None)
        if training is None:
            with memory.enough("TrainStep"):
                states = self._optimizer_states()
                graph = self._graph(x, y)
                training = Training(
                    graph, self.model.dtype, self.optimizer.rule, states, seed=self.seed, keep=False
                )
        elif self.loss == "cross_entropy":
            batch.check_classes(y, _classes(training.program.plan.graph))
        self._programs[key] = training
        while len(self._programs) > _KEPT:
            del self._programs[next(iter(self._programs))]
        return training

    def _graph(self, x: Array, y: Array) -> Graph:
        """The loss of this batch, traced; every parameter must take part in it."""
        arrays = dict(self.model.named_arrays())
        inputs = {"input": (x.shape, x.dtype), "target": (y.shape, y.dtype)}
        loss = LOSSES[self.loss]

        def function(input: Symbol, target: Symbol) -> Any:
            return loss(self.model.trace_forward(input), target)

        graph = trace(function, inputs, arrays, training=True)
        used = {symbol.name for symbol in graph.arrays}
        idle = [name for name, _ in self.model.named_parameters() if name not in used]
        if idle:
            layer = idle[0].rpartition(".")[0] or idle[0]
            raise ArgumentError(
                "TrainStep",
                f"the forward never uses layer '{layer}'",
                got=f"unused parameters: {', '.join(idle[:5])}",
                hint="call the layer in forward, or remove it",
            )
        if self.loss == "cross_entropy":
            batch.check_classes(y, _classes(graph))
        return graph

    def _optimizer_states(self) -> dict[str, dict[str, Array]]:
        """The optimiser's arrays for each parameter, in memory order; new ones where a parameter is new."""
        for name, parameter in self.model.named_parameters():
            state = self._states.get(name)
            fresh = self.optimizer.rule.initial_state(np.asarray(parameter.memory))
            fits = state is not None and {k: (v.shape, v.dtype) for k, v in state.items()} == {
                k: (v.shape, v.dtype) for k, v in fresh.items()
            }
            if not fits:
                size_bytes = sum(array.nbytes for array in fresh.values())
                memory.require("TrainStep", f"the optimizer's state of '{name}'", size_bytes)
                # a copy, so that the system has given the memory before the next who asks
                self._states[name] = {key: np.array(array, order="C") for key, array in fresh.items()}
        return self._states

    def _follow_model(self) -> None:
        """Forget what was made for a model whose layers or arrays have been replaced."""
        if self._edition == module.edition():
            return
        self._edition, structure = module.edition(), self.model.structure()
        self._dtype = self.model.dtype
        if self._structure != structure:
            self._programs.clear()
            self._counters = dict(self.model.named_buffers())
            self._structure = structure

    def _count_batches(self, training: Training) -> None:
        """Batch norms count the batches they have seen, once for each use in the forward."""
        self._follow_model()
        for name in training.statistics:
            self._counters[f"{name.removesuffix('running_mean')}num_batches_tracked"] += 1


def _copied(states: dict[str, dict[str, Array]]) -> dict[str, dict[str, Array]]:
    """The optimiser's arrays, for somebody else to change."""
    return {name: {key: array.copy() for key, array in state.items()} for name, state in states.items()}


def _kind(value: object) -> str:
    """What a wrong argument is: a class, or the class of an object, with the package it comes from."""
    kind = value if isinstance(value, type) else type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"the class {name} itself" if isinstance(value, type) else name


def _classes(graph: Graph) -> int:
    """How many classes the logits of a graph that ends in a cross-entropy tell apart."""
    assert graph.output.node is not None
    logits = graph.output.node.operands[0]
    assert logits is not None
    return logits.shape[1]


@memory.enough("record")
def record(
    model: Module,
    x: Any,
    y: Any = None,
    *,
    optimizer: Optimizer | None = None,
    loss: str = "cross_entropy",
) -> Recording:
    """Run a model in the open: inference on x alone, or with targets and an optimiser a fresh training step.

    Raises: ArgumentError when targets come without an optimiser.

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
    if not isinstance(model, Module):
        raise ArgumentError("record", "model must be a pellucid Module", got=_kind(model))
    x = batch.images(x, model.dtype)
    arrays = dict(model.named_arrays())
    graph = trace(model.trace_forward, {"input": (x.shape, x.dtype)}, arrays, training=False)
    program = Program(plan_forward(graph, model.dtype, keep=True))
    program.run(graph.output, input=x)
    return recording_of(program, {})
