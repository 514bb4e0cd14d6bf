"""Stochastic gradient descent with momentum, one parameter at a time. The order of operations is PyTorch's:

    g         = gradient + weight_decay·parameter       when weight_decay ≠ 0
    velocity  = momentum·velocity + g                   when momentum ≠ 0, from velocity = 0
    g         = velocity, or g + momentum·velocity      with nesterov
    parameter = parameter − lr·g

Every operation is rounded to the parameter's type, and so are the settings before they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pellucid.errors import ArgumentError
from pellucid.ops.base import Array
from pellucid.ops.checks import flag, number


@dataclass(frozen=True)
class SGD:
    """The settings of the rule. The learning rate comes with each update, because schedules change it.

    Raises: ArgumentError for a setting out of range.
    """

    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        number("sgd", "momentum", self.momentum, "[0, inf)")
        number("sgd", "weight_decay", self.weight_decay, "[0, inf)")
        flag("sgd", "nesterov", self.nesterov)
        if self.nesterov and self.momentum == 0:
            raise ArgumentError("sgd", "nesterov needs momentum", expected="momentum > 0", got="momentum=0")

    @property
    def name(self) -> str:
        """The rule's name."""
        return "sgd"

    def initial_state(self, parameter: Array) -> dict[str, Array]:
        """What the first update starts from."""
        return {"velocity": np.zeros(parameter.shape, parameter.dtype)} if self.momentum else {}

    def update(
        self,
        parameter: Array,
        gradient: Array,
        state: Mapping[str, Array],
        lr: float,
        step: int,
    ) -> tuple[Array, dict[str, Array]]:
        """The parameter and the state after update `step`, counted from 1; an empty state is the initial one.

        Example:
            >>> new, state = SGD(momentum=0.5).update(np.array([1.0]), np.array([2.0]), {}, lr=0.25, step=1)
            >>> float(new[0]), float(state["velocity"][0])
            (0.5, 2.0)
        """
        rounded = parameter.dtype.type
        rate, momentum = rounded(number("sgd", "lr", lr, "[0, inf)")), rounded(self.momentum)
        if self.weight_decay:
            gradient = gradient + rounded(self.weight_decay) * parameter
        if not self.momentum:
            return parameter - rate * gradient, {}
        velocity = momentum * (state or self.initial_state(parameter))["velocity"] + gradient
        gradient = gradient + momentum * velocity if self.nesterov else velocity
        return parameter - rate * gradient, {"velocity": velocity}
