"""Vector code emitted from Python for this processor: the one place besides `jit` that imports the compiler."""

from pellucid.kernels.simd.host import Code, address, assembly, object_code
from pellucid.kernels.simd.pool import Route, Window
from pellucid.kernels.simd.target import TARGETS, Target, emitting_for, host, native, vector_lanes
from pellucid.kernels.simd.tile import Start, Tile, column_tile, register_tile
from pellucid.kernels.simd.turn import End, Turn

__all__ = [
    "TARGETS",
    "Code",
    "End",
    "Route",
    "Start",
    "Target",
    "Tile",
    "Turn",
    "Window",
    "address",
    "assembly",
    "column_tile",
    "emitting_for",
    "host",
    "native",
    "object_code",
    "register_tile",
    "vector_lanes",
]
