"""What max, average and power-average pooling share: windows that slide over each channel's plane by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.geometry import Axis, Geometry, window
from pellucid.ops.base import Array, Op, Rows, Shape, choices, columns
from pellucid.ops.checks import flag
from pellucid.ops.relation import Copies, IndexPattern, Labels, Sliding, places, windows
from pellucid.ops.settings import each
from pellucid.sizes import IntOrTuple, PaddingLike, padding_pairs, per_axis, size_of


class Pool(Op):
    """The settings of windows over `dims` spatial axes. Without a stride, windows lie side by side."""

    dims: int
    kernel_size: IntOrTuple
    stride: IntOrTuple | None
    padding: PaddingLike = 0
    dilation: IntOrTuple = 1
    ceil_mode: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        kernel = each(self.kernel_size, self.dims)
        stride = kernel if self.stride is None else each(self.stride, self.dims)
        self.settle(kernel_size=kernel, stride=stride)

    @property
    def sample_axes(self) -> int:
        """(C,…)."""
        return self.dims + 1

    def geometry(self, input: Shape) -> Geometry:
        """The relation between output, kernel and input positions for this shape.

        Raises: ShapeError for an input of another rank or smaller than a window; ArgumentError when padding is
            more than half a window, or a (dilated) window meets nothing but padding.
        """
        op, dims = self.name, self.dims
        if len(input) != dims + 2:
            rule = say(
                "input must have {rank} axes, or {unbatched} without a batch",
                rank=dims + 2,
                unbatched=dims + 1,
            )
            raise ShapeError(op, rule, got=f"input {input}")
        if input[1] == 0:
            raise ShapeError(op, "input must have channels", got=f"input {input}")
        flag(op, "ceil_mode", self.ceil_mode)
        kernel = per_axis(op, "kernel_size", self.kernel_size, dims)
        stride = kernel if self.stride is None else per_axis(op, "stride", self.stride, dims)
        dilation = per_axis(op, "dilation", self.dilation, dims)
        padding = padding_pairs(op, self.padding, kernel, stride, dilation)
        if any(max(pair) > k // 2 for pair, k in zip(padding, kernel, strict=True)):
            raise ArgumentError(
                op,
                "padding must be at most half of kernel_size",
                expected=say("at most {most}", most=tuple(k // 2 for k in kernel)),
                got=f"padding={self.given('padding')!r}, kernel_size={self.given('kernel_size')!r}",
            )
        geometry = window(op, input[2:], kernel, stride, padding, dilation, self.ceil_mode)
        if any((axis.table[:, 1] >= axis.table[:, 2]).any() for axis in geometry.axes):
            rule = "every window must hold an input element"
            got = say(
                "dilation={dilation!r}, padding={padding!r} on input {input}",
                dilation=self.given("dilation"),
                padding=self.given("padding"),
                input=input,
            )
            raise ArgumentError(op, rule, got=got)
        return geometry

    def sliding(self, *shapes: Shape | None) -> Sliding:
        """The windows."""
        (input,) = shapes
        assert input is not None
        return Sliding(self.geometry(input).axes)

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """How many windows fit."""
        (input,) = shapes
        assert input is not None
        return tuple(axis.formula for axis in self.geometry(input).axes)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """A window of its channel. Backwards by way of what all in the window decide: who has won, or the norm."""
        input = shapes["input"]
        geometry = self.geometry(input)
        (i, _, y), sizes = places(geometry.input, geometry.kernel, geometry.output)
        labels: dict[str, Labels] = {"input": ("p", *i), "output": ("p", *y)}
        sizes |= {"p": size_of(input[:2])}
        return IndexPattern(labels, sizes, windows(geometry.axes), through="output")

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,…)."""
        (input,) = shapes
        assert input is not None
        return (*input[:2], *self.geometry(input).output)


def routes(winners: NDArray[np.int64], input: Shape) -> Copies:
    """Where outputs come from, by their winners' numbers in each channel's plane."""
    planes = np.arange(size_of(input[:2])).reshape(*input[:2], *(1,) * (winners.ndim - 2))
    return Copies("output", planes * size_of(input[2:]) + winners, by="input")


def held(axes: Sequence[Axis], at: NDArray[np.int64]) -> tuple[Rows, NDArray[np.bool_]]:
    """The positions (n,c,i) that windows hold, in row-major kernel order, and which of them are no padding.

    `at` has one output index in each row, and what is returned one row of positions for each.

    Example:
        >>> (n, c, i), inside = held([Axis(5, 3, stride=2, before=1, after=1)], np.array([[0, 4, 0]]))
        >>> i, inside
        (array([[-1,  0,  1]]), array([[False,  True,  True]]))
    """
    n, c, *y = columns(at)
    k = choices(*(axis.kernel for axis in axes))
    i = [axis.position(*each) for axis, *each in zip(axes, y, k, strict=True)]
    inside = [(p >= 0) & (p < axis.input) for axis, p in zip(axes, i, strict=True)]
    return (n, c, *i), np.logical_and.reduce(np.broadcast_arrays(*inside))


def holding(axes: Sequence[Axis], at: NDArray[np.int64]) -> tuple[Rows, NDArray[np.bool_]]:
    """The inverse: the windows (n,c,y) that hold input elements, kernel positions ascending, and which of them exist.

    Example:
        >>> (n, c, y), there = holding([Axis(5, 3, stride=2, before=1, after=1)], np.array([[0, 4, 1]]))
        >>> y, there
        (array([[1, 0, 0]]), array([[ True, False,  True]]))
    """
    n, c, *i = columns(at)
    k = choices(*(axis.kernel for axis in axes))
    shifts = [p - axis.position(0, j) for axis, p, j in zip(axes, i, k, strict=True)]
    y = [shift // axis.stride for axis, shift in zip(axes, shifts, strict=True)]
    there = [
        (shift % axis.stride == 0) & (p >= 0) & (p < axis.output)
        for axis, shift, p in zip(axes, shifts, y, strict=True)
    ]
    return (n, c, *y), np.logical_and.reduce(np.broadcast_arrays(*there))
