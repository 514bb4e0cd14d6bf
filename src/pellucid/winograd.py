"""Winograd's algorithm for windows of 3 positions and tiles of 4 outputs along each axis: its matrices.

It is bilinear. Along one axis, two factors are transformed to points, points are multiplied, and sums of products are
transformed back:

    result = A·[Σ over `products` (L·left) ⊙ (R·right)]

with sums over channels or tiles in between, and likewise along the other axis. The matrices evaluate and interpolate
polynomials. (Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional
Neural Networks, 2016.)

Stride 1 is F(4,3) at the points 0, 1, −1, 2, −2 and ∞: 36 products for a tile of 4×4 outputs in place of 144.

Stride 2 has two phases. A window meets every second position of the input at two taps, and those between at one:

    output[y] = w₀·even[y] + w₂·even[y+1] + w₁·odd[y]

This is F(4,2) at the points 0, 1, −1, 2 and ∞, and F(4,1) at the first four of them, where the one tap is the same at
all. Both are summed at the points: 81 products in place of 144. The input gradient has the two phases in its result.
All matrices are whole, and results are divided by 36 at the end.

The weight gradient is the input gradient's algorithm with the result's tiles and the weight in each other's place and
those matrices transposed: it takes grad_output in the same windows, and shares its transform.

Whole numbers come out exactly where all numbers on the way are multiples of one unit, and less than 2²⁴ units (2⁵³ in
float64). Matrices are applied before divisors, which are 2ᵏ, 3·2ᵏ or 9·2ᵏ: factors 1/3 or 1/9 with an error of at most
2⁻²⁵ of them (2⁻⁵⁴), too little to round a multiple of 3 or 9 wrong. So whole numbers give

    at stride 1, where what is divided (the weight; for the weight gradient the input) is a multiple of 9: units of 1/64
    at stride 2, where the result is divided: units of 1/36

(of 2ᵏ/64 for multiples of 9·2ᵏ). With S the sum over channels, or tiles, of the products of both sides' largest
numbers, no number on the way has more than 64·g²·S units at stride 1 and 36·g²·S at stride 2, by the matrices' absolute
values: g is 48 at stride 1 (160/3 for the weight gradient), at stride 2 at most 28. So in float32 S ≤ 113 (92), and at
stride 2 S ≤ 594, is always enough; most sums stay far below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from pellucid.derived import derived

Kind = Literal[
    "input", "weight", "tile", "output", "grad_weight",
    "input_2", "weight_2", "tile_2", "output_2", "grad_weight_2",
    "input_1", "weight_1", "tile_1", "output_1", "grad_weight_1", "tile_1_late", "output_1_late",
]  # fmt: skip
Matrix = tuple[tuple[int, ...], ...]
Two = tuple[int, int]

SIDE = 4  # outputs of a tile along each axis

_POINTS = ((1, 0, 0, 0), (1, 1, 1, 1), (1, -1, 1, -1), (1, 2, 4, 8), (1, -2, 4, -8))
_THREE = (4, -6, -6, 24, 24, 1)
# 6 / Π (point − other point), and the point's powers.
_TWO = tuple(zip((3, -3, -1, 1), _POINTS, strict=False))
_INPUT_2 = ((2, -1, -2, 1, 0), (0, -2, -1, 1, 0), (0, 2, -3, 1, 0), (0, -1, 0, 1, 0), (0, 2, -1, -2, 1))
_TILE_2 = (*(tuple(c * power for power in point) for c, point in _TWO), (0, 0, 0, 6))
# The tap meets the second of two positions: nothing at 0, but something at ∞.
_TILE_LATE = (*(tuple(c * point[1] * power for power in point) for c, point in _TWO[1:]), (0, 0, 0, 6))


def _transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


# A number in a name says how many taps of a window a phase meets; it is all three where there is none.
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
    "tile": (*_POINTS, (0, 0, 0, 1)),
    "output": _transposed((*_POINTS, (0, 0, 0, 1))),
    "grad_weight": _transposed((*(row[:3] for row in _POINTS), (0, 0, 1))),
    "input_2": _INPUT_2,
    "weight_2": (*(row[:2] for row in _POINTS[:4]), (0, 1)),
    "tile_2": _TILE_2,
    "output_2": _transposed(_TILE_2),
    "grad_weight_2": _transposed((*(row[:2] for row in _POINTS[:4]), (0, 1))),
    "input_1": tuple(row[:4] for row in _INPUT_2[:4]),
    "weight_1": ((1,),),
    "tile_1": _TILE_2[:4],
    "output_1": _transposed(_TILE_2[:4]),
    "grad_weight_1": ((1,),),
    "tile_1_late": _TILE_LATE,
    "output_1_late": _transposed(_TILE_LATE),
}
_DIVISORS: dict[Kind, tuple[int, ...]] = {
    "weight": _THREE,
    "tile": _THREE,
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
    def back(self) -> bool:
        """Whether the matrix goes from points to positions."""
        return self.kind.startswith(("output", "grad_weight"))

    @property
    def points(self) -> int:
        """How many points."""
        return len(MATRICES[self.kind][0] if self.back else MATRICES[self.kind])

    @property
    def positions(self) -> range:
        """Which positions."""
        size = len(MATRICES[self.kind] if self.back else MATRICES[self.kind][0])
        return range(self.first, self.first + self.step * size, self.step)


@dataclass(frozen=True)
class Side:
    """A factor or the result along an axis. Its points are numbered on from phase to phase."""

    phases: tuple[Phase, ...]
    corner: int = 0  # where the first tile begins
    stride: int = 1  # SIDE times this is from tile to tile

    @property
    def points(self) -> int:
        """How many points."""
        return sum(phase.points for phase in self.phases)

    @property
    def reach(self) -> int:
        """How many positions a tile spans."""
        return 1 + max(max(phase.positions) for phase in self.phases)


@dataclass(frozen=True)
class Along:
    """The algorithm along one axis."""

    left: Side
    right: Side
    result: Side
    products: tuple[tuple[Two, ...], ...]  # for each point of the result, points of left and right


@dataclass(frozen=True)
class Pair:
    """A phase along H and one along W: what one transform does."""

    h: Phase
    w: Phase
    point: int  # the first of its points in the plane

    @property
    def kinds(self) -> tuple[Kind, Kind]:
        """The matrices along H and W."""
        return self.h.kind, self.w.kind

    def offset(self, steps: Two) -> int:
        """Where it begins in a tile with these steps from row to row and from column to column."""
        return self.h.first * steps[0] + self.w.first * steps[1]

    def steps(self, steps: Two) -> Two:
        """Its own steps from row to row and from column to column."""
        return self.h.step * steps[0], self.w.step * steps[1]


@dataclass(frozen=True)
class Plane:
    """A factor or the result along H and W, with equally many points. Point (i,j) has number i·points + j."""

    h: Side
    w: Side

    @property
    def points(self) -> int:
        """How many points along an axis."""
        return self.h.points

    @property
    def pairs(self) -> list[Pair]:
        """The transforms."""
        pairs, i = [], 0
        for p in self.h.phases:
            j = 0
            for q in self.w.phases:
                pairs.append(Pair(p, q, i * self.points + j))
                j += q.points
            i += p.points
        return pairs


@dataclass(frozen=True)
class Scheme:
    """The algorithm along H and W."""

    h: Along
    w: Along

    @property
    def left(self) -> Plane:
        """The left factor."""
        return Plane(self.h.left, self.w.left)

    @property
    def right(self) -> Plane:
        """The right factor."""
        return Plane(self.h.right, self.w.right)

    @property
    def result(self) -> Plane:
        """The result."""
        return Plane(self.h.result, self.w.result)

    @derived
    def products(self) -> list[tuple[Two, ...]]:
        """For each point of the result, the points of left and right whose products it sums."""
        left, right = self.left.points, self.right.points
        return [
            tuple((i * left + j, k * right + m) for (i, k), (j, m) in product(rows, columns))
            for rows, columns in product(self.h.products, self.w.products)
        ]


_SAME = tuple(((i, i),) for i in range(6))
_WEIGHT = Side((Phase("weight_2", 0, 2), Phase("weight_1", 1)))
_FLIPPED = Side((Phase("weight_2", 2, -2), Phase("weight_1", 1)))


def output(stride: int, before: int) -> Along:
    """The output, from the input and the weight, with this much padding before the input."""
    if stride == 1:
        return Along(
            Side((Phase("input"),), -before), Side((Phase("weight"),)), Side((Phase("output"),)), _SAME
        )
    input = Side((Phase("input_2", 0, 2), Phase("input_1", 1, 2)), -before, 2)
    products = (*(((i, i), (5 + i, 5)) for i in range(4)), ((4, 4),))
    return Along(input, _WEIGHT, Side((Phase("output_2"),)), products)


def grad_input(stride: int, before: int) -> Along:
    """The input gradient, from grad_output and the weight."""
    if stride == 1:
        grad_output, weight = Side((Phase("input"),), before - 2), Side((Phase("weight", 2, -1),))
        return Along(grad_output, weight, Side((Phase("output"),)), _SAME)
    grad_output, both = Side((Phase("input_2"),), (before - 1) // 2), _SAME[:5]
    one = tuple(((i, 5),) for i in range(5))
    if before % 2:  # the first position meets one tap
        result = Side((Phase("output_1", 0, 2), Phase("output_2", 1, 2)), 0, 2)
        return Along(grad_output, _FLIPPED, result, (*one[:4], *both))
    result = Side((Phase("output_2", 0, 2), Phase("output_1_late", 1, 2)), 0, 2)
    return Along(grad_output, _FLIPPED, result, (*both, *one[1:]))


def grad_weight(stride: int, before: int) -> Along:
    """The weight gradient, from the input and grad_output: `grad_input` with two sides in each other's place."""
    it = grad_input(stride, before)
    sums: list[list[Two]] = [[] for _ in range(it.right.points)]
    for i, terms in enumerate(it.products):
        for j, k in terms:
            sums[k].append((i, j))
    return Along(_other_way(it.result), it.left, _other_way(it.right), tuple(map(tuple, sums)))


_TRANSPOSED: dict[Kind, Kind] = {
    "output": "tile",
    "output_2": "tile_2",
    "output_1": "tile_1",
    "output_1_late": "tile_1_late",
    "weight": "grad_weight",
    "weight_2": "grad_weight_2",
    "weight_1": "grad_weight_1",
}


def _other_way(side: Side) -> Side:
    """A result as a factor, or a factor as a result."""
    phases = tuple(replace(phase, kind=_TRANSPOSED[phase.kind]) for phase in side.phases)
    return replace(side, phases=phases)
