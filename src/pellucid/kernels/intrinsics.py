"""What kernels need beyond Python: atomics, calls through addresses, pointers of other types, the float control word.

Each is one or a few machine instructions, written for Numba through llvmlite.
"""

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir

from pellucid.kernels.jit import intrinsic
from pellucid.kernels.machine_code import load_table, table_type, types
from pellucid.kernels.table import cell_count

I64 = ir.IntType(64)
_YIELD = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


def _pointer(builder: Any, address: Any, element: Any = I64) -> Any:
    return builder.inttoptr(address, element.as_pointer())


@intrinsic
def atomic_load(typing: Any, address: Any) -> Any:
    """The int64 at an address, ordered before what follows."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_pointer(builder, args[0]), "seq_cst", 8)

    return types.int64(types.int64), code


@intrinsic
def atomic_store(typing: Any, address: Any, value: Any) -> Any:
    """Store an int64, ordered after what went before."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], _pointer(builder, args[0]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), code


@intrinsic
def atomic_add(typing: Any, address: Any, value: Any) -> Any:
    """Add to the int64 at an address and return what was there before."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _pointer(builder, args[0]), args[1], "seq_cst")

    return types.int64(types.int64, types.int64), code


@intrinsic
def compare_and_swap(typing: Any, address: Any, expected: Any, value: Any) -> Any:
    """Replace the int64 at an address if it is the expected one; whether it was."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = builder.cmpxchg(_pointer(builder, args[0]), args[1], args[2], "seq_cst", "seq_cst")
        return builder.extract_value(result, 1)

    return types.boolean(types.int64, types.int64, types.int64), code


@intrinsic
def call_kernel(typing: Any, function: Any, table: Any, chunk: Any, scratch: Any) -> Any:
    """Call the kernel at an address; one that needs no scratch memory does not look at the last argument."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [I64] * 3)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), code


@intrinsic
def call_tile(typing: Any, function: Any, a: Any, b: Any, out: Any, start: Any, taps: Any, count: Any) -> Any:
    """Call the micro-kernel at an address."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [I64] * 6)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), code


@intrinsic
def element_address(typing: Any, pointer: Any, index: Any) -> Any:
    """The address of one number behind a pointer."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(builder.gep(args[0], [args[1]]), I64)

    return types.int64(pointer, types.int64), code


def _view(name: str, doc: str) -> Any:
    """An intrinsic that reads a pointer of a kernel's table, or an address, as a pointer to another type."""

    def view(typing: Any, pointer: Any) -> Any:
        number = getattr(types, name)

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.get_value_type(number).as_pointer()
            integer = isinstance(signature.args[0], types.Integer)
            return builder.inttoptr(args[0], kind) if integer else builder.bitcast(args[0], kind)

        return types.CPointer(number)(pointer), code

    view.__doc__ = doc
    return intrinsic(view)


int64_at = _view("int64", "Labels, tables: int64 numbers at a pointer or address.")
int32_at = _view("int32", "Routes of large windows: int32 numbers at a pointer or address.")
uint32_at = _view("uint32", "Draws: uint32 numbers at a pointer or address.")
bytes_at = _view("uint8", "Memory: bytes at a pointer or address.")
float64_at = _view("float64", "Sums kept in double precision: float64 numbers at a pointer or address.")


@intrinsic
def rounded(typing: Any, value: Any, pointer: Any) -> Any:
    """A float64 rounded to the type of the numbers at a pointer of a kernel's table."""
    number = pointer.dtype

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.cast(builder, args[0], types.float64, number)

    return number(types.float64, pointer), code


@intrinsic
def record(typing: Any, table: Any, records: Any, index: Any) -> Any:
    """The table at a place of an array of such tables."""
    first = records[0]
    kind = table_type(table.instance_class, getattr(first, "dtype", types.float64))

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        begin, step = builder.extract_value(args[1], 0), 8 * cell_count(table.instance_class)
        if isinstance(first, types.CPointer):
            begin = builder.ptrtoint(begin, I64)
        address = builder.add(begin, builder.mul(args[2], ir.Constant(I64, step)))
        return load_table(context, builder, kind, _pointer(builder, address))

    return kind(table, records, types.int64), code


@intrinsic
def numbers_at(typing: Any, address: Any, pointer: Any) -> Any:
    """The numbers at an address, of the type of those at a pointer of a kernel's table."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], args[1].type)

    return pointer(types.int64, pointer), code


@intrinsic
def fma(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once; three numbers of one float type."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return z(z, z, z), code


@intrinsic
def mirrored_eight(typing: Any, octets: Any, at: Any, out: Any, to: Any, factors: Any) -> Any:
    """Eight bytes x from place `at` on, the last one first, as numbers (x·a + x·b)·scale + shift from `to` on.

    The first addition is fused. `factors` are (a, b, scale, shift), of the numbers' type. LLVM makes no vector code of
    the same loop.
    """
    number = out.dtype

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        eight = ir.VectorType(ir.IntType(8), 8)
        taken = builder.load(builder.bitcast(builder.gep(args[0], [args[1]]), eight.as_pointer()))
        taken.align = 1
        order = ir.Constant(ir.VectorType(ir.IntType(32), 8), list(range(7, -1, -1)))
        kind = ir.VectorType(context.get_value_type(number), 8)
        x = builder.uitofp(builder.shuffle_vector(taken, ir.Constant(eight, ir.Undefined), order), kind)
        a, b, scale, shift = (_repeated(builder, builder.extract_value(args[4], i), kind) for i in range(4))
        name, three = f"llvm.fma.v8f{number.bitwidth}", ir.FunctionType(kind, [kind] * 3)
        fused = builder.module.globals.get(name) or ir.Function(builder.module, three, name)
        value = builder.call(fused, [x, a, builder.fmul(x, b)])
        target = builder.bitcast(builder.gep(args[2], [args[3]]), kind.as_pointer())
        builder.store(builder.fadd(builder.fmul(value, scale), shift), target, align=1)
        return context.get_dummy_value()

    return types.void(octets, types.int64, out, types.int64, types.UniTuple(number, 4)), code


def _repeated(builder: Any, value: Any, kind: Any) -> Any:
    """A vector of one number."""
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros)


@intrinsic
def prefetch(typing: Any, pointer: Any, index: Any) -> Any:
    """Ask for the memory of a number that is read soon."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(builder.gep(args[0], [args[1]]), ir.IntType(8).as_pointer())
        name, flag = "llvm.prefetch.p0", ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, flag, flag, flag])
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(function, [place, *(ir.Constant(flag, n) for n in (0, 3, 1))])  # to read, keep, data
        return context.get_dummy_value()

    return types.void(pointer, types.int64), code


@intrinsic
def pause(typing: Any) -> Any:
    """Tell the processor that this thread is waiting."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        machine = builder.module.triple.split("-")[0]
        name, operands = (
            ("llvm.x86.sse2.pause", []) if machine in ("x86_64", "i686") else ("llvm.aarch64.hint", [1])
        )
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(32)] * len(operands))
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(function, [ir.Constant(ir.IntType(32), o) for o in operands])
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def give_way(typing: Any) -> Any:
    """Let another thread have this core."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        function = builder.module.globals.get(_YIELD) or ir.Function(builder.module, kind, _YIELD)
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def float_mode(typing: Any) -> Any:
    """This thread's floating-point control word."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _is_x86(builder):
            cell = _cell(builder)
            builder.call(_mxcsr(builder, "stmxcsr"), [builder.bitcast(cell, ir.IntType(8).as_pointer())])
            return builder.zext(builder.load(cell), I64)
        kind = ir.FunctionType(I64, [])
        name = "llvm.aarch64.get.fpcr"
        return builder.call(builder.module.globals.get(name) or ir.Function(builder.module, kind, name), [])

    return types.int64(), code


@intrinsic
def set_float_mode(typing: Any, mode: Any) -> Any:
    """Set this thread's floating-point control word."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _is_x86(builder):
            cell = _cell(builder)
            builder.store(builder.trunc(args[0], ir.IntType(32)), cell)
            builder.call(_mxcsr(builder, "ldmxcsr"), [builder.bitcast(cell, ir.IntType(8).as_pointer())])
        else:
            kind = ir.FunctionType(ir.VoidType(), [I64])
            name = "llvm.aarch64.set.fpcr"
            builder.call(builder.module.globals.get(name) or ir.Function(builder.module, kind, name), args)
        return context.get_dummy_value()

    return types.void(types.int64), code


@intrinsic
def engine_mode(typing: Any) -> Any:
    """The control word of the engine's arithmetic: round to nearest, denormal numbers are zero, nothing traps."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(I64, 0x9FC0 if _is_x86(builder) else 1 << 24)

    return types.int64(), code


def _cell(builder: Any) -> Any:
    """Room for an int32 on the stack, once for a function: where a loop asks for it, each round would take more."""
    with builder.goto_entry_block():
        return builder.alloca(ir.IntType(32))


def _is_x86(builder: Any) -> bool:
    return builder.module.triple.split("-")[0] in ("x86_64", "i686")


def _mxcsr(builder: Any, name: str) -> Any:
    name = f"llvm.x86.sse.{name}"
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()])
    return builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
