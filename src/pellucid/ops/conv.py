"""Convolution (cross-correlation) in one, two or three dimensions, with stride, padding, dilation and groups.

y, k and i stand for one, two or three coordinates. With groups, output channel o sees only the input channels of its
group. Order of summation: output (k, c), grad_input (k, o), grad_weight and grad_bias (n, y), each ascending. Products
with padding are part of it, but for those that `skips_padding` says.

With `flip` it is true convolution: i = y·stride + (K−1−k)·dilation − padding. The relation stays that of a window's
positions j; only the weight lies in the window flipped along every axis, with its number k = K−1−j at position j. Sums
go by j, so k descends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import products, total
from pellucid.geometry import Axis, Geometry, skips_padding, window
from pellucid.ops.base import Array, Gradients, Rows, Shape, Terms, choices, columns
from pellucid.ops.checks import channels_hint, flag
from pellucid.ops.product import Product
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.relation import IndexPattern, Labels, Sliding, places, windows
from pellucid.ops.settings import each, pairs
from pellucid.sizes import IntOrTuple, PaddingLike, is_integer, padding_pairs, per_axis, size_of

Axes: TypeAlias = tuple[Axis, ...]


@dataclass(frozen=True)
class Conv(Product):
    """The settings of a convolution over `dims` spatial axes. Padding may be any form that `padding_pairs` reads."""

    dims: int
    stride: IntOrTuple = 1
    padding: PaddingLike = 0
    dilation: IntOrTuple = 1
    groups: int = 1
    flip: bool = False

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,o,y] = ⟦bias[o] + ⟧Σ_{c,k} input[n,c,i]·weight[o,c,k], "
        "i = y·stride + k·dilation − padding",
        "grad_input": "grad_input[n,c,i] = Σ_{o,k} grad_output[n,o,y]·weight[o,c,k] over the (y,k) that meet at i",
        "grad_weight": "grad_weight[o,c,k] = Σ_{n,y} grad_output[n,o,y]·input[n,c,i]",
        "grad_bias": "grad_bias[o] = Σ_{n,y} grad_output[n,o,y]",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        stride, dilation = (each(size, self.dims) for size in (self.stride, self.dilation))
        self.settle(stride=stride, dilation=dilation, padding=pairs(self.padding, self.dims))

    @property
    def name(self) -> str:
        """conv1d, conv2d or conv3d."""
        return f"conv{self.dims}d"

    @property
    def sample_axes(self) -> int:
        """(C,…)."""
        return self.dims + 1

    def formula_of(self, result: str) -> str:
        """With `flip`, k counts from the window's other end."""
        formula = super().formula_of(result)
        return formula.replace("k·dilation", "(K−1−k)·dilation") if self.flip else formula

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
        flag(self.name, "flip", self.flip)
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
                expected=say(
                    "C={channels} from weight {weight}, groups={groups}",
                    channels=weight[1] * self.groups,
                    weight=weight,
                    groups=self.groups,
                ),
                got=say("C={channels} from input {input}", channels=input[1], input=input),
                hint=channels_hint(input, weight[1] * self.groups, "in_channels")
                if input[1] % self.groups == 0 or input[-1] == weight[1] * self.groups
                else None,
            )
        if bias is not None and bias != (weight[0],):
            raise ShapeError(
                self.name,
                "bias must have one value per output channel",
                expected=f"({weight[0]},)",
                got=f"{bias}",
            )
        return (input[0], weight[0], *self.geometry(input, weight).output)

    def sliding(self, *shapes: Shape | None) -> Sliding:
        """The geometry's windows."""
        input, weight, *_ = shapes
        assert input is not None
        assert weight is not None
        return Sliding(self.geometry(input, weight).axes)

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """How many windows fit."""
        input, weight, *_ = shapes
        assert input is not None
        assert weight is not None
        return tuple(axis.formula for axis in self.geometry(input, weight).axes)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Window, kernel position and output meet by the geometry, in each group."""
        input, weight = shapes["input"], shapes["weight"]
        geometry = self.geometry(input, weight)
        (i, k, y), sizes = places(geometry.input, geometry.kernel, geometry.output)
        sizes |= {"n": input[0], "g": self.groups, "o": weight[0] // self.groups, "c": weight[1]}
        labels: dict[str, Labels] = {
            "input": ("n", "g", "c", *i),
            "weight": ("g", "o", "c", *k),
            "bias": ("g", "o"),
            "output": ("n", "g", "o", *y),
        }
        return IndexPattern(labels, sizes, windows(geometry.axes, flipped=self.flip))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The products; those with padding are multiplied, too, unless `skips_padding` says otherwise."""
        input, weight, _ = shapes
        assert input is not None
        assert weight is not None
        if of == "output":
            window = spatial("k", self.dims, descending=self.flip)
            return Reduction("fma", ("input", "weight"), (*window, "c"), start="bias")
        if of == "grad_input":
            window = spatial("k", self.dims, descending=self.flip)
            along = (f"y{self.dims - 1}",) if skips_padding(self.geometry(input, weight).axes) else ()
            return Reduction("fma", ("grad_output", "weight"), (*window, "o"), skips=along)
        factors = ("grad_output", "input") if of == "grad_weight" else ("grad_output",)
        return Reduction("fma", factors, ("n", *spatial("y", self.dims)))

    def factors(self, *shapes: Shape | None) -> Shape:
        """Every output channel of a group has its weights."""
        _, weight, _ = shapes
        assert weight is not None
        groups = (self.groups,) if self.groups > 1 else ()
        return (*weight[2:], weight[1], weight[0] // self.groups, *groups)

    def positions(self, *shapes: Shape | None) -> Shape:
        """The output's, those whose window lies on padding included."""
        batch, _, *y = self.infer(*shapes)
        return (batch, *y)

    def effort(self, *shapes: Shape | None) -> int:
        """All products; a depthwise convolution multiplies by a small matrix for every channel."""
        _, weight, _ = shapes
        assert weight is not None
        products = size_of(self.infer(*shapes)) * size_of(weight[1:])
        return 8 * products if weight[1] == 1 else products

    def _check_axes(self, input: Shape, weight: Shape) -> None:
        """Input and weight have two axes more than the space they lie in."""
        rank = self.dims + 2
        if len(input) != rank:
            hint = None
            if len(input) == rank - 1:
                grey = weight[1:2] == (1,) and self.groups == 1 and input[0] != 1  # (N,H,W), one channel
                hint = "add the channel axis, x[:, None]" if grey else "add the batch axis, x[None]"
                if input[-1] == weight[1] * self.groups < min(input[:-1]):
                    axes = (len(input) - 1, *range(len(input) - 1))
                    hint = say(
                        "move the channel axis and add the batch axis, x.transpose{axes}[None]", axes=axes
                    )
            raise ShapeError(
                self.name,
                say("input must have {rank} axes", rank=rank),
                expected=f"(N,C,{','.join('DHW'[-self.dims :])})",
                got=f"input {input}",
                hint=hint,
            )
        if len(weight) != rank:
            raise ShapeError(
                self.name, say("weight must have {rank} axes", rank=rank), got=f"weight {weight}"
            )
        if 0 in weight[2:]:
            raise ShapeError(self.name, "kernel sizes must be positive", got=f"weight {weight}")

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The products of elements of output, grad_input, grad_weight or grad_bias, those with padding in their places.

        A kernel that slides over a padded array really adds those zeros, unless `skips_padding` says otherwise.
        """
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        axes = self.geometry(input, weight).axes
        if of in ("output", "grad_input"):
            slide = self._output_terms if of == "output" else self._grad_input_terms
            return slide(at, axes, weight, bias is not None)
        n, *y = choices(input[0], *(axis.output for axis in axes))
        if of == "grad_bias":
            return Terms((("grad_output", (n, *columns(at), *y)),))
        o, c, *k = columns(at)
        i = [axis.position(p, j) for axis, p, j in zip(axes, y, self._facing(axes, *k), strict=True)]
        channel = o // (weight[0] // self.groups) * weight[1] + c
        return Terms((("grad_output", (n, o, *y)), ("input", (n, channel, *i))))

    def _output_terms(self, at: NDArray[np.int64], axes: Axes, weight: Shape, bias: bool) -> Terms:
        n, o, *y = columns(at)
        *window, c = choices(*weight[2:], weight[1])
        i = [axis.position(p, j) for axis, p, j in zip(axes, y, window, strict=True)]
        channel = o // (weight[0] // self.groups) * weight[1] + c
        factors = ("input", (n, channel, *i)), ("weight", (o, c, *self._facing(axes, *window)))
        return Terms(factors, ("bias", (at[:, 1],)) if bias else None)

    def _grad_input_terms(self, at: NDArray[np.int64], axes: Axes, weight: Shape, _: bool) -> Terms:
        n, channel, *i = columns(at)
        *window, o = choices(*weight[2:], weight[0] // self.groups)
        shifts = [p - axis.position(0, j) for axis, p, j in zip(axes, i, window, strict=True)]
        y = [shift // axis.stride for axis, shift in zip(axes, shifts, strict=True)]
        met = [shift % axis.stride == 0 for axis, shift in zip(axes, shifts, strict=True)]
        if skips_padding(axes):
            met.append((y[-1] >= 0) & (y[-1] < axes[-1].output))
        group, c = np.divmod(channel, weight[1])
        o = group * (weight[0] // self.groups) + o
        factors = ("grad_output", (n, o, *y)), ("weight", (o, c, *self._facing(axes, *window)))
        return Terms(factors, present=np.logical_and.reduce(np.broadcast_arrays(*met)))

    def _facing(self, axes: Axes, *k: NDArray[np.int64]) -> Rows:
        """The weight's indices at a window's positions, or the window's positions at the weight's indices."""
        return tuple(axis.kernel - 1 - j for axis, j in zip(axes, k, strict=True)) if self.flip else k

    def laid(self, weight: Array) -> Array:
        """The weight as it lies in the window, or its gradient from there: flipped along every axis, if at all."""
        return np.flip(weight, tuple(range(2, weight.ndim))) if self.flip else weight

    def forward(self, *operands: Array | None) -> Array:
        """Add up one product of matrices per kernel position."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        shape = self.infer(input.shape, weight.shape, None if bias is None else bias.shape)
        geometry = self.geometry(input.shape, weight.shape)
        padded, grouped = self._padded(input, geometry), self._grouped(weight)
        positions = shape[0], *shape[2:]
        output = np.zeros((*grouped.shape[:2], size_of(positions)), np.result_type(input, weight))
        for k, at in geometry.kernel_slices():
            _add_products(output, _positions_last(padded[(..., *at)]), grouped[(..., *k)])
        output = np.moveaxis(output.reshape(shape[1], *positions), 0, 1)
        return np.ascontiguousarray(output) if bias is None else output + bias.reshape(-1, *(1,) * self.dims)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """Send every product back to both of its factors."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        geometry = self.geometry(input.shape, weight.shape)
        padded, grouped = self._padded(input, geometry), self._grouped(weight)
        grad = _positions_last(grad_output.reshape(input.shape[0], *grouped.shape[:2], *geometry.output))
        grad_padded = np.zeros(padded.shape, grad_output.dtype)
        grad_grouped = np.zeros(grouped.shape, grad_output.dtype)
        for k, at in geometry.kernel_slices():
            seen, weights = padded[(..., *at)], grouped[(..., *k)]
            grad_seen = np.zeros((*weights.shape[::2], grad.shape[-1]), grad.dtype)
            _add_products(grad_seen, grad, weights.swapaxes(1, 2))
            by_channels = np.moveaxis(seen, 0, 2).shape
            grad_padded[(..., *at)] += np.moveaxis(grad_seen.reshape(by_channels), 2, 0)
            grad_grouped[(..., *k)] = products(grad[:, :, None], _positions_last(seen)[:, None])
        grad_bias = None if bias is None else total(grad_output, (0, *range(2, self.dims + 2)))
        return (
            grad_padded[..., *geometry.inside].reshape(input.shape),
            self.laid(grad_grouped.reshape(weight.shape)),
            grad_bias,
        )

    def _padded(self, input: Array, geometry: Geometry) -> Array:
        """The input with its zeros around it and its channels split into groups: (N, groups, C/groups, …)."""
        padded = np.pad(input, ((0, 0), (0, 0), *geometry.padded))
        return padded.reshape(input.shape[0], self.groups, input.shape[1] // self.groups, *padded.shape[2:])

    def _grouped(self, weight: Array) -> Array:
        """The weight as it lies, its output channels split into groups: (groups, O/groups, C/groups, …)."""
        return self.laid(weight).reshape(self.groups, weight.shape[0] // self.groups, *weight.shape[1:])


def _positions_last(array: Array) -> Array:
    """(N, groups, channels, …) as (groups, channels, all positions of all images)."""
    groups, channels = array.shape[1:3]
    return np.moveaxis(array, 0, 2).reshape(groups, channels, array[:, :1, :1].size)


def _add_products(to: Array, numbers: Array, weights: Array) -> None:
    """to[g,o,p] += Σ_c numbers[g,c,p]·weights[g,o,c], c ascending."""
    product = np.empty_like(to)
    for c in range(weights.shape[2]):
        np.multiply(numbers[:, c, None], weights[:, :, c, None], out=product)
        to += product
