"""What optimisers' rules share: they make a parameter of itself, its gradient and a state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from pellucid.ops.base import Array, Shape
from pellucid.ops.maker import Maker
from pellucid.ops.relation import IndexPattern
from pellucid.sizes import size_of


class Rule(Maker):
    """The settings of a rule. The learning rate comes with each update, because schedules change it.

    Attributes:
        weight_decay: how strongly parameters are drawn to 0.
        decay_vectors: whether those of one axis are, too: biases, and a norm's weights.
    """

    weight_decay: float
    decay_vectors: bool

    @property
    @abstractmethod
    def states(self) -> tuple[str, ...]:
        """What is kept of each parameter from update to update."""

    @property
    @abstractmethod
    def decays(self) -> bool:
        """Whether weight decay is a part of the gradient that the rule follows."""

    def of(self, shape: Shape) -> Self:
        """The rule as a parameter of this shape obeys it: without weight decay, where that leaves vectors alone.

        Example:
            >>> from pellucid.ops.sgd import SGD
            >>> rule = SGD(weight_decay=0.1, decay_vectors=False)
            >>> rule.of((4, 3)).weight_decay, rule.of((4,)).weight_decay
            (0.1, 0.0)
        """
        if self.decay_vectors or len(shape) > 1:
            return self
        made: Any = self  # a dataclass, as all rules are
        alone: Self = replace(made, weight_decay=0.0)
        return alone

    def reads(self, of: str) -> tuple[str, ...]:
        """A state reads itself before and the gradient; what "parameter" reads, the rules say.

        Example:
            >>> from pellucid.ops.sgd import SGD
            >>> SGD(momentum=0.9).reads("velocity"), SGD(momentum=0.9).reads("parameter")
            (('velocity before', 'gradient', 'clip_factor'), ('parameter', 'velocity'))
        """
        return (f"{of} before", *self.followed)

    @property
    def followed(self) -> tuple[str, ...]:
        """What the gradient that the rule follows is made of."""
        clipped = ("gradient", "clip_factor")
        return (*clipped, "parameter") if self.decays else clipped

    def meeting(self, shapes: Mapping[str, Shape]) -> IndexPattern:
        """Numbers of the same place meet, and the factor of clipping meets all."""
        labels = {name: () if name == "clip_factor" else ("j",) for name in ("result", *shapes)}
        size = max(size_of(shape) for name, shape in shapes.items() if labels[name])
        return IndexPattern(labels, {"j": size})

    def formula_of(self, result: str) -> str:
        """What is clipped is multiplied by its factor. With weight decay the gradient that the rule follows is g."""
        formula, clipped = super().formula_of(result), "gradient⟦·clip_factor⟧"
        if not self.decays or "gradient" not in formula:
            return formula.replace("gradient", clipped)
        return f"g = {clipped} + weight_decay·parameter; {formula.replace('gradient', 'g')}"

    def initial_state(self, parameter: Array) -> dict[str, Array]:
        """What the first update starts from."""
        return {name: np.zeros(parameter.shape, parameter.dtype) for name in self.states}

    @abstractmethod
    def update(
        self, parameter: Array, gradient: Array, state: Mapping[str, Array], lr: float, step: int
    ) -> tuple[Array, dict[str, Array]]:
        """The parameter and the state after update `step`, counted from 1; an empty state is the initial one."""
