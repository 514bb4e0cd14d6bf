"""What ops share that give the numbers other axes: their order, row by row, stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pellucid.ops.base import Shape, alike
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern


class RowMajor(Rearranging):
    """An op whose output is the input in another shape."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input.reshape(output.shape)",
        "grad_input": "grad_input = grad_output.reshape(input.shape)",
    }

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Element by element."""
        (input,) = shapes
        assert input is not None
        return alike(("input", "output"), input)
