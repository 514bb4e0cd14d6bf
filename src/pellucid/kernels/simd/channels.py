"""Group normalisation along a row of pixels: sums of every channel, and the passes that write numbers.

A row's `count` pixels are walked some channels at a time, whose sums, and what they have in common, stay in registers.
A table at `taps` begins with the addresses of weights and of biases (or of the two sums that weights' gradients are);
then come rows of a float64 number for each channel.

    kind             A            B    rows                           what is done with each number
    sums             x                 centre, sum                    sum += A − centre
    squares          x                 centre, sum                    sum += (A − centre)²
    gradient_sums    grad_output  x    centre, shift, slope           shift += g;  slope += g·(B − centre)
    normalise        x                 centre, scale                  out = (A − centre)·scale·weight + bias
    gradient         grad_output  x    centre, shift, slope, scale    out = g·scale + (shift + slope·(B − centre))
    weight_sums      grad_output  x    centre, scale                  s₁ += A·((B − centre)·scale);  s₂ += A

with g = A·weight. Every operation is one of float64; what goes to a tensor is rounded once, and then added to `start`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from llvmlite import ir

from pellucid.kernels.simd.activation import repeat
from pellucid.kernels.simd.emit import I64, Emitter, int64, symbol_of
from pellucid.kernels.simd.numbers import Numbers, Registers
from pellucid.kernels.simd.stretch import Masks, Stretch, known_lanes
from pellucid.kernels.simd.target import vector_lanes

HEADER = 2  # cells of a table before its rows
# How many rows a table has, and which of them are sums that grow.
_ROWS = {"sums": 2, "squares": 2, "gradient_sums": 3, "normalise": 2, "gradient": 4, "weight_sums": 2}
_SUMS = {"sums": (1,), "squares": (1,), "gradient_sums": (1, 2)}
_GROUP = 4  # registers of channels at a time


@dataclass(frozen=True)
class Channels:
    """One of these walks; `weight_step` is how far apart the weights of neighbouring pixels are."""

    bits: int
    channels: int
    kind: Literal["sums", "squares", "gradient_sums", "normalise", "gradient", "weight_sums"]
    weighted: bool = False
    biased: bool = False
    base: bool = False
    weight_step: int = 0

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("channels", self)

    def emit(self) -> ir.Module:
        """Groups of registers, then one register at a time, the last of which may have lanes to spare."""
        e = Emitter(self.symbol, self.bits, vector_lanes(64))
        width, lanes = _GROUP * vector_lanes(64), vector_lanes(64)
        whole = self.channels // width
        repeat(e, int64(whole), lambda i: self._block(e, e.b.mul(i, int64(width)), _GROUP, None))
        for first in range(whole * width, self.channels, lanes):
            left = self.channels - first
            masks = None if left >= lanes else known_lanes(Registers(e.b, lanes), left)
            self._block(e, int64(first), 1, masks)
        e.b.ret_void()
        return e.module

    def _block(self, e: Emitter, channel: Any, group: int, masks: Masks) -> None:
        """Some channels of all pixels."""
        arithmetic = Registers(e.b, vector_lanes(64), group)
        table = e.b.bitcast(e.function.args[4], ir.DoubleType().as_pointer())
        rows = [
            Stretch(e, arithmetic, e.ahead(table, HEADER + i * self.channels))
            for i in range(_ROWS[self.kind])
        ]
        common, growing = [row.read(channel, masks) for row in rows], _SUMS.get(self.kind, ())

        def pixel(i: Any, state: Any) -> Any:
            for row, registers in zip(growing, state, strict=True):
                common[row] = Numbers(arithmetic, registers)
            place = e.b.add(e.b.mul(i, int64(self.channels)), channel)
            weight = e.b.add(e.b.mul(i, int64(self.weight_step)), channel)
            sums = self._pixel(e, arithmetic, common, (place, weight), masks)
            return [numbers.registers for numbers in sums]

        sums = e.loop(e.function.args[5], [common[row].registers for row in growing], pixel)
        for row, registers in zip(growing, sums, strict=True):
            rows[row].write(channel, Numbers(arithmetic, registers), masks)

    def _pixel(
        self,
        e: Emitter,
        arithmetic: Registers,
        common: Sequence[Numbers],
        places: tuple[Any, Any],
        masks: Masks,
    ) -> list[Numbers]:
        """One pixel of some channels: what the sums become."""
        a, b, out, start = (Stretch(e, arithmetic, pointer) for pointer in e.function.args[:4])
        place, weight = places
        centre, left = common[0], a.read(place, masks)
        if self.kind == "sums":
            return [common[1] + (left - centre)]
        if self.kind == "squares":
            centred = left - centre
            return [common[1] + centred * centred]
        if self.kind == "normalise":
            value = (left - centre) * common[1]
            if self.weighted:
                value = value * self._beside(e, arithmetic, 0).read(weight, masks)
            if self.biased:
                value = value + self._beside(e, arithmetic, 1).read(weight, masks)
            out.write(place, value, masks)
            return []
        centred = b.read(place, masks) - centre
        if self.kind == "weight_sums":
            scaled, plain = (self._beside(e, arithmetic, i, ir.DoubleType()) for i in range(2))
            scaled.write(weight, scaled.read(weight, masks) + left * (centred * common[1]), masks)
            plain.write(weight, plain.read(weight, masks) + left, masks)
            return []
        if self.weighted:
            left = left * self._beside(e, arithmetic, 0).read(weight, masks)
        if self.kind == "gradient_sums":
            return [common[1] + left, common[2] + left * centred]
        through = common[1] + common[2] * centred
        out.write(place, left * common[3] + through, masks, start if self.base else None)
        return []

    def _beside(self, e: Emitter, arithmetic: Registers, cell: int, element: Any = None) -> Stretch:
        """The numbers whose address stands in a cell of the table."""
        address = e.b.load(e.ahead(e.b.bitcast(e.function.args[4], I64.as_pointer()), cell))
        return Stretch(e, arithmetic, e.b.inttoptr(address, (element or e.element).as_pointer()))
