"""∫∫ f(u,v)·g(x−u,y−v) dv du: an integral over u of integrals over v.

Jumps of a function of two variables lie on curves, so they are looked for anew along every line u = constant on which
the outer integral is sampled, unless the function shows none at all. Near the ends of a curved edge lines meet the
function between two samples and miss it; how much that can be goes into the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pellucid.errors import ArgumentError, say
from pellucid.signal.profile import (
    BETWEEN,
    Floats,
    Function,
    Profile,
    Support,
    found_jumps,
    grid,
    profile,
    samples,
    values_at,
)
from pellucid.signal.quadrature import Integral, Rule, integrate, integrate_product, meeting

Surface = Callable[[float, float], float]
Box = tuple[Support | None, Support | None]

PLANE_STEP = 1 / 4
_GRID = grid(near=32, step=PLANE_STEP, finest=1e-2, reach=1e3, per_decade=6)
_OUTER_SUBDIVISIONS = 50
_MOST_JUMPS = 8  # more are the marks of a curved edge, along which nothing jumps once it is integrated


@dataclass(frozen=True)
class Extent:
    """Where a function of two variables lives.

    Attributes:
        u: along the first axis.
        v: along the second.
        jumps: whether it jumps along lines of the second axis.
        curved: whether it does so along a curve.
        peak: the largest absolute value seen.
    """

    u: Profile
    v: Profile
    jumps: bool
    curved: bool
    peak: float

    @property
    def box(self) -> tuple[Support, Support]:
        """The support along both axes."""
        return (self.u.low, self.u.high), (self.v.low, self.v.high)

    @property
    def missed(self) -> float:
        """The area that lines miss near the two ends of a circle as wide as this: chords h long hold h³/(12·radius)."""
        span = min(self.v.high - self.v.low, 2 * _GRID[-1])
        return 4 * (span / BETWEEN) ** 3 / (12 * span / 2) if self.curved else 0.0

    def line(self, section: Function) -> Profile:
        """The profile of the function along one line of the second axis."""
        return profile(section, _GRID, (self.v.low, self.v.high)) if self.jumps else self.v


def integrate_plane(
    f: Surface, g: Surface, rule: Rule, f_box: Box, g_box: Box
) -> tuple[Callable[..., Integral], tuple[tuple[Support, Support], tuple[Support, Support]]]:
    """The function (x, y) ↦ integral, and where f and g live."""
    first, second = _extent(f, f_box), _extent(g, g_box)
    missed = (first.missed + second.missed) * first.peak * second.peak
    # inner errors are the outer integral's noise
    outer_rule = Rule(rule.quad, max(10 * rule.tolerance, missed / 10), _OUTER_SUBDIVISIONS)

    def at(x: float, y: float) -> Integral:
        inner: list[Integral] = []

        def along(u: float) -> float:
            def f_line(v: float) -> float:
                return f(u, v)

            def g_line(v: float) -> float:
                return g(x - u, v)

            inner.append(integrate_product(f_line, g_line, y, first.line(f_line), second.line(g_line), rule))
            return inner[-1].value

        cuts = meeting(x, first.u, second.u)
        outer = integrate(along, cuts, outer_rule)
        if not first.peak * second.peak:  # no sample has shown one of them
            return Integral(outer.value, math.inf, outer.diverges)
        if not inner:
            return outer
        width = min(cuts[-1] - cuts[0], _GRID[-1])
        error = outer.error + width * max(integral.error for integral in inner) + missed
        return Integral(outer.value, error, outer.diverges or any(integral.diverges for integral in inner))

    return at, (first.box, second.box)


def _extent(function: Surface, box: Box) -> Extent:
    """Seen from either side: sums of absolute values along lines that cross where the function is not zero."""

    def line(u: float) -> Function:
        return lambda v: function(u, v)

    found = np.array([values_at(line(u), _GRID) for u in _GRID.tolist()])
    if not np.isfinite(found).any():
        got = say("{number} throughout", number=found.flat[0])
        raise ArgumentError("convolve_continuous", "f and g must be finite somewhere", got=got)
    values = np.where(np.isfinite(found), found, 0.0)
    u_lines, v_lines = (_thinned(_GRID[values.any(axis=axis)]) for axis in (1, 0))

    def along_u(u: float) -> float:
        return float(np.abs(samples(line(u), v_lines)).sum())

    def along_v(v: float) -> float:
        return float(np.abs(samples(lambda u: function(u, v), u_lines)).sum())

    across, along = profile(along_u, _GRID, box[0]), profile(along_v, _GRID, box[1])
    jumps = bool(found_jumps(along_v, _GRID))
    edges = {found_jumps(line(u), _GRID) for u in u_lines[:: len(u_lines) // 4 + 1].tolist()}
    curved = len(edges - {()}) > 1
    peak = float(np.abs(values).max())
    return Extent(_widened(across, box[0]), _widened(along, box[1]), jumps, curved, peak)


def _thinned(lines: Floats) -> Floats:
    """At most 32 of them, evenly chosen."""
    return lines[:: len(lines) // 32 + 1]


def _widened(found: Profile, given: Support | None) -> Profile:
    """Out to the next sample: a curved edge may reach beyond what is seen along a few lines."""
    jumps = found.jumps if len(found.jumps) <= _MOST_JUMPS else ()
    ends = {found.low, found.high} if len(jumps) == len(found.jumps) else set()
    cuts = {cut for cut in found.cuts if cut not in found.jumps} | {*jumps, *ends}
    if given is not None:
        return Profile(found.low, found.high, jumps, tuple(sorted(cuts - ends)))
    low = max((place for place in _GRID.tolist() if place < found.low), default=-math.inf)
    high = min((place for place in _GRID.tolist() if place > found.high), default=math.inf)
    return Profile(low, high, jumps, tuple(sorted(cut for cut in cuts if low < cut < high)))
