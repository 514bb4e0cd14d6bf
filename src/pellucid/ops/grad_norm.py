"""The norm of the gradients of all parameters that a step trains, as one vector: √Σ g², all in float64.

Order of the sum: each gradient, as it lies in memory (`engine/weights.py`), is cut into stretches of `STRETCH` numbers.
The squares of a stretch are added in 16 lanes (`functions/sums.py`), and so are the stretches' sums, parameter after
parameter. Only then the root is taken. So no number depends on threads.

Clipping by the norm multiplies every gradient, before anything else is done with it, by

    clip_factor = min(1, max_norm/(grad_norm + 1e-6))

in float64, rounded to the gradient's type (`torch.nn.utils.clip_grad_norm_`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.functions import sums
from pellucid.ops.base import Array, Shape
from pellucid.ops.checks import number
from pellucid.ops.maker import Maker
from pellucid.ops.relation import IndexPattern
from pellucid.sizes import size_of

STRETCH = 1 << 14
ROOM = 1e-6  # so that gradients of norm 0 can be divided by it


@dataclass(frozen=True)
class GradNorm(Maker):
    """The norm of some gradients, and what they are to be multiplied by.

    Raises: ArgumentError for a norm that is no number above 0.
    """

    max_norm: float | None = None

    formulas: ClassVar[Mapping[str, str]] = {
        "norm": "grad_norm = (Σ_{m,i} gradients[m,i]·gradients[m,i])^(1/2)",
        "factor": "clip_factor = min(1, max_norm/(grad_norm + 1e-6))",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_norm is not None:
            self.settle(max_norm=number("grad_norm", "max_norm", self.max_norm, "(0, inf)"))

    @property
    def name(self) -> str:
        """The name in plans."""
        return "grad_norm" if self.max_norm is None else "clip_grad_norm"

    def reads(self, of: str) -> tuple[str, ...]:
        """All gradients; the factor reads their norm."""
        return ("gradients",) if of == "norm" else ("norm",)

    def counted(self, arguments: Sequence[str], given: Collection[str]) -> tuple[str, ...]:
        """Of the gradients those that are given, in their order."""
        return tuple(name for name in given for one in arguments if name.partition("[")[0] == one)

    def meeting(self, shapes: Mapping[str, Shape]) -> IndexPattern:
        """The one result meets every number."""
        labels = {name: f"j{i}" for i, name in enumerate(shapes)}
        sizes = {labels[name]: size_of(shape) for name, shape in shapes.items()}
        return IndexPattern({"result": ()} | {name: (label,) for name, label in labels.items()}, sizes)

    def norm(self, *gradients: Array) -> np.float64:
        """√Σ g² of gradients as they lie in memory.

        Example:
            >>> float(GradNorm().norm(np.array([[3.0, 0.0]]), np.array([4.0])))
            5.0
        """
        parts = [
            _squares(gradient.reshape(-1)[start : start + STRETCH])
            for gradient in gradients
            for start in range(0, gradient.size, STRETCH)
        ]
        return np.float64(np.sqrt(sums.total(np.array(parts))))

    def factor(self, norm: float) -> float:
        """What gradients of this norm are multiplied by.

        Example:
            >>> clip = GradNorm(max_norm=1.0)
            >>> round(clip.factor(4.0), 6), clip.factor(0.5)
            (0.25, 1.0)
        """
        assert self.max_norm is not None
        quotient = self.max_norm / (norm + ROOM)
        return 1.0 if quotient >= 1.0 else quotient  # NaN stays


def _squares(numbers: Array) -> Array:
    wide = numbers.astype(np.float64)
    return sums.total(wide * wide)
