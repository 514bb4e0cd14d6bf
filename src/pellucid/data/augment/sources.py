"""Which pixels an augmented pixel is made of: Σ weight·pixel + constant, with a bound on what rounding adds.

A pixel is made again by the operations of `definition.py`, each of which is carried out twice: rounded, as in the
batch, and on weights. An operation whose result is v loses at most 2⁻²⁴·|v|, or 2⁻¹⁵⁰ where v is tiny, and carries
on what those before have lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid.data.augment import definition
from pellucid.data.augment.draws import CONTRAST, SATURATION, Drawn
from pellucid.data.augment.settings import Settings
from pellucid.data.preprocessing import as_float
from pellucid.numbers import white

Number = np.float32
_UNIT, _TINY = 2.0**-24, 2.0**-150
_WEIGHTS = 2.0**-44  # what weights, which are float64, lose of Σ |weight·pixel|


class Source(NamedTuple):
    """A pixel of the dataset, images[image,c,y,x], and with which weight it counts."""

    image: int
    c: int
    y: int
    x: int
    weight: float


@dataclass(frozen=True)
class Sources:
    """What an augmented pixel is made of: |value − (Σ weight·pixel + constant)| ≤ bound.

    Attributes:
        value: the pixel, as the batch has it.
        terms: pixels of the dataset. One that a limit to 0 … 1 has taken its effect from has the weight 0.
        constant: what is there without them: limits, shift, and what contrast adds, which all pixels of an image make.
        bound: how far rounding may lead away from the sum.
    """

    value: float
    terms: tuple[Source, ...]
    constant: float
    bound: float


@dataclass(frozen=True)
class Linear:
    """A rounded number that is a sum of weighted pixels, and how far it may be from the sum."""

    value: Number
    weights: dict[tuple[int, int, int, int], float]
    constant: float = 0.0
    bound: float = 0.0

    @classmethod
    def of(cls, value: Number) -> Linear:
        """A number that no pixel takes part in."""
        return cls(value, {}, float(value))

    def __mul__(self, factor: Number) -> Linear:
        value, by = self.value * factor, float(factor)
        weights = {place: weight * by for place, weight in self.weights.items()}
        return Linear(value, weights, self.constant * by, self.bound * abs(by) + _lost(value))

    def __add__(self, other: Linear) -> Linear:
        value, weights = self.value + other.value, dict(self.weights)
        for place, weight in other.weights.items():
            weights[place] = weights.get(place, 0.0) + weight
        bound = self.bound + other.bound + _lost(value)
        return Linear(value, weights, self.constant + other.constant, bound)

    def __sub__(self, other: Linear) -> Linear:
        return self + other * Number(-1)

    def limited(self) -> Linear:
        """The number between 0 and 1."""
        if 0 <= self.value <= 1 or self.value != self.value:
            return self
        limit = Number(self.value > 1)
        return Linear(limit, dict.fromkeys(self.weights, 0.0), float(limit))

    def sources(self, images: dict[int, NDArray[Any]]) -> Sources:
        """The same for readers: weights are of pixels as the dataset has them, whose images are given by number."""
        lightest = white(next(iter(images.values())).dtype)
        terms = [Source(*place, weight / lightest) for place, weight in self.weights.items()]
        size = sum(abs(term.weight * float(images[term.image][term[1:4]])) for term in terms) + abs(
            self.constant
        )
        bound = self.bound * (1 + _UNIT) + size * _WEIGHTS if self.bound else 0.0
        return Sources(float(self.value), tuple(terms), self.constant, bound)


def _lost(value: Number) -> float:
    return _UNIT * abs(float(value)) + _TINY


class Traced:
    """One augmented image, whose pixels are asked for one by one; of `Drawn` the first counts."""

    def __init__(
        self,
        settings: Settings,
        image: NDArray[Any],
        index: int,
        one: Drawn,
        scale: NDArray[np.float32],
        shift: NDArray[np.float32],
    ) -> None:
        self.settings, self.index, self.one, self.scale, self.shift = settings, index, one, scale, shift
        self.exact = image.dtype == np.float32
        self.unit, shape = as_float(image), image.shape
        if settings.resized_crop:
            self.axes = definition.axes(one, shape)
            placed = definition.stretch(self.unit, *self.axes)
        else:
            self.seen = definition.rows_and_columns(settings, one, shape)
            placed = definition.crop(self.unit, *self.seen)
        if settings.warps:
            self.turned = definition.turned(settings, one, shape)
            placed = definition.turn(placed, *self.turned)
        self.steps = list(definition.colours(placed, one)) if settings.colours else []

    def pixel(self, c: int, y: int, x: int) -> Linear:
        """An augmented pixel, before images are mixed."""
        one = self.one
        inside = one.cut_top[0] <= y < one.cut_bottom[0] and one.cut_left[0] <= x < one.cut_right[0]
        if self.settings.cutout and inside:
            return Linear.of(Number(0))
        result: Linear = self._coloured(len(self.steps), c, y, x)
        if self.scale[c] == 1 and self.shift[c] == 0:
            return result
        result *= self.scale[c]
        return result + Linear.of(self.shift[c])

    def _coloured(self, steps: int, c: int, y: int, x: int) -> Linear:
        """A pixel after so many steps of colours."""
        if not steps:
            return self._turned(c, y, x)
        step, before = self.steps[steps - 1], self._coloured(steps - 1, c, y, x)
        result: Linear = before * step.factor
        if step.kind == CONTRAST:
            result += Linear.of(step.rest)
        elif step.kind == SATURATION:
            grey: Linear = definition.grey([self._coloured(steps - 1, channel, y, x) for channel in range(3)])
            result += grey * (Number(1) - step.factor)
        return result.limited()

    def _turned(self, c: int, y: int, x: int) -> Linear:
        if not self.settings.warps:
            return self._placed(c, y, x)
        down, along = self.turned
        share, columns = along.share[y, x], (int(along.near[y, x]), int(along.far[y, x]))
        upper, lower = (
            between(self._placed(c, row, columns[0]), self._placed(c, row, columns[1]), share)
            for row in (int(down.near[y, x]), int(down.far[y, x]))
        )
        return between(upper, lower, down.share[y, x])

    def _placed(self, c: int, y: int, x: int) -> Linear:
        """A pixel after crop and flip, or of a stretched part; 0 beside the image."""
        _, height, width = self.unit.shape
        if not (0 <= y < height and 0 <= x < width):
            return Linear.of(Number(0))
        if not self.settings.resized_crop:
            rows, columns = self.seen
            return self._source(c, int(rows[y]), int(columns[x]))
        down, along = self.axes
        share, columns = along.share[x], (int(along.near[x]), int(along.far[x]))
        upper, lower = (
            between(self._source(c, row, columns[0]), self._source(c, row, columns[1]), share)
            for row in (int(down.near[y]), int(down.far[y]))
        )
        return between(upper, lower, down.share[y])

    def _source(self, c: int, y: int, x: int) -> Linear:
        """A pixel of the dataset."""
        if y < 0 or x < 0:
            return Linear.of(Number(0))
        value = self.unit[c, y, x]
        return Linear(value, {(self.index, c, y, x): 1.0}, bound=0.0 if self.exact else _lost(value))


def between(a: Linear, b: Linear, share: Number) -> Linear:
    """a + share·(b − a)."""
    return a + (b - a) * share
