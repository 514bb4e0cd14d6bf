"""Products of matrices: of the last two axes; those before broadcast, as PyTorch's matmul takes them.

b stands for the axes before, m and n are a result's row and column. An operand with one axis is a row if it comes first
and a column if it comes second, and the result has no axis for it. Where an operand is repeated along b, its gradient
is summed over those axes as well, before n or m. Order of summation: axis by axis as they stand, each ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.functions.sums import products
from pellucid.ops.base import Array, Gradients, Shape, Terms, choices, columns
from pellucid.ops.broadcast import aligned, summed
from pellucid.ops.product import Bilinear
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import IndexPattern, Labels

_READS = {
    "output": ("input", "other"),
    "grad_input": ("grad_output", "other"),
    "grad_other": ("grad_output", "input"),
}


@dataclass(frozen=True)
class MatMul(Bilinear):
    """input @ other; `axes` is how many both operands must have, which do not broadcast then; None for any."""

    axes: int | None = None

    arguments: ClassVar[tuple[str, ...]] = ("input", "other")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "other")
    broadcast: ClassVar[tuple[str, ...]] = ("input", "other")
    operator: ClassVar[str] = "@"
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[b,m,n] = Σ_k input[b,m,k]·other[b,k,n]",
        "grad_input": "grad_input[b,m,k] = Σ_n grad_output[b,m,n]·other[b,k,n]",
        "grad_other": "grad_other[b,k,n] = Σ_m grad_output[b,m,n]·input[b,m,k]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return {None: "matmul", 2: "mm", 3: "bmm"}[self.axes]

    def reads(self, of: str) -> tuple[str, ...]:
        """A gradient reads the other factor."""
        return _READS[of]

    def infer(self, *shapes: Shape | None) -> Shape:
        """(…,M,K) and (…,K,N) → (…,M,N); an operand with one axis takes M or N away."""
        input, other = shapes
        assert input is not None
        assert other is not None
        if self.axes is not None and (len(input), len(other), input[:-2]) != (self.axes,) * 2 + (other[:-2],):
            rule = say(
                "both operands must have {count} axes, of one size before the matrices", count=self.axes
            )
            raise ShapeError(self.name, rule, got=say("{input} and {other}", input=input, other=other))
        if not input or not other:
            rule = "both operands must have at least one axis"
            raise ShapeError(self.name, rule, got=say("{input} and {other}", input=input, other=other))
        (_, inner), (rows, _) = matrix(input, "input"), matrix(other, "other")
        if inner != rows:
            raise ShapeError(
                self.name,
                "the input's last axis must equal the other's last but one",
                expected=say("{size} from other {other}", size=rows, other=other),
                got=say("{size} from input {input}", size=inner, input=input),
            )
        return (*self.batch(input, other), *input[-2:-1], *(other[-1:] if len(other) > 1 else ()))

    def batch(self, input: Shape, other: Shape) -> Shape:
        """The sizes of the axes b.

        Raises: ShapeError where they do not broadcast.
        """
        rank = max(len(input), len(other), 2) - 2
        pairs = list(zip(*(aligned(shape[:-2], rank) for shape in (input, other)), strict=True))
        if any(a != b and 1 not in (a, b) for a, b in pairs):
            rule = (
                "the axes before the matrices must broadcast: from the last one on, sizes must be equal or 1"
            )
            raise ShapeError(self.name, rule, got=say("{input} and {other}", input=input, other=other))
        return tuple(b if a == 1 else a for a, b in pairs)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """By the labels of the formula; where an operand is repeated, it has an axis of its own, of size 1."""
        input, other = shapes["input"], shapes["other"]
        batch = self.batch(input, other)
        sizes = {f"b{axis}": size for axis, size in enumerate(batch)}
        labels: dict[str, Labels] = {}
        for name, shape, last in (("input", input, ("m", "k")), ("other", other, ("k", "n"))):
            own = last if len(shape) > 1 else ("k",)
            first = len(batch) - len(shape[:-2])
            before = [(axis, size == batch[axis]) for axis, size in enumerate(shape[:-2], first)]
            labels[name] = (*(f"b{axis}" if full else f"{name}{axis}" for axis, full in before), *own)
            sizes |= {f"{name}{axis}": 1 for axis, full in before if not full}
            sizes |= dict(zip(own, shape[-2:], strict=True))
        ends = (label for label in "mn" if label in sizes)
        labels["output"] = (*(f"b{axis}" for axis in range(len(batch))), *ends)
        return IndexPattern(labels, sizes)

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The products, over all labels that the result does not have."""
        pattern = self._pattern(*shapes)
        own = pattern.labels[of.removeprefix("grad_")]
        met = (
            pattern.labels["input"] + pattern.labels["other"] if of == "output" else pattern.labels["output"]
        )
        labels = (f"b{axis}" for axis in range(len(pattern.labels["output"])))
        over = tuple(label for label in (*labels, *"mkn") if label in met and label not in own)
        return Reduction("fma", _READS[of], over)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The same, element by element."""
        pattern, over = self._pattern(*shapes), self.reduced(of, *shapes).over
        index = dict(zip(over, choices(*(pattern.sizes[label] for label in over)), strict=True))
        index |= dict(zip(pattern.labels[of.removeprefix("grad_")], columns(at), strict=True))
        nowhere = np.zeros((1, 1), np.int64)  # along an axis of size 1
        return Terms(
            tuple(
                (name, tuple(index.get(label, nowhere) for label in pattern.read_by(of, name)))
                for name in _READS[of]
            )
        )

    def _pattern(self, *shapes: Shape | None) -> IndexPattern:
        input, other = shapes
        assert input is not None
        assert other is not None
        return self.relation({"input": input, "other": other}, lambda _: np.zeros(0))

    def factors(self, *shapes: Shape | None) -> Shape:
        """K and N."""
        other = shapes[1]
        assert other is not None
        return matrix(other, "other")

    def positions(self, *shapes: Shape | None) -> Shape:
        """All matrices, and the rows of each."""
        input, other = shapes
        assert input is not None
        assert other is not None
        return (*self.batch(input, other), matrix(input, "input")[0])

    def forward(self, *operands: Array) -> Array:
        """Matrix by matrix, in lanes."""
        input, other = operands
        output = self.infer(input.shape, other.shape)
        a, b = _matrices(input, "input"), _matrices(other, "other")
        return products(a[..., :, None, :], np.swapaxes(b, -1, -2)[..., None, :, :]).reshape(output)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Send every product back to both of its factors."""
        input, other = operands
        a, b = _matrices(input, "input"), _matrices(other, "other")
        grad = grad_output.reshape(*self.batch(input.shape, other.shape), a.shape[-2], b.shape[-1])
        grad_input = products(grad[..., :, None, :], b[..., None, :, :])
        left, right = np.swapaxes(a, -1, -2), np.swapaxes(grad, -1, -2)
        grad_other = products(left[..., :, None, :], right[..., None, :, :])
        return summed(grad_input, a.shape).reshape(input.shape), summed(grad_other, b.shape).reshape(
            other.shape
        )


def matrix(shape: Shape, name: str) -> Shape:
    """The sizes of an operand's matrices: one axis is a row of the input, or a column of the other.

    Example:
        >>> matrix((2, 3, 4), "other"), matrix((4,), "input"), matrix((4,), "other")
        ((3, 4), (1, 4), (4, 1))
    """
    if len(shape) > 1:
        return shape[-2:]
    return (1, *shape) if name == "input" else (*shape, 1)


def _matrices(array: Array, name: str) -> Array:
    """An operand with both axes of its matrices."""
    return array.reshape(*array.shape[:-2], *matrix(array.shape, name))
