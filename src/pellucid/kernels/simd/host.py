"""Machine code: for this processor compiled once and kept on disk, for any target as text or object file."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, Protocol

import llvmlite.binding as llvm

from pellucid.kernels.library import object_file
from pellucid.kernels.shelves import Shelves
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
    """The address of machine code, compiled now or read from the disk cache; it stays loaded for the loan at hand."""
    shelves, edition = _shelves(target())
    return shelves.address(
        code, lambda: (code.symbol, object_file(code.symbol, edition, lambda: object_code(code)))
    )


@cache
def _shelves(target: Target) -> tuple[Shelves[Code], str]:
    """Where the code of a target is loaded, and what its files' names end in."""
    return Shelves(), hashlib.sha256(repr(target).encode()).hexdigest()[:8]


def object_code(code: Code) -> bytes:
    """Machine code as an object file."""
    machine = _machine(target())
    return bytes(machine.emit_object(_optimised(code, machine)))


def assembly(code: Code) -> str:
    """Machine code as text, for tests that look for spills."""
    machine = _machine(target())
    return str(machine.emit_assembly(_optimised(code, machine)))


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
