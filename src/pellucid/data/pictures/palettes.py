"""Pictures whose pixels are numbers of a palette's colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.data.pictures.samples import Samples, with_alpha
from pellucid.errors import DataError, say

Colours = NDArray[np.uint8]


def check_numbers(numbers: Samples, colours: int) -> None:
    """Raises: DataError for numbers for which a palette of so many has no colour."""
    highest = int(numbers.max(initial=0))
    if highest >= colours:
        expected, got = say("at most {last}", last=colours - 1) if colours else "a palette", f"{highest}"
        raise DataError("image", "pixels must be numbers of the palette", expected=expected, got=got)


def grey_or_rgb(numbers: NDArray[np.uint8], palette: Colours, transparent: int | None = None) -> Samples:
    """Pixels of a format that has no greys but those of a palette: grey where all its colours are, else RGB.

    Args:
        numbers: (H,W).
        palette: (N,3).
        transparent: the number of which nothing is seen; the palette need not have it.

    Raises: DataError for a number that the palette does not have.

    Example:
        >>> grey_or_rgb(np.array([[1, 0]], np.uint8), np.array([[7, 7, 7], [9, 9, 9]], np.uint8))
        array([[9, 7]], dtype=uint8)
        >>> grey_or_rgb(np.array([[1, 2]], np.uint8), np.array([[7, 7, 7], [9, 8, 7]], np.uint8), 2)
        array([[[  9,   8,   7, 255],
                [  0,   0,   0,   0]]], dtype=uint8)
    """
    check_numbers(numbers[numbers != transparent], len(palette))
    grey = bool((palette == palette[:, :1]).all())
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(palette)] = palette
    pixels: Samples = (colours[:, 0] if grey else colours)[numbers]
    if transparent is None:
        return pixels
    return with_alpha(pixels, np.where(numbers == transparent, 0, 255).astype(np.uint8))
