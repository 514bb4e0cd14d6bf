"""Portable bitmaps, greymaps, pixmaps and float maps (PBM, PGM, PPM, PFM), plain and raw."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from pellucid.data.pictures.file import check_size
from pellucid.data.pictures.samples import Samples, scaled
from pellucid.errors import DataError

MAGIC = re.compile(rb"P[1-6Ff][\s#]")
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_SIZE = _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})"
_HEADERS = {
    b"1": re.compile(rb"P1" + _SIZE + rb"(?=[\s#])"),
    b"4": re.compile(rb"P4" + _SIZE + rb"\s"),
    b"f": re.compile(rb"P[Ff]" + _SIZE + _GAP + rb"([+-]?[0-9.]{1,30}(?:[eE][+-]?\d{1,3})?)\s"),
}
_NUMBERED = re.compile(rb"P[2356]" + _SIZE + _GAP + rb"(\d{1,9})\s")


def read_pnm(content: bytes) -> Samples:
    """Read (H,W) grey or (H,W,3) RGB: uint8 where the file's white is at most 255, else uint16; float32 from PFM.

    Raises: DataError when the file is broken or cut off, or a number is larger than white.
    """
    kind = content[1:2]
    header = _HEADERS.get(kind.lower(), _NUMBERED).match(content)
    if header is None:
        raise DataError("image", "the header must hold the picture's size and its white")
    width, height = int(header[1]), int(header[2])
    check_size(width, height)
    if not width * height:
        raise DataError("image", "the picture must have pixels", got=f"{width}×{height}")
    body = memoryview(content)[header.end() :]
    shape = (height, width, 3) if kind in b"36F" else (height, width)
    if kind in b"14":
        return scaled(1 - (_digits(body, shape) if kind == b"1" else _bits(body, shape)), 1)
    if kind in b"fF":
        order = "<" if float(header[3]) < 0 else ">"
        return _raw(body, shape, f"{order}f4").astype(np.float32)[::-1]
    white = int(header[3])
    if not 1 <= white <= 65535:
        raise DataError("image", "white must be a number from 1 to 65535", got=f"{white}")
    numbers = _plain(body, shape) if kind in b"23" else _raw(body, shape, ">u2" if white > 255 else "u1")
    if numbers.min() < 0 or numbers.max() > white:
        got = f"{numbers.min() if numbers.min() < 0 else numbers.max()}"
        raise DataError("image", "no number may be larger than white", expected=f"0 to {white}", got=got)
    return scaled(numbers.astype(np.uint8 if white <= 255 else np.uint16, copy=False), white)


def _raw(body: memoryview, shape: tuple[int, ...], dtype: str) -> Samples:
    count = int(np.prod(shape))
    _check_length(len(body) // np.dtype(dtype).itemsize, count)
    return np.frombuffer(body, dtype, count).reshape(shape)


def _bits(body: memoryview, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    height, width = shape
    return np.unpackbits(_raw(body, (height, -(-width // 8)), "u1"), axis=1, count=width)


def _digits(body: memoryview, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Of a plain bitmap, which need not have spaces between them."""
    digits = np.frombuffer(b"".join(_without_comments(body).split()), np.uint8) - ord("0")
    count = int(np.prod(shape))
    _check_length(len(digits), count)
    if digits[:count].max() > 1:
        raise DataError("image", "the bits of a plain bitmap must be 0 or 1")
    return digits[:count].reshape(shape)


def _plain(body: memoryview, shape: tuple[int, ...]) -> Samples:
    count = int(np.prod(shape))
    _check_length((len(body) + 1) // 2, count)
    numbers = np.fromstring(
        _without_comments(body), np.int64, count, sep=" "
    )  # ends where there is no number
    _check_length(len(numbers), count)
    return numbers.reshape(shape)


def _without_comments(body: memoryview) -> bytes:
    return re.sub(rb"#[^\r\n]*", b" ", body)


def _check_length(found: int, needed: int) -> None:
    if found < needed:
        expected, got = f"{needed} numbers", f"{found}"
        raise DataError("image", "the file ends before its picture does", expected=expected, got=got)
