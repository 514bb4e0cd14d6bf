"""Numba, as this project uses it: kernels compiled on first use, kept on disk, called through one signature.

A kernel is a Python function `(p, n, f, chunk)`: `p` a table of pointers to numbers of one float type, `n` a table
of int64 (sizes, strides, addresses), `f` a table of float64. It does the part `chunk` of its work, reads and writes
through the pointers without checks, raises nothing, and is the same for every thread. A fifth argument, `scratch`, is
the address of memory that this thread may use meanwhile. Arguments of other names are int64, too.

Declarations only note down what is to be compiled. Numba is imported when something is not on disk yet: it takes half a
second and 70 MB.
"""

from __future__ import annotations

import ctypes
import inspect
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm

from pellucid import memory
from pellucid.derived import derived
from pellucid.kernels.library import Library, native

_COMPILER_BYTES = 192 << 20  # of addresses, half of them used
_library = Library("numba")


class Kernel:
    """A compiled function for float32 and float64, made when first asked for; it belongs to this package's sources."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.function = function
        self.name = function.__name__
        self.__doc__ = function.__doc__
        self._callable: dict[int, Callable[..., None]] = {}

    def address(self, bits: int) -> int:
        """The address of the machine code for numbers of `bits` bits."""
        symbol = f"{self.function.__module__.rpartition('.')[2]}_{self.name}_{bits}"
        return _library.address(symbol, lambda: _object_code(self.function, bits, symbol))

    def callable(self, bits: int = 64) -> Callable[..., None]:
        """The same for Python, which passes integers and lets other threads run meanwhile."""
        if bits not in self._callable:
            integers = [ctypes.c_int64] * len(inspect.signature(self.function).parameters)
            self._callable[bits] = ctypes.CFUNCTYPE(None, *integers)(self.address(bits))
        return self._callable[bits]


class Helper:
    """What kernels call and Python cannot: `make` says what Numba is given in its place."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @derived
    def made(self) -> Any:
        """What Numba is given."""
        return self._make()


def kernel(function: Callable[..., None]) -> Kernel:
    """Declare a kernel."""
    return Kernel(function)


def inline(function: Callable[..., Any]) -> Any:
    """Declare a helper that is compiled into every kernel that calls it."""

    def make() -> Any:
        import numba

        return numba.njit(error_model="numpy", inline="always")(_linked(function))

    return Helper(make)


def intrinsic(function: Callable[..., Any]) -> Any:
    """Declare a helper that is written in LLVM's instructions (see `numba.extending.intrinsic`)."""

    def make() -> Any:
        from numba import extending

        return extending.intrinsic(function)

    return Helper(make)


class _Types:
    def __getattr__(self, name: str) -> Any:
        from numba import types

        return getattr(types, name)


types: Any = _Types()  # Numba's types


def _linked(function: Any) -> FunctionType:
    """The same function, for Numba: the helpers that it names are what they are made."""
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(scope.get(name), Helper):
            scope[name] = scope[name].made
    return FunctionType(function.__code__, scope, function.__name__)


def _object_code(function: Callable[..., None], bits: int, symbol: str) -> bytes:
    """Machine code for this processor as an object file, which needs the C library alone."""
    if "numba" not in sys.modules:  # LLVM ends the process where it finds no memory
        memory.require("kernels", "the compiler", _COMPILER_BYTES)
    import numba

    number = types.float32 if bits == 32 else types.float64
    tables = {"p": types.CPointer(types.CPointer(number)), "n": types.CPointer(types.int64)}
    tables["f"] = types.CPointer(types.float64)
    arguments = [tables.get(name, types.int64) for name in inspect.signature(function).parameters]
    signature = types.void(*arguments)
    compiled = numba.cfunc(signature, nopython=True, error_model="numpy")(_linked(function))
    module = llvm.parse_assembly(compiled.inspect_llvm())
    module.link_in(llvm.parse_assembly(_entry(symbol, compiled.native_name, len(arguments))))
    for defined in [*module.functions, *module.global_variables]:
        if not defined.is_declaration and defined.name != symbol:
            defined.linkage = llvm.Linkage.internal
    machine = native().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return bytes(machine.emit_object(module))


def _entry(symbol: str, callback: str, arguments: int) -> str:
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
