"""Stochastic gradient descent with momentum, one parameter at a time. The order of operations is PyTorch's:

    g         = gradient + weight_decay·parameter       when weight_decay ≠ 0, of vectors if decay_vectors
    velocity  = momentum·velocity + g                   when momentum ≠ 0, from velocity = 0
    g         = velocity, or g + momentum·velocity      with nesterov
    parameter = parameter − lr·g

Every operation is rounded to the parameter's type, and so are the settings before they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ArgumentError
from pellucid.ops.base import Array
from pellucid.ops.checks import flag, number
from pellucid.ops.rule import Rule


@dataclass(frozen=True)
class SGD(Rule):
    """The settings of the rule. The learning rate comes with each update, because schedules change it.

    Raises: ArgumentError for a setting out of range.
    """

    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    decay_vectors: bool = True

    formulas: ClassVar[Mapping[str, str]] = {
        "velocity": "velocity = momentum·velocity before + gradient",
        "parameter": "updated = parameter − lr·gradient",
        "parameter with momentum": "updated = parameter − lr·velocity",
        "parameter with nesterov": "updated = parameter − lr·(gradient + momentum·velocity)",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        number("sgd", "momentum", self.momentum, "[0, inf)")
        number("sgd", "weight_decay", self.weight_decay, "[0, inf)")
        flag("sgd", "nesterov", self.nesterov)
        flag("sgd", "decay_vectors", self.decay_vectors)
        if self.nesterov and self.momentum == 0:
            raise ArgumentError("sgd", "nesterov needs momentum", expected="momentum > 0", got="momentum=0")

    @property
    def name(self) -> str:
        """The rule's name."""
        return "sgd"

    def formula_of(self, result: str) -> str:
        """The parameter's depends on what it follows."""
        if result == "parameter" and self.momentum:
            result = f"parameter with {'nesterov' if self.nesterov else 'momentum'}"
        return super().formula_of(result)

    @property
    def states(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    @property
    def decays(self) -> bool:
        """Whenever there is weight decay."""
        return self.weight_decay != 0

    def reads(self, of: str) -> tuple[str, ...]:
        """The parameter follows the new velocity, the gradient, or with nesterov both."""
        if of != "parameter":
            return super().reads(of)
        if not self.momentum:
            return ("parameter", *self.followed)
        return ("parameter", "velocity", *(self.followed if self.nesterov else ()))

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
            >>> import numpy as np
            >>> new, state = SGD(momentum=0.5).update(np.array([1.0]), np.array([2.0]), {}, lr=0.25, step=1)
            >>> float(new[0]), float(state["velocity"][0])
            (0.5, 2.0)
        """
        rounded = parameter.dtype.type
        rate, momentum = rounded(number("sgd", "lr", lr, "[0, inf)")), rounded(self.momentum)
        if decay := self.of(parameter.shape).weight_decay:
            gradient = gradient + rounded(decay) * parameter
        if not self.momentum:
            return parameter - rate * gradient, {}
        velocity = momentum * (state or self.initial_state(parameter))["velocity"] + gradient
        gradient = gradient + momentum * velocity if self.nesterov else velocity
        return parameter - rate * gradient, {"velocity": velocity}
