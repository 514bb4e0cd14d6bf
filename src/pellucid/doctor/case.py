"""One input's gradient, number by number: what backward gave, and what differences of forward give."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pellucid.derived import derived
from pellucid.doctor.dice import Dice
from pellucid.doctor.layer import Array
from pellucid.doctor.slopes import Floats, Point, Slope

RELATIVE = 1e-6  # of the sum of an element's |terms|: less is rounding
_FINE = 1e-8  # of the sum of |terms| along a direction, where forward and backward compute in float64
_ALONE = 128  # elements of an input that have a direction each
_PARTS = 32  # directions that share out more of them
_STEPS = 0.5, 0.3  # with which a difference must stay what it is
_ENTRIES = 1 << 22  # numbers that a Jacobian may have
_WORST = 1e-3  # relative error that is granted to differences
_SOME = 16  # wrong elements that are looked for in a large gradient, and random ones


@dataclass(frozen=True, eq=False)
class Case:
    """The gradient of input i at some of its positions.

    Attributes:
        point: where the layer is examined.
        i: which input.
        gradient: what backward returned, in the input's shape.
        positions: the flat positions that were looked at.
        jacobian: ∂output/∂input, a row for each position, a column for each output.
        judged: whether a position can be judged: its derivative has no kink.
        error: the relative error of differences here.
    """

    point: Point
    i: int
    gradient: Floats
    positions: NDArray[np.int64]
    jacobian: Floats
    judged: NDArray[np.bool_]
    error: float

    @property
    def shape(self) -> tuple[int, ...]:
        """The input's shape."""
        return self.point.inputs[self.i].shape

    @property
    def name(self) -> str:
        """The input's name."""
        return self.point.layer.names[self.i]

    @property
    def whole(self) -> bool:
        """Whether every position was looked at."""
        return len(self.positions) == self.gradient.size

    @derived
    def grad_output(self) -> Floats:
        """The gradient that backward was given, in one row."""
        return self.point.grad_output.ravel()

    @derived
    def got(self) -> Floats:
        """What backward returned at the positions."""
        return self.gradient.ravel()[self.positions]

    @derived
    def expected(self) -> Floats:
        """What forward's differences give at the positions."""
        return self.jacobian @ self.grad_output

    @derived
    def tolerance(self) -> Floats:
        """How far a right number may lie from the expected one: a share of the sum of |terms|, and rounding."""
        sizes = np.abs(self.jacobian) @ np.abs(self.grad_output)
        share = RELATIVE + 10 * self.error
        floor = 1e-2 * share * float(sizes.max(initial=0.0)) + 10 * self.point.rounding(self.i)
        return np.add(share * sizes, floor)

    @derived
    def wrong(self) -> NDArray[np.bool_]:
        """Which of the positions hold a wrong number."""
        with np.errstate(invalid="ignore"):
            close = np.abs(self.got - self.expected) <= self.tolerance
        return ~close & self.judged

    def index(self, row: int) -> tuple[int, ...]:
        """The index in the input of a row's position."""
        return tuple(int(x) for x in np.unravel_index(self.positions[row], self.shape))


@dataclass(frozen=True)
class Direction:
    """A whole gradient against one random direction v: ⟨gradient, v⟩ and ⟨grad_output, derivative along v⟩."""

    got: float
    expected: float
    tolerance: float
    error: float

    @property
    def ok(self) -> bool:
        """Whether the two agree."""
        return abs(self.got - self.expected) <= self.tolerance


def along(point: Point, i: int, gradient: Floats, direction: Array, fine: bool = False) -> Direction:
    """Compare a gradient with forward along one direction.

    Where they differ forward is asked again with smaller steps: rounding then gives other numbers, a mistake the same.
    """
    slope = point.along(i, direction)
    found = compare(point, i, gradient, direction, slope, fine)
    if found.ok:
        return found
    again = [point.along(i, direction, step) for step in _STEPS]
    if any((other.bent & (point.grad_output != 0)).any() for other in (slope, *again)):
        return replace(found, tolerance=np.inf)  # a kink lies here: there is no one slope
    expected = [float((point.grad_output * other.value).sum()) for other in again]
    spread = max(abs(other - found.expected) for other in expected)
    return replace(found, tolerance=found.tolerance + 10 * spread)


def compare(point: Point, i: int, gradient: Floats, direction: Array, slope: Slope, fine: bool) -> Direction:
    """The same with forward's slope at hand."""
    size, weights = np.abs(slope.value), np.abs(point.grad_output)
    largest = float(size.max(initial=0.0))
    error = float(slope.error.max(initial=0.0)) / largest if largest > point.rounding(i) else 0.0
    share = _FINE if fine else RELATIVE
    with np.errstate(invalid="ignore", over="ignore"):  # a gradient may hold anything
        got = float((gradient * direction).sum())
    return Direction(
        got=got,
        expected=float((point.grad_output * slope.value).sum()),
        tolerance=share * float((weights * size).sum()) + 10 * float((weights * slope.error).sum()),
        error=min(error, _WORST),
    )


def parts(point: Point, i: int, dice: Dice) -> list[Array]:
    """Directions that share the elements of an input out at random: each element is in one, alone if they are few."""
    shape = point.inputs[i].shape
    order = dice.order(point.inputs[i].size)
    weights = dice.direction(order.shape)
    directions = []
    for part in np.array_split(order, order.size if order.size <= _ALONE else _PARTS):
        directions.append(np.zeros(shape))
        directions[-1].flat[part] = weights[part]
    return directions


def look(point: Point, i: int, gradient: Floats, error: float, most: int, dice: Dice, fine: bool) -> Case:
    """The derivative of every element; of some wrong ones and some others where there are more than `most`."""
    size = gradient.size
    whole = size <= min(most, _ENTRIES // max(1, point.output.size))
    positions = np.arange(size) if whole else _some(point, i, gradient, dice, fine)
    columns = [point.column(i, int(position)) for position in positions]
    jacobian = np.array([column for column, _ in columns]).reshape(len(columns), point.output.size)
    judged = np.array([not bent for _, bent in columns], np.bool_)
    return Case(point, i, gradient, positions, jacobian, judged, error)


def _some(point: Point, i: int, gradient: Floats, dice: Dice, fine: bool) -> NDArray[np.int64]:
    """Positions at which a large gradient is wrong, found by halving it.

    A part is compared along a random direction that is zero elsewhere, and dropped if it agrees. Some random positions
    come along, since a mistake must also explain what is right.
    """
    waiting = np.array_split(np.arange(gradient.size), min(_PARTS, gradient.size))
    found: list[int] = []
    while waiting and len(found) < _SOME:
        part = waiting.pop()
        direction = np.zeros(gradient.shape)
        direction.flat[part] = dice.direction(part.shape)
        if along(point, i, gradient, direction, fine).ok:
            continue
        if len(part) == 1:
            found.append(int(part[0]))
        else:
            halves = np.array_split(part, 2)
            waiting += halves if dice.coin() else halves[::-1]
    return np.union1d(np.array(found, np.int64), dice.sample(gradient.size, _SOME))
