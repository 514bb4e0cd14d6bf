"""Machine code: for this processor compiled once and kept on disk, for any target as text or object file."""

from __future__ import annotations

import hashlib
import time
from functools import cache
from typing import Any, Protocol

import llvmlite.binding as llvm

from pellucid.kernels.cache import folder, read, write
from pellucid.kernels.progress import progress
from pellucid.kernels.simd.target import Target, target


class Code(Protocol):
    """Something that can be emitted as one function; equal code has one symbol."""

    @property
    def symbol(self) -> str:
        """A name that no other code has."""

    def emit(self) -> Any:
        """The function in a module of its own."""

    def __hash__(self) -> int: ...


def address(code: Code) -> int:
    """The address of machine code, compiled now or read from the disk cache."""
    return _address(code, target())


@cache
def _address(code: Code, target: Target) -> int:
    path = folder() / f"{code.symbol}-{_digest(target)}.o"
    compiled = read(path)
    if compiled is None:
        start = time.perf_counter()
        compiled = object_code(code)
        write(path, compiled)
        progress(code.symbol, time.perf_counter() - start)
    engine = _engine(target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(compiled))
    engine.finalize_object()
    return int(engine.get_function_address(code.symbol))


def object_code(code: Code) -> bytes:
    """Machine code as an object file."""
    machine = _machine(target())
    return bytes(machine.emit_object(_optimised(code, machine)))


def assembly(code: Code) -> str:
    """Machine code as text, for tests that look for spills."""
    machine = _machine(target())
    return str(machine.emit_assembly(_optimised(code, machine)))


@cache
def _digest(target: Target) -> str:
    return hashlib.sha256(repr(target).encode()).hexdigest()[:8]


@cache
def _machine(target: Target) -> Any:
    return _instructions(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=3, jit=True
    )


@cache
def _instructions(triple: str) -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(triple)


def _optimised(code: Code, machine: Any) -> Any:
    """The code is emitted as it should be; only its stack cells must become registers."""
    module = llvm.parse_assembly(str(code.emit()))
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(module, builder)
    return module


@cache
def _engine(target: Target) -> Any:
    """Where a target's code is loaded; each has its own, since their symbols are the same."""
    machine = _instructions(target.triple).create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
