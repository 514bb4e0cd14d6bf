"""A confusion matrix: which class is taken for which, what is right in blue and what is wrong in vermilion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.columns import cells
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.figures.film import Film
from pellucid.figures.lettering import lettered, spoken
from pellucid.figures.style import FAINT, KERNEL, SIGNAL, matplotlib
from pellucid.language import chosen, text
from pellucid.numbers import as_array

_WHERE = "confusion_matrix"
_MOST = 200  # classes
_WRITTEN = 30  # up to so many classes have their numbers in the cells
_NAME = 18  # columns of a class's name
DARK = 0.8  # of its row: a cell's number is white from there on
_CELL, _LEAST_SIDE, _MARGIN, _LETTER = 0.46, 5.0, 0.75, 0.085  # inches

Colours = NDArray[np.float64]


def confusion_matrix(
    matrix: ArrayLike, classes: Sequence[str] | None = None, *, lang: str | None = None
) -> Film:
    """Draw a confusion matrix as one frame: rows are true classes, columns those that the network names.

    A cell is as strong as its share of the row: blue where both are the same, vermilion where not.

    Args:
        matrix: (K,K) counts, as `pellucid.confusion` gives them.
        classes: what the classes are called; None for their numbers.
        lang: the labels' language.

    Raises: ShapeError for a matrix that is not square; ArgumentError for what are no counts, for more than 200 classes,
        and for another number of names; PellucidError, when it is drawn, without matplotlib or a font.
    """
    counts = counted(_WHERE, matrix)
    if len(counts) > _MOST:
        rule, expected = "so many classes cannot be read in a picture", say("at most {most}", most=_MOST)
        raise ArgumentError(_WHERE, rule, expected=expected, got=f"{len(counts)}")
    names = [str(name) for name in (range(len(counts)) if classes is None else classes)]
    if len(names) != len(counts):
        expected = say("{count} names", count=len(counts))
        raise ArgumentError(_WHERE, "each class has a name", expected=expected, got=f"{len(names)}")
    lang = chosen(lang)
    right, total = int(counts.diagonal().sum()), int(counts.sum())
    caption = text("review.right_of", lang, right=right, total=total)
    letters = spoken(lang, names)
    return Film((caption,), 0, letters, lambda _: _drawn(counts, names, caption, lang, letters))


def counted(where: str, matrix: ArrayLike) -> NDArray[np.int64]:
    """A confusion matrix, copied.

    Raises: ShapeError when it is not square; ArgumentError for numbers that are no counts.
    """
    counts = as_array(where, "matrix", matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ShapeError(where, "a confusion matrix is (K,K)", got=f"{counts.shape}")
    if counts.dtype.kind not in "iu" or (counts < 0).any():
        rule = "a confusion matrix holds counts"
        raise ArgumentError(where, rule, expected=say("whole numbers ≥ 0"), got=f"{counts.dtype}")
    return counts.astype(np.int64)


def shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each cell's share of its row; 0 in a row without any."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def strength(share: Any) -> Any:
    """How strong the colour of a share is: small ones are still to be seen."""
    return np.sqrt(share)


def colours(counts: NDArray[np.int64]) -> Colours:
    """Each cell's colour (K,K,3) in [0,1]."""
    right, wrong = (np.array([int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)]) for c in (SIGNAL, KERNEL))
    ink = np.where(np.eye(len(counts), dtype=bool)[..., np.newaxis], right, wrong)
    return np.asarray(1 - strength(shares(counts))[..., np.newaxis] * (1 - ink))


def _drawn(counts: NDArray[np.int64], names: list[str], caption: str, lang: str, letters: str) -> Any:
    shown = [lettered(name, _NAME, letters) for name in names]
    room = _MARGIN + _LETTER * max(map(cells, shown))
    side = max(_CELL * min(len(counts), _WRITTEN), _LEAST_SIDE)
    width, height = room + side + 0.3, room + side + 0.5
    figure = matplotlib("figure").Figure(figsize=(width, height), facecolor="white")
    axes = figure.add_axes((room / width, 0.2 / height, side / width, side / height))
    axes.imshow(colours(counts), aspect="equal", interpolation="nearest")
    if len(counts) <= _WRITTEN:
        size = min(11.0, 72 * side / len(counts) / (0.72 * max(2, len(f"{counts.max()}"))))
        for (i, j), share in np.ndenumerate(shares(counts)):
            color = "white" if share > DARK else "black" if counts[i, j] else FAINT
            axes.text(j, i, f"{counts[i, j]}", ha="center", va="center", size=size, color=color)
    size = min(10.0, 60 * side / len(counts))
    look = {"size": size, "parse_math": False}
    axes.set_xticks(range(len(shown)), shown, rotation=90 if max(map(len, shown)) > 2 else 0, **look)
    axes.set_yticks(range(len(shown)), shown, **look)
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel(text("review.label", lang))
    axes.set_xlabel(text("review.named", lang))
    axes.xaxis.set_label_position("top")
    figure.text(0.5, 1 - 0.2 / height, caption, ha="center", va="center", size=12)
    return figure
