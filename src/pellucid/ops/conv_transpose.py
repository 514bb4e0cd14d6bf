"""Transposed convolution: the relation of a convolution read backwards, from its outputs to its inputs.

y, k and i stand for one, two or three coordinates; the output has
(Y − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1 positions along an axis. It is the input gradient of
the convolution (`ops/conv.py`) whose output has the input's shape: with groups, input channel c reaches only the output
channels of its group. Orders of summation are those of that convolution's gradients.
Source: Zeiler and others, Deconvolutional Networks, 2010.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import total
from pellucid.geometry import Axis, Geometry
from pellucid.ops.base import Array, Gradients, Shape, Terms, choices, columns
from pellucid.ops.checks import channels_hint
from pellucid.ops.conv import Conv
from pellucid.ops.product import Product
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.relation import IndexPattern, Labels, Sliding, places, windows
from pellucid.ops.settings import each, pairs
from pellucid.sizes import IntOrTuple, PaddingLike, is_integer, padding_pairs, per_axis, size_of


@dataclass(frozen=True)
class _Backwards(Conv):
    """The convolution that is read backwards: its outputs are known, and not every input is in a window."""

    known: Geometry | None = None

    def geometry(self, input: Shape, weight: Shape) -> Geometry:
        """The relation between the transposed convolution's outputs and its inputs."""
        assert self.known is not None
        return self.known


# What the convolution calls them.
_OTHER = {"input": "grad_output", "grad_output": "input", "weight": "weight"}
_RESULT = {"output": "grad_input", "grad_input": "output", "grad_weight": "grad_weight"}


@dataclass(frozen=True)
class ConvTranspose(Product):
    """The settings of a transposed convolution over `dims` spatial axes, in PyTorch's order."""

    dims: int
    stride: IntOrTuple = 1
    padding: PaddingLike = 0
    output_padding: IntOrTuple = 0
    groups: int = 1
    dilation: IntOrTuple = 1

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,o,i] = ⟦bias[o] + ⟧Σ_{c,k} input[n,c,y]·weight[c,o,k] over the (y,k) that meet at i",
        "grad_input": "grad_input[n,c,y] = Σ_{o,k} grad_output[n,o,i]·weight[c,o,k], "
        "i = y·stride + k·dilation − padding",
        "grad_weight": "grad_weight[c,o,k] = Σ_{n,y} input[n,c,y]·grad_output[n,o,i]",
        "grad_bias": "grad_bias[o] = Σ_{n,i} grad_output[n,o,i]",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        stride, dilation = (each(size, self.dims) for size in (self.stride, self.dilation))
        self.settle(stride=stride, dilation=dilation, output_padding=each(self.output_padding, self.dims, 0))
        if not isinstance(self.padding, str):
            self.settle(padding=pairs(self.padding, self.dims))

    @property
    def name(self) -> str:
        """conv_transpose1d, conv_transpose2d or conv_transpose3d."""
        return f"conv_transpose{self.dims}d"

    @property
    def sample_axes(self) -> int:
        """(C,…)."""
        return self.dims + 1

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…), (C,O/groups,…), (O,) or None → (N,O,…)."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        self._check_channels(input, weight)
        outputs = weight[1] * self.groups
        if bias is not None and bias != (outputs,):
            rule = "bias must have one value per output channel"
            raise ShapeError(self.name, rule, expected=f"({outputs},)", got=f"{bias}")
        sizes = self.conv(input, weight).geometry((), ()).input
        if any(size < 1 for size in sizes):
            rule = "the output's sizes must be positive"
            got = say("{sizes} from input {input}", sizes=sizes, input=input)
            raise ShapeError(self.name, rule, got=got, hint="use less padding")
        return (input[0], outputs, *sizes)

    def sliding(self, *shapes: Shape | None) -> Sliding:
        """The convolution's windows, read backwards."""
        input, weight, *_ = shapes
        assert input is not None
        assert weight is not None
        return Sliding(self.conv(input, weight).geometry((), ()).axes, backwards=True)

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """How far the convolution's windows reach."""
        input, weight, *_ = shapes
        assert input is not None
        assert weight is not None
        return tuple(axis.input_formula for axis in self.conv(input, weight).geometry((), ()).axes)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """The convolution read backwards: its outputs y are the input here."""
        input, weight = shapes["input"], shapes["weight"]
        geometry = self.conv(input, weight).geometry((), ())
        (i, k, y), sizes = places(geometry.input, geometry.kernel, geometry.output)
        sizes |= {"n": input[0], "g": self.groups, "c": weight[0] // self.groups, "o": weight[1]}
        labels: dict[str, Labels] = {
            "input": ("n", "g", "c", *y),
            "weight": ("g", "c", "o", *k),
            "bias": ("g", "o"),
            "output": ("n", "g", "o", *i),
        }
        return IndexPattern(labels, sizes, windows(geometry.axes))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """That of the convolution which is read backwards: of its input gradient for the output, and so on."""
        input, weight, _ = shapes
        assert input is not None
        assert weight is not None
        if of == "grad_bias":
            return Reduction("fma", ("grad_output",), ("n", *spatial("i", self.dims)))
        conv, output = self.conv(input, weight), self.infer(*shapes)
        found = conv.reduced(_RESULT[of], output, weight, None)
        over = tuple({"c": "o", "o": "c"}.get(label, label) for label in found.over)
        factors = tuple(_OTHER[name] for name in found.factors)
        return replace(found, factors=factors, over=over, start="bias" if of == "output" else None)

    def factors(self, *shapes: Shape | None) -> Shape:
        """Every input channel of a group has its weights."""
        _, weight, _ = shapes
        assert weight is not None
        groups = (self.groups,) if self.groups > 1 else ()
        return (*weight[2:], weight[0] // self.groups, weight[1], *groups)

    def positions(self, *shapes: Shape | None) -> Shape:
        """The input's."""
        input = shapes[0]
        assert input is not None
        return (input[0], *input[2:])

    def effort(self, *shapes: Shape | None) -> int:
        """All products; with one output channel a group it multiplies by a small matrix for every channel."""
        input, weight, _ = shapes
        assert input is not None
        assert weight is not None
        products = size_of(input) * size_of(weight[1:])
        return 8 * products if weight[1] == 1 else products

    def _check_channels(self, input: Shape, weight: Shape) -> None:
        rank = self.dims + 2
        if len(input) != rank:
            axes = f"(N,C,{','.join('DHW'[-self.dims :])})"
            raise ShapeError(
                self.name, say("input must have {rank} axes", rank=rank), expected=axes, got=f"input {input}"
            )
        if len(weight) != rank:
            raise ShapeError(
                self.name, say("weight must have {rank} axes", rank=rank), got=f"weight {weight}"
            )
        if 0 in weight[2:]:
            raise ShapeError(self.name, "kernel sizes must be positive", got=f"weight {weight}")
        if not is_integer(self.groups) or self.groups < 1 or weight[0] % self.groups:
            rule = "input channels must be a multiple of groups"
            got = f"weight {weight}, groups={self.groups!r}"
            raise ArgumentError(self.name, rule, got=got)
        if input[1] != weight[0]:
            raise ShapeError(
                self.name,
                "input channels must equal the weight's first axis",
                expected=say("C={channels} from weight {weight}", channels=weight[0], weight=weight),
                got=say("C={channels} from input {input}", channels=input[1], input=input),
                hint=channels_hint(input, weight[0], "in_channels"),
            )

    def conv(self, input: Shape, weight: Shape) -> Conv:
        """The convolution whose output has the input's shape, and whose input gradient this is."""
        stride = per_axis(self.name, "stride", self.stride, self.dims)
        dilation = per_axis(self.name, "dilation", self.dilation, self.dims)
        if isinstance(self.padding, str):
            raise ArgumentError(self.name, "padding must be given as numbers", got=repr(self.padding))
        padding = padding_pairs(self.name, self.padding, weight[2:], stride, dilation)
        more = per_axis(self.name, "output_padding", self.output_padding, self.dims, minimum=0)
        if any(m >= max(s, d) for m, s, d in zip(more, stride, dilation, strict=True)):
            rule = "output_padding must be smaller than stride or dilation"
            names = "output_padding", "stride", "dilation"
            raise ArgumentError(self.name, rule, got=", ".join(f"{n}={self.given(n)!r}" for n in names))
        if 0 in input[2:]:
            raise ShapeError(
                self.name, "spatial sizes must be positive", got=say("input sizes {sizes}", sizes=input[2:])
            )
        each = zip(input[2:], weight[2:], stride, padding, dilation, more, strict=True)
        axes = tuple(
            Axis((y - 1) * s - sum(p) + d * (k - 1) + m + 1, k, s, d, p[0], p[1] - m)
            for y, k, s, p, d, m in each
        )
        return _Backwards(self.dims, stride, padding, dilation, self.groups, known=Geometry(axes))

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The products of elements of output, grad_input, grad_weight or grad_bias."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        output = self.infer(*shapes)
        if of == "grad_bias":
            n, *i = choices(output[0], *output[2:])
            return Terms((("grad_output", (n, *columns(at), *i)),))
        terms = self.conv(input, weight).terms(_RESULT[of], at, output, weight, None)
        factors = tuple((_OTHER[name], rows) for name, rows in terms.factors)
        start = ("bias", (at[:, 1],)) if of == "output" and bias is not None else None
        return Terms(factors, start, terms.present)

    def forward(self, *operands: Array | None) -> Array:
        """Give every input element's products to the outputs that they meet."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        shape = self.infer(input.shape, weight.shape, None if bias is None else bias.shape)
        conv = self.conv(input.shape, weight.shape)
        output = conv.backward(input, np.zeros(shape, input.dtype), weight, None)[0]
        assert output is not None
        return output if bias is None else output + bias.reshape(-1, *(1,) * self.dims)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """The convolution itself brings gradients back."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        conv = self.conv(input.shape, weight.shape)
        grad_weight = conv.backward(input, grad_output, weight, None)[1]
        grad_bias = None if bias is None else total(grad_output, (0, *range(2, self.dims + 2)))
        return conv.forward(grad_output, weight, None), grad_weight, grad_bias
