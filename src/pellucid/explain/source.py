"""Where a recorded number comes from: the op that made it and the arrays that the op read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pellucid.engine.steps import Way
from pellucid.ops.base import Op, Shape
from pellucid.ops.maker import Maker

Given: TypeAlias = Literal["input", "model", "optimizer", "gradient"]


@dataclass(frozen=True)
class Source:
    """What made an array: a step of the plan (`engine/steps.py`), and in which role of it.

    Attributes:
        op: the op, or the optimiser's rule.
        of: which of its results: "output", "grad_<argument>", a statistic, "parameter" or a state of a rule.
        operands: the names of the arrays that the op has, by argument, and of what this result reads besides:
            "grad_output", statistics, states before.
        base: what a gradient with several contributions had grown to before this one.
        parts: the contributions, where the array is the gradient of a parameter with several uses.
        order: what the order of its sums depends on besides shapes, as its loops say it (`engine/loops.py`).
        facts: numbers of the run that are in no array: "seed" and "step" of what is drawn by chance, "lr" and "step"
            of an update.
        way: the step's pass.
        path: where in the network it is; a parameter's name for an update.
    """

    op: Maker
    of: str
    operands: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    parts: tuple[str, ...] = ()
    order: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, int | float] = field(default_factory=dict)
    way: Way = "forward"
    path: str = ""

    @property
    def read(self) -> tuple[str, ...]:
        """The arguments that the array's numbers really read, of those in `operands`."""
        return self.op.counted(self.op.reads(self.of), self.operands)

    @property
    def gradient_of(self) -> str | None:
        """The array that this is the gradient of, or a contribution to it; None for all else."""
        argument = self.of.removeprefix("grad_")
        return self.operands.get(argument) if self.way == "backward" and argument != self.of else None

    @property
    def by_winograd(self) -> bool:
        """Whether Winograd's algorithm made the array."""
        return "winograd_additions" in self.order

    @property
    def direction(self) -> Literal["forward", "backward", "update"]:
        """In which pass of a step it was made. Running statistics are an update that the forward makes."""
        if self.way == "update" or (isinstance(self.op, Op) and self.of in self.op.mutates):
            return "update"
        return "forward" if self.way == "forward" else "backward"


@dataclass(frozen=True)
class Entry:
    """One array of a recording.

    Attributes:
        name: by which it is asked for.
        shape: its public shape.
        source: where it comes from; None where it was given.
        given: by whom, where it was: as an "input" of the network, as an array of the "model", as a state of the
            "optimizer" from before the step, as the "gradient" of the output.
        dtype: its numbers' type.
    """

    name: str
    shape: Shape
    source: Source | None = None
    given: Given | None = None
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if (self.source is None) == (self.given is None):
            raise AssertionError(
                f"'{self.name}' has no provenance: neither a step that made it nor who gave it"
            )


def frozen(entries: Mapping[str, Entry]) -> set[str]:
    """The parameters that a recorded step has made no gradient of; none in a recording of inference."""
    sources = [entry.source for entry in entries.values() if entry.source is not None]
    gradients = {source.gradient_of for source in sources if source.way == "backward"}
    if not gradients:
        return set()
    read = {
        source.operands[argument]
        for source in sources
        if isinstance(source.op, Op) and source.of == "output"
        for argument in source.op.counted(source.op.differentiable, source.operands)
    }
    return {name for name in read if name in entries} - gradients
