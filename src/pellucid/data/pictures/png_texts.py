"""PNG: texts and a colour profile beside the picture.

Pillow refuses a picture for those that inflate to more than 1 MiB, and takes a text named "transparency" for a colour.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from struct import unpack
from typing import BinaryIO

from PIL.PngImagePlugin import putchunk

from pellucid.errors import DataError, say

_SIGNATURE, _AROUND = 8, 12  # bytes; a chunk's length, kind and checksum
_PROFILE, _TEXT, _DEFLATED, _INTERNATIONAL, _END = b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"IEND"
_TEXTS = (_TEXT, _DEFLATED, _INTERNATIONAL)
_PILLOWS_MOST, _MOST = 2**20, 16 * 2**20
# Texts that may say how the camera was held.
_ROTATION = (b"XML:com.adobe.xmp", b"Raw profile type exif", b"exif")


def without_texts(stream: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    """The file without its texts, but those that may say how it is turned; and a profile that Pillow would refuse.

    Raises: DataError for a profile, or a text that may say how the picture is turned, of more than 16 MiB.
    """
    places = list(_texts(stream))
    if not places:
        return stream, None
    shorter, profile, done = BytesIO(), None, 0
    for kind, start, length in places:
        stream.seek(start)
        content = stream.read(_AROUND + length)[8:-4]
        if kind == _PROFILE:
            profile = _long_profile(content)
            if profile is None:
                continue
        stream.seek(done)
        shorter.write(stream.read(start - done))
        done = start + _AROUND + length
        if kind != _PROFILE and content.partition(b"\0")[0] in _ROTATION:
            _put_inflated(shorter, kind, content)
    stream.seek(done)
    shorter.write(stream.read())
    return shorter, profile


def _texts(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """The kind, place and length of each chunk of texts or a profile."""
    size_bytes, start = stream.seek(0, 2), _SIGNATURE
    while start + _AROUND <= size_bytes:
        stream.seek(start)
        length, kind = unpack(">I4s", stream.read(8))
        if kind == _END or start + _AROUND + length > size_bytes:
            return
        if kind == _PROFILE or kind in _TEXTS:
            yield kind, start, length
        start += _AROUND + length


def _long_profile(content: bytes) -> bytes | None:
    """One that Pillow would refuse for its length."""
    _, _, deflated = content.partition(b"\0")
    profile = _inflated(deflated[1:]) if deflated[:1] == b"\0" else b""
    return profile if len(profile) > _PILLOWS_MOST else None


def _put_inflated(file: BinaryIO, kind: bytes, content: bytes) -> None:
    """Write a text as a chunk that is not compressed."""
    name, _, value = content.partition(b"\0")
    if kind == _DEFLATED and value[:1] == b"\0":
        kind, value = _TEXT, _inflated(value[1:])
    elif kind == _INTERNATIONAL and value[:2] == b"\1\0":
        language, translated, text = (*value[2:].split(b"\0", 2), b"", b"")[:3]
        value = b"\0\0" + b"\0".join([language, translated, _inflated(text)])
    putchunk(file, kind, name + b"\0" + value)


def _inflated(deflated: bytes) -> bytes:
    """What is compressed, or nothing where it is broken.

    Raises: DataError when it is too long.
    """
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(deflated, _MOST)
    except zlib.error:
        return b""
    if inflate.unconsumed_tail:
        rule = "a profile, or a text that may say how the picture is turned, must not be too long"
        raise DataError("image", rule, expected=say("at most {most} bytes", most=_MOST))
    return content
