"""The one multiply–accumulate micro-kernel, emitted as vector code for this processor.

A *tile* keeps `rows × vectors` sums in registers and walks the reduction once:

    sum[m][v] = start[m][v] + Σ_t Σ_{j<run} A[a(t) + rows[m] + j·a_step] · B[b(t) + v·lanes + j·b_step]

One fused multiply–add per product, t then j ascending, so the order of every sum is the order of its taps. `A` is read
one number at a time and spread over a vector, `B` a vector at a time. With the right offsets this is convolution
forward, its input gradient, its weight gradient and the linear layer; see `conv.py` and `engine/lowering/conv.py`.

Every stride is a constant of the tile's code. Compiled tiles are kept on disk, one object file each.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from functools import cache
from typing import Any, Literal

import llvmlite.binding as llvm
from llvmlite import ir

from pellucid.kernels.cache import folder, write_atomically

I64 = ir.IntType(64)
I32 = ir.IntType(32)


# What a sum begins with: nothing, one value per column, one per result (of another array), or what out holds so far.
Start = Literal["zero", "bias", "base", "out"]


@dataclass(frozen=True)
class Tile:
    """What one micro-kernel does; offsets and steps count elements."""

    bits: int
    rows: tuple[
        int | None, ...
    ]  # offset of each row's number in A; None for a row of ones (the bias gradient)
    columns: int  # results per row; the last vector may be partly used
    a_step: int
    b_step: int
    run: int
    out_rows: tuple[int, ...]  # offset of each row's results in the output
    start: Start = "zero"
    base_rows: tuple[int, ...] = ()
    relu: bool = False

    @property
    def symbol(self) -> str:
        """A name that no other tile has."""
        return "tile_" + hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:20]

    def emit(self) -> ir.Module:
        """The code as a module of its own."""
        return _Emitter(self, host()[2]).emit()


@cache
def host() -> tuple[str, str, int]:
    """This processor's name, its features and its vector width in bytes."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    width = 64 if features.get("avx512f") else 32 if features.get("avx") else 16
    return llvm.get_host_cpu_name(), features.flatten() + ",-prefer-256-bit", width


def vector_lanes(bits: int) -> int:
    """How many numbers of this size one vector register holds."""
    return host()[2] * 8 // bits


def register_tile(bits: int, columns: int) -> int:
    """How many rows fit the registers beside the vectors of `B` for this many columns (at most two vectors)."""
    vectors = -(-columns // vector_lanes(bits))
    registers = 32 if host()[2] in (64, 16) else 16
    return (registers - vectors - 1) // vectors if registers == 32 else (registers - vectors - 2) // vectors


def column_tile(bits: int) -> int:
    """The widest tile: two vectors."""
    return 2 * vector_lanes(bits)


@dataclass(frozen=True)
class Turn:
    """Code that transposes a square block of numbers, as many a side as a vector has lanes (8 at most)."""

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
        align = self.bits // 8

        def row(start: Any, step: Any, i: int) -> Any:
            return b.bitcast(b.gep(start, [b.mul(step, ir.Constant(I64, i))]), vector.as_pointer())

        rows = [b.load(row(source, source_step, i), align=align) for i in range(side)]
        half = side // 2
        while half:  # swap the off-diagonal quarters of every block of 2·half rows
            low = [i if i & half == 0 else side + i - half for i in range(side)]
            high = [i + half if i & half == 0 else side + i for i in range(side)]
            for i in range(side):
                if i & half == 0:
                    x, y = rows[i], rows[i + half]
                    rows[i] = b.shuffle_vector(x, y, _lanes(low))
                    rows[i + half] = b.shuffle_vector(x, y, _lanes(high))
            half //= 2
        for i, value in enumerate(rows):
            b.store(value, row(target, target_step, i), align=align)
        b.ret_void()
        return module


def _lanes(numbers: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(I32, len(numbers)), numbers)


class _Emitter:
    """Writes one tile as a function `void(A, B, out, start, taps, count)`."""

    def __init__(self, tile: Tile, width: int) -> None:
        self.tile = tile
        self.module = ir.Module(name=tile.symbol)
        self.element = ir.FloatType() if tile.bits == 32 else ir.DoubleType()
        self.lanes = width * 8 // tile.bits
        self.vector = ir.VectorType(self.element, self.lanes)
        self.vectors = -(-tile.columns // self.lanes)
        pointer = self.element.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, pointer, pointer, I64.as_pointer(), I64])
        self.function = ir.Function(self.module, kind, tile.symbol)
        self.function.attributes.add("nounwind")
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self.fma = ir.Function(self.module, kind, f"llvm.fma.v{self.lanes}f{tile.bits}")
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))

    def emit(self) -> ir.Module:
        """The whole function: start values, the loop over taps, the results."""
        a, b, out, start, taps, count = self.function.args
        sums = self._start(out if self.tile.start == "out" else start)
        sums = self._loop(count, sums, lambda t, inner: self._tap(a, b, taps, t, inner))
        for row, offset in zip(sums, self.tile.out_rows, strict=True):
            for v, value in enumerate(row):
                self._store(self._relu(value) if self.tile.relu else value, out, offset + v * self.lanes, v)
        self.b.ret_void()
        return self.module

    def _start(self, start: Any) -> list[list[Any]]:
        tile = self.tile
        if tile.start in ("base", "out"):
            rows = tile.base_rows if tile.start == "base" else tile.out_rows
            return [[self._load(start, o + v * self.lanes, v) for v in range(self.vectors)] for o in rows]
        if tile.start == "bias":
            row = [self._load(start, v * self.lanes, v) for v in range(self.vectors)]
        else:
            row = [ir.Constant(self.vector, [0.0] * self.lanes)] * self.vectors
        return [list(row) for _ in tile.rows]

    def _loop(self, count: Any, sums: list[list[Any]], body: Any) -> list[list[Any]]:
        """Run `body(i, sums)` `count` times (at least once), carrying the sums in registers."""
        before, loop = self.b.block, self.function.append_basic_block("loop")
        self.b.branch(loop)
        self.b.position_at_end(loop)
        i = self.b.phi(I64)
        carried = [[self.b.phi(self.vector) for _ in row] for row in sums]
        results = body(i, carried)
        after, end = self.b.block, self.function.append_basic_block("end")
        following = self.b.add(i, ir.Constant(I64, 1))
        self.b.cbranch(self.b.icmp_signed("<", following, count), loop, end)
        i.add_incoming(ir.Constant(I64, 0), before)
        i.add_incoming(following, after)
        for phis, first, last in zip(carried, sums, results, strict=True):
            for phi, x, y in zip(phis, first, last, strict=True):
                phi.add_incoming(x, before)
                phi.add_incoming(y, after)
        self.b.position_at_end(end)
        return results  # type: ignore[no-any-return]

    def _tap(self, a: Any, b: Any, taps: Any, t: Any, sums: list[list[Any]]) -> list[list[Any]]:
        """One tap: `run` products per sum, starting at the tap's two offsets."""
        at = self.b.gep(taps, [self.b.shl(t, ir.Constant(I64, 1))])
        a = self.b.gep(a, [self.b.load(at)])
        b = self.b.gep(b, [self.b.load(self.b.gep(at, [ir.Constant(I64, 1)]))])
        if self.tile.run == 0:  # no tap reaches these results
            return sums
        if self.tile.run == 1:
            return self._products(a, b, 0, sums)
        unroll = next(u for u in (4, 3, 2, 1) if self.tile.run % u == 0)
        a_cell, b_cell = self._moving(a), self._moving(b)

        def body(_: Any, inner: list[list[Any]]) -> list[list[Any]]:
            a_now, b_now = self.b.load(a_cell), self.b.load(b_cell)
            for j in range(unroll):
                inner = self._products(a_now, b_now, j, inner)
            self.b.store(self.b.gep(a_now, [ir.Constant(I64, unroll * self.tile.a_step)]), a_cell)
            self.b.store(self.b.gep(b_now, [ir.Constant(I64, unroll * self.tile.b_step)]), b_cell)
            return inner

        return self._loop(ir.Constant(I64, self.tile.run // unroll), sums, body)

    def _moving(self, pointer: Any) -> Any:
        """A stack cell holding a pointer; the optimiser turns it into a register."""
        with self.b.goto_entry_block():
            cell = self.b.alloca(pointer.type)
        self.b.store(pointer, cell)
        return cell

    def _products(self, a: Any, b: Any, j: int, sums: list[list[Any]]) -> list[list[Any]]:
        tile = self.tile
        right = [self._load(b, j * tile.b_step + v * self.lanes, v) for v in range(self.vectors)]
        results = []
        for offset, row in zip(tile.rows, sums, strict=True):
            if offset is None:
                left = ir.Constant(self.vector, [1.0] * self.lanes)
            else:
                left = self._spread(self.b.load(self.b.gep(a, [ir.Constant(I64, offset + j * tile.a_step)])))
            results.append([self.b.call(self.fma, [left, r, s]) for r, s in zip(right, row, strict=True)])
        return results

    def _spread(self, number: Any) -> Any:
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.b.insert_element(undefined, number, ir.Constant(I32, 0))
        return self.b.shuffle_vector(first, undefined, _lanes([0] * self.lanes))

    def _relu(self, value: Any) -> Any:
        zero = ir.Constant(self.vector, [0.0] * self.lanes)
        return self.b.select(self.b.fcmp_ordered("<", value, zero), zero, value)  # keeps NaN

    def _mask(self, v: int) -> Any | None:
        """Which lanes of vector `v` are in use; None when all are."""
        used = min(self.lanes, self.tile.columns - v * self.lanes)
        if used == self.lanes:
            return None
        return ir.Constant(
            ir.VectorType(ir.IntType(1), self.lanes), [int(i < used) for i in range(self.lanes)]
        )

    def _address(self, pointer: Any, offset: int) -> Any:
        return self.b.bitcast(self.b.gep(pointer, [ir.Constant(I64, offset)]), self.vector.as_pointer())

    def _load(self, pointer: Any, offset: int, v: int) -> Any:
        address, mask = self._address(pointer, offset), self._mask(v)
        align = self.tile.bits // 8
        if mask is None:
            return self.b.load(address, align=align)
        kind = ir.FunctionType(self.vector, [address.type, I32, mask.type, self.vector])
        load = self._intrinsic(f"llvm.masked.load.v{self.lanes}f{self.tile.bits}.p0", kind)
        zero = ir.Constant(self.vector, [0.0] * self.lanes)
        return self.b.call(load, [address, ir.Constant(I32, align), mask, zero])

    def _store(self, value: Any, pointer: Any, offset: int, v: int) -> None:
        address, mask = self._address(pointer, offset), self._mask(v)
        align = self.tile.bits // 8
        if mask is None:
            self.b.store(value, address, align=align)
            return
        kind = ir.FunctionType(ir.VoidType(), [self.vector, address.type, I32, mask.type])
        store = self._intrinsic(f"llvm.masked.store.v{self.lanes}f{self.tile.bits}.p0", kind)
        self.b.call(store, [value, address, ir.Constant(I32, align), mask])

    def _intrinsic(self, name: str, kind: ir.FunctionType) -> Any:
        return self.module.globals.get(name) or ir.Function(self.module, kind, name)


def assembly(code: Tile | Turn) -> str:
    """Machine code as text, for tests that look for spills."""
    machine = _machine()
    return str(machine.emit_assembly(_optimised(code, machine)))


@cache
def _machine() -> Any:
    cpu, features, _ = host()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu, features=features, opt=3, jit=True
    )


def _optimised(code: Tile | Turn, machine: Any) -> Any:
    module = llvm.parse_assembly(str(code.emit()))
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    builder = llvm.create_pass_builder(machine, options)
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(module, builder)
    return module


@cache
def _engine() -> Any:
    empty = llvm.parse_assembly("")
    return llvm.create_mcjit_compiler(
        empty, llvm.Target.from_default_triple().create_target_machine(jit=True)
    )


@cache
def address(code: Tile | Turn) -> int:
    """The address of machine code, compiled now or read from the disk cache."""
    path = folder() / f"{code.symbol}.o"
    if not path.exists():
        machine = _machine()
        write_atomically(path, machine.emit_object(_optimised(code, machine)))
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_path(str(path)))
    engine.finalize_object()
    return int(engine.get_function_address(code.symbol))
