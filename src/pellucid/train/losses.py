"""What training makes smaller: losses by name, or as objects with settings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid import functional as F
from pellucid.engine.graph import Symbol
from pellucid.errors import ArgumentError, say
from pellucid.numbers import as_array, within
from pellucid.ops.base import Shape
from pellucid.ops.checks import number
from pellucid.signatures import CheckedSettings
from pellucid.sizes import is_integer
from pellucid.train import batch

Array = NDArray[Any]


class Loss(CheckedSettings):
    """How far a network's outputs are from their targets, as one number for a batch."""

    function: ClassVar[Callable[..., Any]]
    weight: Array | None = None
    ignore_index: int | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self) or name not in ("weight", "ignore_index", "label_smoothing"):
            kind = type(self).__name__
            rule, hint = "a loss is made with its settings", say("make another {kind}", kind=kind)
            raise ArgumentError(kind, rule, got=f"{name} = {value!r}"[:80], hint=hint)
        super().__setattr__(name, value)

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the function."""
        return {}

    def of(self, output: Symbol, target: Symbol, weights: tuple[Array, ...]) -> Any:
        """The loss in a network that is being traced; class weights, where there are some, are an array of it."""
        return type(self).function(output, target, *weights, **self.settings)

    @abstractmethod
    def targets(self, y: Any, count: int, dtype: np.dtype[Any]) -> Any:
        """What a user hands over as the targets of so many images, as a program of this float type reads them."""

    def check_output(self, output: Any, y: Any) -> None:
        """A loss of a name compares one output with its targets, which must fit beyond what the op itself says."""
        if not isinstance(output, Symbol):
            rule = "a loss that is given by its name compares one output with its targets"
            hint = "loss=lambda output, target: …, with functions of pellucid.functional"
            raise ArgumentError("TrainStep", rule, got=type(output).__name__, hint=hint)
        self.check_shape(y, output.shape)

    def check_shape(self, y: Array, output: Shape) -> None:
        """Targets must fit to the network's output, beyond what the op itself says."""


class CrossEntropyLoss(Loss):
    """The mean cross-entropy between logits and classes: see `pellucid.functional.cross_entropy`.

    Targets are a class for each image, (N,), or each position, (N,H,W) for outputs (N,C,H,W), or a probability for each
    class: floating, with the output's shape.

    Args:
        weight: a factor for each class, (C,); None for 1 each.
        ignore_index: the label of what takes no part, neither in loss nor in gradient.
        label_smoothing: how much of each target is spread evenly over all classes, from 0 to 1.

    Raises: ArgumentError for other settings.

    Example:
        >>> import pellucid as pc
        >>> pc.seed(0)
        >>> loss = pc.CrossEntropyLoss(weight=[1, 2, 1], ignore_index=255, label_smoothing=0.1)
        >>> step = pc.TrainStep(pc.Sequential(pc.Linear(4, 3)), pc.SGD(lr=0.1), loss)
        >>> x, y = np.ones((3, 4), np.float32), np.array([1, 255, 0])
        >>> first, second = step(x, y), step(x, y)
        >>> second < first
        True
    """

    function = staticmethod(F.cross_entropy)
    ignore_index: int

    def __init__(self, weight: Any = None, ignore_index: int = -100, label_smoothing: float = 0.0) -> None:
        name = type(self).__name__
        if not is_integer(ignore_index):
            raise ArgumentError(name, "ignore_index must be an integer", got=repr(ignore_index))
        self.weight = None if weight is None else _weights(name, weight)
        self.ignore_index = int(ignore_index)
        self.label_smoothing = float(number(name, "label_smoothing", label_smoothing, "[0, 1]"))

    @property
    def settings(self) -> dict[str, Any]:
        """Those of `pellucid.functional.cross_entropy` but the weight."""
        return {"ignore_index": self.ignore_index, "label_smoothing": self.label_smoothing}

    def targets(self, y: Any, count: int, dtype: np.dtype[Any]) -> Array:
        """Floating numbers with an axis of classes are probabilities; all others must be labels."""
        array = as_array("TrainStep", "y", y)
        if batch.are_probabilities(array):
            return batch.images(array, dtype, "y")
        return batch.labels(array, count)

    def check_shape(self, y: Array, output: Shape) -> None:
        """One label for each input where outputs are (N, classes), and probabilities of all classes."""
        batch.check_targets(y, output)

    def __repr__(self) -> str:
        settings = {"weight": None if self.weight is None else self.weight.tolist(), **self.settings}
        return f"CrossEntropyLoss({', '.join(f'{name}={value}' for name, value in settings.items())})"


class MSELoss(Loss):
    """The mean squared error: see `pellucid.functional.mse_loss`. Targets have the output's shape.

    Example:
        >>> import pellucid as pc
        >>> step = pc.TrainStep(pc.Sequential(pc.Linear(4, 3)), pc.SGD(lr=0.1), pc.MSELoss())
        >>> step(np.zeros((2, 4)), np.zeros((2, 3))) >= 0
        True
    """

    function = staticmethod(F.mse_loss)

    def __init__(self) -> None:
        """Without settings."""

    def targets(self, y: Any, count: int, dtype: np.dtype[Any]) -> Array:  # noqa: ARG002 - as many as op says
        """Numbers."""
        return batch.images(y, dtype, "y")

    def __repr__(self) -> str:
        return "MSELoss()"


LossLike: TypeAlias = (
    str | Loss | Callable[[Any, Any], Any]
)  # by name, as an object, or a function of one's own
LOSSES: dict[str, Loss] = {"cross_entropy": CrossEntropyLoss(), "mse_loss": MSELoss()}


def weights_in(loss: Loss, dtype: np.dtype[Any]) -> tuple[Array, ...]:
    """The class weights in a network's float type, where there are some.

    Raises: ArgumentError for a weight that the type is too small for.
    """
    return () if loss.weight is None else (within("CrossEntropyLoss", "weight", loss.weight, dtype),)


def _weights(where: str, weight: Any) -> Array:
    """Class weights in an array of their own that nobody changes."""
    array = np.array(as_array(where, "weight", weight), np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        rule, got = "weight must have one finite number per class", f"weight {array.shape}"
        if array.ndim == 1:
            got = f"weight {array.tolist()}"[:80]
        raise ArgumentError(where, rule, expected="(classes,)", got=got)
    array.flags.writeable = False
    return array
