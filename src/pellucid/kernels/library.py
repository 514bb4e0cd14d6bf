"""Machine code: compiled once, kept on disk as object files, loaded into this process when it is first needed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import llvmlite.binding as llvm

from pellucid.kernels.cache import read, write
from pellucid.kernels.progress import progress

turn = threading.RLock()  # LLVM, asked anything, and Numba serve one thread at a time
if hasattr(os, "register_at_fork"):  # nobody is in the middle of something when the process is copied
    os.register_at_fork(before=turn.acquire, after_in_parent=turn.release, after_in_child=turn.release)


class Library:
    """Functions by name; what `edition` they are of decides where their files lie. Libraries may share names."""

    def __init__(self, edition: str) -> None:
        self._edition = edition
        self._addresses: dict[str, int] = {}

    def address(self, symbol: str, compile: Callable[[], bytes]) -> int:
        """Where a function begins. When its object file is not on disk, or is damaged, `compile` makes it."""
        with turn:
            if symbol not in self._addresses:
                self._addresses[symbol] = self._load(symbol, compile)
            return self._addresses[symbol]

    def _load(self, symbol: str, compile: Callable[[], bytes]) -> int:
        name = f"{symbol}-{self._edition}.o"
        code = read(name)
        if code is None:
            start = time.perf_counter()
            code = compile()
            kept = write(name, code)
            progress(symbol, time.perf_counter() - start, kept=kept)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        return int(self._engine.get_function_address(symbol))

    @cached_property
    def _engine(self) -> Any:
        return llvm.create_mcjit_compiler(llvm.parse_assembly(""), native().create_target_machine(jit=True))


@cache
def native() -> Any:
    """LLVM's description of this kind of processor. (Those of all kinds would take 10 MB.)"""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()
