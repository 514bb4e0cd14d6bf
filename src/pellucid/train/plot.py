"""Curves of training as a picture (extra `plot`), in the look of all pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid.errors import ArgumentError
from pellucid.figures.film import Film
from pellucid.figures.style import FAINT, GRID, KERNEL, RESULT, SIGNAL, matplotlib
from pellucid.language import text
from pellucid.train.curves import Panel

_WIDTH, _PANEL, _LEGEND, _FOOT, _HEAD = 8.0, 2.1, 0.45, 0.6, 0.45  # inches
_LOOKS: dict[str, dict[str, Any]] = {
    "steps": {"color": SIGNAL, "linewidth": 0.8, "alpha": 0.35},
    "train": {"color": SIGNAL, "linewidth": 1.8},
    "validation": {
        "color": KERNEL,
        "linewidth": 1.8,
        "linestyle": "--",
        "marker": "o",
        "markerfacecolor": "white",
    },
    "rate": {"color": RESULT, "linewidth": 1.4},
}


def curves(panels: Sequence[Panel], epochs: int, lang: str) -> Film:
    """The panels one below the other, over the same axis, as a film of one frame.

    Raises: ArgumentError where there is none.
    """
    if not panels:
        raise ArgumentError("plot", "there is nothing to draw", got="0 epochs")
    caption = text("review.curves", lang, epochs=epochs)
    return Film((caption,), 0, lang, lambda _: _drawn(panels, caption))


def _drawn(panels: Sequence[Panel], caption: str) -> Any:
    step = _LEGEND + _PANEL
    height = _HEAD + len(panels) * step + _FOOT
    figure = matplotlib("figure").Figure(figsize=(_WIDTH, height), facecolor="white")
    figure.text(0.5, 1 - 0.3 / height, caption, ha="center", va="center", size=13)
    right = max(1.0, *(x for panel in panels for curve in panel.curves for x, _ in curve.points))
    for number, panel in enumerate(panels):
        bottom = height - _HEAD - (number + 1) * step
        axes = figure.add_axes((0.1, bottom / height, 0.87, _PANEL / height))
        _fill(axes, panel)
        axes.set_xlim(0, right)
        last = number == len(panels) - 1
        axes.tick_params(labelbottom=last)
        if last:
            axes.set_xlabel(panel.across)
    return figure


def _fill(axes: Any, panel: Panel) -> None:
    """Curves, with their last numbers in the legend."""
    for curve in panel.curves:
        last = curve.points[-1][1]
        label = curve.name if curve.kind == "steps" else f"{curve.name} {last:.4g}"
        axes.plot(*zip(*curve.points, strict=True), label=label, **_LOOKS[curve.kind])
    if panel.from_zero:
        axes.set_ylim(bottom=min(0.0, *(y for curve in panel.curves for _, y in curve.points)))
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    legend = {"loc": "lower left", "bbox_to_anchor": (0, 0.99), "ncols": 3, "frameon": False}
    axes.legend(**legend, borderaxespad=0.2, fontsize=10.5)
