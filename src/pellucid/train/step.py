"""One training step: forward, backward and update as one program, or in the open as a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

from numpy.typing import NDArray

from pellucid import memory
from pellucid.engine import algorithm
from pellucid.engine.listing import Listing, listing
from pellucid.engine.programs import Programs
from pellucid.engine.training import Training
from pellucid.errors import ArgumentError, say
from pellucid.explain.catalogue import Update
from pellucid.explain.recorded import recording_of
from pellucid.explain.recording import Recording
from pellucid.kernels import turns
from pellucid.kernels.flushing import to_nearest
from pellucid.nn import module
from pellucid.nn.module import Module
from pellucid.nn.parameter import Parameter
from pellucid.nn.tree import named_states
from pellucid.ops.checks import number
from pellucid.philox import check_time
from pellucid.seeds import check_seed
from pellucid.train import finite
from pellucid.train.kinds import check_model, check_optimizer
from pellucid.train.losses import LossLike
from pellucid.train.network import Batch, batch_of, check_pointers, loss_graph
from pellucid.train.optimizers import Optimizer
from pellucid.train.own_loss import loss_of
from pellucid.train.state import State

Array = NDArray[Any]
_MADE_WITH = ("model", "loss", "seed", "clip_norm", "ema")
# the counts of steps and of loads, the model's layers, its arrays with their bytes, the names of what is trained
_Snapshot: TypeAlias = tuple[
    tuple[int, int], tuple[tuple[int, int], ...], list[tuple[str, int, bytes]], tuple[str, ...]
]


class TrainStep:
    """A model, an optimiser and a loss; each call makes one update and returns the batch's mean loss.

    The loss is "cross_entropy", "mse_loss", one with settings: `CrossEntropyLoss(…)`, `MSELoss()`, or any callable
    (output, target) that makes one number of them with functions of `pellucid.functional`: it is traced as a part of
    the network. The output is what forward returns, in its structure; the target is what is given as y, which may be a
    tuple or a dict of arrays as well. Several inputs are a tuple of forward's arguments, or a dict by their names.

    Programs are made for each batch shape and share the parameters and the optimiser's state. `seed` decides dropout.
    Parameters that are frozen (`requires_grad = False`) stay as they are; each step looks anew. So do those that the
    loss does not depend on, which `unreached` names.

    With `clip_norm` all gradients are multiplied by min(1, clip_norm/(‖gradients‖ + 1e-6)) before the update, where the
    norm is that of all trained parameters' gradients together, as `torch.nn.utils.clip_grad_norm_` does.

    With `ema`, a decay such as 0.999, each step ends with average = average + (1 − ema)·(parameter − average) for every
    parameter that it trains, from the parameters before the first step on; `averaged()` gives the averages.

    Raises: ArgumentError when an argument is of the wrong kind, when the model has no parameters, only frozen ones or
    some to train that take no part in the forward, for images of 8 or 16 bits, which are to be scaled first, or for
    labels that are no class; ShapeError, with the layer's path, when shapes do not fit.

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
        self,
        model: Module,
        optimizer: Optimizer,
        loss: LossLike = "cross_entropy",
        seed: int = 0,
        *,
        clip_norm: float | None = None,
        ema: float | None = None,
    ) -> None:
        check_model("TrainStep", model)
        if next(model.named_parameters(), None) is None:
            got = say("{kind} without any", kind=type(model).__name__)
            raise ArgumentError("TrainStep", "the model must have parameters to train", got=got)
        self._loss = loss_of("TrainStep", loss)
        self.optimizer = optimizer
        self.model, self.loss = model, loss
        self.seed = check_seed("TrainStep", seed)
        self.clip_norm = (
            None if clip_norm is None else number("TrainStep", "clip_norm", clip_norm, "(0, inf)")
        )
        self.ema = None if ema is None else number("TrainStep", "ema", ema, "[0, 1)")
        self._state = State(averages=ema is not None)
        self._begin()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "optimizer":
            check_optimizer("TrainStep", value)
        if (
            not name.startswith("_")
            and name != "optimizer"
            and (name not in _MADE_WITH or name in vars(self))
        ):
            rule = say("{name!r} is no setting of a step that can change", name=name)
            got = f"{name} = {value!r}"[:80]
            hint = "use step.optimizer.lr" if name == "lr" else "make another TrainStep"
            raise ArgumentError("TrainStep", rule, expected="optimizer", got=got, hint=hint)
        super().__setattr__(name, value)

    def _begin(self) -> None:
        """Begin without programs."""
        self._turn = turns.lock()
        self._programs: Programs[Training] = Programs()
        self._latest: Training | None = None
        self._counters: dict[str, Array] = {}
        self._parameters: dict[str, Parameter] = {}
        self._edition, self._dtype = -1, self.model.dtype
        self._structure: tuple[tuple[int, int], ...] = ()

    @property
    def steps(self) -> int:
        """How many updates have been made."""
        return int(self._state.count[0])

    @property
    def _next(self) -> int:
        """The number of the next update."""
        return check_time("TrainStep", "step", self.steps + 1)

    def __call__(self, x: Any, y: Any) -> float:
        """Make one update on inputs x and targets y; calls from several threads take turns.

        An exception from a signal's handler, such as Ctrl-C, finds the update made wholly or not at all.

        Raises: NumericError when the loss or a gradient is not finite; then nothing has changed.
        """
        batch = self._batch(x, y)
        with self._turn_taken():
            training, number = self._training(batch), self._next
            loss = training.run(self.optimizer.lr, number, **batch.arrays)
            finite.check("TrainStep", training, loss, number, lambda: self._recorded(batch))
            return loss

    @property
    def plan(self) -> Listing:
        """The plan of the latest step: every loop with what it was fused from, reads, writes and multiplies.

        Raises: ArgumentError when no step has been made or planned: a plan belongs to a batch's shape.

        Example:
            >>> import numpy as np
            >>> from pellucid import SGD, Flatten, Linear, Sequential
            >>> step = TrainStep(Sequential(Flatten(), Linear(4, 3)), SGD(lr=0.1))
            >>> step.plan_for(np.zeros((8, 1, 2, 2)), np.zeros(8, int)).multiply_adds == 2 * 8 * 4 * 3
            True
            >>> [row.name for row in step.plan.rows][-1]
            'counters'
        """
        if self._latest is None:
            rule, hint = "a plan is made for the shape of a batch", "make a step, or use step.plan_for(x, y)"
            raise ArgumentError("plan", rule, got="no batch yet", hint=hint)
        return listing(self._latest.program)

    @property
    def unreached(self) -> tuple[str, ...]:
        """The parameters that the latest step's loss does not depend on, such as a head's that it leaves out.

        They have no gradient and stay as they are: neither weight decay nor momentum touches them.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> class Net(pc.Module):
            ...     def __init__(self):
            ...         self.one, self.other = pc.Linear(4, 3), pc.Linear(4, 2)
            ...     def forward(self, x):
            ...         return self.one(x), self.other(x)
            >>> step = pc.TrainStep(Net(), pc.SGD(lr=0.1), loss=lambda output, y: pc.functional.mse_loss(output[0], y))
            >>> _ = step(np.ones((2, 4)), np.ones((2, 3)))
            >>> step.unreached
            ('other.weight', 'other.bias')
        """
        return () if self._latest is None else self._latest.unreached

    def plan_for(self, x: Any, y: Any) -> Listing:
        """The plan of a step on such inputs and targets; nothing runs."""
        batch = self._batch(x, y)
        with self._turn_taken():
            return listing(self._training(batch).program)

    @memory.enough("TrainStep")
    def record(self, x: Any, y: Any) -> Recording:
        """The next update in the open: the same numbers as `self(x, y)` would give, all kept, nothing changed.

        `commit()` of the recording makes the update; it is refused once the model has moved on, and where the loss or a
        gradient is not finite.
        """
        batch = self._batch(x, y)
        with self._turn_taken():
            return self._recorded(batch)

    def state_dict(self) -> dict[str, Array]:
        """Copies of all that the next step's bits depend on besides the model and the step's own settings.

        "steps" is how many updates have been made, an int64 array (); the optimiser's arrays have the names of a
        recording, such as "velocity(conv1.weight)", and their parameter's shape. With the model's state dict and a
        step of the same settings training goes on as if it had never been interrupted, bit for bit.

        Raises: ArgumentError when all parameters are frozen.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> model = pc.Sequential(pc.Flatten(), pc.Linear(4, 3))
            >>> step = pc.TrainStep(model, pc.SGD(lr=0.1, momentum=0.9))
            >>> _ = step(np.ones((2, 1, 2, 2)), np.array([0, 2]))
            >>> {name: array.shape for name, array in step.state_dict().items()}
            {'steps': (), 'velocity(1.weight)': (3, 4), 'velocity(1.bias)': (3,)}
        """
        with self._turn_taken():
            rule = self.optimizer.rule
            self._state.of(self._trained(), rule)
            with turns.running:
                return self._state.copies(self._parameters, rule)

    def averaged(self) -> dict[str, Array]:
        """The model's state dict with the moving averages of its parameters in their place, to be loaded into a model.

        Buffers, such as running statistics, and parameters that were never trained are the model's own, as they are.

        Raises: ArgumentError when the step was made without `ema`, or when all parameters are frozen.

        Example:
            >>> import numpy as np, pellucid as pc
            >>> model = pc.Sequential(pc.Flatten(), pc.Linear(4, 3))
            >>> step, before = pc.TrainStep(model, pc.SGD(lr=0.1), ema=0.75), model.state_dict()["1.bias"]
            >>> _ = step(np.ones((2, 1, 2, 2)), np.array([0, 2]))
            >>> moved = before + np.float32(0.25) * (model.state_dict()["1.bias"] - before)
            >>> bool((step.averaged()["1.bias"] == moved).all())
            True
        """
        if self.ema is None:
            raise ArgumentError("averaged", "this step keeps no averages", hint="TrainStep(…, ema=0.999)")
        with self._turn_taken():
            self._state.of(self._trained(), self.optimizer.rule)
            with turns.running:
                averages, own = self._state.averages(self._parameters), self.model.state_dict()
        first = {id(parameter): name for name, parameter in self._parameters.items()}
        states = named_states(self.model, Module, once=False)
        names = {name: first.get(id(state), name) for name, state in states}
        return {name: averages.get(names[name], array).copy() for name, array in own.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, wholly or not at all; the model's numbers are loaded by themselves.

        What parameters that are frozen now had may be missing.

        Raises: ArgumentError for missing or unexpected names, wrong shapes or types, all named at once, and for a count
            of steps that is none.
        """
        with self._turn_taken():
            where, trained, rule = "TrainStep.load_state_dict", self._trained(), self.optimizer.rule
            self._state.load(where, trained, self._parameters, rule, state_dict)

    def _recorded(self, batch: Batch) -> Recording:
        training = to_nearest(lambda: self._planned(batch, keep=True))
        with turns.running:  # what is read before the run and after it is of one model
            start = self._snapshot()
            loss = training.run(self.optimizer.lr, self._next, **batch.arrays)
            return self._recording(training, loss, start)

    def _recording(self, training: Training, loss: float, start: _Snapshot) -> Recording:
        update = Update(self.optimizer.lr, self._next)

        def commit() -> None:
            with self._turn_taken(), turns.running:
                if self._snapshot() != start:
                    raise ArgumentError(
                        "commit",
                        "the model has moved on since this step was recorded",
                        hint="record the step again",
                    )
                finite.check("commit", training, loss, self._next, lambda: recording)
                self._check_writeable(self._wanted())
                training.program.update_state()

        output = training.program.plan.graph.output.name
        recording = recording_of(training.program, {"loss": output}, update, commit)
        return recording

    def _snapshot(self) -> _Snapshot:
        """What a step starts from."""
        arrays = [(name, id(array), array.tobytes()) for name, array in self.model.named_arrays()]
        counts = self.steps, self._state.loads
        return counts, self.model.structure(), arrays, self._wanted()

    def _turn_taken(self) -> AbstractContextManager[Any]:
        """The lock, unless this thread is in the middle of a run, in a signal's handler or a layer's forward."""
        if turns.held(self._turn) or turns.held(turns.running):
            rule = "a step cannot be made in the middle of another run"
            raise ArgumentError(
                "TrainStep", rule, hint="let the signal's handler or the forward only note it"
            )
        lock: AbstractContextManager[Any] = self._turn
        return lock

    def _batch(self, x: Any, y: Any) -> Batch:
        dtype = self._dtype if self._edition == module.edition() else self.model.dtype
        return batch_of(self.model, self._loss, x, y, dtype)

    def _training(self, batch: Batch) -> Training:
        """The program for this batch's shape."""
        self._follow_model()
        wanted = self._wanted()
        key = (batch.key, self.optimizer.rule, algorithm.current(), wanted)
        training = self._programs.of(key, lambda: self._planned(batch, keep=False))
        check_pointers(training.program.plan.graph, batch.arrays)
        self._check_writeable(wanted)
        self._latest = training
        return training

    @memory.enough("TrainStep")
    def _planned(self, batch: Batch, *, keep: bool) -> Training:
        states = self._state.of(self._trained(), self.optimizer.rule)
        counters = self._state.count, self._counters
        graph, rule = loss_graph(self.model, self._loss, batch), self.optimizer.rule
        check_pointers(graph, batch.arrays)
        training = Training(
            graph,
            self.model.dtype,
            rule,
            states,
            counters,
            seed=self.seed,
            keep=keep,
            max_norm=self.clip_norm,
            ema=self.ema,
        )
        if len(training.unreached) == len(states):
            rule_, got = "the loss must depend on a parameter that is to be trained", ", ".join(states)[:80]
            raise ArgumentError("TrainStep", rule_, got=say("none of {names}", names=got))
        return training

    def _wanted(self) -> tuple[str, ...]:
        """The names of the parameters that are to be trained."""
        wanted = tuple([name for name, parameter in self._parameters.items() if parameter.requires_grad])
        if not wanted:
            got = say("{kind} whose parameters are all frozen", kind=type(self.model).__name__)
            hint = "set requires_grad = True for those to train"
            raise ArgumentError("TrainStep", "the model must have parameters to train", got=got, hint=hint)
        return wanted

    def _trained(self) -> dict[str, Parameter]:
        """The parameters that are to be trained, by their names."""
        self._follow_model()
        return {name: self._parameters[name] for name in self._wanted()}

    def _follow_model(self) -> None:
        """Forget what was made for a model whose layers or arrays have been replaced."""
        edition = module.edition()
        if self._edition == edition:
            return
        structure = self.model.structure()
        if self._structure != structure:
            self._programs.clear()
            self._latest = None
            self._counters = dict(self.model.named_buffers())
            self._parameters = dict(self.model.named_parameters())
            self._structure = structure
        self._dtype = self.model.dtype
        self._edition = edition  # last, so that what an exception has cut short is done again

    def _check_writeable(self, wanted: Sequence[str]) -> None:
        """What a step changes must not be read-only."""
        for array in (*map(self._parameters.__getitem__, wanted), *self._counters.values()):
            if not array.flags.writeable:
                name = next(name for name, other in self.model.named_arrays() if other is array)
                rule = "a step changes the model's arrays, so they must be writeable"
                hint = say("use {name}.flags.writeable = True", name=name)
                raise ArgumentError("TrainStep", rule, got=say("'{name}' is read-only", name=name), hint=hint)

    def __getstate__(self) -> dict[str, Any]:
        made = (
            "_turn",
            "_programs",
            "_latest",
            "_counters",
            "_parameters",
            "_edition",
            "_dtype",
            "_structure",
        )
        return {name: value for name, value in vars(self).items() if name not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()
