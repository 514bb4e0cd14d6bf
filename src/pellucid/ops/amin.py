"""The smallest number over axes, chosen as the largest is (`amax.py`); among zeros the negative one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.ops.amax import Amax


@dataclass(frozen=True)
class Amin(Amax):
    """The axes."""

    sign: ClassVar[int] = -1
    formulas: ClassVar[Mapping[str, str]] = {**Amax.formulas, "output": "output = min input"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "amin"
