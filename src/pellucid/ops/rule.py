"""What optimisers' rules share: they make a parameter of itself, its gradient and a state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from pellucid.ops.base import Array
from pellucid.ops.maker import Maker


class Rule(Maker):
    """The settings of a rule. The learning rate comes with each update, because schedules change it."""

    @property
    @abstractmethod
    def states(self) -> tuple[str, ...]:
        """What is kept of each parameter from update to update."""

    @property
    @abstractmethod
    def decays(self) -> bool:
        """Whether weight decay is a part of the gradient that the rule follows."""

    def reads(self, of: str) -> tuple[str, ...]:
        """A state reads itself before and the gradient; what "parameter" reads, the rules say.

        Example:
            >>> from pellucid.ops.sgd import SGD
            >>> SGD(momentum=0.9).reads("velocity"), SGD(momentum=0.9).reads("parameter")
            (('velocity before', 'gradient'), ('parameter', 'velocity'))
        """
        return (f"{of} before", *self.followed)

    @property
    def followed(self) -> tuple[str, ...]:
        """What the gradient that the rule follows is made of."""
        return ("gradient", "parameter") if self.decays else ("gradient",)

    def formula_of(self, result: str) -> str:
        """With weight decay the gradient that the rule follows is g."""
        formula = super().formula_of(result)
        if not self.decays or "gradient" not in formula:
            return formula
        return f"g = gradient + weight_decay·parameter; {formula.replace('gradient', 'g')}"

    def initial_state(self, parameter: Array) -> dict[str, Array]:
        """What the first update starts from."""
        return {name: np.zeros(parameter.shape, parameter.dtype) for name in self.states}

    @abstractmethod
    def update(
        self, parameter: Array, gradient: Array, state: Mapping[str, Array], lr: float, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """The parameter and the state after update `step`, counted from 1; an empty state is the initial one."""
