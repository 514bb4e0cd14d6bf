"""Losses of one's own: any callable that makes one number of outputs and targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.graph import Symbol
from pellucid.engine.structure import mapped
from pellucid.errors import ArgumentError, ShapeError, either
from pellucid.train import batch
from pellucid.train.losses import LOSSES, Loss

Array = NDArray[Any]


class OwnLoss(Loss):
    """A callable as a loss: it is traced as a part of the network, so every number of it is explained as well.

    It takes the outputs in the structure in which forward returns them, and the targets in that in which they are
    given: whole numbers stay such, as classes; all others are of the network's float type. Arrays of NumPy that it uses
    are constants.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        vars(self)["function"] = function

    def targets(self, y: Any, count: int, dtype: np.dtype[Any]) -> Any:  # noqa: ARG002 - as many as the ops say
        """Arrays in the structure in which they are given."""
        return mapped(lambda path, item: batch.input("TrainStep", f"y.{path}".rstrip("."), item, dtype), y)

    def check_output(self, output: Any, y: Any) -> None:
        """Whatever the callable takes."""

    def of(self, output: Any, target: Any, weights: tuple[Array, ...]) -> Symbol:  # noqa: ARG002 - has none
        """What the callable makes."""
        loss = vars(self)["function"](output, target)
        if not isinstance(loss, Symbol):
            rule, got = "a loss must make one number of the network's tensors", type(loss).__name__
            raise ArgumentError("TrainStep", rule, got=got, hint="use functions of pellucid.functional")
        if loss.shape != ():
            rule, got = "a loss must be one number", f"{loss.name} {loss.shape}"
            raise ShapeError("TrainStep", rule, expected="()", got=got)
        return loss

    def __repr__(self) -> str:
        function = vars(self)["function"]
        kind = function if hasattr(function, "__qualname__") else type(function)
        return f"OwnLoss({kind.__module__}.{kind.__qualname__})"


def loss_of(where: str, loss: object) -> Loss:
    """A loss as it is, the one of a name, or one made of a callable.

    Raises: ArgumentError for anything else.
    """
    if isinstance(loss, Loss):
        return loss
    if callable(loss) and not isinstance(loss, type):
        return OwnLoss(loss)
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ArgumentError(where, "loss has no such name", expected=either(LOSSES), got=repr(loss))
    return LOSSES[loss]
