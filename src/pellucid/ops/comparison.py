"""Comparisons of two numbers, element by element: 1 where they hold, else 0. No gradient goes through them.

Of arrays they are True and False, in networks the numbers 1 and 0; `where` takes both. NaN compares as in IEEE
arithmetic: it is equal to nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import Array, Shape
from pellucid.ops.meeting import Meeting


class Comparison(Meeting):
    """A relation of two numbers."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "other")
    differentiable: ClassVar[tuple[str, ...]] = ()
    broadcast: ClassVar[tuple[str, ...]] = ("input", "other")

    @abstractmethod
    def holds(self, x: Any, y: Any) -> Any:
        """The relation."""

    def effort(self, *shapes: Shape | None) -> int:
        """NumPy compares as fast as kernels do."""
        return 0

    def forward(self, *operands: Array) -> Array:
        """True or False, element by element."""
        x, y = operands
        self.infer(x.shape, y.shape)
        found: Array = self.holds(x, y)
        return found

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """1 or 0."""
        return a.where(self.holds(*numbers), 1.0, 0.0)

    def chained(self, of: str, grad: Number, *numbers: Number, a: Elementary) -> Number:
        """Nothing: no operand has a gradient."""
        return 0.0


@dataclass(frozen=True)
class Greater(Comparison):
    """Whether input is greater than other."""

    operator: ClassVar[str] = ">"
    formulas: ClassVar[Mapping[str, str]] = {"output": "output = 1 where input > other, else 0"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "gt"

    def holds(self, x: Any, y: Any) -> Any:
        """The relation."""
        return x > y


@dataclass(frozen=True)
class GreaterEqual(Comparison):
    """Whether input is greater than or equal to other."""

    operator: ClassVar[str] = ">="
    formulas: ClassVar[Mapping[str, str]] = {"output": "output = 1 where input ≥ other, else 0"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "ge"

    def holds(self, x: Any, y: Any) -> Any:
        """The relation."""
        return x >= y


@dataclass(frozen=True)
class Less(Comparison):
    """Whether input is less than other."""

    operator: ClassVar[str] = "<"
    formulas: ClassVar[Mapping[str, str]] = {"output": "output = 1 where input < other, else 0"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "lt"

    def holds(self, x: Any, y: Any) -> Any:
        """The relation."""
        return x < y


@dataclass(frozen=True)
class LessEqual(Comparison):
    """Whether input is less than or equal to other."""

    operator: ClassVar[str] = "<="
    formulas: ClassVar[Mapping[str, str]] = {"output": "output = 1 where input ≤ other, else 0"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "le"

    def holds(self, x: Any, y: Any) -> Any:
        """The relation."""
        return x <= y


@dataclass(frozen=True)
class Equal(Comparison):
    """Whether input is equal to other."""

    formulas: ClassVar[Mapping[str, str]] = {"output": "output = 1 where input = other, else 0"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "eq"

    def holds(self, x: Any, y: Any) -> Any:
        """The relation."""
        return x == y


@dataclass(frozen=True)
class NotEqual(Comparison):
    """Whether input is not equal to other, as NaN is to everything."""

    formulas: ClassVar[Mapping[str, str]] = {"output": "output = 0 where input = other, else 1"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "ne"

    def holds(self, x: Any, y: Any) -> Any:
        """The relation."""
        return x != y

    def curve(self, *numbers: Number, a: Elementary) -> Number:
        """1 or 0."""
        x, y = numbers
        return a.where(x == y, 0.0, 1.0)
