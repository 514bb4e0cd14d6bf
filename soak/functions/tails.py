"""The normal distribution's tail and GELU's slope: both quotients err by no more than explanations take for granted.

    Φ(−t) may err by w·Φ(−t),  Φ(−t) − t·Φ′(t) by w·(Φ(−t) + t·Φ′(t)),      w = s + t²·2^−52

for 0 ≤ t ≤ 37.5, beyond which both count as 0. Errors of approximation are those of the quotient and of e^(−t²/2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from pellucid.functions import normal
from pellucid.functions.exponential import fraction, scaled
from soak.functions import cells
from soak.functions.bounded import Array, Running, down
from soak.functions.cells import Cells
from soak.functions.claims import Claim
from soak.functions.running import RunningErrors

_PIECES = 16


@dataclass(frozen=True)
class Tail:
    """Φ(−t) by one of the two quotients, between two arguments, and what s is there."""

    quotient: normal.Quotient
    low: float
    high: float
    share: float

    @property
    def claims(self) -> tuple[Claim, Claim]:
        """Of the tail and of e^(−t²/2)."""

        def density(t: Any, a: Any) -> Any:
            e = fraction(t * t * -0.5, a, self.quotient.coth)
            return scaled(e.over, e.k, a) / e.under

        tail = Claim(lambda t, a: normal.tail(t, self.quotient, a), _beyond, self.cells)
        return tail, Claim(density, lambda t: (-(t * t) / 2).exp(), tail.cells)

    def cells(self, pieces: int) -> Cells:
        """Cells of t."""
        return cells.tail_cells(pieces, self.high).within(self.low, self.high)

    def room(self, approximated: float) -> tuple[float, float]:
        """The largest parts that the tail and the slope make of what is taken for granted."""
        every = self.cells(_PIECES)
        t, a = Running.cells(every.lo, every.hi), RunningErrors(every.k)
        with np.errstate(all="ignore"):
            tail: Running = normal.tail(t, self.quotient, a)
            slope: Running = normal.gelu_slope(Running.cells(-every.hi, -every.lo), self.quotient, a)
            # e^(−t²/2)/√(2π) at the cell's end, less than a millionth smaller
            density = np.exp(-every.hi * every.hi / 2) * (normal.DENSITY * (1 - 2.0**-20))
        granted: Array = down(self.share + every.lo**2 * 2.0**-52)
        sizes = down(tail.lo + down(every.lo * density))
        of_tail = (tail.share * (1 + approximated) + approximated) / granted
        of_slope = (slope.off / sizes * (1 + approximated) + approximated) / granted
        return float(of_tail.max()), float(of_slope.max())


def _beyond(t: Any) -> Any:
    return (t * arb(0.5).sqrt()).erfc() / 2


def tails() -> list[tuple[str, Tail]]:
    """Both quotients, the shorter one in two parts."""
    short, long = normal.SHORT, normal.LONG
    return [
        ("Φ, short", Tail(short, cells.LEAST, short.reach, short.share)),
        ("Φ, short, far", Tail(short, short.reach, normal.FAR, short.beyond)),
        ("Φ, long", Tail(long, cells.LEAST, long.reach, long.share)),
    ]
