"""Two sequences, one frame for each number of their convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.errors import ShapeError
from pellucid.figures.film import Film
from pellucid.figures.numerals import equation
from pellucid.figures.operands import operand
from pellucid.figures.panels import finish, heights, panels
from pellucid.figures.style import KERNEL, PRODUCT, RESULT, SIGNAL, UNDER, matplotlib
from pellucid.geometry import Axis
from pellucid.language import text
from pellucid.ops.base import Array
from pellucid.signal import convolve

LONGEST = 40  # numbers of f*g; more cannot be read in a picture
_FRAME_MS = 900
_ASIDE = 0.09  # f a little to the left of its place and g to the right, so that neither hides the other


def of_sequences(first: ArrayLike, second: ArrayLike, lang: str) -> Film:
    """The film of two sequences."""
    f, g = operand("convolution", "f", first, 1), operand("convolution", "g", second, 1)
    axis = Axis(len(f), len(g), before=len(g) - 1, after=len(g) - 1)  # every place at which the two meet
    if axis.output > LONGEST:
        raise ShapeError(
            "convolution",
            "so many numbers cannot be read in a picture",
            expected=f"len(f) + len(g) − 1 ≤ {LONGEST}",
            got=f"{len(f)} + {len(g)} − 1 = {axis.output}",
        )
    flipped, result = g[::-1], np.asarray(convolve(f, g))
    products = [[(f[z], flipped[k]) for k, z in axis.taps(x)] for x in range(axis.output)]
    sums = []
    for x, pairs in enumerate(products):
        first_piece, *others = equation(pairs, result[x])
        sums.append((f"[f*g][{x}] = {first_piece}", *others))
    ends = axis.position(0, 0) - 0.7, axis.position(axis.output - 1, len(g) - 1) + 0.7
    areas = [np.prod(pairs, axis=1) for pairs in products]
    rooms = heights(f, g, *areas), heights(result)
    step = 1 if ends[1] - ends[0] < 22 else 5  # of the ticks

    def draw(x: int) -> Any:
        above, below = panels(sums, x)
        met = [z for _, z in axis.taps(x)]
        label = text("figures.signal", lang, f="f[z]")
        _stems(above, np.arange(len(f)) - _ASIDE, f, SIGNAL, "o", label)
        label = text("figures.flipped", lang, g=f"g[{x}−z]", x=x)
        _stems(above, axis.position(x, np.arange(len(g))) + _ASIDE, flipped, KERNEL, "s", label)
        label = text("figures.products", lang, product=f"f[z]·g[{x}−z]")
        above.bar(met, areas[x], 0.62, color=PRODUCT, edgecolor=UNDER, hatch="////", label=label, zorder=1)
        label = text("figures.result", lang, result="[f*g][x]")
        _stems(below, np.arange(x + 1), result[: x + 1], RESULT, "D", label)
        below.plot([x], [result[x]], "D", color=PRODUCT, markeredgecolor=RESULT, markersize=9, zorder=4)
        for axes in (above, below):
            axes.xaxis.set_major_locator(matplotlib("ticker").MultipleLocator(step))
        return finish(above, below, *ends, rooms)

    captions = tuple(" ".join(pieces) for pieces in sums)
    return Film(captions, _FRAME_MS, lang, draw)


def _stems(axes: Any, places: Array, values: Array, color: str, marker: str, label: str) -> None:
    axes.vlines(places, 0, values, color=color, linewidth=2, zorder=2)
    axes.plot(places, values, marker, color=color, markersize=7, label=label, zorder=3)
