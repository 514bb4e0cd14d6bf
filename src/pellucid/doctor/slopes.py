"""Derivatives of a layer by central differences, and where they can be believed.

    (f(x + h·v) − f(x − h·v)) / 2h  =  Σ_i ∂f/∂x_i·v_i + h²/6·f''' + …

With steps h and h/2 Richardson's extrapolation removes the h² term, and the difference of the two is a bound for the
error. At a kink (ReLU at zero, a tie of max pooling) the slopes on the two sides differ, however small h is:
`bend` = |f(x+h·v) − 2f(x) + f(x−h·v)| / h stays, where it is proportional to h for a smooth function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pellucid.doctor.dice import Dice
from pellucid.doctor.layer import WHERE, Array, Arrays, Layer
from pellucid.errors import ArgumentError, say

Floats = NDArray[np.float64]
_EPSILONS = tuple(float(np.finfo(kind).eps) for kind in (np.float64, np.float32))
_BENT = dict(zip(_EPSILONS, ((1e-3, 3e-5), (0.1, 0.03)), strict=True))  # of a slope, and of the largest one
_ROUGH = 1e-4  # disagreement of two steps above which forward may compute in float32
_MOVES = 3  # times that inputs on a kink are moved
_MOVED = 1e-3  # how far, in standard deviations


@dataclass(frozen=True, eq=False)
class Slope:
    """The derivative of every output along one direction: its value, a bound for its error, whether it has a kink."""

    value: Floats
    error: Floats
    bent: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Point:
    """Where a layer is examined.

    Attributes:
        layer: the layer.
        inputs: its inputs.
        output: its output there.
        grad_output: the random gradient that backward is given; zero where the output has a kink.
        epsilon: the relative precision with which forward computes.
        moved: the names of the inputs that were moved away from kinks.
    """

    layer: Layer
    inputs: Arrays
    output: Array
    grad_output: Floats
    epsilon: float = _EPSILONS[0]
    moved: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        """Whether forward computes in float64."""
        return self.epsilon == _EPSILONS[0]

    def step(self, i: int) -> float:
        """The step for an input: it balances the h² of the difference against the rounding of forward."""
        return float(self.epsilon ** (1 / 3)) * _scale(self.inputs[i])

    def with_input(self, i: int, array: Array) -> Point:
        """The same with another array for one input."""
        inputs = (*self.inputs[:i], array, *self.inputs[i + 1 :])
        return replace(self, inputs=inputs, output=self.layer.output(inputs))

    def along(self, i: int, direction: Array, shorter: float = 1.0) -> Slope:
        """The derivative of the output along a direction of input i, with its error."""
        h = shorter * self.step(i)
        ahead, behind = self._moved(i, h * direction), self._moved(i, -h * direction)
        near_ahead, near_behind = self._moved(i, h / 2 * direction), self._moved(i, -h / 2 * direction)
        wide, narrow = (ahead - behind) / (2 * h), (near_ahead - near_behind) / h
        error = np.abs(narrow - wide) + self.rounding(i)
        bend = np.abs(near_ahead - 2 * self.output + near_behind) / (h / 2)
        return Slope((4 * narrow - wide) / 3, error, self._bent(i, bend, narrow))

    def column(self, i: int, position: int) -> tuple[Floats, bool]:
        """∂output/∂input[position] for every output, and whether there is a kink that grad_output sees."""
        h = self.step(i)
        direction = np.zeros(self.inputs[i].shape)
        direction.flat[position] = h
        ahead, behind = self._moved(i, direction), self._moved(i, -direction)
        slope = (ahead - behind) / (2 * h)
        bent = self._bent(i, np.abs(ahead - 2 * self.output + behind) / h, slope)
        return slope.ravel(), bool((bent & (self.grad_output != 0)).any())

    def _moved(self, i: int, by: Array) -> Floats:
        """The output with one input moved."""
        inputs = (*self.inputs[:i], self.inputs[i] + by, *self.inputs[i + 1 :])
        output = self.layer.output(inputs)
        if output.shape != self.output.shape:
            raise ArgumentError(
                WHERE,
                "forward must return arrays of one shape",
                got=say("{first} and {second}", first=self.output.shape, second=output.shape),
            )
        return output.astype(np.float64)

    def rounding(self, i: int) -> float:
        """How far a difference quotient can be off because forward rounds: for outputs up to the largest one."""
        return 4 * self.epsilon * float(np.abs(self.output).max(initial=0.0)) / self.step(i)

    def _bent(self, i: int, bend: Floats, slope: Floats) -> NDArray[np.bool_]:
        """Where a second difference is too large for a smooth function and for rounding."""
        share, least = _BENT[self.epsilon]
        size = np.abs(slope)
        bent: NDArray[np.bool_] = bend > share * size + least * size.max(initial=0.0) + 100 * self.rounding(i)
        return bent


def settle(
    layer: Layer, inputs: Arrays, wanted: Sequence[int], dice: Dice
) -> tuple[Point, dict[int, tuple[Array, Slope]]]:
    """A point at which the layer can be judged, with a random direction and the slope along it for each input.

    It is the caller's inputs, moved a little where they lie on a kink.

    Args:
        layer: the layer.
        inputs: the caller's inputs.
        wanted: which of them are differentiated.
        dice: where directions and grad_output come from.

    Raises: ArgumentError when forward gives something else at every call, or has no slope anywhere near.
    """
    output = layer.output(inputs)
    if not np.array_equal(output, layer.output(inputs)):
        raise ArgumentError(
            WHERE,
            "forward must return the same numbers for the same inputs",
            got="two different outputs",
            hint="draw random numbers, such as dropout's mask, outside and hand them in as an input",
        )
    grad_output = dice.direction(output.shape)  # no zeros: every term is seen
    point = Point(layer, inputs, output, grad_output, _EPSILONS[output.dtype == np.float32])
    moved: set[int] = set()
    for last in range(_MOVES + 1):
        directions = {i: dice.direction(point.inputs[i].shape) for i in wanted}
        point = _with_precision(point, wanted[0], directions[wanted[0]])
        slopes = {i: point.along(i, direction) for i, direction in directions.items()}
        bent = [i for i, slope in slopes.items() if slope.bent.any()]
        if not bent or last == _MOVES:
            break
        moved.update(bent)
        for i in bent:
            by = _MOVED * _scale(point.inputs[i]) * directions[i]
            point = point.with_input(i, point.inputs[i] + by)
    kinks = np.any([slope.bent for slope in slopes.values()], axis=0)
    if kinks.all() and kinks.size:
        raise ArgumentError(
            WHERE,
            "forward must have a slope",
            got="an output that jumps or bends wherever its inputs are moved",
            hint="rounding and counting have no gradient",
        )
    names = tuple(layer.names[i] for i in sorted(moved))
    point = replace(point, grad_output=np.where(kinks, 0.0, point.grad_output), moved=names)
    return point, {i: (directions[i], slopes[i]) for i in wanted}


def _with_precision(point: Point, i: int, direction: Array) -> Point:
    """The point with the precision at which differences agree: forward may round to float32 inside."""

    def disagreement(point: Point) -> float:
        slope = point.along(i, direction)
        return float(slope.error.max(initial=0.0)) / (float(np.abs(slope.value).max(initial=0.0)) or 1.0)

    exact = disagreement(point)
    rough = replace(point, epsilon=_EPSILONS[1])
    return rough if exact > _ROUGH and disagreement(rough) < exact else point


def _scale(array: Array) -> float:
    """The size of an array's numbers: their root mean square, 1 for zeros."""
    return float(np.sqrt(np.mean(np.square(array)))) or 1.0 if array.size else 1.0
