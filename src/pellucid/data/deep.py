"""Colours of 16 bits a channel. Pillow keeps 8, so a file is decoded twice: its high bytes, then its low ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PLANAR_CONFIGURATION, TiffImageFile

from pellucid.data.images import opened, upright
from pellucid.errors import DataError

# Of a number in the other byte order, the byte that Pillow takes for the high one is the low one.
_SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # big, little, native


def deep_modes(file: ImageFile.ImageFile, where: str) -> tuple[str, ...]:
    """Pillow's raw modes that decode an opened file's colours byte by byte; none if it has 8 bits, or one channel.

    Raises: DataError, as from `where`, for colours of more than 8 bits that no such modes read.
    """
    if len(file.getbands()) == 1 or (bits := _bits(file)) <= 8:
        return ()
    raw = _raw_mode(file)
    if raw == "LA;16B":  # its four bytes a pixel are taken for four channels
        return ("RGBA",)
    kind, order = raw[:-1], raw[-1]
    apart = isinstance(file, TiffImageFile) and file.tag_v2.get(PLANAR_CONFIGURATION, 1) != 1
    if kind not in ("RGB;16", "RGBA;16", "RGBX;16") or apart:
        rule = "colours of more than 8 bits cannot be read from such a file with all their bits"
        expected = "a PNG file, or a TIFF file of 16-bit RGB or RGBA with a pixel's channels side by side"
        raise DataError(where, rule, expected=expected, got=f"{file.format}, {bits} bits")
    return raw, kind + _SWAPPED[order]


def deep_pixels(path: Path, modes: tuple[str, ...]) -> NDArray[np.uint16]:
    """Read (H,W,2), (H,W,3) or (H,W,4) by the modes that `deep_modes` gave, upright."""
    if len(modes) == 1:
        return _decoded(path, modes[0]).view(">u2").astype(np.uint16)
    pixels = _decoded(path, modes[0]).astype(np.uint16)
    pixels <<= 8
    pixels |= _decoded(path, modes[1])
    return pixels


def _decoded(path: Path, mode: str) -> NDArray[np.uint8]:
    with opened(path, alone=True) as file:
        file.tile = [tile._replace(args=(mode, *_arguments(tile)[1:])) for tile in file.tile]
        return np.asarray(upright(file))


def _bits(file: ImageFile.ImageFile) -> int:
    """Of a channel, as the header says."""
    if isinstance(file, TiffImageFile):
        return int(max(file.tag_v2.get(BITSPERSAMPLE, (1,))))
    if isinstance(file, PpmImageFile):
        _, *largest = _arguments(file.tile[0])
        return int(largest[0]).bit_length() if largest else 8
    return 16 if file.format == "PNG" and _raw_mode(file).endswith(";16B") else 8


def _raw_mode(file: ImageFile.ImageFile) -> str:
    return str(_arguments(file.tile[0])[0]) if file.tile else ""


def _arguments(tile: Any) -> tuple[Any, ...]:
    """What a part of the file is decoded by, its raw mode first."""
    return (tile.args,) if isinstance(tile.args, str) else tuple(tile.args)
