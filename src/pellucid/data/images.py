"""A user's image file as a network's input."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid import memory
from pellucid.data.photo import read_picture
from pellucid.data.pictures.samples import Samples, white_of
from pellucid.errors import ArgumentError, DataError, say
from pellucid.sizes import is_integer

_LUMA = (0.299, 0.587, 0.114)  # grey of red, green, blue (ITU-R BT.601), as Pillow weighs 8 bits


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
    channels, height, width = shape
    pixels = read_picture(path, alone=False).pixels
    with memory.enough(say("image '{path}'", path=path)):
        if pixels.dtype == np.uint8:
            values = _of_eight_bits(pixels, channels, height, width)
        else:
            values = _of_more_bits(_in_range(path, pixels), channels, height, width)
    values = np.ascontiguousarray(np.broadcast_to(values.transpose(2, 0, 1), shape))
    return 1 - values if invert else values


def _of_eight_bits(pixels: Samples, channels: int, height: int, width: int) -> NDArray[np.float32]:
    """(H,W,1 or 3) in Pillow's own arithmetic, which rounds to 8 bits after each step."""
    picture = Image.fromarray(pixels)
    if picture.mode in ("LA", "RGBA"):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("L" if channels == 1 else "RGB")
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    return (np.asarray(picture, np.float32) / np.float32(255)).reshape(height, width, -1)


def _of_more_bits(pixels: Samples, channels: int, height: int, width: int) -> NDArray[np.float32]:
    """(H,W,1 or 3) of numbers with more than 8 bits, none of which is dropped on the way."""
    dtype = np.dtype(np.float32 if pixels.dtype == np.uint16 else np.float64)
    values: Samples = pixels.reshape(*pixels.shape[:2], -1).astype(dtype)
    values /= white_of(pixels)
    if values.shape[2] in (2, 4):
        alpha = values[..., -1:]
        values = values[..., :-1] * alpha + (1 - alpha)
    if channels == 1 and values.shape[2] == 3:
        values = values @ np.array(_LUMA, values.dtype)[:, np.newaxis]
    planes = [
        Image.fromarray(np.ascontiguousarray(values[..., i], np.float32)) for i in range(values.shape[2])
    ]
    if planes[0].size != (width, height):
        planes = [plane.resize((width, height), Image.Resampling.BILINEAR) for plane in planes]
    return np.dstack([np.asarray(plane) for plane in planes]).clip(0, 1)


def _in_range(path: str | os.PathLike[str], pixels: Samples) -> Samples:
    """Raises: DataError for floats that are darker than black or lighter than white."""
    if pixels.dtype.kind == "f" and (pixels.min() < 0 or pixels.max() > 1):
        rule = "floats must lie between 0, black, and 1, white"
        got = say("{low:g} to {high:g}", low=pixels.min(), high=pixels.max())
        hint = "divide them by what is white"
        raise DataError(say("image '{path}'", path=path), rule, got=got, hint=hint)
    return pixels
