"""Portable bitmaps, greymaps, pixmaps and float maps (PBM, PGM, PPM, PFM), plain and raw."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from pellucid.data.pictures.file import check_size, not_alone
from pellucid.data.pictures.samples import Samples, scaled
from pellucid.errors import DataError, either, say

MAGIC = re.compile(rb"P[1-6Ff][\s#]")
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_SIZE = _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})"
_HEADERS = {
    b"1": re.compile(rb"P1" + _SIZE + rb"(?=[\s#])"),
    b"4": re.compile(rb"P4" + _SIZE + rb"\s"),
    b"f": re.compile(
        rb"P[Ff]" + _SIZE + _GAP + rb"([+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][+-]?\d{1,3})?)\s"
    ),
}
_NOT_WHOLE = re.compile(rb"[^\d\s+-]|[+-](?!\d)|\d[+-]")
_NUMBERED = re.compile(rb"P[2356]" + _SIZE + _GAP + rb"(\d{1,9})\s")


def read_pnm(content: bytes, *, alone: bool) -> Samples:
    """Read (H,W) grey or (H,W,3) RGB: uint8 where the file's white is at most 255, else uint16; float32 from PFM.

    Raises: DataError when the file is broken or cut off, or a number is larger than white; when something else is
        behind the picture, another one only if it has to be alone.
    """
    kind = content[1:2]
    header = _HEADERS.get(kind.lower(), _NUMBERED).match(content)
    if header is None:
        size = "the header must hold the picture's size"
        others = {b"1": size, b"4": size, b"f": "the header must hold the picture's size and its scale"}
        rule = others.get(kind.lower(), "the header must hold the picture's size and its white")
        raise DataError("image", rule)
    width, height = int(header[1]), int(header[2])
    check_size(width, height)
    if not width * height:
        raise DataError("image", "the picture must have pixels", got=f"{width}×{height}")
    body = memoryview(content)[header.end() :]
    shape = (height, width, 3) if kind in b"36F" else (height, width)
    numbers, rest = _numbers(body, kind, shape, header)
    _check_rest(rest, kind, alone=alone)
    if kind in b"fF":
        return numbers.astype(np.float32)[::-1]
    if kind in b"14":
        return scaled(1 - numbers, 1)
    white = int(header[3])
    if numbers.min() < 0 or numbers.max() > white:
        got = f"{numbers.min() if numbers.min() < 0 else numbers.max()}"
        raise DataError(
            "image", "no number may be larger than white", expected=say("0 to {last}", last=white), got=got
        )
    return scaled(numbers.astype(np.uint8 if white <= 255 else np.uint16, copy=False), white)


def _numbers(
    body: memoryview, kind: bytes, shape: tuple[int, ...], header: re.Match[bytes]
) -> tuple[Samples, memoryview]:
    """The picture's numbers, and what lies behind them."""
    if kind in b"fF":
        scale = float(header[3])
        if abs(scale) != 1:  # which some programs divide by, some multiply by, and most ignore
            expected, got = either((1, -1)), header[3].decode()
            raise DataError(
                "image", "the scale of floats must say their byte order alone", expected=expected, got=got
            )
        return _raw(body, shape, "<f4" if scale < 0 else ">f4")
    if kind == b"1":
        return _digits(body, shape)
    if kind == b"4":
        return _bits(body, shape)
    white = int(header[3])
    if not 1 <= white <= 65535:
        raise DataError("image", "white must be a number from 1 to 65535", got=f"{white}")
    return _plain(body, shape) if kind in b"23" else _raw(body, shape, ">u2" if white > 255 else "u1")


def _check_rest(rest: memoryview, kind: bytes, *, alone: bool) -> None:
    """Raises: DataError when it is neither nothing nor another picture, which is allowed where none has to be alone."""
    behind = bytes(rest).lstrip()
    if MAGIC.match(behind):
        if alone:
            raise not_alone("another one behind the first")
    elif behind and kind != b"1":  # behind a plain bitmap the format allows anything
        rule = "nothing but another picture may be behind the picture"
        raise DataError("image", rule, got=say("{count} bytes", count=len(behind)))


def _raw(body: memoryview, shape: tuple[int, ...], dtype: str) -> tuple[Samples, memoryview]:
    count, item = int(np.prod(shape)), np.dtype(dtype).itemsize
    _check_length(len(body) // item, count)
    return np.frombuffer(body, dtype, count).reshape(shape), body[count * item :]


def _bits(body: memoryview, shape: tuple[int, ...]) -> tuple[Samples, memoryview]:
    height, width = shape
    packed, rest = _raw(body, (height, -(-width // 8)), "u1")
    return np.unpackbits(packed, axis=1, count=width), rest


def _digits(body: memoryview, shape: tuple[int, ...]) -> tuple[Samples, memoryview]:
    """Of a plain bitmap, which need not have spaces between them."""
    text, count = _without_comments(body), int(np.prod(shape))
    places = np.flatnonzero(_is_ink(text))[:count]
    _check_length(len(places), count)
    digits, end = np.frombuffer(text, np.uint8)[places] - ord("0"), int(places[-1]) + 1
    if digits.max() > 1:
        raise DataError("image", "the bits of a plain bitmap must be 0 or 1")
    _check_space(text[end : end + 1])
    return digits.reshape(shape), memoryview(text)[end:]


def _plain(body: memoryview, shape: tuple[int, ...]) -> tuple[Samples, memoryview]:
    text, count = _without_comments(body), int(np.prod(shape))
    ink = np.append(_is_ink(text), False)
    ends = np.flatnonzero(ink[:-1] > ink[1:])[:count] + 1
    _check_length(len(ends), count)
    end = int(ends[-1])
    if _NOT_WHOLE.search(text, 0, end):
        raise DataError("image", "the numbers of a plain picture must be whole")
    numbers = np.fromstring(text[:end], np.int64, sep=" ")
    return numbers.reshape(shape), memoryview(text)[end:]


def _is_ink(text: bytes) -> NDArray[np.bool_]:
    """Which bytes are no spaces."""
    return np.isin(np.frombuffer(text, np.uint8), np.frombuffer(b" \t\n\v\f\r", np.uint8), invert=True)


def _check_space(behind: bytes) -> None:
    """Raises: DataError when a bit's neighbour is no space."""
    if behind.strip():
        raise DataError("image", "a plain bitmap must not have more bits than the picture")


def _without_comments(body: memoryview) -> bytes:
    return re.sub(rb"#[^\r\n]*", b" ", body)


def _check_length(found: int, needed: int) -> None:
    if found < needed:
        expected, got = say("{count} numbers", count=needed), f"{found}"
        raise DataError("image", "the file ends before its picture does", expected=expected, got=got)
