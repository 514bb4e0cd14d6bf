"""Two sequences, one frame for each number of their convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.errors import ArgumentError, ShapeError
from pellucid.figures.film import Film
from pellucid.figures.numerals import equation
from pellucid.figures.panels import panels
from pellucid.figures.style import KERNEL, PRODUCT, RESULT, SIGNAL, UNDER
from pellucid.functional._call import as_array
from pellucid.geometry import Axis
from pellucid.language import text
from pellucid.ops.base import Array
from pellucid.signal import convolve

LONGEST = 40  # numbers of f*g; more cannot be read in a picture
_FRAME_MS = 900
_ASIDE = 0.09  # f a little to the left of its place and g to the right, so that neither hides the other


def of_sequences(first: ArrayLike, second: ArrayLike, lang: str) -> Film:
    """The film of two sequences."""
    f, g = _sequence("f", first), _sequence("g", second)
    axis = Axis(len(f), len(g), before=len(g) - 1, after=len(g) - 1)  # every place at which the two meet
    if axis.output > LONGEST:
        raise ShapeError(
            "convolution",
            "so many numbers cannot be read in a picture",
            expected=f"len(f) + len(g) − 1 ≤ {LONGEST}",
            got=f"{len(f)} + {len(g)} − 1 = {axis.output}",
        )
    turned, result = g[::-1], np.asarray(convolve(f, g))
    sums = []
    for x in range(axis.output):
        products = [(f[z], turned[k]) for k, z in axis.taps(x)]
        name, *rest = equation(products, result[x])
        sums.append((f"[f*g][{x}] = {name}", *rest))

    def draw(x: int) -> Any:
        labels = [
            text("figures.signal", lang, f="f[z]"),
            text("figures.flipped", lang, g=f"g[{x}−z]", x=x),
            text("figures.products", lang, product=f"f[z]·g[{x}−z]"),
        ]
        above, below = panels(sums, x, ("z", "x"), ticks=axis.output)
        places = axis.position(x, np.arange(len(g)))
        above.bar(
            [z for _, z in axis.taps(x)],
            [f[z] * turned[k] for k, z in axis.taps(x)],
            width=0.62,
            color=PRODUCT,
            edgecolor=UNDER,
            hatch="////",
            label=labels[2],
            zorder=1,
        )
        _stems(above, np.arange(len(f)) - _ASIDE, f, SIGNAL, "o", labels[0])
        _stems(above, places + _ASIDE, turned, KERNEL, "s", labels[1])
        label = text("figures.result", lang, result="[f*g][x]")
        _stems(below, np.arange(x + 1), result[: x + 1], RESULT, "D", label)
        below.plot([x], [result[x]], "D", color=PRODUCT, markeredgecolor=RESULT, markersize=10, zorder=4)
        low, high = axis.position(0, 0), axis.position(axis.output - 1, len(g) - 1)
        products = [f[z] * turned[k] for y in range(axis.output) for k, z in axis.taps(y)]
        above.set_xlim(low - 0.7, high + 0.7)
        above.set_ylim(*_room(f, g, products))
        below.set_ylim(*_room(result))
        return above.figure

    captions = tuple(" ".join(pieces) for pieces in sums)
    return Film(captions, _FRAME_MS, lang, draw)
