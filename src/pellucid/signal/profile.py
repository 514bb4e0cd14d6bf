"""What quadrature must know of a function of one variable: where it is not zero, where it jumps, where its mass lies.

Samples show between which of them a function begins, ends or jumps, and bisection then finds the place to the last
bit. What lies between two samples and shows in neither is not found: such supports and breakpoints must be given. The
function is sampled between all breakpoints that are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import Parameter, signature
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, PellucidError, joined, reason, say
from pellucid.signal.smoothness import kinks, pieces

Function: TypeAlias = Callable[[float], float]
Support: TypeAlias = tuple[float, float]
Floats: TypeAlias = NDArray[np.float64]

_NARROWEST = 1e-25  # bisection ends here at the latest; around zero floats go on for ever
_JUMP = 4.0  # how many times the difference next to it a difference must be to be looked into
_OVERFLOWS = 1e300  # a function that ends with such a value does not end: it overflows
BETWEEN = 257  # samples of a given support
# Parts of the peak: where integrals are cut, so that no narrow peak is stepped over.
_LEVELS = (0.5, 1e-2, 1e-5, 1e-9, 1e-14)
_MOST_STRETCHES = 32  # above a level that are looked at one by one
_NARROW = 3  # samples


@dataclass(frozen=True)
class Profile:
    """Where a function lives.

    Attributes:
        low: the support's lower end, −inf where the function reaches beyond all samples.
        high: its upper end.
        jumps: where the function jumps inside of the support.
        cuts: these and other places at which an integral is best cut, ascending.
        seen: whether a sample is not zero, or breaks are given between which it was looked at.
    """

    low: float
    high: float
    jumps: tuple[float, ...]
    cuts: tuple[float, ...]
    seen: bool = True


def checked(name: str, function: Callable[..., Any]) -> Callable[..., float]:
    """The function as one that returns a float, NaN where it overflows or divides by zero.

    Raises: ArgumentError when it does not return a real number, returns one that a mask hides, or fails in any other
        way.
    """

    def value(*at: float) -> float:
        try:
            found = function(*at)
            if isinstance(found, str) or np.iscomplexobj(found):
                raise TypeError(say("{found!r} is no real number", found=found))
            if np.ma.is_masked(found):
                raise TypeError(say("a masked number"))
            return float(found)
        except (OverflowError, ZeroDivisionError):
            return math.nan
        except PellucidError:  # of an integral inside of the function
            raise
        except TypeError as error:
            rule = say("{name} must take real numbers and return one", name=name)
            raise ArgumentError(
                "convolve_continuous", rule, got=joined(": ", ("TypeError", reason(error)))
            ) from error
        except Exception as error:
            places = ", ".join(map(repr, at))
            raise ArgumentError(
                "convolve_continuous",
                say("{name} must have a value wherever it is asked for one", name=name),
                got=say("{kind}: {error} at {places}", kind=type(error).__name__, error=error, places=places),
                hint=say("give {name}_support, or let {name} return 0 where it is not defined", name=name),
            ) from error

    return value


def grid(near: float, step: float, finest: float, reach: float, per_decade: int) -> Floats:
    """Places to sample: every `step` up to `near`, and equal ratios from `finest` to `reach`, on both sides of zero."""
    even = np.arange(-near, near + step / 2, step)
    count = round(per_decade * math.log10(reach / finest))
    far = np.geomspace(finest, reach, count)
    # a shift of no special size keeps samples off the places where functions like to jump
    return np.unique(np.concatenate([even + step * 0.237, far, -far, [0.0]]))


def samples(function: Function, places: Iterable[float]) -> Floats:
    """The function's values; zero where it has none (overflow outside of a support is not the function's fault)."""
    found = values_at(function, places)
    return np.where(np.isfinite(found), found, 0.0)


def values_at(function: Function, places: Iterable[float]) -> Floats:
    """The function's values, finite or not."""
    with np.errstate(all="ignore"):
        return np.array([function(float(place)) for place in places])


def profile(
    function: Function,
    places: Floats,
    support: Support | None = None,
    breaks: Iterable[float] | None = None,
    *,
    even: float = 0.0,
) -> Profile:
    """Find what of a function's support and jumps is not given.

    Where samples are no farther apart than `even`, cuts are at kinks, too, and between them the function is smooth.

    Example:
        >>> box = profile(lambda t: 1.0 * (abs(t) <= 0.5), grid(64, 1 / 64, 1e-6, 1e6, 600))
        >>> box.low, box.high, box.jumps
        (-0.5, 0.5, ())
    """
    if support is not None:
        low, high = support
        places = np.unique(np.concatenate([places[(places > low) & (places < high)], _between(low, high)]))
    if breaks is not None:  # between breaks a function may be as narrow as it likes
        breaks = tuple(sorted(breaks))
        inside = [
            place for place in map(_halfway, breaks, breaks[1:]) if support is None or low < place < high
        ]
        places = np.unique(np.concatenate([places, inside]))
    values = samples(function, places)
    if support is None:
        low, high = _support(function, places, values)
    jumps = found_jumps(function, places, values) if breaks is None else tuple(breaks)
    jumps = tuple(sorted({jump for jump in jumps if low < jump < high}))
    cuts = {*jumps, *(cut for cut in _levels(places, values) if low < cut < high)}
    if even:
        cuts |= {
            cut for cut in _smooth(function, places, values, (low, *jumps, high), even) if low < cut < high
        }
    seen = breaks is not None or bool(values.any())
    return Profile(low, high, jumps, tuple(sorted(cuts)), seen)


def _smooth(
    function: Function, places: Floats, values: Floats, jumps: tuple[float, ...], even: float
) -> list[float]:
    """Cuts between which the function is smooth, as far as samples lie side by side."""
    near = np.append(np.diff(places) <= 1.001 * even, False)
    near[1:] |= near[:-1]
    places, values = places[near], values[near]
    found: list[float] = []
    ends = np.searchsorted(places, jumps).tolist()
    for first, end in pairwise([0, *ends, len(places)]):
        if values[first:end].any():
            found += kinks(lambda at: samples(function, at), places[first:end], values[first:end])
    return [*found, *pieces(places, values, sorted({*jumps, *found}))]


def _between(low: float, high: float) -> Floats:
    """Samples of a given support, not at its ends, where a function may be either of two values."""
    if math.isinf(low) or math.isinf(high):
        return np.empty(0)
    return np.linspace(low, high, 2 * BETWEEN + 1)[1::2]


def _support(function: Function, places: Floats, values: Floats) -> Support:
    """From the first place at which the function is not zero to the last."""
    (alive,) = np.nonzero(values)
    if not len(alive):
        return 0.0, 0.0
    first, last = int(alive[0]), int(alive[-1])
    low = -math.inf if first == 0 else _edge(function, places[first], places[first - 1])
    high = math.inf if last == len(places) - 1 else _edge(function, places[last], places[last + 1])
    ends = [end if math.isfinite(end) else 0.0 for end in (low, high)]
    overflows = abs(samples(function, ends)) > _OVERFLOWS
    return -math.inf if overflows[0] else low, math.inf if overflows[1] else high


def _edge(function: Function, inside: float, outside: float) -> float:
    """The last place, seen from inside, at which the function is not zero."""
    while (middle := _middle(inside, outside)) is not None:
        if samples(function, [middle])[0]:
            inside = middle
        else:
            outside = middle
    return 0.0 if abs(inside) < _NARROWEST else float(inside)


def _halfway(one: float, other: float) -> float:
    return one + (other - one) / 2


def _middle(one: float, other: float) -> float | None:
    """A place between the two, or None where they are neighbours."""
    middle = _halfway(one, other)
    return None if middle in (one, other) or abs(other - one) < _NARROWEST else middle


def found_jumps(function: Function, places: Floats, values: Floats | None = None) -> tuple[float, ...]:
    """Where the function jumps: a difference far above the one before or behind it, which bisection does not lessen.

    Not above both: a box that holds one sample has two jumps side by side.
    """
    values = samples(function, places) if values is None else values
    steps = np.abs(np.diff(values))
    beside = np.minimum(np.append(0, steps[:-1]), np.append(steps[1:], 0))
    (found,) = np.nonzero(steps > _JUMP * beside)
    jumps = []
    for i in found.tolist():
        jump = _jump(function, places[i], places[i + 1], values[i], values[i + 1])
        if jump is not None:
            jumps.append(jump)
    return tuple(jumps)


def _jump(function: Function, low: float, high: float, at_low: float, at_high: float) -> float | None:
    """The jump between two places, or None where the function only climbs: then each halving halves the difference."""
    whole = abs(at_high - at_low)
    while (middle := _middle(low, high)) is not None:
        (at_middle,) = samples(function, [middle])
        if abs(at_middle - at_low) >= abs(at_high - at_middle):
            high, at_high = middle, at_middle
        else:
            low, at_low = middle, at_middle
        if abs(at_high - at_low) < whole / 8:
            return None
    return float(high)


def _levels(places: Floats, values: Floats) -> list[float]:
    """The peak; and for certain parts of it each stretch that lies above: its ends, its own peak.

    A stretch of few samples may reach far beyond them: then the samples around it, too. Where stretches are very many
    the function is a wave, which quadrature sees without help: the outermost ends do.
    """
    sizes = np.abs(values)
    cuts = {int(sizes.argmax())}
    for level in _LEVELS:
        above = np.concatenate([[False], sizes > level * sizes.max(), [False]])
        (changes,) = np.nonzero(above[1:] != above[:-1])
        stretches = changes.reshape(-1, 2)  # the first sample above, and the first that no longer is
        if len(stretches) > _MOST_STRETCHES:
            stretches = np.array([[stretches[0, 0], stretches[-1, 1]]])
        for first, end in stretches.tolist():
            peak = first + int(sizes[first:end].argmax())
            cuts |= {first, peak, end - 1}
            if end - first <= _NARROW:
                cuts |= {max(first - 1, 0), min(end, len(sizes) - 1)}
    return sorted(float(places[cut]) for cut in cuts)


def number_of_arguments(function: Any) -> int:
    """How many numbers a callable wants; 1 where it does not say."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in positional and p.default is Parameter.empty for p in parameters)
