"""Vector code emitted from Python for this processor: written for LLVM instruction by instruction."""

from pellucid.kernels.simd.average import Average
from pellucid.kernels.simd.channels import Channels
from pellucid.kernels.simd.curve import Curve
from pellucid.kernels.simd.host import Code, address, assembly, object_code
from pellucid.kernels.simd.norm import GradientSums, Moments, NormalGradient, Normalise
from pellucid.kernels.simd.pixels import Pixel, Widen
from pellucid.kernels.simd.pool import Route, Window
from pellucid.kernels.simd.softmax import Kind, Softmax
from pellucid.kernels.simd.spread import WORDS, Spread
from pellucid.kernels.simd.stencil import ROWS, Stencil
from pellucid.kernels.simd.target import TARGETS, Target, emitting_for, host, native, vector_lanes
from pellucid.kernels.simd.tile import Piece, Start, Tile, column_tile, masked_cost, register_tile
from pellucid.kernels.simd.transpose import End, Transpose

__all__ = [
    "ROWS",
    "TARGETS",
    "WORDS",
    "Average",
    "Channels",
    "Code",
    "Curve",
    "End",
    "GradientSums",
    "Kind",
    "Moments",
    "NormalGradient",
    "Normalise",
    "Piece",
    "Pixel",
    "Route",
    "Softmax",
    "Spread",
    "Start",
    "Stencil",
    "Target",
    "Tile",
    "Transpose",
    "Widen",
    "Window",
    "address",
    "assembly",
    "column_tile",
    "emitting_for",
    "host",
    "masked_cost",
    "native",
    "object_code",
    "register_tile",
    "vector_lanes",
]
