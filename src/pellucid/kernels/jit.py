"""Numba, as this project uses it: kernels compiled on first use, kept on disk, called through one signature.

A kernel is a Python function `(p, n, f, chunk)`: `p` a table of pointers to numbers of one float type, `n` a table
of int64 (sizes, strides, addresses), `f` a table of float64. It does the part `chunk` of its work, reads and writes
through the pointers without checks, raises nothing, and is the same for every thread. A fifth argument, `scratch`, is
the address of memory that this thread may use meanwhile.
"""

from __future__ import annotations

import inspect
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

import numba

from pellucid.kernels import cache
from pellucid.kernels.progress import progress

types: Any = numba.types


_compiling = threading.RLock()


def _cached(compile: Callable[[bool], Any]) -> Any:
    """Run a Numba decorator with the disk cache pointing at our own folder, one at a time: the setting is global."""
    with _compiling:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(cache.folder())
        try:
            return compile(True)
        except (pickle.UnpicklingError, EOFError):  # a file of the cache is damaged
            cache.clear()
            return compile(True)
        except OSError:  # the disk is full
            return compile(False)
        finally:
            numba.config.CACHE_DIR = before


class Kernel:
    """A compiled function `(p, n, f, chunk[, scratch])` for float32 and float64, made when first asked for."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.function = function
        self.name = function.__name__
        self.__doc__ = function.__doc__
        self._compiled: dict[int, Any] = {}

    def address(self, bits: int) -> int:
        """The address of the machine code for numbers of `bits` bits."""
        if bits not in self._compiled:
            number = types.float32 if bits == 32 else types.float64
            pointers = types.CPointer(types.CPointer(number))
            tables = (pointers, types.CPointer(types.int64), types.CPointer(types.float64))
            integers = len(inspect.signature(self.function).parameters) - len(tables)
            signature = types.void(*tables, *[types.int64] * integers)
            start = time.perf_counter()
            self._compiled[bits] = _cached(
                lambda keep: numba.cfunc(signature, cache=keep, nopython=True, error_model="numpy")(
                    self.function
                )
            )
            if not self._compiled[bits].cache_hits:
                progress(f"{self.name} (float{bits})", time.perf_counter() - start)
        return int(self._compiled[bits].address)


def kernel(function: Callable[..., None]) -> Kernel:
    """Declare a kernel; nothing is compiled yet."""
    return Kernel(function)


def inline(function: Callable[..., Any]) -> Any:
    """Declare a helper that kernels call; it is compiled into each of them."""
    return numba.njit(error_model="numpy", inline="always")(function)


class Compiled:
    """A function that Python calls and that runs without the interpreter's lock, made at its first call."""

    def __init__(self, signature: Any, function: Callable[..., Any]) -> None:
        self._signature, self._function = signature, function
        self._compiled: Any = None
        self.__doc__ = function.__doc__

    def __call__(self, *arguments: Any) -> Any:
        """Call it."""
        if self._compiled is None:
            self.make()
            progress.close()
        return self._compiled(*arguments)

    def make(self) -> None:
        """Compile it, unless that is done."""
        if self._compiled is None:
            start = time.perf_counter()
            options = {"nogil": True, "error_model": "numpy"}
            self._compiled = _cached(
                lambda keep: numba.njit(self._signature, cache=keep, **options)(self._function)
            )
            if not self._compiled.stats.cache_hits:
                progress(self._function.__name__.strip("_"), time.perf_counter() - start)


def compiled(signature: Any) -> Callable[[Callable[..., Any]], Compiled]:
    """Declare such a function, for instance `@compiled(types.void(types.int64))`; nothing is compiled yet."""
    return lambda function: Compiled(signature, function)
