"""Numba, as this project uses it: kernels compiled on first use, kept on disk, called through one signature.

A kernel is a Python function `(t, chunk)`: `t` is its table (see `table.py`), whose type it declares and whose numbers
are of one float type. It does the part `chunk` of its work, reads and writes through the table's pointers without
checks, raises nothing, and is the same for every thread. A third argument, `scratch`, is the address of memory that
this thread may use meanwhile. A kernel without a table takes int64.

Declarations only note down what is to be compiled. Numba is imported when something is not on disk yet: it takes half a
second and 70 MB.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from pellucid.kernels.library import Library
from pellucid.kernels.machine_code import Helper, arguments, linked, object_code

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
        return _library.address(symbol, lambda: object_code(self.function, bits, symbol))

    def callable(self, bits: int = 64) -> Callable[..., None]:
        """The same for Python, which passes integers and lets other threads run meanwhile."""
        if bits not in self._callable:
            integers = [ctypes.c_int64] * arguments(self.function)
            self._callable[bits] = ctypes.CFUNCTYPE(None, *integers)(self.address(bits))
        return self._callable[bits]


def kernel(function: Callable[..., None]) -> Kernel:
    """Declare a kernel."""
    return Kernel(function)


def inline(function: Callable[..., Any]) -> Any:
    """Declare a helper that is compiled into every kernel that calls it."""

    def make() -> Any:
        import numba

        return numba.njit(error_model="numpy", inline="always")(linked(function))

    return Helper(make)


def intrinsic(function: Callable[..., Any]) -> Any:
    """Declare a helper that is written in LLVM's instructions (see `numba.extending.intrinsic`)."""

    def make() -> Any:
        from numba import extending

        return extending.intrinsic(function)

    return Helper(make)
