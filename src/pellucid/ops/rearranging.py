"""What ops share that move numbers and change none: every output is an element of an operand."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Op, Rows, Shape


class Rearranging(Op):
    """An op whose outputs are its operands' elements, each of which goes to one place."""

    is_linear: ClassVar[bool] = True

    @abstractmethod
    def origins(self, at: NDArray[np.int64], *shapes: Shape | None) -> tuple[NDArray[np.int64], Rows]:
        """For each output, whose index is a row of `at`, the number of its operand, and where there it comes from."""
