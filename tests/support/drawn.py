"""What tests of pictures share: which languages can be drawn here, and what stands in a figure."""

from __future__ import annotations

from matplotlib import font_manager
from matplotlib.colors import to_hex

import pellucid as pc
from pellucid.figures import fonts


def speakable() -> list:
    """The languages whose letters some font here has."""
    try:
        fonts.families(font_manager, "ko")
    except pc.PellucidError:
        return ["en"]
    return ["en", "ko"]


LANGUAGES = speakable()


def texts(figure) -> list[str]:
    """Every text of a figure, ticks and legends apart."""
    return [artist.get_text() for artist in [*figure.texts, *(t for axes in figure.axes for t in axes.texts)]]


def labels(figure) -> list[str]:
    """What the legends say."""
    return [text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()]


def rectangles(figure, color: str, *, framed: bool = False) -> int:
    """How many cells have this paper, or how many frames this edge."""
    patches = [
        p for p in figure.axes[0].get_children() if type(p).__name__ == "Rectangle" and p.get_zorder() >= 1
    ]
    if framed:
        return sum(p.get_zorder() == 2 and to_hex(p.get_edgecolor()) == color.lower() for p in patches)
    return sum(p.get_zorder() == 1 and to_hex(p.get_facecolor()) == color.lower() for p in patches)


def line(axes, label: str):
    """The curve or markers that the legend calls so."""
    return next(found for found in axes.get_lines() if found.get_label().startswith(label))
