"""Two functions, a frame for each of 61 places of their convolution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, say
from pellucid.figures.film import Film
from pellucid.figures.numerals import numeral
from pellucid.figures.operands import LARGEST
from pellucid.figures.panels import finish, heights, panels
from pellucid.figures.style import KERNEL, PRODUCT, RESULT, SIGNAL, UNDER
from pellucid.language import text
from pellucid.signal import convolve_continuous

Function: TypeAlias = Callable[[float], float]
Floats: TypeAlias = NDArray[np.float64]
Span: TypeAlias = tuple[float, float]

SHAPES: Mapping[str, Function] = MappingProxyType(
    {
        "box": lambda t: 1.0 if abs(t) <= 0.5 else 0.0,
        "triangle": lambda t: max(0.0, 1 - abs(t)),
        "ramp": lambda t: t if 0 <= t <= 1 else 0.0,
        "decay": lambda t: math.exp(-t) if t >= 0 else 0.0,
        "gaussian": lambda t: math.exp(-t * t / 2),
    }
)
_FRAMES, _BETWEEN = 61, 4  # frames, and steps of the black curve from one to the next
_FRAME_MS = 90
_SAMPLES = 801  # of a curve, and once more of each function's own span
_REACH, _LOOKS = 32.0, 6401  # where functions are looked for, and how often
_SEEN = 1e-3  # of the peak; what is smaller cannot be seen in a picture


def of_functions(f: Function, g: Function, f_support: Span | None, g_support: Span | None, lang: str) -> Film:
    """The film of two functions."""
    first, second = _span("f", f, f_support), _span("g", g, g_support)
    places = np.linspace(first[0] + second[0], first[1] + second[1], (_FRAMES - 1) * _BETWEEN + 1)
    places = _without_dust(places)
    found = convolve_continuous(f, g, places, dims=1, f_support=f_support, g_support=g_support)
    result = _without_dust(found.value)
    f, g = _within(f, f_support), _within(g, g_support)
    ends = float(places[0] - second[1]), float(places[-1] - second[0])
    whole = np.concatenate([np.linspace(*span, _SAMPLES) for span in (ends, first)])
    own = np.linspace(*second, _SAMPLES)  # of g: narrow ones move between the others unseen
    stops = places[::_BETWEEN]
    sums = [
        [f"[f*g]({numeral(x)}) =", f"∫ f(z)·g({numeral(x)}−z) dz =", numeral(value)]
        for x, value in zip(stops, result[::_BETWEEN], strict=True)
    ]
    kernel = _values(g, own)
    products = [_values(f, x - own) * kernel for x in stops]
    rooms = heights(_values(f, whole), kernel, *products), heights(result)

    def draw(number: int) -> Any:
        above, below = panels(sums, number)
        x = stops[number]
        z = np.unique(np.concatenate([whole, x - own]))
        blue, red = _values(f, z), _values(g, x - z)
        above.plot(
            z, blue, color=SIGNAL, linewidth=2.4, label=text("figures.signal", lang, f="f(z)"), zorder=2
        )
        label = text("figures.flipped", lang, g="g(x−z)", x=f"x = {numeral(x)}")
        above.plot(z, red, "--", color=KERNEL, linewidth=2.4, label=label, zorder=3)
        look = {"facecolor": PRODUCT, "edgecolor": UNDER, "hatch": "////", "linewidth": 0.8, "zorder": 1}
        label = text("figures.area", lang, product="f(z)·g(x−z)")
        above.fill_between(z, blue * red, where=blue * red != 0, label=label, **look)
        grown = number * _BETWEEN + 1
        label = text("figures.result", lang, result="[f*g](x)")
        below.plot(places[:grown], result[:grown], color=RESULT, linewidth=2.4, label=label)
        below.plot(
            [x], [result[grown - 1]], "D", color=PRODUCT, markeredgecolor=RESULT, markersize=8, zorder=4
        )
        return finish(above, below, *ends, rooms)

    return Film(tuple(" ".join(pieces) for pieces in sums), _FRAME_MS, lang, draw)


def _span(name: str, function: Function, support: Span | None) -> Span:
    """From where to where a function can be seen, within the support where one is given."""
    low, high = (-_REACH, _REACH) if support is None else support
    if not math.isfinite(low) or not math.isfinite(high) or not low < high:
        rule = say("{name}_support must be two finite numbers, the smaller one first", name=name)
        raise ArgumentError("convolution", rule, got=repr(support))
    places = np.linspace(low, high, _LOOKS)
    sizes = np.abs(_values(function, places))
    if not (sizes <= LARGEST).all():
        at = numeral(places[~(sizes <= LARGEST)][0])
        hint = say("give {name}_support, or another value there", name=name)
        raise ArgumentError(
            "convolution", say("{name} must be finite to be shown", name=name), got=f"{name}({at})", hint=hint
        )
    (seen,) = np.nonzero(sizes > _SEEN * sizes.max())
    if not len(seen):
        got = say("{name} zero from {low} to {high}", name=name, low=numeral(low), high=numeral(high))
        hint = say("give {name}_support", name=name)
        raise ArgumentError(
            "convolution", say("{name} must not be zero everywhere", name=name), got=got, hint=hint
        )
    return float(places[seen[0]]), float(places[seen[-1]])


def _within(function: Function, support: Span | None) -> Function:
    """The function as the integral takes it: zero outside of a given support."""
    if support is None:
        return function
    low, high = support
    return lambda place: function(place) if low <= place <= high else 0.0


def _values(function: Function, places: Floats) -> Floats:
    """A function's values; NaN where it cannot be computed."""
    values = []
    for place in places.tolist():
        try:
            values.append(float(function(place)))
        except (OverflowError, ZeroDivisionError):
            values.append(math.nan)
    return np.array(values)


def _without_dust(numbers: Floats) -> Floats:
    """The numbers, with zero for those that are not zero by rounding alone."""
    return np.where(np.abs(numbers) < 1e-13 * np.abs(numbers).max(), 0.0, numbers)
