"""Objects for Windows and for macOS: all compiled loops and vector code of some networks, emitted here, not run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import lief
import llvmlite.binding as llvm
import numpy as np
import pytest

import pellucid as pc
from pellucid.kernels import jit, machine_code, simd
from pellucid.kernels.simd import TARGETS, Target
from pellucid.modules import load_folder

_LAYOUT = "p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128"
SYSTEMS = {
    "windows": (
        replace(TARGETS["avx2"], triple="x86_64-pc-windows-msvc"),
        f"e-m:w-{_LAYOUT}-f80:128-n8:16:32:64-S128",
    ),
    "macos": (
        replace(TARGETS["neon"], triple="arm64-apple-macosx11.0.0", cpu="apple-m1"),
        f"e-m:o-{_LAYOUT}-n32:64-S128-Fn32",
    ),
}
# What the C library of each system has, and on Windows what `library.py` gives.
KNOWN = {
    "windows": {"_fltused", "memset", "memcpy", "memmove", "SwitchToThread", "sched_yield", "__chkstk"},
    "macos": {"_bzero", "_memset", "_memcpy", "_memmove", "_memset_pattern16", "_sched_yield"},
}
# Loops that name the float mode of an x86 processor; on an ARM one they are compiled as such.
FLOAT_MODE = {"_run", "_serve", "_enter_engine_mode", "sum_products"}


def names(system: str, code: bytes) -> tuple[set[str], set[str]]:
    """The functions that an object defines, and what it takes from elsewhere."""
    if system == "windows":
        found = lief.COFF.parse(list(code))
        assert isinstance(found, lief.COFF.Binary)
        outside = [s for s in found.symbols if s.storage_class == lief.COFF.Symbol.STORAGE_CLASS.EXTERNAL]
        return {s.name for s in outside if s.section}, {s.name for s in outside if not s.section}
    parsed = lief.MachO.parse(list(code))
    assert parsed is not None
    symbols: Any = parsed.at(0).symbols
    return {s.name[1:] for s in symbols if s.numberof_sections}, {
        s.name for s in symbols if not s.numberof_sections
    }


def kernels() -> Iterator[jit.Kernel]:
    """All compiled loops."""
    load_folder("pellucid.kernels.loops")
    load_folder("pellucid.kernels")
    for module in [m for name, m in sys.modules.items() if name.startswith("pellucid.kernels")]:
        for kernel in vars(module).values():
            if isinstance(kernel, jit.Kernel) and kernel.function.__module__ == module.__name__:
                yield kernel


@cache
def compiled(kernel: jit.Kernel) -> str:
    """A loop in LLVM's instructions, once for all systems."""
    return str(machine_code.module_of(kernel.function, 32, kernel.name))


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_loops_become_objects(system: str) -> None:
    target, layout = SYSTEMS[system]
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(target.triple).create_target_machine(cpu=target.cpu, opt=1, jit=True)
    count, left = 0, set()
    for kernel in kernels():
        text = compiled(kernel)
        if "llvm.x86." in text and system == "macos":
            left.add(kernel.name)
            continue
        text = re.sub('target triple = ".*"', f'target triple = "{target.triple}"', text)
        text = re.sub('target datalayout = ".*"', f'target datalayout = "{layout}"', text)
        module = llvm.parse_assembly(re.sub('"target-(cpu|features)"="[^"]*"', "", text))
        defined, taken = names(system, machine.emit_object(module))
        assert kernel.name in defined
        assert taken <= KNOWN[system], kernel.name
        count += 1
    assert count > 50
    assert left <= FLOAT_MODE


class Everything(pc.Module):
    """Layers with all kinds of vector code."""

    def __init__(self) -> None:
        self.conv, self.norm = pc.Conv2d(3, 20, 3, padding=1), pc.BatchNorm2d(20)
        self.wide, self.group = pc.Conv2d(20, 24, 3, padding=1), pc.GroupNorm(4, 24)
        self.depthwise = pc.Conv2d(24, 24, 3, groups=24)
        self.pool, self.average, self.flat = pc.MaxPool2d(2), pc.AvgPool2d(2), pc.Linear(24, 7)

    def forward(self, x: Any) -> Any:
        """One after the other."""
        f = pc.functional
        x = self.pool(f.relu(self.norm(self.conv(x))))
        x = self.average(f.gelu(self.depthwise(f.tanh(self.group(self.wide(x))))))
        return f.softmax(self.flat(f.flatten(x, 1)), 1)


@pytest.mark.parametrize("system", SYSTEMS)
def test_vector_code_becomes_objects(system: str) -> None:
    target, codes = SYSTEMS[system][0], set[simd.Code]()
    with pytest.MonkeyPatch.context() as patch:
        here = simd.address

        def noted(code: simd.Code) -> int:
            codes.add(code)
            return here(code)

        patch.setattr(simd, "address", noted)
        planned_for(replace(target, triple=simd.host().triple) if system == "windows" else simd.host())
    with simd.emitting_for(target):
        for code in codes:
            defined, taken = names(system, simd.object_code(code))
            assert code.symbol in defined
            assert taken <= KNOWN[system], code
    assert {type(code).__name__ for code in codes} >= {
        "Channels", "Curve", "Softmax", "Tile", "Transform", "Window", "Normalise",
    }  # fmt: skip


def planned_for(target: Target) -> None:
    """Plan a step of training, of which nothing is run."""
    if "avx2" not in simd.native():
        pytest.skip("this machine does not run the code that the plan is made with")
    with simd.emitting_for(target):
        x = np.zeros((4, 3, 8, 8), np.float32)
        pc.TrainStep(Everything(), pc.SGD(lr=0.1)).record(x, np.zeros(4, np.int64))
