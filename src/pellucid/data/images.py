"""A user's image file as a network's input."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.fitting import check_range, fitted
from pellucid.data.photo import read_picture
from pellucid.errors import ArgumentError, say
from pellucid.sizes import is_integer


def read_image(
    path: str | os.PathLike[str], shape: tuple[int, int, int], *, invert: bool = False
) -> NDArray[np.float32]:
    """Read an image as (C,H,W) float32 in [0,1], C=1 grey or C=3 red, green, blue.

    The file's numbers are those of `pellucid.data.read_photo`, divided by white. A picture of another size is resized
    to H×W by averaging (antialiased bilinear), without keeping its proportions. The camera's rotation is applied,
    transparent parts are seen on white, and of an animation the first picture counts.

    Args:
        path: a PNG, JPEG, GIF, BMP, WebP, TIFF or PPM file of at most 256 MiB and 120 million pixels.
        shape: the model's input without the batch axis.
        invert: light and dark change places; for dark digits on white paper and a model that learned MNIST.

    Raises: DataError when the file is missing, broken, too large or no image, or when it is not known what its numbers
        mean, as of floats outside [0,1]; ArgumentError for another shape.
    """
    if len(shape) != 3 or shape[0] not in (1, 3) or not all(is_integer(size) and size > 0 for size in shape):
        expected = "C=1 or C=3, sizes ≥ 1"
        raise ArgumentError("read_image", "shape must be (C,H,W)", expected=expected, got=repr(shape))
    where = say("image '{path}'", path=path)
    pixels = read_picture(path, alone=False).pixels
    with memory.enough(where):
        check_range(where, pixels)
        values = fitted(pixels, *shape, "stretch").transpose(2, 0, 1)
        if values.dtype == np.uint8:
            values = values.astype(np.float32) / np.float32(255)
        values = np.ascontiguousarray(np.broadcast_to(values, shape))
    return 1 - values if invert else values
