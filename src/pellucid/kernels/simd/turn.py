"""Transposing a square block of numbers in registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from pellucid.kernels.simd.emit import I64, int64, lanes
from pellucid.kernels.simd.target import vector_lanes


@dataclass(frozen=True)
class Turn:
    """Code that transposes a block of as many numbers a side as a vector has lanes (8 at most)."""

    bits: int

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return f"turn_{self.bits}"

    @property
    def side(self) -> int:
        """Numbers along a side."""
        return min(8, vector_lanes(self.bits))

    def emit(self) -> ir.Module:
        """`void(source, source_step, target, target_step)`: rows are swapped with columns, half by half."""
        side, module = self.side, ir.Module(name=self.symbol)
        vector = ir.VectorType(ir.FloatType() if self.bits == 32 else ir.DoubleType(), side)
        pointer = vector.element.as_pointer()
        function = ir.Function(
            module, ir.FunctionType(ir.VoidType(), [pointer, I64, pointer, I64]), self.symbol
        )
        b = ir.IRBuilder(function.append_basic_block("entry"))
        source, source_step, target, target_step = function.args

        def row(start: Any, step: Any, i: int) -> Any:
            return b.bitcast(b.gep(start, [b.mul(step, int64(i))]), vector.as_pointer())

        rows = [b.load(row(source, source_step, i), align=4) for i in range(side)]
        half = side // 2
        while half:  # swap the off-diagonal quarters of every block of 2·half rows
            low = [i if i & half == 0 else side + i - half for i in range(side)]
            high = [i + half if i & half == 0 else side + i for i in range(side)]
            for i in range(side):
                if i & half == 0:
                    x, y = rows[i], rows[i + half]
                    rows[i] = b.shuffle_vector(x, y, lanes(low))
                    rows[i + half] = b.shuffle_vector(x, y, lanes(high))
            half //= 2
        for i, value in enumerate(rows):
            b.store(value, row(target, target_step, i), align=4)
        b.ret_void()
        return module
