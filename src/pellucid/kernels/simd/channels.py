"""Group normalisation along a row of pixels: sums of every channel, and the passes that write numbers.

A row's `count` pixels are walked some channels at a time, whose sums, and what they have in common, stay in registers.
A table at `taps` begins with the addresses of weights and of biases (or of the two sums that weights' gradients are);
then come rows of a float64 number for each channel.

    kind             A            B    rows                        what is done with each number
    moments          x                 centre, first, second       first += A − centre;  second += (A − centre)²
    gradient_sums    grad_output  x    mean, first, second         first += g;  second += g·(B − mean)
    normalise        x                 mean, scale, bias           out = (A − mean)·scale + bias
    gradient         grad_output  x    mean, slope, scale, shift   out = (B − mean)·slope + (g·scale + shift)
    weight_sums      grad_output  x    mean, scale                 s₁ += A·((B − mean)·scale);  s₂ += A
    squares          gradient          sum                         sum += A·A

g is A. Where every number has weights of its own (`weight_step` is not 0), g is A·weight, and normalise writes
((A − mean)·scale)·weight + bias. Every operation is one of float64, + behind · is fused but for weight_sums and
squares; what goes to a tensor is rounded once, and then added to `start`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from llvmlite import ir

from pellucid.kernels.simd.curve import repeat
from pellucid.kernels.simd.emit import I64, Emitter, int64, symbol_of
from pellucid.kernels.simd.numbers import Numbers, Registers
from pellucid.kernels.simd.stretch import Masks, Stretch, known_lanes
from pellucid.kernels.simd.target import target, vector_lanes

Kind: TypeAlias = Literal["moments", "gradient_sums", "normalise", "gradient", "weight_sums", "squares"]
HEADER = 2  # cells of a table before its rows
# How many rows a table has.
_ROWS = {"moments": 3, "gradient_sums": 3, "normalise": 3, "gradient": 4, "weight_sums": 2, "squares": 1}
_SUMS = {"moments": 1, "gradient_sums": 1, "squares": 0}  # whose rows from there on are sums that grow
_PIECE = 1024  # numbers of pixels side by side, while blocks of channels take turns
# How far ahead the next cache is asked for numbers: the processor itself does not look beyond a page.
_READ_AHEAD, _WRITE_AHEAD = 2048, 4096
_FEWEST = 4  # pixels of a piece, which share what is read of the table


@dataclass(frozen=True)
class Channels:
    """One of these walks.

    Attributes:
        channels: of a pixel, which are the columns of the table.
        weight_step: how far apart neighbouring pixels' weights are, 0 where all share them.
        rest: numbers behind the last pixel, for the first columns.
    """

    bits: int
    channels: int
    kind: Kind
    weight_step: int = 0
    rest: int = 0
    weighted: bool = False
    biased: bool = False
    base: bool = False

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("channels", self)

    def emit(self) -> ir.Module:
        """Some pixels at a time, which lie side by side in memory: a cache waits for what is read in long steps."""
        e = Emitter(self.symbol, self.bits, vector_lanes(64))
        count, most = e.function.args[5], int64(max(_FEWEST, _PIECE // self.channels))
        pieces = e.b.udiv(e.b.sub(e.b.add(count, most), int64(1)), most)

        def piece(i: Any) -> None:
            first = e.b.mul(i, most)
            left = e.b.sub(count, first)
            self._piece(e, first, e.b.select(e.b.icmp_signed("<", left, most), left, most))

        repeat(e, pieces, piece)
        if self.rest:
            self._some(e, 0, self.rest, (count, int64(1)))
        e.b.ret_void()
        return e.module

    def _piece(self, e: Emitter, first: Any, pixels: Any) -> None:
        """Groups of registers, then what is left."""
        lanes = vector_lanes(64)
        group = target().registers // 4  # which leaves room for what a kind needs of each
        every, width = Registers(e.b, lanes, group), group * lanes
        whole = self.channels // width
        repeat(
            e, int64(whole), lambda i: self._block(e, e.b.mul(i, int64(width)), every, None, (first, pixels))
        )
        if self.channels > whole * width:
            self._some(e, whole * width, self.channels - whole * width, (first, pixels))

    def _some(self, e: Emitter, channel: int, count: int, piece: tuple[Any, Any]) -> None:
        """Fewer channels than a group has; the last register may have lanes to spare."""
        lanes = vector_lanes(64)
        registers = Registers(e.b, lanes, -(-count // lanes))
        masks = known_lanes(registers, count) if count % lanes else None
        self._block(e, int64(channel), registers, masks, piece)

    def _block(
        self, e: Emitter, channel: Any, arithmetic: Registers, masks: Masks, piece: tuple[Any, Any]
    ) -> None:
        """Some channels of a piece's pixels: the first one and how many."""
        first, pixels = piece
        table = e.b.bitcast(e.function.args[4], ir.DoubleType().as_pointer())
        rows = [
            Stretch(e, arithmetic, e.ahead(table, HEADER + i * self.channels))
            for i in range(_ROWS[self.kind])
        ]
        common = [row.read(channel, masks) for row in rows]
        begin = _SUMS.get(self.kind, len(rows))

        def pixel(i: Any, state: Any) -> Any:
            at = e.b.add(first, i)
            steps = self.channels, self.weight_step
            place, weight = (e.b.add(e.b.mul(at, int64(step)), channel) for step in steps)
            sums = [Numbers(arithmetic, registers) for registers in state]
            it = _Pixel(self, e, arithmetic, (place, weight), masks)
            return [numbers.registers for numbers in it.done(common, sums)]

        grown = e.loop(pixels, [numbers.registers for numbers in common[begin:]], pixel)
        for row, registers in zip(rows[begin:], grown, strict=True):
            row.write(channel, Numbers(arithmetic, registers), masks)


@dataclass(frozen=True)
class _Pixel:
    """Some channels of one pixel: `places` of its numbers and of its weights."""

    code: Channels
    e: Emitter
    arithmetic: Registers
    places: tuple[Any, Any]
    masks: Masks

    def done(self, common: Sequence[Numbers], sums: Sequence[Numbers]) -> Sequence[Numbers]:
        """What is done with its numbers, given what the channels have in common: what the sums become."""
        place, weight = self.places
        fma, masks, mean = self.arithmetic.fma, self.masks, common[0]
        a, b, out, start = (
            Stretch(self.e, self.arithmetic, pointer, ahead)
            for pointer, ahead in zip(
                self.e.function.args, (_READ_AHEAD, _READ_AHEAD, _WRITE_AHEAD, 0), strict=False
            )
        )
        left = a.read(place, masks)
        if self.code.kind == "squares":
            return [sums[0] + left * left]
        if self.code.kind == "moments":
            centred = left - mean
            return [sums[0] + centred, fma(centred, centred, sums[1])]
        if self.code.kind == "normalise":
            out.write(place, self._normalised(left - mean, *common[1:]), masks)
            return []
        centred = b.read(place, masks) - mean
        if self.code.kind == "weight_sums":
            products, plain = (self._beside(i, ir.DoubleType()) for i in range(2))
            products.write(weight, products.read(weight, masks) + left * (centred * common[1]), masks)
            plain.write(weight, plain.read(weight, masks) + left, masks)
            return []
        if self._own and self.code.weighted:
            left = left * self._beside(0).read(weight, masks)
        if self.code.kind == "gradient_sums":
            return [sums[0] + left, fma(left, centred, sums[1])]
        slope, scale, shift = common[1:]
        gradient = fma(centred, slope, fma(left, scale, shift))
        out.write(place, gradient, masks, start if self.code.base else None)
        return []

    def _normalised(self, centred: Numbers, scale: Numbers, bias: Numbers) -> Numbers:
        if not self._own:
            return self.arithmetic.fma(centred, scale, bias)
        value = centred * scale
        given = self.code.weighted, self.code.biased
        own = [self._beside(i).read(self.places[1], self.masks) for i in range(2) if given[i]]
        if all(given):
            return self.arithmetic.fma(value, *own)
        if self.code.weighted:
            return value * own[0]
        return value + own[0] if own else value

    @property
    def _own(self) -> bool:
        return self.code.weight_step > 0

    def _beside(self, cell: int, element: Any = None) -> Stretch:
        """The numbers whose address stands in a cell of the table."""
        e = self.e
        address = e.b.load(e.ahead(e.b.bitcast(e.function.args[4], I64.as_pointer()), cell))
        return Stretch(e, self.arithmetic, e.b.inttoptr(address, (element or e.element).as_pointer()))
