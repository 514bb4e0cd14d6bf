"""Vector code emitted from Python for this processor: the one place besides `jit` that imports the compiler."""

from pellucid.kernels.simd.average import Average
from pellucid.kernels.simd.host import Code, address, assembly, host, vector_lanes
from pellucid.kernels.simd.norm import GradientSums, Moments, NormalGradient, Normalise
from pellucid.kernels.simd.pool import Route, Window
from pellucid.kernels.simd.tile import Start, Tile, column_tile, register_tile
from pellucid.kernels.simd.turn import Turn

__all__ = [
    "Average",
    "Code",
    "GradientSums",
    "Moments",
    "NormalGradient",
    "Normalise",
    "Route",
    "Start",
    "Tile",
    "Turn",
    "Window",
    "address",
    "assembly",
    "column_tile",
    "host",
    "register_tile",
    "vector_lanes",
]
