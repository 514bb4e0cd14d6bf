"""Running error analysis: an `Arithmetic` on numbers that bound what rounding has done so far (`bounded.py`)."""

from __future__ import annotations

from operator import is_
from typing import Any

import numpy as np

from pellucid.functions.exponential import LOG2_E, WHOLE
from soak.functions.bounded import Condition, Running, down, fits, product, total, up
from soak.functions.words import Bits


class RunningErrors:
    """The `Arithmetic`. In each cell, what is nearest to x/ln 2 is the whole number k."""

    def __init__(self, k: Any = 0) -> None:
        self.k = np.asarray(k, np.float64)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x·y + z, rounded once."""
        if isinstance(y, float) and (y, z) == (LOG2_E, WHOLE):
            return Running.of(self.k + WHOLE)
        operands = x, y, z
        x, y, z = Running.of(x), Running.of(y), Running.of(z)
        if isinstance(z.made, Running) and z.made.made and all(map(is_, z.made.made[:2], operands[:2])):
            return Lost(z.made)
        term = product(x, y)
        found = total(term, z).rounded(free=term.zero)
        found.made = operands
        return found

    def root(self, x: Any) -> Running:
        """√x: half the share, at most all of it."""
        lo, hi = down(np.sqrt(x.lo)), up(np.sqrt(x.hi))
        return Running(lo, hi, np.full_like(lo, np.inf), x.share, np.full_like(lo, -np.inf)).tight().rounded()

    def where(self, condition: Condition, x: Any, y: Any) -> Running:
        """x where the condition holds; where it may hold or not, what encloses both."""
        x, y = Running.of(x), Running.of(y)
        lo, hi, off = np.fmin(x.lo, y.lo), np.fmax(x.hi, y.hi), np.fmax(x.off, y.off)
        off = np.where(condition.alike, off, up(off + up(hi - lo)))
        share = np.where(condition.alike, np.fmax(x.share, y.share), np.inf)
        either = Running(lo, hi, off, share, np.fmin(x.grid, y.grid))
        chosen = zip(x.parts, y.parts, either.parts, strict=True)
        return Running(
            *(np.where(condition.yes, a, np.where(condition.no, b, c)) for a, b, c in chosen)
        ).tight()

    def signed(self, size: Any, sign: Any) -> Running:
        """A number with the sign of another one, which is the same in all of a cell."""
        x, sign = Running.of(size), Running.of(sign)
        below, above = (sign.hi < 0) | np.signbit(sign.lo), sign.lo >= 0
        assert (below | above).all()
        lo, hi = x.least, x.most
        return Running(np.where(below, -hi, lo), np.where(below, -lo, hi), x.off, x.share, x.grid)

    def bits(self, x: Running) -> Any:
        """Bits: themselves where the number is known."""
        return x.lo.view(np.int64) if x.known.all() else Bits(x)

    def floating(self, bits: Any) -> Running:
        """The number of these bits."""
        found = (
            bits.number if isinstance(bits, Bits) else Running.of(np.asarray(bits, np.int64).view(np.float64))
        )
        assert isinstance(found, Running)
        return found


class Lost:
    """x·y − h on the way to what is lost where h is x·y + z rounded: the next operation adds z.

    Then h and the lost part are numbers of their own, without error, which together are what exact arithmetic makes.
    """

    def __init__(self, rounded: Running) -> None:
        self.rounded = rounded

    def __add__(self, z: Running) -> Running:
        h = self.rounded
        assert z is h.made[2]
        off, grid = h.off, np.fmin(Running.of(h.made[0]).grid + Running.of(h.made[1]).grid, h.grid)
        assert fits(up(z.most + off), grid).all()
        h.lo, h.hi = down(h.lo - off), up(h.hi + off)
        h.off, h.share = np.zeros_like(off), np.zeros_like(off)
        return Running(-off, off, h.off, h.share, grid)


class Beside(Running):
    """The argument of log(1 + x), seen from u, which is 1 + x rounded: u is a number of its own.

    What the program computes of both, x − (u − 1), is what was lost in u. That is a number, and found exactly unless u
    is so large that u − 1 is rounded; then it errs by a unit of the last place of u at most.
    """

    def __init__(self, u: Running) -> None:
        self.u, half = u, np.spacing(u.hi) / 2
        none = np.zeros_like(half)
        off, unknown = np.where(u.hi < 2.0**53, none, 2 * half), np.full_like(half, -np.inf)
        self.lost = Running(-half, half, off, np.where(off == 0, none, np.inf), unknown)
        super().__init__(down(u.lo - 1 - half), up(u.hi - 1 + half), none, none, unknown)

    def __radd__(self, other: float) -> Running:
        """u."""
        assert other == 1.0
        return self.u

    def __sub__(self, other: Running) -> Running:
        """What was lost."""
        return self.lost
