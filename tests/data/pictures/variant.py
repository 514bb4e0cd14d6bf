"""A kind of picture file, and what variants are made of."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
GREY, GREY_ALPHA, RGB, RGBA = (5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4)


@dataclass(frozen=True)
class Variant:
    """`parts` are its name, in words that the tables of docs/pictures.md and .ko.md have in both languages.

    It is read as `pixels`, give or take `within`; or refused, by the rule `refused`.
    """

    parts: tuple[str, ...]
    content: bytes
    pixels: Array | None = None
    refused: str = ""
    within: float = 0


def random(seed: int, shape: tuple[int, ...], bits: int) -> Array:
    dtype = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
    numbers = np.random.default_rng(seed).integers(0, 2**bits, shape, np.uint64).astype(dtype)
    numbers[0, :2] = [[0] * shape[2], [2**bits - 1] * shape[2]] if len(shape) == 3 else (0, 2**bits - 1)
    return numbers


def stretched(numbers: Array, bits: int) -> Array:
    """To 8 or 16 bits, or to floats in [0,1], white to white."""
    white = 255 if bits <= 8 else 65535 if bits <= 16 else 1
    values = numbers.astype(np.float64) * white / (2**bits - 1) if white > 1 else numbers / (2**bits - 1)
    return np.rint(values).astype(np.uint8 if bits <= 8 else np.uint16) if white > 1 else values


def saved(picture: Image.Image, format: str, **settings: Any) -> bytes:
    file = BytesIO()
    picture.save(file, format, **settings)
    return file.getvalue()
