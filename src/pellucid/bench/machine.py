"""What the numbers are measured on: names and versions, and how fast this machine can multiply and copy at all."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pellucid.kernels.jit import Kernel

PACKAGES = (
    "pellucid",
    "numpy",
    "numba",
    "llvmlite",
    "torch",
    "jax",
    "onnxruntime",
    "openvino",
    "ncnn",
    "onnx",
)


def describe() -> dict[str, object]:
    """Processor, cores, memory and system."""
    return {
        "processor": _processor(),
        "cores": _cores(),
        "memory_gb": round(_memory_gb()),
        "system": platform.platform(),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return float("nan")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def forget_peak() -> None:
    """Let `peak_mb` begin anew, where the system can do that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The most memory this process has held since `forget_peak`. (A child's `ru_maxrss` begins with its parent's.)"""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return _peak_of_all_time_mb()


def _peak_of_all_time_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if platform.system() == "Darwin" else 2**10)


def _best_seconds(kernel: Kernel, bits: int, chunks: int, table: Any, rounds: int) -> float:
    """How long one launch by itself takes in the best round."""
    from pellucid.kernels import tape
    from pellucid.kernels.table import fill

    filled = fill(table)
    launch = tape.launches([(kernel.address(bits), filled.address, chunks)])

    def seconds() -> float:
        start = time.perf_counter()
        tape.team.play(launch)
        return time.perf_counter() - start

    return min(seconds() for _ in range(rounds))


def fma_peak_gflops(bits: int = 32, rounds: int = 15) -> float:
    """Multiply–adds of all threads together when nothing but registers and one cache line is touched: the best round.

    The full register tile of the convolutions over a single number of A and a single row of B, so long that calls
    do not count.
    """
    from pellucid.kernels import simd, tape
    from pellucid.kernels.loops import tiles
    from pellucid.kernels.simd import Tile

    columns, run, calls = simd.column_tile(bits), 1 << 17, 4 * tape.get_num_threads()
    height = simd.register_tile(bits, columns)
    tile = Tile(bits, (0,) * height, columns, 0, 0, run, tuple(range(0, height * columns, columns)))
    numbers = np.zeros(2 * columns, f"f{bits // 8}")
    out = np.empty((calls, height * columns + 64), numbers.dtype)
    code = simd.address(tile)
    call = np.array(tiles.Call(code, code, 0, 0, 0, 0, 0, 0, 1))
    bounds, taps = np.array([0, 1]), np.zeros(2, np.int64)
    # a unit is a call, with results of its own
    stage = tiles.Stage(numbers, numbers, out, None, 0, 0, out.strides[0], 0, 0)
    table = tiles.Walk(0, calls, 1, 1, call, bounds, taps, (stage,))
    seconds = _best_seconds(tiles.walk_tiles, bits, calls, table, rounds)
    return 2 * height * columns * run * calls / seconds / 1e9


def copy_gb_per_s(size_mb: int = 256, rounds: int = 7) -> float:
    """Bytes read plus bytes written when all threads copy an array much larger than any cache: the best round."""
    from pellucid.kernels import tape
    from pellucid.kernels.loops import layout

    source = np.ones(size_mb << 18, np.float32)
    target = np.zeros_like(source)
    chunks = 8 * tape.get_num_threads()
    table = layout.Copy(source, target, source.size, -(-source.size // chunks))
    seconds = _best_seconds(layout.copy, 32, chunks, table, rounds)
    return 2 * source.nbytes / seconds / 1e9
