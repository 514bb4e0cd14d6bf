"""Group, instance and layer norm on plain arrays, where the numbers of a set lie side by side in memory.

The kernels are those of a network (`group_norm.py`). A set is an image of `rows` rows of pixels, with as many channels
as a sum has lanes, and a rest. A row is a channel, with a weight of its own; of a layer norm, whose numbers all have
one, it is the whole set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid import batch
from pellucid.engine.beside import play
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.group_norm import added
from pellucid.functions.sums import LANES
from pellucid.kernels import simd, turns
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import group_norm
from pellucid.kernels.loops import group_norm_gradient as gradient
from pellucid.kernels.loops.rows import Sizes, Source, Target
from pellucid.kernels.shelves import borrowed
from pellucid.kernels.simd.channels import HEADER, Kind
from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of

_CHUNK = 1 << 14  # numbers that a thread takes at a time


@registry.beside(GroupNorm, LayerNorm)
def sets_beside(op: Op, bits: int, shape: Shape) -> registry.Beside | None:
    """Of any shape, but rows of few numbers."""
    if isinstance(op, LayerNorm):
        size = size_of(op.normalized_shape)
        return _Sets(bits, op.eps, size_of(shape) // size, 1, size, 0)
    assert isinstance(op, GroupNorm)
    groups, length = op.groups(shape[1]), size_of(shape[2:])
    if length < LANES:
        return None
    return _Sets(bits, op.eps, shape[0] * groups, shape[1] // groups, length, shape[1])


@dataclass(frozen=True)
class _Sets:
    """So many sets; `channels` are those of an image, or 0 where every number of a set has weights of its own."""

    bits: int
    eps: float
    count: int
    rows: int
    length: int
    channels: int

    def output(self, *operands: Array | None) -> Array:
        """What the forward makes."""
        x, weight, bias = (self._flat(array) for array in operands)
        assert operands[0] is not None
        y = np.empty_like(operands[0], order="C")
        with turns.running, borrowed():
            self._normalise(group_norm.normalise, x, weight, bias, y.reshape(-1))
        return y

    def gradients(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """What the backward makes, None where an operand is absent."""
        x, weight, bias, g = (self._flat(array) for array in (*operands, grad_output))
        grads = [None if array is None else np.empty_like(array, self._dtype, "C") for array in operands]
        grad_input, grad_weight, grad_bias = (self._flat(array) for array in grads)
        trained, by_rows = weight is not None or bias is not None, self.channels > 0
        sums = np.empty(2 * self.count * self.rows) if trained and by_rows else None
        with turns.running, borrowed():
            mean, istd = self._normalise(group_norm.standardise, x, None, None, None)
            self._grad_input(g, x, weight, mean, istd, grad_input, sums)
            if trained:
                self._weight_gradients(g, x, mean, istd, sums, grad_weight, grad_bias)
        return tuple(grads)

    def _normalise(
        self, kernel: Kernel, x: Array | None, weight: Array | None, bias: Array | None, y: Array | None
    ) -> tuple[Array, Array]:
        """Launch the forward, or what makes its statistics: mean and istd."""
        mean, var, istd = np.empty((3, self.count))
        given = {"weighted": weight is not None, "biased": bias is not None}
        sums = self._code("moments")
        write = sums if y is None else self._code("normalise", **given)
        table = group_norm.Normalise(
            sets=self._sets,
            x=self._source(x),
            y=Target(y, *self._steps),
            weights=self._weights,
            weight=weight,
            bias=bias,
            weighted=given["weighted"] and self.channels > 0,
            biased=given["biased"] and self.channels > 0,
            codes=group_norm.Codes(simd.address(sums), simd.address(write)),
            mean=mean,
            var=var,
            istd=istd,
            eps=self.eps,
        )
        play(kernel, [(table, self._chunks)], self.bits // 8, self._scratch)
        return mean, istd

    def _grad_input(
        self,
        g: Array | None,
        x: Array | None,
        weight: Array | None,
        mean: Array,
        istd: Array,
        grad_input: Array | None,
        sums: Array | None,
    ) -> None:
        """The gradient of the input, and the sums of rows, if others go on with them."""
        weighted, inner = weight is not None, np.empty((3, self.count))
        codes = (self._code(kind, weighted=weighted) for kind in ("gradient_sums", "gradient"))
        table = gradient.NormaliseGradient(
            sets=self._sets,
            grad_output=self._source(g),
            x=self._source(x),
            grad_input=Target(grad_input, *self._steps),
            base=Source(None, 0, 0, 0),
            weights=self._weights,
            weight=weight,
            weighted=weighted and self.channels > 0,
            codes=group_norm.Codes(*map(simd.address, codes)),
            mean=mean,
            istd=istd,
            grad_istd=inner[0],
            grad_var=inner[1],
            grad_mean=inner[2],
            sums=sums,
            kept=sums is not None,
            written=True,
        )
        play(gradient.normalise_gradient, [(table, self._chunks)], self.bits // 8, self._scratch)

    def _weight_gradients(
        self,
        g: Array | None,
        x: Array | None,
        mean: Array,
        istd: Array,
        sums: Array | None,
        grad_weight: Array | None,
        grad_bias: Array | None,
    ) -> None:
        """Those of weight and bias, where they are given: sums of the batch's parts, then their tree."""
        images = self.count if sums is None else self.count * self.rows // self.channels
        count = (batch.large_parts if sums is None else batch.small_parts)(images)
        weights, edges = self.channels or self.length, np.array(batch.edges(images, count))
        parts, itemsize = np.empty(2 * count * weights), self.bits // 8
        if sums is None:
            code = simd.address(self._code("weight_sums"))
            read = self._source(g), self._source(x)
            numbers = gradient.NumberParts(
                self._sets, *read, self._weights, mean, istd, edges, parts, weights, code
            )
            play(gradient.number_parts, [(numbers, count)], itemsize, self._scratch)
        else:
            channels = gradient.ChannelParts(sums, istd, edges, parts, weights, self.rows)
            play(gradient.channel_parts, [(channels, count)], itemsize, 0)
        chunks, table = added(parts, count, weights, grad_weight, grad_bias)
        play(gradient.weight_gradients, [(table, chunks)], itemsize, 0)

    def _code(self, kind: Kind, **settings: bool) -> simd.Channels:
        return simd.Channels(self.bits, LANES, kind, self._weights.pixel, self.length % LANES, **settings)

    def _source(self, array: Array | None) -> Source:
        return Source(array, *self._steps)

    @property
    def _steps(self) -> tuple[int, int, int]:
        return self.rows * self.length, 0, self.length

    @property
    def _weights(self) -> group_norm.Weights:
        if self.channels:
            return group_norm.Weights(rows=self.channels)
        return group_norm.Weights(pixel=LANES)

    @property
    def _sets(self) -> group_norm.Sets:
        sizes = Sizes(self.count, 1, self.rows, self.length // LANES, LANES)
        return group_norm.Sets(sizes, LANES, self._per_chunk, self.rows * self.length)

    @property
    def _per_chunk(self) -> int:
        return max(1, _CHUNK // (self.rows * self.length))

    @property
    def _chunks(self) -> int:
        return -(-self.count // self._per_chunk)

    @property
    def _scratch(self) -> int:
        return 8 * (HEADER + 5 * LANES)

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(f"f{self.bits // 8}")

    def _flat(self, array: Array | None) -> Array | None:
        """The numbers as they lie in memory."""
        return None if array is None else np.ascontiguousarray(array, self._dtype).reshape(-1)
