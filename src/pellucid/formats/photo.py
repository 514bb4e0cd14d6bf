"""Photos as files: which format holds which pixels, and writing them whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid.errors import ArgumentError, FormatError
from pellucid.formats.file import write_whole


class _Format(NamedTuple):
    name: str
    transparent: bool = False
    deep: bool = False  # holds 16-bit grey
    settings: Mapping[str, Any] = MappingProxyType({})


_JPEG = _Format("JPEG", settings={"quality": 95, "subsampling": 0})
_TIFF = _Format("TIFF", True, True, {"compression": "tiff_adobe_deflate"})
_FORMATS = {
    ".png": _Format("PNG", True, True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": _Format("WEBP", True, settings={"lossless": True, "exact": True}),
    ".bmp": _Format("BMP"),
}


def check_photo_format(path: str | os.PathLike[str], pixels: NDArray[Any]) -> None:
    """See whether the format that a file's name asks for can hold such pixels.

    Raises: ArgumentError when it cannot, or there is no such format.
    """
    where, format = f"picture '{path}'", _FORMATS.get(Path(path).suffix.lower())
    if format is None:
        expected = f"one of {', '.join(_FORMATS)}"
        raise ArgumentError(where, "the file's name must say its format", expected=expected)
    transparent, deep = pixels.ndim == 3 and pixels.shape[2] in (2, 4), pixels.dtype == np.uint16
    if (transparent and not format.transparent) or (deep and not format.deep):
        holding = [s for s, f in _FORMATS.items() if f.transparent >= transparent and f.deep >= deep]
        what = "16-bit pixels" if deep else "transparency"
        rule, expected = f"{format.name} cannot hold this picture", " or ".join(holding)
        raise ArgumentError(where, rule, expected=expected, got=what)


def write_photo(path: str | os.PathLike[str], pixels: NDArray[Any], profile: bytes | None = None) -> None:
    """Write uint8 pixels (H,W) or (H,W,1 to 4), or uint16 ones (H,W), in the format that the file's name asks for.

    The file appears complete or not at all; one that exists is replaced. `profile` is an ICC profile.

    Raises: ArgumentError when the format cannot hold such pixels; FormatError when the file cannot be written.
    """
    check_photo_format(path, pixels)
    where, format, content = f"picture '{path}'", _FORMATS[Path(path).suffix.lower()], BytesIO()
    more = {"icc_profile": profile} if profile and format.name != "BMP" else {}
    plain = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    try:
        Image.fromarray(plain).save(content, format.name, **format.settings, **more)
    except (OSError, ValueError, SystemError) as error:  # larger than the format allows, say
        raise FormatError(where, f"{format.name} cannot hold this picture", got=str(error)) from None
    write_whole(where, Path(path), [content.getbuffer()])
