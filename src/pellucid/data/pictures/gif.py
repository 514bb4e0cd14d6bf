"""GIF: the first picture, numbers of a palette, which may be smaller than what is shown."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from PIL import ImageFile

from pellucid.data.pictures.file import pillow_file
from pellucid.data.pictures.palettes import Colours, grey_or_rgb
from pellucid.data.pictures.samples import Samples, with_alpha

MAGIC = b"GIF8"
_HEADER, _DESCRIPTOR = 13, 9  # bytes
_EXTENSION, _PICTURE = b"!", b","


def read_gif(stream: BinaryIO, *, alone: bool) -> tuple[Samples, ImageFile.ImageFile]:
    """Read (H,W) grey, where a palette has nothing but greys, or (H,W,3) RGB, uint8, perhaps with alpha; and the file.

    Raises: DataError.
    """
    file = pillow_file(stream, alone=alone)
    palette = _palette(stream)
    left, top, right, bottom = file.tile[0].extents or (0, 0, *file.size)
    whole = np.asarray(file)
    numbers = whole[top:bottom, left:right]
    pixels = grey_or_rgb(numbers, palette, file.info.get("transparency"))
    if numbers.shape == whole.shape:
        return pixels, file
    channels = pixels.reshape(*numbers.shape, -1)
    if channels.shape[2] in (1, 3):
        channels = with_alpha(channels, np.full(numbers.shape, 255, np.uint8))
    shown = np.zeros((*whole.shape, channels.shape[2]), np.uint8)  # nothing is seen around
    shown[top:bottom, left:right] = channels
    return shown, file


def _palette(stream: BinaryIO) -> Colours:
    """The colours (N,3) of the first picture: its own, or the file's."""
    stream.seek(0)
    palette = _table(stream, stream.read(_HEADER)[10])
    while (kind := stream.read(1)) not in (_PICTURE, b""):
        if kind == _EXTENSION:
            stream.read(1)
            while (size := stream.read(1)) not in (b"\0", b""):
                stream.seek(size[0], 1)
    own = stream.read(_DESCRIPTOR)[-1:]
    return _table(stream, own[0]) if own and own[0] & 128 else palette


def _table(stream: BinaryIO, flags: int) -> Colours:
    numbers = stream.read(3 * 2 ** ((flags & 7) + 1)) if flags & 128 else b""
    return np.frombuffer(numbers, np.uint8, len(numbers) // 3 * 3).reshape(-1, 3)
