"""The emitted machine code of every target, this machine's or not: sums stay in registers, products are fused."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import pytest

from pellucid.kernels import simd
from pellucid.kernels.simd import TARGETS, Piece, Tile

# Each target as the processors name it whose instructions the compiler orders differently.
PROCESSORS = {
    "avx2": ("x86-64-v3", "znver3"),
    "avx512": ("x86-64-v4", "znver4"),
    "neon": ("generic", "neoverse-n1", "apple-m1", "cortex-a55"),
}
NAMED = [replace(TARGETS[name], cpu=cpu) for name, cpus in PROCESSORS.items() for cpu in cpus]
# Has nothing to fuse with.
SSE_HERE = simd.host().triple.startswith("x86_64") and simd.host().vector_bytes == 16
EVERY_TARGET = pytest.mark.parametrize(
    "target", NAMED if SSE_HERE else [simd.host(), *NAMED], ids=lambda target: target.cpu
)
STACK = re.compile(r"%[re]?[sb]p\b|\bsp\b")
VECTOR_ON_STACK = re.compile(r"%rsp\).*[xyz]mm|[xyz]mm.*%rsp\)|\b[qv]\d+.*\bsp\b")
FUSED = re.compile(r"vfn?madd\d+p[sd]|fmla")
NOT_FUSED = re.compile(r"v?(add|sub|mul)[sp][sd]|fadd|fsub|fmul|call\w*|bl")


def innermost_loop(assembly: str) -> list[str]:
    """The shortest of them."""
    return min(innermost_loops(assembly), key=len)


def innermost_loops(assembly: str) -> list[list[str]]:
    """The instructions of each stretch from a label to a jump back to it, with no label between."""
    loops, label, body = [], "", []
    for line in assembly.splitlines():
        words = line.split()
        if found := re.match(r"\.?L\w+(?=:)", line):
            label, body = found[0], []
        elif words and re.match(r"\t[a-z]", line):
            body.append(line.strip())
            if re.match(r"j|b\.|cb|tb", words[0]) and words[-1] == label:
                loops.append(list(body))
    return loops


def count(pattern: re.Pattern[str], loop: list[str]) -> int:
    """How many instructions have such a name."""
    return sum(bool(pattern.fullmatch(line.split()[0])) for line in loop)


def on_stack(loop: list[str]) -> int:
    """How many instructions read or write the stack."""
    return sum(bool(STACK.search(line)) for line in loop)


def allowed_on_stack(target: simd.Target, tile: Tile, loop: list[str]) -> int:
    """None but with AVX2, which holds the masks of partly used vectors in vector registers, and whose 13×1 pays."""
    lanes = target.vector_bytes * 8 // tile.bits
    crowded = tile.columns % lanes or len(tile.rows) == target.rows[0]
    return len(loop) // 10 if target.vector_bytes == 32 and crowded else 0


def places(rows: int) -> list[tuple[tuple[int, ...], int, int]]:
    """How lowerings place a tile's rows in A, each with (a_step, run): the loop does 4, 3, 2 or 1 products in one go.

    Positions side by side, in two lines of an image, in different images; weights of neighbouring channels; weights
    that overlap, where what one row reads next another reads now; a run of one.
    """
    half = -(-rows // 2)
    lines = [*range(0, half * 128, 128), *range(18 * 128, 18 * 128 + (rows - half) * 128, 128)]
    return [
        (tuple(64 * m for m in range(rows)), 1, 36),
        (tuple(lines), 1, 9),
        (tuple(4224 * m for m in range(rows)), 1, 36),
        (tuple(range(rows)), 512, 14),
        (tuple(range(rows)), 1, 14),
        (tuple(64 * m for m in range(rows)), 1, 1),
    ]


def products_in_one_go(offsets: tuple[int, ...], a_step: int, run: int) -> int:
    overlapping = offsets[1] == a_step
    return 1 if overlapping else next(u for u in (4, 3, 2, 1) if run % u == 0)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [32, 64])
@EVERY_TARGET
def test_the_loop_has_no_spills_and_one_instruction_per_product(target, bits):
    with simd.emitting_for(target):
        for vectors in range(1, len(target.rows) + 1):
            columns = vectors * simd.vector_lanes(bits)
            most = simd.register_tile(bits, columns)
            for rows, b_step in ((most, columns), (most, 512), (most // 2, columns)):
                for offsets, a_step, run in places(rows):
                    out = tuple(512 * m for m in range(rows))
                    tile = Tile(bits, offsets, columns, a_step, b_step, run, out)
                    loop = innermost_loop(simd.assembly(tile))
                    assert count(FUSED, loop) == rows * vectors * products_in_one_go(offsets, a_step, run), (
                        tile
                    )
                    assert count(NOT_FUSED, loop) == 0, tile
                    assert on_stack(loop) <= allowed_on_stack(target, tile, loop), tile


@pytest.mark.slow
@pytest.mark.parametrize("bits", [32, 64])
@EVERY_TARGET
def test_what_stands_around_the_loop_leaves_it_alone(target, bits):
    with simd.emitting_for(target):
        columns = simd.column_tile(bits)
        rows = simd.register_tile(bits, columns)
        offsets, out = tuple(64 * m for m in range(rows)), tuple(512 * m for m in range(rows))
        vectors = len(target.rows)
        plain = Tile(bits, offsets, columns, 1, columns, 36, out)
        variants = [replace(plain, start=start) for start in ("bias", "out")]
        variants += [
            replace(plain, start="base", base_rows=out),
            replace(plain, relu=True),
            replace(plain, ahead=512),
        ]
        variants += [replace(plain, mask=True, base_rows=out)]
        for tile in variants:
            loop = innermost_loop(simd.assembly(tile))
            assert count(FUSED, loop) == 4 * rows * vectors, tile
            assert count(NOT_FUSED, loop) == on_stack(loop) == 0, tile
        ones = replace(plain, rows=(*range(rows - 1), None), a_step=512, run=14)
        loop = innermost_loop(simd.assembly(ones))
        assert count(FUSED, loop) == 2 * (rows - 1) * vectors
        assert count(NOT_FUSED, loop) == 2 * vectors  # a row of ones adds
        assert on_stack(loop) <= 2  # for one processor a vector comes and goes, of 94 instructions


@pytest.mark.slow
@pytest.mark.parametrize("bits", [32, 64])
@EVERY_TARGET
def test_parts_of_a_vector_cost_no_sums(target, bits):
    with simd.emitting_for(target):
        lanes = simd.vector_lanes(bits)
        for vectors, unused in product(range(1, len(target.rows) + 1), {1, lanes - 1}):
            columns = vectors * lanes - unused
            rows = simd.register_tile(bits, columns)
            offsets, out = tuple(64 * m for m in range(rows)), tuple(512 * m for m in range(rows))
            tile = Tile(bits, offsets, columns, 1, columns, 36, out)
            loop = innermost_loop(simd.assembly(tile))
            assert count(FUSED, loop) == 4 * rows * vectors, tile
            assert count(NOT_FUSED, loop) == 0, tile
            assert on_stack(loop) <= allowed_on_stack(target, tile, loop), tile


@pytest.mark.slow
@pytest.mark.parametrize("bits", [32, 64])
def test_sums_left_alone_cost_nothing_where_vectors_merge(bits):
    for target in [target for target in NAMED if target.masked == 1]:
        with simd.emitting_for(target):
            lanes = simd.vector_lanes(bits)
            rows = simd.register_tile(bits, lanes)
            offsets, out = tuple(64 * m for m in range(rows)), tuple(512 * m for m in range(rows))
            columns = lanes - 2
            for some in (range(columns // 2), range(columns // 2, columns)):
                pieces = (Piece(36, 0, 0, tuple(some)),)
                tile = Tile(bits, offsets, columns, 1, columns, 36, out, pieces=pieces)
                loop = innermost_loop(simd.assembly(tile))
                assert count(FUSED, loop) == 4 * rows, tile
                assert count(NOT_FUSED, loop) == on_stack(loop) == 0, tile
                assert sum("%zmm" in line for line in loop) == 4 * rows + 4, tile  # and the loads of B


def test_a_symbol_says_all_that_decides_the_code():
    tile = Tile(32, (0, 8), 5, 1, 5, 9, (0, 5))
    same = Tile(32, (0, 8), 5, 1, 5, 9, (0, 5))
    assert tile.symbol == same.symbol
    assert tile.symbol != Tile(64, (0, 8), 5, 1, 5, 9, (0, 5)).symbol
    assert tile.symbol != Tile(32, (0, 8), 5, 1, 5, 9, (0, 5), relu=True).symbol


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "pixel", "redo"), [(32, "u8", True), (32, "u8", False), (64, "u16", False)])
@EVERY_TARGET
def test_filters_keep_their_sums_in_registers(target, bits, pixel, redo):
    """The loops along a kernel's row, with fewer rows of results at the image's top and bottom."""
    with simd.emitting_for(target):
        for rows, sums in ((4, 1), (3, 1), (1, 1), (3, 2)):
            stencil = simd.Stencil(bits, rows, sums, pixel, redo=redo and sums == 1)
            vectors = stencil.columns // simd.vector_lanes(bits)
            loops = [loop for loop in innermost_loops(simd.assembly(stencil)) if count(FUSED, loop)]
            products = [count(FUSED, loop) for loop in loops]
            assert products.count(rows * sums * vectors) >= 1
            for loop, fused in zip(loops, products, strict=True):
                assert count(NOT_FUSED, loop) == 0, stencil
                if fused >= sums * vectors:  # not those that sum again; an address may come from the stack
                    assert not [line for line in loop if VECTOR_ON_STACK.search(line)], stencil
