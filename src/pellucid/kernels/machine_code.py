"""Kernels as machine code: a Python function and the type of its table become an object file for this processor."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from pellucid import memory
from pellucid.derived import derived
from pellucid.errors import say
from pellucid.kernels.library import native
from pellucid.kernels.table import Field, Records, fields

_COMPILER_BYTES = 192 << 20  # of addresses, half of them used


class Helper:
    """What kernels call and Python cannot: `make` says what Numba is given in its place."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @derived
    def made(self) -> Any:
        """What Numba is given."""
        return self._make()


class _Types:
    def __getattr__(self, name: str) -> Any:
        from numba import types

        return getattr(types, name)


types: Any = _Types()  # Numba's types


def linked(function: Any) -> FunctionType:
    """The same function, for Numba: the helpers that it names are what they are made."""
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(scope.get(name), Helper):
            scope[name] = scope[name].made
    return FunctionType(function.__code__, scope, function.__name__)


def table_of(function: Callable[..., None]) -> Any:
    """The table that a kernel declares as the type of its first argument; None where it has none."""
    declared = [parameter.annotation for parameter in inspect.signature(function).parameters.values()]
    found = function.__globals__.get(declared[0]) if declared else None
    return found if hasattr(found, "_fields") else None


def arguments(function: Callable[..., None]) -> int:
    """How many int64 the machine code takes: a table's address, a chunk and scratch memory, or what is declared."""
    return 3 if table_of(function) else len(inspect.signature(function).parameters)


def table_type(table: Any, number: Any) -> Any:
    """Numba's type of a table (see `table.py`) whose numbers are of the type `number`."""
    plain = {"int": types.int64, "float": types.float64, "address": types.int64}

    def kind(field: Field) -> Any:
        if field.kind == "table":
            return table_type(field.table, number)
        if field.kind == "records":
            return types.BaseTuple.from_types([types.CPointer(number), types.int64], Records)
        if field.kind == "numbers":
            return types.CPointer(number)
        return plain[field.kind] if field.kind in plain else types.CPointer(getattr(types, field.kind))

    return types.BaseTuple.from_types([kind(field) for field in fields(table)], table)


def load_table(context: Any, builder: Any, kind: Any, cells: Any) -> Any:
    """Read a table of this type from its cells, one after the other."""

    def load(kind: Any) -> Any:
        if isinstance(kind, types.BaseTuple):
            return context.make_tuple(builder, kind, [load(member) for member in kind])
        cell = builder.load(builder.gep(cells, [ir.Constant(ir.IntType(64), next(places))]))
        if isinstance(kind, types.CPointer):
            return builder.inttoptr(cell, context.get_value_type(kind))
        return builder.bitcast(cell, context.get_value_type(kind))

    places = iter(range(1 << 30))
    return load(kind)


def object_code(function: Callable[..., None], bits: int, symbol: str) -> bytes:
    """Machine code for this processor as an object file, which needs the C library alone."""
    return bytes(_machine().emit_object(module_of(function, bits, symbol)))


def module_of(function: Callable[..., None], bits: int, symbol: str) -> Any:
    """The same as LLVM's instructions, optimised."""
    if "numba" not in sys.modules:  # LLVM ends the process where it finds no memory
        memory.require("kernels", say("the compiler"), _COMPILER_BYTES)
    import numba

    table, taken = table_of(function), arguments(function)
    number = types.float32 if bits == 32 else types.float64
    called = _entry_of(function, table_type(table, number)) if table else linked(function)
    signature = types.void(*[types.int64] * taken)
    compiled = numba.cfunc(signature, nopython=True, error_model="numpy")(called)
    module = llvm.parse_assembly(compiled.inspect_llvm())
    module.link_in(llvm.parse_assembly(_without_callback(symbol, compiled.native_name, taken)))
    for defined in [*module.functions, *module.global_variables]:
        if not defined.is_declaration and defined.name != symbol:
            defined.linkage = llvm.Linkage.internal
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(_machine(), llvm.create_pipeline_tuning_options()))
    return module


@cache
def _machine() -> Any:
    return native().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )


def _entry_of(function: Callable[..., None], kind: Any) -> Callable[..., None]:
    """A kernel that takes the address of its table, of the type `kind`, and scratch memory also where it needs none."""
    import numba
    from numba import extending

    @extending.intrinsic
    def filled(typing: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return load_table(context, builder, kind, builder.inttoptr(args[0], ir.IntType(64).as_pointer()))

        return kind(types.int64), code

    loop = numba.njit(error_model="numpy", inline="always")(linked(function))
    if len(inspect.signature(function).parameters) == 2:

        def entry(table, chunk, scratch):  # type: ignore[no-untyped-def]
            loop(filled(table), chunk)
    else:

        def entry(table, chunk, scratch):  # type: ignore[no-untyped-def]
            loop(filled(table), chunk, scratch)

    return entry


def _without_callback(symbol: str, callback: str, arguments: int) -> str:
    """Numba's callback looks for exceptions with Python's help; this calls the function behind it, which raises none.

    That one's first arguments are places for a result and for an exception.
    """
    inner = f'@"{callback.removeprefix("cfunc.")}"'
    kinds = ["i64"] * arguments
    names = ["ptr %none", "ptr %none", *(f"i64 %{i}" for i in range(arguments))]
    return f"""
        declare i32 {inner}({", ".join(["ptr", "ptr", *kinds])})
        define void @{symbol}({", ".join(kinds)}) {{
            %none = alloca ptr
            %status = call i32 {inner}({", ".join(names)})
            ret void
        }}"""
