"""Convolution (cross-correlation) in one, two or three dimensions, with stride, padding, dilation and groups.

    output[n,o,y]       = bias[o] + Σ_{c,k} input[n,c,i]·weight[o,c,k],     i = y·stride + k·dilation − padding
    grad_input[n,c,i]   = Σ_{o,k} grad_output[n,o,y]·weight[o,c,k]          over the (y,k) that meet at i
    grad_weight[o,c,k]  = Σ_{n,y} grad_output[n,o,y]·input[n,c,i]
    grad_bias[o]        = Σ_{n,y} grad_output[n,o,y]

y, k and i stand for one, two or three coordinates. With groups, output channel o sees only the input channels of its
group. Order of summation: output (k, c), grad_input (k, o), grad_weight and grad_bias (n, y), each ascending. Products
with padding are part of it, but for those that `skips_padding` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError
from pellucid.geometry import (
    Geometry,
    IntOrTuple,
    PaddingLike,
    is_integer,
    padding_pairs,
    per_axis,
    skips_padding,
    window,
)
from pellucid.ops.base import Array, Gradients, Op, Shape, Terms


@dataclass(frozen=True)
class Conv(Op):
    """The settings of a convolution over `dims` spatial axes. Padding may be any form that `padding_pairs` reads."""

    dims: int
    stride: IntOrTuple = 1
    padding: PaddingLike = 0
    dilation: IntOrTuple = 1
    groups: int = 1

    arguments: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")

    @property
    def name(self) -> str:
        """conv1d, conv2d or conv3d."""
        return f"conv{self.dims}d"

    def geometry(self, input: Shape, weight: Shape) -> Geometry:
        """The relation between output, kernel and input positions for these shapes."""
        stride = per_axis(self.name, "stride", self.stride, self.dims)
        dilation = per_axis(self.name, "dilation", self.dilation, self.dims)
        padding = padding_pairs(self.name, self.padding, weight[2:], stride, dilation)
        return window(self.name, input[2:], weight[2:], stride, padding, dilation)

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…), (O,C/groups,…), (O,) or None → (N,O,…)."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        self._check_axes(input, weight)
        if not is_integer(self.groups) or self.groups < 1 or weight[0] % self.groups or weight[0] < 1:
            raise ArgumentError(
                self.name,
                "output channels must be a positive multiple of groups",
                got=f"weight {weight}, groups={self.groups!r}",
            )
        if input[1] != weight[1] * self.groups:
            raise ShapeError(
                self.name,
                "input channels must equal weight channels × groups",
                expected=f"C={weight[1] * self.groups} from weight {weight}, groups={self.groups}",
                got=f"C={input[1]} from input {input}",
                hint=f"set in_channels={input[1]}" if input[1] % self.groups == 0 else None,
            )
        if bias is not None and bias != (weight[0],):
            raise ShapeError(
                self.name,
                "bias must have one value per output channel",
                expected=f"({weight[0]},)",
                got=f"{bias}",
            )
        return (input[0], weight[0], *self.geometry(input, weight).output)

    def _check_axes(self, input: Shape, weight: Shape) -> None:
        """Input and weight have two axes more than the space they lie in."""
        rank = self.dims + 2
        if len(input) != rank:
            hint = None
            if len(input) == rank - 1:
                grey = weight[1:2] == (1,) and self.groups == 1 and input[0] != 1  # (N,H,W), one channel
                hint = "add the channel axis, x[:, None]" if grey else "add the batch axis, x[None]"
            raise ShapeError(
                self.name,
                f"input must have {rank} axes",
                expected=f"(N,C,{','.join('DHW'[-self.dims :])})",
                got=f"input {input}",
                hint=hint,
            )
        if len(weight) != rank:
            raise ShapeError(self.name, f"weight must have {rank} axes", got=f"weight {weight}")

    def terms(self, of: str, index: Shape, *shapes: Shape | None) -> Terms:
        """The products of one element of output, grad_input, grad_weight or grad_bias."""
        reads = self.reads(of, index, *shapes)
        sizes = dict(zip(self.arguments, shapes, strict=True)) | {"grad_output": self.infer(*shapes)}
        kept = np.ones(len(reads.factors[0][1]), np.bool_)
        for name, rows in reads.factors:
            size = np.array(sizes[name], np.int64)
            kept &= ((rows >= 0) & (rows < size)).all(axis=1)
        return Terms(tuple((name, rows[kept]) for name, rows in reads.factors), reads.start)

    def reads(self, of: str, index: Shape, *shapes: Shape | None) -> Terms:
        """The terms and, in their places among them, the products with padding: positions outside, where 0 stands.

        A kernel that slides over a padded array really adds those zeros, unless `skips_padding` says otherwise.
        """
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        axes = self.geometry(input, weight).axes
        if of == "grad_bias":
            rows = _rows(_column(input[0]), *(_column(a.output) for a in axes))
            return Terms((("grad_output", _indices(rows[:, :1], index[0], rows[:, 1:])),))
        per_group, outputs = weight[1], weight[0] // self.groups
        names: tuple[str, ...]
        left: tuple[int | Column, int | Column, Column]
        right: tuple[int | Column, int | Column, Column]
        start: tuple[str, Shape] | None = None
        first, second, *at = index
        each = list(zip(axes, at, strict=True))
        if of == "output":  # rows (k, i) of each axis, then c
            taps = [[(k, a.position(y, k)) for k in range(a.kernel)] for a, y in each]
            ks, places, c = _split(_rows(*map(_pairs, taps), _column(per_group)))
            names, start = ("input", "weight"), None if bias is None else ("bias", (second,))
            left, right = (first, second // outputs * per_group + c, places), (second, c, ks)
        elif of == "grad_input":  # rows (k, y) of each axis, then o
            shifts = [[(k, i - a.position(0, k)) for k in range(a.kernel)] for a, i in each]
            taps = [
                [(k, shift // a.stride) for k, shift in along if shift % a.stride == 0]
                for a, along in zip(axes, shifts, strict=True)
            ]
            if skips_padding(axes):
                taps[-1] = [(k, y) for k, y in taps[-1] if 0 <= y < axes[-1].output]
            ks, places, o = _split(_rows(*map(_pairs, taps), _column(outputs)))
            group, channel = divmod(second, per_group)
            o = group * outputs + o
            names, left, right = ("grad_output", "weight"), (first, o, places), (o, channel, ks)
        else:  # grad_weight: rows n, then (y, i) of each axis
            taps = [[(y, a.position(y, k)) for y in range(a.output)] for a, k in each]
            rows = _rows(_column(input[0]), *map(_pairs, taps))
            ys, places, n = _split(np.roll(rows, -1, axis=1))
            channel = first // outputs * per_group + second
            names, left, right = ("grad_output", "input"), (n, first, ys), (n, channel, places)
        return Terms(((names[0], _indices(*left)), (names[1], _indices(*right))), start)

    def forward(self, *operands: Array | None) -> Array:
        """Add up one product of matrices per kernel position."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        shape = self.infer(input.shape, weight.shape, None if bias is None else bias.shape)
        geometry = self.geometry(input.shape, weight.shape)
        padded, grouped = self._padded(input, geometry), self._grouped(weight)
        output = np.zeros(
            (shape[0], self.groups, shape[1] // self.groups, *shape[2:]), np.result_type(input, weight)
        )
        for k, at in geometry.kernel_slices():
            output += np.einsum("ngc...,goc->ngo...", padded[(..., *at)], grouped[(..., *k)])
        output = output.reshape(shape)
        return output if bias is None else output + bias.reshape(-1, *(1,) * self.dims)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """Send every product back to both of its factors."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        geometry = self.geometry(input.shape, weight.shape)
        padded, grouped = self._padded(input, geometry), self._grouped(weight)
        grad = grad_output.reshape(input.shape[0], *grouped.shape[:2], *geometry.output)
        grad_padded = np.zeros(padded.shape, grad_output.dtype)
        grad_grouped = np.zeros(grouped.shape, grad_output.dtype)
        y = "xyz"[: self.dims]
        for k, at in geometry.kernel_slices():
            grad_padded[(..., *at)] += np.einsum("ngo...,goc->ngc...", grad, grouped[(..., *k)])
            grad_grouped[(..., *k)] = np.einsum(f"ngo{y},ngc{y}->goc", grad, padded[(..., *at)])
        grad_bias = None if bias is None else grad_output.sum(axis=(0, *range(2, self.dims + 2)))
        return (
            grad_padded[..., *geometry.inside].reshape(input.shape),
            grad_grouped.reshape(weight.shape),
            grad_bias,
        )

    def _padded(self, input: Array, geometry: Geometry) -> Array:
        """The input with its zeros around it and its channels split into groups: (N, groups, C/groups, …)."""
        widths = ((0, 0), (0, 0), *((axis.before, axis.after) for axis in geometry.axes))
        padded = np.pad(input, widths)
        return padded.reshape(input.shape[0], self.groups, input.shape[1] // self.groups, *padded.shape[2:])

    def _grouped(self, weight: Array) -> Array:
        """The weight with its output channels split into groups: (groups, O/groups, C/groups, …)."""
        return weight.reshape(self.groups, weight.shape[0] // self.groups, *weight.shape[1:])


Column: TypeAlias = NDArray[np.int64]  # of integers, or several side by side: one row for each term


def _column(size: int) -> Column:
    """0 … size−1."""
    return np.arange(size, dtype=np.int64)[:, None]


def _pairs(pairs: list[tuple[int, int]]) -> Column:
    """Two columns, also when there is nothing in them."""
    return np.array(pairs, np.int64).reshape(len(pairs), 2)


def _rows(*choices: Column) -> Column:
    """One row of each choice side by side, in every combination; the last choice changes fastest."""
    picks = np.indices([len(choice) for choice in choices]).reshape(len(choices), -1)
    return np.concatenate([choice[pick] for choice, pick in zip(choices, picks, strict=True)], axis=1)


def _split(rows: Column) -> tuple[Column, Column, Column]:
    """Rows of pairs, axis by axis, and a last number: the pairs' first numbers, their second ones, the last."""
    return rows[:, 0:-1:2], rows[:, 1:-1:2], rows[:, -1:]


def _indices(first: int | Column, second: int | Column, rest: Column) -> Column:
    """The indices of an array's elements: two leading axes, which may be the same for all, and the others."""
    whole = np.empty((len(rest), rest.shape[1] + 2), np.int64)
    whole[:, :1], whole[:, 1:2], whole[:, 2:] = first, second, rest
    return whole
