"""What losses share: how the losses of elements or of positions become one number.

With the reduction "mean" their sum is divided, with "sum" it is not, with "none" each stays as it is. Formulas are
those of the mean; the others leave out what is divided by, and then the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pellucid.ops.base import Op, Shape
from pellucid.ops.checks import choice


@dataclass(frozen=True)
class Loss(Op):
    """How losses become one number.

    Attributes:
        divisors: what formulas call what a mean is divided by.
        reductions: the names of all ways.
    """

    reduction: str = "mean"

    divisors: ClassVar[tuple[str, ...]] = ("m",)
    is_loss: ClassVar[bool] = True
    reductions: ClassVar[tuple[str, ...]] = ("mean", "sum", "none")

    def check_reduction(self) -> None:
        """Raises: ArgumentError for a reduction that there is not."""
        choice(self.name, "reduction", self.reduction, self.reductions)

    def mean_formula(self, result: str) -> str:
        """The formula of a result with these settings, where the reduction is the mean."""
        return super().formula_of(result)

    def formula_of(self, result: str) -> str:
        """Of the mean, less what the reduction leaves out."""
        formula = self.mean_formula(result)
        if self.reduction == "batchmean":
            return formula.replace("/m", "/N")
        if self.is_mean:
            return formula
        for divisor in self.divisors:
            formula = formula.replace(f"/{divisor}", "")
        if not self.is_reduced:
            formula = formula.replace("output = Σ_n ", "output[n] = ").replace("output = Σ ", "output = ")
        return formula

    @property
    def is_mean(self) -> bool:
        """Whether a sum is divided."""
        return self.reduction not in ("sum", "none")

    @property
    def is_reduced(self) -> bool:
        """Whether there is a sum."""
        return self.reduction != "none"

    def reduced_shape(self, shape: Shape) -> Shape:
        """The output's, of losses of this shape."""
        return () if self.is_reduced else shape
