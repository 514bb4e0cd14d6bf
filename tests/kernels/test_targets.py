"""The numbers of every target's code that this machine can run: natively, or NEON's on an emulated processor."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from tests.kernels.test_kernels import CONVS, FLOATS, POOLS, biases, integers, normal
from tests.support.one_op import run_op

from pellucid.kernels import simd
from pellucid.kernels.loops.replay import replay
from pellucid.kernels.simd import TARGETS, Piece, Tile, Transpose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.soft_cross_entropy import SoftCrossEntropy
from pellucid.signal import filter_image

EVERY_TARGET = pytest.mark.parametrize("name", sorted(TARGETS))
EMULATED = ["neon"] if (sys.platform, platform.machine()) == ("linux", "x86_64") else []
Function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 6)


@cache
def arm() -> Any:
    """The emulated processor."""
    from tests.kernels.arm import Arm

    return Arm()


@cache
def as_here(name: str) -> simd.Target:
    """A target whose code can be loaded into this process."""
    return replace(TARGETS[name], triple=simd.host().triple)


@contextmanager
def running(name: str) -> Iterator[None]:
    """Within, all vector code is a target's."""
    with pytest.MonkeyPatch.context() as patch:
        target = TARGETS[name]
        if name in simd.native():
            target = as_here(name)
        elif name in EMULATED:
            patch.setattr(simd, "address", arm().address)
        else:
            pytest.skip(f"this machine neither runs code for {name} nor has an emulator for it")
        with simd.emitting_for(target):
            yield


def call(code: simd.Code, *arguments: Any) -> None:
    """Call code on arrays and integers."""
    numbers = [x.ctypes.data if isinstance(x, np.ndarray) else x for x in arguments]
    Function(simd.address(code))(*numbers, *[0] * (6 - len(numbers)))


# ------------------------------------------------------------------------------------------------ tiles

TAPS = np.array([[3, 11], [250, 400], [41, 0]])


def tiles(bits: int) -> list[Tile]:
    """Tiles of every width, whole and not, that begin and end in every way."""
    result = []
    lanes, widest = simd.vector_lanes(bits), simd.column_tile(bits)
    widths = sorted({*range(lanes, widest + 1, lanes), 1, lanes - 1, lanes + 1, widest - 1})
    for columns, (a_step, run) in product(widths, ((1, 8), (37, 5), (1, 1))):
        rows = simd.register_tile(bits, columns)
        out = tuple(range(0, rows * 71, 71))
        offsets = tuple(range(0, 2 * rows, 2)) if a_step == 1 else tuple(range(rows))
        plain = Tile(bits, offsets, columns, a_step, columns + 3, run, out)
        result += [
            replace(plain, start="bias", relu=True),
            replace(plain, start="out", rows=(*offsets[:-1], None)),
            replace(plain, start="base", base_rows=out[::-1]),
            replace(plain, mask=True, base_rows=out[::-1]),
            replace(plain, depthwise=True, start="bias", rows=(*offsets[:-1], None)),
        ]
    result.append(replace(result[0], run=0))  # no tap reaches these results
    return result + in_pieces(bits)


def in_pieces(bits: int) -> list[Tile]:
    """Tiles whose taps come in pieces for some of the columns, and whose columns' results go apart."""
    lanes = simd.vector_lanes(bits)
    result = []
    for columns in (lanes, lanes + 2, 2 * (lanes // 2)):
        every, half = tuple(range(columns)), columns // 2
        pieces = (Piece(1, 3, 0, every[:half]), Piece(4, 9, 40, every), Piece(3, 2, 7, every[half:]))
        plain = Tile(bits, (0, 5, 31), columns, 1, columns + 1, 8, (3, 100, 211), pieces=pieces)
        apart = replace(plain, rows=(0, 4), out_rows=(90, 11, 200, 300), start="out")
        result += [plain, replace(plain, start="bias"), apart]
    return result


def expected(tile: Tile, a: np.ndarray, b: np.ndarray, out: np.ndarray, start: np.ndarray) -> np.ndarray:
    """What a tile leaves in `out`, by one scalar fused multiply–add after the other."""
    if tile.pieces or len(tile.out_rows) > len(tile.rows):
        return expected_in_pieces(tile, a, b, out, start)
    result, columns, along = out.copy(), np.arange(tile.columns), np.arange(tile.run)
    right = np.concatenate([b[t + columns[:, None] + along * tile.b_step] for t in TAPS[:, 1]], axis=1)
    bounds = np.arange(tile.columns + 1) * tile.run * len(TAPS)
    for m, (row, to) in enumerate(zip(tile.rows, tile.out_rows, strict=True)):
        a_of_row = np.ones_like(a) if row is None else a[row:]
        lane = columns[:, None] * tile.depthwise
        left = np.concatenate([a_of_row[t + lane + along * tile.a_step] for t in TAPS[:, 0]], axis=1)
        given = start[tile.base_rows[m] if tile.base_rows else 0 :][: tile.columns]
        sums = out[to:][: tile.columns] if tile.start == "out" else given
        # `replay` also adds all sums up, in the place of the first: here that is a sum of nothing
        sums = np.concatenate([[0], sums if tile.start != "zero" else np.zeros_like(sums)]).astype(a.dtype)
        every = np.broadcast_to(left, right.shape).reshape(1, -1)
        replay(np.ascontiguousarray(every), right.reshape(1, -1), np.concatenate([[0], bounds]), sums[None])
        values = np.where(given == 0, 0, sums[1:]) if tile.mask else sums[1:]
        result[to : to + tile.columns] = np.where(values < 0, 0, values) if tile.relu else values
    return result


def expected_in_pieces(
    tile: Tile, a: np.ndarray, b: np.ndarray, out: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """The same where taps come in pieces and columns go apart, sum by sum."""
    result, apart = out.copy(), len(tile.out_rows) // len(tile.rows)
    width = tile.columns // apart
    for (m, row), column in product(enumerate(tile.rows), range(tile.columns)):
        place = tile.out_rows[m * apart + column // width] + column % width
        at = [
            (ta + piece.a + j * tile.a_step + row, tb + piece.b + j * tile.b_step + column)
            for (ta, tb), piece in product(TAPS, tile.pieces)
            for j in range(piece.length)
            if column in piece.columns
        ]
        begin = {"zero": 0, "bias": start[column], "out": out[place]}[tile.start]
        sums = np.array([0, begin], a.dtype)
        left, right = a[[i for i, _ in at]], b[[i for _, i in at]]
        replay(left[None], right[None], np.array([0, 0, len(at)]), sums[None])
        result[place] = sums[1]
    return result


@EVERY_TARGET
@FLOATS
def test_tiles_are_their_sums_bit_for_bit(name: str, dtype: Any) -> None:
    with running(name):
        for tile, make in product(tiles(dtype().itemsize * 8), (integers, normal)):
            a, b, out, start = (make((size,), dtype, i) for i, size in enumerate((800, 1000, 2200, 2200)))
            if tile.mask:
                start = rectified(start)
            after = expected(tile, a, b, out, start)
            call(tile, a, b, out, start, TAPS, len(TAPS))
            assert out.tobytes() == after.tobytes(), tile


def rectified(start: np.ndarray) -> np.ndarray:
    """The output of a ReLU, with a NaN in it, which lets gradients through."""
    found = np.maximum(start, 0)
    found.flat[::7] = np.nan
    return found


@EVERY_TARGET
@FLOATS
@pytest.mark.parametrize("end", ["nothing", "base", "mask"])
def test_rows_become_columns(name: str, end: Any, dtype: Any) -> None:
    with running(name):
        for rows, columns in product((1, 5, 16, 33), (1, 7, 16, 35)):
            source, start = normal((rows, columns + 2), dtype), normal((columns, rows + 1), dtype, 1)
            if end == "mask":
                start = rectified(start)
            transposed, out = source[:, :columns].T, np.zeros((columns, rows + 3), dtype)
            code = Transpose(dtype().itemsize * 8, rows, columns, columns + 2, rows + 3, end, rows + 1)
            call(code, source, 0, out, start)
            expected = {
                "nothing": transposed,
                "base": transposed + start[:, :rows],
                "mask": np.where(start[:, :rows] == 0, 0, transposed),
            }
            np.testing.assert_array_equal(out[:, :rows], expected[end])
            assert not out[:, rows:].any()


# ------------------------------------------------------------------------------------------------ filters


@EVERY_TARGET
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("kernel", ["sharpen", "sobel", "gaussian", "unsharp", "own", "whole"])
def test_filters(name: str, kernel: str, dtype: Any) -> None:
    """Wider than all tiles, of an odd width, in one pass and two, with sums that are computed again."""
    image = np.random.default_rng(0).integers(0, 256, (37, 71, 3)).astype(dtype)
    own = {"own": normal((5, 4), np.float64), "whole": integers((6, 7), np.float64)}
    here = filter_image(image, own.get(kernel, kernel))
    with running(name):
        assert filter_image(image, own.get(kernel, kernel)).tobytes() == here.tobytes()


# -------------------------------------------------------------------------------------------- whole ops

OPS = [(op, (input, weight, biases(op, weight))) for op, input, weight in CONVS]
OPS += [(op, (shape,)) for op, shape in POOLS if isinstance(op, MaxPool)]


def run_bits(op: Any, shapes: tuple[tuple[int, ...], ...], dtype: Any) -> list[bytes]:
    """The bits of an op's output and gradients."""
    operands = [normal(shape, dtype, seed) for seed, shape in enumerate(shapes)]
    result = run_op(op, *operands, grad=normal(op.infer(*shapes), dtype, 7), arrays=("weight", "bias"))
    return [np.ascontiguousarray(array).tobytes() for array in (result.output, *result.gradients.values())]


def spread_bits(op: Any, dtype: Any) -> list[bytes]:
    """The bits of a loss of 21 classes and of its gradients."""
    x, weight = normal((3, 21, 5), dtype), abs(normal((21,), dtype, 2))
    target = (
        abs(normal(x.shape, dtype, 1)) if isinstance(op, SoftCrossEntropy) else np.arange(15).reshape(3, 5)
    )
    result = run_op(op, x, target, weight, grad=np.array(1.5, dtype), arrays=("weight",))
    return [np.ascontiguousarray(array).tobytes() for array in (result.output, *result.gradients.values())]


@EVERY_TARGET
@FLOATS
@pytest.mark.parametrize(
    "op", [SoftCrossEntropy(), CrossEntropy(label_smoothing=0.1), CrossEntropy()], ids=str
)
def test_losses_with_class_weights(name: str, op: Any, dtype: Any) -> None:
    here = spread_bits(op, dtype)
    with running(name):
        assert spread_bits(op, dtype) == here


@EVERY_TARGET
@FLOATS
@pytest.mark.parametrize(("op", "shapes"), OPS, ids=str)
def test_every_target_has_the_same_bits(name: str, op: Any, shapes: Any, dtype: Any) -> None:
    here = run_bits(op, shapes, dtype)
    with running(name):
        assert run_bits(op, shapes, dtype) == here
