"""How the elements that meet become one number, as plain data: what is multiplied, and in which order it is summed.

`Op.relation` says which elements meet, `Op.reduced` what is done with them. Both speak of labels (`relation.py`), so
whoever knows these two can list the terms of a number without knowing any op.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["fma", "winograd", "float64", "copy", "largest", "position"]


@dataclass(frozen=True)
class Reduction:
    """What makes a number of the elements that meet.

    Attributes:
        kind: "fma": s = fl(s + a·b) term by term in the number's type, from `start` or 0, where a single factor is
            multiplied by 1. "winograd": the same products, summed by Winograd's algorithm in an order of its own; no op
            says this, since a plan decides it. "float64": terms are added in float64 from 0, divided, and rounded once.
            "copy": the only term as it is. "largest": the first of the largest terms, the last NaN before all; numbers
            below the least normal one count as 0. "position": the row-major number of its position in its plane.
        factors: the operands of which every term has an element.
        over: the labels that a term is found by, the outermost first. Positions ascend; they descend behind a "-".
        skips: the labels with positions outside of the array at which there is no term. Elsewhere outside of an array
            stands `outside`, a factor like others.
        outside: what stands outside of arrays.
        start: the operand whose element a sum begins with, where that operand is there.
        scale: a number that every term is multiplied by.
        divisors: for each spatial axis and each output position a whole number; their product divides the output's sum,
            and in a gradient each term.
        divisor: a whole number that divides the output's sum, and in a gradient each term.
        lanes: the labels whose row-major number, modulo 16, says in which lane a term is added. Each part of a sum has
            16 lanes, which are added as a tree: l and l + 8, l and l + 4, l and l + 2, the last two.
        chosen_by: the operand that decides by "largest" which terms there are: those of outputs that are its element.
    """

    kind: Kind
    factors: tuple[str, ...]
    over: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()
    outside: float = 0.0
    start: str | None = None
    scale: float = 1.0
    divisors: tuple[tuple[int, ...], ...] = ()
    divisor: int = 1
    lanes: tuple[str, ...] = ()
    chosen_by: str | None = None

    def plain(self) -> dict[str, Any]:
        """As values that JSON knows; what is as usual is left out."""
        found: dict[str, Any] = {"kind": self.kind, "factors": list(self.factors), "over": list(self.over)}
        usual = Reduction(self.kind, self.factors)
        for name in ("skips", "outside", "start", "scale", "divisors", "divisor", "lanes", "chosen_by"):
            value = getattr(self, name)
            if value != getattr(usual, name):
                found[name] = value
        return found


def spatial(kind: str, dims: int, *, descending: bool = False) -> tuple[str, ...]:
    """The labels of positions along all axes.

    Example:
        >>> spatial("k", 2), spatial("y", 1, descending=True)
        (('k0', 'k1'), ('-y0',))
    """
    return tuple(f"{'-' * descending}{kind}{axis}" for axis in range(dims))
