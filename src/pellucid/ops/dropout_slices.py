"""Dropout of whole slices: all numbers that have the same first indices become zero together, or stay and grow.

    kept(j) ⇔ draw(seed, step, layer, j) ≥ p·2³²

j is the flat index of those first indices. All else is as in `dropout.py`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.ops.base import Shape
from pellucid.ops.checks import choice
from pellucid.ops.dropout import Dropout
from pellucid.sizes import size_of


class DropoutSlices(Dropout):
    """A choice for each of so many first axes together."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[j,k] = input[j,k]·(scale where kept(j), else 0), scale = 1/(1 − p), 0 where p = 1",
        "grad_input": "grad_input[j,k] = grad_output[j,k]·(scale where kept(j), else 0)",
    }

    @abstractmethod
    def chosen_by(self, shape: Shape) -> int:
        """By how many first axes of an input of this shape."""

    def draws(self, shape: Shape) -> int:
        """How many slices there are."""
        return size_of(shape[: self.chosen_by(shape)])

    def places(self, at: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
        """The slices that elements are in."""
        axes = self.chosen_by(shape)
        return super().places(at[:, :axes], shape[:axes])

    def kept(self, draws: NDArray[np.uint32], shape: Shape) -> NDArray[np.bool_]:
        """Which elements stay, shaped to meet the input."""
        axes = self.chosen_by(shape)
        return (draws >= self.threshold).reshape(*shape[:axes], *(1,) * (len(shape) - axes))


@dataclass(frozen=True)
class FeatureDropout(DropoutSlices):
    """The probability for each channel of each image, with `dims` axes behind the channels."""

    p: float = 0.5
    dims: int = 2

    @property
    def name(self) -> str:
        """dropout1d, dropout2d or dropout3d."""
        return f"dropout{self.dims}d"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → the same shape, and so for (C,…); in two dimensions (N,C,L) is a batch, as in PyTorch."""
        (input,) = shapes
        assert input is not None
        if len(input) not in (self.dims + 1, self.dims + 2):
            rule = say("input must have {fewer} or {more} axes", fewer=self.dims + 1, more=self.dims + 2)
            raise ShapeError(self.name, rule, got=f"input {input}")
        return super().infer(input)

    def chosen_by(self, shape: Shape) -> int:
        """Images and channels; without a batch channels alone."""
        return 2 if len(shape) == self.dims + 2 or self.dims == 2 else 1


@dataclass(frozen=True)
class StochasticDepth(DropoutSlices):
    """The probability for each image ("row"), or for all of them together ("batch")."""

    p: float = 0.5
    mode: str = "row"

    @property
    def name(self) -> str:
        """The op's name."""
        return "stochastic_depth"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape; "row" needs an axis."""
        (input,) = shapes
        assert input is not None
        choice(self.name, "mode", self.mode, ("batch", "row"))
        if self.mode == "row" and not input:
            raise ShapeError(self.name, "input must have a batch axis", got=f"input {input}")
        return super().infer(input)

    def chosen_by(self, shape: Shape) -> int:
        """Images, or nothing."""
        return 1 if self.mode == "row" else 0
