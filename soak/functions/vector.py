"""The vector code of a function, to be called on arrays."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.functions.elementary import Elementary
from pellucid.kernels import simd

_Function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 6)


@dataclass(frozen=True)
class Named:
    """One of the functions as a definition."""

    name: str

    def reads(self, _of: str) -> tuple[str, ...]:
        """One number."""
        return ("input",)

    def made(self, _of: str, a: Elementary, *numbers: Any) -> Any:
        """The function of it."""
        return getattr(a.last, self.name)(*numbers)


class Vector:
    """One function of so many bits on this processor. Call it where denormal numbers count as zeros."""

    def __init__(self, name: str, bits: int) -> None:
        self._function = _Function(simd.address(simd.Curve(bits, Named(name))))

    def __call__(self, x: np.ndarray, out: np.ndarray) -> None:
        """f(x) → out, of contiguous arrays."""
        self._function(x.ctypes.data, 0, out.ctypes.data, 0, 0, x.size)
