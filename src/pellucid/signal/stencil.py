"""A kernel slid over an image as one launch: blocks, borders and weights, solved here and written into tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.kernels import simd, tape
from pellucid.kernels.loops.filter import Block, Filter, Pass, Result, Strip, filter_block
from pellucid.kernels.progress import progress
from pellucid.kernels.shelves import borrowed
from pellucid.kernels.simd import Stencil, Widen
from pellucid.kernels.table import fill
from pellucid.signal.passes import Passes

if TYPE_CHECKING:
    from pellucid.kernels.simd import Pixel

Array = NDArray[Any]
_STRIP = 4096  # numbers of a row that a block has at most
_BLOCK = 2**19  # bytes of its floats, where a few rows do not have more
_OUTSIDE = -2  # the place of a pixel that is 0 (not −1, whose neighbour would be place 0)
_PIXELS: dict[Any, Pixel] = {
    np.dtype(np.uint8): "u8",
    np.dtype(np.uint16): "u16",
    np.dtype(np.float32): "f32",
    np.dtype(np.float64): "f64",
}
PIXELS = tuple(_PIXELS)


@borrowed()
def slide(
    image: Array, kernels: Sequence[Array], before: Sequence[int], border: str, passes: Passes
) -> Array:
    """Correlate every channel of an image (H,W,C) with a kernel, or take √(x² + y²) of two; integers are rounded.

    output[y,x,c] = Σ_{ky,kx} image[y + ky − before[0], x + kx − before[1], c]·kernel[ky,kx]

    What lies around the image, `border` says in `numpy.pad`'s words. Sums nearer to a half than their error are
    computed again in float64.
    """
    (height, width, channels), (kh, kw) = image.shape, kernels[0].shape
    bits, factors, pixel = passes.bits, passes.factors, _PIXELS[image.dtype]
    rows = min(simd.ROWS, kh, height)
    last = Stencil(bits, 1 if factors else rows, len(kernels), pixel, redo=passes.error > 0)
    blocks = _Blocks(
        image, kernels[0].shape, before, border, max(width * channels, last.columns), 2 * rows, bits
    )
    output = np.empty((height, blocks.numbers), image.dtype)

    high = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 0
    again = _weights(64, kernels, high)
    redo = [blocks.line, kh, kw, again.ctypes.data]
    if factors is None:
        terms, column_bytes, first = 0, 0, Pass(0, None, None)
        weights, ky = _weights(bits, kernels, high, passes.error), kh
    else:
        terms = ky = len(factors[0])
        columns = np.stack([_weights(bits, [column]) for column in factors[0]])
        column_bytes = columns.strides[0]
        code = simd.address(Stencil(bits, rows, 1, "f32" if bits == 32 else "f64"))
        first = Pass(code, columns, np.array([blocks.line, terms * blocks.line, kh, 1, channels]))
        weights = _weights(bits, [factors[1]], high, passes.error)
    taps = np.array([blocks.line, blocks.numbers, ky, kw, channels, *redo])
    filled = fill(
        Filter(
            strips=blocks.strips,
            bands=blocks.bands,
            height=height,
            kernel_height=kh,
            rows=blocks.rows,
            widen=simd.address(Widen(bits, pixel)),
            block=Block(blocks.lines, blocks.line, bits // 8, blocks.reach),
            result=Result(output, output.strides[0], output.itemsize, rows, last.columns),
            last=Pass(simd.address(last), weights, taps),
            first=first,
            columns=terms,
            column_bytes=column_bytes,
        )
    )
    chunks = len(blocks.strips) * blocks.bands
    launch = tape.launches([(filter_block.address(64), filled.address, chunks)])
    tape.make()
    progress.close()
    tape.team.play(launch, (blocks.lines + rows * terms) * blocks.line * bits // 8)
    return output[:, : width * channels].reshape(image.shape)


class _Blocks:
    """How an image is cut into bands of rows and strips of numbers, and which pixels each of them reads."""

    def __init__(
        self,
        image: Array,
        kernel: tuple[int, int],
        before: Sequence[int],
        border: str,
        numbers: int,
        fewest: int,
        bits: int,
    ) -> None:
        (height, width, channels), (kh, kw) = image.shape, kernel
        self.numbers, self.reach = numbers, (kw - 1) * channels  # what a kernel reads beside a number
        strips = -(-numbers // _STRIP)
        self.line = (-(-numbers // strips) + self.reach) // 32 * 32 + 48  # an odd number of cache lines
        self.bands = -(-height // max(fewest, _BLOCK // (self.line * bits // 8) - kh + 1))
        self.lines = -(-height // self.bands) + kh - 1
        self._outside = np.zeros(width * channels, image.dtype)
        down = _places(height, kh, before[0], border)
        row = image.ctypes.data + down * image.strides[0]
        self.rows = np.where(down < 0, self._outside.ctypes.data, row)
        along = _places(width, kw, before[1], border)[:, None]
        along = np.where(along < 0, _OUTSIDE, along * channels + np.arange(channels)).ravel()
        cuts = [i * numbers // strips for i in range(strips + 1)]
        self.strips = tuple(Strip(a, b - a, _widening(along[a : b + self.reach])) for a, b in pairwise(cuts))


def _places(size: int, kernel: int, before: int, border: str) -> NDArray[np.int64]:
    """Which pixel along an axis each padded position is."""
    mode: Any = border
    more: Any = {"constant_values": _OUTSIDE} if border == "constant" else {}
    return np.pad(np.arange(size, dtype=np.int64), (before, kernel - 1 - before), mode, **more)


def _widening(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The table of `Widen`: the longest run of neighbours, and what lies to its left and right."""
    ends = np.flatnonzero(np.diff(places) != 1) + 1
    bounds = np.concatenate([[0], ends, [len(places)]])
    longest = np.diff(bounds).argmax()
    start, stop = bounds[longest : longest + 2]
    if places[start] < 0:
        stop = start
    counts = [start, stop - start, len(places) - stop, places[start]]
    return np.concatenate([counts, places[:start], places[stop:]]).astype(np.int64)


def _weights(bits: int, kernels: Sequence[Array], high: float = 0.0, error: float = 0.0) -> Array:
    """The B of `Stencil`."""
    large = 1.5 * 2.0 ** (23 if bits == 32 else 52)
    numbers = [np.array([0, high, large, 0.5 - error]), *(kernel.ravel() for kernel in kernels)]
    return np.concatenate(numbers).astype(np.float32 if bits == 32 else np.float64)
