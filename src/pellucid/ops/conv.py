"""Convolution (cross-correlation) in one, two or three dimensions, with stride, padding, dilation and groups.

    output[n,o,y]       = bias[o] + Σ_{c,k} input[n,c,i]·weight[o,c,k],     i = y·stride + k·dilation − padding
    grad_input[n,c,i]   = Σ_{o,k} grad_output[n,o,y]·weight[o,c,k]          over the (y,k) that meet at i
    grad_weight[o,c,k]  = Σ_{n,y} grad_output[n,o,y]·input[n,c,i]
    grad_bias[o]        = Σ_{n,y} grad_output[n,o,y]

y, k and i stand for one, two or three coordinates. With groups, output channel o sees only the input channels of its
group. Order of summation: output (k, c), grad_input (k, o), grad_weight and grad_bias (n, y), each ascending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ArgumentError, ShapeError
from pellucid.geometry import Geometry, IntOrTuple, PaddingLike, is_integer, padding_pairs, per_axis, window
from pellucid.ops.base import Array, Gradients, Op, Shape, Terms, index_rows


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
        for label, shape in (("input", input), ("weight", weight)):
            if len(shape) != self.dims + 2:
                raise ShapeError(self.name, f"{label} must have {self.dims + 2} axes", got=f"{label} {shape}")
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
                hint=f"set in_channels={input[1]}",
            )
        if bias is not None and bias != (weight[0],):
            raise ShapeError(
                self.name, "bias must have one value per output channel", expected=f"({weight[0]},)", got=f"{bias}"
            )
        return (input[0], weight[0], *self.geometry(input, weight).output)

    def terms(self, of: str, index: Shape, *shapes: Shape | None) -> Terms:
        """The products of one element of output, grad_input, grad_weight or grad_bias."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        geometry = self.geometry(input, weight)
        per_group, outputs = weight[1], weight[0] // self.groups
        rank = self.dims + 2
        if of == "output":
            n, o, *y = index
            first = o // outputs * per_group
            pairs = [
                ((n, first + c, *i), (o, c, *k)) for k, i in geometry.taps(tuple(y)) for c in range(per_group)
            ]
            names, start = ("input", "weight"), None if bias is None else ("bias", (o,))
        elif of == "grad_input":
            n, c, *i = index
            group = c // per_group
            pairs = [
                ((n, o, *y), (o, c - group * per_group, *k))
                for y, k in geometry.sources(tuple(i))
                for o in range(group * outputs, (group + 1) * outputs)
            ]
            names, start = ("grad_output", "weight"), None
        elif of == "grad_weight":
            o, c, *k = index
            channel = o // outputs * per_group + c
            reads = [(y, dict(geometry.taps(y)).get(tuple(k))) for y in np.ndindex(*geometry.output)]
            pairs = [
                ((n, o, *y), (n, channel, *i)) for n in range(input[0]) for y, i in reads if i is not None
            ]
            names, start = ("grad_output", "input"), None
        else:
            rows: list[Shape] = [
                (n, index[0], *y) for n in range(input[0]) for y in np.ndindex(*geometry.output)
            ]
            return Terms((("grad_output", index_rows(rows, rank)),))
        left, right = [p[0] for p in pairs], [p[1] for p in pairs]
        return Terms(((names[0], index_rows(left, rank)), (names[1], index_rows(right, rank))), start)

    def forward(self, *operands: Array | None) -> Array:
        """Add up one product of matrices per kernel position."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        shape = self.infer(input.shape, weight.shape, None if bias is None else bias.shape)
        geometry = self.geometry(input.shape, weight.shape)
        padded, grouped = self._padded(input, geometry), self._grouped(weight)
        output = np.zeros((shape[0], self.groups, shape[1] // self.groups, *shape[2:]), np.result_type(input, weight))
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
        grad = grad_output.reshape(input.shape[0], self.groups, -1, *geometry.output)
        grad_padded = np.zeros(padded.shape, grad_output.dtype)
        grad_grouped = np.zeros(grouped.shape, grad_output.dtype)
        y = "xyz"[: self.dims]
        for k, at in geometry.kernel_slices():
            grad_padded[(..., *at)] += np.einsum("ngo...,goc->ngc...", grad, grouped[(..., *k)])
            grad_grouped[(..., *k)] = np.einsum(f"ngo{y},ngc{y}->goc", grad, padded[(..., *at)])
        inside = tuple(slice(axis.before, axis.before + axis.input) for axis in geometry.axes)
        grad_bias = None if bias is None else grad_output.sum(axis=(0, *range(2, self.dims + 2)))
        return grad_padded[(..., *inside)].reshape(input.shape), grad_grouped.reshape(weight.shape), grad_bias

    def _padded(self, input: Array, geometry: Geometry) -> Array:
        """The input with its zeros around it and its channels split into groups: (N, groups, C/groups, …)."""
        widths = ((0, 0), (0, 0), *((axis.before, axis.after) for axis in geometry.axes))
        padded = np.pad(input, widths)
        return padded.reshape(input.shape[0], self.groups, input.shape[1] // self.groups, *padded.shape[2:])

    def _grouped(self, weight: Array) -> Array:
        """The weight with its output channels split into groups: (groups, O/groups, C/groups, …)."""
        return weight.reshape(self.groups, weight.shape[0] // self.groups, *weight.shape[1:])
