"""A user's image file. It is not trusted: limits are checked before anything is decoded."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from pellucid.errors import DataError, PellucidError, say

PILLOW_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")  # no format that runs another program
FORMATS = (*PILLOW_FORMATS, "TIFF", "PPM")
MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 120_000_000
ORIENTATION = 0x0112  # how the camera was held: a tag of EXIF and of TIFF
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else it prints what it logs, beside the error


class _Quiet:
    """No warnings while anybody reads: what matters ends in an error.

    Filters belong to the process, not to a thread. So the first one in keeps them, the last one out sets them back.
    """

    def __init__(self) -> None:
        self._turn, self._readers, self._kept = threading.Lock(), 0, ExitStack()

    def __enter__(self) -> None:
        with self._turn:
            if not self._readers:
                self._kept.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
            self._readers += 1

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self._readers -= 1
            if not self._readers:
                self._kept.close()


quiet = _Quiet()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, its size allowed, opened once and not yet read.

    Raises: DataError when the file is missing, too large or no file, and as `reading` does.
    """
    where = say("image '{path}'", path=path)
    if not path.is_file():
        raise DataError(where, "there is no such file" if not path.exists() else "this is not a file")
    if path.stat().st_size > MAX_FILE_BYTES:
        got = say("{count} bytes", count=path.stat().st_size)
        raise DataError(
            where,
            "the file is too large",
            expected=say("at most {most} bytes", most=MAX_FILE_BYTES),
            got=got,
        )
    with reading(where), path.open("rb") as stream:
        yield stream


@contextmanager
def reading(where: str) -> Iterator[None]:
    """A picture is read.

    Raises: DataError that says where, in place of whatever is raised meanwhile.
    """
    try:
        with quiet:
            yield
    except Exception as error:
        raise refusal(where, error) from None


def refusal(where: str, error: Exception) -> PellucidError:
    """What is said of a picture for what is raised while it is read: decoders raise nearly anything on broken files."""
    if isinstance(error, PellucidError):  # a reader's, which says "image"
        return error.of(where)
    if isinstance(error, UnidentifiedImageError):
        expected = say("one of {names}", names=", ".join(FORMATS))
        return DataError(where, "this is no image, or of an unknown kind", expected=expected)
    return DataError(where, "the image cannot be read", got=f"{type(error).__name__}: {error}")


def pillow_file(stream: BinaryIO, *, alone: bool) -> ImageFile.ImageFile:
    """The file as Pillow sees it, its size allowed, not yet decoded; one picture, if it has to be alone.

    Raises: DataError.
    """
    stream.seek(0)
    file = Image.open(stream, formats=PILLOW_FORMATS)
    check_size(file.width, file.height)
    if alone and file.format != "MPO":  # that holds previews beside a photo
        check_alone(getattr(file, "n_frames", 1))
    return file


def raw_mode(file: ImageFile.ImageFile) -> str:
    """How a pixel lies in a file that is not yet decoded, in Pillow's words."""
    return str(decoder_arguments(file.tile[0])[0]) if file.tile else ""


def decoder_arguments(tile: Any) -> tuple[Any, ...]:
    """What a part of a file is decoded by, its raw mode first."""
    return (tile.args,) if isinstance(tile.args, str) else tuple(tile.args)


def check_size(width: int, height: int) -> None:
    """Raises: DataError for more pixels than are allowed."""
    if width * height > MAX_PIXELS:
        expected, got = say("at most {most} pixels", most=MAX_PIXELS), f"{width}×{height}"
        raise DataError("image", "the image is too large", expected=expected, got=got)


def check_alone(pictures: int) -> None:
    """Raises: DataError for several pictures."""
    if pictures > 1:
        raise not_alone(say("{count} pictures", count=pictures))


def not_alone(got: str) -> DataError:
    """What is said of several pictures."""
    return DataError("image", "the file must hold one picture, not an animation or pages", got=got)
