"""The emitted machine code: the innermost loop keeps its sums in registers and fuses every multiply–add."""

import platform
import re

import pytest

from pellucid.kernels import simd
from pellucid.kernels.simd import Tile


def innermost_loop(assembly: str) -> list[str]:
    """The instructions of the shortest block that jumps back to its own label."""
    blocks = re.split(r"^(\.?LBB\w+):", assembly, flags=re.MULTILINE)
    loops = [
        body
        for label, body in zip(blocks[1::2], blocks[2::2], strict=True)
        if label in body.split("\n\tret")[0]
    ]
    lines = min(loops, key=len).splitlines()
    return [line.strip() for line in lines if line.startswith("\t") and not line.strip().startswith(".")]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 assembly")
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("vectors", [1, 2])
def test_the_loop_has_no_spills_and_one_instruction_per_product(bits, vectors):
    columns = vectors * simd.vector_lanes(bits)
    rows = simd.register_tile(bits, columns)
    tile = Tile(
        bits,
        rows=tuple(64 * m for m in range(rows)),
        columns=columns,
        a_step=1,
        b_step=columns,
        run=36,
        out_rows=tuple(columns * m for m in range(rows)),
    )
    loop = innermost_loop(simd.assembly(tile))
    fused = [line for line in loop if line.startswith("vfmadd")]
    assert len(fused) == rows * vectors * 4  # four products of the run at a time
    assert not [line for line in loop if "rsp" in line or "rbp" in line]


def test_a_symbol_says_all_that_decides_the_code():
    tile = Tile(32, (0, 8), 5, 1, 5, 9, (0, 5))
    same = Tile(32, (0, 8), 5, 1, 5, 9, (0, 5))
    assert tile.symbol == same.symbol
    assert tile.symbol != Tile(64, (0, 8), 5, 1, 5, 9, (0, 5)).symbol
    assert tile.symbol != Tile(32, (0, 8), 5, 1, 5, 9, (0, 5), relu=True).symbol
