"""Machine code: compiled once, kept on disk as object files, loaded into this process when it is first needed."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import llvmlite.binding as llvm

from pellucid import limits, memory
from pellucid.derived import derived
from pellucid.errors import say
from pellucid.kernels.cache import read, write
from pellucid.kernels.progress import progress
from pellucid.kernels.turns import Aside

T = TypeVar("T")

# LLVM, asked anything, and Numba serve one thread at a time, and neither is fit for use when Ctrl-C has cut it short.
_compiling = Aside()
_floats_used = ctypes.c_int(1)
_ROOM = 1 << 25  # bytes; where LLVM gets no memory, it ends the process
if hasattr(os, "register_at_fork"):  # nobody is in the middle of something when the process is copied
    _turn = _compiling.turn
    os.register_at_fork(before=_turn.acquire, after_in_parent=_turn.release, after_in_child=_turn.release)


def compiling(function: Callable[[], T]) -> T:
    """Carry out what asks LLVM, alone and to its end.

    Raises: NumericError when the process may take hardly any more memory.
    """
    if limits.process() < _ROOM:
        memory.require("kernels", say("code that is compiled and loaded"), _ROOM)
    return _compiling(function)


class Library:
    """Functions by name, loaded for good; what `edition` they are of decides where their files lie."""

    def __init__(self, edition: str) -> None:
        self._edition = edition
        self._addresses: dict[str, int] = {}

    def address(self, symbol: str, compile: Callable[[], bytes]) -> int:
        """Where a function begins. When its object file is not on disk, or is damaged, `compile` makes it."""
        known = self._addresses.get(symbol)
        return compiling(lambda: self._loaded(symbol, compile)) if known is None else known

    def _loaded(self, symbol: str, compile: Callable[[], bytes]) -> int:
        if symbol not in self._addresses:
            code = object_file(symbol, self._edition, compile)
            self._addresses[symbol] = load(self._engine, symbol, code)
        return self._addresses[symbol]

    @derived
    def _engine(self) -> Any:
        return new_engine()


def object_file(symbol: str, edition: str, compile: Callable[[], bytes]) -> bytes:
    """A function's object file from disk; where there is none, or a damaged one, what `compile` makes."""
    name = f"{symbol}-{edition}.o"
    code = read(name)
    if code is None:
        start = time.perf_counter()
        code = compile()
        kept = write(name, code)
        progress(symbol, time.perf_counter() - start, kept=kept)
    return code


def new_engine() -> Any:
    """What code is loaded by; when it is closed, the code is gone."""
    if sys.platform == "win32":  # objects with floats name it, and nobody reads it
        llvm.add_symbol("_fltused", ctypes.addressof(_floats_used))
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), native().create_target_machine(jit=True))


def load(engine: Any, symbol: str, code: bytes) -> int:
    """Where the function of an object file begins, now that it is loaded."""
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return int(engine.get_function_address(symbol))


@cache
def native() -> Any:
    """LLVM's description of this kind of processor. (Those of all kinds would take 10 MB.)"""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()
