"""How all pictures look, and the one place that loads matplotlib, which is an optional extra.

The colours are Okabe and Ito's (2008), which people with any kind of colour vision tell apart; hatching, markers and
line styles say the same once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from pellucid.errors import PellucidError
from pellucid.figures.fonts import families

SIGNAL, KERNEL, PRODUCT, RESULT = "#0072B2", "#C04A00", "#F0E442", "#000000"
READ = "#FCF8C8"  # the paper below numbers that are multiplied
UNDER = "#6E6500"  # edges and hatching of what is yellow
GRID, LINE, FAINT = "#E6E6E6", "#8A8A8A", "#5F5F5F"
DPI = 110


def matplotlib(part: str) -> Any:
    """A module of matplotlib, such as `figure`.

    Raises: PellucidError with the command that installs matplotlib where it is missing.
    """
    try:
        return import_module(f"matplotlib.{part}")
    except ImportError:
        hint = "pip install matplotlib"
        raise PellucidError(
            "figures", "pictures need matplotlib, which is not installed", hint=hint
        ) from None


@contextmanager
def style(lang: str) -> Iterator[None]:
    """Draw in the house's style, whatever the user's own settings of matplotlib are.

    Raises: PellucidError when matplotlib is missing, or no font has the language's letters.
    """
    ours = {
        "font.family": families(matplotlib("font_manager"), lang),
        "font.size": 11.0,
        "figure.dpi": DPI,
        "savefig.dpi": DPI,
        "text.hinting": "none",  # hinted digits differ in weight from size to size
        "hatch.linewidth": 0.7,
        "svg.fonttype": "path",  # looks the same where the font is missing
        "svg.hashsalt": "pellucid",  # the same picture gives the same file
    }
    with matplotlib("style").context(["default", ours]):
        yield
