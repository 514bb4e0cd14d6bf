"""Max unpooling: every element goes back to where max pooling found it; all other positions are 0.

i counts the positions of a channel's plane in row-major order, as `max_pool2d(return_indices=True)` does. Where several
elements go to one position, the last one in row-major order stays. The output does not depend on the others, so their
gradient is 0; PyTorch gives all of them the position's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.geometry import Axis
from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import Copies, IndexPattern, Labels
from pellucid.ops.settings import each, listed
from pellucid.sizes import IntOrTuple, is_integer, per_axis, size_of


@dataclass(frozen=True)
class MaxUnpool(Op):
    """The pooling's windows, and the size before it, where they leave that open."""

    dims: int
    kernel_size: IntOrTuple
    stride: IntOrTuple | None = None
    padding: IntOrTuple = 0
    output_size: Sequence[int] | None = None

    arguments: ClassVar[tuple[str, ...]] = ("input", "indices")
    integers: ClassVar[tuple[str, ...]] = ("indices",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,i] = input[n,c,y] where indices[n,c,y] = i, else 0",
        "grad_input": "grad_input[n,c,y] = grad_output[n,c,indices[n,c,y]] where input[n,c,y] stays, else 0",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        kernel, dims = each(self.kernel_size, self.dims), self.dims
        stride = kernel if self.stride is None else each(self.stride, dims)
        self.settle(kernel_size=kernel, stride=stride, padding=each(self.padding, dims, 0))
        self.settle(output_size=listed(self.output_size))

    @property
    def sample_axes(self) -> int:
        """(C,…)."""
        return self.dims + 1

    def reads(self, of: str) -> tuple[str, ...]:
        """A gradient is where its element went."""
        return self.arguments if of == "output" else ("grad_output", "indices")

    @property
    def name(self) -> str:
        """max_unpool1d, max_unpool2d or max_unpool3d."""
        return f"max_unpool{self.dims}d"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Twice (N,C,…) → (N,C,…)."""
        input, indices = shapes
        assert input is not None
        if len(input) != self.dims + 2:
            rule = say(
                "input must have {rank} axes, or {unbatched} without a batch",
                rank=self.dims + 2,
                unbatched=self.dims + 1,
            )
            raise ShapeError(self.name, rule, got=f"input {input}")
        if indices != input:
            rule = "indices must have the input's shape"
            raise ShapeError(self.name, rule, expected=f"{input}", got=f"{indices}")
        axes = self.axes(input)
        if any(axis.input < 1 for axis in axes):
            sizes = tuple(axis.input for axis in axes)
            raise ShapeError(
                self.name,
                "the output's sizes must be positive",
                got=say("{sizes} from input {input}", sizes=sizes, input=input),
            )
        return (*input[:2], *(axis.input for axis in axes))

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """How far the pooling's windows reach."""
        input = shapes[0]
        assert input is not None
        return tuple(axis.input_formula for axis in self.axes(input))

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> Copies:
        """Each element goes to one position, where the last one stays."""
        input = shapes["input"]
        found = self.sources(read("indices"), self.infer(input, input))
        planes = np.arange(size_of(input[:2])).reshape(*input[:2], *(1,) * self.dims)
        positions = size_of(input[:2]), size_of(input[2:]), size_of(found.shape[2:])
        elements: Labels = ("p", "y")
        labels = {"input": elements, "indices": elements, "output": ("p", "i")}
        pattern = IndexPattern(labels, dict(zip("pyi", positions, strict=True)))
        numbers = np.where(found < 0, -1, planes * size_of(input[2:]) + found)
        return Copies("output", numbers, pattern, by="indices")

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The element that stays at a position; for an input element, the gradient where it stays."""
        return Reduction("copy", ("input" if of == "output" else "grad_output",))

    def axes(self, input: Shape) -> tuple[Axis, ...]:
        """The pooling's windows along each axis, whose inputs are the output here.

        What `output_size` has more than the windows say is padding that they leave out.
        """
        kernel = per_axis(self.name, "kernel_size", self.kernel_size, self.dims)
        stride = kernel if self.stride is None else per_axis(self.name, "stride", self.stride, self.dims)
        padding = per_axis(self.name, "padding", self.padding, self.dims, minimum=0)
        each = list(zip(input[2:], kernel, stride, padding, strict=True))
        usual = tuple((y - 1) * s - 2 * p + k for y, k, s, p in each)
        sizes = usual if self.output_size is None else self._given_sizes()
        if any(abs(size - u) >= s for size, u, (_, _, s, _) in zip(sizes, usual, each, strict=True)):
            rule = "output_size must lie less than a stride from what the windows say"
            raise ArgumentError(
                self.name,
                rule,
                expected=say("about {usual}", usual=usual),
                got=f"{self.given('output_size')}",
            )
        return tuple(
            Axis(size, k, s, before=p, after=p - (size - u))
            for size, u, (_, k, s, p) in zip(sizes, usual, each, strict=True)
        )

    def _given_sizes(self) -> Shape:
        """output_size without the axes of batch and channels."""
        given = tuple(self.output_size) if isinstance(self.output_size, Sequence) else ()
        if len(given) not in (self.dims, self.dims + 2) or not all(map(is_integer, given)):
            rule = "output_size must hold one integer per axis"
            expected = say("{dims} values, or {rank} with N and C", dims=self.dims, rank=self.dims + 2)
            raise ArgumentError(
                self.name, rule, expected=expected, got=f"output_size={self.given('output_size')!r}"
            )
        return tuple(int(size) for size in given[-self.dims :])

    def out_of_range(self, integers: Array, *shapes: Shape | None) -> tuple[NDArray[np.bool_], str]:
        """Indices that are no position of the output's plane."""
        positions = size_of(self.infer(*shapes)[2:])
        rule = say("indices are positions, 0 to {last}", last=positions - 1)
        return (integers < 0) | (integers >= positions), rule

    def sources(self, indices: Array, output: Shape) -> NDArray[np.int64]:
        """For every position of the output the number of the element that stays there; −1 where there is none."""
        at = indices.reshape(size_of(indices.shape[:2]), size_of(indices.shape[2:]))
        found = np.full((len(at), size_of(output[2:])), -1, np.int64)
        found[np.arange(len(at))[:, None], at] = np.arange(at.shape[1])
        return found.reshape(output)

    def stays(self, indices: Array, output: Shape) -> NDArray[np.bool_]:
        """Which elements the output holds: those that no later one was put in the place of."""
        at = indices.reshape(size_of(indices.shape[:2]), size_of(indices.shape[2:]))
        found = self.sources(indices, output).reshape(len(at), size_of(output[2:]))
        there: NDArray[np.bool_] = found[np.arange(len(at))[:, None], at] == np.arange(at.shape[1])
        return there.reshape(indices.shape)

    def forward(self, *operands: Array) -> Array:
        """Put every element back."""
        input, indices = operands
        shape, (planes, at) = self.infer(input.shape, indices.shape), self._places(input, indices)
        output = np.zeros((size_of(shape[:2]), size_of(shape[2:])), input.dtype)
        output[planes, at] = input.reshape(at.shape)
        return output.reshape(shape)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Read the gradient where the elements went and stayed."""
        input, indices = operands
        planes, at = self._places(input, indices)
        flat = grad_output.reshape(len(planes), size_of(grad_output.shape[2:]))
        found = np.where(
            self.stays(indices, grad_output.shape).reshape(at.shape), flat[planes, at], flat.dtype.type(0)
        )
        return (found.reshape(input.shape),)

    def _places(self, input: Array, indices: Array) -> tuple[Array, Array]:
        """Plane and position of every element."""
        positions = size_of(self.infer(input.shape, indices.shape)[2:])
        if indices.dtype.kind not in "iu":
            raise ArgumentError(
                self.name,
                "indices must be integers",
                got=f"{indices.dtype}",
                hint="use max_pool's return_indices",
            )
        if indices.size and (indices.min() < 0 or indices.max() >= positions):
            worst = int(indices.min()) if indices.min() < 0 else int(indices.max())
            rule = "every index must be a position of the output's plane"
            raise ArgumentError(
                self.name, rule, expected=say("0 to {last}", last=positions - 1), got=f"{worst}"
            )
        at = indices.reshape(size_of(input.shape[:2]), size_of(input.shape[2:]))
        return np.arange(len(at))[:, None], at
