"""The rectifier with an upper limit."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.ops.hardtanh import Hardtanh


@dataclass(frozen=True)
class ReLU6(Hardtanh):
    """`Hardtanh` from 0 to 6."""

    min_val: float = 0.0
    max_val: float = 6.0

    @property
    def name(self) -> str:
        """The op's name."""
        return "relu6"
