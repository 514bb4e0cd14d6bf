"""How the learning rate changes: a factor of it for each step, a pure function of the step and of how many there are.

    t = step/steps, from 0;   in a warm-up of the share w the factor grows linearly: (step + 1)/(w·steps)
    behind it   t' = (t − w)/(1 − w)

    Constant   1
    Step       by^(how many of `shares` are ≤ t')
    Cosine     last + (1 − last)·(1 + cos πt')/2
    OneCycle   first → 1 until `peak`, then 1 → last, both along half a cosine

Cosines are made of fixed sequences of + − × ÷, so that learning rates have the same bits everywhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from pellucid.errors import ArgumentError, either, say
from pellucid.ops.checks import number

_HALF_PI = 1.5707963267948966


@dataclass(frozen=True)
class Schedule(ABC):
    """What a learning rate is multiplied by.

    Attributes:
        warmup: the share of the steps in which it grows from nearly 0.

    Example:
        >>> [round(Cosine(warmup=0.5).factor(step, 4), 3) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """

    warmup: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        number(type(self).__name__, "warmup", self.warmup, "[0, 1)")

    def factor(self, step: int, steps: int) -> float:
        """The factor in a step, from 0, of so many."""
        rising = self.warmup * steps
        if step < rising:
            return min(1.0, (step + 1) / rising)
        return self.at((step - rising) / (steps - rising))

    @abstractmethod
    def at(self, t: float) -> float:
        """The factor at a share of the steps behind the warm-up."""


@dataclass(frozen=True)
class Constant(Schedule):
    """The same all the time."""

    def at(self, t: float) -> float:  # noqa: ARG002 - time changes nothing
        """1."""
        return 1.0


@dataclass(frozen=True)
class Step(Schedule):
    """Multiplied by `by` at each of these shares of the steps.

    Example:
        >>> [Step((0.5, 0.75)).factor(step, 4) for step in range(4)]
        [1.0, 1.0, 0.1, 0.010000000000000002]
    """

    shares: Sequence[float] = (0.5, 0.75)
    by: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "shares", tuple(number("Step", "shares", s, "[0, 1]") for s in self.shares))
        number("Step", "by", self.by, "[0, inf)")

    def at(self, t: float) -> float:
        """One factor for each share that is behind."""
        result = 1.0
        for share in self.shares:
            if share <= t:
                result *= self.by
        return result


@dataclass(frozen=True)
class Cosine(Schedule):
    """From 1 to `last` along half a cosine (Loshchilov and Hutter, 2017)."""

    last: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        number("Cosine", "last", self.last, "[0, 1]")

    def at(self, t: float) -> float:
        """Half a cosine."""
        return self.last + (1 - self.last) * fall(t)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """From `first` up to 1 at the share `peak`, then down to `last` (Smith, 2018; PyTorch's defaults).

    Example:
        >>> [round(OneCycle(peak=0.5).factor(step, 4), 3) for step in range(4)]
        [0.04, 0.52, 1.0, 0.5]
    """

    peak: float = 0.3
    first: float = 0.04
    last: float = 4e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        number("OneCycle", "peak", self.peak, "(0, 1)")
        number("OneCycle", "first", self.first, "[0, 1]")
        number("OneCycle", "last", self.last, "[0, 1]")

    def at(self, t: float) -> float:
        """Up, then down."""
        if t < self.peak:
            return 1 + (self.first - 1) * fall(t / self.peak)
        return self.last + (1 - self.last) * fall((t - self.peak) / (1 - self.peak))


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "cosine": Cosine,
    "one-cycle": OneCycle,
}


def schedule(where: str, given: object) -> Schedule:
    """A schedule as it is, or by its name.

    Raises: ArgumentError for anything else.
    """
    if isinstance(given, Schedule):
        return given
    if isinstance(given, str) and given in SCHEDULES:
        return SCHEDULES[given]()
    raise ArgumentError(
        where,
        say("there is no such {what}", what=say("schedule")),
        expected=either(SCHEDULES),
        got=repr(given)[:80],
        hint="schedule=pellucid.schedules.OneCycle()",
    )


def fall(t: float) -> float:
    """(1 + cos πt)/2 for t from 0 to 1, as cos²(πt/2).

    Example:
        >>> [fall(0), round(fall(0.25), 3), fall(1)]
        [1.0, 0.854, 0.0]
    """
    if t > 0.5:
        return 1 - fall(1 - t)
    x = _HALF_PI * t  # up to π/4
    square = x * x
    sine = term = x
    for k in range(2, 18, 2):
        term *= -square / (k * (k + 1))
        sine += term
    return 1 - sine * sine
