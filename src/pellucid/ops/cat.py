"""Tensors one behind the other along an axis, as where the branches of a network meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.ops.base import Array, Gradients, Rows, Shape, Terms, columns
from pellucid.ops.checks import axis
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import Concatenated


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

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> Concatenated:
        """Each element of a tensor meets the one in its place behind those of the tensors before."""
        own = {name: shapes[name] for name in self.counted(self.arguments, shapes)}
        dim, starts = self.places(*own.values())
        return Concatenated(own, dim, dict(zip(own, starts, strict=True)))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The element itself."""
        factors = self.names(len(shapes)) if of == "output" else ("grad_output",)
        return Reduction("copy", factors, ("k0",), skips=("i0",))

    def origins(self, at: NDArray[np.int64], *shapes: Shape | None) -> tuple[NDArray[np.int64], Rows]:
        """The tensor in whose stretch an output lies."""
        dim, starts = self.places(*shapes)
        members = np.searchsorted(starts, at[:, dim], side="right") - 1
        moved = at.copy()
        moved[:, dim] -= np.asarray(starts)[members]
        return members, tuple(moved.T)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """A gradient: the element of grad_output in its place."""
        number = self.names(len(shapes)).index(of.removeprefix("grad_"))
        dim, starts = self.places(*shapes)
        moved = at.copy()
        moved[:, dim] += starts[number]
        return Terms((("grad_output", columns(moved)),))

    def forward(self, *operands: Array) -> Array:
        """One behind the other."""
        self.infer(*(operand.shape for operand in operands))
        return np.concatenate(operands, axis=self.dim)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Each its part."""
        dim, (_, *starts) = self.places(*(operand.shape for operand in operands))
        return tuple(part.copy() for part in np.split(grad_output, starts, axis=dim))
