"""Winograd's transforms of one tile: out = M·X·Mᵀ for every channel, channels side by side in vectors.

For kernels of 3 positions and 4 outputs at a time (F(4×4,3×3); Lavin and Gray, Fast Algorithms for Convolutional Neural
Networks, 2016, from the points 0, 1, −1, 2, −2, ∞):

    output      = Aᵀ[(G·weight·Gᵀ) ⊙ (Bᵀ·input·B)]A          summed over input channels inside the brackets
    grad_weight = Eᵀ[(F·grad·Fᵀ) ⊙ (Bᵀ·input·B)]E            summed over tiles inside the brackets

G and F hold fractions: they are whole numbers, and then every element is scaled once, so weights that are multiples of
576 stay whole.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.emit import Emitter, int64

Kind = Literal["input", "weight", "grad_output", "output", "grad_weight"]
Matrix = tuple[tuple[int, ...], ...]

_POINTS = ((1, 0, 0, 0), (1, 1, 1, 1), (1, -1, 1, -1), (1, 2, 4, 8), (1, -2, 4, -8))
_SCALES = (1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24, 1.0)
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
    "grad_output": (*_POINTS, (0, 0, 0, 1)),
    "output": tuple(tuple(row[i] for row in _POINTS) + (int(i == 3),) for i in range(4)),
    "grad_weight": tuple(tuple(row[i] for row in _POINTS) + (int(i == 2),) for i in range(3)),
}
SCALED = ("weight", "grad_output")  # rows i of these are multiplied by _SCALES[i]
POINTS = 6  # along each axis


@dataclass(frozen=True)
class Transform:
    """out = M·A·Mᵀ (rows and columns beyond `stored` are left out); steps count elements.

    An output begins with or ends in what `start` holds: a bias of each channel, a base of each element, or the output
    of a ReLU that gates it.
    """

    bits: int
    kind: Kind
    channels: int
    steps: tuple[int, int]  # from row to row and from column to column of the tile in A
    out_steps: tuple[int, int]
    stored: tuple[int, int] = (POINTS, POINTS)
    end: Literal["nothing", "bias", "base", "gate"] = "nothing"
    end_steps: tuple[int, int] = (0, 0)
    relu: bool = False
    flip: bool = False  # read the tile from its far corner: the weight for the input gradient

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return "winograd_" + hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:20]

    def emit(self) -> ir.Module:
        """A loop over full vectors of channels, then the rest."""
        e = Emitter(self.symbol, self.bits, self.channels)
        a, _, out, start, _, _ = e.function.args
        full = self.channels // e.lanes
        if full:

            def body(i: Any, _: Any) -> Any:
                at = e.b.mul(i, int64(e.lanes))
                self._vector(e, e.ahead(a, at), e.ahead(out, at), e.ahead(start, at), 0)
                return []

            e.loop(int64(full), [], body)
        if self.channels % e.lanes:
            self._vector(e, a, out, start, full)
        e.b.ret_void()
        return e.module

    def _vector(self, e: Emitter, a: Any, out: Any, start: Any, v: int) -> None:
        matrix = MATRICES[self.kind]
        size = len(matrix[0])
        rows, columns = self.steps
        last = (size - 1) * (rows + columns) if self.flip else 0
        sign = -1 if self.flip else 1
        halves = [
            combine(e, matrix, [e.load(a, last + sign * (i * rows + j * columns), v) for i in range(size)])
            for j in range(size)
        ]
        for i in range(min(len(matrix), self.stored[0])):
            results = combine(e, matrix, [halves[j][i] for j in range(size)])
            for j, value in enumerate(results[: self.stored[1]]):
                to = i * self.out_steps[0] + j * self.out_steps[1]
                e.store(self._finished(e, value, start, (i, j), v), out, to, v)

    def _finished(self, e: Emitter, value: Any, start: Any, at: tuple[int, int], v: int) -> Any:
        if self.kind in SCALED:
            scale = _SCALES[at[0]] * _SCALES[at[1]]
            value = e.b.fmul(value, ir.Constant(e.vector, [scale] * e.lanes)) if scale != 1 else value
        if self.end != "nothing":
            other = e.load(start, at[0] * self.end_steps[0] + at[1] * self.end_steps[1], v)
            value = e.gate(other, value) if self.end == "gate" else e.b.fadd(value, other)
        return e.relu(value) if self.relu else value


def combine(e: Emitter, matrix: Matrix, x: list[Any]) -> list[Any]:
    """M·x with few operations: ± pairs of columns become their sum and difference first, ± pairs of rows last."""
    rows = [list(row) for row in matrix]
    for i, j in _column_pairs(matrix):
        x = [*x, e.b.fadd(x[i], x[j]), e.b.fsub(x[i], x[j])]
        for row in rows:
            row += [row[i], 0] if row[i] == row[j] else [0, row[i]]
            row[i] = row[j] = 0
    results: dict[int, Any] = {}
    for i, j in _row_pairs(rows):
        even = _sum(e, [(p + q) // 2 for p, q in zip(rows[i], rows[j], strict=True)], x)
        odd = _sum(e, [(p - q) // 2 for p, q in zip(rows[i], rows[j], strict=True)], x)
        results[i], results[j] = e.b.fadd(even, odd), e.b.fsub(even, odd)
    return [results[i] if i in results else _sum(e, row, x) for i, row in enumerate(rows)]


def _sum(e: Emitter, row: list[int], x: list[Any]) -> Any:
    """Σ row[i]·x[i], terms with factor 1 first."""
    terms = sorted(((c, v) for c, v in zip(row, x, strict=True) if c), key=lambda term: term[0] != 1)
    factor, total = terms[0]
    if factor != 1:
        total = e.b.fmul(total, ir.Constant(e.vector, [float(factor)] * e.lanes))
    for factor, value in terms[1:]:
        if abs(factor) == 1:
            total = e.b.fadd(total, value) if factor == 1 else e.b.fsub(total, value)
        else:
            total = e.fma(value, ir.Constant(e.vector, [float(factor)] * e.lanes), total)
    return total


def _column_pairs(matrix: Matrix) -> list[tuple[int, int]]:
    """Neighbouring columns that differ in signs only, both ways round."""
    columns = list(zip(*matrix, strict=True))
    return [
        (j, j + 1)
        for j in range(len(columns) - 1)
        if all(abs(p) == abs(q) for p, q in zip(columns[j], columns[j + 1], strict=True))
        and len({p * q > 0 for p, q in zip(columns[j], columns[j + 1], strict=True) if p}) == 2
    ]


def _row_pairs(rows: list[list[int]]) -> list[tuple[int, int]]:
    """Neighbouring rows that differ in signs only, both ways round."""
    return _column_pairs(tuple(zip(*rows, strict=True)))  # type: ignore[arg-type]
