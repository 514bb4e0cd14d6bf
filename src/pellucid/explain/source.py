"""Where a recorded number comes from: the op that made it and the arrays that the op read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pellucid.ops.base import Shape
from pellucid.ops.maker import Maker


@dataclass(frozen=True)
class Source:
    """What made an array.

    Attributes:
        op: the op, or the optimiser's rule.
        of: which of its results: "output", "grad_<argument>", a statistic, "parameter" or a state of a rule.
        operands: the names of the arrays that the op read, by argument; also "grad_output", and what a forward left
            for its backward.
        base: what a gradient with several contributions had grown to before this one.
        parts: the contributions, where the array is the gradient of a parameter with several uses.
        facts: numbers of the run that are in no array: "images_per_part" of sums that are made in parts,
            "pixels_side_by_side" of a batch norm, which have sums of their own in a part, and whether its statistics
            were made "in_tiles", by a convolution's last transform,
            "winograd_additions" (the most additions that a product of a weight gradient meets) where Winograd's
            algorithm computed it, "seed", "step" and "layer" of dropout, "lr" and "step" of an update.
    """

    op: Maker
    of: str
    operands: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    parts: tuple[str, ...] = ()
    facts: Mapping[str, int | float] = field(default_factory=dict)

    @property
    def read(self) -> tuple[str, ...]:
        """The arguments that the array's numbers really read, of those in `operands`."""
        return self.op.counted(self.op.reads(self.of), self.operands)


@dataclass(frozen=True)
class Entry:
    """One array of a recording: its name, its public shape and, unless it was given, where it comes from."""

    name: str
    shape: Shape
    source: Source | None = None
