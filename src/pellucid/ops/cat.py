"""Tensors one behind the other along an axis, as where the branches of a network meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from pellucid.errors import ShapeError, say
from pellucid.ops.base import Shape
from pellucid.ops.checks import axis
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern, Run, Runs


@dataclass(frozen=True)
class Cat(Rearranging):
    """The axis along which the tensors follow each other."""

    dim: int = 0

    arguments: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    differentiable: ClassVar[tuple[str, ...]] = ("inputs",)
    keeps_positions: ClassVar[bool] = True
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[start[m] + i] = inputs[m][i]",
        "grad_inputs": "grad_inputs[m][i] = grad_output[start[m] + i]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "cat"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C1,H,W), (N,C2,H,W), … → (N,C1+C2+…,H,W) with dim=1."""
        first, *others = (shape for shape in shapes if shape is not None)
        dim = axis(self.name, "dim", self.dim, len(first))
        for i, other in enumerate(others, 1):
            if len(other) != len(first) or (*other[:dim], *other[dim + 1 :]) != (
                *first[:dim],
                *first[dim + 1 :],
            ):
                raise ShapeError(
                    self.name,
                    say("tensors must have the same shape except along axis {dim}", dim=dim),
                    expected=f"inputs[0] {first}",
                    got=f"inputs[{i}] {other}",
                )
        return (*first[:dim], sum(shape[dim] for shape in (first, *others)), *first[dim + 1 :])

    def places(self, *shapes: Shape | None) -> tuple[int, tuple[int, ...]]:
        """The axis, counted from the front, and where each tensor begins along it."""
        known = [shape for shape in shapes if shape is not None]
        dim = axis(self.name, "dim", self.dim, len(known[0]))
        return dim, tuple(accumulate((shape[dim] for shape in known[:-1]), initial=0))

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Each element of a tensor meets the one in its place behind those of the tensors before."""
        (dim, starts), own = self.places(*shapes), self.named(shapes)
        shape, start, total = own[name], starts[list(own).index(name)], self.infer(*shapes)[dim]
        assert shape is not None
        return placed(name, shape, dim, start, total)


def placed(name: str, shape: Shape, dim: int, start: int, total: int) -> IndexPattern:
    """The pattern of an operand that lies in the output from `start` on along an axis which has `total` positions."""
    labels = [f"r{d}" for d in range(len(shape))]
    mine, output = ((*labels[:dim], label, *labels[dim + 1 :]) for label in ("i0", "y0"))
    sizes = dict(zip(labels, shape, strict=True)) | {"i0": shape[dim], "y0": total}
    runs = (Run(start, 0, shape[dim]),) if shape[dim] else ()
    return IndexPattern({name: mine, "output": output}, sizes, (Runs(runs),))
