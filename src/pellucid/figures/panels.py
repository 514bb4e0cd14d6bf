"""Two panels, one above the other, with the sum or the integral above both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pellucid.figures.numerals import lines, numeral
from pellucid.figures.style import FAINT, GRID, RESULT, matplotlib
from pellucid.ops.base import Array

_WIDTH, _PANEL, _LINE = 9.0, 2.35, 0.28  # inches
_HEAD, _LEGEND, _FOOT = 0.25, 0.42, 0.62
_CHARACTERS = 78


def panels(sums: Sequence[Sequence[str]], number: int) -> tuple[Any, Any]:
    """The axes of both panels, below the sum of this frame; there is room for the longest sum of all frames."""
    broken = [lines(pieces, _CHARACTERS) for pieces in sums]
    head = _HEAD + _LINE * max(map(len, broken))
    height = head + 2 * (_LEGEND + _PANEL) + _FOOT
    figure = matplotlib("figure").Figure(figsize=(_WIDTH, height))
    for row, line in enumerate(broken[number]):
        y = 1 - (_HEAD + _LINE * (row + 0.3)) / height
        figure.text(0.5, y, line, ha="center", va="center", size=13, color=RESULT)
    bottoms = _FOOT + _PANEL + _LEGEND, _FOOT
    above, below = (figure.add_axes((0.105, bottom / height, 0.87, _PANEL / height)) for bottom in bottoms)
    for axes in (above, below):
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0.5)
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: numeral(value))
        axes.spines[["top", "right"]].set_visible(False)
    above.tick_params(labelbottom=False)
    return above, below


def finish(above: Any, below: Any, left: float, right: float, rooms: Iterable[tuple[float, float]]) -> Any:
    """Set the limits, which are the same on every frame, and the legends above the panels. Returns the figure."""
    for axes, (low, high) in zip((above, below), rooms, strict=True):
        axes.set_xlim(left, right)
        axes.set_ylim(low, high)
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 0.99),
            ncols=3,
            frameon=False,
            borderaxespad=0.2,
            fontsize=10.5,
        )
    below.set_xlabel("z, x")
    return below.figure


def heights(*numbers: Array) -> tuple[float, float]:
    """From where to where a panel must reach to show these numbers, zero, and a little more."""
    together = np.concatenate([[0.0], *numbers])
    low, high = float(np.nanmin(together)), float(np.nanmax(together))
    room = 0.1 * (high - low or 1.0)
    return low - room, high + room
