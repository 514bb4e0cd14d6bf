"""Winograd's algorithm for windows of 3 positions and tiles of 4 outputs along each axis: its matrices.

It is bilinear. Along one axis, two factors are transformed to points, points are multiplied, and the sums of products
are transformed back:

    result = A·[Σ over `products` (L·left) ⊙ (R·right)]

with sums over channels or tiles in between, and the same along the other axis (L·left·Lᵀ, …). The matrices evaluate and
interpolate polynomials. (Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, Fast Algorithms for
Convolutional Neural Networks, 2016.)

Stride 1 is F(4,3) at the points 0, 1, −1, 2, −2 and ∞: 36 products for a tile of 4×4 outputs in place of 144. Weights
and grad_output are multiplied by fractions: weights that are multiples of 576 stay whole.

Stride 2 has two phases. Every second position of the input meets two taps of a window, those in between one:

    output[y] = w₀·even[y] + w₂·even[y+1] + w₁·odd[y]

so it is F(4,2) at 0, 1, −1, 2 and ∞, and F(4,1) at the first four of these, whose products are added at the points they
have in common: 81 products in place of 144. The input gradient has the same phases in its result, the weight gradient
in its result and in the input. All matrices are whole, and the results are divided by 36 at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

Kind = Literal[
    "input", "weight", "grad_output", "output", "grad_weight",
    "input_2", "weight_2", "grad_output_2", "output_2", "grad_weight_2",
    "input_1", "weight_1", "output_1", "output_1_late", "grad_weight_1",
]  # fmt: skip
Matrix = tuple[tuple[int, ...], ...]
Side = Literal["left", "right", "result"]

SIDE = 4  # outputs of a tile along each axis

_POINTS = ((1, 0, 0, 0), (1, 1, 1, 1), (1, -1, 1, -1), (1, 2, 4, 8), (1, -2, 4, -8))
_THREE = (4, -6, -6, 24, 24, 1)
_TWO = tuple(
    zip((3, -3, -1, 1), _POINTS[:4], strict=True)
)  # 6 / Π (point − other point), and the point's powers
_INPUT_2 = ((2, -1, -2, 1, 0), (0, -2, -1, 1, 0), (0, 2, -3, 1, 0), (0, -1, 0, 1, 0), (0, 2, -1, -2, 1))
_OUTPUT_2 = tuple((*(c * point[i] for c, point in _TWO), 6 * (i == 3)) for i in range(SIDE))

# The name's number is how many taps of a window a phase meets; all three where there is none.
MATRICES: dict[Kind, Matrix] = {
    "input": (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    "weight": (*(row[:3] for row in _POINTS), (0, 0, 1)),
    "grad_output": (*_POINTS, (0, 0, 0, 1)),
    "output": tuple((*(row[i] for row in _POINTS), int(i == 3)) for i in range(SIDE)),
    "grad_weight": tuple((*(row[i] for row in _POINTS), int(i == 2)) for i in range(3)),
    "input_2": _INPUT_2,
    "weight_2": (*(row[:2] for row in _POINTS[:4]), (0, 1)),
    "grad_output_2": tuple(zip(*_OUTPUT_2, strict=True)),
    "output_2": _OUTPUT_2,
    "grad_weight_2": tuple((*(row[i] for row in _POINTS[:4]), i) for i in range(2)),
    "input_1": tuple(row[:4] for row in _INPUT_2[:4]),
    "weight_1": ((1,),),
    "output_1": tuple(row[:4] for row in _OUTPUT_2),
    # the tap meets the second of the positions that F(4,2) would meet: nothing at 0, something at ∞
    "output_1_late": tuple(
        (*(c * point[i] * point[1] for c, point in _TWO[1:]), 6 * (i == 3)) for i in range(SIDE)
    ),
    "grad_weight_1": ((1,),),
}
_DIVISORS: dict[Kind, tuple[int, ...]] = {
    "weight": _THREE,
    "grad_output": _THREE,
    "output_2": (6,) * SIDE,
    "output_1": (6,) * SIDE,
    "output_1_late": (6,) * SIDE,
    "grad_weight_2": (6, 6),
    "grad_weight_1": (6,),
}


def divisors(kind: Kind) -> tuple[int, ...]:
    """What the rows of a matrix are divided by."""
    return _DIVISORS.get(kind) or (1,) * len(MATRICES[kind])


@dataclass(frozen=True)
class Phase:
    """The positions first, first + step, … of a tile along an axis, and the matrix to their points or back."""

    kind: Kind
    first: int = 0
    step: int = 1

    @property
    def transposed(self) -> bool:
        """Whether points are columns of the matrix: those of a result."""
        return self.kind.startswith(("output", "grad_weight"))

    @property
    def points(self) -> int:
        """How many points."""
        return len(MATRICES[self.kind][0] if self.transposed else MATRICES[self.kind])

    @property
    def positions(self) -> range:
        """Which positions."""
        size = len(MATRICES[self.kind] if self.transposed else MATRICES[self.kind][0])
        return range(self.first, self.first + self.step * size, self.step)


Phases = tuple[Phase, ...]
Two = tuple[int, int]


@dataclass(frozen=True)
class Along:
    """The algorithm along one axis. Points are numbered on from phase to phase."""

    left: Phases
    right: Phases
    result: Phases
    products: tuple[tuple[Two, ...], ...]  # for each point of the result: points of left and of right
    corner: int  # where the first tile of left begins
    strides: Two  # SIDE times as far it is from tile to tile of left and of the result

    def phases(self, side: Side) -> Phases:
        """The phases of one side."""
        return {"left": self.left, "right": self.right, "result": self.result}[side]


@dataclass(frozen=True)
class Pair:
    """A phase along H and one along W: what one transform does."""

    phases: tuple[Phase, Phase]
    point: int  # the first of its points in the plane

    @property
    def kinds(self) -> tuple[Kind, Kind]:
        """The matrices along H and W."""
        return self.phases[0].kind, self.phases[1].kind

    def offset(self, steps: Two) -> int:
        """Where it begins in a tile with these steps from row to row and from column to column."""
        return sum(phase.first * step for phase, step in zip(self.phases, steps, strict=True))

    def steps(self, steps: Two) -> Two:
        """Its own steps from row to row and from column to column."""
        return self.phases[0].step * steps[0], self.phases[1].step * steps[1]


@dataclass(frozen=True)
class Scheme:
    """The algorithm in the plane: along H and W, with equally many points. Point (i,j) has number i·points + j."""

    h: Along
    w: Along

    def points(self, side: Side) -> int:
        """How many points one side has along an axis."""
        return sum(phase.points for phase in self.h.phases(side))

    def pairs(self, side: Side) -> list[Pair]:
        """The transforms of one side."""
        across = self.points(side)
        rows, columns = (_begins(along.phases(side)) for along in (self.h, self.w))
        return [Pair((p, q), i * across + j) for (p, i), (q, j) in product(rows, columns)]

    @property
    def multiplications(self) -> int:
        """How many products of numbers a tile takes."""
        return sum(map(len, self.h.products)) * sum(map(len, self.w.products))

    @cached_property
    def products(self) -> list[tuple[Two, ...]]:
        """For each point of the result, the points of left and right whose products it sums."""
        left, right = self.points("left"), self.points("right")
        return [
            tuple((i * left + j, k * right + m) for (i, k), (j, m) in product(rows, columns))
            for rows, columns in product(self.h.products, self.w.products)
        ]


def _begins(phases: Phases) -> list[tuple[Phase, int]]:
    """Each phase, and its first point."""
    return [(phase, sum(before.points for before in phases[:i])) for i, phase in enumerate(phases)]


_SAME = tuple(((i, i),) for i in range(6))
_EVEN = _SAME[:5]
_ODD = tuple(((i, 5),) for i in range(5))
_INPUT = (Phase("input_2", 0, 2), Phase("input_1", 1, 2))
_WEIGHT = (Phase("weight_2", 0, 2), Phase("weight_1", 1))
_TURNED = (Phase("weight_2", 2, -2), Phase("weight_1", 1))


def output(stride: int, before: int) -> Along:
    """The output, from the input and the weight, with this much padding before the input."""
    if stride == 1:
        return Along((Phase("input"),), (Phase("weight"),), (Phase("output"),), _SAME, -before, (1, 1))
    products = (*(((i, i), (5 + i, 5)) for i in range(4)), ((4, 4),))
    return Along(_INPUT, _WEIGHT, (Phase("output_2"),), products, -before, (2, 1))


def grad_input(stride: int, before: int) -> Along:
    """The input gradient, from grad_output and the weight."""
    if stride == 1:
        turned = (Phase("weight", 2, -1),)
        return Along((Phase("input"),), turned, (Phase("output"),), _SAME, before - 2, (1, 1))
    left, corner = (Phase("input_2"),), (before - 1) // 2
    if before % 2:  # the first position meets the weight's second tap alone
        result = Phase("output_1", 0, 2), Phase("output_2", 1, 2)
        return Along(left, _TURNED, result, (*_ODD[:4], *_EVEN), corner, (1, 2))
    result = Phase("output_2", 0, 2), Phase("output_1_late", 1, 2)
    return Along(left, _TURNED, result, (*_EVEN, *_ODD[1:]), corner, (1, 2))


def grad_weight(stride: int, before: int) -> Along:
    """The weight gradient, from the input and grad_output."""
    if stride == 1:
        result = (Phase("grad_weight"),)
        return Along((Phase("input"),), (Phase("grad_output"),), result, _SAME, -before, (1, 1))
    products = (*_EVEN, tuple((5 + i, i) for i in range(4)))
    pair = Phase("grad_weight_2", 0, 2), Phase("grad_weight_1", 1)
    return Along(_INPUT, (Phase("grad_output_2"),), pair, products, -before, (2, 1))
