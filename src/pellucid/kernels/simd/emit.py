"""Writing vector code: loops that carry vectors in registers, loads and stores of parts of a vector."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple
from typing import Any

from llvmlite import ir

from pellucid.kernels.simd.target import target, vector_lanes

I64 = ir.IntType(64)
I32 = ir.IntType(32)
I8 = ir.IntType(8)
Registers = list[list[Any]]
Columns = Collection[int]
Load = Callable[[int, int], Any]  # the vector at a row and column


class Emitter:
    """A function `void(A, B, out, start, taps, count)` under construction, for numbers of `bits` bits.

    Its vectors cover `columns` numbers side by side; of the last vector only some lanes may be in use. If asked for,
    whole vectors are stored past the caches; they then begin at multiples of their size.
    """

    def __init__(self, symbol: str, bits: int, columns: int, *, past: bool = False) -> None:
        self.past = past
        self.bits, self.columns, self.lanes = bits, columns, vector_lanes(bits)
        self.module = ir.Module(name=symbol)
        self.element = ir.FloatType() if bits == 32 else ir.DoubleType()
        self.vector = ir.VectorType(self.element, self.lanes)
        self.vectors = -(-columns // self.lanes)
        pointer = self.element.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, pointer, pointer, I64.as_pointer(), I64])
        self.function = ir.Function(self.module, kind, symbol)
        self.function.attributes.add("nounwind")
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self._lane_masks: dict[int, Any] = {}

    @property
    def zero(self) -> Any:
        """A vector of zeros."""
        return self.constant(0)

    def constant(self, number: float) -> Any:
        """A vector that holds one number, known beforehand, in every lane."""
        return ir.Constant(self.vector, [float(number)] * self.lanes)

    def loop(self, count: Any, state: Registers, body: Callable[[Any, Registers], Registers]) -> Registers:
        """Run `body(i, state)` `count` times (at least once), carrying the state in registers."""
        before, loop = self.b.block, self.function.append_basic_block("loop")
        self.b.branch(loop)
        self.b.position_at_end(loop)
        i = self.b.phi(I64)
        carried = [[self.b.phi(value.type) for value in row] for row in state]
        results = body(i, carried)
        after, end = self.b.block, self.function.append_basic_block("end")
        following = self.b.add(i, int64(1))
        self.b.cbranch(self.b.icmp_signed("<", following, count), loop, end)
        i.add_incoming(int64(0), before)
        i.add_incoming(following, after)
        for phis, first, last in zip(carried, state, results, strict=True):
            for phi, x, y in zip(phis, first, last, strict=True):
                phi.add_incoming(x, before)
                phi.add_incoming(y, after)
        self.b.position_at_end(end)
        return results

    def when(self, condition: Any, state: Registers, body: Callable[[], Registers]) -> Registers:
        """The state, or what `body` makes of it where the condition holds."""
        before, some, end = self.b.block, *(self.function.append_basic_block(n) for n in ("some", "end"))
        self.b.cbranch(condition, some, end)
        self.b.position_at_end(some)
        results, after = body(), self.b.block
        self.b.branch(end)
        self.b.position_at_end(end)
        phis = [[self.b.phi(value.type) for value in row] for row in state]
        for row in zip(phis, state, results, strict=True):
            for phi, x, y in zip(*row, strict=True):
                phi.add_incoming(x, before)
                phi.add_incoming(y, after)
        return phis

    def ahead(self, pointer: Any, offset: Any) -> Any:
        """A pointer some numbers further on."""
        return self.b.gep(pointer, [int64(offset) if isinstance(offset, int) else offset])

    def broadcast(self, number: Any) -> Any:
        """A vector that holds one number in every lane."""
        vector = ir.VectorType(number.type, self.lanes)
        first = self.b.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(I32, 0))
        return self.b.shuffle_vector(first, ir.Constant(vector, ir.Undefined), lanes([0] * self.lanes))

    def load(self, pointer: Any, offset: int, v: int, some: Columns | None = None, others: Any = None) -> Any:
        """Vector `v` of the columns that begin at an offset, or of some of them; the other lanes are `others`, or 0."""
        vector = ir.VectorType(pointer.type.pointee, self.lanes)
        address, mask = self._address(pointer, offset + v * self.lanes, vector), self._lane_mask(v, some)
        if mask is None:
            return self.b.load(address, align=_align(vector))
        kind = ir.FunctionType(vector, [address.type, I32, mask.type, vector])
        function = self.intrinsic(f"llvm.masked.load.{_name(vector)}.p0", kind)
        zero = ir.Constant(
            vector, [0] * self.lanes if isinstance(vector.element, ir.IntType) else [0.0] * self.lanes
        )
        return self.b.call(function, [address, ir.Constant(I32, _align(vector)), mask, others or zero])

    def store(self, value: Any, pointer: Any, offset: int, v: int, some: Columns | None = None) -> None:
        """Store vector `v` of the columns that begin at an offset, or of some of them; the others are left alone."""
        if some is None and self.columns - v * self.lanes == 1:
            # LLVM makes four bytes of a masked store of one byte
            first = self.b.extract_element(value, ir.Constant(I32, 0))
            self.b.store(first, self.ahead(pointer, offset + v * self.lanes), align=_align(value.type))
            return
        address, mask = self._address(pointer, offset + v * self.lanes, value.type), self._lane_mask(v, some)
        if mask is None:
            stored = self.b.store(
                value, address, align=target().vector_bytes if self.past else _align(value.type)
            )
            if self.past:
                stored.set_metadata("nontemporal", self.module.add_metadata([ir.Constant(I32, 1)]))
            return
        kind = ir.FunctionType(ir.VoidType(), [value.type, address.type, I32, mask.type])
        function = self.intrinsic(f"llvm.masked.store.{_name(value.type)}.p0", kind)
        self.b.call(function, [value, address, ir.Constant(I32, _align(value.type)), mask])

    def wide(self, value: Any) -> Any:
        """A vector of the function's numbers as float64."""
        double = ir.VectorType(ir.DoubleType(), self.lanes)
        return value if self.bits == 64 else self.b.fpext(value, double)

    def narrow(self, value: Any) -> Any:
        """A vector of float64 rounded to the function's numbers."""
        return value if self.bits == 64 else self.b.fptrunc(value, self.vector)

    def prefetch(self, pointer: Any, *, write: bool = False, far: bool = False) -> None:
        """Bring the line that holds a number into the nearest cache, or only into the next one; it need not exist."""
        address = self.b.bitcast(pointer, I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [address.type, I32, I32, I32])
        to_write, near, data = (ir.Constant(I32, number) for number in (int(write), 2 if far else 3, 1))
        function = self.intrinsic("llvm.prefetch.p0", kind)
        self.b.call(function, [address, to_write, near, data])

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x·y + z, rounded once."""
        kind = ir.FunctionType(x.type, [x.type] * 3)
        return self.b.call(self.intrinsic(f"llvm.fma.{_name(x.type)}", kind), [x, y, z])

    def elementwise(self, name: str, value: Any) -> Any:
        """One of LLVM's functions of one vector: `sqrt`, `fabs`."""
        kind = ir.FunctionType(value.type, [value.type])
        return self.b.call(self.intrinsic(f"llvm.{name}.{_name(value.type)}", kind), [value])

    def only(self, some: Columns | None, v: int, value: Any, others: Any) -> Any:
        """Vector `v` with `value` in some columns, all of them if None is given, and `others` in the others."""
        here = range(self.columns)[v * self.lanes : (v + 1) * self.lanes]
        if some is None or all(column in some for column in here):
            return value
        used = [v * self.lanes + i in some for i in range(self.lanes)]
        if target().masked == 1:
            return self.b.select(self._merging(used), value, others)
        return self.b.shuffle_vector(
            value, others, lanes([i if use else self.lanes + i for i, use in enumerate(used)])
        )

    def resized(self, integers: Any, bits: int) -> Any:
        """A vector of unsigned integers with `bits` bits each."""
        kind = ir.VectorType(ir.IntType(bits), self.lanes)
        if integers.type == kind:
            return integers
        change = self.b.zext if integers.type.element.width < bits else self.b.trunc
        return change(integers, kind)

    def relu(self, value: Any) -> Any:
        """0 where the value is below 0; NaN stays."""
        return self.b.select(self.b.fcmp_ordered("<", value, self.zero), self.zero, value)

    def mask(self, output: Any, gradient: Any) -> Any:
        """0 where a ReLU's output is 0, else the gradient: NaN lets it through."""
        return self.b.select(self.b.fcmp_unordered("!=", output, self.zero), gradient, self.zero)

    def moving(self, pointer: Any) -> Any:
        """A stack cell that holds a pointer; the optimiser turns it into a register."""
        with self.b.goto_entry_block():
            cell = self.b.alloca(pointer.type)
        self.b.store(pointer, cell)
        return cell

    def intrinsic(self, name: str, kind: ir.FunctionType) -> Any:
        """One of LLVM's own functions."""
        return self.module.globals.get(name) or ir.Function(self.module, kind, name)

    def _lane_mask(self, v: int, some: Columns | None = None) -> Any | None:
        """Which lanes of vector `v` are in use; None when all are."""
        columns = range(self.columns) if some is None else some
        used = [v * self.lanes + i in columns for i in range(self.lanes)]
        return None if all(used) else ir.Constant(ir.VectorType(ir.IntType(1), self.lanes), used)

    def _merging(self, used: Sequence[bool]) -> Any:
        """A mask whose bits the compiler does not know, for one instruction that multiplies, adds and merges.

        From known bits the compiler would make a shuffle, which is an instruction of its own.
        """
        kind, bits = ir.IntType(self.lanes), sum(use << i for i, use in enumerate(used))
        if bits not in self._lane_masks:
            with self.b.goto_entry_block():
                same = self.b.asm(ir.FunctionType(kind, [kind]), "", "=r,0", [ir.Constant(kind, bits)], False)
                self._lane_masks[bits] = self.b.bitcast(same, ir.VectorType(ir.IntType(1), self.lanes))
        return self._lane_masks[bits]

    def _address(self, pointer: Any, offset: int, vector: Any) -> Any:
        return self.b.bitcast(self.ahead(pointer, offset), vector.as_pointer())


def symbol_of(kind: str, code: Any) -> str:
    """A name for code, a dataclass, that all equal code has and no other."""
    return named(kind, repr(astuple(code)))


def named(kind: str, text: str) -> str:
    """A name for code that a text says all of."""
    return f"{kind}_" + hashlib.sha256(text.encode()).hexdigest()[:20]


def int64(value: int) -> Any:
    """A constant."""
    return ir.Constant(I64, value)


def lanes(numbers: list[int]) -> Any:
    """The lanes that a shuffle takes."""
    return ir.Constant(ir.VectorType(I32, len(numbers)), numbers)


def _align(vector: Any) -> int:
    """What addresses of such vectors are a multiple of: a number's bytes, 4 at most."""
    return min(4, vector.element.width // 8) if isinstance(vector.element, ir.IntType) else 4


def _name(vector: Any) -> str:
    """A vector type as intrinsics' names write it."""
    kinds = {ir.FloatType(): "f32", ir.DoubleType(): "f64"}
    return f"v{vector.count}{kinds.get(vector.element) or f'i{vector.element.width}'}"
