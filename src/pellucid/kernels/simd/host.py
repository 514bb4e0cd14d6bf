"""This processor: its vectors, and code for it, compiled once and kept on disk."""

from __future__ import annotations

import time
from functools import cache
from typing import Any, Protocol

import llvmlite.binding as llvm

from pellucid.kernels.cache import folder, read, write
from pellucid.kernels.progress import progress


class Code(Protocol):
    """Something that can be emitted as one function; equal code has one symbol."""

    @property
    def symbol(self) -> str:
        """A name that no other code has."""

    def emit(self) -> Any:
        """The function in a module of its own."""

    def __hash__(self) -> int: ...


@cache
def host() -> tuple[str, str, int]:
    """The processor's name, its features and its vector width in bytes."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    width = 64 if features.get("avx512f") else 32 if features.get("avx") else 16
    return llvm.get_host_cpu_name(), features.flatten() + ",-prefer-256-bit", width


def vector_lanes(bits: int) -> int:
    """How many numbers of this size one vector register holds."""
    return host()[2] * 8 // bits


def vector_registers() -> int:
    """How many vector registers there are: 32 with AVX-512 or NEON, 16 with AVX."""
    return 16 if host()[2] == 32 else 32


@cache
def address(code: Code) -> int:
    """The address of machine code, compiled now or read from the disk cache."""
    path = folder() / f"{code.symbol}.o"
    compiled = read(path)
    if compiled is None:
        start, machine = time.perf_counter(), _machine()
        compiled = machine.emit_object(_optimised(code, machine))
        write(path, compiled)
        progress(code.symbol, time.perf_counter() - start)
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(compiled))
    engine.finalize_object()
    return int(engine.get_function_address(code.symbol))


def assembly(code: Code) -> str:
    """Machine code as text, for tests that look for spills."""
    machine = _machine()
    return str(machine.emit_assembly(_optimised(code, machine)))


@cache
def _machine() -> Any:
    cpu, features, _ = host()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu, features=features, opt=3, jit=True
    )


def _optimised(code: Code, machine: Any) -> Any:
    """The code is emitted as it should be; only its stack cells must become registers."""
    module = llvm.parse_assembly(str(code.emit()))
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.run(module, builder)
    return module


@cache
def _engine() -> Any:
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
