"""A user's image file as a network's input. Files are not trusted: limits are checked before decoding."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from pellucid.data.libtiff import silenced
from pellucid.errors import ArgumentError, DataError
from pellucid.sizes import is_integer

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # no format that runs another program
MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 120_000_000
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else it prints what it logs, beside the error


def read_image(
    path: str | os.PathLike[str], shape: tuple[int, int, int], *, invert: bool = False
) -> NDArray[np.float32]:
    """Read an image as (C,H,W) float32 in [0,1], C=1 grey or C=3 red, green, blue.

    A picture of another size is resized to H×W by averaging (antialiased bilinear), without keeping its
    proportions. The camera's rotation is applied, transparent parts are seen on white, and of an animation
    the first picture counts.

    Args:
        path: a PNG, JPEG, GIF, BMP, WebP, TIFF or PPM file of at most 256 MiB and 120 million pixels.
        shape: the model's input without the batch axis.
        invert: light and dark change places; for dark digits on white paper and a model that learned MNIST.

    Raises: DataError when the file is missing, broken, too large or no image;
        ArgumentError for another shape.
    """
    if len(shape) != 3 or shape[0] not in (1, 3) or not all(is_integer(size) and size > 0 for size in shape):
        expected = "C=1 or C=3, sizes ≥ 1"
        raise ArgumentError("read_image", "shape must be (C,H,W)", expected=expected, got=repr(shape))
    channels, height, width = shape
    with opened(Path(path)) as file:
        picture = upright(file)
    grey_16_bit = picture.mode.startswith("I")  # Pillow keeps 16-bit grey as whole numbers up to 65,535
    mode = "L" if channels == 1 else "RGB"
    picture = picture.convert("F") if grey_16_bit else _on_white(picture).convert(mode)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    values = np.asarray(picture, np.float32) / np.float32(65535 if grey_16_bit else 255)
    values = values.reshape(height, width, -1).transpose(2, 0, 1).clip(0, 1)  # 32-bit grey may exceed 65,535
    values = np.ascontiguousarray(np.broadcast_to(values, shape))
    return 1 - values if invert else values


@contextmanager
def opened(path: Path, *, alone: bool = False) -> Iterator[ImageFile.ImageFile]:
    """The file, its header read and its size allowed, not yet decoded; of several pictures, unless it has to be alone.

    Raises: DataError when the file is missing, broken, too large or no image, or holds several that have to be one.
        Whatever Pillow raises while the file is open becomes one, too.
    """
    where = f"image '{path}'"
    if not path.is_file():
        raise DataError(where, "there is no such file" if not path.exists() else "this is not a file")
    if path.stat().st_size > MAX_FILE_BYTES:
        got = f"{path.stat().st_size} bytes"
        raise DataError(where, "the file is too large", expected=f"at most {MAX_FILE_BYTES} bytes", got=got)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters ends in an error
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    got = f"{picture.width}×{picture.height}"
                    expected = f"at most {MAX_PIXELS} pixels"
                    raise DataError(where, "the image is too large", expected=expected, got=got)
                several = getattr(picture, "n_frames", 1)  # beside a photo, "MPO" holds previews of it
                if alone and several > 1 and picture.format != "MPO":
                    rule = "the file must hold one picture, not an animation or pages"
                    raise DataError(where, rule, got=f"{several} pictures")
                yield picture
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(
            where, "this is no image, or of an unknown kind", expected=f"one of {', '.join(FORMATS)}"
        ) from None
    except Exception as error:  # decoders raise nearly anything on broken files
        raise DataError(where, "the image cannot be read", got=f"{type(error).__name__}: {error}") from None


def upright(file: ImageFile.ImageFile) -> Image.Image:
    """The file's picture, decoded, and turned as the camera was held; the first of several."""
    with silenced(file) if file.format == "TIFF" else nullcontext():
        file.load()
    return ImageOps.exif_transpose(file)


def _on_white(picture: Image.Image) -> Image.Image:
    """The picture as it looks on white paper."""
    if not picture.has_transparency_data:
        return picture
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
