"""The processors that vector code is emitted for: the one at hand, or another by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache

import llvmlite.binding as llvm

from pellucid.errors import ArgumentError, either, say
from pellucid.kernels.library import compiling


@dataclass(frozen=True, eq=False)
class Target:
    """What decides the code: the machine, its vectors, and the tiles that its registers hold.

    `rows[v - 1]` is how many rows a tile of v vectors has at most: as many as leave room for a row of B and for the
    numbers of A that the compiler loads early, which is found by looking for spills (`tests/kernels/test_simd.py`).
    AVX2's 13×1 has some, and is up to a tenth faster than 10×1 all the same.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    rows: tuple[int, ...]
    registers: int = 16
    # What a multiply–add costs that leaves some sums alone: one instruction, or a copy, a blend and spills (measured).
    masked: int = 5


_X86, _ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
_WHOLE = "-prefer-256-bit"  # otherwise some processors get vectors of half the length that the code says

# 128-bit vectors without fused multiply–adds, which are then calls of the C library: right, but slow.
SSE = Target(_X86, "x86-64", "", 16, (13, 6))
AVX2 = Target(_X86, "x86-64-v3", "", 32, (13, 6))
AVX512 = Target(_X86, "x86-64-v4", _WHOLE, 64, (30, 14), 32, masked=1)
# Here a multiply–add takes a vector and one lane of another, so numbers of A are not broadcast; 5×4 has 9 loads for 20.
NEON = Target(_ARM, "generic", "", 16, (13, 9, 6, 5), 32)
TARGETS = {"sse": SSE, "avx2": AVX2, "avx512": AVX512, "neon": NEON}

_chosen: ContextVar[Target | None] = ContextVar("target", default=None)


@cache
def host() -> Target:
    """This processor, or what `PELLUCID_TARGET` says that it should be taken for."""
    return compiling(_found)


def _found() -> Target:
    names, triple = native(), llvm.get_default_triple()
    if chosen := os.environ.get("PELLUCID_TARGET"):
        if chosen not in names:
            raise ArgumentError(
                say("environment"), "this processor runs no such code",
                path="PELLUCID_TARGET", expected=either(names), got=chosen,
            )  # fmt: skip
        return replace(TARGETS[chosen], triple=triple)
    best, features = TARGETS[names[-1]], llvm.get_host_cpu_features().flatten()
    if best.features:
        features += f",{best.features}"
    return replace(best, triple=triple, cpu=llvm.get_host_cpu_name(), features=features)


def native() -> list[str]:
    """The names of the targets whose code this processor runs, the widest vectors last."""
    if not llvm.get_default_triple().startswith("x86_64"):
        return ["neon"]
    has = llvm.get_host_cpu_features().get
    wide = has("avx2") and has("fma")
    return ["sse", *["avx2"] * bool(wide), *["avx512"] * bool(wide and has("avx512f"))]


def target() -> Target:
    """The target of the code that this thread emits: the host, or that of `emitting_for`."""
    return _chosen.get() or host()


@contextmanager
def emitting_for(chosen: Target) -> Iterator[None]:
    """Within, this thread emits code for another target: to read it, or to run it where that can be done."""
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)


def vector_lanes(bits: int) -> int:
    """How many numbers of this size one vector register holds."""
    return target().vector_bytes * 8 // bits
