"""Winograd's algorithm for windows of 3 positions and tiles of 4 outputs, F(4×4,3×3): its matrices.

    output      = Aᵀ[Σ_c (G·weight·Gᵀ) ⊙ (Bᵀ·input·B)]A         for each tile of 4×4 outputs, which reads 6×6 inputs
    grad_weight = Eᵀ[Σ_t (F·input·Fᵀ) ⊙ (Bᵀ·grad_output·B)]E    for all tiles t of 4×4 inputs; it comes out turned round

The input gradient is the first with grad_output in place of the input, and the weight turned round: it shares the
transform of grad_output with the second.

They evaluate and interpolate polynomials at the points 0, 1, −1, 2, −2 and ∞. (Winograd, Arithmetic Complexity of
Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016.) G and F are whole numbers
times one fraction for each row, so that weights which are multiples of 576 stay whole.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["input", "weight", "tile", "output", "grad_weight"]
Matrix = tuple[tuple[int, ...], ...]

_POINTS = ((1, 0, 0, 0), (1, 1, 1, 1), (1, -1, 1, -1), (1, 2, 4, 8), (1, -2, 4, -8))
SCALES = (1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24, 1.0)
MATRICES: dict[str, Matrix] = {
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
    "output": tuple((*(row[i] for row in _POINTS), int(i == 3)) for i in range(4)),
    "grad_weight": tuple((*(row[i] for row in _POINTS), int(i == 2)) for i in range(3)),
}
SCALED = ("weight", "tile")  # rows i of these are multiplied by SCALES[i]
POINTS = 6  # along each axis
SIDE = 4  # outputs of a tile along each axis
