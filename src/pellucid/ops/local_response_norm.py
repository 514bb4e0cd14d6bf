"""Local response normalisation: every number is divided by a measure of its neighbours across channels.

    s[n,c,y]     = k + alpha/size·Σ_j input[n,j,y]²      over the `size` channels j around c that exist
    inner[n,j,y] = grad_output[n,j,y]·input[n,j,y]·s[n,j,y]^(−beta − 1)

The gradient's sum goes over the channels j whose neighbourhood holds c; slope = 2·alpha·beta/size, and y stands for all
coordinates in space.
Channel c's neighbours begin at c − ⌊size/2⌋. Computed in float64 and rounded once.
Source: Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks, 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ArgumentError, ShapeError
from pellucid.functions import arrays
from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.checks import number
from pellucid.ops.relation import IndexPattern, Labels, spans
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True)
class LocalResponseNorm(Op):
    """How many neighbouring channels count, and the three constants of the formula."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = input[n,c,y]·s[n,c,y]^(−beta)",
        "grad_input": "grad_input[n,c,y] = "
        "grad_output[n,c,y]·s[n,c,y]^(−beta) − slope·input[n,c,y]·Σ_j inner[n,j,y]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "local_response_norm"

    keeps_positions: ClassVar[bool] = True

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Channels around; backwards also those that these have around them."""
        n, c, *space = shapes["input"]
        first = np.arange(c) - self.size // 2
        links = spans([np.stack([first.clip(0), (first + self.size).clip(max=c)], axis=1)])
        labels: dict[str, Labels] = {"input": ("n", "i0", "s"), "output": ("n", "y0", "s")}
        sizes = {"n": n, "i0": c, "y0": c, "s": size_of(space)}
        return IndexPattern(labels, sizes, links, through="output")

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,…)."""
        (input,) = shapes
        assert input is not None
        if len(input) < 3:
            raise ShapeError(self.name, "input must have at least 3 axes (N, C, …)", got=f"input {input}")
        if not is_integer(self.size) or self.size < 1:
            raise ArgumentError(self.name, "size must be a whole number above 0", got=f"size={self.size!r}")
        if self.size >= 2**31:
            rule = "size is too large"
            raise ArgumentError(self.name, rule, expected="less than 2³¹", got=f"size={self.size!r}")
        for name in ("alpha", "beta", "k"):
            number(self.name, name, getattr(self, name))
        return input

    def forward(self, *operands: Array) -> Array:
        """One sum over neighbours."""
        (input,) = operands
        self.infer(input.shape)
        values = input.astype(np.float64)
        with np.errstate(all="ignore"):
            return (values * arrays.raised(self._measure(values), -self.beta)).astype(input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """By the product rule; a channel counts in its neighbours' sums."""
        (input,) = operands
        values, grad = input.astype(np.float64), grad_output.astype(np.float64)
        with np.errstate(all="ignore"):
            measure = self._measure(values)
            power = arrays.raised(measure, -self.beta)
            inner = grad * values * (power / measure)
            shared = self._summed(inner, self.size - 1 - self.size // 2)
            slope = 2 * self.alpha * self.beta / self.size
            return ((grad * power - slope * values * shared).astype(input.dtype),)

    def _measure(self, values: Array) -> Array:
        """s of every number."""
        return self.k + self.alpha / self.size * self._summed(values * values, self.size // 2)

    def _summed(self, values: Array, before: int) -> Array:
        """The sum over `size` channels, the first of which lies `before` the one at hand, as far as they exist."""
        channels = values.shape[1]
        before, behind = min(before, channels), min(self.size - 1 - before, channels)
        padded = np.pad(values, ((0, 0), (before, behind), *((0, 0),) * (values.ndim - 2)))
        total = np.zeros_like(values)
        for j in range(before + 1 + behind):
            total += padded[:, j : j + channels]
        return total
