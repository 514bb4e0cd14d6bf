"""Numbers that bound what rounding has done so far, cell by cell, for running error analysis.

A cell is an interval of the argument. A number here is an array over the cells and holds for each

    lo ≤ e ≤ hi         what exact arithmetic makes of an argument of the cell, with the same constants and the same k
    |c − e| ≤ off       how far what the processor computes, c, can be from it
    |c − e| ≤ share·|e|
    c = n·2^grid        with a whole n; −∞ if nothing is known

Each operation is rounded once, which moves its result by at most 2^−53 of its size, and not at all where the result is
a number anyway: where it lies on a grid that the size of the result does not outgrow, where 0 is added, where a factor
is a power of two. What may be less than the least normal number may become 0. All bounds are floats, each rounded
away from zero (`up`, `down`). (Higham, Accuracy and Stability of Numerical Algorithms, section 3.3.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
UNIT = 2.0**-53
LEAST = 2.0**-1022


def up(x: Any) -> Array:
    """What a rounded bound from above can be at most."""
    return np.nextafter(x, np.inf)


def down(x: Any) -> Array:
    """What a rounded bound from below can be at least."""
    return np.nextafter(x, -np.inf)


@dataclass(eq=False)
class Running:
    """A number, as above."""

    lo: Array
    hi: Array
    off: Array
    share: Array
    grid: Array
    made: Any = None  # the x, y and z of x·y + z; of a number with the other sign, the one without

    __array_ufunc__ = None  # so that NumPy leaves the operators to this class

    @staticmethod
    def cells(lo: Any, hi: Any) -> Running:
        """An argument: every float64 number from lo to hi."""
        lo, hi = np.asarray(lo, np.float64), np.asarray(hi, np.float64)
        none = np.zeros_like(lo)
        least = np.where((lo > 0) | (hi < 0), np.minimum(abs(lo), abs(hi)), LEAST)
        return Running(lo, hi, none, none, np.frexp(least)[1] - 53.0)

    @staticmethod
    def of(x: Any) -> Running:
        """A number that is known: a constant, or one for each cell."""
        if isinstance(x, Running):
            return x
        x = np.asarray(x, np.float64)
        mantissa, exponent = np.frexp(np.where(np.isfinite(x), x, 0.0))
        whole = (mantissa * 2.0**53).astype(np.int64)
        with np.errstate(divide="ignore"):
            grid = np.where(whole == 0, np.inf, exponent - 53.0 + np.log2(abs(whole & -whole).astype(float)))
        return Running(x, x, np.zeros_like(x), np.zeros_like(x), grid)

    @property
    def parts(self) -> tuple[Array, ...]:
        """All that is known of it."""
        return self.lo, self.hi, self.off, self.share, self.grid

    @property
    def most(self) -> Array:
        """The largest size of an exact value."""
        return np.maximum(abs(self.lo), abs(self.hi))

    @property
    def least(self) -> Array:
        """The least one."""
        return np.where((self.lo > 0) | (self.hi < 0), np.minimum(abs(self.lo), abs(self.hi)), 0.0)

    @property
    def lowest(self) -> Array:
        """The least size that the processor can have."""
        off = np.fmax(down(self.least - self.off), down(self.least * down(1 - self.share)))
        return np.where(self.off == 0, self.least, off)

    @property
    def known(self) -> Any:
        """Where it is one number without error."""
        return (self.lo == self.hi) & (self.off == 0)

    @property
    def zero(self) -> Any:
        """Where the number is exactly 0."""
        return self.known & (self.lo == 0)

    @property
    def plain(self) -> Any:
        """Where it is a power of two, and a product with it is not rounded."""
        return self.known & (abs(np.frexp(self.lo)[0]) == 0.5)

    def __add__(self, other: Any) -> Running:
        return total(self, Running.of(other)).rounded()

    def __sub__(self, other: Any) -> Running:
        return total(self, -Running.of(other)).rounded()

    def __mul__(self, other: Any) -> Running:
        y = Running.of(other)
        return product(self, y).rounded(free=self.plain | y.plain)

    def __truediv__(self, other: Any) -> Running:
        y = Running.of(other)
        corners = [x / z for x in (self.lo, self.hi) for z in (y.lo, y.hi)]
        inside = (y.lo <= 0) & (y.hi >= 0)
        lo = np.where(inside, -np.inf, down(np.minimum.reduce(corners)))
        hi = np.where(inside, np.inf, up(np.maximum.reduce(corners)))
        share = np.where(y.share < 1, up(up(self.share + y.share) / down(1 - y.share)), np.inf)
        lo, hi = _kept(lo, hi, corners)
        room = down(y.least - y.off)
        moved = up(self.off + up(np.maximum(abs(lo), abs(hi)) * y.off))
        off = np.where(room > 0, up(moved / room), np.inf)
        return Running(lo, hi, off, share, np.full_like(lo, -np.inf)).tight().rounded()

    def __radd__(self, other: Any) -> Running:
        return Running.of(other) + self

    def __rsub__(self, other: Any) -> Running:
        found = Running.of(other) - self
        found.made = self if isinstance(other, float) and other == 0 else None
        return found

    def __rmul__(self, other: Any) -> Running:
        return Running.of(other) * self

    def __rtruediv__(self, other: Any) -> Running:
        return Running.of(other) / self

    def __neg__(self) -> Running:
        return Running(-self.hi, -self.lo, self.off, self.share, self.grid)

    def __lt__(self, other: float) -> Condition:
        return Condition(self.hi + self.off < other, self.lo - self.off >= other, self.off == 0)

    def __eq__(self, other: object) -> Any:
        x = Running.of(other)
        apart = (self.hi + self.off < x.lo) | (self.lo - self.off > x.lo)
        return Condition(self.known & (self.lo == x.lo), apart, self.off == 0)

    __hash__ = None  # type: ignore[assignment]  # equality is a condition of each cell

    def __le__(self, other: float) -> Condition:
        return Condition(self.hi + self.off <= other, self.lo - self.off > other, self.off == 0)

    def __gt__(self, other: float) -> Condition:
        return (self <= other).otherwise()

    def __ge__(self, other: float) -> Condition:
        return (self < other).otherwise()

    def rounded(self, free: Any = False) -> Running:
        """Behind a rounding, which is free where the result is a number anyway."""
        size = up(self.most + self.off)
        free = free | fits(size, self.grid)
        off = np.where(free, self.off, up(self.off + up(UNIT * size)))
        share = np.where(free, self.share, up(self.share + up(UNIT * up(1 + self.share))))
        vanishes = (Running(self.lo, self.hi, off, share, self.grid).lowest < LEAST) & (self.grid < -1022)
        vanishes &= ~self.zero
        off, share = (
            np.where(vanishes, up(off + LEAST), off),
            np.where(vanishes, np.maximum(share, 1), share),
        )
        return Running(self.lo, self.hi, off, share, self.grid).tight()

    def tight(self) -> Running:
        """Each of the two bounds as good as the other one makes it."""
        least, most = self.least, self.most
        with np.errstate(all="ignore"):
            by_size = np.where(self.off == 0, 0, np.where(least > 0, up(self.off / least), np.inf))
            by_share = np.where((self.share == 0) | (most == 0), 0, up(self.share * most))
        return Running(self.lo, self.hi, np.fmin(self.off, by_share), np.fmin(self.share, by_size), self.grid)

    def scaled(self, k: Any) -> Running:
        """x·2ᵏ, by the exponent's bits: both must be normal."""
        lo, hi, off = (np.ldexp(x, np.asarray(k, np.int64)) for x in (self.lo, self.hi, self.off))
        found = Running(lo, hi, off, self.share, self.grid + k)
        normal = np.minimum(self.lowest, found.lowest) >= LEAST
        off = np.where(self.off == 0, 0.0, up(off))
        return Running(
            lo, hi, np.where(normal, off, np.inf), np.where(normal, self.share, np.inf), found.grid
        )

    def exponent(self) -> Any:
        """k of √½ ≤ x·2⁻ᵏ < √2: the same for all numbers of a cell."""
        root = np.float64(np.sqrt(0.5)).view(np.int64)
        low, high = ((end.view(np.int64) - root) >> 52 for end in (self.lo, self.hi))
        assert (self.off == 0).all()
        assert (low == high).all()
        return low


@dataclass(eq=False)
class Condition:
    """Where something holds for all of a cell, where for nothing of it, and where both computations say the same."""

    yes: Any
    no: Any
    alike: Any

    def otherwise(self) -> Condition:
        """The opposite."""
        return Condition(self.no, self.yes, self.alike)


def fits(size: Array, grid: Array) -> Any:
    """Whether all numbers up to a size that lie on a grid are float64 numbers."""
    return abs(size) <= np.exp2(np.minimum(grid + 53, 1023))


def total(x: Running, y: Running) -> Running:
    """x + y, not yet rounded."""
    none = x.zero | y.zero | (x.known & y.known & fits(x.lo + y.lo, np.fmin(x.grid, y.grid)))
    lo, hi = x.lo + y.lo, x.hi + y.hi
    lo, hi = np.where(none, lo, down(lo)), np.where(none, hi, up(hi))
    same = ((x.lo >= 0) & (y.lo >= 0)) | ((x.hi <= 0) & (y.hi <= 0))
    lo = np.where((x.lo >= 0) & (y.lo >= 0), np.maximum(lo, 0), lo)
    hi = np.where((x.hi <= 0) & (y.hi <= 0), np.minimum(hi, 0), hi)
    share = np.where(same, np.maximum(x.share, y.share), np.inf)
    share = np.where(x.zero, y.share, np.where(y.zero, x.share, share))
    grid = np.fmin(x.grid, y.grid)
    off = np.where(none, x.off + y.off, up(x.off + y.off))
    return Running(lo, hi, off, share, grid).tight()


def product(x: Running, y: Running) -> Running:
    """x·y, not yet rounded."""
    with np.errstate(invalid="ignore"):
        corners = [np.where((a == 0) | (b == 0), 0.0, a * b) for a in (x.lo, x.hi) for b in (y.lo, y.hi)]
        lo, hi = np.minimum.reduce(corners), np.maximum.reduce(corners)
        exact = x.plain | y.plain | (x.known & y.known & fits(x.lo * y.lo, x.grid + y.grid))
        lo, hi = np.where(exact, lo, down(lo)), np.where(exact, hi, up(hi))
        lo, hi = _kept(lo, hi, corners)
        share = up(up(x.share + y.share) + up(x.share * y.share))
        share = np.where(x.share == 0, y.share, np.where(y.share == 0, x.share, share))
        parts = [up(a * b) for a, b in ((x.most, y.off), (y.most, x.off), (x.off, y.off))]
        known = (x.off == 0) & (y.off == 0)
        off = np.where(known, 0.0, up(up(parts[0] + parts[1]) + parts[2]))
    return Running(lo, hi, np.where(np.isnan(off), np.inf, off), share, x.grid + y.grid).tight()


def _kept(lo: Array, hi: Array, corners: list[Array]) -> tuple[Array, Array]:
    """Bounds that are not rounded over 0, which no corner lies beyond."""
    low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)
    return np.where(low >= 0, np.maximum(lo, 0), lo), np.where(high <= 0, np.minimum(hi, 0), hi)
