"""Photos as files: which format holds which pixels, and writing them whole or not at all."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid.errors import ArgumentError, FormatError, NumericError, either, say
from pellucid.formats.deep import write_png, write_tiff
from pellucid.formats.file import nonfinite, write_whole


class _Format(NamedTuple):
    name: str
    transparent: bool = False
    deep: bool = False  # whether there may be 16 bits a channel
    floats: bool = False
    settings: Mapping[str, Any] = MappingProxyType({})


_JPEG = _Format("JPEG", settings={"quality": 95, "subsampling": 0})
_TIFF = _Format("TIFF", True, True, True, {"compression": "tiff_adobe_deflate"})
_FORMATS = {
    ".png": _Format("PNG", True, True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": _Format("WEBP", True, settings={"lossless": True, "exact": True}),
    ".bmp": _Format("BMP"),
}
_KINDS = {1: say("grey"), 2: say("grey with alpha"), 3: "RGB", 4: "RGBA"}


def check_photo_format(path: str | os.PathLike[str], pixels: NDArray[Any]) -> None:
    """See whether the format that a file's name asks for can hold such pixels.

    Raises: ArgumentError when it cannot, or there is no such format.
    """
    where, format = say("picture '{path}'", path=path), _FORMATS.get(Path(path).suffix.lower())
    if format is None:
        expected = say("one of {names}", names=", ".join(_FORMATS))
        raise ArgumentError(where, "the file's name must say its format", expected=expected)
    pixels = _native(pixels)
    if pixels.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        expected = "uint8, uint16, float32 or float64"
        raise ArgumentError(
            where, "pixels must be of a type of photos", expected=expected, got=f"{pixels.dtype}"
        )
    channels = _channels(pixels)

    def holds(format: _Format) -> bool:
        if pixels.dtype.kind == "f":
            return format.floats
        return format.deep if pixels.dtype == np.uint16 else format.transparent or channels in (1, 3)

    if not holds(format):
        expected = either(suffix for suffix, other in _FORMATS.items() if holds(other))
        template = "{bits}-bit float {kind}" if pixels.dtype.kind == "f" else "{bits}-bit {kind}"
        got = say(template, bits=pixels.itemsize * 8, kind=_KINDS[channels])
        raise ArgumentError(
            where, say("{name} cannot hold this picture", name=format.name), expected=expected, got=got
        )


def write_photo(path: str | os.PathLike[str], pixels: NDArray[Any], profile: bytes | None = None) -> None:
    """Write uint8, uint16, float32 or float64 (H,W) or (H,W,1 to 4) in the format that the file's name asks for.

    The file appears complete or not at all; one that exists is replaced. `profile` is an ICC profile.

    Raises: ArgumentError when the format cannot hold such pixels; NumericError for floats that no reader takes: NaN,
        infinite ones, alpha outside [0,1]; FormatError when the file cannot be written.
    """
    check_photo_format(path, pixels)
    pixels = _native(pixels)
    where = say("picture '{path}'", path=path)
    format, content = _FORMATS[Path(path).suffix.lower()], BytesIO()
    _check_floats(where, pixels)
    more = {"icc_profile": profile} if profile and format.name != "BMP" else {}
    if not pixels.size:
        raise FormatError(where, say("{name} cannot hold this picture", name=format.name), got="no pixels")
    plain = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    try:
        if plain.dtype.kind == "f":
            write_tiff(content, plain.reshape(*plain.shape[:2], -1), profile)
        elif plain.dtype == np.uint16 and plain.ndim == 3:
            {"PNG": write_png, "TIFF": write_tiff}[format.name](content, plain, profile)
        else:
            Image.fromarray(plain).save(content, format.name, **format.settings, **more)
    except (OSError, ValueError, SystemError, struct.error) as error:  # larger than the format allows, say
        raise FormatError(
            where, say("{name} cannot hold this picture", name=format.name), got=str(error)
        ) from None
    write_whole(where, Path(path), [content.getbuffer()])


def _check_floats(where: str, pixels: NDArray[Any]) -> None:
    if pixels.dtype.kind != "f":
        return
    if said := nonfinite(pixels):
        raise NumericError(where, "nothing was written, since pixels must be finite numbers", got=said)
    alpha = pixels[..., -1] if _channels(pixels) in (2, 4) else pixels[:0]
    if alpha.size and (alpha.min() < 0 or alpha.max() > 1):
        rule = "nothing was written, since alpha must lie between 0 and 1"
        got = say("{low:g} to {high:g}", low=alpha.min(), high=alpha.max())
        raise NumericError(where, rule, got=got)


def _native(pixels: NDArray[Any]) -> NDArray[Any]:
    """The pixels in this machine's byte order."""
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _channels(pixels: NDArray[Any]) -> int:
    return pixels.shape[2] if pixels.ndim == 3 else 1
